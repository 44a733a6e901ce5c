/* From the first byte that is fetched to a server that takes connections. */
#include "base/error.h"
#include "drill/engine/engine.h"
#include "ops/tenant/single.h"

#include <string.h>

/* ---- the cluster --------------------------------------------------------------------------------- */

static void on_progress(void *data, const struct restore_progress *progress)
{
	drill_progress(data, progress);
}

/* As the plan has them; free with g_free. */
static struct instance_parameter *parameters_of(const struct drill_plan *plan)
{
	const GPtrArray *set = plan->postgresql.set;
	struct instance_parameter *parameters = g_new0(struct instance_parameter, set->len + 1);

	for (guint i = 0; i < set->len; i++) {
		const struct plan_parameter *parameter = set->pdata[i];

		parameters[i] = (struct instance_parameter){parameter->name, parameter->value};
	}
	return parameters;
}

/* The whole, where one database is wanted and the set has none of its name. */
static void choose_files(Drill *drill)
{
	const char *name = drill->plan->select.database;

	drill->single = name ? tenant_oid(drill->restore.manifest, name) : 0;
	if (name && !drill->single)
		drill_deviate(drill,
			      "the set has no database '%s': all databases of the cluster were "
			      "restored",
			      name);
}

static void prepare_replica(Drill *drill)
{
	const struct drill_request *request = drill->request;
	const struct drill_plan *plan = drill->plan;

	choose_files(drill);
	drill->parameters = parameters_of(plan);
	drill->get = (struct archive_get_request){.repositories = &drill->store,
						  .repository_count = 1,
						  .identity = drill->means.identity,
						  .workers = request->workers,
						  .timeout = request->archive_timeout,
						  .sets = request->sets};
	drill->replica_request = (struct replica_request){
		.repo = drill->repo,
		.identity = drill->means.identity,
		.plan = &drill->restore,
		.target = &drill->target.target,
		.folder = drill->sandbox.folder,
		.database = drill->single,
		.bin = plan->sandbox.postgres_bin,
		.program = request->program,
		.get = &drill->get,
		.probes = (const char *const *)plan->isolation.probe,
		.host_network = plan->isolation.network == PLAN_NETWORK_HOST,
		.limits = &drill->limits.asked,
		.ground = drill->given,
		.shared_buffers = plan->postgresql.shared_buffers,
		.libraries = (const char *const *)plan->postgresql.libraries,
		.parameters = drill->parameters,
		.spool = drill->sandbox.folder,
		.run_id = request->run_id,
		.workers = request->workers,
		.spans = drill->spans,
		.progress = on_progress,
		.progress_data = drill,
	};
	drill->replica = replica_new(&drill->replica_request);
}

bool drill_restore(Drill *drill, GError **error)
{
	prepare_replica(drill);
	return (drill->plan->select.database || drill_files_start(drill, NULL, error)) &&
	       replica_restore(drill->replica, &drill->restored, error);
}

/* The server's place is proven before its moment is waited for. */
static bool bring_up(Drill *drill, GError **error)
{
	usec_t from = drill_span_begin();
	bool done = replica_start(drill->replica, &drill->server_isolation, error);

	if (done)
		drill_limits_look(drill, replica_pid(drill->replica));
	drill_span_end(drill, PHASE_PROVISION, "database", from, false);
	return done && replica_replay(drill->replica, error);
}

/* Everything once more, and all of it: what one database takes was not enough. */
static bool start_over(Drill *drill, GError **error)
{
	drill->single = drill->replica_request.database = 0;
	isolation_clear(&drill->server_isolation);
	restore_result_clear(&drill->restored);
	return replica_clear(drill->replica, error) &&
	       replica_restore(drill->replica, &drill->restored, error) && bring_up(drill, error);
}

/* What a transaction had locked that had not ended at the moment, replay keeps locked until promotion ends it: an upgrade of
 * Odoo holds most of its tables for hours. */
static bool look_for_locks(Drill *drill, GError **error)
{
	g_autofree char *conninfo = replica_conninfo(drill->replica);
	g_autofree char *count = NULL;
	g_autoptr(Session) session =
		session_open_database(conninfo, "template1", drill->request->run_id, error);

	if (!session ||
	    !session_value(session,
			   "SELECT count(DISTINCT (database, relation)) FROM pg_locks "
			   "WHERE granted AND locktype = 'relation' AND mode = "
			   "'AccessExclusiveLock' AND pid IN (SELECT pid FROM pg_stat_activity "
			   "WHERE backend_type = 'startup')",
			   &count, error))
		return false;
	drill->locked = g_ascii_strtoull(count ? count : "0", NULL, 10);
	return true;
}

/* As a restore of one database goes: its files, and where they are not enough those of all; then what it names. */
static bool settle_single(Drill *drill, GError **error)
{
	const char *name = drill->plan->select.database;
	g_autofree char *reason = NULL;

	if (!name)
		return true;
	if (!replica_examine(drill->replica, name, &reason, error) || !look_for_locks(drill, error))
		return false;
	if (!reason)
		return drill_files_start(drill, name, error);
	drill_deviate(drill, "%s: all databases of the cluster were restored", reason);
	g_clear_pointer(&reason, g_free);
	return start_over(drill, error) && replica_examine(drill->replica, name, &reason, error) &&
	       drill_files_start(drill, name, error);
}

