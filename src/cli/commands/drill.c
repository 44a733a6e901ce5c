/* odrbackup drill lint, explain, list, check. */
#include "cli/views/drill.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/drill/figures.h"
#include "cli/drill/plan.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/program/program.h"
#include "drill/check/sql.h"
#include "drill/plan/sql_file.h"

#include <string.h>

/* ---- lint ---------------------------------------------------------------------------------------- */

static void tell_warnings(const DrillPlan *plan)
{
	for (guint i = 0; i < plan->warnings->len; i++)
		log_warning("%s", (char *)plan->warnings->pdata[i]);
}

static json_t *lint_json(const char *path, const DrillPlan *plan, const GError *cause)
{
	json_t *object = json_object();

	json_set_string(object, "file", path);
	json_set_string(object, "name", plan ? plan->name : NULL);
	json_set_string(object, "hash", plan ? plan->hash : NULL);
	json_set_string(object, "problem", cause ? cause->message : NULL);
	json_set(object, "warnings", json_strings(plan ? plan->warnings : NULL));
	return object;
}

struct linting {
	const struct arguments *arguments;
	Settings *settings;
	json_t *list;
	GError *first;
};

static void lint(struct linting *linting, const char *name)
{
	g_autofree char *path = drill_plan_path(linting->settings, name);
	GError *cause = NULL;
	g_autoptr(DrillPlan) plan = drill_plan_read(linting->settings, path, &cause);
	bool quiet = arguments_flag(linting->arguments, "quiet") ||
		     arguments_flag(linting->arguments, "json");

	json_array_append_new(linting->list, lint_json(path, plan, cause));
	if (plan && !quiet)
		printf("%s: right; %u checks, hash %s\n", path, plan->checks->len, plan->hash);
	if (plan)
		tell_warnings(plan);
	if (!cause)
		return;
	if (!linting->first) {
		linting->first = cause; /* logged when the command ends */
		return;
	}
	log_error("%s", cause->message);
	g_error_free(cause);
}

static bool lint_all(struct linting *linting, GError **error)
{
	const GPtrArray *named = linting->arguments->positional;
	g_autoptr(GPtrArray) found = NULL;
	const GPtrArray *plans = named;

	if (named->len == 0) {
		if (!drill_plans_found(linting->settings, &found, error))
			return false;
		plans = found;
	}
	for (guint i = 0; i < plans->len; i++)
		lint(linting, plans->pdata[i]);
	return true;
}

bool cmd_drill_lint(const struct arguments *arguments, GError **error)
{
	struct linting linting = {.arguments = arguments, .list = json_array()};
	bool done =
		drill_settings(arguments, &linting.settings, error) && lint_all(&linting, error);

	if (done && !linting.settings)
		log_info(
			"there is no configuration here; objectives and names are not compared with it");
	if (done && arguments_flag(arguments, "json")) {
		json_t *document = json_object();

		json_set(document, "plans", linting.list);
		json_out(document);
	} else {
		json_decref(linting.list);
	}
	settings_free(linting.settings);
	if (linting.first)
		g_propagate_error(error, linting.first);
	return done && !linting.first;
}

/* ---- explain ------------------------------------------------------------------------------------- */

bool cmd_drill_explain(const struct arguments *arguments, GError **error)
{
	g_autoptr(DrillPlan) plan =
		drill_plan_open(arguments, arguments_positional(arguments, 0), error);

	if (!plan)
		return false;
	tell_warnings(plan);
	if (arguments_flag(arguments, "digests")) {
		g_autofree char *digests = drill_plan_digests(plan);

		fputs(digests, stdout);
	} else if (arguments_flag(arguments, "json")) {
		json_out(drill_plan_json(plan));
	} else {
		drill_plan_print(plan);
	}
	return true;
}

/* ---- list ---------------------------------------------------------------------------------------- */

struct listing {
	TableOut *table;
	json_t *list;
};

static void list_plan(struct listing *listing, const Settings *settings, const char *path)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(DrillPlan) plan = drill_plan_read(settings, path, &cause);
	g_autofree char *base = g_path_get_basename(path);
	g_autofree char *name = g_strndup(base, strlen(base) - strlen(PLAN_SUFFIX));
	json_t *object = json_object();
	g_autofree char *checks = plan ? g_strdup_printf("%u", plan->checks->len) : NULL;

	json_set_string(object, "name", name);
	json_set_string(object, "file", path);
	json_set_string(object, "service", plan ? plan->service : NULL);
	json_set_string(object, "kind", plan ? plan_kind_name(plan->kind) : NULL);
	json_set_string(object, "slot", plan ? plan_slot_name(plan->schedule.slot) : NULL);
	json_set_string(object, "target", plan ? plan->select.target.text : NULL);
	json_set_string(object, "hash", plan ? plan->hash : NULL);
	json_set_string(object, "problem", cause ? cause->message : NULL);
	json_array_append_new(listing->list, object);
	table_out_row(listing->table, name, plan ? plan->service : NULL,
		      plan ? plan_slot_name(plan->schedule.slot) : NULL,
		      plan ? plan->select.target.text : NULL, checks,
		      plan ? plan->scenario : cause->message);
}

static bool list_plans(struct listing *listing, const struct arguments *arguments, GError **error)
{
	g_autoptr(Settings) settings = NULL;
	g_autoptr(GPtrArray) paths = NULL;

	if (!drill_settings(arguments, &settings, error) ||
	    !drill_plans_found(settings, &paths, error))
		return false;
	for (guint i = 0; i < paths->len; i++)
		list_plan(listing, settings, paths->pdata[i]);
	return true;
}

static char *versions_of(const SqlFile *file)
{
	if (file->first == 0)
		return g_strdup("any");
	return file->first == file->last ? g_strdup_printf("%u", file->first)
					 : g_strdup_printf("%u-%u", file->first, file->last);
}

