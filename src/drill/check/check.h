#ifndef ODR_DRILL_CHECK_CHECK_H
#define ODR_DRILL_CHECK_CHECK_H

#include "base/json.h"
#include "drill/plan/check_type.h"

/*
 * What a check came to. What could not be looked at, or where there was nothing to look at, is not assessed, with the
 * reason: never a pass.
 */
enum drill_check_status {
	DRILL_CHECK_PASS,
	DRILL_CHECK_FAIL,
	DRILL_CHECK_UNASSESSED,
};
const char *drill_check_status_name(enum drill_check_status status); /* "not-assessed" */

/* One check on one database, or on what has no database. */
typedef struct drill_check_result DrillCheckResult;
struct drill_check_result {
	const struct plan_check *check; /* of the plan, which must live as long */
	char *part;	/* of the check, where it has several: "collation"; NULL: all of it */
	char *database; /* NULL: none in particular */
	enum drill_check_status status;
	bool warned; /* passed, and yet: jobs to re-queue, damage that the source had already */
	char *value, *expect, *basis; /* NULL: none */
	char *message;		      /* a sentence; NULL: nothing to say */
	char query_sha256[2 * SHA256_SIZE +
			  1]; /* ""; of the text of the query, as it lies in its file */
	usec_t duration;
	usec_t ended; /* monotonic: when the verdict that stands was given; 0: none was */
	json_t *rows; /* what a fingerprint, list or metric gave: [{"metric":…},…]; NULL: none, or redacted */
};
DrillCheckResult *drill_check_result_new(const struct plan_check *check, const char *part,
					 const char *database);
void drill_check_result_free(DrillCheckResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DrillCheckResult, drill_check_result_free)

/* What kind=kit asks of the kit itself. */
extern const struct plan_check drill_kit;

/* The first verdict stands, but for a worse one: fail, then not assessed, then pass. */
void drill_check_pass(DrillCheckResult *result, const char *format, ...) G_GNUC_PRINTF(2, 3);
void drill_check_warn(DrillCheckResult *result, const char *format, ...)
	G_GNUC_PRINTF(2, 3); /* a pass */
void drill_check_fail(DrillCheckResult *result, const char *format, ...) G_GNUC_PRINTF(2, 3);
void drill_check_unassessed(DrillCheckResult *result, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* What becomes of values of checks that are redacted: gone, or sha256:<SHA-256 of "<run>\n<value>">. Their messages keep
 * only what is always the same in them. */
struct drill_redaction {
	bool hash;
	const char *run_id;
};
/* As the record has it; redaction NULL: gone. New reference. */
json_t *drill_check_result_json(const DrillCheckResult *result,
				const struct drill_redaction *redaction);

/* What a drill's outcome follows from. */
struct drill_check_counts {
	unsigned passed;
	unsigned failed;     /* with severity fail */
	unsigned warnings;   /* failed with severity warn, warned, or not assessed and no gate */
	unsigned unassessed; /* all */
	unsigned gates_unassessed;
};
struct drill_check_counts drill_check_count(const GPtrArray *results);

#endif
