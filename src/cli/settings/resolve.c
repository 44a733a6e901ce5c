/* What names in the configuration, and on the command line, mean. */
#include "cli/settings/resolve.h"

#include "base/error.h"
#include "base/suggest.h"

#include <string.h>

/* The names of a list, NULL-terminated; every struct of it begins with its name. */
static const char **names_of(const GPtrArray *list)
{
	const char **names = g_new0(const char *, list->len + 1);

	for (guint i = 0; i < list->len; i++)
		names[i] = *(char *const *)list->pdata[i];
	return names;
}

static void *find_named(const GPtrArray *list, const char *name)
{
	for (guint i = 0; i < list->len; i++) {
		if (strcmp(*(char *const *)list->pdata[i], name) == 0)
			return list->pdata[i];
	}
	return NULL;
}

/* "; did you mean 'x'?", or "; there are x and y". */
static char *advise(const GPtrArray *list, const char *typed)
{
	g_autofree const char **names = names_of(list);
	const char *near = suggest_name(typed, names);
	g_autofree char *all = suggest_list(names);

	if (near)
		return g_strdup_printf("did you mean '%s'?", near);
	return list->len == 0 ? g_strdup("there is none") : g_strdup_printf("there is %s", all);
}

static bool resolve_repositories(Settings *settings, const Keyfile *keyfile, const char *group,
				 struct settings_service *service, GError **error)
{
	g_auto(GStrv) names = g_strsplit(service->repository_names, ";", -1);
	unsigned line = keyfile_line(keyfile, group, "repositories");

	for (char **name = names; *name; name++) {
		struct settings_repository *repository;

		if (*g_strstrip(*name) == '\0')
			continue;
		repository = find_named(settings->repositories, *name);
		if (!repository) {
			g_autofree char *advice = advise(settings->repositories, *name);

			return keyfile_fail(keyfile, line, error, "there is no [repository %s]; %s",
					    *name, advice);
		}
		if (g_ptr_array_find(service->repositories, repository, NULL))
			return keyfile_fail(keyfile, line, error,
					    "repository '%s' stands twice; drop one", *name);
		g_ptr_array_add(service->repositories, repository);
	}
	if (service->repositories->len == 0)
		return keyfile_fail(keyfile, line, error, "repositories= names none");
	return true;
}

static bool resolve_tier(Settings *settings, const Keyfile *keyfile, const char *group,
			 struct settings_service *service, GError **error)
{
	service->tier = find_named(settings->tiers, service->tier_name);
	if (!service->tier) {
		g_autofree char *advice = advise(settings->tiers, service->tier_name);

		return keyfile_fail(keyfile, keyfile_line(keyfile, group, "tier"), error,
				    "there is no [tier %s]; %s", service->tier_name, advice);
	}
	return true;
}

static bool resolve_process(Settings *settings, const Keyfile *keyfile,
			    const struct settings_process *process, GError **error)
{
	g_autofree char *group = g_strconcat("process ", process->name, NULL);
	g_auto(GStrv) known = g_strsplit(SETTINGS_COMPONENT_NAMES, ";", -1);
	g_auto(GStrv) components = settings_split(process->components);

	if (!find_named(settings->services, process->service)) {
		g_autofree char *advice = advise(settings->services, process->service);

		return keyfile_fail(keyfile, keyfile_line(keyfile, group, "service"), error,
				    "there is no [service %s]; %s", process->service, advice);
	}
	for (char **name = components; name && *name; name++)
		if (!g_strv_contains((const char *const *)known, *name))
			return keyfile_fail(
				keyfile, keyfile_line(keyfile, group, "components"), error,
				"components cannot be '%s'; there is database, filestore, "
				"config and integration",
				*name);
	return true;
}

static bool is_of_service(const Settings *settings, const char *process, const char *service)
{
	const struct settings_process *found = find_named(settings->processes, process);

	return found && strcmp(found->service, service) == 0;
}

static bool resolve_exemption(Settings *settings, const Keyfile *keyfile,
			      const struct settings_exemption *exemption, GError **error)
{
	g_autofree char *group = g_strconcat("exemption ", exemption->name, NULL);

	if (!find_named(settings->services, exemption->service)) {
		g_autofree char *advice = advise(settings->services, exemption->service);

		return keyfile_fail(keyfile, keyfile_line(keyfile, group, "service"), error,
				    "there is no [service %s]; %s", exemption->service, advice);
	}
	if (exemption->process &&
	    !is_of_service(settings, exemption->process, exemption->service)) {
		g_autofree char *advice = advise(settings->processes, exemption->process);

		return keyfile_fail(keyfile, keyfile_line(keyfile, group, "process"), error,
				    "there is no [process %s] of service %s; %s",
				    exemption->process, exemption->service, advice);
	}
	if (exemption->process && strcmp(exemption->objective, "coverage") == 0)
		return keyfile_fail(keyfile, keyfile_line(keyfile, group, "objective"), error,
				    "a process has no coverage; it has rpo, rto and integrity");
	return true;
}

