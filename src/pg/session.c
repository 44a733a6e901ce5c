#include "pg/session.h"

#include "base/error.h"
#include "pg/label.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

struct session {
	PGconn *connection;
	int version_num;
};

void session_free(Session *session)
{
	if (!session)
		return;
	PQfinish(session->connection);
	g_free(session);
}

static void quiet(void *data, const PGresult *result)
{
	(void)data, (void)result;
}

/* libpq's messages may have several lines; the first says it. */
static char *first_line(const char *message)
{
	const char *end = strchrnul(message, '\n');

	return g_strndup(message, (gsize)(end - message));
}

static bool fail_query(Session *session, PGresult *result, GError **error)
{
	const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	g_autofree char *text = first_line(primary ? primary : PQerrorMessage(session->connection));
	enum odr_error code = ODR_ERROR_SYSTEM;

	if (PQstatus(session->connection) != CONNECTION_OK)
		code = ODR_ERROR_UNREACHABLE;
	else if (state && strcmp(state, "42501") == 0) /* insufficient_privilege */
		code = ODR_ERROR_AUTH;
	PQclear(result);
	return odr_fail(error, code, "the server says: %s", text);
}

/* The result of a query with rows (or none); PQclear. */
static PGresult *query(Session *session, const char *sql, const char *const *values, int count,
		       GError **error)
{
	PGresult *result =
		PQexecParams(session->connection, sql, count, NULL, values, NULL, NULL, 0);
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
		return result;
	fail_query(session, result, error);
	return NULL;
}

static bool run(Session *session, const char *sql, GError **error)
{
	PGresult *result = query(session, sql, NULL, 0, error);

	PQclear(result);
	return result != NULL;
}

static char *cell(const PGresult *result, int column)
{
	if (PQntuples(result) < 1 || PQnfields(result) <= column || PQgetisnull(result, 0, column))
		return NULL;
	return g_strdup(PQgetvalue(result, 0, column));
}

bool session_value(Session *session, const char *sql, char **value, GError **error)
{
	PGresult *result = query(session, sql, NULL, 0, error);

	if (!result)
		return false;
	*value = cell(result, 0);
	PQclear(result);
	return true;
}

static bool lsn_value(Session *session, const char *sql, const char *const *values, int count,
		      lsn_t *lsn, GError **error)
{
	PGresult *result = query(session, sql, values, count, error);
	g_autofree char *text = NULL;

	if (!result)
		return false;
	text = cell(result, 0);
	PQclear(result);
	if (!text)
		return odr_fail(error, ODR_ERROR_SYSTEM, "the server gave no WAL position");
	return lsn_parse(text, lsn, error);
}

static bool fail_connect(PGconn *connection, GError **error)
{
	g_autofree char *text = first_line(PQerrorMessage(connection));
	bool password = PQconnectionNeedsPassword(connection);

	PQfinish(connection);
	return odr_fail(error, password ? ODR_ERROR_AUTH : ODR_ERROR_UNREACHABLE,
			"cannot connect to the server: %s", text);
}

