#include "repo/retention.h"

#include <string.h>

#define DAY	 USEC_PER_DAY
#define NOW	 (1000 * DAY)
#define SETS_MAX 8

enum parts { NONE = 0, D = 1, F = 2, C = 4 };

struct row {
	usec_t stored_at, retain_until, lock_until;
	uint32_t parts;
	const char *reason; /* NULL: expires */
};

#define NEWEST "newest"
#define LEAST  "kept by the least number"
#define LOCKED "locked"
#define UNTIL  "its retain-until has not come"
#define PART   "the newest capture of a part"
#define NEEDED "needed within the ordinary retention"
#define FUTURE "its time is in the future"

struct policy_case {
	const char *what;
	struct retention_policy policy;
	struct row rows[SETS_MAX]; /* oldest first, ended by a stored_at of 0 */
};

static const struct policy_case cases[] = {
	{"one set stays", {30 * DAY, 1}, {{1 * DAY, 0, 0, D, NEWEST}}},
	{"old sets go",
	 {30 * DAY, 1},
	 {{900 * DAY, 0, 0, D, NULL},
	  {910 * DAY, 0, 0, D, NULL},
	  {960 * DAY, 0, 0, D, NEEDED},
	  {999 * DAY, 0, 0, D, NEWEST}}},
	/* The older one serves the moments up to the younger one. */
	{"a set stays until its successor is older than the retention",
	 {30 * DAY, 1},
	 {{900 * DAY, 0, 0, D, NEEDED},
	  {970 * DAY + 1, 0, 0, D, NEEDED},
	  {999 * DAY, 0, 0, D, NEWEST}}},
	{"and no longer",
	 {30 * DAY, 1},
	 {{900 * DAY, 0, 0, D, NULL}, {970 * DAY, 0, 0, D, NEEDED}, {999 * DAY, 0, 0, D, NEWEST}}},
	{"the least number stays",
	 {30 * DAY, 3},
	 {{100 * DAY, 0, 0, D, NULL},
	  {101 * DAY, 0, 0, D, LEAST},
	  {102 * DAY, 0, 0, D, LEAST},
	  {103 * DAY, 0, 0, D, NEWEST}}},
	{"a least number of none is one",
	 {30 * DAY, 0},
	 {{100 * DAY, 0, 0, D, NULL}, {101 * DAY, 0, 0, D, NEWEST}}},
	{"a great least number keeps all",
	 {0, 100},
	 {{100 * DAY, 0, 0, D, LEAST}, {101 * DAY, 0, 0, D, NEWEST}}},
	{"a lock keeps to its last moment",
	 {0, 1},
	 {{1 * DAY, 0, NOW + 1, D, LOCKED},
	  {2 * DAY, 0, NOW, D, NULL},
	  {3 * DAY, 0, 0, D, NEWEST}}},
	{"a retain-until keeps to its last moment",
	 {0, 1},
	 {{1 * DAY, NOW + 1, 0, D, UNTIL}, {2 * DAY, NOW, 0, D, NULL}, {3 * DAY, 0, 0, D, NEWEST}}},
	{"a flood of sets removes none inside its time",
	 {30 * DAY, 1},
	 {{999 * DAY, NOW + DAY, 0, D, UNTIL},
	  {1000 * DAY, 0, 0, D, NEEDED},
	  {1000 * DAY, 0, 0, D, NEEDED},
	  {1000 * DAY, 0, 0, D, NEEDED},
	  {1000 * DAY, 0, 0, D, NEWEST}}},
	{"equal times",
	 {30 * DAY, 2},
	 {{100 * DAY, 0, 0, D, NULL}, {100 * DAY, 0, 0, D, LEAST}, {100 * DAY, 0, 0, D, NEWEST}}},
	{"a set of the future neither goes nor counts",
	 {30 * DAY, 1},
	 {{100 * DAY, 0, 0, D, NULL},
	  {101 * DAY, 0, 0, D, LEAST},
	  {NOW + 1, 0, 0, D, FUTURE},
	  {NOW + 2, 0, 0, D, NEWEST}}},
	{"a set of the future replaces none",
	 {30 * DAY, 1},
	 {{100 * DAY, 0, 0, D | F, PART},
	  {101 * DAY, 0, 0, D, LEAST},
	  {NOW + DAY, 0, 0, D | F, NEWEST}}},
	{"now is not the future", {0, 1}, {{999 * DAY, 0, 0, D, NULL}, {NOW, 0, 0, D, NEWEST}}},
	{"all in the future, as after a clock was set back",
	 {0, 1},
	 {{NOW + 1, 0, 0, D, FUTURE}, {NOW + 2, 0, 0, D, NEWEST}}},
	{"the newest capture of each part stays",
	 {30 * DAY, 1},
	 {{100 * DAY, 0, 0, F, NULL},
	  {101 * DAY, 0, 0, F, PART},
	  {102 * DAY, 0, 0, C, PART},
	  {103 * DAY, 0, 0, D, NULL},
	  {104 * DAY, 0, 0, D, NEWEST}}},
	{"a set is needed as long as any of its parts",
	 {30 * DAY, 1},
	 {{100 * DAY, 0, 0, D | F, NEEDED},
	  {101 * DAY, 0, 0, D, NEEDED},
	  {990 * DAY, 0, 0, F, NEEDED},
	  {991 * DAY, 0, 0, D | F, NEWEST}}},
	{"an endless retention",
	 {INT64_MAX, 1},
	 {{1 * DAY, 0, 0, D, PART}, {2 * DAY, 0, 0, D, NEWEST}}},
};

