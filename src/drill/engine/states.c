/* The states of a drill, one after the other, and that all of them end in time. */
#include "base/error.h"
#include "base/stop.h"
#include "drill/engine/engine.h"

#include <signal.h>

#define WATCH_EVERY_US 100000
#define HANGS_AFTER    (5 * USEC_PER_SEC)

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
	{"isolated", drill_isolate, drill_announce_place, OUTCOME_ERROR, RESTORING},
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

/* Its record comes first, and is durable. */
static bool announce(Drill *drill, const struct state *state, GError **error)
{
	json_t *data = state->announce ? state->announce(drill) : json_object();

	json_set_string(data, "state", state->name);
	return drill_append(drill, AUDIT_DRILL_ENTERED, data, error);
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

static bool enter(Drill *drill, const struct state *state)
{
	GError **error = &drill->failure;

	drill->state = state->name;
	/* That the chain cannot be written says nothing of the backup. */
	drill->failing = OUTCOME_ERROR;
	drill_progress(drill, &(struct restore_progress){.phase = state->name});
	if (!stop_check(error) || !announce(drill, state, error))
		return false;
	if (state->enter(drill, error))
		return true;
	drill->failing = meaning_of(drill, state);
	/* Who was out of reach there is the server of the copy, which is ours. */
	if (!state->fetches && odr_error_is(*error, ODR_ERROR_UNREACHABLE)) {
		(*error)->code = ODR_ERROR_FAILED;
		odr_context(error, "the server of the copy");
	}
	return false;
}

static void go_through(Drill *drill)
{
	bool done = !drill->failure;

	for (size_t i = 0; i < G_N_ELEMENTS(states) && done; i++)
		if (states[i].kinds & (1U << drill->plan->kind))
			done = enter(drill, &states[i]);
	drill->checked = clock_monotonic();
}

/* ---- its time ------------------------------------------------------------------------------------ */

/* Whatever a drill waits for ends when a stop is requested: so it does when its time is over. Who waits for a server
 * that hangs hears nothing of that, until everything that runs in the sandbox is gone. */
struct watch {
	Drill *drill;
	usec_t end;
	int done, fired; /* atomic */
};

static void end_what_hangs(const struct watch *watch)
{
	drill_end_inhabitants(watch->drill);
}

static bool watch_run(void *data, GError **error)
{
	struct watch *watch = data;
	usec_t patience = 0; /* until then; 0: nobody asked for an end yet */

	(void)error;
	while (!g_atomic_int_get(&watch->done)) {
		usec_t now = clock_monotonic();

		if (now >= watch->end && !stop_requested()) {
			g_atomic_int_set(&watch->fired, 1);
			stop_request(SIGTERM);
		}
		if (patience == 0 && stop_requested())
			patience = now + HANGS_AFTER;
		if (patience != 0 && now >= patience) {
			end_what_hangs(watch);
			patience = now + HANGS_AFTER;
		}
		g_usleep(WATCH_EVERY_US);
	}
	return true;
}

/* What fails once an end was asked for fails because of that, whatever it says: its server is gone, or a program that was
 * asked for its version did not answer. */
static void say_why(const Drill *drill, bool late, GError **failure)
{
	g_autofree char *limit = duration_format(drill->plan->sandbox.time_limit);

	g_clear_error(failure);
	if (late)
		odr_fail(failure, ODR_ERROR_FAILED, "it was not done within %s, its time-limit",
			 limit);
	else
		stop_check(failure);
}

void drill_go_through(Drill *drill)
{
	usec_t limit = drill->plan->sandbox.time_limit;
	struct watch watch = {.drill = drill,
			      .end = limit > 0 ? clock_monotonic() + limit : G_MAXINT64};
	struct task *task = task_start(watch_run, &watch, &drill->failure);

	drill->failing = OUTCOME_ERROR;
	go_through(drill);

	bool stopped = stop_requested(), late;

	g_atomic_int_set(&watch.done, 1);
	task_wait(task, NULL);
	late = g_atomic_int_get(&watch.fired);
	if (drill->failure && stopped)
		say_why(drill, late, &drill->failure);
	if (late)
		stop_request(0);
}
