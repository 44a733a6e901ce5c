#include "cli/site/backup_parts.h"

#include "base/error.h"
#include "base/suggest.h"

#include <string.h>

static bool choose_database(const Context *context, struct backup_parts *parts)
{
	const struct settings_service *service = context->service;

	if (!service->postgres)
		return false;
	parts->chosen_database = true;
	parts->database = (struct backup_database){
		.conninfo = service->postgres,
		.data_directory = settings_data_directory(service),
		.generation_length = service->tier->generation_length,
		.archive_timeout = context->settings->archive_check_timeout,
	};
	return true;
}

static bool choose_filestore(const Context *context, struct backup_parts *parts)
{
	const struct settings_service *service = context->service;
	const char *fence = service->filestore_fence;

	if (!service->filestore)
		return false;
	parts->places = settings_split(service->filestore);
	parts->databases = settings_split(service->databases);
	parts->chosen_filestore = true;
	parts->filestore = (struct backup_filestore){
		.places = (const char *const *)parts->places,
		.databases = (const char *const *)parts->databases,
		.plain = strcmp(service->filestore_layout, "plain") == 0,
		.conninfo = service->postgres,
		.may_lock_job = strcmp(fence, "none") != 0,
		.may_lock_table = strcmp(fence, "table") == 0,
		.shrink_percent = service->filestore_shrink,
		.generation_length = service->tier->generation_length_filestore,
		.full = arguments_flag(context->arguments, "full"),
	};
	return true;
}

static bool choose_config(const Context *context, struct backup_parts *parts)
{
	parts->chosen_config = context->service->config != NULL;
	return parts->chosen_config;
}

static const struct {
	const char *name;
	bool (*choose)(const Context *context,
		       struct backup_parts *parts); /* false: there is none */
	const char *absence;			    /* why there is none */
} known[] = {
	{PART_DATABASE, choose_database, "its postgres= is none"},
	{PART_FILESTORE, choose_filestore, "it has no filestore="},
	{PART_CONFIG, choose_config, "its config= is none"},
};

static bool choose_named(const Context *context, const char *name, struct backup_parts *parts,
			 GError **error)
{
	const char *names[G_N_ELEMENTS(known) + 1] = {NULL};

	for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
		names[i] = known[i].name;
		if (strcmp(known[i].name, name) != 0)
			continue;
		return known[i].choose(context, parts) ||
		       odr_fail(error, ODR_ERROR_USAGE, "service %s has no %s: %s",
				context->service->name, name, known[i].absence);
	}
	g_autofree char *list = suggest_list(names);
	g_autofree char *guess = suggest_phrase(name, names);

	return odr_fail(error, ODR_ERROR_USAGE, "there is no part '%s'; parts are %s%s", name, list,
			guess);
}

GPtrArray *backup_parts_of(const Context *context)
{
	GPtrArray *names = g_ptr_array_new();
	struct backup_parts parts = {0};

	for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
		if (known[i].choose(context, &parts))
			g_ptr_array_add(names, (char *)known[i].name);
	g_ptr_array_add(names, NULL);
	backup_parts_clear(&parts);
	return names;
}

bool backup_parts_choose(const Context *context, struct backup_parts *parts, GError **error)
{
	const GPtrArray *named = arguments_list(context->arguments, "part");
	bool any = false;

	*parts = (struct backup_parts){0};
	for (guint i = 0; named && i < named->len; i++)
		if (!choose_named(context, named->pdata[i], parts, error))
			return false;
	if (named)
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
		any = known[i].choose(context, parts) || any;
	return any ||
	       odr_fail(
		       error, ODR_ERROR_USAGE,
		       "service %s has nothing to capture: its postgres= and config= are none, and "
		       "it has no filestore=",
		       context->service->name);
}

bool backup_parts_prepare(const Context *context, struct backup_parts *parts, GError **error)
{
	if (!parts->chosen_config)
		return true;
	parts->collectors = collectors_new(context, error);
	if (!parts->collectors)
		return false;
	parts->config = (struct backup_config){
		.collectors = parts->collectors->settings,
		.host = parts->collectors->host,
		.limit = context->service->config_limit,
	};
	return true;
}

void backup_parts_clear(struct backup_parts *parts)
{
	g_clear_pointer(&parts->collectors, collectors_free);
	g_clear_pointer(&parts->places, g_strfreev);
	g_clear_pointer(&parts->databases, g_strfreev);
}

void backup_parts_request(const struct backup_parts *parts, struct backup_request *request)
{
	if (parts->chosen_database)
		request->database = &parts->database;
	if (parts->chosen_filestore)
		request->filestore = &parts->filestore;
	if (parts->collectors)
		request->config = &parts->config;
}
