#include "cli/drill/plan.h"

#include "base/error.h"
#include "cli/program/program.h"

#include <string.h>

bool drill_settings(const struct arguments *arguments, Settings **settings, GError **error)
{
	const char *file = arguments_text(arguments, "config");

	*settings = NULL;
	if (!file && !g_file_test(SETTINGS_FILE, G_FILE_TEST_EXISTS))
		return true;
	*settings = settings_load(file ? file : SETTINGS_FILE, error);
	return *settings != NULL;
}

static const char *folder_of(const Settings *settings)
{
	return settings ? settings->drills : SETTINGS_FOLDER "/drills.d";
}

char *drill_plan_path(const Settings *settings, const char *name)
{
	g_autofree char *file = g_strconcat(name, PLAN_SUFFIX, NULL);

	return strchr(name, '/') || g_str_has_suffix(name, PLAN_SUFFIX)
		       ? g_strdup(name)
		       : g_build_filename(folder_of(settings), file, NULL);
}

/* ---- what the configuration says ----------------------------------------------------------------- */

struct configuration {
	const Settings *settings;
	GPtrArray *repositories, *collectors, *notifications; /* names */
	GPtrArray *lists;				      /* of components, checks */
	GArray *processes;
};

static void set_objectives(const struct settings_tier *tier, struct plan_objectives *objectives)
{
	*objectives = (struct plan_objectives){.rpo = tier->rpo,
					       .rto = tier->rto,
					       .assume_detect = tier->assume_detect,
					       .assume_decide = tier->assume_decide,
					       .assume_cutover = tier->assume_cutover};
	for (int i = 0; i < PLAN_COMPONENTS; i++) {
		objectives->component_rpo[i] = tier->rpo_component[i];
		objectives->component_rto[i] = tier->rto_component[i];
	}
}

/* Every struct of a list begins with its name. */
static void add_names(GPtrArray *names, const GPtrArray *list)
{
	for (guint i = 0; i < list->len; i++)
		g_ptr_array_add(names, *(char *const *)list->pdata[i]);
	g_ptr_array_add(names, NULL);
}

static const char *const *list_of(struct configuration *configuration, const char *written)
{
	char **list = settings_split(written);

	if (list)
		g_ptr_array_add(configuration->lists, list);
	return (const char *const *)list;
}

static void add_processes(struct configuration *configuration,
			  const struct settings_service *service)
{
	const GPtrArray *processes = configuration->settings->processes;

	for (guint i = 0; i < processes->len; i++) {
		const struct settings_process *process = processes->pdata[i];
		struct plan_process found = {
			.name = process->name,
			.components = list_of(configuration, process->components),
			.checks = list_of(configuration, process->checks),
			.rto = process->rto ? process->rto : service->tier->rto};

		if (strcmp(process->service, service->name) == 0)
			g_array_append_val(configuration->processes, found);
	}
}

static bool ask(void *data, const char *service_name, struct plan_defaults *defaults,
		GError **error)
{
	struct configuration *configuration = data;
	const struct settings_service *service =
		settings_service(configuration->settings, service_name, error);

	if (!service)
		return false;
	add_names(configuration->repositories, service->repositories);
	add_names(configuration->collectors, service->collectors);
	add_names(configuration->notifications, configuration->settings->notifies);
	add_processes(configuration, service);
	*defaults = (struct plan_defaults){
		.service = service->name,
		.max_age = service->tier->max_drill_age,
		.repositories = (const char *const *)configuration->repositories->pdata,
		.collectors = (const char *const *)configuration->collectors->pdata,
		.notifications = (const char *const *)configuration->notifications->pdata,
		.processes = (const struct plan_process *)(void *)configuration->processes->data};
	set_objectives(service->tier, &defaults->objectives);
	return true;
}

DrillPlan *drill_plan_read(const Settings *settings, const char *path, GError **error)
{
	g_autofree char *builtin = program_checks_folder();
	struct configuration configuration = {
		.settings = settings,
		.repositories = g_ptr_array_new(),
		.collectors = g_ptr_array_new(),
		.notifications = g_ptr_array_new(),
		.lists = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev),
		.processes = g_array_new(true, true, sizeof(struct plan_process))};
	struct plan_source source = {
		.builtin = builtin, .configuration = settings ? ask : NULL, .data = &configuration};
	DrillPlan *plan = drill_plan_load(path, &source, error);

	g_ptr_array_unref(configuration.repositories);
	g_ptr_array_unref(configuration.collectors);
	g_ptr_array_unref(configuration.notifications);
	g_ptr_array_unref(configuration.lists);
	g_array_unref(configuration.processes);
	return plan;
}

DrillPlan *drill_plan_read_text(const char *text, const char *path, GError **error)
{
	g_autofree char *builtin = program_checks_folder();
	struct plan_source source = {.builtin = builtin};

	return drill_plan_parse(text, strlen(text), path, &source, error);
}

DrillPlan *drill_plan_open(const struct arguments *arguments, const char *name, GError **error)
{
	g_autoptr(Settings) settings = NULL;
	g_autofree char *path = NULL;

	if (!drill_settings(arguments, &settings, error))
		return NULL;
	path = drill_plan_path(settings, name);
	return drill_plan_read(settings, path, error);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool drill_plans_found(const Settings *settings, GPtrArray **paths, GError **error)
{
	const char *folder = folder_of(settings);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);

	if (!directory)
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"cannot open the folder of plans '%s'; make it, or name another by "
				"drills= of the configuration",
				folder);
	for (const char *entry; (entry = g_dir_read_name(directory));)
		if (g_str_has_suffix(entry, PLAN_SUFFIX))
			g_ptr_array_add(found, g_build_filename(folder, entry, NULL));
	g_ptr_array_sort(found, by_text);
	*paths = g_steal_pointer(&found);
	return true;
}

GPtrArray *drill_plans_load(const Settings *settings, GPtrArray *troubles)
{
	GPtrArray *plans = g_ptr_array_new_with_free_func((GDestroyNotify)drill_plan_free);
	g_autoptr(GPtrArray) paths = NULL;

	/* Whoever drills nothing has no folder. */
	if (!drill_plans_found(settings, &paths, NULL))
		return plans;
	for (guint i = 0; i < paths->len; i++) {
		g_autoptr(GError) trouble = NULL;
		DrillPlan *plan = drill_plan_read(settings, paths->pdata[i], &trouble);

		if (plan)
			g_ptr_array_add(plans, plan);
		else
			g_ptr_array_add(troubles, g_strdup(trouble->message));
	}
	return plans;
}

static bool is_planned(const GPtrArray *plans, const char *service, const char *check)
{
	for (guint i = 0; i < plans->len; i++) {
		const DrillPlan *plan = plans->pdata[i];

		if (strcmp(plan->service, service) == 0 && drill_plan_check(plan, check))
			return true;
	}
	return false;
}

char **drill_plans_lacking(const GPtrArray *plans, const struct settings_process *process)
{
	g_auto(GStrv) checks = settings_split(process->checks);
	GPtrArray *lacking = g_ptr_array_new();

	for (char **check = checks; check && *check; check++)
		if (!is_planned(plans, process->service, *check))
			g_ptr_array_add(lacking, g_strdup(*check));
	g_ptr_array_add(lacking, NULL);
	return (char **)g_ptr_array_free(lacking, FALSE);
}