static void list_check(struct listing *listing, const char *folder, const char *entry)
{
	g_autofree char *path = g_build_filename(folder, entry, NULL);
	g_autofree char *name = g_strndup(entry, strlen(entry) - strlen(".sql"));
	g_autofree char *text = NULL;
	g_autoptr(SqlFile) file = NULL;
	gsize size;

	if (!g_file_get_contents(path, &text, &size, NULL) ||
	    !sql_file_parse(text, size, &file, NULL))
		return;

	g_autofree char *versions = versions_of(file);
	json_t *object = json_object();

	json_set_string(object, "name", name);
	json_set_string(object, "kind", sql_kind_name(file->kind));
	json_set_string(object, "module", file->module);
	json_set_string(object, "odoo", versions);
	json_array_append_new(listing->list, object);
	table_out_row(listing->table, name, sql_kind_name(file->kind), file->module, versions);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool list_checks(struct listing *listing, GError **error)
{
	g_autofree char *folder = program_checks_folder();
	g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(g_free);

	if (!directory)
		return odr_fail(
			error, ODR_ERROR_NOT_FOUND,
			"cannot open '%s', where the shipped checks should be; install odrbackup "
			"again",
			folder);
	for (const char *entry; (entry = g_dir_read_name(directory));)
		if (g_str_has_suffix(entry, ".sql"))
			g_ptr_array_add(entries, g_strdup(entry));
	g_ptr_array_sort(entries, by_text);
	for (guint i = 0; i < entries->len; i++)
		list_check(listing, folder, entries->pdata[i]);
	return true;
}

bool cmd_drill_list(const struct arguments *arguments, GError **error)
{
	static const char *const plan_headings[] = {"plan",    "service",  "slot", "target",
						    ">checks", "scenario", NULL};
	static const char *const check_headings[] = {"builtin", "kind", "module", "Odoo", NULL};
	bool checks = arguments_flag(arguments, "checks");
	struct listing listing = {table_out_new(checks ? check_headings : plan_headings),
				  json_array()};
	bool done = checks ? list_checks(&listing, error) : list_plans(&listing, arguments, error);
	bool json = arguments_flag(arguments, "json");

	if (done && json) {
		json_t *document = json_object();

		json_set(document, checks ? "checks" : "plans", json_incref(listing.list));
		json_out(document);
	}
	table_out_print(listing.table,
			done && !json && json_array_size(listing.list) > 0 ? stdout : NULL);
	json_decref(listing.list);
	return done;
}

/* ---- check --------------------------------------------------------------------------------------- */

static bool open_figures(const struct arguments *arguments, DrillFigures **known, GError **error)
{
	const char *path = arguments_text(arguments, "compare");

	*known = path ? drill_figures_load(path, error) : drill_figures_new();
	return *known != NULL;
}

static int status_of(const struct arguments *arguments, const GPtrArray *results)
{
	struct drill_check_counts counts = drill_check_count(results);

	if (counts.failed > 0)
		return 4;
	return counts.gates_unassessed > 0 ||
			       (arguments_flag(arguments, "strict") && counts.warnings > 0)
		       ? 3
		       : 0;
}

static void show_results(const struct arguments *arguments, const DrillPlan *plan,
			 const GPtrArray *results)
{
	g_autofree char *summary = drill_results_summary(results);

	if (arguments_flag(arguments, "json")) {
		json_t *document = json_object();

		json_set_string(document, "plan", plan->name);
		json_set_string(document, "plan_hash", plan->hash);
		json_set(document, "checks", drill_results_json(results));
		json_set_string(document, "summary", summary);
		json_out(document);
		return;
	}
	if (arguments_flag(arguments, "quiet") && *arguments->exit_status == 0)
		return;
	drill_results_print(results);
	puts(summary);
}

/* Two sets of figures: those that are known, and those that are found. */
struct figures {
	DrillFigures *known, *found;
};

static const struct drill_reference *find(void *data, const struct drill_question *question)
{
	return drill_figures_find(((struct figures *)data)->known, question);
}

static void keep(void *data, const char *database, const char *query, const struct sql_rows *rows)
{
	drill_figures_keep(((struct figures *)data)->found, database, query, rows);
}

static bool check(const struct arguments *arguments, const DrillPlan *plan, GError **error)
{
	const char *save = arguments_text(arguments, "save");
	g_autoptr(DrillFigures) known = NULL, found = drill_figures_new();
	g_autoptr(GPtrArray) results =
		g_ptr_array_new_with_free_func((GDestroyNotify)drill_check_result_free);
	struct figures figures = {.found = found};
	struct drill_check_site site = {.conninfo = arguments_text(arguments, "database"),
					.run_id = "drill check",
					.service = plan->service,
					.reference = find,
					.keep = keep,
					.data = &figures};

	if (!open_figures(arguments, &known, error))
		return false;
	figures.known = known;
	if (!drill_checks_on_database(plan, PLAN_STAGE_PAUSED, &site, results, error))
		return false;
	drill_checks_unmet(plan, PLAN_STAGE_PAUSED, results);
	if (save && !drill_figures_save(found, save, error))
		return false;
	*arguments->exit_status = status_of(arguments, results);
	show_results(arguments, plan, results);
	return true;
}

bool cmd_drill_check(const struct arguments *arguments, GError **error)
{
	g_autoptr(DrillPlan) plan = NULL;

	if (!arguments_text(arguments, "database"))
		return odr_fail(error, ODR_ERROR_USAGE,
				"which database? Name it by --database CONNINFO");
	plan = drill_plan_open(arguments, arguments_positional(arguments, 0), error);
	return plan && check(arguments, plan, error);
}
