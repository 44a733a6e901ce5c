#include "cli/site/collectors.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/line/output.h"

#include <stddef.h>
#include <string.h>

/* Keys that only some collectors take, and those that some cannot do without. */
static const struct {
	const char *name;
	size_t offset; /* in struct settings_collect */
} special[] = {
	{"paths", offsetof(struct settings_collect, paths)},
	{"command", offsetof(struct settings_collect, command)},
	{"databases", offsetof(struct settings_collect, databases)},
	{"units", offsetof(struct settings_collect, units)},
	{"history", offsetof(struct settings_collect, history)},
	{"server", offsetof(struct settings_collect, server)},
	{"password-file", offsetof(struct settings_collect, password_file)},
	{"kinds", offsetof(struct settings_collect, kinds)},
	{"namespaces", offsetof(struct settings_collect, namespaces)},
	{"kubeconfig", offsetof(struct settings_collect, kubeconfig)},
	{"context", offsetof(struct settings_collect, context)},
};
static const struct {
	const char *type, *needs;
} needed[] = {{"files", "paths"}, {"git", "paths"}, {"command", "command"}};

static const char *value_of(const struct settings_collect *collect, size_t i)
{
	return G_STRUCT_MEMBER(char *, collect, special[i].offset);
}

bool collectors_check(const Settings *settings, const struct settings_collect *collect,
		      GError **error)
{
	const struct collect_class *class = collect_class_of(collect->type);
	g_autofree char *group = g_strconcat("collect ", collect->name, NULL);

	g_assert(class);
	g_auto(GStrv) taken = g_strsplit(class->keys, ";", -1);

	for (size_t i = 0; i < G_N_ELEMENTS(special); i++) {
		if (value_of(collect, i) &&
		    !g_strv_contains((const char *const *)taken, special[i].name))
			return odr_fail(error, ODR_ERROR_USAGE,
					"%s: %s= is not for collectors of type %s",
					settings_origin_of(settings, group, special[i].name),
					special[i].name, collect->type);
		for (size_t k = 0; k < G_N_ELEMENTS(needed); k++)
			if (strcmp(needed[k].type, collect->type) == 0 &&
			    strcmp(needed[k].needs, special[i].name) == 0 && !value_of(collect, i))
				return odr_fail(error, ODR_ERROR_USAGE,
						"[%s] needs %s=: a collector of type %s takes "
						"nothing by itself",
						group, special[i].name, collect->type);
	}
	return true;
}

static const char *const *list_of(Collectors *collectors, const char *text)
{
	char **list = settings_split(text);

	if (list)
		g_ptr_array_add(collectors->lists, list);
	return (const char *const *)list;
}

/* What nobody asked for by name cannot be missed: the default collectors make no part fail. */
static bool is_required(const struct settings_service *service,
			const struct settings_collect *collect)
{
	if (collect->required)
		return strcmp(collect->required, "yes") == 0;
	return service->config_chosen && collect_class_of(collect->type)->required;
}

static void add(Collectors *collectors, const struct settings_service *service,
		const struct settings_collect *collect)
{
	struct collect_settings *settings = g_new0(struct collect_settings, 1);

	*settings = (struct collect_settings){
		.name = collect->name,
		.type = collect->type,
		.required = is_required(service, collect),
		.sealed = strcmp(collect->secrets, "sealed") == 0,
		.limit = collect->limit,
		.timeout = collect->timeout,
		.paths = list_of(collectors, collect->paths),
		.command = list_of(collectors, collect->command),
		.databases = list_of(collectors, collect->databases),
		.masks = list_of(collectors, collect->mask),
		.units = list_of(collectors, collect->units),
		.history = collect->history,
		.server = collect->server,
		.password_file = collect->password_file,
		.kinds = list_of(collectors, collect->kinds),
		.namespaces = list_of(collectors, collect->namespaces),
		.kubeconfig = collect->kubeconfig,
		.context = collect->context,
		.hint = collect->hint,
	};
	g_ptr_array_add(collectors->settings, settings);
}

/* ---- facts of our own ------------------------------------------------------------------------ */

static json_t *repositories_json(const GPtrArray *repositories)
{
	json_t *array = json_array();

	for (guint i = 0; i < repositories->len; i++) {
		const struct settings_repository *repository = repositories->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "name", repository->name);
		json_set_string(object, "type", repository->type);
		json_set_string(object, "path", repository->path);
		json_set_string(object, "endpoint", repository->endpoint);
		json_set_string(object, "bucket", repository->bucket);
		json_set_string(object, "prefix", repository->prefix);
		json_set_string(object, "region", repository->region);
		json_set_string(object, "lock", repository->lock);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *recipients_json(const GPtrArray *recipients)
{
	json_t *array = json_array();

	for (guint i = 0; i < recipients->len; i++) {
		const struct recipient *recipient = recipients->pdata[i];
		g_autofree char *fingerprint = key_fingerprint(recipient->public_key);
		json_t *object = json_object();

		json_set_string(object, "name", recipient->name);
		json_set_string(object, "fingerprint", fingerprint);
		json_set_string(object, "scope",
				recipient->scope == RECIPIENT_SCOPE_WAL ? "wal" : "all");
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *facts_of(const Context *context)
{
	const Bundle *bundle = context->bundle;
	g_autofree char *id = hex_encode(bundle->service.id, SERVICE_ID_SIZE);
	g_autofree char *owner = key_fingerprint(bundle->service.owner_public);
	g_autofree char *writer = key_fingerprint(bundle->endorsement.public_key);
	json_t *facts = json_object();

	json_set_string(facts, "program", PACKAGE_STRING);
	json_set_string(facts, "service", bundle->service.name);
	json_set_string(facts, "service_id", id);
	json_set_string(facts, "state", context->state);
	json_set_string(facts, "owner", owner);
	json_set_string(facts, "writer", writer);
	json_set_known_time(facts, "writer_valid_until", bundle->endorsement.valid_until);
	json_set(facts, "recipients", recipients_json(bundle->recipients));
	json_set(facts, "repositories", repositories_json(context->service->repositories));
	return facts;
}

Collectors *collectors_new(const Context *context, GError **error)
{
	const struct settings_service *service = context->service;
	g_autoptr(Collectors) collectors = g_new0(Collectors, 1);

	collectors->settings = g_ptr_array_new_with_free_func(g_free);
	collectors->lists = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	for (guint i = 0; i < service->collectors->len; i++) {
		if (!collectors_check(context->settings, service->collectors->pdata[i], error))
			return NULL;
		add(collectors, service, service->collectors->pdata[i]);
	}
	collectors->own_files[0] = g_canonicalize_filename(context->settings->file, NULL);
	collectors->host = (struct collect_host){
		.root = "",
		.conninfo = service->postgres,
		.own_files = (const char *const *)collectors->own_files,
		.own_facts = facts_of(context),
	};
	return g_steal_pointer(&collectors);
}

void collectors_free(Collectors *collectors)
{
	if (!collectors)
		return;
	g_ptr_array_unref(collectors->settings);
	g_ptr_array_unref(collectors->lists);
	g_free(collectors->own_files[0]);
	json_decref(collectors->host.own_facts);
	g_free(collectors);
}