static void test_apply(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct retention_set sets[SETS_MAX] = {0};
		size_t count = 0;

		for (; count < SETS_MAX && cases[i].rows[count].stored_at; count++) {
			const struct row *row = &cases[i].rows[count];

			sets[count] = (struct retention_set){.stored_at = row->stored_at,
							     .retain_until = row->retain_until,
							     .lock_until = row->lock_until,
							     .parts = row->parts};
		}
		retention_apply(&cases[i].policy, sets, count, NOW);
		for (size_t k = 0; k < count; k++) {
			const char *wanted = cases[i].rows[k].reason;

			if (sets[k].expires != !wanted ||
			    strcmp(sets[k].reason, wanted ? wanted : "its retention has ended"))
				g_error("%s, set %zu: %s", cases[i].what, k, sets[k].reason);
		}
	}
}

static void test_no_parts(void)
{
	struct retention_set sets[] = {
		{.stored_at = 1 * DAY, .parts = NONE},
		{.stored_at = 2 * DAY, .parts = D},
		{.stored_at = 3 * DAY, .parts = D},
	};

	retention_apply(&(struct retention_policy){30 * DAY, 1}, sets, 3, NOW);
	g_assert_cmpstr(sets[0].reason, ==, PART);
	g_assert_true(sets[1].expires);
	g_assert_cmpstr(sets[2].reason, ==, NEWEST);
}

static void test_no_sets(void)
{
	retention_apply(&(struct retention_policy){30 * DAY, 1}, NULL, 0, NOW);
}

static void test_more_sets_never_expire_others(void)
{
	/* Adding a set within the retention never makes one expire that was kept by time. */
	for (unsigned seed = 0; seed < 2000; seed++) {
		g_autoptr(GRand) random = g_rand_new_with_seed(seed);
		struct retention_set sets[SETS_MAX] = {0}, more[SETS_MAX + 1] = {0};
		struct retention_policy policy = {g_rand_int_range(random, 0, 50) * DAY, 1};

		for (int i = 0; i < SETS_MAX; i++) {
			sets[i].stored_at = (900 + i * 14) * DAY;
			sets[i].retain_until = g_rand_int_range(random, 900, 1100) * DAY;
			sets[i].parts = g_rand_int_range(random, 1, 8);
			more[i] = sets[i];
		}
		more[SETS_MAX] = (struct retention_set){.stored_at = NOW, .parts = 7};
		retention_apply(&policy, sets, SETS_MAX, NOW);
		retention_apply(&policy, more, SETS_MAX + 1, NOW);
		for (int i = 0; i < SETS_MAX; i++) {
			if (sets[i].retain_until > NOW || sets[i].lock_until > NOW)
				g_assert_false(more[i].expires);
			if (!sets[i].expires && policy.retain > 0)
				g_assert_false(more[i].expires);
		}
	}
}

static void test_lock_until(void)
{
	g_assert_cmpint(retention_lock_until(100 * DAY, 7 * DAY, 30 * DAY), ==, 140 * DAY);
	g_assert_cmpint(retention_lock_until(100 * DAY, 7 * DAY, INT64_MAX), ==, INT64_MAX);
	g_assert_cmpint(retention_lock_until(INT64_MAX, 7 * DAY, 1), ==, INT64_MAX);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/retention/expires-only-what-nothing-keeps", test_apply);
	g_test_add_func("/retention/a-set-of-unknown-parts-stays", test_no_parts);
	g_test_add_func("/retention/no-sets-no-floor", test_no_sets);
	g_test_add_func("/retention/more-sets-never-push-others-out",
			test_more_sets_never_expire_others);
	g_test_add_func("/retention/locks-outlive-the-retention", test_lock_until);
	return g_test_run();
}
