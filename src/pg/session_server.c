/* What a server says of itself. */
#include "base/error.h"
#include "pg/session_query.h"

#include <inttypes.h>

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
	PGresult *result = session_ask(session, "SELECT setting FROM pg_settings WHERE name = $1",
				       &name, 1, error);

	if (!result)
		return false;
	*value = session_cell(result, 0);
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

uint32_t session_timeline(const char *hex)
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
	PGresult *result =
		session_ask(session,
			    "SELECT s.system_identifier, pg_is_in_recovery(),"
			    " (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),"
			    " " SESSION_TIMELINE_SQL ","
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
	server->timeline = session_timeline(PQgetvalue(result, 0, 3));
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

bool session_archiver(Session *session, struct session_archiver *archiver, GError **error)
{
	PGresult *result = session_ask(
		session,
		"SELECT last_archived_wal, last_failed_wal,"
		" coalesce((extract(epoch FROM last_archived_time) * 1000000)::int8, 0),"
		" coalesce((extract(epoch FROM last_failed_time) * 1000000)::int8, 0),"
		" archived_count, failed_count FROM pg_stat_archiver",
		NULL, 0, error);
	struct session_archiver read = {0};

	if (!result)
		return odr_context(error, "cannot ask the server about its archiver");
	read.last_archived = session_cell(result, 0);
	read.last_failed = session_cell(result, 1);
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
	PGresult *result = session_ask(session, "SELECT oid, datname FROM pg_database ORDER BY oid",
				       NULL, 0, error);
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
