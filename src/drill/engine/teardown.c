/* What a drill leaves behind: nothing, or a folder that is to be looked at; and what it attests of that. */
#include "base/error.h"
#include "base/inhabitants.h"
#include "drill/engine/engine.h"

#include <errno.h>
#include <stdio.h>

/* Where it may stay for a look, out of the way of the next drill, which removes what dead ones left. */
static bool move_away(Drill *drill, GError **error)
{
	const char *run = drill->request->run_id;
	g_autofree char *folder =
		g_strdup_printf("%s/" DRILL_KEPT_PREFIX "%s", drill->plan->sandbox.directory, run);

	if (rename(drill->sandbox.root, folder) != 0)
		return odr_fail_errno(error, errno, "cannot keep '%s'", drill->sandbox.root);
	drill->kept = g_steal_pointer(&folder);
	return true;
}

/* It keeps its key, if it has one, until drill clean removes both. */
static json_t *keep_sandbox(Drill *drill, json_t *left)
{
	json_t *attested = json_object();
	g_autoptr(GError) trouble = NULL;

	json_set_string(attested, "method", drill_discard_name(drill->plan));
	if (!move_away(drill, &trouble)) {
		g_ptr_array_add(drill->notes,
				g_strdup_printf("not everything is removed: %s", trouble->message));
		json_array_append_new(left, json_string(drill->sandbox.root));
	}
	if (!*drill->sandbox.key)
		return attested;
	json_set_string(attested, "key", drill->sandbox.key);
	json_set_bool(attested, "key_removed", false);
	json_set_bool(attested, "readable", true);
	return attested;
}

static bool is_kept(const Drill *drill)
{
	return drill->sandbox.root &&
	       (drill->request->keep ||
		(drill->plan->sandbox.keep_failed > 0 &&
		 (drill->outcomes & ((1U << OUTCOME_FAIL_RESTORE) | (1U << OUTCOME_FAIL_CHECK)))));
}

/* Before anything of it is done. */
static bool announce(const Drill *drill, GError **error)
{
	json_t *data = json_object();

	json_set_string(data, "state", "teardown");
	json_set_string(data, "sandbox", drill->sandbox.root);
	json_set_bool(data, "kept", is_kept(drill));
	return drill_append(drill, AUDIT_DRILL_ENTERED, data, error);
}

unsigned drill_end_inhabitants(Drill *drill)
{
	const char *folder = g_atomic_pointer_get(&drill->inhabited);

	if (!folder)
		return 0;
	return g_atomic_int_get(&drill->unconfined) ? inhabitants_end_all(folder)
						    : inhabitants_end(folder);
}

/* The server, and what it left when it was killed. False if something had to be. */
static bool end_processes(Drill *drill)
{
	g_autoptr(GError) trouble = NULL;
	bool stopped = !drill->replica || replica_stop(drill->replica, &trouble);

	g_clear_pointer(&drill->replica, replica_free);
	if (!stopped)
		g_ptr_array_add(drill->notes, g_strdup(trouble->message));
	if (drill_end_inhabitants(drill) == 0)
		return stopped;
	g_ptr_array_add(drill->notes,
			g_strdup_printf("processes of the copy were still there, in '%s': they "
					"were ended",
					drill->sandbox.root));
	return false;
}

/* Everything that runs is ended, everything that lies about is removed. What is left is said. */
bool drill_tear_down(Drill *drill, GError **error)
{
	usec_t from = drill_span_begin();
	json_t *left = json_array(), *discard;
	bool announced = announce(drill, error);
	bool stopped = end_processes(drill);

	discard = is_kept(drill) ? keep_sandbox(drill, left) : drill_discard(drill, left);
	drill->teardown = json_object();
	json_set_string(drill->teardown, "type", "odrbackup-drill-teardown");
	json_set_string(drill->teardown, "format", "1.0");
	json_set_string(drill->teardown, "run", drill->request->run_id);
	json_set_bool(drill->teardown, "server_stopped", stopped);
	json_set_string(drill->teardown, "sandbox", drill->sandbox.root);
	json_set_string(drill->teardown, "kept", drill->kept);
	json_set(drill->teardown, "discard", discard);
	json_set(drill->teardown, "left", left);
	json_set_int(drill->teardown, "duration_us", clock_monotonic() - from);
	json_set_time(drill->teardown, "time", clock_now());
	file_lock_release(&drill->sandbox.lock);
	return announced;
}
