/* odrbackup drill due, show, clean: what is to be done, what was done, and what that left. */
#include "base/error.h"
#include "base/log.h"
#include "base/trim.h"
#include "cli/drill/abandoned.h"
#include "cli/drill/plan.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/views/drill_record.h"
#include "drill/drill.h"
#include "drill/evidence/history.h"
#include "drill/evidence/record.h"
#include "ops/sandbox.h"
#include "repo/layout.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NOT_DUE 8

/* ---- what the commands begin with ----------------------------------------------------------------- */

struct place {
	const struct arguments *arguments;
	Settings *settings;
	GPtrArray *plans; /* DrillPlan */
};

static void place_clear(struct place *place)
{
	g_clear_pointer(&place->plans, g_ptr_array_unref);
	settings_free(place->settings);
}

static bool open_settings(struct place *place, GError **error)
{
	if (!drill_settings(place->arguments, &place->settings, error))
		return false;
	return place->settings || odr_fail(error, ODR_ERROR_USAGE,
					   "there is no configuration: name one with --config");
}

static bool read_plans(struct place *place, GError **error)
{
	g_autoptr(GPtrArray) found = NULL;
	const GPtrArray *named = place->arguments->positional;

	place->plans = g_ptr_array_new_with_free_func((GDestroyNotify)drill_plan_free);
	if (named->len == 0 && !drill_plans_found(place->settings, &found, error))
		return false;
	for (guint i = 0; i < (found ? found : named)->len; i++) {
		const char *name = (found ? found : named)->pdata[i];
		g_autofree char *path =
			found ? g_strdup(name) : drill_plan_path(place->settings, name);
		DrillPlan *plan = drill_plan_read(place->settings, path, error);

		if (!plan)
			return false;
		g_ptr_array_add(place->plans, plan);
	}
	return true;
}

/* ---- due ----------------------------------------------------------------------------------------- */

struct due {
	char *slot;
	const struct history_drill *last; /* or NULL */
	bool done, open;		  /* it has its drill in this slot; its window is open */
};

static struct due due_of(const DrillPlan *plan, const History *history, usec_t now)
{
	struct due due = {.slot = drill_plan_slot(plan, now),
			  .last = history_last(history, plan->name),
			  .open = drill_plan_in_window(plan, now)};

	due.done = history_has(history, plan->name, due.slot);
	return due;
}

static const char *due_word(const struct due *due)
{
	return due->done ? "done" : due->open ? "due" : "waits for its window";
}

static json_t *due_json(const DrillPlan *plan, const struct due *due)
{
	json_t *object = json_object();

	json_set_string(object, "plan", plan->name);
	json_set_string(object, "service", plan->service);
	json_set_string(object, "slot", due->slot);
	json_set_string(object, "state", due->done ? "done" : due->open ? "due" : "waiting");
	json_set_string(object, "last_run", due->last ? due->last->run : NULL);
	json_set_string(object, "last_outcome", due->last ? due->last->outcome : NULL);
	return object;
}

static void print_due(const struct place *place, const History *history, unsigned *count)
{
	static const char *const headings[] = {"Plan",	  "Service", "Slot", "Last",
					       "Outcome", "Now",     NULL};
	TableOut *table = table_out_new(headings);
	json_t *list = json_array();
	bool json = arguments_flag(place->arguments, "json");

	for (guint i = 0; i < place->plans->len; i++) {
		const DrillPlan *plan = place->plans->pdata[i];
		struct due due = due_of(plan, history, clock_now());
		g_autofree char *last = due.last ? clock_format(due.last->scheduled) : NULL;

		*count += !due.done && due.open;
		json_array_append_new(list, due_json(plan, &due));
		table_out_row(table, plan->name, plan->service, due.slot, last,
			      due.last ? due.last->outcome : NULL, due_word(&due));
		g_free(due.slot);
	}
	if (json) {
		json_t *document = json_object();

		json_set(document, "plans", json_incref(list));
		json_out(document);
	}
	json_decref(list);
	table_out_print(table, json || arguments_flag(place->arguments, "quiet") ? NULL : stdout);
}

bool cmd_drill_due(const struct arguments *arguments, GError **error)
{
	struct place place = {.arguments = arguments};
	g_autoptr(History) history = NULL;
	unsigned count = 0;
	bool done = open_settings(&place, error) && read_plans(&place, error) &&
		    (history = history_read(place.settings->state, error)) != NULL;

	if (done)
		print_due(&place, history, &count);
	if (done && count == 0 && arguments_flag(arguments, "exit-code"))
		*arguments->exit_status = NOT_DUE;
	place_clear(&place);
	return done;
}

/* ---- show ---------------------------------------------------------------------------------------- */

static char *run_named(const History *history, const char *name)
{
	for (guint i = history->drills->len; name && strcmp(name, "latest") == 0 && i-- > 0;) {
		const struct history_drill *drill = history->drills->pdata[i];

		if (drill->closed != 0)
			return g_strdup(drill->run);
	}
	return g_strdup(name);
}

static bool show(const struct place *place, const char *run, GError **error)
{
	g_autofree char *folder = evidence_folder(place->settings->state, run);
	g_autofree char *path = g_build_filename(folder, EVIDENCE_RECORD, NULL);
	g_autofree char *text = NULL;
	g_autoptr(Record) record = NULL;

	if (!set_id_valid(run))
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is no run: odrbackup evidence list shows them", run);
	if (!file_read_text(path, EVIDENCE_FILE_MAX, &text, error) ||
	    !record_parse(text, strlen(text), &record, error))
		return odr_context(error, "drill %s", run);
	if (arguments_flag(place->arguments, "json"))
		json_out(json_incref(record->document));
	else
		drill_record_print(record->document);
	return true;
}

