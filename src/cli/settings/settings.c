#include "cli/settings/settings.h"

#include "base/error.h"
#include "base/file.h"
#include "base/keyfile.h"
#include "base/pool.h"
#include "base/suggest.h"
#include "cli/settings/resolve.h"

#include <stddef.h>
#include <string.h>

#define WORKERS_DEFAULT_MAX 8

static const char *const kinds[] = {"odrbackup", "repository", "service",   "collect", "tier",
				    "process",	 "notify",     "exemption", NULL};

/* Groups that have a name: each is a struct that begins with it, in a list of its own. */
static const struct named_kind {
	const char *kind;
	size_t size, list;
} named_kinds[] = {
	{"repository", sizeof(struct settings_repository), offsetof(struct settings, repositories)},
	{"service", sizeof(struct settings_service), offsetof(struct settings, services)},
	{"collect", sizeof(struct settings_collect), offsetof(struct settings, collects)},
	{"tier", sizeof(struct settings_tier), offsetof(struct settings, tiers)},
	{"process", sizeof(struct settings_process), offsetof(struct settings, processes)},
	{"notify", sizeof(struct settings_notify), offsetof(struct settings, notifies)},
	{"exemption", sizeof(struct settings_exemption), offsetof(struct settings, exemptions)},
};

static GPtrArray **list_of(Settings *settings, const struct named_kind *kind)
{
	return (GPtrArray **)(void *)((char *)settings + kind->list);
}

static const struct named_kind *named_kind(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(named_kinds); i++)
		if (strcmp(named_kinds[i].kind, name) == 0)
			return &named_kinds[i];
	g_assert_not_reached();
}

static void origin_free(void *data)
{
	struct settings_origin *origin = data;

	g_free(origin->group);
	g_free(origin->key);
	g_free(origin->value);
	g_free(origin->origin);
	g_free(origin);
}

/* Every pointer that a key of this kind fills. */
static void clear_texts(const char *kind, void *target)
{
	size_t count;
	const struct settings_key *keys = settings_keys_of(kind, &count);

	for (size_t i = 0; i < count; i++) {
		if (keys[i].type != SETTINGS_COUNT && keys[i].type != SETTINGS_DURATION &&
		    keys[i].type != SETTINGS_SIZE && keys[i].type != SETTINGS_TIME)
			g_free(G_STRUCT_MEMBER(char *, target, keys[i].offset));
	}
}

static void free_named(const struct named_kind *kind, void *group)
{
	clear_texts(kind->kind, group);
	g_free(*(char **)group);
	if (strcmp(kind->kind, "service") == 0) {
		g_ptr_array_unref(((struct settings_service *)group)->repositories);
		g_ptr_array_unref(((struct settings_service *)group)->collectors);
	}
	g_free(group);
}

void settings_free(Settings *settings)
{
	if (!settings)
		return;
	clear_texts("odrbackup", settings);
	for (size_t i = 0; i < G_N_ELEMENTS(named_kinds); i++) {
		GPtrArray *list = *list_of(settings, &named_kinds[i]);

		for (guint k = 0; k < list->len; k++)
			free_named(&named_kinds[i], list->pdata[k]);
		g_ptr_array_unref(list);
	}
	g_ptr_array_unref(settings->origins);
	g_ptr_array_unref(settings->warnings);
	g_free(settings->file);
	g_free(settings);
}

static Settings *settings_new(const char *file)
{
	Settings *settings = g_new0(Settings, 1);
	unsigned cpus = pool_cpus();

	settings->file = g_strdup(file);
	settings->workers = MIN(cpus, WORKERS_DEFAULT_MAX);
	for (size_t i = 0; i < G_N_ELEMENTS(named_kinds); i++)
		*list_of(settings, &named_kinds[i]) = g_ptr_array_new();
	settings->origins = g_ptr_array_new_with_free_func(origin_free);
	settings->warnings = g_ptr_array_new_with_free_func(g_free);
	return settings;
}

