#include "drill/engine/replica.h"

#include "base/error.h"
#include "base/file.h"
#include "base/hide.h"
#include "base/stop.h"
#include "ops/restore/aside.h"
#include "ops/tenant/single.h"

#include <string.h>
#include <sys/stat.h>

#define AHEAD 8 /* segments fetched before the server asks for them */

struct replica {
	const struct replica_request *request;
	char *data, *server, *tablespaces, *feed, *socket;
	Feeder *feeder;
	Instance *instance;
	bool at_end; /* rests at the end of the archive */
};

Replica *replica_new(const struct replica_request *request)
{
	Replica *replica = g_new0(Replica, 1);

	replica->request = request;
	replica->data = g_build_filename(request->folder, "data", NULL);
	replica->server = g_build_filename(request->folder, "pg", NULL);
	replica->tablespaces = g_build_filename(request->folder, "tablespaces", NULL);
	replica->feed = g_build_filename(request->folder, "feed", NULL);
	replica->socket = g_build_filename(replica->server, "feed", NULL);
	return replica;
}

void replica_free(Replica *replica)
{
	if (!replica)
		return;
	instance_free(replica->instance);
	feeder_free(replica->feeder);
	g_free(replica->data);
	g_free(replica->server);
	g_free(replica->tablespaces);
	g_free(replica->feed);
	g_free(replica->socket);
	g_free(replica);
}

/* ---- what it takes ------------------------------------------------------------------------------- */

static void add_span(const Replica *replica, enum drill_phase phase, usec_t from, bool failed,
		     uint64_t bytes, uint64_t objects)
{
	usec_t to = clock_monotonic();
	struct drill_span span = {.phase = phase,
				  .component = "database",
				  .began = clock_now() - (to - from),
				  .from = from,
				  .to = to,
				  .bytes = bytes,
				  .objects = objects,
				  .failed = failed};

	g_array_append_val(replica->request->spans, span);
}

static bool on_tick(void *data, GError **error)
{
	const struct replica_request *request = ((Replica *)data)->request;

	if (request->progress)
		request->progress(request->progress_data,
				  &(struct restore_progress){.phase = "replaying WAL"});
	return stop_check(error);
}

/* ---- files --------------------------------------------------------------------------------------- */

static bool restore_files(Replica *replica, struct restore_result *result, GError **error)
{
	const struct replica_request *request = replica->request;
	g_autoptr(GHashTable) tablespaces = NULL;

	return restore_aside_tablespaces(request->plan->manifest, replica->tablespaces,
					 &tablespaces, error) &&
	       restore_run(&(struct restore_request){.repo = request->repo,
						     .identity = request->identity,
						     .plan = request->plan,
						     .target = request->target,
						     .pgdata = replica->data,
						     .tablespace_map = tablespaces,
						     .database = request->database,
						     .throw_away = true,
						     .workers = request->workers,
						     .spool = request->spool,
						     .progress = request->progress,
						     .progress_data = request->progress_data},
			   result, error);
}

bool replica_restore(Replica *replica, struct restore_result *result, GError **error)
{
	usec_t from = clock_monotonic();
	bool done = restore_files(replica, result, error);

	add_span(replica, PHASE_BASE, from, !done, done ? result->bytes : 0,
		 done ? result->files : 0);
	return done;
}

/* ---- its server ---------------------------------------------------------------------------------- */

static bool start_feeder(Replica *replica, GError **error)
{
	const struct replica_request *request = replica->request;

	if (!file_make_dirs(replica->server, 0700, error))
		return false;
	replica->feeder = feeder_start(
		&(struct feeder_settings){.socket = replica->socket,
					  .pgdata = replica->data,
					  .folder = replica->feed,
					  .get = request->get,
					  .segment_size =
						  request->plan->manifest->wal->segment_size,
					  .last_segment = request->plan->last_segment,
					  .ahead = AHEAD},
		error);
	return replica->feeder != NULL;
}

/* A word of restore_command, which is given to a shell and in which % is special; g_free. */
static char *command_word(const char *word)
{
	g_autofree char *quoted = g_shell_quote(word);
	g_auto(GStrv) parts = g_strsplit(quoted, "%", -1);

	return g_strjoinv("%%", parts);
}

