#include "pg/session.h"

#include "base/error.h"
#include "pg/session_query.h"

#include <string.h>

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
	{"53100", ODR_ERROR_NO_SPACE},	/* disk_full */
	{"57014", ODR_ERROR_TRANSIENT}, /* query_canceled: a time limit */
	{"57P01", ODR_ERROR_UNREACHABLE}, /* admin_shutdown: of this connection, or of the server */
	{"57P02", ODR_ERROR_UNREACHABLE}, /* crash_shutdown */
	{"XX001", ODR_ERROR_CORRUPT},	  /* data_corrupted */
	{"XX002", ODR_ERROR_CORRUPT},	  /* index_corrupted */
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

PGresult *session_ask(Session *session, const char *sql, const char *const *values, int count,
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
	PGresult *result = session_ask(session, sql, NULL, 0, error);

	PQclear(result);
	return result != NULL;
}

char *session_cell(const PGresult *result, int column)
{
	if (PQntuples(result) < 1 || PQnfields(result) <= column || PQgetisnull(result, 0, column))
		return NULL;
	return g_strdup(PQgetvalue(result, 0, column));
}

bool session_value(Session *session, const char *sql, char **value, GError **error)
{
	PGresult *result = session_ask(session, sql, NULL, 0, error);

	if (!result)
		return false;
	*value = session_cell(result, 0);
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
	PGresult *result = session_ask(session, sql, NULL, 0, error);
	bool done = result && give_rows(result, row, data, error);

	PQclear(result);
	return done;
}

/* COPY goes on until somebody ends it: libpq gives the same result for ever. */
static void end_copy(Session *session, ExecStatusType status)
{
	char *row = NULL;

	if (status == PGRES_COPY_IN)
		PQputCopyEnd(session->connection, "nothing is sent here");
	while (status == PGRES_COPY_OUT && PQgetCopyData(session->connection, &row, 0) > 0)
		PQfreemem(row);
}

/* What is still to come is not wanted. */
static void drop_results(Session *session, ExecStatusType status)
{
	PGcancel *cancel = PQgetCancel(session->connection);
	char ignored[256];

	if (cancel)
		PQcancel(cancel, ignored, sizeof(ignored));
	PQfreeCancel(cancel);
	end_copy(session, status);
	for (PGresult *result; (result = PQgetResult(session->connection));)
		PQclear(result);
}

/* Takes the result. Of COPY the server says nothing: it waits. */
static bool fail_result(const Session *session, PGresult *result, GError **error)
{
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_COPY_IN && status != PGRES_COPY_OUT && status != PGRES_COPY_BOTH)
		return fail_query(session, result, error);
	PQclear(result);
	return odr_fail(error, ODR_ERROR_REFUSED, "it is COPY to or from a client, and no query");
}

/* Takes the result. */
static bool take_result(Session *session, PGresult *result, session_row row, void *data,
			GError **error)
{
	ExecStatusType status = PQresultStatus(result);
	bool done;

	if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK)
		return fail_result(session, result, error);
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
	for (PGresult *result; (result = PQgetResult(session->connection));) {
		ExecStatusType status = PQresultStatus(result);

		if (!take_result(session, result, row, data, error)) {
			drop_results(session, status);
			return false;
		}
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
		return fail_result(session, result, error);
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
	for (PGresult *result; (result = PQgetResult(session->connection));) {
		ExecStatusType status = PQresultStatus(result);

		if (!read_result(session, result, reader, &told, error)) {
			drop_results(session, status);
			return false;
		}
	}
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

/* timeout: in seconds, unless conninfo says otherwise. */
static Session *open_within(const char *timeout, const char *conninfo, const char *database,
			    const char *run_id, GError **error)
{
	g_autofree char *name = g_strdup_printf("odrbackup %s", run_id ? run_id : "");
	const struct {
		const char *keyword, *value;
	} parameters[] = {
		{"connect_timeout", timeout},
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

Session *session_open_database(const char *conninfo, const char *database, const char *run_id,
			       GError **error)
{
	return open_within("30", conninfo, database, run_id, error);
}

Session *session_open_briefly(const char *conninfo, const char *database, const char *run_id,
			      GError **error)
{
	return open_within("3", conninfo, database, run_id, error);
}

Session *session_open(const char *conninfo, const char *run_id, GError **error)
{
	return session_open_database(conninfo, NULL, run_id, error);
}

bool session_answers(const char *conninfo)
{
	return PQping(conninfo) == PQPING_OK;
}

bool session_ping(Session *session, GError **error)
{
	return run(session, "SELECT 1", error);
}
