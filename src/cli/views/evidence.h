#ifndef ODR_CLI_VIEWS_EVIDENCE_H
#define ODR_CLI_VIEWS_EVIDENCE_H

#include "drill/evidence/verify.h"

#include <jansson.h>

/* A run as the list has it. Its record is read, and not verified. */
struct evidence_row {
	char *run, *plan, *service, *slot, *outcome, *drawn; /* all but run may be NULL */
	bool signed_, stored;
	char *trouble; /* why there is nothing to say; or NULL */
};
void evidence_row_free(struct evidence_row *row);

void evidence_list_print(const GPtrArray *rows);
json_t *evidence_list_json(const GPtrArray *rows);

/* struct evidence_finding. */
void evidence_findings_print(const GPtrArray *findings);
json_t *evidence_findings_json(const GPtrArray *findings);
json_t *evidence_signers_json(const GPtrArray *signers);
void evidence_verdict_print(const struct evidence_verdict *verdict, bool quiet);
json_t *evidence_verdict_json(const struct evidence_verdict *verdict);

#endif
