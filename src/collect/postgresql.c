/* PostgreSQL: its configuration files, and what of its state no file tells. */
#include "collect/collector.h"

#include "base/error.h"
#include "pg/session.h"

#include <string.h>

/* Rows of a query become rows of a table: the first column names them. */
struct rows {
	const struct collection *collection;
	json_t *table;
	const char *prefix;	    /* of the names, or NULL */
	const char *const *columns; /* behind the first; NULL-terminated */
};

static bool add_row(void *data, const char *const *values, GError **error)
{
	struct rows *rows = data;
	g_autofree char *name =
		g_strconcat(rows->prefix ? rows->prefix : "", values[0] ? values[0] : "", NULL);
	json_t *row = table_row(rows->table, name);

	(void)error;
	for (size_t i = 0; rows->columns[i]; i++) {
		/* A setting is judged by its own name, all else by the column's. */
		bool setting = strcmp(rows->columns[i], "setting") == 0;
		g_autofree char *value = collection_value(
			rows->collection, setting ? name : rows->columns[i], values[i + 1]);

		if (value)
			json_set_string(row, rows->columns[i], value);
	}
	return true;
}

/* One table of the cluster's state. */
struct state {
	const char *path, *source, *hint;
	int since; /* version_num */
	const char *sql;
	const char *columns[12];
};

static const struct state states[] = {
	{"settings.json",
	 "pg_settings",
	 "what is not the default; set the same in the files of the new cluster",
	 0,
	 "SELECT name, setting, unit, source, sourcefile, pending_restart FROM pg_settings "
	 "WHERE source NOT IN ('default', 'override', 'client', 'session') ORDER BY name",
	 {"setting", "unit", "source", "file", "pending_restart"}},
	{"roles.json",
	 "pg_roles",
	 "roles are of the whole cluster; a dump of one database lacks them",
	 0,
	 "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, "
	 "rolbypassrls, rolconnlimit, rolvaliduntil, rolconfig, "
	 "(SELECT string_agg(g.rolname, ',' ORDER BY g.rolname) FROM pg_auth_members m "
	 "JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid) "
	 "FROM pg_roles r WHERE rolname !~ '^pg_' ORDER BY rolname",
	 {"superuser", "createrole", "createdb", "login", "replication", "bypassrls",
	  "connection_limit", "valid_until", "config", "member_of"}},
	{"databases.json",
	 "pg_database",
	 "a new database wants the same encoding and collation",
	 0,
	 "SELECT datname, pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, "
	 "datctype, datconnlimit, datallowconn, datistemplate, "
	 "(SELECT spcname FROM pg_tablespace t WHERE t.oid = dattablespace), datacl "
	 "FROM pg_database ORDER BY datname",
	 {"owner", "encoding", "collate", "ctype", "connection_limit", "allow_connections",
	  "is_template", "tablespace", "acl"}},
	{"collations.json",
	 "pg_database",
	 "where recorded and actual differ, indexes on text want REINDEX",
	 150000,
	 "SELECT datname, datlocprovider, datcollversion, pg_database_collation_actual_version(oid) "
	 "FROM pg_database ORDER BY datname",
	 {"provider", "recorded", "actual"}},
	{"tablespaces.json",
	 "pg_tablespace",
	 "their folders come with the database part",
	 0,
	 "SELECT spcname, pg_get_userbyid(spcowner), pg_tablespace_location(oid), spcoptions "
	 "FROM pg_tablespace ORDER BY spcname",
	 {"owner", "location", "options"}},
	{"role-settings.json",
	 "pg_db_role_setting",
	 "ALTER DATABASE … SET and ALTER ROLE … SET",
	 0,
	 "SELECT coalesce(datname, '*') || '/' || coalesce(rolname, '*'), setconfig "
	 "FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = setdatabase "
	 "LEFT JOIN pg_roles r ON r.oid = setrole ORDER BY 1",
	 {"config"}},
	{"replication-slots.json",
	 "pg_replication_slots",
	 "make them anew where they are wanted",
	 0,
	 "SELECT slot_name, slot_type, plugin, database FROM pg_replication_slots ORDER BY 1",
	 {"type", "plugin", "database"}},
};

