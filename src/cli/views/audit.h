#ifndef ODR_CLI_VIEWS_AUDIT_H
#define ODR_CLI_VIEWS_AUDIT_H

#include "drill/evidence/verify.h"

#include <jansson.h>

/* A line of the chain, for people and as JSON (new reference). */
void audit_line_show(const struct audit_line *line);
json_t *audit_line_json(const struct audit_line *line);

void audit_verdict_print(const struct evidence_verdict *verdict, bool quiet);
json_t *audit_verdict_json(const struct evidence_verdict *verdict);

#endif
