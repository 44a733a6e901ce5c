#include "pg/instance.h"

#include "base/background.h"
#include "base/error.h"
#include "base/file.h"
#include "pg/pgdata.h"
#include "pg/program.h"
#include "pg/server_log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_WITHIN	 "10" /* seconds: a postmaster that hangs answers nobody */
#define SOCKET_MAX	 107  /* sizeof(sun_path) - 1 */
#define SUPERUSER	 "postgres"
#define LOOK_EVERY_US	 100000
#define RETRY_EVERY_US	 200000 /* wal_retrieve_retry_interval of instance_conf.c */
#define STOP_WITHIN	 (60 * USEC_PER_SEC)
#define SHUT_DOWN_WITHIN (10 * USEC_PER_MIN) /* it writes what it has in memory */

struct instance {
	Background *server;
	char *folder, *log, *superuser, *run_id;
	int major;
	enum recovery_type type;
	Session *session; /* for looking on; NULL: not yet */
};

static bool write_file(const char *folder, const char *name, const char *text, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	return file_write(path, text, strlen(text), &(struct file_write){.mode = 0600}, error);
}

static bool folder_is_suitable(const char *folder, GError **error)
{
	g_autofree char *socket = g_build_filename(folder, ".s.PGSQL." INSTANCE_PORT, NULL);

	if (strlen(socket) > SOCKET_MAX)
		return odr_fail(
			error, ODR_ERROR_USAGE,
			"'%s' is too long a path for the socket of a server: %zu bytes at most",
			folder, SOCKET_MAX - strlen("/.s.PGSQL." INSTANCE_PORT));
	return file_make_dirs(folder, 0700, error);
}

/* What the source's operator had set by ALTER SYSTEM is none of this server's business, but is kept to be read. */
static bool move_auto_conf_away(const struct instance_settings *settings, GError **error)
{
	g_autofree char *from = g_build_filename(settings->pgdata, "postgresql.auto.conf", NULL);
	g_autofree char *to =
		g_build_filename(settings->folder, "postgresql.auto.conf.source", NULL);

	if (rename(from, to) < 0 && errno != ENOENT && (errno != EXDEV || unlink(from) < 0))
		return odr_fail_errno(error, errno, "cannot move '%s' away", from);
	return true;
}

static bool write_settings(const struct instance_settings *settings, int *major, GError **error)
{
	struct control control;

	if (!control_read(settings->pgdata, &control, NULL, error))
		return false;
	g_autofree char *text = instance_configuration(settings, &control);

	*major = control.major;
	return move_auto_conf_away(settings, error) &&
	       write_file(settings->folder, "postgresql.conf", text, error) &&
	       write_file(settings->folder, "pg_hba.conf", "local all all trust\n", error) &&
	       write_file(settings->folder, "pg_ident.conf", "", error) &&
	       write_file(settings->pgdata, recovery_signal_file(settings->recovery.type), "",
			  error);
}

/* Nothing of ours: what runs in a database may read it. Its time zone is that of its settings. */
static const char *const environment[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "TZ=UTC",
	NULL};

static Background *start_server(const char *program, const struct instance_settings *settings,
				const char *log, GError **error)
{
	g_autoptr(GPtrArray) writable = g_ptr_array_new();

	g_ptr_array_add(writable, (char *)settings->pgdata);
	g_ptr_array_add(writable, (char *)settings->folder);
	for (size_t i = 0; settings->writable && settings->writable[i]; i++)
		g_ptr_array_add(writable, (char *)settings->writable[i]);
	g_ptr_array_add(writable, NULL);
	return background_start(
		&(struct background_request){
			.argv = (const char *const[]){program, "-D", settings->folder, NULL},
			.environment = environment,
			.folder = settings->folder,
			.output = log,
			.death_signal = SIGQUIT,
			.writable =
				settings->writable ? (const char *const *)writable->pdata : NULL,
			.in_sight = settings->in_sight,
			.limits = settings->limits,
			.ground = settings->ground,
			.no_network = settings->no_network},
		error);
}

