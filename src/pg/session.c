#include "pg/session.h"

#include "base/error.h"
#include "pg/label.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <string.h>

#define LABEL_MAX 1024

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

/* Messages may have several lines, of which the first says it, and the server's encoding. */
static char *first_line(const char *message)
{
	return g_utf8_make_valid(message, (gssize)(strchrnul(message, '\n') - message));
}

static const struct {
	const char *sqlstate;
	enum odr_error code;
} reactions[] = {
	{"42501", ODR_ERROR_AUTH},	/* insufficient_privilege */
	{"55P03", ODR_ERROR_BUSY},	/* lock_not_available */
	{"55000", ODR_ERROR_REFUSED},	/* object_not_in_prerequisite_state: recovery, wal_level */
	{"57014", ODR_ERROR_TRANSIENT}, /* query_canceled: a time limit */
	{"XX001", ODR_ERROR_CORRUPT},	/* data_corrupted */
	{"XX002", ODR_ERROR_CORRUPT},	/* index_corrupted */
};

static enum odr_error reaction_to(const Session *session, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (PQstatus(session->connection) != CONNECTION_OK)
		return ODR_ERROR_UNREACHABLE;
	for (size_t i = 0; i < G_N_ELEMENTS(reactions); i++)
		if (g_strcmp0(state, reactions[i].sqlstate) == 0)
			return reactions[i].code;
	return ODR_ERROR_SYSTEM;
}

/* Takes the result. */
static bool fail_query(const Session *session, PGresult *result, GError **error)
{
	const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	g_autofree char *text = first_line(primary ? primary : PQerrorMessage(session->connection));
	enum odr_error code = reaction_to(session, result);

	PQclear(result);
	if (code == ODR_ERROR_UNREACHABLE)
		return odr_fail(error, code, "the connection to the server was lost: %s", text);
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

bool session_script(Session *session, const char *sql, GError **error)
{
	PGresult *result = PQexec(session->connection, sql);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY)
		return fail_query(session, result, error);
	PQclear(result);
	return true;
}

static bool give_rows(const PGresult *result, session_row row, void *data, GError **error)
{
	int columns = PQnfields(result);
	g_autofree const char **values = g_new0(const char *, (gsize)columns + 1);

	for (int i = 0; i < PQntuples(result); i++) {
		for (int k = 0; k < columns; k++)
			values[k] = PQgetisnull(result, i, k) ? NULL : PQgetvalue(result, i, k);
		if (!row(data, values, error))
			return false;
	}
	return true;
}

bool session_rows(Session *session, const char *sql, session_row row, void *data, GError **error)
{
	PGresult *result = query(session, sql, NULL, 0, error);
	bool done = result && give_rows(result, row, data, error);

	PQclear(result);
	return done;
}

/* What is still to come is not wanted. */
static void drop_results(Session *session)
{
	PGcancel *cancel = PQgetCancel(session->connection);
	char ignored[256];

	if (cancel)
		PQcancel(cancel, ignored, sizeof(ignored));
	PQfreeCancel(cancel);
	for (PGresult *result; (result = PQgetResult(session->connection));)
		PQclear(result);
}

/* Takes the result. */
static bool take_result(Session *session, PGresult *result, session_row row, void *data,
			GError **error)
{
	ExecStatusType status = PQresultStatus(result);
	bool done;

	if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK)
		return fail_query(session, result, error);
	done = give_rows(result, row, data, error);
	PQclear(result);
	return done;
}

bool session_stream(Session *session, const char *sql, session_row row, void *data, GError **error)
{
	if (!PQsendQuery(session->connection, sql) || !PQsetSingleRowMode(session->connection)) {
		g_autofree char *text = first_line(PQerrorMessage(session->connection));

		return odr_fail(error, ODR_ERROR_UNREACHABLE,
				"the connection to the server was lost: %s", text);
	}
	for (PGresult *result; (result = PQgetResult(session->connection));)
		if (!take_result(session, result, row, data, error)) {
			drop_results(session);
			return false;
		}
	return true;
}

/* Takes the result. */
static bool read_result(Session *session, PGresult *result, const struct session_reader *reader,
			bool *told, GError **error)
{
	ExecStatusType status = PQresultStatus(result);
	int count = PQnfields(result);
	g_autofree const char **names = g_new0(const char *, (gsize)count + 1);
	bool done = true;

	if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		return fail_query(session, result, error);
	for (int i = 0; i < count; i++)
		names[i] = PQfname(result, i);
	if (!*told)
		done = reader->columns(reader->data, (unsigned)count, names, error);
	*told = true;
	done = done && give_rows(result, reader->row, reader->data, error);
	PQclear(result);
	return done;
}

