#include "drill/report/coverage.h"
#include "drill/report/stored.h"

#include <string.h>

#define START (1794009600 * USEC_PER_SEC)
#define DAY   USEC_PER_DAY

static void release(void *data)
{
	Reading *reading = data;

	json_decref(reading->record);
	reading_free(reading);
}

/* A drill of a plan, its moment drawn by a method from a repository. */
static void add(GPtrArray *readings, int day, const char *outcome, const char *hash,
		const char *method, bool chosen)
{
	static const struct stored_copy same = {.same = true};
	Reading *reading = g_new0(Reading, 1);

	reading->time = START + day * DAY;
	reading->record =
		json_pack("{s:s, s:{s:s,s:s,s:s}, s:{s:s,s:s,s:b}, s:{s:s,s:s}, s:[{s:s,s:s,s:s}]}",
			  "outcome", outcome, "plan", "name", "weekly", "hash", hash, "kind",
			  "restore", "draw", "effective", method, "stratum", "main:0-1d",
			  "operator_chosen", chosen, "source", "service", "erp-prod", "repository",
			  "main", "checks", "name", "c", "database", "shop", "status", "pass");
	g_assert_nonnull(reading->record);
	reading->copies = g_ptr_array_new_with_free_func(stored_copy_free);
	g_ptr_array_add(reading->copies, g_memdup2(&same, sizeof(same)));
	g_ptr_array_add(readings, reading);
}

struct site {
	GPtrArray *readings, *repositories, *strata;
	GArray *plans;
	struct coverage_request request;
};

static void site_init(struct site *site)
{
	static const struct coverage_plan plan = {"weekly", "aa", 0};

	site->readings = g_ptr_array_new_with_free_func(release);
	site->repositories = g_ptr_array_new();
	site->strata = g_ptr_array_new();
	site->plans = g_array_new(FALSE, FALSE, sizeof(struct coverage_plan));
	g_array_append_val(site->plans, plan);
	g_ptr_array_add(site->repositories, (gpointer) "main");
	g_ptr_array_add(site->repositories, (gpointer) "offsite");
	g_ptr_array_add(site->strata, (gpointer) "main:0-1d");
	g_ptr_array_add(site->strata, (gpointer) "main:1-7d");
	site->request = (struct coverage_request){.service = "erp-prod",
						  .readings = site->readings,
						  .plans = site->plans,
						  .repositories = site->repositories,
						  .strata = site->strata,
						  .now = START + 100 * DAY,
						  .max_age = 14 * DAY};
}

static void site_clear(struct site *site)
{
	g_ptr_array_unref(site->readings);
	g_ptr_array_unref(site->repositories);
	g_ptr_array_unref(site->strata);
	g_array_unref(site->plans);
}

static const char *state_of(const GPtrArray *rows, enum coverage_subject subject, const char *name)
{
	for (guint i = 0; i < rows->len; i++) {
		const struct coverage_row *row = rows->pdata[i];

		if (row->subject == subject && strcmp(row->name, name) == 0)
			return coverage_state_name(row->state);
	}
	return "not there";
}

static void what_was_drilled(void)
{
	struct site site;
	struct objective_verdict verdict;

	site_init(&site);
	add(site.readings, 10, "pass", "aa", "edge", false);
	add(site.readings, 95, "pass-with-warnings", "aa", "time", false);
	add(site.readings, 96, "pass", "aa", "wal", true);
	add(site.readings, 97, "fail-check", "aa", "worst", false);
	g_autoptr(GPtrArray) rows = coverage_compute(&site.request);

	g_assert_cmpstr(state_of(rows, COVERAGE_PLAN, "weekly"), ==, "drilled");
	g_assert_cmpstr(state_of(rows, COVERAGE_REPOSITORY, "main"), ==, "drilled");
	g_assert_cmpstr(state_of(rows, COVERAGE_REPOSITORY, "offsite"), ==, "never");
	g_assert_cmpstr(state_of(rows, COVERAGE_DATABASE, "shop"), ==, "drilled");
	g_assert_cmpstr(state_of(rows, COVERAGE_METHOD, "time"), ==, "drilled");
	g_assert_cmpstr(state_of(rows, COVERAGE_METHOD, "edge"), ==, "drilled");
	/* Chosen by the operator; failed. */
	g_assert_cmpstr(state_of(rows, COVERAGE_METHOD, "wal"), ==, "never");
	g_assert_cmpstr(state_of(rows, COVERAGE_METHOD, "worst"), ==, "never");
	g_assert_cmpstr(state_of(rows, COVERAGE_STRATUM, "main:0-1d"), ==, "drilled");
	g_assert_cmpstr(state_of(rows, COVERAGE_STRATUM, "main:1-7d"), ==, "never");
	g_assert_cmpstr(state_of(rows, COVERAGE_KIT, "recovery kit"), ==, "never");

	coverage_judge(rows, &verdict);
	g_assert_cmpint(verdict.state, ==, OBJECTIVE_NOT_PROVEN);
	g_assert_cmpuint(verdict.reasons->len, ==, 4); /* offsite, wal, worst, the kit */
	g_assert_cmpstr(verdict.reasons->pdata[0], ==, "repository offsite: no drill passed");
	objective_verdict_clear(&verdict);
	site_clear(&site);
}

static void age_and_change(void)
{
	static const struct {
		int day;
		const char *hash, *plan, *repository;
	} cases[] = {
		{90, "aa", "drilled", "drilled"},
		{80, "aa", "too old", "too old"},
		{90, "bb", "changed", "drilled"},
		{101, "aa", "never", "never"}, /* after the period */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct site site;

		site_init(&site);
		add(site.readings, cases[i].day, "pass", cases[i].hash, "time", false);
		g_autoptr(GPtrArray) rows = coverage_compute(&site.request);

		g_assert_cmpstr(state_of(rows, COVERAGE_PLAN, "weekly"), ==, cases[i].plan);
		g_assert_cmpstr(state_of(rows, COVERAGE_REPOSITORY, "main"), ==,
				cases[i].repository);
		site_clear(&site);
	}
}

static void all_of_it(void)
{
	static const char *const methods[] = {"time", "wal", "worst", "edge"};
	struct site site;
	struct objective_verdict verdict;

	site_init(&site);
	g_ptr_array_set_size(site.repositories, 1);
	for (size_t i = 0; i < G_N_ELEMENTS(methods); i++)
		add(site.readings, 95, "pass", "aa", methods[i], false);
	json_object_set_new(json_object_get(((Reading *)site.readings->pdata[0])->record, "plan"),
			    "kind", json_string("kit"));
	g_autoptr(GPtrArray) rows = coverage_compute(&site.request);

	/* A stratum that was never drawn is told; nobody can ask that all were. */
	coverage_judge(rows, &verdict);
	g_assert_cmpint(verdict.state, ==, OBJECTIVE_MET);
	objective_verdict_clear(&verdict);
	site_clear(&site);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drill/report/coverage/what-was-drilled", what_was_drilled);
	g_test_add_func("/drill/report/coverage/age-and-change", age_and_change);
	g_test_add_func("/drill/report/coverage/met-where-all-was", all_of_it);
	return g_test_run();
}
