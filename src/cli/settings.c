#include "cli/settings.h"

#include "base/error.h"
#include "base/file.h"
#include "base/pool.h"
#include "cli/keyfile.h"
#include "cli/suggest.h"

#include <stddef.h>
#include <string.h>

#define WORKERS_DEFAULT_MAX 8
#define NAME_MAX_LENGTH	    64
#define DURATION_LONGEST    (100 * 365 * USEC_PER_DAY)
#define DEFAULT_TIER	    "default"

/* clang-format off */
#define GLOBAL(member)     offsetof(struct settings, member)
#define REPOSITORY(member) offsetof(struct settings_repository, member)
#define SERVICE(member)    offsetof(struct settings_service, member)
#define TIER(member)       offsetof(struct settings_tier, member)
static const struct settings_key keys[] = {
	{"odrbackup", "state", SETTINGS_PATH, .fallback = "/var/lib/odrbackup", .offset = GLOBAL(state),
	 .help = "folder of what has to survive: journals, catalog, locks"},
	{"odrbackup", "spool", SETTINGS_PATH, .fallback = "/var/spool/odrbackup", .offset = GLOBAL(spool),
	 .help = "folder of what may be lost: WAL fetched ahead, lists of a restore"},
	{"odrbackup", "workers", SETTINGS_COUNT, .minimum = 1, .maximum = 64, .offset = GLOBAL(workers),
	 .help = "threads of a backup or restore; the CPUs, at most 8, if not given"},
	{"odrbackup", "compress-level", SETTINGS_COUNT, .fallback = "1", .minimum = 1, .maximum = 19,
	 .offset = GLOBAL(compress_level), .help = "level of zstd"},
	{"odrbackup", "writer-bundle", SETTINGS_PATH, .offset = GLOBAL(bundle),
	 .help = "file with the writer's keys, for services without their own"},
	{"odrbackup", "identity", SETTINGS_PATH, .offset = GLOBAL(identity),
	 .help = "file with the key that opens sets, for services without their own"},
	{"odrbackup", "archive-get-timeout", SETTINGS_DURATION, .fallback = "10min", .minimum = 0,
	 .maximum = USEC_PER_DAY, .offset = GLOBAL(archive_get_timeout),
	 .help = "how long archive-get retries before it gives up with status 126"},
	{"odrbackup", "archive-check-timeout", SETTINGS_DURATION, .fallback = "60s",
	 .minimum = USEC_PER_SEC, .maximum = USEC_PER_DAY, .offset = GLOBAL(archive_check_timeout),
	 .help = "how long a backup waits for a WAL segment to become durable"},
	{"odrbackup", "archive-push-batch", SETTINGS_COUNT, .fallback = "8", .minimum = 0, .maximum = 1000,
	 .offset = GLOBAL(archive_push_batch),
	 .help = "further finished segments that archive-push takes along"},
	{"odrbackup", "archive-get-batch", SETTINGS_COUNT, .fallback = "8", .minimum = 0, .maximum = 1000,
	 .offset = GLOBAL(archive_get_batch), .help = "segments that archive-get fetches ahead"},

	{"repository", "type", SETTINGS_CHOICE, .fallback = "posix", .choices = "posix",
	 .offset = REPOSITORY(type), .help = "what kind of store it is"},
	{"repository", "path", SETTINGS_PATH, .required = true, .offset = REPOSITORY(path),
	 .help = "folder of a posix repository"},
	{"repository", "lock", SETTINGS_CHOICE, .fallback = "none", .choices = "none",
	 .offset = REPOSITORY(lock), .help = "how objects are locked against deletion"},

	{"service", "repositories", SETTINGS_NAMES, .required = true, .offset = SERVICE(repository_names),
	 .help = "repositories that hold the service; every one gets everything"},
	{"service", "tier", SETTINGS_TEXT, .fallback = DEFAULT_TIER, .offset = SERVICE(tier_name),
	 .help = "class of targets and retention"},
	{"service", "postgres", SETTINGS_TEXT, .fallback = "host=/var/run/postgresql dbname=postgres",
	 .offset = SERVICE(postgres), .help = "connection to the cluster, in the words of libpq"},
	{"service", "data-directory", SETTINGS_PATH_OR_AUTO, .fallback = "auto",
	 .offset = SERVICE(data_directory), .help = "the cluster's folder; auto: as the server says"},
	{"service", "writer-bundle", SETTINGS_PATH, .offset = SERVICE(bundle),
	 .help = "file with the writer's keys of this service"},
	{"service", "identity", SETTINGS_PATH, .offset = SERVICE(identity),
	 .help = "file with the key that opens sets of this service"},

	{"tier", "rpo", SETTINGS_DURATION, .maximum = DURATION_LONGEST, .offset = TIER(rpo),
	 .help = "how much may be lost at most"},
	{"tier", "rto", SETTINGS_DURATION, .maximum = DURATION_LONGEST, .offset = TIER(rto),
	 .help = "how long a recovery may take at most"},
	{"tier", "retain", SETTINGS_DURATION, .fallback = "30d", .minimum = USEC_PER_HOUR,
	 .maximum = DURATION_LONGEST, .offset = TIER(retain),
	 .help = "how far back one can go: a set is kept so long after its successor"},
	{"tier", "retain-least", SETTINGS_COUNT, .fallback = "2", .minimum = 1, .maximum = 100000,
	 .offset = TIER(retain_least), .help = "sets kept however old they are"},
	{"tier", "backup-every", SETTINGS_DURATION, .fallback = "1d", .minimum = USEC_PER_MIN,
	 .maximum = DURATION_LONGEST, .offset = TIER(backup_every), .help = "expected distance of sets"},
	{"tier", "generation-length", SETTINGS_DURATION, .fallback = "7d", .minimum = USEC_PER_HOUR,
	 .maximum = DURATION_LONGEST, .offset = TIER(generation_length),
	 .help = "after which time a full set begins a new generation"},
};
/* clang-format on */

