#include "ops/backup.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/stop.h"
#include "ops/archive.h"
#include "ops/backup_steps.h"
#include "ops/cluster.h"
#include "ops/durable.h"
#include "pg/label.h"
#include "pg/session.h"
#include "pg/timeline.h"
#include "repo/chain.h"
#include "repo/retention.h"
#include "repo/wal_journal.h"

#include <string.h>

#define PACK_SIZE_MAX ((size_t)32 << 20)
#define PACK_BUFFERS  ((size_t)128 << 20) /* shared by all workers, two packs each */
#define PING_EVERY    (30 * USEC_PER_SEC)
#define MAJOR_OLDEST  13
#define MAJOR_NEWEST  18

static void progress(struct backup *backup, const char *phase, uint64_t done)
{
	if (backup->request->progress)
		backup->request->progress(
			backup->request->progress_data,
			&(struct backup_progress){
				.phase = phase,
				.bytes_done = done,
				.bytes_total = backup->copy ? copy_bytes_total(backup->copy) : 0});
}

static void note(struct backup *backup, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void note(struct backup *backup, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(backup->result->notes, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

/* One run per service and part; what an earlier run left journaled is finished first. */
static bool backup_prepare(struct backup *backup, GError **error)
{
	const struct backup_request *request = backup->request;
	g_autofree char *lock = g_build_filename(request->state, "backup.lock", NULL);
	g_autofree char *chain = g_build_filename(request->state, "chain", NULL);

	if (!bundle_check_writer(request->bundle, clock_now(), error))
		return odr_context(error, "cannot start the backup");
	if (!file_make_dirs(request->state, 0700, error) ||
	    !file_lock_take(&backup->lock, lock, request->lock_wait, error))
		return odr_context(error, "cannot start the backup");
	if (!chain_load(chain, request->bundle->endorsement.public_key, &backup->chain,
			&backup->result->chain_reason, error))
		return false;
	if (!chain_repeat(&backup->chain, request->repos, clock_now(),
			  &backup->result->chain_reason, error))
		return odr_context(error, "cannot finish publishing the set of the previous run");
	backup->result->new_chain = backup->chain.sequence == 0;
	return true;
}

static bool server_is_suitable(struct backup *backup, GError **error)
{
	const struct session_server *server = &backup->server;

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

/* The server answers, and the directory we are going to read is its own. */
static bool backup_connect(struct backup *backup, GError **error)
{
	const struct backup_request *request = backup->request;
	struct session_server *server = &backup->server;

	backup->session = session_open(request->conninfo, request->run_id, error);
	if (!backup->session || !session_server(backup->session, server, error) ||
	    !server_is_suitable(backup, error))
		return false;
	backup->pgdata = g_strdup(request->data_directory ? request->data_directory
							  : server->data_directory);
	if (!backup->pgdata)
		return odr_fail(
			error, ODR_ERROR_AUTH,
			"the server does not tell its data directory to this role; grant it "
			"pg_read_all_settings or set data-directory of the service");
	if (!control_read(backup->pgdata, &backup->control, NULL, error))
		return false;
	if (backup->control.system_identifier != server->system_identifier)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"'%s' belongs to the cluster %" G_GUINT64_FORMAT
				", the server we are connected to is %" G_GUINT64_FORMAT
				"; correct postgres or data-directory of the service",
				backup->pgdata, backup->control.system_identifier,
				server->system_identifier);
	return cluster_pin(request->state, server->system_identifier, error);
}

static bool wait_tick(void *data, GError **error)
{
	struct backup *backup = data;
	usec_t now = clock_monotonic();

	if (!stop_check(error))
		return false;
	if (now - backup->pinged < PING_EVERY)
		return true;
	backup->pinged = now;
	return session_ping(backup->session, error);
}

/* What the server says of its archiver, to end a message about WAL that does not arrive. */
static char *archiver_state(struct backup *backup)
{
	struct session_archiver archiver = {0};
	const char *command = backup->server.archive_command;
	char *text;

	if (backup->server.archive_library && backup->server.archive_library[0])
		return g_strdup_printf("archive_library is '%s', which is used instead of "
				       "archive_command",
				       backup->server.archive_library);
	if (!session_archiver(backup->session, &archiver, NULL))
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

static bool wait_durable(struct backup *backup, const struct durable_wait *wait, GError **error)
{
	g_autoptr(GError) trouble = NULL;

	if (durable_wait(wait, &trouble))
		return true;
	if (odr_error_is(trouble, ODR_ERROR_TRANSIENT)) {
		g_autofree char *state = archiver_state(backup);

		return odr_fail(error, ODR_ERROR_UNREACHABLE, "%s; %s", trouble->message, state);
	}
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}

/* The journal must not know of WAL that this server has not written yet. */
static bool backup_check_present(struct backup *backup, GError **error)
{
	const struct session_server *server = &backup->server;
	char segment[WAL_SEGMENT_NAME_SIZE];
	lsn_t at;

	if (!session_current_lsn(backup->session, &at, error))
		return false;
	wal_segment_name(server->timeline, at, server->wal_segment_size, segment);
	return durable_check_present(backup->request->state, segment, error);
}

/* Forces a segment through and sees it arrive, before anything is copied in vain. */
static bool backup_check_archive(struct backup *backup, GError **error)
{
	const struct backup_request *request = backup->request;
	char segment[WAL_SEGMENT_NAME_SIZE];

	progress(backup, "checking the archive", 0);
	if (!backup_check_present(backup, error) ||
	    !session_force_segment(backup->session, segment, error))
		return odr_context(error, "cannot check the archive");
	if (!wait_durable(backup,
			  &(struct durable_wait){.repos = request->repos,
						 .state = request->state,
						 .first = segment,
						 .last = segment,
						 .segment_size = backup->server.wal_segment_size,
						 .timeout = request->archive_timeout,
						 .tick = wait_tick,
						 .tick_data = backup},
			  error))
		return odr_context(error, "the archive does not work");
	return true;
}

static bool backup_begin(struct backup *backup, GError **error)
{
	const struct backup_request *request = backup->request;
	g_autofree char *label = g_strdup_printf("odrbackup %s", request->run_id);
	struct control control;

	progress(backup, "waiting for a checkpoint", 0);
	backup->started = clock_now();
	backup->lock_until =
		retention_lock_until(backup->started, request->generation_length, request->retain);
	backup->generation = generation_id_new(backup->lock_until);
	if (!session_backup_start(backup->session, label, true, &backup->start, error))
		return odr_context(error, "cannot start the backup");
	backup->pinged = clock_monotonic();
	if (!control_read(backup->pgdata, &control, NULL, error))
		return false;
	if (control.redo < backup->start || control.timeline != backup->server.timeline)
		return odr_fail(
			error, ODR_ERROR_REFUSED,
			"'%s' did not take part in the checkpoint that the server just made: "
			"it is the directory of another cluster",
			backup->pgdata);
	backup->control = control;
	return fault_point("step", "backup started", error);
}

static bool copy_tick(void *data, uint64_t done, GError **error)
{
	struct backup *backup = data;

	progress(backup, "copying", done);
	return wait_tick(backup, error);
}

static void outside_add(GPtrArray *paths, const char *pgdata, const char *path)
{
	g_autofree char *inside = g_strconcat(pgdata, "/", NULL);

	if (path && path[0] == '/' && !g_str_has_prefix(path, inside))
		g_ptr_array_add(paths, g_strdup(path));
}

/* Debian keeps PostgreSQL's configuration in /etc/postgresql: no base backup has it. */
static bool copy_configuration(struct backup *backup, GError **error)
{
	const struct session_server *server = &backup->server;
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

	outside_add(paths, backup->pgdata, server->config_file);
	outside_add(paths, backup->pgdata, server->hba_file);
	outside_add(paths, backup->pgdata, server->ident_file);
	if (server->config_file) {
		g_autofree char *folder = g_path_get_dirname(server->config_file);
		static const char *const beside[] = {"environment", "pg_ctl.conf", "start.conf"};
		g_autofree char *conf_d = g_build_filename(folder, "conf.d", NULL);
		g_autoptr(GDir) dir = g_dir_open(conf_d, 0, NULL);

		for (size_t i = 0; i < G_N_ELEMENTS(beside); i++) {
			g_autofree char *path = g_build_filename(folder, beside[i], NULL);

			if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
				outside_add(paths, backup->pgdata, path);
		}
		/* The folder itself too: postgresql.conf includes it, and must find it even empty. */
		if (dir)
			outside_add(paths, backup->pgdata, conf_d);
		for (const char *name; dir && (name = g_dir_read_name(dir));) {
			g_autofree char *path = g_build_filename(conf_d, name, NULL);

			if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
				outside_add(paths, backup->pgdata, path);
		}
	}
	for (guint i = 0; i < paths->len; i++) {
		g_autoptr(GError) trouble = NULL;

		if (copy_outside(backup->copy, paths->pdata[i], &trouble))
			continue;
		if (!odr_error_is(trouble, ODR_ERROR_AUTH) &&
		    !odr_error_is(trouble, ODR_ERROR_NOT_FOUND)) {
			g_propagate_error(error, g_steal_pointer(&trouble));
			return false;
		}
		note(backup, "the server's '%s' is not in the set: %s", (char *)paths->pdata[i],
		     trouble->message);
	}
	return true;
}

static bool backup_copy_files(struct backup *backup, GError **error)
{
	const struct backup_request *request = backup->request;
	unsigned workers = MAX(request->workers, 1);

	if (!pgdata_walk(&(struct pgdata_walk){.pgdata = backup->pgdata,
					       .control = &backup->control,
					       .stats_temp_directory =
						       backup->server.stats_temp_directory},
			 &backup->files, backup->result->notes, error))
		return odr_context(error, "cannot list the data directory");
	backup->sink = pack_sink_new(&(struct pack_sink_settings){
		.repos = request->repos,
		.recipients = request->bundle->recipients,
		.service_id = request->bundle->service.id,
		.generation = backup->generation,
		.lock_until = backup->lock_until,
		.pack_size = MIN(PACK_SIZE_MAX, PACK_BUFFERS / (2 * workers)),
		.compress_level = request->compress_level,
		.digest_seed = digest_seed(request->bundle->digest_secret, "content")});
	backup->copy =
		copy_new(&(struct copy_settings){.pgdata = backup->pgdata,
						 .control = &backup->control,
						 .backup_start = backup->start,
						 .started = backup->started,
						 .sink = backup->sink,
						 .workers = workers,
						 .digest_seed = digest_seed(
							 request->bundle->digest_secret, "content"),
						 .tick = copy_tick,
						 .tick_data = backup},
			 backup->files);
	if (!copy_run(backup->copy, error) || !copy_configuration(backup, error) ||
	    !fault_point("step", "files copied", error))
		return odr_context(error, "cannot copy '%s'", backup->pgdata);
	return copy_last(backup->copy, error);
}

static bool backup_end(struct backup *backup, GError **error)
{
	g_autofree char *next_xid = NULL;

	progress(backup, "stopping", copy_bytes_total(backup->copy));
	if (!stop_check(error) || !session_backup_stop(backup->session, &backup->stop, error))
		return odr_context(error, "cannot stop the backup");
	if (backup->stop.timeline != backup->server.timeline)
		return odr_fail(error, ODR_ERROR_FAILED,
				"the server changed its timeline during the backup");
	if (!session_value(backup->session, "SELECT pg_snapshot_xmax(pg_current_snapshot())",
			   &next_xid, error))
		return odr_context(error, "cannot stop the backup");
	backup->next_xid = next_xid ? g_ascii_strtoll(next_xid, NULL, 10) : 0;
	return fault_point("step", "backup stopped", error);
}

static bool backup_wait_for_wal(struct backup *backup, GError **error)
{
	const struct backup_request *request = backup->request;
	char last[WAL_SEGMENT_NAME_SIZE];

	progress(backup, "waiting for WAL", copy_bytes_total(backup->copy));
	backup_last_segment(backup, last);
	if (!wait_durable(backup,
			  &(struct durable_wait){.repos = request->repos,
						 .state = request->state,
						 .first = backup->stop.first_segment,
						 .last = last,
						 .segment_size = backup->server.wal_segment_size,
						 .timeout = request->archive_timeout,
						 .tick = wait_tick,
						 .tick_data = backup},
			  error))
		return odr_context(error, "the WAL of the backup did not become durable");
	return fault_point("step", "WAL durable", error);
}

/*
 * Without the history of its timeline the set could not be followed by recovery. A server that was promoted
 * while archive_mode was off never queues it, so it is pushed from here, unless it was before.
 */
static bool backup_keep_history(struct backup *backup, GError **error)
{
	const struct backup_request *request = backup->request;
	char name[17];
	bool durable;

	if (backup->stop.timeline == 1)
		return true;
	timeline_history_name(backup->stop.timeline, name);
	if (!durable_file(request->state, request->repos, name, &durable, error))
		return false;
	if (durable)
		return true;
	g_autofree char *path = g_build_filename(backup->pgdata, "pg_wal", name, NULL);
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
				   backup->stop.timeline);
	return true;
}

static void backup_clear(struct backup *backup)
{
	file_lock_release(&backup->lock);
	chain_clear(&backup->chain);
	g_clear_pointer(&backup->copy, copy_free);
	g_clear_pointer(&backup->sink, pack_sink_free);
	g_clear_pointer(&backup->files, g_ptr_array_unref);
	session_backup_stop_clear(&backup->stop);
	session_server_clear(&backup->server);
	g_clear_pointer(&backup->session, session_free);
	g_clear_pointer(&backup->manifest, manifest_free);
	g_free(backup->pgdata);
	g_free(backup->generation);
}

static bool backup_steps(struct backup *backup, GError **error)
{
	if (!backup_prepare(backup, error) || !backup_connect(backup, error) ||
	    !backup_check_archive(backup, error) || !backup_begin(backup, error) ||
	    !backup_copy_files(backup, error) || !backup_end(backup, error) ||
	    !backup_wait_for_wal(backup, error) || !backup_keep_history(backup, error) ||
	    !backup_describe(backup, error))
		return false;

	/* Nothing refers to what was stored so far; this makes it a set. */
	return backup_publish(backup, error);
}

bool backup_run(const struct backup_request *request, struct backup_result *result, GError **error)
{
	struct backup backup = {.request = request, .result = result, .lock = {.fd = -1}};

	result->notes = g_ptr_array_new_with_free_func(g_free);
	bool done = backup_steps(&backup, error);

	if (done)
		result->manifest = g_steal_pointer(&backup.manifest);
	backup_clear(&backup);
	return done;
}

void backup_result_clear(struct backup_result *result)
{
	g_clear_pointer(&result->manifest, manifest_free);
	g_clear_pointer(&result->notes, g_ptr_array_unref);
	g_clear_pointer(&result->chain_reason, g_free);
}
