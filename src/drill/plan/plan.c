#include "drill/plan/plan.h"

#include "base/error.h"
#include "base/file.h"
#include "drill/plan/reading.h"

#include <string.h>

const char *plan_kind_name(enum plan_kind kind)
{
	static const char *const names[] = {"restore", "kit", "verify"};

	return names[kind];
}

const char *plan_slot_name(enum plan_slot slot)
{
	static const char *const names[] = {"daily", "weekly", "monthly", "quarterly"};

	return names[slot];
}

const char *plan_stage_name(enum plan_stage stage)
{
	static const char *const names[] = {"paused", "promoted", "neutralized", "app", "extended"};

	return names[stage];
}

const char *plan_severity_name(enum plan_severity severity)
{
	static const char *const names[] = {"fail", "warn", "info"};

	return names[severity];
}

static const char *const components[] = {"database", "filestore", "config", "integration"};

const char *plan_component_name(enum plan_component component)
{
	return components[component];
}

/* ---- its end ------------------------------------------------------------------------------------- */

static bool is_text(const struct plan_key *key)
{
	return key->type == PLAN_TEXT || key->type == PLAN_PATH || key->type == PLAN_SQL ||
	       key->type == PLAN_SCENARIO || key->type == PLAN_FILE;
}

static bool belongs(const struct plan_key *key, const char *kind)
{
	return kind ? strcmp(key->group, kind) == 0 : !plan_group_is_named(key->group);
}

/* Every pointer that keys of this kind of group fill; NULL: of the plan itself. */
static void clear_keys(const char *kind, void *target)
{
	size_t count;
	const struct plan_key *keys = plan_keys(&count);

	for (size_t i = 0; i < count; i++) {
		if (!belongs(&keys[i], kind))
			continue;
		if (is_text(&keys[i]))
			g_free(G_STRUCT_MEMBER(char *, target, keys[i].offset));
		else if (plan_key_is_list(&keys[i]))
			g_strfreev(G_STRUCT_MEMBER(char **, target, keys[i].offset));
	}
}

static void check_free(void *data)
{
	struct plan_check *check = data;

	clear_keys("check", check);
	plan_expect_clear(&check->expect);
	g_ptr_array_unref(check->steps);
	g_free(check->name);
	g_free(check);
}

static void control_free(void *data)
{
	struct plan_control *control = data;

	clear_keys("control", control);
	g_free(control->name);
	g_free(control);
}

static void value_free(void *data)
{
	struct plan_value *value = data;

	g_free(value->group);
	g_free(value->key);
	g_free(value->value);
	g_free(value);
}

static void file_free(void *data)
{
	struct plan_file *file = data;

	g_free(file->name);
	g_free(file->path);
	g_clear_pointer(&file->content, g_bytes_unref);
	g_free(file);
}

static void process_free(void *data)
{
	struct plan_process *process = data;

	g_free((char *)process->name);
	g_strfreev((char **)process->components);
	g_free(process);
}

void drill_plan_free(DrillPlan *plan)
{
	if (!plan)
		return;
	clear_keys(NULL, plan);
	g_free(plan->path);
	g_clear_pointer(&plan->schedule.zone, g_time_zone_unref);
	g_clear_pointer(&plan->select.mix, g_array_unref);
	g_clear_pointer(&plan->postgresql.set, g_ptr_array_unref);
	g_ptr_array_unref(plan->checks);
	g_ptr_array_unref(plan->controls);
	g_ptr_array_unref(plan->files);
	g_ptr_array_unref(plan->processes);
	g_ptr_array_unref(plan->warnings);
	g_ptr_array_unref(plan->values);
	g_free(plan);
}

static DrillPlan *plan_new(const char *path)
{
	DrillPlan *plan = g_new0(DrillPlan, 1);

	plan->path = g_strdup(path);
	plan->checks = g_ptr_array_new_with_free_func(check_free);
	plan->controls = g_ptr_array_new_with_free_func(control_free);
	plan->files = g_ptr_array_new_with_free_func(file_free);
	plan->processes = g_ptr_array_new_with_free_func(process_free);
	plan->warnings = g_ptr_array_new_with_free_func(g_free);
	plan->values = g_ptr_array_new_with_free_func(value_free);
	return plan;
}

/* ---- a plan -------------------------------------------------------------------------------------- */

/* What a drill needs to know of processes, for longer than the configuration is there. */
static void keep_processes(struct plan_reading *reading)
{
	static const char *const none[] = {NULL};
	const struct plan_process *process = reading->defaults.processes;

	for (; process && process->name; process++) {
		const char *const *rests_on = process->components ? process->components : none;
		struct plan_process kept = {
			.name = g_strdup(process->name),
			.components = (const char *const *)g_strdupv((char **)rests_on),
			.rto = process->rto};

		g_ptr_array_add(reading->plan->processes, g_memdup2(&kept, sizeof(kept)));
	}
}

static bool ask_configuration(struct plan_reading *reading, GError **error)
{
	const struct plan_source *source = reading->source;

	if (!source->configuration)
		return true;
	if (!source->configuration(source->data, reading->plan->service, &reading->defaults, error))
		return odr_context(error, "%s", reading->plan->path);
	keep_processes(reading);
	return true;
}

static bool read_plan(struct plan_reading *reading, const char *text, size_t size, GError **error)
{
	const DrillPlan *plan = reading->plan;

	reading->keyfile = keyfile_parse(text, size, plan->path, error);
	if (!reading->keyfile || !plan_check_names(reading->keyfile, error) ||
	    !plan_fill(reading, error) || !plan_read_moment(reading, error) ||
	    !plan_read_meaning(reading, error) || !ask_configuration(reading, error) ||
	    !plan_lint(reading, error) || !plan_load_files(reading, text, size, error))
		return false;
	for (guint i = 0; i < reading->keyfile->warnings->len; i++)
		g_ptr_array_add(plan->warnings, g_strdup(reading->keyfile->warnings->pdata[i]));
	return true;
}

DrillPlan *drill_plan_parse(const char *text, size_t size, const char *path,
			    const struct plan_source *source, GError **error)
{
	g_autoptr(DrillPlan) plan = plan_new(path);
	struct plan_reading reading = {.plan = plan, .source = source};
	bool read;

	reading.folder = g_path_get_dirname(path);
	read = read_plan(&reading, text, size, error);
	keyfile_free(reading.keyfile);
	g_free(reading.folder);
	return read ? g_steal_pointer(&plan) : NULL;
}

DrillPlan *drill_plan_load(const char *path, const struct plan_source *source, GError **error)
{
	g_autoptr(GBytes) content = NULL;
	const char *text;
	gsize size;

	if (!file_read(path, KEYFILE_SIZE_MAX, &content, error)) {
		odr_context(error, "cannot read the plan");
		return NULL;
	}
	text = g_bytes_get_data(content, &size);
	return drill_plan_parse(text ? text : "", size, path, source, error);
}

const struct plan_file *drill_plan_file(const DrillPlan *plan, const char *name)
{
	for (guint i = 0; i < plan->files->len; i++) {
		const struct plan_file *file = plan->files->pdata[i];

		if (strcmp(file->name, name) == 0)
			return file;
	}
	return NULL;
}

const struct plan_check *drill_plan_check(const DrillPlan *plan, const char *name)
{
	for (guint i = 0; i < plan->checks->len; i++) {
		const struct plan_check *check = plan->checks->pdata[i];

		if (strcmp(check->name, name) == 0)
			return check;
	}
	return NULL;
}
