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

void drill_go_through(Drill *drill)
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
