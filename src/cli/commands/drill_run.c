/* odrbackup drill run: the plan is carried out, its evidence signed and stored, and what came of it told. */
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/drill/abandoned.h"
#include "cli/drill/lab.h"
#include "cli/drill/means.h"
#include "cli/drill/plan.h"
#include "cli/drill/reports.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/run/notify.h"
#include "cli/run/run.h"
#include "cli/views/drill_record.h"
#include "drill/drill.h"
#include "drill/evidence/history.h"
#include "repo/layout.h"

#include <stdio.h>
#include <string.h>

#define NOT_DUE	       8
#define SECOND_LOOK_US 50000

struct running {
	const struct arguments *arguments;
	DrillPlan *plan;
	struct drill_means_source means;
	Context *context; /* of this host */
	DrillLab *lab;	  /* NULL: none */
	Run *run;	  /* not in a lab */
	char *run_id;
	Audit *audit;
	struct plan_target target; /* --target */
	char *slot;
	char *incident; /* --incident: id; NULL: none */
	unsigned workers;
	bool told; /* what came of it */
};

static void running_clear(struct running *running)
{
	g_clear_pointer(&running->audit, audit_close);
	g_clear_pointer(&running->run, run_free);
	g_clear_pointer(&running->lab, drill_lab_free);
	g_free(running->run_id);
	g_free(running->slot);
	g_free(running->incident);
	plan_target_clear(&running->target);
	drill_means_clear(&running->means);
	drill_plan_free(running->plan);
}

/* ---- before -------------------------------------------------------------------------------------- */

/* What drills that died could not do any more. That it cannot be done now keeps no other from beginning. */
static void finish_abandoned(Context *context, Audit *audit)
{
	g_autoptr(GError) trouble = NULL;

	if (context->evidence_key && !abandoned_finish(context, audit, "drill run", &trouble))
		log_warning("%s; the next drill run, or odrbackup drill clean, does what is left",
			    trouble->message);
}

static bool choose_workers(struct running *running, GError **error)
{
	running->workers = running->plan->sandbox.jobs;
	return arguments_count(running->arguments, "jobs", 64, &running->workers, error);
}

static bool prepare(struct running *running, GError **error)
{
	const struct arguments *arguments = running->arguments;
	const char *target = arguments_text(arguments, "target");

	/* An old report must not be taken for one of a drill that could not begin. */
	if (!drill_reports_begin(arguments, error))
		return false;
	running->plan = drill_plan_open(arguments, arguments_positional(arguments, 0), error);
	if (!running->plan || (target && !plan_target_parse(target, &running->target, error)))
		return false;
	if (!choose_workers(running, error) || !drill_lab_asked(arguments, &running->lab, error))
		return false;
	running->means.lab = running->lab ? &running->lab->store : NULL;
	if (!drill_means_begin(&running->means, arguments, running->plan, error))
		return false;
	running->context = running->means.site;
	return account_incident(running->context, &running->incident, error);
}

/* For timers: they may call as often as they like. */
static bool is_due(const struct running *running, bool *due, GError **error)
{
	g_autoptr(History) history = history_read(running->context->settings->state, error);

	if (!history)
		return false;
	*due = false;
	if (history_has(history, running->plan->name, running->slot))
		log_info("%s is not due: it has its drill of %s", running->plan->name,
			 running->slot);
	else if (!drill_plan_in_window(running->plan, clock_now()))
		log_info("%s is not due: its window is %s, %s", running->plan->name,
			 running->plan->schedule.window_text, running->plan->schedule.zone_name);
	else
		*due = true;
	return true;
}

/* Ids of runs say which came first, but among those of one second. */
static bool wait_for_next_second(const char *state, GError **error)
{
	for (;;) {
		g_autofree char *now = clock_format_compact(clock_now());
		g_autoptr(GPtrArray) runs = NULL;

		if (!evidence_runs(state, &runs, error))
			return false;
		if (runs->len == 0 || !g_str_has_prefix(runs->pdata[runs->len - 1], now))
			return true;
		g_usleep(SECOND_LOOK_US);
	}
}

/* Where no drill looks: its own chain, no run in the catalog. */
static bool begin_lab(struct running *running, GError **error)
{
	Context *context = running->context;

	if (!file_make_dirs(context->spool, 0700, error) ||
	    !drill_lab_begin(running->lab, context->spool, error))
		return false;
	running->run_id = set_id_new(clock_now());
	running->audit = audit_open(running->lab->folder, error);
	return running->audit != NULL;
}

static bool begin(struct running *running, GError **error)
{
	Context *context = running->context;

	if (running->lab)
		return begin_lab(running, error);
	running->audit = audit_open(context->settings->state, error);
	if (!running->audit || !abandoned_close(context->settings, running->audit, error))
		return false;
	finish_abandoned(context, running->audit);
	if (!wait_for_next_second(context->settings->state, error) ||
	    !file_make_dirs(context->spool, 0700, error))
		return false;
	running->run = run_begin(context, "drill");
	running->run_id = g_strdup(running->run->run_id);
	return true;
}

/* ---- the drill ----------------------------------------------------------------------------------- */

static void on_progress(void *data, const char *state, const struct restore_progress *progress)
{
	(void)data;
	progress_update(progress->bytes_done, progress->bytes_total,
			progress->bytes_total ? progress->phase : state);
}

static struct drill_request request_of(struct running *running)
{
	const struct arguments *arguments = running->arguments;
	Context *context = running->context;

