#include "drill/measure/outcome.h"

#include "base/error.h"

#include <string.h>

static const struct {
	const char *name;
	int exit_status; /* -1: as the failure has it */
} outcomes[OUTCOMES] = {
	[OUTCOME_FAIL_RESTORE] = {"fail-restore", 4},
	[OUTCOME_FAIL_CHECK] = {"fail-check", 4},
	[OUTCOME_FAIL_OBJECTIVE] = {"fail-objective", 5},
	[OUTCOME_INCOMPLETE] = {"incomplete", 3},
	[OUTCOME_WARNINGS] = {"pass-with-warnings", 0},
	[OUTCOME_PASS] = {"pass", 0},
	[OUTCOME_REFUSED] = {"refused", 6},
	[OUTCOME_SKIPPED] = {"skipped", 8},
	[OUTCOME_ABORTED] = {"aborted", -1},
	[OUTCOME_ERROR] = {"error", -1},
	[OUTCOME_ABANDONED] = {"abandoned", 1},
};

const char *drill_outcome_name(enum drill_outcome outcome)
{
	return outcomes[outcome].name;
}

bool drill_outcome_parse(const char *name, enum drill_outcome *outcome)
{
	for (int i = 0; i < OUTCOMES; i++)
		if (strcmp(outcomes[i].name, name) == 0) {
			*outcome = (enum drill_outcome)i;
			return true;
		}
	return false;
}

static enum drill_outcome of_failure(const struct drill_facts *facts)
{
	if (odr_error_is(facts->failure, ODR_ERROR_STOPPED))
		return OUTCOME_ABORTED;
	if (odr_error_is(facts->failure, ODR_ERROR_REFUSED) ||
	    odr_error_is(facts->failure, ODR_ERROR_USAGE))
		return OUTCOME_REFUSED;
	/* Nobody's backup is at fault where the host of the drill is full, or another drill runs. */
	if (odr_error_is(facts->failure, ODR_ERROR_NO_SPACE) ||
	    odr_error_is(facts->failure, ODR_ERROR_BUSY))
		return OUTCOME_ERROR;
	return facts->failing;
}

unsigned drill_outcomes(const struct drill_facts *facts)
{
	unsigned found = 0;

	if (facts->failure)
		found |= 1U << of_failure(facts);
	if (facts->checks_failed || facts->controls_passed)
		found |= 1U << OUTCOME_FAIL_CHECK;
	if (facts->objectives_missed)
		found |= 1U << OUTCOME_FAIL_OBJECTIVE;
	if (found == 0 && facts->gates_unassessed)
		found |= 1U << OUTCOME_INCOMPLETE;
	if (found == 0 && facts->warnings)
		found |= 1U << OUTCOME_WARNINGS;
	return found ? found : 1U << OUTCOME_PASS;
}

enum drill_outcome drill_outcome_worst(unsigned found)
{
	int outcome = 0;

	while (!(found & (1U << outcome)))
		outcome++;
	return (enum drill_outcome)outcome;
}

/* That a restore failed has statuses of its own where it is known why. */
static int of_restore(const GError *failure)
{
	static const enum odr_error telling[] = {ODR_ERROR_NOT_FOUND, ODR_ERROR_AUTH,
						 ODR_ERROR_CORRUPT};

	for (size_t i = 0; i < G_N_ELEMENTS(telling); i++)
		if (odr_error_is(failure, telling[i]))
			return odr_error_exit_status(failure);
	return outcomes[OUTCOME_FAIL_RESTORE].exit_status;
}

int drill_exit_status(enum drill_outcome outcome, const GError *failure, bool strict)
{
	if (outcome == OUTCOME_FAIL_RESTORE)
		return of_restore(failure);
	if (outcome == OUTCOME_WARNINGS && strict)
		return 3;
	if (outcomes[outcome].exit_status >= 0)
		return outcomes[outcome].exit_status;
	/* 4 says that a verification failed, which this was none of. */
	return failure && !odr_error_is(failure, ODR_ERROR_FAILED) ? odr_error_exit_status(failure)
								   : 1;
}
