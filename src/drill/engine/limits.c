/* What the copy may take: [sandbox] of the plan. Whether the kernel keeps to it is looked at, and recorded as it is. */
#include "drill/engine/engine.h"
#include "drill/engine/record.h"

#include <string.h>

/* How a limit came to hold. */
struct keeping {
	const char *key, *file; /* of the plan; of a control group */
	bool by_process;	/* for each process alone */
	char *how;		/* end of a sentence, of that */
};

/* ---- before the copy ----------------------------------------------------------------------------- */

void drill_limits_make(Drill *drill)
{
	const struct plan_sandbox *plan = &drill->plan->sandbox;
	struct drill_limits *limits = &drill->limits;
	g_autoptr(GError) trouble = NULL;

	limits->group = cgroup_make(drill->request->run_id,
				    &(struct cgroup_limits){.memory = plan->memory,
							    .cpu_weight = plan->cpu_weight,
							    .io_weight = plan->io_weight},
				    &trouble);
	limits->why = g_strdup(trouble ? trouble->message
				       : "the control group does not have that controller");
	limits->asked =
		(struct process_limits){.group = limits->group ? cgroup_procs(limits->group) : NULL,
					.memory = plan->memory,
					.nice = nice_of_weight(plan->cpu_weight),
					.disk_turn = disk_turn_of_weight(plan->io_weight)};
	limits->peak = -1;
}

void drill_limits_clear(struct drill_limits *limits)
{
	g_clear_pointer(&limits->group, cgroup_free);
	g_clear_pointer(&limits->why, g_free);
}

/* ---- whether they hold --------------------------------------------------------------------------- */

static bool is_in_group(const Drill *drill, pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/cgroup", (int)pid);
	g_autofree char *text = NULL;

	return drill->limits.group && g_file_get_contents(path, &text, NULL, NULL) &&
	       strstr(text, drill->request->run_id);
}

static void find_out(const Drill *drill, struct keeping keeping[DRILL_LIMITS])
{
	const struct drill_limits *limits = &drill->limits;
	const struct process_limits *asked = &limits->asked, *found = &limits->found;

	keeping[0] = (struct keeping){
		"memory", "memory.max", found->memory == asked->memory,
		g_strdup("for each process alone, and what is its own of it (RLIMIT_DATA)")};
	keeping[1] = (struct keeping){
		"cpu-weight", "cpu.weight",
		drill->plan->sandbox.cpu_weight <= 100 && found->nice >= asked->nice,
		g_strdup_printf("for each process alone (nice %d)", found->nice)};
	keeping[2] = (struct keeping){
		"io-weight", "io.weight",
		drill->plan->sandbox.io_weight <= 100 && found->disk_turn == asked->disk_turn,
		g_strdup_printf("for each process alone (turn %d of best effort)",
				found->disk_turn)};
}

static bool is_written(const DrillPlan *plan, const char *key)
{
	for (guint i = 0; plan->values && i < plan->values->len; i++) {
		const struct plan_value *value = plan->values->pdata[i];

		if (strcmp(value->group, "sandbox") == 0 && strcmp(value->key, key) == 0)
			return value->line != 0;
	}
	return false;
}

static const char *word_of(enum drill_keeping keeping)
{
	static const char *const words[] = {[DRILL_KEPT_BY_NOBODY] = NULL,
					    [DRILL_KEPT_BY_GROUP] = "group",
					    [DRILL_KEPT_BY_PROCESS] = "process"};

	return words[keeping];
}

void drill_limits_look(Drill *drill, pid_t server)
{
	struct drill_limits *limits = &drill->limits;
	struct keeping keeping[DRILL_LIMITS];
	bool grouped = is_in_group(drill, server);

	limits_of(server, &limits->found);
	find_out(drill, keeping);
	for (size_t i = 0; i < DRILL_LIMITS; i++) {
		const struct keeping *each = &keeping[i];

		limits->kept[i] = grouped && cgroup_keeps(limits->group, each->file)
					  ? DRILL_KEPT_BY_GROUP
				  : !grouped && each->by_process ? DRILL_KEPT_BY_PROCESS
								 : DRILL_KEPT_BY_NOBODY;
		if (is_written(drill->plan, each->key) && limits->kept[i] != DRILL_KEPT_BY_GROUP &&
		    !limits->told)
			drill_deviate(drill, "%s= of [sandbox] holds %s: %s", each->key,
				      limits->kept[i] == DRILL_KEPT_BY_PROCESS ? each->how
									       : "not at all",
				      limits->why);
		g_free(each->how);
	}
	limits->told = limits->looked = true;
}

void drill_limits_end(Drill *drill)
{
	struct drill_limits *limits = &drill->limits;

	if (!limits->group)
		return;
	limits->peak = cgroup_memory_peak(limits->group);
	limits->killed = cgroup_memory_kills(limits->group);
	if (limits->killed > 0)
		drill_deviate(drill,
			      "%" G_GINT64_FORMAT
			      " processes of the copy were ended by the kernel, "
			      "for they had all the memory of [sandbox]",
			      limits->killed);
}

/* ---- of the record ------------------------------------------------------------------------------- */

static json_t *limit_json(const Drill *drill, size_t number, const char *name, uint64_t asked)
{
	const struct drill_limits *limits = &drill->limits;
	enum drill_keeping kept = limits->kept[number];
	json_t *object = json_object();

	json_set_string(object, "name", name);
	json_set_int(object, "asked", (int64_t)asked);
	json_set_bool(object, "held", kept != DRILL_KEPT_BY_NOBODY);
	json_set_string(object, "by", word_of(kept));
	json_set_string(object, "reason", kept == DRILL_KEPT_BY_GROUP ? NULL : limits->why);
	return object;
}

json_t *drill_record_limits(const Drill *drill)
{
	const struct plan_sandbox *plan = &drill->plan->sandbox;
	const struct drill_limits *limits = &drill->limits;
	json_t *section, *list;

	if (!limits->looked)
		return json_null();
	section = json_object();
	list = json_array();
	json_array_append_new(list, limit_json(drill, 0, "memory", plan->memory));
	json_array_append_new(list, limit_json(drill, 1, "cpu-weight", plan->cpu_weight));
	json_array_append_new(list, limit_json(drill, 2, "io-weight", plan->io_weight));
	json_set(section, "limits", list);
	json_set_string(section, "discard", drill_discard_name(drill->plan));
	json_set_string(section, "key", *drill->sandbox.key ? drill->sandbox.key : NULL);
	json_set(section, "memory_peak",
		 limits->peak >= 0 ? json_integer(limits->peak) : json_null());
	json_set(section, "memory_kills",
		 limits->group ? json_integer(limits->killed) : json_null());
	return section;
}