static const char *const kinds[] = {"odrbackup", "repository", "service", "tier", NULL};

const struct settings_key *settings_keys(size_t *count)
{
	*count = G_N_ELEMENTS(keys);
	return keys;
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
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (strcmp(keys[i].group, kind) == 0 && keys[i].type != SETTINGS_COUNT &&
		    keys[i].type != SETTINGS_DURATION)
			g_free(G_STRUCT_MEMBER(char *, target, keys[i].offset));
	}
}

static void repository_free(void *data)
{
	struct settings_repository *repository = data;

	clear_texts("repository", repository);
	g_free(repository->name);
	g_free(repository);
}

static void service_free(void *data)
{
	struct settings_service *service = data;

	clear_texts("service", service);
	g_ptr_array_unref(service->repositories);
	g_free(service->name);
	g_free(service);
}

static void tier_free(void *data)
{
	struct settings_tier *tier = data;

	clear_texts("tier", tier);
	g_free(tier->name);
	g_free(tier);
}

void settings_free(Settings *settings)
{
	if (!settings)
		return;
	clear_texts("odrbackup", settings);
	g_ptr_array_unref(settings->repositories);
	g_ptr_array_unref(settings->services);
	g_ptr_array_unref(settings->tiers);
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
	settings->repositories = g_ptr_array_new_with_free_func(repository_free);
	settings->services = g_ptr_array_new_with_free_func(service_free);
	settings->tiers = g_ptr_array_new_with_free_func(tier_free);
	settings->origins = g_ptr_array_new_with_free_func(origin_free);
	settings->warnings = g_ptr_array_new_with_free_func(g_free);
	return settings;
}

bool settings_name_valid(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > NAME_MAX_LENGTH || !g_ascii_isalnum(name[0]))
		return false;
	for (const char *at = name; *at; at++) {
		if (!g_ascii_isalnum(*at) && !strchr("._-", *at))
			return false;
	}
	return true;
}

/* "service" of "service erp-prod", and the name behind it (NULL: none). */
static char *group_kind(const char *group, const char **name)
{
	const char *blank = strchr(group, ' ');

	*name = blank ? blank + 1 : NULL;
	return blank ? g_strndup(group, (gsize)(blank - group)) : g_strdup(group);
}

