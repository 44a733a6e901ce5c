#include "drill/report/coverage.h"

#include "base/file.h"
#include "drill/draw/draw.h"
#include "drill/evidence/evidence.h"

#include <string.h>

#define YEAR	       (365 * USEC_PER_DAY)
#define POPULATION_MAX ((size_t)256 << 20)
#define KIT_NAME       "recovery kit"

const char *coverage_subject_name(enum coverage_subject subject)
{
	static const char *const names[] = {"plan",   "repository", "database",
					    "method", "kit",	    "stratum"};

	return names[subject];
}

const char *coverage_state_name(enum coverage_state state)
{
	static const char *const names[] = {"never", "changed", "too old", "drilled"};

	return names[state];
}

/* ---- rows ---------------------------------------------------------------------------------------- */

static void row_free(void *data)
{
	struct coverage_row *row = data;

	g_free(row->name);
	g_free(row);
}

static struct coverage_row *row_of(GPtrArray *rows, enum coverage_subject subject, const char *name)
{
	struct coverage_row *row;

	for (guint i = 0; i < rows->len; i++) {
		row = rows->pdata[i];
		if (row->subject == subject && strcmp(row->name, name) == 0)
			return row;
	}
	row = g_new0(struct coverage_row, 1);
	row->subject = subject;
	row->name = g_strdup(name);
	g_ptr_array_add(rows, row);
	return row;
}

static void expect(GPtrArray *rows, enum coverage_subject subject, const char *name, usec_t max_age)
{
	row_of(rows, subject, name)->max_age = max_age;
}

/* Only of what there is: what is gone needs no drill. */
static void note(GPtrArray *rows, enum coverage_subject subject, const char *name,
		 const Reading *reading)
{
	struct coverage_row *row;

	for (guint i = 0; name && i < rows->len; i++) {
		row = rows->pdata[i];
		if (row->subject != subject || strcmp(row->name, name) != 0)
			continue;
		row->drills++;
		row->last = reading->time;
		if (!reading_passed(reading))
			continue;
		row->passed++;
		row->last_pass = reading->time;
	}
}

/* ---- databases ----------------------------------------------------------------------------------- */

/* In a record: those that checks looked at, each once. */
static GPtrArray *databases_of(const json_t *record)
{
	const json_t *checks = reading_at(record, "checks");
	GPtrArray *names = g_ptr_array_new();

	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *check = json_array_get(checks, i);
		const char *name = reading_text(check, "database");

		if (name && g_strcmp0(reading_text(check, "status"), "not-assessed") != 0 &&
		    !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
			g_ptr_array_add(names, (gpointer)name);
	}
	return names;
}

static void expect_databases(GPtrArray *rows, const struct coverage_request *request,
			     const json_t *record)
{
	const json_t *all = reading_at(record, "databases");
	g_autoptr(GPtrArray) checked = databases_of(record);

	for (size_t i = 0; i < json_array_size(all); i++) {
		const char *name = reading_text(json_array_get(all, i), "name");

		if (name)
			expect(rows, COVERAGE_DATABASE, name, request->max_age);
	}
	for (guint i = 0; i < checked->len; i++)
		expect(rows, COVERAGE_DATABASE, checked->pdata[i], request->max_age);
}

/* ---- what there is, and what was drilled --------------------------------------------------------- */

static bool is_of(const Reading *reading, const struct coverage_request *request)
{
	return reading->time < request->now && reading_counts(reading) &&
	       g_strcmp0(reading_text(reading->record, "source.service"), request->service) == 0;
}

static const Reading *newest_of(const struct coverage_request *request)
{
	for (guint i = request->readings->len; i-- > 0;)
		if (is_of(request->readings->pdata[i], request))
			return request->readings->pdata[i];
	return NULL;
}

static void expect_all(GPtrArray *rows, const struct coverage_request *request)
{
	const Reading *newest = newest_of(request);

	for (guint i = 0; request->plans && i < request->plans->len; i++) {
		const struct coverage_plan *plan =
			&g_array_index(request->plans, struct coverage_plan, i);

		expect(rows, COVERAGE_PLAN, plan->name,
		       plan->max_age ? plan->max_age : request->max_age);
	}
	for (guint i = 0; request->repositories && i < request->repositories->len; i++)
		expect(rows, COVERAGE_REPOSITORY, request->repositories->pdata[i],
		       request->max_age);
	if (newest)
		expect_databases(rows, request, newest->record);
	for (int i = 0; i < DRAW_METHODS; i++)
		expect(rows, COVERAGE_METHOD, draw_method_name((enum draw_method)i), YEAR);
	expect(rows, COVERAGE_KIT, KIT_NAME, YEAR);
	for (guint i = 0; request->strata && i < request->strata->len; i++)
		expect(rows, COVERAGE_STRATUM, request->strata->pdata[i], 0);
}

static void take(GPtrArray *rows, const Reading *reading)
{
	const json_t *record = reading->record;
	g_autoptr(GPtrArray) databases = databases_of(record);

	note(rows, COVERAGE_PLAN, reading_text(record, "plan.name"), reading);
	note(rows, COVERAGE_REPOSITORY, reading_text(record, "source.repository"), reading);
	for (guint i = 0; i < databases->len; i++)
		note(rows, COVERAGE_DATABASE, databases->pdata[i], reading);
	note(rows, COVERAGE_METHOD, reading_text(record, "draw.effective"), reading);
	if (g_strcmp0(reading_text(record, "plan.kind"), "kit") == 0)
		note(rows, COVERAGE_KIT, KIT_NAME, reading);
	note(rows, COVERAGE_STRATUM, reading_text(record, "draw.stratum"), reading);
}