static char *restore_command(const Replica *replica)
{
	g_autofree char *program = command_word(replica->request->program);
	g_autofree char *socket = command_word(replica->socket);

	return g_strdup_printf("%s archive-get --feeder %s %%f %%p", program, socket);
}

/* What is at its end rests as a standby does: a server that recovers to there would open at once. */
static struct recovery_settings recovery_of(const Replica *replica, const char *command)
{
	const struct replica_request *request = replica->request;
	struct recovery_settings settings =
		restore_recovery_settings(request->plan, request->target);

	if (replica->at_end)
		settings.type = RECOVERY_STANDBY;
	settings.restore_command = command;
	return settings;
}

static bool start_server(Replica *replica, GError **error)
{
	const struct replica_request *request = replica->request;
	const char *writable[] = {replica->tablespaces, NULL};
	const char *in_sight[] = {request->folder, request->program, NULL};
	g_autofree char *command = restore_command(replica);

	replica->at_end = request->target->type == RECOVERY_DEFAULT;
	if (!file_make_dirs(replica->tablespaces, 0700, error))
		return false;
	replica->instance = instance_start(
		&(struct instance_settings){
			.pgdata = replica->data,
			.folder = replica->server,
			.bin = request->bin,
			.superuser = restore_aside_superuser(request->plan->manifest),
			.partial = request->database != 0,
			.writable = writable,
			.no_network = !request->host_network,
			.in_sight = request->host_network ? NULL : in_sight,
			.limits = request->limits,
			.ground = request->ground,
			.shared_buffers = request->shared_buffers,
			.libraries = request->libraries,
			.parameters = request->parameters,
			.run_id = request->run_id,
			.recovery = recovery_of(replica, command)},
		error);
	return replica->instance != NULL;
}

/* A server of the host that was started again has another socket of that name, which nothing could hide: none of those
 * that there were. */
static bool is_newer(const char *socket, usec_t time)
{
	struct stat status;

	return lstat(socket, &status) == 0 &&
	       status.st_ctim.tv_sec * USEC_PER_SEC + status.st_ctim.tv_nsec / 1000 >= time;
}

static void leave_out_newer(GPtrArray *sockets, usec_t time)
{
	for (guint i = sockets->len; i > 0; i--)
		if (is_newer(sockets->pdata[i - 1], time))
			g_ptr_array_remove_index(sockets, i - 1);
}

bool replica_start(Replica *replica, struct isolation *isolation, GError **error)
{
	const struct replica_request *request = replica->request;
	usec_t looked = clock_now();
	g_autoptr(GPtrArray) sockets =
		sockets_in_sight(request->ground ? request->ground->sockets : NULL);

	*isolation = (struct isolation){0};
	if (!start_feeder(replica, error) || !start_server(replica, error))
		return false;
	leave_out_newer(sockets, looked);
	return request->host_network ||
	       isolation_prove(&(struct isolation_request){.probes = request->probes,
							   .given = request->ground != NULL,
							   .sockets = sockets,
							   .own = request->folder,
							   .pid = instance_pid(replica->instance)},
			       isolation, error);
}

/* Proven absent. What else stands in the way ends the server: it is answered by a status above 125. */
static bool is_end_met(void *data)
{
	const Replica *replica = data;
	struct feeder_report report;

	feeder_report(replica->feeder, &report);
	return *report.absent;
}

static bool wait_for_rest(Replica *replica, GError **error)
{
	if (replica->at_end)
		return instance_wait_for_end(replica->instance,
					     &(struct instance_end){.tick = on_tick,
								    .is_met = is_end_met,
								    .data = replica},
					     error);
	return instance_wait(replica->instance, on_tick, replica, error);
}

bool replica_replay(Replica *replica, GError **error)
{
	usec_t from = clock_monotonic();
	bool done = wait_for_rest(replica, error);
	g_autoptr(GError) trouble = NULL;
	struct feeder_report report;

	/* What could not be fetched is the reason, whatever the server makes of it. */
	if (!done && feeder_trouble(replica->feeder, &trouble)) {
		g_clear_error(error);
		g_propagate_error(error, g_steal_pointer(&trouble));
	}
	/* Else who was out of reach is the server, which is ours. */
	else if (!done && odr_error_is(*error, ODR_ERROR_UNREACHABLE))
		(*error)->code = ODR_ERROR_FAILED;
	feeder_report(replica->feeder, &report);
	add_span(replica, PHASE_REPLAY, from, !done, report.bytes, report.segments);
	return done || odr_context(error, "cannot bring the cluster to its moment");
}