char *instance_program(const char *bin, int major, GError **error)
{
	if (geteuid() == 0) {
		odr_fail(error, ODR_ERROR_REFUSED,
			 "PostgreSQL does not run as root: run this as the user of the servers, "
			 "su postgres -c '…'");
		return NULL;
	}
	return pg_program_find(
		&(struct pg_program){
			.name = "postgres", .folder = bin, .major = major, .exactly = true},
		error);
}

Instance *instance_start(const struct instance_settings *settings, GError **error)
{
	g_autoptr(Instance) instance = g_new0(Instance, 1);
	g_autofree char *program = NULL;

	instance->folder = g_strdup(settings->folder);
	instance->log = g_build_filename(settings->folder, "server.log", NULL);
	instance->superuser = g_strdup(settings->superuser ? settings->superuser : SUPERUSER);
	instance->run_id = g_strdup(settings->run_id);
	instance->type = settings->recovery.type;
	if (!folder_is_suitable(settings->folder, error) ||
	    !write_settings(settings, &instance->major, error))
		return NULL;
	program = instance_program(settings->bin, instance->major, error);
	if (!program)
		return NULL;
	instance->server = start_server(program, settings, instance->log, error);
	return instance->server ? g_steal_pointer(&instance) : NULL;
}

void instance_free(Instance *instance)
{
	if (!instance)
		return;
	session_free(instance->session);
	if (instance->server)
		background_stop(instance->server, SIGQUIT, STOP_WITHIN);
	background_free(instance->server);
	g_free(instance->folder);
	g_free(instance->log);
	g_free(instance->superuser);
	g_free(instance->run_id);
	g_free(instance);
}

bool instance_stop(Instance *instance, GError **error)
{
	g_clear_pointer(&instance->session, session_free);
	/* Its data is thrown away: nothing is written out. */
	return background_stop(instance->server, SIGQUIT, STOP_WITHIN) ||
	       odr_fail(error, ODR_ERROR_FAILED, "the private server did not stop within a minute");
}

void instance_shut_down(Instance *instance)
{
	g_clear_pointer(&instance->session, session_free);
	background_stop(instance->server, SIGINT, SHUT_DOWN_WITHIN);
}

pid_t instance_pid(const Instance *instance)
{
	return background_pid(instance->server);
}

const char *instance_log(const Instance *instance)
{
	return instance->log;
}

/* ---- its log --------------------------------------------------------------------------------- */

/* What was said to us while we knocked is no reason for its end. */
static bool find_last_word(void *data, const char *line)
{
	char **word = data;
	const char *said = strstr(line, "FATAL:  ");

	if (!said)
		said = strstr(line, "PANIC:  ");
	if (said && !strstr(said, "the database system is ")) {
		g_free(*word);
		*word = g_utf8_make_valid(said + strlen("FATAL:  "), -1);
	}
	return true;
}

static bool fail_ended(const Instance *instance, int status, GError **error)
{
	g_autofree char *word = NULL;

	if (!server_log_read(instance->log, find_last_word, &word, error))
		return false;
	return odr_fail(error, odr_says_no_space(word) ? ODR_ERROR_NO_SPACE : ODR_ERROR_FAILED,
			"the private server ended (status %d): %s", status,
			word ? word : "its log does not say why");
}

static bool find_target_reached(void *data, const char *line)
{
	bool *reached = data;

	*reached = strstr(line, "LOG:  pausing at the end of recovery") != NULL;
	return !*reached;
}

struct page_search {
	uint32_t database;
	char *page;
};

/* "base/5/16397", "global/1262", "pg_tblspc/16400/PG_15_202209061/5/16397_vm" */
static bool database_of(const char *relation, uint32_t *database)
{
	g_auto(GStrv) parts = g_strsplit(relation, "/", -1);
	guint count = g_strv_length(parts);
	guint64 number = 0;

	if (count < 2 ||
	    (strcmp(parts[0], "global") != 0 &&
	     !g_ascii_string_to_unsigned(parts[count - 2], 10, 1, G_MAXUINT32, &number, NULL)))
		return false;
	*database = (uint32_t)number;
	return true;
}

