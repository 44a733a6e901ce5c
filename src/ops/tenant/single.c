#include "ops/tenant/single.h"

#include "base/error.h"
#include "base/json.h"

#include <string.h>

uint32_t tenant_oid(const Manifest *manifest, const char *name)
{
	const json_t *database;
	size_t i;

	json_array_foreach(
		manifest->databases, i,
		database) if (g_strcmp0(json_string_value(json_object_get(database, "name")),
					name) == 0) return (uint32_t)
		json_integer_value(json_object_get(database, "oid"));
	return 0;
}

/* As it is at the moment. */
static bool find_database(const struct tenant_single *single, uint32_t *oid, GError **error)
{
	g_autofree char *conninfo = instance_conninfo(single->instance);
	g_autoptr(Session) session =
		session_open_database(conninfo, "template1", single->run_id, error);
	g_autoptr(GPtrArray) databases = NULL;
	g_autoptr(GString) names = g_string_new(NULL);

	if (!session || !session_databases(session, &databases, error))
		return false;
	for (guint i = 0; i < databases->len; i++) {
		const struct session_database *database = databases->pdata[i];

		if (strcmp(database->name, single->name) == 0) {
			*oid = database->oid;
			return true;
		}
		if (!g_str_has_prefix(database->name, "template"))
			g_string_append_printf(names, "%s%s", names->len ? ", " : "",
					       database->name);
	}
	return odr_fail(error, ODR_ERROR_NOT_FOUND,
			"there is no database '%s' at that moment; there are: %s", single->name,
			names->str);
}

bool tenant_examine(const struct tenant_single *single, char **reason, GError **error)
{
	g_autofree char *page = NULL;
	uint32_t oid = 0;

	*reason = NULL;
	if (!find_database(single, &oid, error))
		return false;
	if (single->oid == 0)
		return true;
	if (oid != single->oid)
		*reason = g_strdup("the database was made anew after the set was taken");
	else if (!instance_missing_page(single->instance, oid, &page, error))
		return false;
	else if (page)
		*reason = g_strdup_printf("replay needed what another database has (%s)", page);
	return true;
}
