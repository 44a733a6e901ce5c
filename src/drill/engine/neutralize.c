/* A copy that may be written must not be able to talk to anybody before something runs on it. */
#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "crypto/digest.h"
#include "drill/check/sql.h"
#include "drill/engine/code.h"
#include "drill/engine/engine.h"
#include "drill/plan/sql_file.h"
#include "odoo/module.h"

#include <string.h>

#define SCRIPT_MAX	 ((size_t)4 << 20)
#define ODOO_NEUTRALIZES 16 /* from this major on modules bring a data/neutralize.sql */

struct script {
	char *name; /* "sale/data/neutralize.sql" */
	char *text;
};

static void free_script(void *data)
{
	struct script *script = data;

	g_free(script->name);
	g_free(script->text);
	g_free(script);
}

static void add_script(GPtrArray *scripts, const char *name, char *text)
{
	struct script *script = g_new0(struct script, 1);

	*script = (struct script){.name = g_strdup(name), .text = text};
	g_ptr_array_add(scripts, script);
}

/* ---- the modules' own ---------------------------------------------------------------------------- */

#define NEUTRALIZES "data/neutralize.sql"

static bool add_module(GPtrArray *scripts, const DrillCode *code, const char *module,
		       GError **error)
{
	g_autofree char *manifest = drill_code_file(code, module, ODOO_MANIFEST);
	g_autofree char *path = drill_code_file(code, module, NEUTRALIZES);
	g_autofree char *name = g_strdup_printf("%s/" NEUTRALIZES, module);
	char *text = NULL;

	if (!manifest || !path)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the code of module '%s' is not in the folders of '%s': what it "
				"could do cannot be taken from it%s%s",
				module, code->name, code->trouble ? "; " : "",
				code->trouble ? code->trouble : "");
	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return true;
	if (!file_read_text(path, SCRIPT_MAX, &text, error))
		return false;
	add_script(scripts, name, text);
	return true;
}

static bool add_modules(const Drill *drill, const struct drill_database *database,
			GPtrArray *scripts, GError **error)
{
	g_autoptr(DrillCode) code = NULL;
	g_autoptr(GError) trouble = NULL;

	if (drill->plan->neutralize.mode != PLAN_NEUTRALIZE_ODOO ||
	    g_ascii_strtoull(database->odoo->series, NULL, 10) < ODOO_NEUTRALIZES)
		return true;
	code = drill_code_of(drill, database->name, &trouble);
	if (!code)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"what neutralizes the modules is in their code, and %s; or set "
				"mode=sql in [neutralize]",
				trouble->message);
	for (guint i = 0; i < database->odoo->modules->len; i++) {
		const struct odoo_module *module = database->odoo->modules->pdata[i];

		if (!add_module(scripts, code, module->name, error))
			return false;
	}
	return true;
}

/* ---- the plan's ---------------------------------------------------------------------------------- */

/* NULL: the plan names none. */
static bool add_file(const Drill *drill, const char *name, GPtrArray *scripts, GError **error)
{
	const struct sql_variable variables[] = {
		{"run", drill->request->run_id}, {"service", drill->request->service}, {NULL}};
	g_autofree char *text = name ? drill_plan_text(drill, name) : NULL;
	char *expanded;

	if (!text)
		return true;
	expanded = sql_file_expand(text, variables, error);
	if (!expanded)
		return odr_context(error, "%s", name);
	add_script(scripts, name, expanded);
	return true;
}

static bool add_all(const Drill *drill, const struct drill_database *database, GPtrArray *scripts,
		    GError **error)
{
	const struct plan_neutralizing *plan = &drill->plan->neutralize;

	if (!add_modules(drill, database, scripts, error))
		return false;
	for (char **name = plan->files; *name; name++)
		if (!add_file(drill, *name, scripts, error))
			return false;
	return add_file(drill, plan->after, scripts, error);
}

/* ---- all of them in one transaction --------------------------------------------------------------- */

static bool run_script(Session *session, const struct script *script, GError **error)
{
	return session_script(session, script->text, error) ||
	       odr_context(error, "%s", script->name);
}

static bool run_all(Session *session, const GPtrArray *scripts, GError **error)
{
	if (!session_script(session, "BEGIN; SET LOCAL search_path = public, pg_catalog", error))
		return false;
	for (guint i = 0; i < scripts->len; i++)
		if (!run_script(session, scripts->pdata[i], error))
			return false;
	return session_script(session, "COMMIT", error);
}

static void note_scripts(const Drill *drill, const char *database, const GPtrArray *scripts)
{
	json_t *files = json_object_get(drill->neutralization, "files");

	for (guint i = 0; i < scripts->len; i++) {
		const struct script *script = scripts->pdata[i];
		uint8_t digest[SHA256_SIZE];

		sha256(script->text, strlen(script->text), digest);
		g_autofree char *hex = hex_encode(digest, SHA256_SIZE);

		json_array_append_new(files, json_pack("{s:s,s:s,s:s}", "database", database,
						       "name", script->name, "sha256", hex));
	}
}

static bool neutralize(Drill *drill, const struct drill_database *database, GError **error)
{
	g_autofree char *conninfo = replica_conninfo(drill->replica);
	g_autoptr(GPtrArray) scripts = g_ptr_array_new_with_free_func(free_script);
	g_autoptr(Session) session = NULL;

	if (!add_all(drill, database, scripts, error))
		return false;
	session = session_open_database(conninfo, database->name, drill->request->run_id, error);
	if (!session || !run_all(session, scripts, error))
		return false;
	note_scripts(drill, database->name, scripts);
	return true;
}

static json_t *begin_section(const Drill *drill)
{
	static const char *const modes[] = {[PLAN_NEUTRALIZE_ODOO] = "odoo",
					    [PLAN_NEUTRALIZE_SQL] = "sql",
					    [PLAN_NEUTRALIZE_NONE] = "none"};
	json_t *section = json_object();

	json_set_string(section, "method", modes[drill->plan->neutralize.mode]);
	json_set_string(section, "reason", drill->plan->neutralize.reason);
	json_set(section, "files", json_array());
	json_set(section, "left", json_null());
	return section;
}

/* What the check of that type found is left: it has to be nothing. Of what could not be looked at nothing is known. */
static void note_left(Drill *drill, guint first)
{
	int64_t left = 0;
	bool any = false;

	for (guint i = first; i < drill->results->len; i++) {
		const DrillCheckResult *result = drill->results->pdata[i];

		if (result->check->type != PLAN_CHECK_NEUTRALIZED)
			continue;
		if (result->status == DRILL_CHECK_UNASSESSED)
			return;
		left += result->status == DRILL_CHECK_FAIL;
		any = true;
	}
	if (any)
		json_set_int(drill->neutralization, "left", left);
}

static bool neutralize_all(Drill *drill, GError **error)
{
	for (guint i = 0; i < drill->databases->len; i++) {
		const struct drill_database *database = drill->databases->pdata[i];

		if (database->odoo && !neutralize(drill, database, error))
			return odr_context(error, "cannot neutralize database '%s'",
					   database->name);
	}
	return true;
}

bool drill_neutralize(Drill *drill, GError **error)
{
	usec_t from = drill_span_begin();
	guint first = drill->results->len;
	bool done;

	drill->neutralization = begin_section(drill);
	done = (drill->plan->neutralize.mode == PLAN_NEUTRALIZE_NONE ||
		neutralize_all(drill, error)) &&
	       drill_check_stage(drill, PLAN_STAGE_NEUTRALIZED, error);
	note_left(drill, first);
	drill_span_end(drill, PHASE_APPLICATION, "", from, true);
	return done;
}