/* report_invalid_page (access/transam/xlogutils.c): "page 5 of relation base/5/16397 does not exist", "is uninitialized".
 * A relation that cannot be told apart counts as one of ours. */
static bool find_missing_page(void *data, const char *line)
{
	struct page_search *search = data;
	const char *said = strstr(line, "WARNING:  page ");
	const char *name = said ? strstr(said, " of relation ") : NULL;
	uint32_t database;

	if (!name)
		return true;
	g_auto(GStrv) words = g_strsplit(name + strlen(" of relation "), " ", 2);

	if (words[0] && database_of(words[0], &database) &&
	    database >= PGDATA_FIRST_USER_DATABASE && database != search->database)
		return true;
	search->page = g_utf8_make_valid(said + strlen("WARNING:  "), -1);
	return false;
}

bool instance_missing_page(const Instance *instance, uint32_t database, char **page, GError **error)
{
	struct page_search search = {.database = database};

	if (!server_log_read(instance->log, find_missing_page, &search, error))
		return false;
	*page = search.page;
	return true;
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* One value of a connection string: in single quotes, these and backslashes escaped. */
static void append_value(GString *text, const char *name, const char *value)
{
	g_string_append_printf(text, "%s='", name);
	for (; *value; value++) {
		if (*value == '\'' || *value == '\\')
			g_string_append_c(text, '\\');
		g_string_append_c(text, *value);
	}
	g_string_append(text, "' ");
}

char *instance_conninfo(const Instance *instance)
{
	/* What is named here the environment of whoever runs us does not fill in: PGHOSTADDR would lead elsewhere. */
	GString *conninfo = g_string_new("port=" INSTANCE_PORT " connect_timeout=" CONNECT_WITHIN
					 " hostaddr='' target_session_attrs=any ");

	append_value(conninfo, "host", instance->folder);
	append_value(conninfo, "user", instance->superuser);
	return g_string_free(conninfo, FALSE);
}

/* While it starts it lets nobody in. */
static bool look_on(Instance *instance, GError **error)
{
	g_autofree char *conninfo = instance_conninfo(instance);
	g_autoptr(GError) trouble = NULL;

	/* Asked first: what is refused although it answers is refused for good. */
	if (instance->session || !session_answers(conninfo))
		return true;
	instance->session =
		session_open_database(conninfo, "template1", instance->run_id, &trouble);
	if (instance->session || odr_error_is(trouble, ODR_ERROR_UNREACHABLE))
		return true;
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}

static const char *state_query(const Instance *instance)
{
	return instance->major < 14
		       ? "SELECT CASE WHEN NOT pg_is_in_recovery() THEN 'open' WHEN "
			 "pg_is_wal_replay_paused() THEN 'paused' ELSE '' END"
		       : "SELECT CASE WHEN NOT pg_is_in_recovery() THEN 'open' WHEN "
			 "pg_get_wal_replay_pause_state() = 'paused' THEN 'paused' ELSE '' END";
}

/* It may also pause because a setting is too small for the source's, and open because it could not pause. */
static bool judge(const Instance *instance, const char *state, bool *rests, GError **error)
{
	bool reached = false;

	*rests = state[0] != '\0';
	if (strcmp(state, "open") == 0 && instance->type != RECOVERY_DEFAULT)
		return odr_fail(error, ODR_ERROR_FAILED,
				"the private server opened instead of resting at the target");
	if (strcmp(state, "paused") != 0)
		return true;
	if (!server_log_read(instance->log, find_target_reached, &reached, error))
		return false;
	return reached ||
	       odr_fail(error, ODR_ERROR_FAILED,
			"the private server paused before the target; its log says why: %s",
			instance->log);
}

/* One look: false where the server is gone, or says no. *state: of state_query, NULL while it cannot be asked. */
static bool look_at_state(Instance *instance, char **state, GError **error)
{
	g_autoptr(GError) lost = NULL;
	int status;

	if (!background_runs(instance->server, &status))
		return fail_ended(instance, status, error);
	if (!look_on(instance, error))
		return false;
	/* The connection may be gone because the server is: the next look tells. */
	if (instance->session &&
	    !session_value(instance->session, state_query(instance), state, &lost))
		g_clear_pointer(&instance->session, session_free);
	return true;
}

bool instance_wait(Instance *instance, bool (*tick)(void *data, GError **error), void *data,
		   GError **error)
{
	for (bool rests = false; !rests;) {
		g_autofree char *state = NULL;

		if (!tick(data, error) || !look_at_state(instance, &state, error) ||
		    (state && !judge(instance, state, &rests, error)))
			return false;
		if (!rests)
			g_usleep(LOOK_EVERY_US);
	}
	return true;
}

/* ---- to the end of the archive -------------------------------------------------------------------- */

/* Only what was replayed before, and is still all there is, was all there was when its end was met. */
static bool has_settled(const Instance *instance, char **replayed, bool *settled, GError **error)
{
	g_autofree char *now = NULL;

	if (!session_value(instance->session, "SELECT pg_last_wal_replay_lsn()::text", &now, error))
		return false;
	*settled = *replayed && g_strcmp0(now, *replayed) == 0;
	g_free(*replayed);
	*replayed = g_steal_pointer(&now);
	return true;
}

static bool fail_opened(GError **error)
{
	return odr_fail(error, ODR_ERROR_FAILED,
			"the private server opened instead of resting at the end of the archive");
}

/* Nobody told it to rest yet, or to open: a setting is too small for the source's, or somebody else did. */
static bool goes_on(const Instance *instance, const char *state, GError **error)
{
	if (strcmp(state, "open") == 0)
		return fail_opened(error);
	return strcmp(state, "paused") != 0 ||
	       odr_fail(error, ODR_ERROR_FAILED,
			"the private server paused before the end of the archive; its log says "
			"why: %s",
			instance->log);
}

static bool pause_replay(Instance *instance, bool (*tick)(void *data, GError **error), void *data,
			 GError **error)
{
	g_autofree char *nothing = NULL;

	if (!session_value(instance->session, "SELECT pg_wal_replay_pause()::text", &nothing,
			   error))
		return false;
	for (;;) {
		g_autofree char *state = NULL;

		if (!tick(data, error) || !look_at_state(instance, &state, error))
			return false;
		if (state && strcmp(state, "paused") == 0)
			return true;
		if (state && strcmp(state, "open") == 0)
			return fail_opened(error);
		g_usleep(LOOK_EVERY_US);
	}
}

bool instance_wait_for_end(Instance *instance, const struct instance_end *end, GError **error)
{
	g_autofree char *replayed = NULL;

	for (bool settled = false; !settled;) {
		g_autofree char *state = NULL;

		if (!end->tick(end->data, error) || !look_at_state(instance, &state, error) ||
		    (state && !goes_on(instance, state, error)))
			return false;
		if (state && end->is_met(end->data) &&
		    !has_settled(instance, &replayed, &settled, error))
			return false;
		if (!settled)
			g_usleep(2 * RETRY_EVERY_US);
	}
	return pause_replay(instance, end->tick, end->data, error);
}

bool instance_promote(Instance *instance, bool (*tick)(void *data, GError **error), void *data,
		      GError **error)
{
	g_autofree char *nothing = NULL, *resumed = NULL;

	/* A standby is told to promote; to wake what rests it has to go on as well, which at a target is all it takes, and is
	 * refused where the promotion was faster. */
	if (instance->type == RECOVERY_STANDBY &&
	    !session_value(instance->session, "SELECT pg_promote(false)::text", &nothing, error))
		return odr_context(error, "cannot promote the private server");
	if (!session_value(instance->session, "SELECT pg_wal_replay_resume()::text", &resumed,
			   instance->type == RECOVERY_STANDBY ? NULL : error) &&
	    instance->type != RECOVERY_STANDBY)
		return odr_context(error, "cannot promote the private server");
	for (;;) {
		g_autofree char *state = NULL;

		if (!tick(data, error) || !look_at_state(instance, &state, error))
			return false;
		if (state && strcmp(state, "open") == 0)
			return true;
		g_usleep(LOOK_EVERY_US);
	}
}
