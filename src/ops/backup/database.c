#include "ops/backup/database.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/stop.h"
#include "ops/archive/archive.h"
#include "ops/backup/database_steps.h"
#include "ops/cluster.h"
#include "ops/durable.h"
#include "pg/timeline.h"
#include "repo/retention.h"

#define PING_EVERY   (30 * USEC_PER_SEC)
#define MAJOR_OLDEST 13
#define MAJOR_NEWEST 18

static void progress(const struct database_capture *capture, const char *phase, uint64_t done)
{
	backup_progress(capture->part.backup, phase, done,
			capture->copy ? copy_bytes_total(capture->copy) : 0);
}

static bool server_is_suitable(struct database_capture *capture, GError **error)
{
	const struct session_server *server = &capture->server;

	if (server->major < MAJOR_OLDEST || server->major > MAJOR_NEWEST)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the server is PostgreSQL %d; %d to %d are supported",
				server->major, MAJOR_OLDEST, MAJOR_NEWEST);
	if (server->in_recovery)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the server is a standby; backups are taken from the primary");
	if (server->wal_level < 1)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"wal_level is minimal; set it to replica and restart the server");
	if (server->archive_mode && g_strcmp0(server->archive_mode, "off") == 0)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"archive_mode is off; set it to on, set archive_command = "
				"'odrbackup archive-push %%p' and restart the server");
	return true;
}

/* A copy has the same identifier, and no server: to be told before the archive is waited for, which refuses a server
 * that runs elsewhere. */
static bool server_runs_in(const char *pgdata, GError **error)
{
	g_autofree char *pid_file = g_build_filename(pgdata, "postmaster.pid", NULL);

	return access(pid_file, F_OK) == 0 || errno != ENOENT ||
	       odr_fail(error, ODR_ERROR_REFUSED,
			"no server runs in '%s': it is a copy, or the cluster has moved; correct "
			"data-directory of the service",
			pgdata);
}

/* The server answers, and the directory we are going to read is its own. */
static bool database_connect(struct database_capture *capture, GError **error)
{
	const struct backup_request *request = capture->part.backup->request;
	struct session_server *server = &capture->server;

	capture->session = session_open(capture->settings->conninfo, request->run_id, error);
	if (!capture->session || !session_server(capture->session, server, error) ||
	    !server_is_suitable(capture, error))
		return false;
	capture->pgdata =
		g_strdup(capture->settings->data_directory ? capture->settings->data_directory
							   : server->data_directory);
	if (!capture->pgdata)
		return odr_fail(
			error, ODR_ERROR_AUTH,
			"the server does not tell its data directory to this role; grant it "
			"pg_read_all_settings or set data-directory of the service");
	if (!control_read(capture->pgdata, &capture->control, NULL, error))
		return false;
	if (capture->control.system_identifier != server->system_identifier)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"'%s' belongs to the cluster %" G_GUINT64_FORMAT
				", the server we are connected to is %" G_GUINT64_FORMAT
				"; correct postgres or data-directory of the service",
				capture->pgdata, capture->control.system_identifier,
				server->system_identifier);
	return server_runs_in(capture->pgdata, error) &&
	       cluster_pin(request->state, server->system_identifier, error);
}

static bool wait_tick(void *data, GError **error)
{
	struct database_capture *capture = data;
	usec_t now = clock_monotonic();

	if (!stop_check(error))
		return false;
	if (now - capture->pinged < PING_EVERY)
		return true;
	capture->pinged = now;
	return session_ping(capture->session, error);
}

/* What the server says of its archiver, to end a message about WAL that does not arrive. */
static char *archiver_state(struct database_capture *capture)
{
	struct session_archiver archiver = {0};
	const char *command = capture->server.archive_command;
	char *text;

	if (capture->server.archive_library && capture->server.archive_library[0])
		return g_strdup_printf("archive_library is '%s', which is used instead of "
				       "archive_command",
				       capture->server.archive_library);
	if (!session_archiver(capture->session, &archiver, NULL))
		return g_strdup("see the server's log");
	if (archiver.failing)
		text = g_strdup_printf(
			"archiving of %s fails: see the server's log for the message "
			"of archive_command",
			archiver.last_failed);
	else
		text = g_strdup_printf(
			"archive_command is '%s': it must run odrbackup archive-push "
			"for this service",
			command ? command : "(hidden from this role)");
	session_archiver_clear(&archiver);
	return text;
}