/* The plan that passed last was another one than there is now. */
static bool is_changed(const struct coverage_request *request, const struct coverage_row *row)
{
	const char *hash = NULL;

	for (guint i = 0; i < request->plans->len; i++) {
		const struct coverage_plan *plan =
			&g_array_index(request->plans, struct coverage_plan, i);

		if (strcmp(plan->name, row->name) == 0)
			hash = plan->hash;
	}
	for (guint i = request->readings->len; i-- > 0;) {
		const Reading *reading = request->readings->pdata[i];

		if (is_of(reading, request) && reading_passed(reading) &&
		    g_strcmp0(reading_text(reading->record, "plan.name"), row->name) == 0)
			return g_strcmp0(reading_text(reading->record, "plan.hash"), hash) != 0;
	}
	return false;
}

static enum coverage_state state_of(const struct coverage_request *request,
				    const struct coverage_row *row)
{
	if (row->last_pass == 0)
		return COVERAGE_NEVER;
	if (row->subject == COVERAGE_PLAN && is_changed(request, row))
		return COVERAGE_CHANGED;
	return row->max_age > 0 && request->now - row->last_pass > row->max_age ? COVERAGE_TOO_OLD
										: COVERAGE_DRILLED;
}

static gint by_subject(gconstpointer a, gconstpointer b)
{
	const struct coverage_row *x = *(struct coverage_row *const *)a;
	const struct coverage_row *y = *(struct coverage_row *const *)b;

	return x->subject != y->subject ? (int)x->subject - (int)y->subject
					: strcmp(x->name, y->name);
}

GPtrArray *coverage_compute(const struct coverage_request *request)
{
	GPtrArray *rows = g_ptr_array_new_with_free_func(row_free);

	expect_all(rows, request);
	for (guint i = 0; i < request->readings->len; i++)
		if (is_of(request->readings->pdata[i], request))
			take(rows, request->readings->pdata[i]);
	for (guint i = 0; i < rows->len; i++) {
		struct coverage_row *row = rows->pdata[i];

		row->state = state_of(request, row);
	}
	g_ptr_array_sort(rows, by_subject);
	return rows;
}

json_t *coverage_json(const GPtrArray *rows)
{
	json_t *array = json_array();

	for (guint i = 0; i < rows->len; i++) {
		const struct coverage_row *row = rows->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "subject", coverage_subject_name(row->subject));
		json_set_string(object, "name", row->name);
		json_set_string(object, "state", coverage_state_name(row->state));
		json_set_int(object, "drills", row->drills);
		json_set_int(object, "passed", row->passed);
		json_set_time(object, "last", row->last ? row->last : -1);
		json_set_time(object, "last_pass", row->last_pass ? row->last_pass : -1);
		json_set(object, "max_age_us",
			 row->max_age ? json_integer(row->max_age) : json_null());
		json_array_append_new(array, object);
	}
	return array;
}

/* ---- judging ------------------------------------------------------------------------------------- */

static char *why(const struct coverage_row *row)
{
	g_autofree char *allowed = duration_format(row->max_age);

	if (row->subject == COVERAGE_KIT)
		return row->state == COVERAGE_NEVER
			       ? g_strdup("the recovery kit was not drilled")
			       : g_strdup("the drill of the recovery kit is too old");
	if (row->state == COVERAGE_CHANGED)
		return g_strdup_printf("plan %s changed since it passed last", row->name);
	if (row->state == COVERAGE_NEVER)
		return g_strdup_printf("%s %s: no drill passed",
				       coverage_subject_name(row->subject), row->name);
	return g_strdup_printf("%s %s: the last passed drill is older than %s",
			       coverage_subject_name(row->subject), row->name, allowed);
}

void coverage_judge(const GPtrArray *rows, struct objective_verdict *verdict)
{
	objective_verdict_init(verdict);
	for (guint i = 0; i < rows->len; i++) {
		const struct coverage_row *row = rows->pdata[i];

		if (row->subject == COVERAGE_STRATUM || row->state == COVERAGE_DRILLED)
			continue;
		verdict->state = OBJECTIVE_NOT_PROVEN;
		g_ptr_array_add(verdict->reasons, why(row));
	}
}

/* ---- strata -------------------------------------------------------------------------------------- */

static GPtrArray *strata_of(const GPtrArray *population)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	GPtrArray *strata = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < population->len; i++) {
		const struct population_piece *piece = population->pdata[i];

		if (g_hash_table_add(seen, piece->stratum))
			g_ptr_array_add(strata, g_strdup(piece->stratum));
	}
	return strata;
}

bool coverage_strata_load(const char *state, const GPtrArray *readings, const char *service,
			  GPtrArray **strata, GError **error)
{
	for (guint i = readings->len; i-- > 0;) {
		const json_t *record = ((const Reading *)readings->pdata[i])->record;
		g_autofree char *folder = evidence_folder(state, reading_text(record, "run.id"));
		g_autofree char *path = g_build_filename(folder, EVIDENCE_POPULATION, NULL);
		g_autofree char *text = NULL;
		g_autoptr(GPtrArray) population = NULL;

		if (g_strcmp0(reading_text(record, "source.service"), service) != 0 ||
		    !g_file_test(path, G_FILE_TEST_EXISTS))
			continue;
		if (!file_read_text(path, POPULATION_MAX, &text, error) ||
		    !population_parse(text, strlen(text), &population, error))
			return false;
		*strata = strata_of(population);
		return true;
	}
	*strata = g_ptr_array_new_with_free_func(g_free);
	return true;
}