static bool check_group(const Keyfile *keyfile, const struct keyfile_group *group, GError **error)
{
	const char *name;
	g_autofree char *kind = keyfile_group_kind(group->name, &name);

	if (!g_strv_contains(kinds, kind)) {
		const char *near = suggest_name(kind, kinds);
		g_autofree char *phrase =
			near ? g_strdup_printf("did you mean [%s%s%s]?", near, name ? " " : "",
					       name ? name : "")
			     : g_strdup("groups are [odrbackup], [repository NAME], "
					"[service NAME], [collect NAME], [tier NAME], "
					"[process NAME], [notify NAME] and [exemption NAME]");

		return keyfile_fail(keyfile, group->line, error, "unknown group [%s]; %s",
				    group->name, phrase);
	}
	if (strcmp(kind, "odrbackup") == 0) {
		if (name)
			return keyfile_fail(keyfile, group->line, error,
					    "[odrbackup] has no name; write [odrbackup]");
		return true;
	}
	if (!name)
		return keyfile_fail(keyfile, group->line, error, "a %s has a name; write [%s NAME]",
				    kind, kind);
	if (!keyfile_name_valid(name))
		return keyfile_fail(keyfile, group->line, error,
				    "'%s' is no name; names are 1 to %d of A-Z, a-z, 0-9, '.', '_' "
				    "and '-', and begin with a letter or digit",
				    name, KEYFILE_NAME_MAX);
	return true;
}

static bool check_keys(const Keyfile *keyfile, const struct keyfile_group *group, GError **error)
{
	const char *name;
	g_autofree char *kind = keyfile_group_kind(group->name, &name);
	size_t count;
	const struct settings_key *keys = settings_keys_of(kind, &count);
	g_autofree const char **known = g_new0(const char *, count + 1);

	for (size_t i = 0; i < count; i++)
		known[i] = keys[i].name;
	return keyfile_known(keyfile, group, known, error);
}

static bool check_names(const Keyfile *keyfile, GError **error)
{
	for (guint i = 0; i < keyfile->groups->len; i++) {
		const struct keyfile_group *group = keyfile->groups->pdata[i];

		if (!check_group(keyfile, group, error) || !check_keys(keyfile, group, error))
			return false;
	}
	return true;
}

/* One key of one group: where it is written, and where its value goes. */
struct slot {
	const Keyfile *keyfile;
	const struct settings_key *key;
	unsigned line; /* 0: the value is the default */
	void *at;
};

static bool store_count(const struct slot *slot, const char *text, GError **error)
{
	guint64 value;

	if (!g_ascii_string_to_unsigned(text, 10, (guint64)slot->key->minimum,
					(guint64)slot->key->maximum, &value, NULL))
		return keyfile_fail(slot->keyfile, slot->line, error,
				    "%s is a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
				    ", not '%s'",
				    slot->key->name, slot->key->minimum, slot->key->maximum, text);
	*(unsigned *)slot->at = (unsigned)value;
	return true;
}

static bool store_duration(const struct slot *slot, const char *text, GError **error)
{
	g_autoptr(GError) cause = NULL;
	usec_t value;

	if (!duration_parse(text, &value, &cause))
		return keyfile_fail(slot->keyfile, slot->line, error, "%s: %s", slot->key->name,
				    cause->message);
	if (value < slot->key->minimum || value > slot->key->maximum) {
		g_autofree char *minimum = duration_format(slot->key->minimum);
		g_autofree char *maximum = duration_format(slot->key->maximum);

		return keyfile_fail(slot->keyfile, slot->line, error,
				    "%s is from %s to %s, not '%s'", slot->key->name, minimum,
				    maximum, text);
	}
	*(usec_t *)slot->at = value;
	return true;
}

static bool store_time(const struct slot *slot, const char *text, GError **error)
{
	g_autoptr(GError) cause = NULL;

	return clock_parse(text, slot->at, &cause) ||
	       keyfile_fail(slot->keyfile, slot->line, error, "%s: %s", slot->key->name,
			    cause->message);
}

