#include "ops/tenant/load.h"

#include "base/error.h"
#include "base/file.h"
#include "pg/client.h"
#include "pg/program.h"
#include "pg/quote.h"

#include <string.h>

#define LIST_MAX     ((size_t)64 << 20)
#define NAME_MAX_LEN 63 /* NAMEDATALEN - 1 */

struct loading {
	const Tenant *tenant;
	const struct tenant_load *load;
	GPtrArray *notes;
	char *temporary; /* what the database is called until it is complete */
	Session *source, *cluster, *target;
	char *owner, *create;	/* the clauses of CREATE DATABASE behind its name */
	GHashTable *extensions; /* those made beforehand; owned names */
	bool keep_owners;
};

static void note(struct loading *loading, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void note(struct loading *loading, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(loading->notes, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

static bool execute(Session *session, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool execute(Session *session, GError **error, const char *format, ...)
{
	g_autofree char *sql = NULL;
	g_autofree char *value = NULL;
	va_list arguments;

	va_start(arguments, format);
	sql = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return session_value(session, sql, &value, error);
}

static bool database_exists(Session *cluster, const char *name, bool *exists, GError **error)
{
	g_autofree char *literal = sql_literal(name);
	g_autofree char *sql =
		g_strdup_printf("SELECT 1 FROM pg_database WHERE datname = %s", literal);
	g_autofree char *value = NULL;

	if (!session_value(cluster, sql, &value, error))
		return false;
	*exists = value != NULL;
	return true;
}

bool tenant_load_possible(const struct tenant_load *load, GError **error)
{
	g_autoptr(Session) cluster = NULL;
	g_autofree char *may = NULL;
	bool exists;

	if (!load->name[0] || strlen(load->name) > NAME_MAX_LEN)
		return odr_fail(error, ODR_ERROR_USAGE, "the name of a database has 1 to %d bytes",
				NAME_MAX_LEN);
	cluster = session_open(load->conninfo, load->run_id, error);
	if (!cluster || !database_exists(cluster, load->name, &exists, error) ||
	    !session_value(cluster,
			   "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = "
			   "current_user",
			   &may, error))
		return false;
	if (exists)
		return odr_fail(error, ODR_ERROR_EXISTS,
				"there is a database '%s' already; load under another name, check, "
				"and rename then",
				load->name);
	return g_strcmp0(may, "t") == 0 ||
	       odr_fail(error, ODR_ERROR_AUTH,
			"the role that connects may not create databases; grant it CREATEDB, or "
			"name another connection with --into");
}

/* ---- what the source is like ------------------------------------------------------------------ */

enum fact {
	FACT_OWNER,
	FACT_ENCODING,
	FACT_COLLATE,
	FACT_CTYPE,
	FACT_GRANTS,
	FACT_PROVIDER,
	FACT_LOCALE
};

static void append_clause(GString *create, const char *keyword, const char *value)
{
	g_autofree char *literal = sql_literal(value);

	g_string_append_printf(create, " %s %s", keyword, literal);
}

static bool take_facts(void *data, const char *const *facts, GError **error)
{
	struct loading *loading = data;
	GString *create = g_string_new(" TEMPLATE template0");
	const char *provider = facts[FACT_PROVIDER];

	(void)error;
	append_clause(create, "ENCODING", facts[FACT_ENCODING]);
	append_clause(create, "LC_COLLATE", facts[FACT_COLLATE]);
	append_clause(create, "LC_CTYPE", facts[FACT_CTYPE]);
	if (strcmp(provider, "i") == 0) {
		g_string_append(create, " LOCALE_PROVIDER icu");
		append_clause(create, "ICU_LOCALE", facts[FACT_LOCALE]);
	} else if (strcmp(provider, "b") == 0) {
		g_string_append(create, " LOCALE_PROVIDER builtin");
		append_clause(create, "BUILTIN_LOCALE", facts[FACT_LOCALE]);
	}
	loading->create = g_string_free(create, FALSE);
	loading->owner = g_strdup(facts[FACT_OWNER]);
	if (facts[FACT_GRANTS])
		note(loading, "grants on the database itself are not carried over: %s",
		     facts[FACT_GRANTS]);
	return true;
}

/* Columns of pg_database came and were renamed (catalogs/pg_database.h). */
static bool read_facts(struct loading *loading, GError **error)
{
	g_autofree char *version = NULL;

	if (!session_value(loading->source, "SHOW server_version_num", &version, error))
		return false;
	gint64 number = g_ascii_strtoll(version, NULL, 10);
	g_autofree char *sql = g_strdup_printf(
		"SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, "
		"datctype, datacl::text, %s FROM pg_database WHERE datname = current_database()",
		number >= 170000   ? "datlocprovider, datlocale"
		: number >= 150000 ? "datlocprovider, daticulocale"
				   : "'c', NULL");

	return session_rows(loading->source, sql, take_facts, loading, error);
}

static bool take_name(void *data, const char *const *values, GError **error)
{
	(void)error;
	g_hash_table_add(data, g_strdup(values[0]));
	return true;
}

static GHashTable *name_set(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

/* Roles are the cluster's. Where one is missing, or we may not give things to others, all is ours. */
static bool decide_owners(struct loading *loading, GError **error)
{
	g_autoptr(GHashTable) needed = name_set();
	g_autoptr(GHashTable) present = name_set();
	g_autofree char *superuser = NULL;
	GHashTableIter iter;
	gpointer name;

	if (!session_rows(
		    loading->source,
		    "SELECT DISTINCT r.rolname FROM pg_shdepend s JOIN pg_roles r ON r.oid = "
		    "s.refobjid WHERE s.refclassid = 'pg_authid'::regclass AND s.dbid = (SELECT "
		    "oid FROM pg_database WHERE datname = current_database())",
		    take_name, needed, error) ||
	    !session_rows(loading->cluster, "SELECT rolname FROM pg_roles", take_name, present,
			  error) ||
	    !session_value(loading->cluster,
			   "SELECT rolsuper FROM pg_roles WHERE rolname = current_user", &superuser,
			   error))
		return false;
	g_hash_table_add(needed, g_strdup(loading->owner));
	loading->keep_owners = g_strcmp0(superuser, "t") == 0;
	if (!loading->keep_owners)
		note(loading,
		     "owners and grants are not carried over: the role that connects is no "
		     "superuser");
	g_hash_table_iter_init(&iter, needed);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		if (g_hash_table_contains(present, name))
			continue;
		note(loading, "owners and grants are not carried over: there is no role '%s'",
		     (char *)name);
		loading->keep_owners = false;
	}
	return true;
}

/* ---- the new database ------------------------------------------------------------------------- */

static bool create_database(struct loading *loading, GError **error)
{
	g_autofree char *name = sql_identifier(loading->temporary);
	g_autofree char *owner = sql_identifier(loading->owner);

	if (!execute(loading->cluster, error, "CREATE DATABASE %s%s%s%s", name, loading->create,
		     loading->keep_owners ? " OWNER " : "", loading->keep_owners ? owner : ""))
		return odr_context(error, "cannot create the database");
	loading->target = session_open_database(loading->load->conninfo, loading->temporary,
						loading->load->run_id, error);
	return loading->target != NULL;
}

static bool take_extension(void *data, const char *const *values, GError **error)
{
	struct loading *loading = data;
	g_autofree char *name = sql_identifier(values[0]);
	g_autofree char *schema = sql_identifier(values[1]);

	g_hash_table_add(loading->extensions, g_strdup(values[0]));
	return execute(loading->target, error, "CREATE EXTENSION IF NOT EXISTS %s SCHEMA %s", name,
		       schema) ||
	       odr_context(error, "cannot create extension '%s'", values[0]);
}

#define VOLATILITY_SQL                                                                      \
 "SELECT p.oid::regprocedure::text, p.provolatile FROM pg_proc p JOIN pg_depend d ON "      \
 "d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' WHERE p.prokind " \
 "= 'f'"

static bool take_volatility(void *data, const char *const *values, GError **error)
{
	(void)error;
	g_hash_table_insert(data, g_strdup(values[0]), g_strdup(values[1]));
	return true;
}

static bool read_volatility(Session *session, GHashTable **functions, GError **error)
{
	g_autoptr(GHashTable) read = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	if (!session_rows(session, VOLATILITY_SQL, take_volatility, read, error))
		return false;
	*functions = g_steal_pointer(&read);
	return true;
}

/* A dump does not say that somebody changed a function of an extension, as Odoo does with unaccent: without that its
 * indexes cannot be made. */
static bool match_volatility(struct loading *loading, GError **error)
{
	g_autoptr(GHashTable) wanted = NULL;
	g_autoptr(GHashTable) present = NULL;
	GHashTableIter iter;
	gpointer signature, volatility;

	if (!read_volatility(loading->source, &wanted, error) ||
	    !read_volatility(loading->target, &present, error))
		return false;
	g_hash_table_iter_init(&iter, wanted);
	while (g_hash_table_iter_next(&iter, &signature, &volatility)) {
		const char *now = g_hash_table_lookup(present, signature);
		const char *word = *(char *)volatility == 'i'	? "IMMUTABLE"
				   : *(char *)volatility == 's' ? "STABLE"
								: "VOLATILE";

		/* The signature is the server's own text, quoted where it must be. */
		if (now && strcmp(now, volatility) != 0 &&
		    !execute(loading->target, error, "ALTER FUNCTION %s %s", (char *)signature,
			     word))
			return false;
	}
	return true;
}

/* Those in schemas that every database has; others come with the dump. */
static bool create_extensions(struct loading *loading, GError **error)
{
	return session_rows(
		       loading->source,
		       "SELECT e.extname, n.nspname FROM pg_extension e JOIN pg_namespace n ON "
		       "n.oid = e.extnamespace WHERE e.extname <> 'plpgsql' AND n.nspname IN "
		       "('public', 'pg_catalog') ORDER BY e.oid",
		       take_extension, loading, error) &&
	       match_volatility(loading, error);
}

/* ---- its content ------------------------------------------------------------------------------ */

/* "4; 3079 16385 EXTENSION - unaccent", "4200; 0 0 COMMENT - EXTENSION unaccent": made already, and not everybody may
 * comment on them. */
static bool is_of_extension(const struct loading *loading, const char *line)
{
	static const char *const kinds[] = {" EXTENSION - ", " COMMENT - EXTENSION "};

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		const char *at = strstr(line, kinds[i]);

		if (!at)
			continue;
		g_autofree char *name = g_strdup(at + strlen(kinds[i]));

		name[strcspn(name, " ")] = '\0';
		if (g_hash_table_contains(loading->extensions, name))
			return true;
	}
	return false;
}

static bool filter_list(const struct loading *loading, const char *path, GError **error)
{
	g_autofree char *text = NULL;
	g_autoptr(GString) kept = g_string_new(NULL);

	if (!file_read_text(path, LIST_MAX, &text, error))
		return false;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (size_t i = 0; lines[i]; i++)
		if (!is_of_extension(loading, lines[i]))
			g_string_append_printf(kept, "%s\n", lines[i]);
	return file_write(path, kept->str, kept->len, &(struct file_write){.mode = 0600}, error);
}

static bool write_list(const struct loading *loading, const struct pg_client *program,
		       const char *dump, const char *list, GError **error)
{
	g_autofree char *file = g_strdup_printf("--file=%s", list);
	struct pg_client client = *program;

	client.arguments = (const char *const[]){"--list", file, dump, NULL};
	return pg_client_run(&client, error) && filter_list(loading, list, error);
}

static bool run_restore(const struct loading *loading, const struct pg_client *program,
			const char *dump, const char *list, GError **error)
{
	g_autofree char *jobs = g_strdup_printf("--jobs=%u", MAX(loading->load->jobs, 1));
	g_autofree char *use = g_strdup_printf("--use-list=%s", list);
	struct pg_client client = *program;
	const char *arguments[] = {"--exit-on-error", jobs, use, dump, "--no-owner",
				   "--no-privileges", NULL};

	if (loading->keep_owners)
		arguments[4] = NULL;
	client.conninfo = loading->load->conninfo;
	client.database = loading->temporary;
	client.arguments = arguments;
	return pg_client_run(&client, error);
}

static bool load_content(struct loading *loading, GError **error)
{
	const struct tenant_load *load = loading->load;
	g_autofree char *dump = g_build_filename(load->folder, "dump", NULL);
	g_autofree char *list = g_build_filename(load->folder, "list", NULL);
	g_autofree char *program =
		pg_program_find(&(struct pg_program){.name = "pg_restore",
						     .folder = load->bin,
						     .major = tenant_major(loading->tenant)},
				error);
	struct pg_client client = {.program = program, .folder = load->folder};

	if (!program ||
	    !tenant_dump(loading->tenant,
			 &(struct tenant_dump){
				 .path = dump, .format = TENANT_DIRECTORY, .jobs = load->jobs},
			 error))
		return false;
	return (write_list(loading, &client, dump, list, error) &&
		run_restore(loading, &client, dump, list, error)) ||
	       odr_context(error, "cannot load the database");
}

/* ---- what a dump does not have ---------------------------------------------------------------- */

/* Their values are lists of names, quoted already (GUC_LIST_QUOTE, guc_tables.c). */
static bool is_name_list(const char *setting)
{
	static const char *const names[] = {"local_preload_libraries", "search_path",
					    "session_preload_libraries", "temp_tablespaces"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_ascii_strcasecmp(setting, names[i]) == 0)
			return true;
	return false;
}

static bool take_setting(void *data, const char *const *values, GError **error)
{
	struct loading *loading = data;
	const char *sign = strchr(values[0], '=');

	if (!sign)
		return true;
	if (values[1]) {
		note(loading, "a setting of role '%s' in this database is not carried over: %s",
		     values[1], values[0]);
		return true;
	}
	g_autofree char *database = sql_identifier(loading->temporary);
	g_autofree char *bare = g_strndup(values[0], (gsize)(sign - values[0]));
	g_auto(GStrv) parts = g_strsplit(bare, ".", -1);

	for (size_t i = 0; parts[i]; i++) {
		char *part = sql_identifier(parts[i]);

		g_free(parts[i]);
		parts[i] = part;
	}
	g_autofree char *name = g_strjoinv(".", parts);
	g_autofree char *value = is_name_list(bare) ? g_strdup(sign + 1) : sql_literal(sign + 1);

	return execute(loading->target, error, "ALTER DATABASE %s SET %s TO %s", database, name,
		       value[0] ? value : "''");
}

static bool carry_settings(struct loading *loading, GError **error)
{
	return session_rows(
		       loading->source,
		       "SELECT unnest(setconfig), CASE WHEN setrole <> 0 THEN "
		       "pg_get_userbyid(setrole) END FROM pg_db_role_setting WHERE setdatabase "
		       "= (SELECT oid FROM pg_database WHERE datname = current_database())",
		       take_setting, loading, error) ||
	       odr_context(error, "cannot carry over the settings of the database");
}

static bool give_name(struct loading *loading, GError **error)
{
	g_autofree char *from = sql_identifier(loading->temporary);
	g_autofree char *to = sql_identifier(loading->load->name);

	g_clear_pointer(&loading->target, session_free);
	return execute(loading->cluster, error, "ALTER DATABASE %s RENAME TO %s", from, to) ||
	       odr_context(error, "cannot give the database its name");
}

static bool load_steps(struct loading *loading, GError **error)
{
	loading->source = tenant_session(loading->tenant, error);
	if (!loading->source || !read_facts(loading, error) || !decide_owners(loading, error))
		return false;
	if (!create_database(loading, error) || !create_extensions(loading, error) ||
	    !load_content(loading, error) || !carry_settings(loading, error) ||
	    !execute(loading->target, error, "ANALYZE"))
		return false;

	/* Nobody looks for it under the name it had so far. */
	return give_name(loading, error);
}

/* On a connection of its own: the other may be what failed. */
static void drop_temporary(struct loading *loading)
{
	const struct tenant_load *load = loading->load;
	g_autofree char *name = sql_identifier(loading->temporary);
	g_autoptr(Session) cluster = session_open(load->conninfo, load->run_id, NULL);

	g_clear_pointer(&loading->target, session_free);
	if (!cluster || !execute(cluster, NULL, "DROP DATABASE IF EXISTS %s", name))
		note(loading, "database '%s' is incomplete and could not be dropped",
		     loading->temporary);
}

bool tenant_load(const Tenant *tenant, const struct tenant_load *load, struct tenant_loaded *loaded,
		 GError **error)
{
	struct loading loading = {.tenant = tenant,
				  .load = load,
				  .notes = g_ptr_array_new_with_free_func(g_free),
				  .extensions = name_set(),
				  .temporary = g_strdup_printf("odrbackup-%s", load->run_id)};
	bool done;

	loading.cluster = session_open(load->conninfo, load->run_id, error);
	done = loading.cluster && load_steps(&loading, error);
	if (!done && loading.create)
		drop_temporary(&loading);
	session_free(loading.source);
	session_free(loading.target);
	session_free(loading.cluster);
	g_hash_table_unref(loading.extensions);
	g_free(loading.temporary);
	g_free(loading.owner);
	g_free(loading.create);
	loaded->notes = loading.notes;
	return done || odr_context(error, "cannot load database '%s'", load->name);
}

void tenant_loaded_clear(struct tenant_loaded *loaded)
{
	g_clear_pointer(&loaded->notes, g_ptr_array_unref);
}