bool session_query(Session *session, const char *sql, const struct session_reader *reader,
		   GError **error)
{
	bool told = false;

	/* With parameters, of which there are none, the server takes one statement. */
	if (!PQsendQueryParams(session->connection, sql, 0, NULL, NULL, NULL, NULL, 0) ||
	    !PQsetSingleRowMode(session->connection)) {
		g_autofree char *text = first_line(PQerrorMessage(session->connection));

		return odr_fail(error, ODR_ERROR_UNREACHABLE,
				"the connection to the server was lost: %s", text);
	}
	for (PGresult *result; (result = PQgetResult(session->connection));)
		if (!read_result(session, result, reader, &told, error)) {
			drop_results(session);
			return false;
		}
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
	if (!lsn_parse(text, lsn, NULL))
		return odr_fail(error, ODR_ERROR_SYSTEM,
				"the server gave '%s', which is no WAL position", text);
	return true;
}

/* What libpq says of a malformed string may quote a piece of a password. */
static bool check_conninfo(const char *conninfo, GError **error)
{
	PQconninfoOption *options = NULL;

	if (!strchr(conninfo, '=') && !strstr(conninfo, "://")) /* the name of a database */
		return true;
	options = PQconninfoParse(conninfo, NULL);
	if (!options)
		return odr_fail(error, ODR_ERROR_USAGE,
				"the connection string of the server is not one that libpq "
				"understands: write keyword=value pairs or a postgresql:// URI");
	PQconninfoFree(options);
	return true;
}