static bool wait_durable(struct database_capture *capture, const struct durable_wait *wait,
			 GError **error)
{
	g_autoptr(GError) trouble = NULL;

	if (durable_wait(wait, &trouble))
		return true;
	if (odr_error_is(trouble, ODR_ERROR_TRANSIENT)) {
		g_autofree char *state = archiver_state(capture);

		return odr_fail(error, ODR_ERROR_UNREACHABLE, "%s; %s", trouble->message, state);
	}
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}

/* The journal must not know of WAL that this server has not written yet. */
static bool database_check_present(struct database_capture *capture, GError **error)
{
	const struct session_server *server = &capture->server;
	char segment[WAL_SEGMENT_NAME_SIZE];
	lsn_t at;

	if (!session_current_lsn(capture->session, &at, error))
		return false;
	wal_segment_name(server->timeline, at, server->wal_segment_size, segment);
	return durable_check_present(capture->part.backup->request->state, segment, error);
}

/* Said now, and not by archive_command's failing, nor after hours of copying. */
static bool database_check_locks(struct database_capture *capture, GError **error)
{
	const struct backup_request *request = capture->part.backup->request;
	usec_t until = retention_lock_until(clock_now(), capture->settings->generation_length,
					    request->retain);

	for (guint i = 0; i < request->repos->len; i++)
		if (!store_can_lock(((Repo *)request->repos->pdata[i])->store, until, error))
			return odr_context(error, "cannot start the backup");
	return true;
}

/* Forces a segment through and sees it arrive, before anything is copied in vain. */
static bool database_check_archive(struct database_capture *capture, GError **error)
{
	const struct backup_request *request = capture->part.backup->request;
	char segment[WAL_SEGMENT_NAME_SIZE];

	progress(capture, "checking the archive", 0);
	if (!database_check_present(capture, error) ||
	    !session_force_segment(capture->session, segment, error))
		return odr_context(error, "cannot check the archive");
	if (!wait_durable(capture,
			  &(struct durable_wait){.repos = request->repos,
						 .state = request->state,
						 .first = segment,
						 .last = segment,
						 .segment_size = capture->server.wal_segment_size,
						 .timeout = capture->settings->archive_timeout,
						 .tick = wait_tick,
						 .tick_data = capture},
			  error))
		return odr_context(error, "the archive does not work");
	return true;
}

static bool database_begin(struct database_capture *capture, GError **error)
{
	const struct backup_request *request = capture->part.backup->request;
	g_autofree char *label = g_strdup_printf("odrbackup %s", request->run_id);
	struct control control;

	progress(capture, "waiting for a checkpoint", 0);
	capture->part.started = clock_now();
	capture->lock_until = retention_lock_until(
		capture->part.started, capture->settings->generation_length, request->retain);
	capture->generation = generation_id_new(capture->lock_until);
	if (!session_backup_start(capture->session, label, true, &capture->start, error))
		return odr_context(error, "cannot start the backup");
	capture->pinged = clock_monotonic();
	if (!control_read(capture->pgdata, &control, NULL, error))
		return false;
	if (control.redo < capture->start || control.timeline != capture->server.timeline)
		return odr_fail(
			error, ODR_ERROR_REFUSED,
			"'%s' did not take part in the checkpoint that the server just made: "
			"it is the directory of another cluster",
			capture->pgdata);
	capture->control = control;
	return fault_point("step", "backup started", error);
}

static bool copy_tick(void *data, uint64_t done, GError **error)
{
	struct database_capture *capture = data;

	progress(capture, "copying", done);
	return wait_tick(capture, error);
}