static bool prepare(Session *session, GError **error)
{
	static const struct {
		int since;
		const char *sql;
	} settings[] = {
		{0, "SELECT pg_catalog.set_config('search_path', 'pg_catalog', false)"},
		{0, "SET statement_timeout = 0"},
		{0, "SET lock_timeout = 0"},
		{0, "SET idle_in_transaction_session_timeout = 0"},
		{0, "SET client_encoding = 'UTF8'"},
		{0, "SET DateStyle = 'ISO'"},
		{140000, "SET idle_session_timeout = 0"},
		{170000, "SET transaction_timeout = 0"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(settings); i++)
		if (session->version_num >= settings[i].since &&
		    !run(session, settings[i].sql, error))
			return odr_context(error, "cannot prepare the connection");
	return true;
}

Session *session_open(const char *conninfo, const char *run_id, GError **error)
{
	g_autofree char *name = g_strdup_printf("odrbackup %s", run_id ? run_id : "");
	const char *const keywords[] = {
		"dbname",	   "fallback_application_name", "connect_timeout",
		"keepalives_idle", "keepalives_interval",	NULL};
	const char *const values[] = {conninfo, g_strchomp(name), "30", "60", "15", NULL};
	PGconn *connection = PQconnectdbParams(keywords, values, 1);
	g_autoptr(Session) session = NULL;

	if (PQstatus(connection) != CONNECTION_OK) {
		fail_connect(connection, error);
		return NULL;
	}
	PQsetNoticeReceiver(connection, quiet, NULL);
	session = g_new0(Session, 1);
	session->connection = connection;
	session->version_num = PQserverVersion(connection);
	if (!prepare(session, error))
		return NULL;
	return g_steal_pointer(&session);
}

void session_server_clear(struct session_server *server)
{
	g_clear_pointer(&server->data_directory, g_free);
	g_clear_pointer(&server->config_file, g_free);
	g_clear_pointer(&server->hba_file, g_free);
	g_clear_pointer(&server->ident_file, g_free);
	g_clear_pointer(&server->archive_mode, g_free);
	g_clear_pointer(&server->archive_command, g_free);
	g_clear_pointer(&server->archive_library, g_free);
	g_clear_pointer(&server->stats_temp_directory, g_free);
}

/* A setting the role may not see is NULL: pg_settings leaves its row out. */
static bool setting(Session *session, const char *name, char **value, GError **error)
{
	PGresult *result =
		query(session, "SELECT setting FROM pg_settings WHERE name = $1", &name, 1, error);

	if (!result)
		return false;
	*value = cell(result, 0);
	PQclear(result);
	return true;
}

static bool read_settings(Session *session, struct session_server *server, GError **error)
{
	const struct {
		const char *name;
		char **value;
	} wanted[] = {{"data_directory", &server->data_directory},
		      {"config_file", &server->config_file},
		      {"hba_file", &server->hba_file},
		      {"ident_file", &server->ident_file},
		      {"archive_mode", &server->archive_mode},
		      {"archive_command", &server->archive_command},
		      {"archive_library", &server->archive_library},
		      {"stats_temp_directory", &server->stats_temp_directory}};

	for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++)
		if (!setting(session, wanted[i].name, wanted[i].value, error))
			return false;
	return true;
}

static int wal_level_of(const char *text)
{
	static const char *const levels[] = {"minimal", "replica", "logical"};

	for (int i = 0; i < (int)G_N_ELEMENTS(levels); i++)
		if (g_strcmp0(text, levels[i]) == 0)
			return i;
	return -1;
}

static bool read_identity(Session *session, struct session_server *server, GError **error)
{
	PGresult *result = query(
		session,
		"SELECT s.system_identifier, pg_is_in_recovery(),"
		" (SELECT rolsuper FROM pg_roles WHERE rolname = current_user), c.timeline_id,"
		" i.bytes_per_wal_segment, current_setting('wal_level')"
		" FROM pg_control_system() s, pg_control_checkpoint() c, pg_control_init() i",
		NULL, 0, error);

	if (!result)
		return false;
	server->system_identifier = g_ascii_strtoull(PQgetvalue(result, 0, 0), NULL, 10);
	server->in_recovery = PQgetvalue(result, 0, 1)[0] == 't';
	server->superuser = PQgetvalue(result, 0, 2)[0] == 't';
	server->timeline = (uint32_t)g_ascii_strtoull(PQgetvalue(result, 0, 3), NULL, 10);
	server->wal_segment_size = (uint32_t)g_ascii_strtoull(PQgetvalue(result, 0, 4), NULL, 10);
	server->wal_level = wal_level_of(PQgetvalue(result, 0, 5));
	PQclear(result);
	if (!wal_segment_size_valid(server->wal_segment_size))
		return odr_fail(error, ODR_ERROR_SYSTEM,
				"the server names a WAL segment size of %u",
				server->wal_segment_size);
	return true;
}

bool session_server(Session *session, struct session_server *server, GError **error)
{
	struct session_server read = {.version_num = session->version_num,
				      .major = session->version_num / 10000};

	if (!read_identity(session, &read, error) || !read_settings(session, &read, error)) {
		session_server_clear(&read);
		return odr_context(error, "cannot ask the server about itself");
	}
	*server = read;
	return true;
}

bool session_backup_start(Session *session, const char *label, bool fast, lsn_t *start,
			  GError **error)
{
	const char *values[] = {label, fast ? "true" : "false"};
	const char *sql = session->version_num >= 150000 ? "SELECT pg_backup_start($1, $2)"
							 : "SELECT pg_start_backup($1, $2, false)";

	return lsn_value(session, sql, values, 2, start, error);
}