static bool take_state(struct collection *collection, Session *session, const struct state *state,
		       GError **error)
{
	g_autoptr(JsonValue) table = json_object();
	struct rows rows = {collection, table, NULL, state->columns};

	if (!session_rows(session, state->sql, add_row, &rows, error))
		return odr_context(error, "cannot read %s", state->source);
	return collection_table(collection,
				&(struct collection_item){.path = state->path,
							  .source = state->source,
							  .hint = state->hint},
				json_incref(table), error);
}

static bool take_states(struct collection *collection, Session *session, int version,
			GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(states); i++)
		if (version >= states[i].since &&
		    !take_state(collection, session, &states[i], error))
			return false;
	return true;
}

/* ---- per database ---------------------------------------------------------------------------- */

static bool wants_database(const struct collection *collection, const char *name)
{
	const char *const *wanted = collection->settings->databases;

	return !wanted || g_strv_contains(wanted, name);
}

static bool add_extensions(struct collection *collection, const char *database, json_t *table,
			   GError **error)
{
	static const char *const columns[] = {"version", "schema", "owner", NULL};
	g_autofree char *prefix = g_strconcat(database, "/", NULL);
	struct rows rows = {collection, table, prefix, columns};
	g_autoptr(Session) session = session_open_database(collection->host->conninfo, database,
							   collection->host->run_id, error);

	return session &&
	       session_rows(session,
			    "SELECT extname, extversion, nspname, pg_get_userbyid(extowner) "
			    "FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace "
			    "ORDER BY extname",
			    add_row, &rows, error);
}

static bool add_name(void *data, const char *const *values, GError **error)
{
	(void)error;
	g_ptr_array_add(data, g_strdup(values[0]));
	return true;
}

static bool take_extensions(struct collection *collection, Session *session, GError **error)
{
	g_autoptr(GPtrArray) databases = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(JsonValue) table = json_object();

	if (!session_rows(session,
			  "SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname",
			  add_name, databases, error))
		return odr_context(error, "cannot list the databases");
	for (guint i = 0; i < databases->len; i++) {
		const char *database = databases->pdata[i];
		g_autoptr(GError) trouble = NULL;

		if (wants_database(collection, database) &&
		    !add_extensions(collection, database, table, &trouble))
			collection_note(collection,
					"the extensions of database %s are not here: %s", database,
					trouble->message);
	}
	return collection_table(collection,
				&(struct collection_item){
					.path = "extensions.json",
					.source = "pg_extension",
					.hint = "install their packages before the cluster starts"},
				json_incref(table), error);
}

/* ---- roles as SQL ---------------------------------------------------------------------------- */

/* \restrict TOKEN and \unrestrict TOKEN, which guard psql, are new each time: equal roles would differ. */
static char *without_tokens(const char *sql)
{
	g_auto(GStrv) lines = g_strsplit(sql, "\n", -1);
	GString *text = g_string_new(NULL);

	for (char **line = lines; *line; line++)
		if (!g_str_has_prefix(*line, "\\restrict ") &&
		    !g_str_has_prefix(*line, "\\unrestrict "))
			g_string_append_printf(text, "%s%s", *line, line[1] ? "\n" : "");
	return g_string_free(text, false);
}

static bool dump_globals(struct collection *collection, const char *const *argv, GError **error)
{
	g_autofree char *sql = NULL;

	if (!tool_text(collection, &(struct tool){.argv = argv}, &sql, error))
		return false;
	g_autofree char *plain = without_tokens(sql);

	return collection_text(
		collection,
		&(struct collection_item){
			.path = "globals.sql",
			.source = "pg_dumpall --globals-only",
			.hint = "psql -f, into a cluster that is not restored from this set"},
		plain, strlen(plain), error);
}

