#include "cli/drill/anchor_plans.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/drill/plan.h"
#include "drill/check/sql.h"

#include <string.h>

static bool add_plan(const Context *context, const char *name, GPtrArray *plans, GError **error)
{
	g_autofree char *path = drill_plan_path(context->settings, name);
	g_autoptr(DrillPlan) plan = drill_plan_read(context->settings, path, error);

	if (!plan)
		return false;
	if (strcmp(plan->service, context->service->name) != 0)
		return odr_fail(error, ODR_ERROR_USAGE, "plan '%s' is of service '%s', not of '%s'",
				path, plan->service, context->service->name);
	g_ptr_array_add(plans, g_steal_pointer(&plan));
	return true;
}

/* A file alone is asked as a plan that has nothing else would. */
static bool add_file(const Context *context, const char *file, GPtrArray *plans, GError **error)
{
	bool shipped = g_str_has_prefix(file, PLAN_BUILTIN_PREFIX);
	g_autofree char *absolute = g_canonicalize_filename(shipped ? "." : file, NULL);
	g_autofree char *folder = shipped ? g_strdup(absolute) : g_path_get_dirname(absolute);
	g_autofree char *path = g_build_filename(folder, "anchor" PLAN_SUFFIX, NULL);
	g_autofree char *base = g_path_get_basename(absolute);
	g_autofree char *text =
		g_strdup_printf("[plan]\nversion = 1\nname = anchor\nservice = %s\n"
				"[schedule]\nslot = daily\n[sandbox]\ndirectory = /nowhere\n"
				"[evidence]\nkey = none\n"
				"[check figures]\ntype = sql\nsql = %s\nexpect = anchor\n",
				context->service->name, shipped ? file : base);
	DrillPlan *plan = drill_plan_read_text(text, path, error);

	if (!plan)
		return odr_context(error, "--sql %s", file);
	g_ptr_array_add(plans, plan);
	return true;
}

static bool has_figures(const DrillPlan *plan, const char *service)
{
	for (guint i = 0; strcmp(plan->service, service) == 0 && i < plan->checks->len; i++)
		if (drill_check_needs_anchor(plan, plan->checks->pdata[i]))
			return true;
	return false;
}

/* Those that are broken are the business of drill lint, and of who runs them. */
static bool add_found(const Context *context, GPtrArray *plans, GError **error)
{
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) found = drill_plans_load(context->settings, troubles);

	for (guint i = 0; i < troubles->len; i++)
		log_warning("this plan is left out: %s", (char *)troubles->pdata[i]);
	while (found->len > 0) {
		g_autoptr(DrillPlan) plan = g_ptr_array_steal_index(found, 0);

		if (has_figures(plan, context->service->name))
			g_ptr_array_add(plans, g_steal_pointer(&plan));
	}
	return plans->len > 0 ||
	       odr_fail(error, ODR_ERROR_USAGE,
			"no plan of service '%s' has a check that expects an anchor or a baseline; "
			"name one by --drill, or a query by --sql",
			context->service->name);
}

bool anchor_plans(const Context *context, GPtrArray **plans, GError **error)
{
	const GPtrArray *named = arguments_list(context->arguments, "drill");
	const GPtrArray *files = arguments_list(context->arguments, "sql");
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)drill_plan_free);

	for (guint i = 0; named && i < named->len; i++)
		if (!add_plan(context, named->pdata[i], found, error))
			return false;
	for (guint i = 0; files && i < files->len; i++)
		if (!add_file(context, files->pdata[i], found, error))
			return false;
	if (!named && !files && !add_found(context, found, error))
		return false;
	*plans = g_steal_pointer(&found);
	return true;
}