static bool store_size(const struct slot *slot, const char *text, GError **error)
{
	g_autoptr(GError) cause = NULL;
	uint64_t value;

	if (!size_parse(text, &value, &cause))
		return keyfile_fail(slot->keyfile, slot->line, error, "%s: %s", slot->key->name,
				    cause->message);
	if (value < (uint64_t)slot->key->minimum || value > (uint64_t)slot->key->maximum) {
		g_autofree char *minimum = size_format((uint64_t)slot->key->minimum);
		g_autofree char *maximum = size_format((uint64_t)slot->key->maximum);

		return keyfile_fail(slot->keyfile, slot->line, error,
				    "%s is from %s to %s, not '%s'", slot->key->name, minimum,
				    maximum, text);
	}
	*(uint64_t *)slot->at = value;
	return true;
}

static bool check_text(const struct slot *slot, const char *text, GError **error)
{
	bool automatic = slot->key->type == SETTINGS_PATH_OR_AUTO && strcmp(text, "auto") == 0;

	if ((slot->key->type == SETTINGS_PATH || slot->key->type == SETTINGS_PATH_OR_AUTO) &&
	    !automatic && !g_path_is_absolute(text))
		return keyfile_fail(slot->keyfile, slot->line, error,
				    "%s is an absolute path, not '%s'; begin it with '/'",
				    slot->key->name, text);
	if (slot->key->type == SETTINGS_CHOICE) {
		g_auto(GStrv) choices = g_strsplit(slot->key->choices, ";", -1);

		if (!g_strv_contains((const char *const *)choices, text)) {
			g_autofree char *list = suggest_list((const char *const *)choices);

			return keyfile_fail(slot->keyfile, slot->line, error,
					    "%s cannot be '%s'; there is %s", slot->key->name, text,
					    list);
		}
	}
	return true;
}

static bool store_value(const struct slot *slot, const char *text, GError **error)
{
	if (slot->key->type == SETTINGS_COUNT)
		return store_count(slot, text, error);
	if (slot->key->type == SETTINGS_DURATION)
		return store_duration(slot, text, error);
	if (slot->key->type == SETTINGS_SIZE)
		return store_size(slot, text, error);
	if (slot->key->type == SETTINGS_TIME)
		return store_time(slot, text, error);
	if (!check_text(slot, text, error))
		return false;
	g_free(*(char **)slot->at);
	*(char **)slot->at = g_strdup(text);
	return true;
}

static void add_origin(Settings *settings, const char *group, const struct settings_key *key,
		       const char *value, unsigned line)
{
	struct settings_origin *origin = g_new0(struct settings_origin, 1);

	origin->group = g_strdup(group);
	origin->key = g_strdup(key->name);
	origin->value = g_strdup(value);
	origin->origin =
		line ? g_strdup_printf("%s:%u", settings->file, line) : g_strdup("default");
	g_ptr_array_add(settings->origins, origin);
}

/* All keys of a kind, from the group of that name or by default. */
static bool fill(Settings *settings, const Keyfile *keyfile, const char *kind, const char *group,
		 void *target, GError **error)
{
	size_t count;
	const struct settings_key *keys = settings_keys_of(kind, &count);

	for (size_t i = 0; i < count; i++) {
		const struct settings_key *key = &keys[i];
		g_autofree char *value = NULL;

		if (!keyfile_value(keyfile, group, key->name, &value, error))
			return false;

		struct slot slot = {keyfile, key, .at = (char *)target + key->offset};

		if (value)
			slot.line = keyfile_line(keyfile, group, key->name);
		else if (key->required)
			return keyfile_fail(keyfile, keyfile_line(keyfile, group, key->name), error,
					    "[%s] needs %s=: %s", group, key->name, key->help);
		else
			value = g_strdup(key->fallback);
		if (value && !store_value(&slot, value, error))
			return false;
		if (!value && key->type == SETTINGS_COUNT)
			value = g_strdup_printf("%u", *(unsigned *)slot.at);
		add_origin(settings, group, key, value, slot.line);
	}
	return true;
}

static void *add_named(Settings *settings, const struct named_kind *kind, const char *name)
{
	void *group = g_malloc0(kind->size);

	*(char **)group = g_strdup(name);
	if (strcmp(kind->kind, "service") == 0) {
		((struct settings_service *)group)->repositories = g_ptr_array_new();
		((struct settings_service *)group)->collectors = g_ptr_array_new();
	}
	g_ptr_array_add(*list_of(settings, kind), group);
	return group;
}

