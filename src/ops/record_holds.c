/* Which sets are held, in the catalog: what status, list and reports know without asking a repository. */
#include "base/error.h"
#include "base/json.h"
#include "ops/record.h"

#include <string.h>

#define WHAT "a hold in the catalog"

static char *fact_of(const char *service, const char *repository)
{
	return g_strdup_printf("holds.%s.%s", service, repository);
}

json_t *record_hold_json(const struct hold *hold)
{
	json_t *object = json_object();

	json_set_string(object, "set", hold->set_id);
	json_set_string(object, "hold", hold->name);
	json_set_known_time(object, "made", hold->made);
	json_set_known_time(object, "until", hold->until);
	json_set_string(object, "reason", hold->reason);
	json_set_string(object, "by", hold->by);
	json_set_bool(object, "verified", hold->verified);
	return object;
}

bool record_holds(Catalog *catalog, const Repo *repo, const GPtrArray *holds, GError **error)
{
	g_autofree char *fact = fact_of(repo->service.name, store_name(repo->store));
	g_autoptr(JsonValue) list = json_array();
	g_autofree char *text = NULL;

	for (guint i = 0; i < holds->len; i++)
		json_array_append_new(list, record_hold_json(holds->pdata[i]));
	text = json_print(list);
	return catalog_fact_set(catalog, fact, text, error);
}

static usec_t time_at(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	usec_t time;

	return text && clock_parse(text, &time, NULL) ? time : 0;
}

static char *text_at(const json_t *object, const char *name)
{
	return g_strdup(json_string_value(json_object_get(object, name)));
}

static bool is_known(const GPtrArray *holds, const char *name)
{
	for (guint i = 0; i < holds->len; i++)
		if (strcmp(((const struct hold *)holds->pdata[i])->name, name) == 0)
			return true;
	return false;
}

static void take(GPtrArray *holds, const json_t *object)
{
	struct hold *hold;
	const char *name = json_string_value(json_object_get(object, "hold"));

	if (!name || !json_is_string(json_object_get(object, "set")) || is_known(holds, name))
		return;
	hold = g_new0(struct hold, 1);
	hold->name = g_strdup(name);
	hold->set_id = text_at(object, "set");
	hold->reason = text_at(object, "reason");
	hold->by = text_at(object, "by");
	hold->made = time_at(object, "made");
	hold->until = time_at(object, "until");
	hold->verified = json_is_true(json_object_get(object, "verified"));
	g_ptr_array_add(holds, hold);
}

bool recorded_holds(Catalog *catalog, const char *service, const char *const *repositories,
		    GPtrArray **holds, GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)hold_free);

	for (; *repositories; repositories++) {
		g_autofree char *fact = fact_of(service, *repositories);
		g_autofree char *text = NULL;
		g_autoptr(JsonValue) list = NULL;

		if (!catalog_fact(catalog, fact, &text, error) ||
		    (text && !json_parse(text, strlen(text), WHAT, &list, error)))
			return false;
		for (size_t i = 0; i < json_array_size(list); i++)
			take(found, json_array_get(list, i));
	}
	*holds = g_steal_pointer(&found);
	return true;
}

bool record_holds_update(Catalog *catalog, Repo *repo, GPtrArray *troubles, GError **error)
{
	g_autoptr(GPtrArray) holds = NULL;

	return hold_list(repo, NULL, &holds, troubles, error) &&
	       record_holds(catalog, repo, holds, error);
}