bool cmd_drill_show(const struct arguments *arguments, GError **error)
{
	struct place place = {.arguments = arguments};
	g_autoptr(History) history = NULL;
	g_autofree char *run = NULL;
	bool done = open_settings(&place, error) &&
		    (history = history_read(place.settings->state, error)) != NULL;

	if (done) {
		run = run_named(history, arguments_positional(arguments, 0));
		done = show(&place, run, error);
	}
	place_clear(&place);
	return done;
}

/* ---- clean --------------------------------------------------------------------------------------- */

static bool is_over(const char *path, usec_t keep)
{
	struct stat info;

	return lstat(path, &info) == 0 &&
	       clock_now() - (usec_t)info.st_mtim.tv_sec * USEC_PER_SEC >= keep;
}

/* What failed drills left to be looked at, once its time is over. */
static bool clean_kept(const struct place *place, const DrillPlan *plan, unsigned *removed,
		       GError **error)
{
	bool all = arguments_flag(place->arguments, "all");
	g_autoptr(GError) cause = NULL;
	g_autoptr(GDir) dir =
		plan->sandbox.directory ? g_dir_open(plan->sandbox.directory, 0, &cause) : NULL;

	if (cause && !g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		return odr_fail(error, ODR_ERROR_SYSTEM,
				"cannot look for what drills left in '%s': %s",
				plan->sandbox.directory, cause->message);
	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(plan->sandbox.directory, name, NULL);

		if (!g_str_has_prefix(name, DRILL_KEPT_PREFIX) ||
		    (!all && !is_over(path, plan->sandbox.keep_failed)))
			continue;
		if (!sandbox_destroy(path, error))
			return false;
		if (!arguments_flag(place->arguments, "quiet"))
			printf("removed: %s\n", path);
		(*removed)++;
	}
	return true;
}

/* Of each service, once. */
static bool is_first_of_service(const struct place *place, guint number)
{
	const DrillPlan *plan = place->plans->pdata[number];

	for (guint i = 0; i < number; i++)
		if (strcmp(((DrillPlan *)place->plans->pdata[i])->service, plan->service) == 0)
			return false;
	return true;
}

/* Who cannot sign leaves that to who can, and cleans up all the same. */
static bool finish_abandoned(const struct place *place, const char *service, GError **error)
{
	g_autoptr(Context) context = context_open(place->arguments, service, error);
	g_autoptr(GError) trouble = NULL;
	g_autoptr(Audit) audit = NULL;

	if (!context)
		return false;
	if (!context_evidence_key(context, &trouble)) {
		log_debug("drills of %s that died get no record now: %s", service,
			  trouble->message);
		return true;
	}
	audit = audit_open(context->settings->state, error);
	return audit && abandoned_close(context->settings, audit, error) &&
	       abandoned_finish(context, audit, "drill clean", error);
}

static bool finish_all(const struct place *place, GError **error)
{
	bool done = true;

	for (guint i = 0; i < place->plans->len; i++) {
		const DrillPlan *plan = place->plans->pdata[i];

		if (is_first_of_service(place, i) &&
		    !finish_abandoned(place, plan->service, done ? error : NULL))
			done = false;
	}
	return done;
}

/* The device is told of what was removed, as a drill of the plan would have done. */
static void discard(const struct place *place, const DrillPlan *plan)
{
	g_autoptr(GError) trouble = NULL;
	uint64_t bytes = 0;

	if (plan->sandbox.discard != PLAN_DISCARD_BLKDISCARD)
		return;
	if (!trim(plan->sandbox.directory, &bytes, &trouble)) {
		log_warning("%s; the next drill that may does so", trouble->message);
		return;
	}
	g_autofree char *size = size_format(bytes);

	if (!arguments_flag(place->arguments, "quiet"))
		printf("discarded: %s of '%s'\n", size, plan->sandbox.directory);
}

/* What is kept too long, and what is of drills that died. */
static bool clean(const struct place *place, const DrillPlan *plan, unsigned *removed,
		  GError **error)
{
	const char *directory = plan->sandbox.directory;
	unsigned dead = directory ? sandbox_dead(directory) : 0, before = *removed, left = 0;

	if (!clean_kept(place, plan, removed, error))
		return false;
	if (dead > 0)
		left = sandbox_sweep(directory);
	if (dead > 0 || *removed > before)
		discard(place, plan);
	return left == 0 ||
	       odr_fail(error, ODR_ERROR_SYSTEM,
			"not everything that drills left in '%s' could be removed", directory);
}

/* As far as it can be done; the first thing that goes wrong is the error. */
static bool clean_all(const struct place *place, unsigned *removed, GError **error)
{
	bool done = true;

	for (guint i = 0; i < place->plans->len; i++)
		if (!clean(place, place->plans->pdata[i], removed, done ? error : NULL))
			done = false;
	return done;
}

bool cmd_drill_clean(const struct arguments *arguments, GError **error)
{
	struct place place = {.arguments = arguments};
	unsigned removed = 0;
	bool done = open_settings(&place, error) && read_plans(&place, error);

	if (done) {
		/* What is attested comes first; the rest goes in any case. */
		bool finished = finish_all(&place, error);

		done = clean_all(&place, &removed, finished ? error : NULL) && finished;
	}
	if (done && removed == 0)
		*arguments->exit_status = NOT_DUE;
	place_clear(&place);
	return done;
}