struct settings_collect *settings_add_collect(Settings *settings, const Keyfile *keyfile,
					      const char *name)
{
	struct settings_collect *collect = add_named(settings, named_kind("collect"), name);
	size_t count;
	const struct settings_key *keys = settings_keys_of("collect", &count);

	for (size_t i = 0; i < count; i++) {
		struct slot slot = {keyfile, &keys[i], .at = (char *)collect + keys[i].offset};
		bool stored = !keys[i].fallback || store_value(&slot, keys[i].fallback, NULL);

		g_assert(stored);
	}
	return collect;
}

static bool add_groups(Settings *settings, const Keyfile *keyfile, const struct named_kind *wanted,
		       GError **error)
{
	for (guint i = 0; i < keyfile->groups->len; i++) {
		const struct keyfile_group *group = keyfile->groups->pdata[i];
		const char *name;
		g_autofree char *kind = keyfile_group_kind(group->name, &name);

		if (strcmp(kind, wanted->kind) == 0 &&
		    !fill(settings, keyfile, wanted->kind, group->name,
			  add_named(settings, wanted, name), error))
			return false;
	}
	return true;
}

static bool fill_all(Settings *settings, const Keyfile *keyfile, GError **error)
{
	const char *built_in = "tier " SETTINGS_DEFAULT_TIER;

	if (!fill(settings, keyfile, "odrbackup", "odrbackup", settings, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(named_kinds); i++)
		if (!add_groups(settings, keyfile, &named_kinds[i], error))
			return false;
	if (!keyfile_group(keyfile, built_in) &&
	    !fill(settings, keyfile, "tier", built_in,
		  add_named(settings, named_kind("tier"), SETTINGS_DEFAULT_TIER), error))
		return false;
	return settings_resolve(settings, keyfile, error);
}

Settings *settings_parse(const char *text, size_t size, const char *file, GError **error)
{
	g_autoptr(Settings) settings = settings_new(file);
	g_autoptr(Keyfile) keyfile = keyfile_parse(text, size, file, error);

	if (!keyfile || !check_names(keyfile, error) || !fill_all(settings, keyfile, error))
		return NULL;
	for (guint i = 0; i < keyfile->warnings->len; i++)
		g_ptr_array_add(settings->warnings, g_strdup(keyfile->warnings->pdata[i]));
	return g_steal_pointer(&settings);
}

Settings *settings_load(const char *file, GError **error)
{
	g_autoptr(GBytes) content = NULL;
	gsize size;
	const char *text;

	if (!file_read(file, KEYFILE_SIZE_MAX, &content, error)) {
		odr_context(error, "cannot read the configuration");
		return NULL;
	}
	text = g_bytes_get_data(content, &size);
	return settings_parse(text ? text : "", size, file, error);
}

char *settings_state(const Settings *settings, const struct settings_service *service)
{
	return g_build_filename(settings->state, service->name, NULL);
}

const char *settings_data_directory(const struct settings_service *service)
{
	const char *directory = service->data_directory;

	return directory && strcmp(directory, "auto") != 0 ? directory : NULL;
}

char **settings_split(const char *list)
{
	g_auto(GStrv) parts = g_strsplit(list ? list : "", ";", -1);
	g_autoptr(GPtrArray) found = g_ptr_array_new();

	for (char **part = parts; *part; part++)
		if (*g_strstrip(*part))
			g_ptr_array_add(found, g_strdup(*part));
	if (found->len == 0)
		return NULL;
	g_ptr_array_add(found, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&found), false);
}

const char *settings_origin_of(const Settings *settings, const char *group, const char *key)
{
	for (guint i = 0; i < settings->origins->len; i++) {
		const struct settings_origin *origin = settings->origins->pdata[i];

		if (strcmp(origin->group, group) == 0 && strcmp(origin->key, key) == 0)
			return origin->origin;
	}
	return "default";
}
