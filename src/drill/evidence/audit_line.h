#ifndef ODR_DRILL_EVIDENCE_AUDIT_LINE_H
#define ODR_DRILL_EVIDENCE_AUDIT_LINE_H

#include "drill/evidence/audit.h"

/* Inside drill/ only: one line of the chain, and what torn lines leave behind. */

#define AUDIT_DIGEST_SIZE (2 * SHA256_SIZE + 1)
void audit_digest(const void *data, size_t size, char digest[AUDIT_DIGEST_SIZE]);

/* The line after head, with its newline; g_free. */
struct audit_print {
	const struct audit_head *prev; /* seq: of the line before */
	usec_t time, monotonic;
	const char *event, *run; /* run may be NULL */
	const json_t *actor, *data;
};
char *audit_line_print(const struct audit_print *print);

/* A line with its newline. Takes actor and data apart into *document, which the line's members belong to. */
bool audit_line_parse(const char *text, size_t size, struct audit_line *line, json_t **document,
		      GError **error);

/* The lines behind the last good one, which are none. */
struct audit_tear {
	uint64_t lines, bytes;
	char last[AUDIT_DIGEST_SIZE];	/* of the last torn line */
	char sha256[AUDIT_DIGEST_SIZE]; /* of all of them */
};
json_t *audit_tear_data(const struct audit_tear *tear, const struct audit_head *after);

#endif
