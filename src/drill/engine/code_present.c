/* Whether every installed module has its code in what was captured, and of a version that fits the database. */
#include "base/error.h"
#include "base/file.h"
#include "drill/engine/code.h"
#include "odoo/module.h"

#include <stdarg.h>
#include <string.h>

#define NAMED_MAX 10 /* in a message */

struct finding {
	GString *missing, *older, *newer; /* names */
	unsigned missing_count, older_count, newer_count;
};

static void note(GString *names, unsigned *count, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void note(GString *names, unsigned *count, const char *format, ...)
{
	va_list arguments;

	if ((*count)++ >= NAMED_MAX)
		return;
	g_string_append(names, names->len ? ", " : "");
	va_start(arguments, format);
	g_string_append_vprintf(names, format, arguments);
	va_end(arguments);
}

static bool version_of(const DrillCode *code, const char *series, const char *module,
		       char **version)
{
	g_autofree char *path = drill_code_file(code, module, ODOO_MANIFEST);
	g_autofree char *text = NULL;
	g_autofree char *written = NULL;

	if (!path || !file_read_text(path, ODOO_MANIFEST_MAX, &text, NULL))
		return false;
	written = odoo_manifest_version(text);
	*version = odoo_module_version(series, written);
	return true;
}

static void look_at_module(const DrillCode *code, const char *series,
			   const struct odoo_module *module, struct finding *finding)
{
	g_autofree char *version = NULL;
	int order;

	if (!version_of(code, series, module->name, &version)) {
		note(finding->missing, &finding->missing_count, "%s", module->name);
		return;
	}
	order = module->version ? odoo_version_compare(version, module->version) : 0;
	if (order < 0)
		note(finding->older, &finding->older_count, "%s %s, installed %s", module->name,
		     version, module->version);
	if (order > 0)
		note(finding->newer, &finding->newer_count, "%s %s, installed %s", module->name,
		     version, module->version);
}

/* Code that was deployed and not upgraded to was so at the source; a database that was upgraded after its code was captured
 * does not fit that. */
static void judge(const DrillCode *code, guint modules, const struct finding *finding,
		  DrillCheckResult *result)
{
	const char *because = code->trouble ? code->trouble : "";
	const char *comma = code->trouble ? "; " : "";

	result->value = g_strdup_printf("%u", modules - finding->missing_count);
	result->expect = g_strdup_printf("%u", modules);
	if (finding->missing_count > 0)
		drill_check_fail(
			result, "%u of %u installed modules have no code in the capture: %s%s%s",
			finding->missing_count, modules, finding->missing->str, comma, because);
	if (finding->older_count > 0)
		drill_check_fail(
			result,
			"the captured code of %u modules is older than what the database was "
			"upgraded to: %s",
			finding->older_count, finding->older->str);
	if (finding->newer_count > 0)
		drill_check_warn(
			result,
			"the captured code of %u modules is newer than what the database was "
			"upgraded to: %s",
			finding->newer_count, finding->newer->str);
	drill_check_pass(result, "all %u installed modules have their code in the capture%s%s",
			 modules, comma, because);
}

static void look_at_database(const Drill *drill, const struct drill_database *database,
			     DrillCheckResult *result)
{
	const OdooDatabase *odoo = database->odoo;
	g_autoptr(GError) trouble = NULL;
	g_autoptr(DrillCode) code = drill_code_captured(drill, database->name, &trouble);
	struct finding finding = {.missing = g_string_new(NULL),
				  .older = g_string_new(NULL),
				  .newer = g_string_new(NULL)};

	for (guint i = 0; code && i < odoo->modules->len; i++)
		look_at_module(code, odoo->series, odoo->modules->pdata[i], &finding);
	if (code)
		judge(code, odoo->modules->len, &finding, result);
	else
		drill_check_unassessed(result, "%s", trouble->message);
	g_string_free(finding.missing, TRUE);
	g_string_free(finding.older, TRUE);
	g_string_free(finding.newer, TRUE);
}

/* Of a service whose code nobody captures there is nothing to look at, unless the plan says so. */
static bool is_due(const Drill *drill, const struct plan_check *check)
{
	return check->type == PLAN_CHECK_ODOO_DATABASE && check->code_present &&
	       (check->line != 0 || drill_code_expected(drill));
}

static bool is_for(const struct plan_check *check, const struct drill_database *database)
{
	return database->odoo && (!check->database || strcmp(check->database, database->name) == 0);
}

void drill_check_code(Drill *drill)
{
	for (guint i = 0; i < drill->plan->checks->len; i++) {
		const struct plan_check *check = drill->plan->checks->pdata[i];

		for (guint k = 0; k < drill->databases->len && is_due(drill, check); k++) {
			const struct drill_database *database = drill->databases->pdata[k];
			DrillCheckResult *result;
			usec_t from = clock_monotonic();

			if (!is_for(check, database))
				continue;
			result = drill_check_result_new(check, "code-present", database->name);
			look_at_database(drill, database, result);
			result->duration = clock_monotonic() - from;
			g_ptr_array_add(drill->results, result);
		}
	}
}
