#include "drill/measure/objective.h"

#include <glib.h>

#define MINUTE USEC_PER_MIN
#define DAY    USEC_PER_DAY
#define NOW    (1000 * DAY)

static const struct objective_drills good = {
	.counted = 13, .newest_pass = NOW - DAY, .end = NOW, .max_age = 14 * DAY};

static void has_first_reason(const struct objective_verdict *verdict, const char *reason)
{
	g_assert_cmpstr(verdict->reasons->len ? verdict->reasons->pdata[0] : NULL, ==, reason);
}

static void rpo(void)
{
	static const struct objective_drills none = {.end = NOW, .max_age = 14 * DAY};
	static const struct objective_drills old = {
		.counted = 1, .newest_pass = NOW - 20 * DAY, .end = NOW, .max_age = 14 * DAY};
	static const struct {
		struct objective_rpo rpo;
		const struct objective_drills *drills;
		enum objective_state state;
		const char *reason;
	} cases[] = {
		{{5 * MINUTE, 4 * MINUTE, -1, 0, 0, 0, 0, false}, &good, OBJECTIVE_MET, NULL},
		{{5 * MINUTE, 5 * MINUTE, -1, 0, 0, 0, 0, false}, &good, OBJECTIVE_MET, NULL},
		{{0, 4 * MINUTE, -1, 0, 0, 0, 0, false},
		 &good,
		 OBJECTIVE_NOT_ASSESSED,
		 "no objective is set"},
		{{5 * MINUTE, 6 * MINUTE, -1, 0, 0, 0, 0, false},
		 &good,
		 OBJECTIVE_MISSED,
		 "the largest exposure was 6 min, the objective is 5 min"},
		{{5 * MINUTE, 6 * MINUTE, -1, 0.999, 0.99, 0, 0, false},
		 &good,
		 OBJECTIVE_MET,
		 NULL},
		{{5 * MINUTE, 6 * MINUTE, -1, 0.98, 0.99, 0, 0, false},
		 &good,
		 OBJECTIVE_MISSED,
		 "exposure was within the objective for 98.00 % of the time, 99.00 % are required"},
		{{5 * MINUTE, -1, -1, 0, 0, 0, 0, false},
		 &good,
		 OBJECTIVE_NOT_PROVEN,
		 "the exposure of the period is not known"},
		{{5 * MINUTE, MINUTE, -1, 0, 0, MINUTE, 0, false},
		 &good,
		 OBJECTIVE_NOT_PROVEN,
		 "for 1 min of the period the exposure is not known"},
		{{5 * MINUTE, MINUTE, -1, 0, 0, MINUTE, MINUTE, false}, &good, OBJECTIVE_MET, NULL},
		{{5 * MINUTE, MINUTE, -1, 0, 0, 0, 0, true},
		 &good,
		 OBJECTIVE_NOT_PROVEN,
		 "a drill to the latest moment found less than the catalog claimed"},
		{{5 * MINUTE, MINUTE, 6 * MINUTE, 0, 0, 0, 0, false},
		 &good,
		 OBJECTIVE_MISSED,
		 "a drill to the latest moment lost 6 min"},
		{{5 * MINUTE, MINUTE, -1, 0, 0, 0, 0, false},
		 &none,
		 OBJECTIVE_NOT_PROVEN,
		 "no counted drill passed"},
		{{5 * MINUTE, MINUTE, -1, 0, 0, 0, 0, false},
		 &old,
		 OBJECTIVE_NOT_PROVEN,
		 "the newest passed drill is 20 d old, more than 14 d"},
		/* The worst counts. */
		{{5 * MINUTE, 6 * MINUTE, -1, 0, 0, 0, 0, false},
		 &none,
		 OBJECTIVE_MISSED,
		 "the largest exposure was 6 min, the objective is 5 min"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct objective_verdict verdict;

		objective_judge_rpo(&cases[i].rpo, cases[i].drills, &verdict);
		g_assert_cmpint(verdict.state, ==, cases[i].state);
		has_first_reason(&verdict, cases[i].reason);
		objective_verdict_clear(&verdict);
	}
}

static void rto(void)
{
	static const struct objective_drills failed = {
		.counted = 13, .failed = 1, .newest_pass = NOW - DAY, .end = NOW};
	static const struct objective_drills by_hand = {
		.counted = 13, .newest_pass = NOW - DAY, .end = NOW, .uncounted_failed = 1};
	static const struct objective_drills open = {
		.counted = 13, .open = 2, .newest_pass = NOW - DAY, .end = NOW};
	static const struct {
		struct objective_rto rto; /* in minutes */
		const struct objective_drills *drills;
		enum objective_state state;
		const char *reason;
	} cases[] = {
		{{120, 72, 13, 100, ESTIMATE_MEASURED}, &good, OBJECTIVE_MET, NULL},
		{{120, 72, 13, 100, ESTIMATE_INTERPOLATED}, &good, OBJECTIVE_MET, NULL},
		{{0, 72, 13, 100, ESTIMATE_MEASURED},
		 &good,
		 OBJECTIVE_NOT_ASSESSED,
		 "no objective is set"},
		{{120, 72, 13, 100, ESTIMATE_EXTRAPOLATED},
		 &good,
		 OBJECTIVE_NOT_PROVEN,
		 "the worst case, 1 h 40 min, is extrapolated beyond what was drilled"},
		{{120, 72, 13, -1, ESTIMATE_NONE},
		 &good,
		 OBJECTIVE_NOT_PROVEN,
		 "there is no estimate of the worst case"},
		{{120, 72, 14, 100, ESTIMATE_MEASURED},
		 &good,
		 OBJECTIVE_NOT_PROVEN,
		 "13 of the 14 drills required were counted"},
		{{120, 72, 13, 100, ESTIMATE_MEASURED, 12},
		 &good,
		 OBJECTIVE_NOT_PROVEN,
		 "12 of the 13 drills required measured it"},
		{{120, 130, 13, 100, ESTIMATE_MEASURED},
		 &good,
		 OBJECTIVE_MISSED,
		 "the slowest drill took 2 h 10 min, the objective is 2 h"},
		{{120, 72, 13, 100, ESTIMATE_MEASURED},
		 &failed,
		 OBJECTIVE_MISSED,
		 "1 of 13 counted drills failed"},
		{{120, 72, 13, 100, ESTIMATE_MEASURED},
		 &by_hand,
		 OBJECTIVE_MISSED,
		 "a drill that does not count otherwise failed"},
		{{120, 72, 13, 100, ESTIMATE_MEASURED},
		 &open,
		 OBJECTIVE_NOT_PROVEN,
		 "2 of 13 counted drills came to no verdict"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct objective_rto rto = cases[i].rto;
		struct objective_verdict verdict;

		rto.measured = rto.measured ? rto.measured : cases[i].drills->counted;
		rto.objective *= MINUTE;
		rto.slowest *= MINUTE;
		rto.worst_case = rto.worst_case < 0 ? -1 : rto.worst_case * MINUTE;
		objective_judge_rto(&rto, cases[i].drills, &verdict);
		g_assert_cmpint(verdict.state, ==, cases[i].state);
		has_first_reason(&verdict, cases[i].reason);
		objective_verdict_clear(&verdict);
	}
}

static void integrity(void)
{
	struct objective_verdict verdict;
	struct objective_integrity integrity = {
		.verified = NOW - DAY, .verify_cycle = 30 * DAY, .negative_drill = NOW - 300 * DAY};

	objective_judge_integrity(&integrity, &good, &verdict);
	g_assert_cmpint(verdict.state, ==, OBJECTIVE_MET);
	objective_verdict_clear(&verdict);

	integrity.negative_drill = NOW - 400 * DAY;
	objective_judge_integrity(&integrity, &good, &verdict);
	g_assert_cmpint(verdict.state, ==, OBJECTIVE_NOT_PROVEN);
	has_first_reason(&verdict, "no drill with planted damage went red within a year");
	objective_verdict_clear(&verdict);

	integrity.gates_failed = 1;
	objective_judge_integrity(&integrity, &good, &verdict);
	g_assert_cmpint(verdict.state, ==, OBJECTIVE_MISSED);
	has_first_reason(&verdict, "a gate check failed");
	objective_verdict_clear(&verdict);
}

static void checks(void)
{
	static const char *const one[] = {"sale-totals", NULL};
	static const struct {
		struct objective_checks checks;
		enum objective_state state;
		const char *reason;
	} cases[] = {
		{{3, 0, 0, NULL, NULL}, OBJECTIVE_MET, NULL},
		{{3, 2, 1, one, one},
		 OBJECTIVE_MISSED,
		 "of the results of its checks 2 failed, and 3 passed"},
		{{3, 0, 0, one, NULL}, OBJECTIVE_NOT_PROVEN, "no plan has its check sale-totals"},
		{{3, 0, 0, NULL, one},
		 OBJECTIVE_NOT_PROVEN,
		 "its check sale-totals passed in no counted drill"},
		{{3, 0, 2, NULL, NULL},
		 OBJECTIVE_NOT_PROVEN,
		 "of the results of its checks 2 could not be assessed"},
		{{0, 0, 0, NULL, NULL}, OBJECTIVE_NOT_PROVEN, "no check of it was carried out"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct objective_verdict verdict;

		objective_judge_checks(&cases[i].checks, &verdict);
		g_assert_cmpint(verdict.state, ==, cases[i].state);
		has_first_reason(&verdict, cases[i].reason);
		objective_verdict_clear(&verdict);
	}
}

static void exemptions(void)
{
	static const struct objective_exemption valid = {"being replaced", "head of IT", NOW + DAY};
	static const struct objective_exemption expired = {"being replaced", "head of IT",
							   NOW - DAY};
	static const struct {
		enum objective_state before;
		const struct objective_exemption *exemption;
		enum objective_state after;
	} cases[] = {
		{OBJECTIVE_NOT_PROVEN, &valid, OBJECTIVE_EXEMPT},
		{OBJECTIVE_NOT_PROVEN, &expired, OBJECTIVE_NOT_PROVEN},
		{OBJECTIVE_MISSED, &valid, OBJECTIVE_MISSED},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct objective_verdict verdict;

		objective_verdict_init(&verdict);
		verdict.state = cases[i].before;
		objective_exempt(cases[i].exemption, NOW, &verdict);
		g_assert_cmpint(verdict.state, ==, cases[i].after);
		objective_verdict_clear(&verdict);
	}
}

static void roll_up(void)
{
	static const struct {
		size_t count;
		enum objective_state states[3], worst;
	} cases[] = {
		{0, {0}, OBJECTIVE_NOT_ASSESSED},
		{1, {OBJECTIVE_MET}, OBJECTIVE_MET},
		{3, {OBJECTIVE_MET, OBJECTIVE_MISSED, OBJECTIVE_NOT_PROVEN}, OBJECTIVE_MISSED},
		{2, {OBJECTIVE_MET, OBJECTIVE_NOT_ASSESSED}, OBJECTIVE_NOT_ASSESSED},
		{2, {OBJECTIVE_MET, OBJECTIVE_EXEMPT}, OBJECTIVE_MET},
		{2, {OBJECTIVE_EXEMPT, OBJECTIVE_EXEMPT}, OBJECTIVE_EXEMPT},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(objective_roll_up(cases[i].states, cases[i].count), ==,
				cases[i].worst);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drill/objective/rpo", rpo);
	g_test_add_func("/drill/objective/rto", rto);
	g_test_add_func("/drill/objective/integrity", integrity);
	g_test_add_func("/drill/objective/checks-of-a-process", checks);
	g_test_add_func("/drill/objective/exemptions-expire-and-hide-no-miss", exemptions);
	g_test_add_func("/drill/objective/a-roll-up-is-its-worst-member", roll_up);
	return g_test_run();
}