/* To load into a new cluster where not the whole one is restored. What no tool writes is in roles.json. */
static bool take_globals(struct collection *collection, GError **error)
{
	bool sealed = collection->settings->sealed;
	const char *argv[] = {
		"pg_dumpall", "--globals-only",		  "--no-password",
		"-d",	      collection->host->conninfo, sealed ? NULL : "--no-role-passwords",
		NULL};
	g_autoptr(GError) trouble = NULL;

	if (!tool_exists(argv[0])) {
		collection_note(collection, "there is no program 'pg_dumpall': roles are in "
					    "roles.json only");
		return true;
	}
	if (dump_globals(collection, argv, &trouble))
		return true;
	if (collection->broken) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	collection_note(collection, "roles are in roles.json only: %s", trouble->message);
	return true;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void add_path(GPtrArray *paths, const char *path)
{
	if (path && g_path_is_absolute(path) &&
	    !g_ptr_array_find_with_equal_func(paths, path, g_str_equal, NULL))
		g_ptr_array_add(paths, g_strdup(path));
}

static void add_beside(GPtrArray *paths, const char *config_file)
{
	static const char *const names[] = {"environment", "pg_ctl.conf", "start.conf", "conf.d"};
	g_autofree char *folder = config_file ? g_path_get_dirname(config_file) : NULL;

	for (size_t i = 0; folder && i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);

		add_path(paths, path);
	}
}

static bool add_source(void *data, const char *const *values, GError **error)
{
	(void)error;
	add_path(data, values[0]);
	return true;
}

/* What settings and rules were read from: files that others include are among them. */
static bool add_sources(Session *session, int version, GPtrArray *paths, GError **error)
{
	if (!session_rows(
		    session,
		    "SELECT DISTINCT sourcefile FROM pg_settings WHERE sourcefile IS NOT NULL",
		    add_source, paths, error))
		return false;
	/* Only for roles that may; the files themselves are listed by name in any case. */
	if (version >= 160000)
		session_rows(session, "SELECT DISTINCT file_name FROM pg_hba_file_rules",
			     add_source, paths, NULL);
	return true;
}

static bool take_files(struct collection *collection, Session *session,
		       const struct session_server *server, GError **error)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *automatic =
		server->data_directory
			? g_build_filename(server->data_directory, "postgresql.auto.conf", NULL)
			: NULL;

	if (!server->config_file)
		collection_note(collection,
				"the server does not tell this role where its files are; grant it "
				"pg_read_all_settings");
	add_path(paths, server->config_file);
	add_path(paths, server->hba_file);
	add_path(paths, server->ident_file);
	add_path(paths, automatic);
	add_beside(paths, server->config_file);
	if (!add_sources(session, server->version_num, paths, error))
		return odr_context(error, "cannot ask for the server's files");
	g_ptr_array_add(paths, NULL);
	return collection_files(collection, (const char *const *)paths->pdata, COLLECTION_BUILT_IN,
				NULL, error);
}

/* ---- all ------------------------------------------------------------------------------------- */

static bool add_drift(void *data, const char *const *values, GError **error)
{
	(void)error;
	collection_note(data,
			"database %s was made with version %s of its collation, the host has %s: "
			"indexes on text may be wrong, REINDEX and ALTER DATABASE … REFRESH "
			"COLLATION VERSION",
			values[0], values[1], values[2]);
	return true;
}

static bool note_drift(struct collection *collection, Session *session, int version, GError **error)
{
	if (version < 150000)
		return true;
	return session_rows(session,
			    "SELECT datname, datcollversion, "
			    "pg_database_collation_actual_version(oid) FROM pg_database "
			    "WHERE datcollversion <> pg_database_collation_actual_version(oid)",
			    add_drift, collection, error);
}

bool postgresql_collect(struct collection *collection, GError **error)
{
	const struct collect_host *host = collection->host;
	struct session_server server = {0};
	g_autoptr(Session) session = NULL;
	bool done;

	if (!host->conninfo)
		return collection_absent(collection, "the service has no cluster");
	session = session_open(host->conninfo, host->run_id, error);
	if (!session || !session_server(session, &server, error))
		return false;
	done = take_files(collection, session, &server, error) &&
	       take_states(collection, session, server.version_num, error) &&
	       take_extensions(collection, session, error) && take_globals(collection, error) &&
	       note_drift(collection, session, server.version_num, error);
	session_server_clear(&server);
	return done;
}