	return (struct drill_request){
		.plan = running->plan,
		.service = context->service->name,
		.open = drill_means_open,
		.open_data = &running->means,
		.sets = archive_sets,
		.claim = drill_means_claim,
		.target = running->target.text ? &running->target : NULL,
		.narrowed = arguments_text(arguments, "repository") != NULL,
		.audit = running->audit,
		.key = context->evidence_key,
		.lab = running->lab ? &running->lab->store : NULL,
		.state = running->lab ? running->lab->folder : context->settings->state,
		.spool = context->spool,
		.program = arguments->program_path,
		.run_id = running->run_id,
		.slot = running->slot,
		.trigger = running->lab		       ? "lab"
			   : g_getenv("INVOCATION_ID") ? "timer"
						       : "operator",
		.incident = running->incident,
		.workers = running->workers,
		.archive_timeout = context->settings->archive_get_timeout,
		.keep = arguments_flag(arguments, "keep"),
		.strict = arguments_flag(arguments, "strict"),
		.progress = on_progress,
	};
}

static json_t *summary_of(const struct drill_result *result)
{
	json_t *summary = json_object();

	json_set_string(summary, "outcome", drill_outcome_name(result->outcome));
	json_set_int(summary, "exit_status", result->exit_status);
	json_set_string(summary, "evidence", result->folder);
	json_set_string(summary, "kept", result->kept);
	json_set(summary, "record", json_incref(result->record));
	return summary;
}

static void report(const struct running *running, const struct drill_result *result)
{
	const struct arguments *arguments = running->arguments;

	for (guint i = 0; result->notes && i < result->notes->len; i++)
		log_warning("%s", (char *)result->notes->pdata[i]);
	if (!result->record)
		return;
	if (arguments_flag(arguments, "json")) {
		json_line("summary", summary_of(result));
		return;
	}
	if (arguments_flag(arguments, "quiet") && result->exit_status == 0)
		return;
	drill_record_print(result->record);
	if (result->kept)
		printf("\nThe sandbox is kept: %s\n", result->kept);
	if (running->lab)
		printf("\nA lab with the fault %s: it counts for nothing, and no evidence is "
		       "kept of it\n",
		       running->lab->fault);
	else
		printf("\nEvidence: %s\nNext: odrbackup evidence verify %s\n", result->folder,
		       running->run_id);
}

/* outcome NULL: it begins. */
static void tell(struct running *running, const char *outcome, int exit_status, const char *summary)
{
	if (running->lab)
		return;
	running->told = outcome != NULL;
	notify_drill(running->context->settings, &running->plan->notify,
		     &(struct notify_message){.service = running->plan->service,
					      .plan = running->plan->name,
					      .run = running->run_id,
					      .outcome = outcome,
					      .exit_status = exit_status,
					      .summary = summary});
}

static void tell_result(struct running *running, const struct drill_result *result,
			const GError *failure)
{
	const char *summary = json_string_value(json_object_get(result->record, "summary"));

	if (failure)
		tell(running, drill_outcome_name(OUTCOME_ERROR), odr_error_exit_status(failure),
		     failure->message);
	else
		tell(running, drill_outcome_name(result->outcome), result->exit_status, summary);
}

/* NULL: it passed, or could not be judged whole, or was not due. */
static const char *failure_of(const struct drill_result *result)
{
	const char *summary = json_string_value(json_object_get(result->record, "summary"));

	switch (result->outcome) {
	case OUTCOME_PASS:
	case OUTCOME_WARNINGS:
	case OUTCOME_INCOMPLETE:
	case OUTCOME_SKIPPED:
		return NULL;
	default:
		return summary ? summary : drill_outcome_name(result->outcome);
	}
}

static bool carry_out(struct running *running, GError **error)
{
	struct drill_request request = request_of(running);
	struct drill_result result = {0};
	enum progress_mode mode;
	bool done;

	if (!progress_mode_chosen(running->arguments, &mode, error))
		return false;
	tell(running, NULL, 0, NULL);
	progress_begin(mode, "drilling");
	done = drill_run(&request, &result, error);
	progress_end();
	report(running, &result);
	if (result.record)
		drill_reports_write(running->arguments, result.folder);
	if (done)
		*running->arguments->exit_status = result.exit_status;
	if (running->run)
		run_finish(running->run, done ? NULL : *error,
			   &(struct run_result){.exit_status = result.exit_status,
						.failed = done ? failure_of(&result) : NULL});
	tell_result(running, &result, done ? NULL : *error);
	done = done && (!running->lab || drill_lab_judge(running->lab, &result, error));
	drill_result_clear(&result);
	return done;
}

static bool run(struct running *running, GError **error)
{
	bool due = true;

	running->slot = drill_plan_slot(running->plan, clock_now());
	if (arguments_flag(running->arguments, "if-due") && !is_due(running, &due, error))
		return false;
	if (due)
		return begin(running, error) && carry_out(running, error);
	*running->arguments->exit_status = NOT_DUE;
	return true;
}

bool cmd_drill_run(const struct arguments *arguments, GError **error)
{
	struct running running = {.arguments = arguments};
	bool done = prepare(&running, error) && run(&running, error);

	if (!done && !running.run && !running.lab && running.context)
		run_failed(running.context, "drill", *error);
	if (!done && !running.told && running.context)
		tell_result(&running, &(struct drill_result){0}, *error);
	running_clear(&running);
	return done;
}
