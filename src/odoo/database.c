#include "odoo/database.h"

#include "base/error.h"
#include "base/json.h"

#include <string.h>

static void module_free(gpointer data)
{
	struct odoo_module *module = data;

	g_free(module->name);
	g_free(module->version);
	g_free(module);
}

void odoo_database_free(OdooDatabase *database)
{
	if (!database)
		return;
	g_free(database->name);
	g_free(database->series);
	g_ptr_array_unref(database->modules);
	g_free(database);
}

/* "17.0.1.3" → "17.0"; also "saas~17.2.1.3" → "saas~17.2". NULL for what has not two numbers. */
static char *series_of(const char *version)
{
	const char *dot = strchr(version, '.');
	const char *end = dot ? strchr(dot + 1, '.') : NULL;

	return end ? g_strndup(version, (gsize)(end - version)) : NULL;
}

static bool take_module(void *data, const char *const *values, GError **error)
{
	OdooDatabase *database = data;
	struct odoo_module *module = g_new0(struct odoo_module, 1);

	(void)error;
	module->name = g_strdup(values[0]);
	module->version = g_strdup(values[1] ? values[1] : "");
	g_ptr_array_add(database->modules, module);
	if (strcmp(module->name, "base") == 0)
		database->series = series_of(module->version);
	return true;
}

static bool is_odoo(Session *session, bool *is, GError **error)
{
	g_autofree char *value = NULL;

	if (!session_value(session, "SELECT to_regclass('public.ir_module_module') IS NOT NULL",
			   &value, error))
		return false;
	*is = g_strcmp0(value, "t") == 0;
	return true;
}

OdooDatabase *odoo_database_read(Session *session, GError **error)
{
	g_autoptr(OdooDatabase) database = g_new0(OdooDatabase, 1);
	g_autofree char *version = NULL;
	bool is = false;

	database->modules = g_ptr_array_new_with_free_func(module_free);
	if (!session_value(session, "SELECT current_database()", &database->name, error) ||
	    !session_value(session, "SHOW server_version_num", &version, error) ||
	    !is_odoo(session, &is, error))
		return NULL;
	if (is && !session_rows(session,
				"SELECT name, latest_version FROM public.ir_module_module WHERE "
				"state = 'installed' ORDER BY name COLLATE \"C\"",
				take_module, database, error))
		return NULL;
	if (!database->series) {
		odr_fail(error, ODR_ERROR_REFUSED,
			 "'%s' is no database of Odoo: module base is not installed in it",
			 database->name);
		return NULL;
	}
	database->pg_version_num = (int)g_ascii_strtoll(version, NULL, 10);
	return g_steal_pointer(&database);
}

/* release.version_info of Odoo; what it is for in a saas series nobody reads. */
static json_t *version_info(const char *series)
{
	const char *number = strrchr(series, '~');
	g_auto(GStrv) parts = g_strsplit(number ? number + 1 : series, ".", 2);
	json_t *info = json_array();

	for (size_t i = 0; i < 2; i++)
		json_array_append_new(
			info, json_integer(parts[i] ? g_ascii_strtoll(parts[i], NULL, 10) : 0));
	json_array_append_new(info, json_integer(0));
	json_array_append_new(info, json_string("final"));
	json_array_append_new(info, json_integer(0));
	json_array_append_new(info, json_string(""));
	return info;
}

char *odoo_database_manifest(const OdooDatabase *database)
{
	g_autofree char *pg_version = g_strdup_printf("%d.%d", database->pg_version_num / 10000,
						      database->pg_version_num / 100 % 100);
	json_t *manifest = json_object();
	json_t *modules = json_object();
	char *text;

	for (guint i = 0; i < database->modules->len; i++) {
		const struct odoo_module *module = database->modules->pdata[i];

		json_set_string(modules, module->name, module->version);
	}
	json_set_string(manifest, "odoo_dump", "1");
	json_set_string(manifest, "db_name", database->name);
	json_set_string(manifest, "version", database->series);
	json_set(manifest, "version_info", version_info(database->series));
	json_set_string(manifest, "major_version", database->series);
	json_set_string(manifest, "pg_version", pg_version);
	json_set(manifest, "modules", modules);
	text = json_print_pretty(manifest);
	json_decref(manifest);
	return text;
}