static bool check_group(const Keyfile *keyfile, const struct keyfile_group *group, GError **error)
{
	const char *name;
	g_autofree char *kind = group_kind(group->name, &name);

	if (!g_strv_contains(kinds, kind)) {
		const char *near = suggest_name(kind, kinds);
		g_autofree char *phrase =
			near ? g_strdup_printf("did you mean [%s%s%s]?", near, name ? " " : "",
					       name ? name : "")
			     : g_strdup("groups are [odrbackup], [repository NAME], "
					"[service NAME] and [tier NAME]");

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
	if (!settings_name_valid(name))
		return keyfile_fail(keyfile, group->line, error,
				    "'%s' is no name; names are 1 to %d of A-Z, a-z, 0-9, '.', '_' "
				    "and '-', and begin with a letter or digit",
				    name, NAME_MAX_LENGTH);
	return true;
}

static bool check_keys(const Keyfile *keyfile, const struct keyfile_group *group, GError **error)
{
	const char *name;
	g_autofree char *kind = group_kind(group->name, &name);
	const char *known[G_N_ELEMENTS(keys) + 1];
	size_t count = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (strcmp(keys[i].group, kind) == 0)
			known[count++] = keys[i].name;
	}
	known[count] = NULL;
	for (guint i = 0; i < group->keys->len; i++) {
		const struct keyfile_key *key = group->keys->pdata[i];

		if (g_strv_contains(known, key->name))
			continue;

		const char *near = suggest_name(key->name, known);
		g_autofree char *list = suggest_list(known);
		g_autofree char *phrase = near ? g_strdup_printf("did you mean '%s'?", near)
					       : g_strdup_printf("there are %s", list);

		return keyfile_fail(keyfile, key->line, error, "unknown key '%s' in [%s]; %s",
				    key->name, group->name, phrase);
	}
	return true;
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
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		const struct settings_key *key = &keys[i];
		g_autofree char *value = NULL;

		if (strcmp(key->group, kind) != 0)
			continue;
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

static bool add_repository(Settings *settings, const Keyfile *keyfile, const char *group,
			   const char *name, GError **error)
{
	struct settings_repository *repository = g_new0(struct settings_repository, 1);

	repository->name = g_strdup(name);
	g_ptr_array_add(settings->repositories, repository);
	return fill(settings, keyfile, "repository", group, repository, error);
}

static bool add_service(Settings *settings, const Keyfile *keyfile, const char *group,
			const char *name, GError **error)
{
	struct settings_service *service = g_new0(struct settings_service, 1);

	service->name = g_strdup(name);
	service->repositories = g_ptr_array_new();
	g_ptr_array_add(settings->services, service);
	return fill(settings, keyfile, "service", group, service, error);
}

static bool add_tier(Settings *settings, const Keyfile *keyfile, const char *group,
		     const char *name, GError **error)
{
	struct settings_tier *tier = g_new0(struct settings_tier, 1);

	tier->name = g_strdup(name);
	g_ptr_array_add(settings->tiers, tier);
	return fill(settings, keyfile, "tier", group, tier, error);
}

typedef bool (*add_group)(Settings *settings, const Keyfile *keyfile, const char *group,
			  const char *name, GError **error);

static bool add_groups(Settings *settings, const Keyfile *keyfile, const char *wanted,
		       add_group add, GError **error)
{
	for (guint i = 0; i < keyfile->groups->len; i++) {
		const struct keyfile_group *group = keyfile->groups->pdata[i];
		const char *name;
		g_autofree char *kind = group_kind(group->name, &name);

		if (strcmp(kind, wanted) == 0 && !add(settings, keyfile, group->name, name, error))
			return false;
	}
	return true;
}

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

static bool resolve_service(Settings *settings, const Keyfile *keyfile,
			    struct settings_service *service, GError **error)
{
	g_autofree char *group = g_strconcat("service ", service->name, NULL);

	if (!service->bundle)
		service->bundle = g_strdup(settings->bundle);
	if (!service->identity)
		service->identity = g_strdup(settings->identity);
	if (holds_password(service->postgres))
		return keyfile_fail(keyfile, keyfile_line(keyfile, group, "postgres"), error,
				    "postgres= holds a password; put it into a file of mode 0600 "
				    "and name that by passfile=");
	return resolve_repositories(settings, keyfile, group, service, error) &&
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

static bool fill_all(Settings *settings, const Keyfile *keyfile, GError **error)
{
	const char *built_in = "tier " DEFAULT_TIER;

	if (!fill(settings, keyfile, "odrbackup", "odrbackup", settings, error) ||
	    !add_groups(settings, keyfile, "repository", add_repository, error) ||
	    !add_groups(settings, keyfile, "service", add_service, error) ||
	    !add_groups(settings, keyfile, "tier", add_tier, error))
		return false;
	if (!keyfile_group(keyfile, built_in) &&
	    !add_tier(settings, keyfile, built_in, DEFAULT_TIER, error))
		return false;
	for (guint i = 0; i < settings->services->len; i++) {
		if (!resolve_service(settings, keyfile, settings->services->pdata[i], error))
			return false;
	}
	inherit_origins(settings);
	return true;
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

char *settings_state(const Settings *settings, const struct settings_service *service)
{
	return g_build_filename(settings->state, service->name, NULL);
}