/* ---- one database of it ------------------------------------------------------------------------- */

bool replica_examine(const Replica *replica, const char *database, char **reason, GError **error)
{
	return tenant_examine(&(struct tenant_single){.instance = replica->instance,
						      .name = database,
						      .oid = replica->request->database,
						      .run_id = replica->request->run_id},
			      reason, error);
}

bool replica_clear(Replica *replica, GError **error)
{
	g_clear_pointer(&replica->instance, instance_free);
	g_clear_pointer(&replica->feeder, feeder_free);
	return file_remove_tree(replica->data, error) && file_remove_tree(replica->server, error) &&
	       file_remove_tree(replica->tablespaces, error) &&
	       file_remove_tree(replica->feed, error);
}

/* ---- where it rests ------------------------------------------------------------------------------ */

void replica_arrival_clear(struct replica_arrival *arrival)
{
	g_clear_pointer(&arrival->reason, g_free);
}

static bool take_position(void *data, const char *const *values, GError **error)
{
	struct replica_arrival *arrival = data;
	guint64 timeline = 0;

	if (values[2])
		g_ascii_string_to_unsigned(values[2], 10, 0, G_MAXUINT32, &timeline, NULL);
	arrival->timeline = (uint32_t)timeline;
	return values[0] && lsn_parse(values[0], &arrival->lsn, error) &&
	       (!values[1] || clock_parse(values[1], &arrival->last_commit, error));
}

static bool read_position(Replica *replica, struct replica_arrival *arrival, GError **error)
{
	g_autofree char *conninfo = instance_conninfo(replica->instance);
	g_autoptr(Session) session =
		session_open_database(conninfo, "template1", replica->request->run_id, error);

	/* The timeline of what was replayed last: after the end of the archive no checkpoint may tell of it yet. */
	return session &&
	       session_rows(session,
			    "SELECT pg_last_wal_replay_lsn(), "
			    "to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', "
			    "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), "
			    "(SELECT min_recovery_end_timeline FROM pg_control_recovery())",
			    take_position, arrival, error);
}

static bool read_reason(Replica *replica, struct replica_arrival *arrival, GError **error)
{
	struct server_log_recovery log = {0};
	struct feeder_report report;
	bool done = server_log_recovery(instance_log(replica->instance), &log, error);

	feeder_report(replica->feeder, &report);
	if (done && replica->at_end) {
		g_strlcpy(arrival->absent, report.absent, sizeof(arrival->absent));
		arrival->reason =
			g_strdup_printf("the archive ends: %s is not in it", report.absent);
	} else if (done) {
		arrival->reason = g_steal_pointer(&log.stop);
		done = arrival->reason ||
		       odr_fail(error, ODR_ERROR_FAILED,
				"the private server rests, but its log does not say at what");
	}
	server_log_recovery_clear(&log);
	return done;
}

bool replica_arrival(Replica *replica, struct replica_arrival *arrival, GError **error)
{
	*arrival = (struct replica_arrival){0};
	return read_position(replica, arrival, error) && read_reason(replica, arrival, error);
}

/* ---- later --------------------------------------------------------------------------------------- */

bool replica_promote(Replica *replica, GError **error)
{
	usec_t from = clock_monotonic();
	bool done = instance_promote(replica->instance, on_tick, replica, error);

	add_span(replica, PHASE_STARTUP, from, !done, 0, 0);
	return done;
}

char *replica_conninfo(const Replica *replica)
{
	return instance_conninfo(replica->instance);
}

const char *replica_log(const Replica *replica)
{
	return replica->instance ? instance_log(replica->instance) : NULL;
}

pid_t replica_pid(const Replica *replica)
{
	return instance_pid(replica->instance);
}

void replica_fed(Replica *replica, struct feeder_report *report)
{
	*report = (struct feeder_report){0};
	if (replica->feeder)
		feeder_report(replica->feeder, report);
}

const char *replica_data(const Replica *replica)
{
	return replica->data;
}

void replica_shut_down(Replica *replica)
{
	instance_shut_down(replica->instance);
}

bool replica_stop(Replica *replica, GError **error)
{
	return !replica->instance || instance_stop(replica->instance, error);
}
