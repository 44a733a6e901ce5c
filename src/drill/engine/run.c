#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/stop.h"
#include "crypto/digest.h"
#include "drill/engine/code.h"
#include "drill/engine/engine.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WATCH_EVERY_US 100000
#define HANGS_AFTER    (5 * USEC_PER_SEC)

/* ---- what states use ----------------------------------------------------------------------------- */

usec_t drill_span_begin(void)
{
	return clock_monotonic();
}

void drill_span_end(Drill *drill, enum drill_phase phase, const char *component, usec_t from,
		    bool drill_only)
{
	usec_t to = clock_monotonic();
	struct drill_span span = {.phase = phase,
				  .component = component,
				  .began = clock_now() - (to - from),
				  .from = from,
				  .to = to,
				  .drill_only = drill_only};

	g_array_append_val(drill->spans, span);
}

void drill_progress(const Drill *drill, const struct restore_progress *progress)
{
	if (drill->request->progress)
		drill->request->progress(drill->request->progress_data, drill->state, progress);
}

void drill_deviate(Drill *drill, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(drill->deviations, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

char *drill_plan_text(const Drill *drill, const char *name)
{
	const struct plan_file *file = name ? drill_plan_file(drill->plan, name) : NULL;
	gsize size = 0;
	const char *bytes = file ? g_bytes_get_data(file->content, &size) : NULL;

	return bytes ? g_strndup(bytes, size) : NULL;
}

/* ---- the states ---------------------------------------------------------------------------------- */

#define EVERY	  (RESTORING | 1U << PLAN_VERIFY)
#define RESTORING (1U << PLAN_RESTORE | 1U << PLAN_KIT)
static const struct state {
	const char *name;
	bool (*enter)(Drill *drill, GError **error);
	json_t *(*announce)(const Drill *drill); /* NULL: only its name */
	enum drill_outcome failing;
	unsigned kinds; /* of plans that enter it: bits 1 << PLAN_… */
	bool fetches;	/* from repositories, and asks nobody else */
} states[] = {
	{"opening", drill_open, NULL, OUTCOME_FAIL_RESTORE, EVERY, true},
	{"drawn", drill_draw, NULL, OUTCOME_ERROR, EVERY, true},
	{"preflight", drill_preflight, NULL, OUTCOME_FAIL_RESTORE, EVERY, true},
	{"verifying", drill_verify, drill_announce_preflight, OUTCOME_FAIL_RESTORE,
	 1U << PLAN_VERIFY, true},
	{"provisioned", drill_provision, drill_announce_preflight, OUTCOME_ERROR, RESTORING},
	{"isolated", drill_isolate, NULL, OUTCOME_ERROR, RESTORING},
	{"restoring", drill_restore, drill_announce_restore, OUTCOME_FAIL_RESTORE, RESTORING, true},
	{"replaying", drill_replay, NULL, OUTCOME_FAIL_RESTORE, RESTORING, true},
	{"paused", drill_arrive, NULL, OUTCOME_FAIL_RESTORE, RESTORING},
	{"checks-paused", drill_check_paused, drill_announce_arrival, OUTCOME_ERROR, RESTORING},
	{"promoted", drill_promote, NULL, OUTCOME_FAIL_RESTORE, RESTORING},
	{"requeued", drill_requeue, NULL, OUTCOME_ERROR, RESTORING},
	{"neutralized", drill_neutralize, NULL, OUTCOME_ERROR, RESTORING},
	{"checks-app", drill_check_app, NULL, OUTCOME_ERROR, RESTORING},
	{"controls", drill_control, NULL, OUTCOME_ERROR, RESTORING},
};

bool drill_append(const Drill *drill, enum audit_event event, json_t *data, GError **error)
{
	bool done = audit_append(
		drill->request->audit,
		&(struct audit_entry){.event = event, .run = drill->request->run_id, .data = data},
		NULL, error);

	json_decref(data);
	return done;
}

/* Its record comes first, and is durable. */
static bool announce(Drill *drill, const struct state *state, GError **error)
{
	json_t *data = state->announce ? state->announce(drill) : json_object();

	json_set_string(data, "state", state->name);
	return drill_append(drill, AUDIT_DRILL_ENTERED, data, error);
}

static bool enter(Drill *drill, const struct state *state, GError **error)
{
	drill->state = state->name;
	drill_progress(drill, &(struct restore_progress){.phase = state->name});
	return stop_check(error) && announce(drill, state, error) && state->enter(drill, error);
}

/* That a repository is out of reach says nothing of what is in it. */
static enum drill_outcome meaning_of(const Drill *drill, const struct state *state)
{
	if (drill->over_limit)
		return OUTCOME_SKIPPED;
	if (state->fetches && (odr_error_is(drill->failure, ODR_ERROR_UNREACHABLE) ||
			       odr_error_is(drill->failure, ODR_ERROR_TRANSIENT)))
		return OUTCOME_ERROR;
	return state->failing;
}

static void go_through(Drill *drill)
{
	for (size_t i = 0; i < G_N_ELEMENTS(states) && !drill->failure; i++)
		if ((states[i].kinds & (1U << drill->plan->kind)) &&
		    !enter(drill, &states[i], &drill->failure))
			drill->failing = meaning_of(drill, &states[i]);
	drill->checked = clock_monotonic();
}

/* ---- its time ------------------------------------------------------------------------------------ */

/* Whatever a drill waits for ends when a stop is requested: so it does when its time is over. Who waits for a server
 * that hangs hears nothing of that, until the server is gone. */
struct watch {
	Drill *drill;
	usec_t end;
	int done, fired; /* atomic */
};

static void kill_server(Drill *drill)
{
	pid_t server = (pid_t)g_atomic_int_get(&drill->server);

	if (server > 0)
		kill(-server, SIGKILL);
}

static bool watch_run(void *data, GError **error)
{
	struct watch *watch = data;

	(void)error;
	while (!g_atomic_int_get(&watch->done)) {
		if (clock_monotonic() >= watch->end && !stop_requested()) {
			g_atomic_int_set(&watch->fired, 1);
			stop_request(SIGTERM);
		}
		if (g_atomic_int_get(&watch->fired) &&
		    clock_monotonic() >= watch->end + HANGS_AFTER)
			kill_server(watch->drill);
		g_usleep(WATCH_EVERY_US);
	}
	return true;
}

static void say_time_is_over(Drill *drill)
{
	g_autofree char *limit = duration_format(drill->plan->sandbox.time_limit);

	stop_request(0);
	g_clear_error(&drill->failure);
	odr_fail(&drill->failure, ODR_ERROR_FAILED, "it was not done within %s, its time-limit",
		 limit);
}

static void go_through_in_time(Drill *drill)
{
	usec_t limit = drill->plan->sandbox.time_limit;
	struct watch watch = {.drill = drill, .end = clock_monotonic() + limit};
	struct task *task = limit > 0 ? task_start(watch_run, &watch, NULL) : NULL;

	go_through(drill);
	g_atomic_int_set(&watch.done, 1);
	task_wait(task, NULL);
	if (g_atomic_int_get(&watch.fired) && odr_error_is(drill->failure, ODR_ERROR_STOPPED))
		say_time_is_over(drill);
	else if (g_atomic_int_get(&watch.fired))
		stop_request(0);
}

/* ---- its end ------------------------------------------------------------------------------------- */

/* Where it may stay for a look, out of the way of the next drill, which removes what dead ones left. */
static bool keep_sandbox(Drill *drill, GError **error)
{
	const char *run = drill->request->run_id;
	g_autofree char *folder =
		g_strdup_printf("%s/" DRILL_KEPT_PREFIX "%s", drill->plan->sandbox.directory, run);

	if (rename(drill->sandbox.folder, folder) != 0)
		return odr_fail_errno(error, errno, "cannot keep '%s'", drill->sandbox.folder);
	drill->kept = g_steal_pointer(&folder);
	return true;
}

static bool is_kept(const Drill *drill)
{
	return drill->sandbox.folder &&
	       (drill->request->keep ||
		(drill->plan->sandbox.keep_failed > 0 &&
		 (drill->outcomes & ((1U << OUTCOME_FAIL_RESTORE) | (1U << OUTCOME_FAIL_CHECK)))));
}

/* Everything that runs is ended, everything that lies about is removed. What is left is said. */
static void tear_down(Drill *drill)
{
	usec_t from = drill_span_begin();
	json_t *left = json_array();
	g_autoptr(GError) trouble = NULL;
	bool stopped = !drill->replica || replica_stop(drill->replica, &trouble);
	bool gone;

	g_clear_pointer(&drill->replica, replica_free);
	if (!stopped)
		g_ptr_array_add(drill->notes, g_strdup(trouble->message));
	g_clear_error(&trouble);
	gone = is_kept(drill) ? keep_sandbox(drill, &trouble)
			      : !drill->sandbox.folder ||
					file_remove_tree(drill->sandbox.folder, &trouble);
	if (!gone) {
		g_ptr_array_add(drill->notes,
				g_strdup_printf("not everything is removed: %s", trouble->message));
		json_array_append_new(left, json_string(drill->sandbox.folder));
	}
	drill->teardown = json_object();
	json_set_string(drill->teardown, "type", "odrbackup-drill-teardown");
	json_set_string(drill->teardown, "format", "1.0");
	json_set_string(drill->teardown, "run", drill->request->run_id);
	json_set_bool(drill->teardown, "server_stopped", stopped);
	json_set_string(drill->teardown, "sandbox", drill->sandbox.folder);
	json_set_string(drill->teardown, "kept", drill->kept);
	json_set(drill->teardown, "left", left);
	json_set_int(drill->teardown, "duration_us", clock_monotonic() - from);
	json_set_time(drill->teardown, "time", clock_now());
	file_lock_release(&drill->sandbox.lock);
}

static GBytes *document_of(const json_t *value)
{
	char *text = json_print_pretty(value);

	return g_bytes_new_take(text, strlen(text));
}

static json_t *digest_data(GBytes *document)
{
	gsize size;
	const void *bytes = g_bytes_get_data(document, &size);
	json_t *data = json_object();
	uint8_t digest[SHA256_SIZE];

	sha256(bytes, size, digest);
	g_autofree char *hex = hex_encode(digest, SHA256_SIZE);

	json_set_string(data, "record_sha256", hex);
	return data;
}

struct evidence drill_evidence(const Drill *drill)
{
	return (struct evidence){.state = drill->request->state,
				 .repos = drill->means.evidence_repos ? drill->means.evidence_repos
								      : drill->nowhere,
				 .key = drill->request->key,
				 .retain = drill->plan->evidence.retain};
}

/* What it all comes to is in the chain before it is signed, and signed before it is stored. */
static bool sign(Drill *drill, GError **error)
{
	struct evidence evidence = drill_evidence(drill);
	g_autoptr(GBytes) document = document_of(drill->record);
	json_t *data = json_object();

	json_set_string(data, "outcome", drill_outcome_name(drill->outcome));
	return drill_append(drill, AUDIT_DRILL_JUDGED, data, error) &&
	       evidence_sign(&evidence, drill->request->run_id, document, error) &&
	       drill_append(drill, AUDIT_DRILL_SIGNED, digest_data(document), error);
}

static bool store(Drill *drill, GError **error)
{
	struct evidence evidence = drill_evidence(drill);

	if (drill->plan->evidence.store && !drill->means.evidence_repos)
		g_ptr_array_add(drill->notes,
				g_strdup("the evidence is on this host alone: no repository could "
					 "be opened to store it"));
	return !drill->plan->evidence.store || !drill->means.evidence_repos ||
	       (evidence_store(&evidence, drill->request->run_id, error) &&
		drill_append(drill, AUDIT_DRILL_STORED, json_object(), error));
}

static bool attest(Drill *drill, GError **error)
{
	struct evidence evidence = drill_evidence(drill);
	g_autoptr(GBytes) document = document_of(drill->teardown);

	return evidence_attest(&evidence, drill->request->run_id, document, error);
}

static bool close_run(Drill *drill, GError **error)
{
	json_t *data = json_object();

	json_set_string(data, "outcome", drill_outcome_name(drill->outcome));
	return drill_append(drill, AUDIT_DRILL_CLOSED, data, error);
}

/* The end of the chain is signed and stored, so that it cannot be cut off before this drill. The drill has its record in
 * any case. */
static void checkpoint(Drill *drill)
{
	struct evidence evidence = drill_evidence(drill);
	g_autoptr(Checkpoint) made = NULL;
	g_autoptr(GError) trouble = NULL;

	if (!checkpoint_make(&evidence, drill->request->audit, &made, &trouble))
		g_ptr_array_add(drill->notes,
				g_strdup_printf("%s; then run odrbackup audit checkpoint",
						trouble->message));
}

/* The first thing that goes wrong decides what is said, the rest is still done. */
static void conclude(Drill *drill, GError **error)
{
	bool evidence = drill->request->key != NULL;
	int stopped_by = stop_signal();
	g_autoptr(GError) trouble = NULL;

	drill_limits_end(drill);
	drill_judge(drill);
	/* A stop request has had its effect: what follows is to be done all the same. */
	stop_request(0);
	if (evidence && !sign(drill, &trouble))
		odr_context(&trouble, "the record cannot be signed");
	else if (evidence && !store(drill, &trouble))
		odr_context(&trouble, "the evidence cannot be stored, and the drill does not count "
				      "until it is");
	tear_down(drill);
	if (evidence && !trouble)
		drill_write_reports(drill);
	if (evidence && !trouble && !attest(drill, &trouble))
		odr_context(&trouble, "what was removed cannot be attested");
	if (!close_run(drill, trouble ? NULL : &trouble) && !trouble)
		odr_context(&trouble, "the audit chain");
	if (evidence && !trouble && drill->plan->evidence.store)
		checkpoint(drill);
	stop_request(stopped_by);
	if (trouble)
		g_propagate_error(error, g_steal_pointer(&trouble));
}

/* ---- the whole ----------------------------------------------------------------------------------- */

static void drill_clear(Drill *drill)
{
	task_wait(g_steal_pointer(&drill->files.task), NULL);
	replica_free(drill->replica);
	replica_arrival_clear(&drill->arrival);
	isolation_clear(&drill->isolation);
	isolation_clear(&drill->server_isolation);
	drill_limits_clear(&drill->limits);
	restore_result_clear(&drill->restored);
	filestore_choice_clear(&drill->files.choice);
	filestore_holdings_clear(&drill->files.holdings);
	drill_captured_clear(&drill->captured);
	g_free(drill->files.folder);
	g_clear_pointer(&drill->files.names, g_hash_table_unref);
	if (drill->planned)
		restore_plan_clear(&drill->restore);
	restore_holdings_clear(&drill->holdings);
	g_clear_pointer(&drill->databases, g_ptr_array_unref);
	g_clear_pointer(&drill->left_out, g_ptr_array_unref);
	g_clear_pointer(&drill->results, g_ptr_array_unref);
	g_clear_pointer(&drill->deviations, g_ptr_array_unref);
	g_clear_pointer(&drill->spans, g_array_unref);
	g_clear_pointer(&drill->requeue, json_decref);
	g_clear_pointer(&drill->neutralization, json_decref);
	g_clear_pointer(&drill->controls, json_decref);
	g_clear_pointer(&drill->teardown, json_decref);
	g_free(drill->sandbox.folder);
	g_clear_pointer(&drill->nowhere, g_ptr_array_unref);
	g_free(drill->server_sha256);
	g_free(drill->parameters);
	g_free(drill->odoo_log);
	g_free(drill->target.text);
	g_free(drill->target.repository);
	g_free(drill->target.set);
	g_free(drill->target.name);
	g_free(drill->target.anchor);
	drill_anchor_clear(&drill->anchor);
	g_clear_pointer(&drill->target.draw, json_decref);
	g_clear_error(&drill->failure);
	audit_release(drill->request->audit, drill->request->run_id);
}

static json_t *schedule_data(const struct drill_request *request)
{
	json_t *data = json_object();

	json_set_string(data, "plan", request->plan->name);
	json_set_string(data, "plan_hash", request->plan->hash);
	json_set_string(data, "service", request->service);
	json_set_string(data, "slot", request->slot);
	json_set_string(data, "trigger", request->trigger);
	return data;
}

static bool begin(Drill *drill, GError **error)
{
	const struct drill_request *request = drill->request;

	drill->plan = request->plan;
	drill->begun = drill->t_loss = clock_now();
	drill->commanded = clock_monotonic();
	drill->state = "opening";
	drill->spans = g_array_new(FALSE, TRUE, sizeof(struct drill_span));
	drill->results = g_ptr_array_new_with_free_func((GDestroyNotify)drill_check_result_free);
	drill->deviations = g_ptr_array_new_with_free_func(g_free);
	drill->notes = g_ptr_array_new_with_free_func(g_free);
	drill->left_out = g_ptr_array_new_with_free_func(g_free);
	drill->nowhere = g_ptr_array_new();
	return (!request->key ||
		evidence_previous(request->state, request->run_id, drill->previous, error)) &&
	       audit_hold(request->audit, request->run_id, error) &&
	       drill_append(drill, AUDIT_DRILL_SCHEDULED, schedule_data(request), error);
}

static void give(Drill *drill, struct drill_result *result)
{
	*result = (struct drill_result){
		.outcome = drill->outcome,
		.exit_status =
			drill_exit_status(drill->outcome, drill->failure, drill->request->strict),
		.record = g_steal_pointer(&drill->record),
		.folder = evidence_folder(drill->request->state, drill->request->run_id),
		.kept = g_steal_pointer(&drill->kept),
		.notes = g_steal_pointer(&drill->notes),
	};
}

void drill_result_clear(struct drill_result *result)
{
	g_clear_pointer(&result->record, json_decref);
	g_clear_pointer(&result->folder, g_free);
	g_clear_pointer(&result->kept, g_free);
	g_clear_pointer(&result->notes, g_ptr_array_unref);
}

bool drill_run(const struct drill_request *request, struct drill_result *result, GError **error)
{
	Drill drill = {.request = request};
	g_autoptr(GError) trouble = NULL;

	if (begin(&drill, error)) {
		go_through_in_time(&drill);
		conclude(&drill, &trouble);
		give(&drill, result);
	} else {
		g_clear_pointer(&drill.notes, g_ptr_array_unref);
		drill_clear(&drill);
		return false;
	}
	drill_clear(&drill);
	if (!trouble)
		return true;
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}