bool session_backup_stop(Session *session, struct session_backup_stop *stop, GError **error)
{
	const char *sql =
		session->version_num >= 150000
			? "SELECT lsn, labelfile, spcmapfile FROM pg_backup_stop(false)"
			: "SELECT lsn, labelfile, spcmapfile FROM pg_stop_backup(false, false)";
	PGresult *result = query(session, sql, NULL, 0, error);
	struct session_backup_stop read = {0};
	g_autofree char *lsn = NULL;
	struct backup_label label;

	if (!result)
		return false;
	lsn = cell(result, 0);
	read.label = cell(result, 1);
	read.tablespace_map = cell(result, 2);
	PQclear(result);
	if (!lsn || !read.label) {
		session_backup_stop_clear(&read);
		return odr_fail(error, ODR_ERROR_SYSTEM, "the server gave no backup_label");
	}
	if (!lsn_parse(lsn, &read.lsn, error) || !backup_label_parse(read.label, &label, error)) {
		session_backup_stop_clear(&read);
		return false;
	}
	read.start = label.start;
	read.timeline = label.timeline;
	g_strlcpy(read.first_segment, label.first_segment, sizeof(read.first_segment));
	*stop = read;
	return true;
}

void session_backup_stop_clear(struct session_backup_stop *stop)
{
	g_clear_pointer(&stop->label, g_free);
	g_clear_pointer(&stop->tablespace_map, g_free);
}

bool session_ping(Session *session, GError **error)
{
	return run(session, "SELECT 1", error) || odr_context(error, "the connection was lost");
}

bool session_force_segment(Session *session, char segment[WAL_SEGMENT_NAME_SIZE], GError **error)
{
	g_autofree char *name = NULL;

	/* A commit, so that the segment is not empty: an empty one is not switched. */
	if (!run(session, "SELECT pg_logical_emit_message(true, 'odrbackup', 'archive check')",
		 error) ||
	    !session_value(session, "SELECT pg_walfile_name(pg_switch_wal())", &name, error))
		return false;
	if (!name || strlen(name) != WAL_SEGMENT_NAME_SIZE - 1)
		return odr_fail(error, ODR_ERROR_SYSTEM, "the server named no WAL segment");
	memcpy(segment, name, WAL_SEGMENT_NAME_SIZE);
	return true;
}

bool session_current_lsn(Session *session, lsn_t *lsn, GError **error)
{
	return lsn_value(session, "SELECT pg_current_wal_flush_lsn()", NULL, 0, lsn, error);
}

bool session_restore_point(Session *session, const char *name, lsn_t *end, GError **error)
{
	return lsn_value(session, "SELECT pg_create_restore_point($1)", &name, 1, end, error);
}

static usec_t epoch_of(const char *text)
{
	return text ? (usec_t)(g_ascii_strtod(text, NULL) * USEC_PER_SEC) : 0;
}

bool session_archiver(Session *session, struct session_archiver *archiver, GError **error)
{
	PGresult *result = query(session,
				 "SELECT last_archived_wal, last_failed_wal,"
				 " extract(epoch FROM last_archived_time),"
				 " extract(epoch FROM last_failed_time),"
				 " archived_count, failed_count FROM pg_stat_archiver",
				 NULL, 0, error);
	struct session_archiver read = {0};

	if (!result)
		return odr_context(error, "cannot ask the server about its archiver");
	g_autofree char *archived_at = cell(result, 2);
	g_autofree char *failed_at = cell(result, 3);

	read.last_archived = cell(result, 0);
	read.last_failed = cell(result, 1);
	read.last_archived_at = epoch_of(archived_at);
	read.last_failed_at = epoch_of(failed_at);
	read.archived_count = g_ascii_strtoll(PQgetvalue(result, 0, 4), NULL, 10);
	read.failed_count = g_ascii_strtoll(PQgetvalue(result, 0, 5), NULL, 10);
	read.failing = read.last_failed_at > read.last_archived_at;
	PQclear(result);
	*archiver = read;
	return true;
}

void session_archiver_clear(struct session_archiver *archiver)
{
	g_clear_pointer(&archiver->last_archived, g_free);
	g_clear_pointer(&archiver->last_failed, g_free);
}

static void database_free(gpointer data)
{
	struct session_database *database = data;

	g_free(database->name);
	g_free(database);
}

bool session_databases(Session *session, GPtrArray **databases, GError **error)
{
	PGresult *result =
		query(session, "SELECT oid, datname FROM pg_database ORDER BY oid", NULL, 0, error);
	GPtrArray *list;

	if (!result)
		return odr_context(error, "cannot list the databases");
	list = g_ptr_array_new_with_free_func(database_free);
	for (int i = 0; i < PQntuples(result); i++) {
		struct session_database *database = g_new0(struct session_database, 1);

		database->oid = (uint32_t)g_ascii_strtoull(PQgetvalue(result, i, 0), NULL, 10);
		database->name = g_strdup(PQgetvalue(result, i, 1));
		g_ptr_array_add(list, database);
	}
	PQclear(result);
	*databases = list;
	return true;
}
