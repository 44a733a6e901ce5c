/* Odoo: its configuration files, and which modules are installed where. */
#include "collect/collector.h"

#include "base/error.h"
#include "collect/odoo_site.h"
#include "pg/session.h"

#include <string.h>

#define MISSING_NAMED 10 /* in a note */

/* One database on its way into a table. */
struct modules {
	struct collection *collection;
	const struct odoo_site *site;
	const char *database;
	json_t *table;
	GPtrArray *missing;    /* char *: installed, and no folder is found */
	GPtrArray *unfinished; /* char *: to install, upgrade, remove */
	GPtrArray *neutralize; /* char *: paths */
};

/* Names that Odoo gives; anything else never becomes a path. */
static bool is_module_name(const char *name)
{
	return name && name[0] && strlen(name) <= 100 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
		       strlen(name) &&
	       name[0] != '.';
}

static bool is_database_name(const char *name)
{
	return is_module_name(name) && g_ascii_isalnum(name[0]);
}

static void locate(struct modules *modules, const char *name, const char *state, json_t *row)
{
	g_autofree char *folder = odoo_site_module(modules->collection, modules->site, name);
	g_autofree char *sql =
		folder ? g_build_filename(folder, "data", "neutralize.sql", NULL) : NULL;
	bool neutralizes = sql && collection_path_exists(modules->collection, sql);

	json_set_string(row, "folder", folder);
	json_set_string(row, "neutralize", neutralizes ? sql : NULL);
	if (neutralizes)
		g_ptr_array_add(modules->neutralize, g_strdup(sql));
	if (!folder && strcmp(state, "installed") == 0)
		g_ptr_array_add(modules->missing, g_strdup(name));
}

static bool add_module(void *data, const char *const *values, GError **error)
{
	struct modules *modules = data;
	const char *name = values[0], *state = values[1] ? values[1] : "";
	json_t *row;

	(void)error;
	if (!is_module_name(name)) {
		collection_note(modules->collection,
				"database %s has a module with a name that is none",
				modules->database);
		return true;
	}
	row = table_row(modules->table, name);
	json_set_string(row, "state", state);
	json_set_string(row, "version", values[2]);
	locate(modules, name, state, row);
	if (g_str_has_prefix(state, "to "))
		g_ptr_array_add(modules->unfinished, g_strdup(name));
	return true;
}

/* "a, b and 3 more"; g_free. */
static char *some_of(const GPtrArray *names)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < names->len && i < MISSING_NAMED; i++)
		g_string_append_printf(text, "%s%s", i ? ", " : "", (char *)names->pdata[i]);
	if (names->len > MISSING_NAMED)
		g_string_append_printf(text, " and %u more", names->len - MISSING_NAMED);
	return g_string_free(text, false);
}

static void tell(const struct modules *modules)
{
	g_autofree char *missing = some_of(modules->missing);
	g_autofree char *unfinished = some_of(modules->unfinished);

	if (modules->unfinished->len > 0)
		collection_note(modules->collection,
				"database %s is in the middle of an upgrade: %s", modules->database,
				unfinished);
	if (modules->missing->len > 0 && modules->site->knows_addons)
		collection_note(modules->collection,
				"database %s has installed modules without code in addons_path: %s",
				modules->database, missing);
}

static bool take_modules(struct modules *modules, Session *session, GError **error)
{
	g_autofree char *path = g_strdup_printf("modules/%s.json", modules->database);
	g_autofree char *source =
		g_strdup_printf("ir_module_module of database %s", modules->database);

	if (!session_rows(session,
			  "SELECT name, state, latest_version FROM public.ir_module_module "
			  "WHERE state NOT IN ('uninstalled', 'uninstallable') ORDER BY name",
			  add_module, modules, error))
		return odr_context(error, "cannot list the modules of database %s",
				   modules->database);
	tell(modules);
	if (!collection_table(
		    modules->collection,
		    &(struct collection_item){
			    .path = path,
			    .source = source,
			    .hint = "code of the same versions, or its views do not fit the data"},
		    json_incref(modules->table), error))
		return false;
	/* What a copy has to be neutralized with: the code of this version, not of that day's. */
	g_ptr_array_add(modules->neutralize, NULL);
	return collection_files(modules->collection,
				(const char *const *)modules->neutralize->pdata,
				COLLECTION_BUILT_IN, NULL, error);
}

static bool take_database(struct collection *collection, const struct odoo_site *site,
			  const char *database, unsigned *found, GError **error)
{
	struct modules modules = {.collection = collection, .site = site, .database = database};
	g_autoptr(Session) session = session_open_database(collection->host->conninfo, database,
							   collection->host->run_id, error);
	g_autofree char *table = NULL;
	bool done;

	if (!session ||
	    !session_value(session, "SELECT to_regclass('public.ir_module_module')", &table, error))
		return odr_context(error, "cannot look into database %s", database);
	if (!table)
		return true;
	++*found;
	modules.table = json_object();
	modules.missing = g_ptr_array_new_with_free_func(g_free);
	modules.unfinished = g_ptr_array_new_with_free_func(g_free);
	modules.neutralize = g_ptr_array_new_with_free_func(g_free);
	done = take_modules(&modules, session, error);
	json_decref(modules.table);
	g_ptr_array_unref(modules.missing);
	g_ptr_array_unref(modules.unfinished);
	g_ptr_array_unref(modules.neutralize);
	return done;
}

static bool add_name(void *data, const char *const *values, GError **error)
{
	(void)error;
	g_ptr_array_add(data, g_strdup(values[0]));
	return true;
}

static bool take_databases(struct collection *collection, const struct odoo_site *site,
			   unsigned *found, GError **error)
{
	const struct collect_host *host = collection->host;
	const char *const *wanted = collection->settings->databases;
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Session) session = session_open(host->conninfo, host->run_id, error);

	if (!session || !session_rows(session,
				      "SELECT datname FROM pg_database WHERE datallowconn "
				      "AND NOT datistemplate ORDER BY datname",
				      add_name, names, error))
		return false;
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];

		if (wanted && !g_strv_contains(wanted, name))
			continue;
		if (!is_database_name(name))
			collection_note(
				collection,
				"database '%s' has a name that Odoo does not give: it is left out",
				name);
		else if (!take_database(collection, site, name, found, error))
			return false;
	}
	return true;
}

static bool take(struct collection *collection, const struct odoo_site *site, GError **error)
{
	enum collection_origin origin =
		collection->settings->paths ? COLLECTION_CONFIGURED : COLLECTION_BUILT_IN;
	unsigned databases = 0;

	g_ptr_array_add(site->confs, NULL);
	if (!collection_files(collection, (const char *const *)site->confs->pdata, origin, NULL,
			      error))
		return false;
	if (collection->host->conninfo && !take_databases(collection, site, &databases, error))
		return false;
	if (site->confs->len == 1 && databases == 0)
		return collection_absent(collection,
					 "there is no odoo.conf, and no database of Odoo");
	return true;
}

bool odoo_collect(struct collection *collection, GError **error)
{
	struct odoo_site site;
	bool done;

	if (!odoo_site_find(collection, collection->settings->paths, &site, error))
		return false;
	done = take(collection, &site, error);
	odoo_site_clear(&site);
	return done;
}