static void outside_add(GPtrArray *paths, const char *pgdata, const char *path)
{
	g_autofree char *inside = g_strconcat(pgdata, "/", NULL);

	if (path && path[0] == '/' && !g_str_has_prefix(path, inside))
		g_ptr_array_add(paths, g_strdup(path));
}

/* Debian keeps PostgreSQL's configuration in /etc/postgresql: no base backup has it. */
static bool copy_configuration(struct database_capture *capture, GError **error)
{
	const struct session_server *server = &capture->server;
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

	outside_add(paths, capture->pgdata, server->config_file);
	outside_add(paths, capture->pgdata, server->hba_file);
	outside_add(paths, capture->pgdata, server->ident_file);
	if (server->config_file) {
		g_autofree char *folder = g_path_get_dirname(server->config_file);
		static const char *const beside[] = {"environment", "pg_ctl.conf", "start.conf"};
		g_autofree char *conf_d = g_build_filename(folder, "conf.d", NULL);
		g_autoptr(GDir) dir = g_dir_open(conf_d, 0, NULL);

		for (size_t i = 0; i < G_N_ELEMENTS(beside); i++) {
			g_autofree char *path = g_build_filename(folder, beside[i], NULL);

			if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
				outside_add(paths, capture->pgdata, path);
		}
		/* The folder itself too: postgresql.conf includes it, and must find it even empty. */
		if (dir)
			outside_add(paths, capture->pgdata, conf_d);
		for (const char *name; dir && (name = g_dir_read_name(dir));) {
			g_autofree char *path = g_build_filename(conf_d, name, NULL);

			if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
				outside_add(paths, capture->pgdata, path);
		}
	}
	for (guint i = 0; i < paths->len; i++) {
		g_autoptr(GError) trouble = NULL;

		if (copy_outside(capture->copy, paths->pdata[i], &trouble))
			continue;
		if (!odr_error_is(trouble, ODR_ERROR_AUTH) &&
		    !odr_error_is(trouble, ODR_ERROR_NOT_FOUND)) {
			g_propagate_error(error, g_steal_pointer(&trouble));
			return false;
		}
		backup_note(capture->part.backup, "the server's '%s' is not in the set: %s",
			    (char *)paths->pdata[i], trouble->message);
	}
	return true;
}

static bool database_copy_files(struct database_capture *capture, GError **error)
{
	const struct backup_request *request = capture->part.backup->request;
	struct pack_sink_settings packs;

	if (!pgdata_walk(&(struct pgdata_walk){.pgdata = capture->pgdata,
					       .control = &capture->control,
					       .stats_temp_directory =
						       capture->server.stats_temp_directory},
			 &capture->files, capture->part.backup->result->notes, error))
		return odr_context(error, "cannot list the data directory");
	packs = backup_sink_settings(capture->part.backup, capture->generation,
				     capture->lock_until);
	capture->sink = pack_sink_new(&packs);
	capture->copy = copy_new(&(struct copy_settings){.pgdata = capture->pgdata,
							 .control = &capture->control,
							 .backup_start = capture->start,
							 .started = capture->part.started,
							 .sink = capture->sink,
							 .workers = MAX(request->workers, 1),
							 .digest_seed = packs.digest_seed,
							 .spool = request->state,
							 .tick = copy_tick,
							 .tick_data = capture},
				 capture->files);
	if (!copy_run(capture->copy, error) || !copy_configuration(capture, error) ||
	    !fault_point("step", "files copied", error))
		return odr_context(error, "cannot copy '%s'", capture->pgdata);
	return copy_last(capture->copy, error);
}