/* Takes the connection. A server that answers but does not let us in wants another credential. */
static bool fail_connect(PGconn *connection, const char *const *keywords, const char *const *values,
			 GError **error)
{
	g_autofree char *text = first_line(PQerrorMessage(connection));
	bool refused = PQconnectionNeedsPassword(connection) ||
		       PQpingParams(keywords, values, 1) == PQPING_OK;

	PQfinish(connection);
	return odr_fail(error, refused ? ODR_ERROR_AUTH : ODR_ERROR_UNREACHABLE,
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
		/* backup_label and tablespace_map byte for byte */
		{0, "SELECT set_config('client_encoding', current_setting('server_encoding'), "
		    "false)"},
		/* A missing synchronous standby must not hold up the heartbeat. */
		{0, "SET synchronous_commit = local"},
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

Session *session_open_database(const char *conninfo, const char *database, const char *run_id,
			       GError **error)
{
	g_autofree char *name = g_strdup_printf("odrbackup %s", run_id ? run_id : "");
	const struct {
		const char *keyword, *value;
	} parameters[] = {
		{"connect_timeout", "30"},
		{"keepalives", "1"},
		{"keepalives_idle", "60"},
		{"keepalives_interval", "15"},
		{"dbname", conninfo}, /* may say otherwise */
		{"dbname", database}, /* libpq expands only the first */
		{"application_name", g_strchomp(name)},
	};
	const char *keywords[G_N_ELEMENTS(parameters) + 1] = {NULL};
	const char *values[G_N_ELEMENTS(parameters) + 1] = {NULL};
	g_autoptr(Session) session = NULL;
	PGconn *connection;

	if (!check_conninfo(conninfo, error))
		return NULL;
	for (size_t i = 0, n = 0; i < G_N_ELEMENTS(parameters); i++) {
		if (!parameters[i].value)
			continue;
		keywords[n] = parameters[i].keyword;
		values[n++] = parameters[i].value;
	}
	connection = PQconnectdbParams(keywords, values, 1);
	if (PQstatus(connection) != CONNECTION_OK) {
		fail_connect(connection, keywords, values, error);
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

Session *session_open(const char *conninfo, const char *run_id, GError **error)
{
	return session_open_database(conninfo, NULL, run_id, error);
}

bool session_answers(const char *conninfo)
{
	return PQping(conninfo) == PQPING_OK;
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
	g_clear_pointer(&server->bootstrap_role, g_free);
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

/* In hex. pg_control has the timeline of the last checkpoint: too old just after a promotion. */
#define TIMELINE_SQL                                               \
 "CASE WHEN pg_is_in_recovery()"                                   \
 " THEN to_hex((SELECT timeline_id FROM pg_control_checkpoint()))" \
 " ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END"

static uint32_t timeline_of(const char *hex)
{
	return (uint32_t)g_ascii_strtoull(hex, NULL, 16);
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
	PGresult *result = query(session,
				 "SELECT s.system_identifier, pg_is_in_recovery(),"
				 " (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),"
				 " " TIMELINE_SQL ","
				 " i.bytes_per_wal_segment, current_setting('wal_level'),"
				 /* BOOTSTRAP_SUPERUSERID (catalog/pg_authid.h) */
				 " (SELECT rolname FROM pg_roles WHERE oid = 10)"
				 " FROM pg_control_system() s, pg_control_init() i",
				 NULL, 0, error);

	if (!result)
		return false;
	server->system_identifier = g_ascii_strtoull(PQgetvalue(result, 0, 0), NULL, 10);
	server->in_recovery = PQgetvalue(result, 0, 1)[0] == 't';
	server->superuser = PQgetvalue(result, 0, 2)[0] == 't';
	server->timeline = timeline_of(PQgetvalue(result, 0, 3));
	server->wal_segment_size = (uint32_t)g_ascii_strtoull(PQgetvalue(result, 0, 4), NULL, 10);
	server->wal_level = wal_level_of(PQgetvalue(result, 0, 5));
	server->bootstrap_role = g_strdup(PQgetvalue(result, 0, 6));
	PQclear(result);
	if (!wal_segment_size_valid(server->wal_segment_size))
		return odr_fail(error, ODR_ERROR_SYSTEM,
				"the server names a WAL segment size of %" PRIu32,
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

	if (strlen(label) > LABEL_MAX || strpbrk(label, "\r\n"))
		return odr_fail(error, ODR_ERROR_USAGE,
				"the label of a backup is one line of at most %d bytes", LABEL_MAX);
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
		return odr_context(error, "the server's answer is not understood");
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
	return run(session, "SELECT 1", error);
}

/* pg_walfile_name of a segment's end is the segment before it up to 16, the one after it from 17 on. */
static bool name_segment_of_end(PGresult *result, char segment[WAL_SEGMENT_NAME_SIZE],
				GError **error)
{
	uint32_t size = (uint32_t)g_ascii_strtoull(PQgetvalue(result, 0, 1), NULL, 10);
	uint32_t timeline = timeline_of(PQgetvalue(result, 0, 2));
	lsn_t end;

	if (!lsn_parse(PQgetvalue(result, 0, 0), &end, NULL) || !wal_segment_size_valid(size))
		return odr_fail(error, ODR_ERROR_SYSTEM, "the server named no WAL segment");
	wal_segment_name(timeline, wal_segment_number_of_end(end, size) * size, size, segment);
	return true;
}

bool session_force_segment(Session *session, char segment[WAL_SEGMENT_NAME_SIZE], GError **error)
{
	PGresult *result;
	bool done;

	/* A commit of its own, so that the segment is not empty: an empty one is not switched. */
	if (!run(session, "SELECT pg_logical_emit_message(true, 'odrbackup', 'heartbeat')", error))
		return odr_context(error, "cannot write a heartbeat");
	result = query(session,
		       "SELECT pg_switch_wal(), bytes_per_wal_segment, " TIMELINE_SQL
		       " FROM pg_control_init()",
		       NULL, 0, error);
	if (!result)
		return odr_context(error, "cannot switch to a new WAL segment");
	done = name_segment_of_end(result, segment, error);
	PQclear(result);
	return done;
}

bool session_current_lsn(Session *session, lsn_t *lsn, GError **error)
{
	return lsn_value(session,
			 "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
			 " ELSE pg_current_wal_flush_lsn() END",
			 NULL, 0, lsn, error) ||
	       odr_context(error, "cannot ask the server for its WAL position");
}

bool session_restore_point(Session *session, const char *name, lsn_t *end, GError **error)
{
	return lsn_value(session, "SELECT pg_create_restore_point($1)", &name, 1, end, error) ||
	       odr_context(error, "cannot create the restore point '%s'", name);
}

bool session_archiver(Session *session, struct session_archiver *archiver, GError **error)
{
	PGresult *result =
		query(session,
		      "SELECT last_archived_wal, last_failed_wal,"
		      " coalesce((extract(epoch FROM last_archived_time) * 1000000)::int8, 0),"
		      " coalesce((extract(epoch FROM last_failed_time) * 1000000)::int8, 0),"
		      " archived_count, failed_count FROM pg_stat_archiver",
		      NULL, 0, error);
	struct session_archiver read = {0};

	if (!result)
		return odr_context(error, "cannot ask the server about its archiver");
	read.last_archived = cell(result, 0);
	read.last_failed = cell(result, 1);
	read.last_archived_at = g_ascii_strtoll(PQgetvalue(result, 0, 2), NULL, 10);
	read.last_failed_at = g_ascii_strtoll(PQgetvalue(result, 0, 3), NULL, 10);
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