/* In key=value form and as URI. What is shown or logged would give it away. */
static bool holds_password(const char *conninfo)
{
	const char *scheme = strstr(conninfo, "://");
	const char *at = scheme ? strchr(scheme, '@') : NULL;
	const char *colon = scheme ? strchr(scheme + strlen("://"), ':') : NULL;

	for (const char *word = strstr(conninfo, "password"); word;
	     word = strstr(word + 1, "password")) {
		const char *next = word + strlen("password");

		if (next[strspn(next, " ")] == '=')
			return true;
	}
	return at && colon && colon < at;
}

/* A collector's type is its name unless it says otherwise; its files are named by absolute paths. */
static bool resolve_collect(const Keyfile *keyfile, struct settings_collect *collect,
			    GError **error)
{
	g_autofree char *group = g_strconcat("collect ", collect->name, NULL);
	g_auto(GStrv) types = g_strsplit(SETTINGS_COLLECT_TYPES, ";", -1);
	g_auto(GStrv) paths = settings_split(collect->paths);

	if (!collect->type && !g_strv_contains((const char *const *)types, collect->name)) {
		g_autofree char *list = suggest_list((const char *const *)types);

		return keyfile_fail(keyfile, keyfile_line(keyfile, group, "type"), error,
				    "[%s] needs type=; there is %s", group, list);
	}
	if (!collect->type)
		collect->type = g_strdup(collect->name);
	for (char **path = paths; path && *path; path++)
		if (!g_path_is_absolute(*path))
			return keyfile_fail(keyfile, keyfile_line(keyfile, group, "paths"), error,
					    "paths are absolute, not '%s'; begin it with '/'",
					    *path);
	return true;
}

/* Groups first; then what types there are. */
static char *advise_collector(const Settings *settings, const char *typed)
{
	g_auto(GStrv) types = g_strsplit(SETTINGS_COLLECT_TYPES, ";", -1);
	g_autofree const char **groups = names_of(settings->collects);
	const char *near = suggest_name(typed, groups);

	if (!near)
		near = suggest_name(typed, (const char *const *)types);
	if (near)
		return g_strdup_printf("did you mean '%s'?", near);
	g_autofree char *list = suggest_list((const char *const *)types);

	return g_strdup_printf("add a group of that name, or use a type: %s", list);
}

static bool resolve_collector(Settings *settings, const Keyfile *keyfile,
			      struct settings_service *service, const char *name, GError **error)
{
	g_autofree char *group = g_strconcat("service ", service->name, NULL);
	unsigned line = keyfile_line(keyfile, group, "config");
	g_auto(GStrv) types = g_strsplit(SETTINGS_COLLECT_TYPES, ";", -1);
	struct settings_collect *collect = find_named(settings->collects, name);

	if (!collect && !g_strv_contains((const char *const *)types, name)) {
		g_autofree char *advice = advise_collector(settings, name);

		return keyfile_fail(keyfile, line, error, "there is no [collect %s]; %s", name,
				    advice);
	}
	if (!collect)
		collect = settings_add_collect(settings, keyfile, name);
	if (!collect->type)
		collect->type = g_strdup(name);
	if (g_ptr_array_find(service->collectors, collect, NULL))
		return keyfile_fail(keyfile, line, error, "collector '%s' stands twice; drop one",
				    name);
	g_ptr_array_add(service->collectors, collect);
	return true;
}

static bool resolve_collectors(Settings *settings, const Keyfile *keyfile,
			       struct settings_service *service, GError **error)
{
	g_autofree char *group = g_strconcat("service ", service->name, NULL);
	g_auto(GStrv) names = settings_split(service->config);
	g_autofree char *written = NULL;

	if (!keyfile_value(keyfile, group, "config", &written, error))
		return false;
	service->config_chosen = written != NULL;
	if (strcmp(service->config, "none") == 0) {
		g_clear_pointer(&service->config, g_free);
		return true;
	}
	for (char **name = names; name && *name; name++)
		if (!resolve_collector(settings, keyfile, service, *name, error))
			return false;
	return true;
}

/* Probably forgotten. */
static void warn_of_idle(Settings *settings, const Keyfile *keyfile)
{
	for (guint i = 0; i < settings->collects->len; i++) {
		struct settings_collect *collect = settings->collects->pdata[i];
		g_autofree char *group = g_strconcat("collect ", collect->name, NULL);
		bool used = false;

		for (guint k = 0; k < settings->services->len; k++) {
			const struct settings_service *service = settings->services->pdata[k];

			used = used || g_ptr_array_find(service->collectors, collect, NULL);
		}
		if (!used)
			g_ptr_array_add(settings->warnings,
					g_strdup_printf("%s:%u: [%s] is in no service's config=",
							settings->file,
							keyfile_line(keyfile, group, ""), group));
	}
}