bool drill_replay(Drill *drill, GError **error)
{
	bool done = bring_up(drill, error) && settle_single(drill, error);

	replica_fed(drill->replica, &drill->fed);
	/* Waited for whatever came of the server: it uses what is about to go. */
	return drill_files_end(drill, done ? error : NULL) && done;
}

/* ---- whether that is the moment -------------------------------------------------------------------- */

/* PostgreSQL said at what it stopped; that has to be what was asked for. */
static bool check_moment(const Drill *drill, GError **error)
{
	const struct restore_target *target = &drill->target.target;
	const struct replica_arrival *arrival = &drill->arrival;

	if (target->type == RECOVERY_TIME && arrival->last_commit > target->time)
		return odr_fail(error, ODR_ERROR_FAILED,
				"the server went past the target: its newest commit is later");
	if (target->type == RECOVERY_NAME && target->mark_timeline != 0 &&
	    arrival->lsn != target->lsn)
		return odr_fail(error, ODR_ERROR_FAILED,
				"the server stopped at another restore point of the name '%s' than "
				"that of the mark",
				target->name);
	if (target->type == RECOVERY_LSN && arrival->lsn < target->lsn)
		return odr_fail(error, ODR_ERROR_FAILED, "the server rests before the target");
	if (target->type == RECOVERY_DEFAULT && *drill->fed.absent &&
	    strcmp(drill->fed.absent, drill->restore.last_segment) <= 0)
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"WAL was there up to %s when the drill began, and %s of it is gone",
				drill->restore.last_segment, drill->fed.absent);
	/* Before the end of the set's own WAL a server lets nobody in. */
	return true;
}

static void free_database(void *data)
{
	struct drill_database *database = data;

	odoo_database_free(database->odoo);
	filestore_proof_clear(&database->proof);
	g_free(database->elsewhere);
	g_free(database->name);
	g_free(database);
}

static bool add_database(Drill *drill, const char *conninfo, const char *name, GError **error)
{
	struct drill_database *database = g_new0(struct drill_database, 1);
	g_autoptr(Session) session =
		session_open_database(conninfo, name, drill->request->run_id, error);
	g_autoptr(GError) trouble = NULL;

	database->name = g_strdup(name);
	g_ptr_array_add(drill->databases, database);
	if (!session)
		return false;
	database->odoo = odoo_database_read(session, &trouble);
	if (database->odoo || odr_error_is(trouble, ODR_ERROR_REFUSED))
		return true;
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}

/* PostgreSQL's own are passed over, unless they are asked for. */
static bool is_template(const char *name)
{
	return strcmp(name, "template0") == 0 || strcmp(name, "template1") == 0;
}

struct finding {
	Drill *drill;
	const char *conninfo;
};

/* name, and whether it takes connections */
static bool take_database(void *data, const char *const *values, GError **error)
{
	const struct finding *finding = data;
	Drill *drill = finding->drill;
	const char *only = drill->plan->select.database, *name = values[0];

	if (is_template(name) && g_strcmp0(name, only) != 0)
		return true;
	if (only && strcmp(name, only) != 0)
		g_ptr_array_add(drill->left_out, g_strdup(name));
	else if (strcmp(values[1], "t") != 0)
		drill_deviate(drill,
			      "database '%s' takes no connections, as at the source: nothing in it "
			      "was looked at",
			      name);
	else if (!add_database(drill, finding->conninfo, name, error))
		return odr_context(error, "database '%s'", name);
	return true;
}

static bool find_databases(Drill *drill, GError **error)
{
	g_autofree char *conninfo = replica_conninfo(drill->replica);
	g_autoptr(Session) session =
		session_open_database(conninfo, "template1", drill->request->run_id, error);

	drill->databases = g_ptr_array_new_with_free_func(free_database);
	return session &&
	       session_rows(session, "SELECT datname, datallowconn FROM pg_database ORDER BY oid",
			    take_database, &(struct finding){drill, conninfo}, error);
}

bool drill_arrive(Drill *drill, GError **error)
{
	usec_t from = drill_span_begin();
	bool done = replica_arrival(drill->replica, &drill->arrival, error) &&
		    check_moment(drill, error) && look_for_locks(drill, error) &&
		    (drill->locked || find_databases(drill, error));

	if (done)
		drill_compare_claim(drill);
	drill_span_end(drill, PHASE_GATE, "database", from, true);
	return done;
}

bool drill_promote(Drill *drill, GError **error)
{
	if (!replica_promote(drill->replica, error))
		return false;
	drill->db_ready = clock_monotonic();
	if (drill->locked && (!find_databases(drill, error) || !drill_check_moment(drill, error)))
		return false;

	usec_t from = drill_span_begin();
	bool done = drill_check_stage(drill, PLAN_STAGE_PROMOTED, error);

	drill_span_end(drill, PHASE_GATE, "database", from, false);
	return done;
}
