#ifndef ODR_OPS_CHECK_FINDING_H
#define ODR_OPS_CHECK_FINDING_H

#include <glib.h>
#include <stdbool.h>

/* What check and status have to say: what is so, where, and what to do about it. */
enum finding_severity { FINDING_OK, FINDING_WARNING, FINDING_CRITICAL };
enum finding_kind {
	FINDING_STATE,	    /* works, or does not */
	FINDING_NO_SET,	    /* nothing to recover from */
	FINDING_OBJECTIVE,  /* works, but misses its objective */
	FINDING_CORRUPTION, /* damaged, or tampered with */
};
struct finding {
	enum finding_severity severity;
	enum finding_kind kind;
	char *code;   /* "wal.gap": for programs */
	char *where;  /* "repository main", or NULL */
	char *text;   /* a sentence without a full stop */
	char *advice; /* what to do, often a command to type; NULL: nothing */
	/* What cannot be used any more: "set/ID", "wal/FILE", or names of objects; NULL: nothing. */
	GPtrArray *lost;
};
void finding_free(struct finding *finding);
GPtrArray *findings_new(void);
/* Takes text and advice (g_free). */
struct finding *findings_add(GPtrArray *findings, enum finding_severity severity, const char *code,
			     const char *where, char *text, char *advice);
void finding_add_lost(struct finding *finding, const char *name);
const char *finding_severity_name(enum finding_severity severity);
enum finding_severity findings_worst(const GPtrArray *findings);
unsigned findings_count(const GPtrArray *findings, enum finding_severity severity);
/* 13 corruption, 7 no set, 4 critical, 5 objective missed, 3 warnings when strict, 0. */
int findings_exit_status(const GPtrArray *findings, bool strict);

#endif