static bool database_end(struct database_capture *capture, GError **error)
{
	g_autofree char *next_xid = NULL;

	progress(capture, "stopping", copy_bytes_total(capture->copy));
	if (!stop_check(error) || !session_backup_stop(capture->session, &capture->stop, error))
		return odr_context(error, "cannot stop the backup");
	capture->part.stopped = clock_now();
	if (capture->stop.timeline != capture->server.timeline)
		return odr_fail(error, ODR_ERROR_FAILED,
				"the server changed its timeline during the backup");
	if (!session_value(capture->session, "SELECT pg_snapshot_xmax(pg_current_snapshot())",
			   &next_xid, error) ||
	    !session_databases(capture->session, &capture->databases, error))
		return odr_context(error, "cannot stop the backup");
	capture->next_xid = next_xid ? g_ascii_strtoll(next_xid, NULL, 10) : 0;
	return fault_point("step", "backup stopped", error);
}

static bool database_wait_for_wal(struct database_capture *capture, GError **error)
{
	const struct backup_request *request = capture->part.backup->request;
	char last[WAL_SEGMENT_NAME_SIZE];

	progress(capture, "waiting for WAL", copy_bytes_total(capture->copy));
	database_last_segment(capture, last);
	if (!wait_durable(capture,
			  &(struct durable_wait){.repos = request->repos,
						 .state = request->state,
						 .first = capture->stop.first_segment,
						 .last = last,
						 .segment_size = capture->server.wal_segment_size,
						 .timeout = capture->settings->archive_timeout,
						 .tick = wait_tick,
						 .tick_data = capture},
			  error))
		return odr_context(error, "the WAL of the backup did not become durable");
	return fault_point("step", "WAL durable", error);
}

/*
 * Without the history of its timeline the set could not be followed by recovery. A server that was promoted
 * while archive_mode was off never queues it, so it is pushed from here, unless it was before.
 */
static bool database_keep_history(struct database_capture *capture, GError **error)
{
	const struct backup_request *request = capture->part.backup->request;
	char name[17];
	bool durable;

	if (capture->stop.timeline == 1)
		return true;
	timeline_history_name(capture->stop.timeline, name);
	if (!durable_file(request->state, request->repos, name, &durable, error))
		return false;
	if (durable)
		return true;
	g_autofree char *path = g_build_filename(capture->pgdata, "pg_wal", name, NULL);
	struct archive_push_request push = {
		.repositories = request->stores,
		.repository_count = request->repos->len,
		.bundle = request->bundle,
		.state = request->state,
		.path = path,
		.workers = 1,
		.compress_level = request->compress_level,
	};

	if (!archive_push(&push, error))
		return odr_context(error, "cannot keep the history of timeline %u",
				   capture->stop.timeline);
	return true;
}

static bool database_capture(BackupPart *part, GError **error)
{
	struct database_capture *capture = (struct database_capture *)part;

	return database_connect(capture, error) && database_check_locks(capture, error) &&
	       database_check_archive(capture, error) && database_begin(capture, error) &&
	       database_copy_files(capture, error) && database_end(capture, error) &&
	       database_wait_for_wal(capture, error) && database_keep_history(capture, error) &&
	       database_store_layer(capture, error);
}

static void database_free(BackupPart *part)
{
	struct database_capture *capture = (struct database_capture *)part;

	g_clear_pointer(&capture->copy, copy_free);
	g_clear_pointer(&capture->sink, pack_sink_free);
	g_clear_pointer(&capture->files, g_ptr_array_unref);
	g_clear_pointer(&capture->damaged, g_ptr_array_unref);
	g_clear_pointer(&capture->databases, g_ptr_array_unref);
	session_backup_stop_clear(&capture->stop);
	session_server_clear(&capture->server);
	g_clear_pointer(&capture->session, session_free);
	g_free(capture->pgdata);
	g_free(capture->generation);
	g_free(capture);
}

static const struct backup_part_class database_class = {
	.name = PART_DATABASE,
	.capture = database_capture,
	.describe = database_describe,
	.free = database_free,
};

BackupPart *backup_database_new(const struct backup_database *settings)
{
	struct database_capture *capture = g_new0(struct database_capture, 1);

	capture->part.class = &database_class;
	capture->settings = settings;
	capture->damaged = g_ptr_array_new_with_free_func((GDestroyNotify)damage_free);
	return &capture->part;
}