static bool resolve_service(Settings *settings, const Keyfile *keyfile,
			    struct settings_service *service, GError **error)
{
	g_autofree char *group = g_strconcat("service ", service->name, NULL);

	if (!service->bundle)
		service->bundle = g_strdup(settings->bundle);
	if (!service->identity)
		service->identity = g_strdup(settings->identity);
	if (!service->evidence_key)
		service->evidence_key = g_strdup(settings->evidence_key);
	if (strcmp(service->postgres, "none") == 0)
		g_clear_pointer(&service->postgres, g_free);
	if (service->postgres && holds_password(service->postgres))
		return keyfile_fail(keyfile, keyfile_line(keyfile, group, "postgres"), error,
				    "postgres= holds a password; put it into a file of mode 0600 "
				    "and name that by passfile=");
	return resolve_repositories(settings, keyfile, group, service, error) &&
	       resolve_collectors(settings, keyfile, service, error) &&
	       resolve_tier(settings, keyfile, group, service, error);
}

static bool same_key(const struct settings_origin *a, const struct settings_origin *b)
{
	return strcmp(a->key, b->key) == 0 && strcmp(b->group, "odrbackup") == 0;
}

/* Shows what a service took from [odrbackup] as its own value, with the place it came from. */
static void inherit_origins(Settings *settings)
{
	for (guint i = 0; i < settings->origins->len; i++) {
		struct settings_origin *origin = settings->origins->pdata[i];

		if (origin->value || !g_str_has_prefix(origin->group, "service "))
			continue;
		for (guint j = 0; j < i; j++) {
			const struct settings_origin *global = settings->origins->pdata[j];

			if (!same_key(origin, global) || !global->value)
				continue;
			g_free(origin->origin);
			origin->value = g_strdup(global->value);
			origin->origin = g_strdup(global->origin);
		}
	}
}

static bool resolve_unit_failure(const Settings *settings, const Keyfile *keyfile, GError **error)
{
	g_auto(GStrv) names = settings_split(settings->on_unit_failure);
	g_autofree const char **groups = names_of(settings->notifies);

	for (char **name = names; name && *name; name++) {
		g_autofree char *near = suggest_phrase(*name, groups);

		if (!find_named(settings->notifies, *name))
			return keyfile_fail(
				keyfile, keyfile_line(keyfile, "odrbackup", "on-unit-failure"),
				error, "on-unit-failure: there is no [notify %s]%s", *name, near);
	}
	return true;
}

bool settings_resolve(Settings *settings, const Keyfile *keyfile, GError **error)
{
	for (guint i = 0; i < settings->repositories->len; i++) {
		if (!settings_check_repository(keyfile, settings->repositories->pdata[i], error))
			return false;
	}
	for (guint i = 0; i < settings->collects->len; i++) {
		if (!resolve_collect(keyfile, settings->collects->pdata[i], error))
			return false;
	}
	for (guint i = 0; i < settings->services->len; i++) {
		if (!resolve_service(settings, keyfile, settings->services->pdata[i], error))
			return false;
	}
	for (guint i = 0; i < settings->processes->len; i++) {
		if (!resolve_process(settings, keyfile, settings->processes->pdata[i], error))
			return false;
	}
	for (guint i = 0; i < settings->exemptions->len; i++) {
		if (!resolve_exemption(settings, keyfile, settings->exemptions->pdata[i], error))
			return false;
	}
	for (guint i = 0; i < settings->notifies->len; i++) {
		if (!settings_check_notify(keyfile, settings->notifies->pdata[i], error))
			return false;
	}
	if (!resolve_unit_failure(settings, keyfile, error))
		return false;
	warn_of_idle(settings, keyfile);
	inherit_origins(settings);
	return true;
}

const struct settings_service *settings_service(const Settings *settings, const char *name,
						GError **error)
{
	const struct settings_service *service;

	if (!name && settings->services->len == 1)
		return settings->services->pdata[0];
	if (settings->services->len == 0) {
		odr_fail(error, ODR_ERROR_USAGE, "%s has no service; add a [service NAME]",
			 settings->file);
		return NULL;
	}
	service = name ? find_named(settings->services, name) : NULL;
	if (!service && name) {
		g_autofree char *advice = advise(settings->services, name);

		odr_fail(error, ODR_ERROR_USAGE, "there is no service '%s'; %s", name, advice);
	} else if (!service) {
		g_autofree const char **names = names_of(settings->services);
		g_autofree char *list = suggest_list(names);

		odr_fail(error, ODR_ERROR_USAGE, "which service? There are %s", list);
	}
	return service;
}
