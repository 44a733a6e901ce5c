#include "cli/site/context.h"

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

#include <string.h>
#include <unistd.h>

void context_free(Context *context)
{
	if (!context)
		return;
	if (context->repos)
		g_ptr_array_unref(context->repos);
	if (context->memories)
		g_ptr_array_unref(context->memories);
	identity_free(context->identity);
	evidence_key_free(context->evidence_key);
	bundle_free(context->bundle);
	settings_free(context->settings);
	kit_free(context->kit);
	g_free(context->state);
	g_free(context->spool);
	g_free(context);
}

static bool is_set(const Settings *settings, const char *key)
{
	for (guint i = 0; i < settings->origins->len; i++) {
		const struct settings_origin *origin = settings->origins->pdata[i];

		if (strcmp(origin->group, "odrbackup") == 0 && strcmp(origin->key, key) == 0)
			return strcmp(origin->origin, "default") != 0;
	}
	return false;
}

/* A new host has no /var/lib/odrbackup, and its user may not make one. */
static void place_kit_folders(Settings *settings)
{
	const char *home = g_get_user_state_dir();

	if (!is_set(settings, "state")) {
		g_free(settings->state);
		settings->state = g_build_filename(home, "odrbackup", NULL);
	}
	if (!is_set(settings, "spool")) {
		g_free(settings->spool);
		settings->spool = g_build_filename(home, "odrbackup", "spool", NULL);
	}
}

static bool load_kit(Context *context, const char *file, GError **error)
{
	context->kit = kit_load(file, error);
	if (!context->kit)
		return false;
	context->settings =
		settings_parse(context->kit->settings, strlen(context->kit->settings), file, error);
	if (!context->settings)
		return false;
	place_kit_folders(context->settings);
	return true;
}

static bool load_configuration(Context *context, GError **error)
{
	const char *named = arguments_text(context->arguments, "config");
	g_autoptr(GError) cause = NULL;

	context->settings = settings_load(named ? named : SETTINGS_FILE, &cause);
	if (context->settings)
		return true;
	if (!named && odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		return odr_fail(error, ODR_ERROR_USAGE,
				"there is no configuration '%s'; name another by -c FILE, or a "
				"recovery kit by --kit FILE",
				SETTINGS_FILE);
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

static bool make_folders(Context *context, GError **error)
{
	context->state = settings_state(context->settings, context->service);
	context->spool = g_build_filename(context->settings->spool, context->service->name, NULL);
	if (!file_make_dirs(context->state, 0700, error))
		return odr_context(error, "cannot make the state folder of service %s",
				   context->service->name);
	return true;
}

static bool parse_as_of(Context *context, GError **error)
{
	const char *text = arguments_text(context->arguments, "as-of");

	return !text || clock_parse(text, &context->as_of, error) || odr_context(error, "--as-of");
}

/* Without a service yet. */
static Context *load(const struct arguments *arguments, GError **error)
{
	g_autoptr(Context) context = g_new0(Context, 1);
	const char *kit = arguments_text(arguments, "kit");

	context->arguments = arguments;
	context->passphrase.arguments = arguments;
	if (kit && arguments_text(arguments, "config")) {
		odr_fail(error, ODR_ERROR_USAGE, "--kit and --config exclude each other");
		return NULL;
	}
	if (!parse_as_of(context, error) ||
	    !(kit ? load_kit(context, kit, error) : load_configuration(context, error)))
		return NULL;
	return g_steal_pointer(&context);
}

static bool choose_service(Context *context, const char *name, GError **error)
{
	context->service = settings_service(context->settings, name, error);
	return context->service && make_folders(context, error);
}

static void tell_warnings(const Settings *settings)
{
	for (guint i = 0; i < settings->warnings->len; i++)
		log_warning("%s", (char *)settings->warnings->pdata[i]);
}

Context *context_open(const struct arguments *arguments, const char *service_name, GError **error)
{
	g_autoptr(Context) context = load(arguments, error);

	if (!context)
		return NULL;
	tell_warnings(context->settings);
	return choose_service(context, service_name, error) ? g_steal_pointer(&context) : NULL;
}

Context *context_open_kit(const struct arguments *arguments, const char *service_name,
			  const char *folder, GError **error)
{
	g_autoptr(Context) context = g_new0(Context, 1);

	context->arguments = arguments;
	context->passphrase.arguments = arguments;
	if (!load_kit(context, arguments_text(arguments, "kit"), error))
		return NULL;
	g_free(context->settings->state);
	g_free(context->settings->spool);
	context->settings->state = g_build_filename(folder, "state", NULL);
	context->settings->spool = g_build_filename(folder, "spool", NULL);
	return choose_service(context, service_name, error) ? g_steal_pointer(&context) : NULL;
}

static void context_release(void *context)
{
	context_free(context);
}

GPtrArray *context_open_all(const struct arguments *arguments, const char *service_name,
			    GError **error)
{
	g_autoptr(Context) first = load(arguments, error);
	g_autoptr(GPtrArray) contexts = g_ptr_array_new_with_free_func(context_release);
	const GPtrArray *services;

	if (!first)
		return NULL;
	tell_warnings(first->settings);
	services = first->settings->services;
	for (guint i = 0; i < (service_name ? 1 : MAX(services->len, 1)); i++) {
		const struct settings_service *service =
			services->len > 1 ? services->pdata[i] : NULL;
		Context *context = load(arguments, error);

		if (!context)
			return NULL;
		g_ptr_array_add(contexts, context);
		if (!choose_service(context,
				    service_name || !service ? service_name : service->name, error))
			return NULL;
	}
	return g_steal_pointer(&contexts);
}

static bool same_owner(const struct key_service *one, const struct key_service *other)
{
	return memcmp(one->id, other->id, SERVICE_ID_SIZE) == 0;
}

/* Keys of another service would be refused object by object; say it once, and clearly. */
static bool check_service(const Context *context, const struct key_service *keys, const char *file,
			  GError **error)
{
	if (strcmp(keys->name, context->service->name) != 0)
		return odr_fail(error, ODR_ERROR_AUTH,
				"%s is a key of service '%s', not of service '%s'", file,
				keys->name, context->service->name);
	if (context->identity && context->bundle &&
	    !same_owner(&context->identity->service, &context->bundle->service))
		return odr_fail(error, ODR_ERROR_AUTH,
				"identity and writer bundle of service '%s' are of different "
				"owner keys",
				context->service->name);
	return true;
}

/* A key of another owner, and a service of the same name, would only find an empty repository. Where a
 * host has a bundle, that tells which is right. */
static bool check_owner(const Context *context, const char *file, GError **error)
{
	const char *path = context->service->bundle;
	struct key_service service;

	if (context->bundle || !path || context->kit || access(path, R_OK) < 0 ||
	    !unlock_bundle_service(path, &service, NULL))
		return true;

	bool same = same_owner(&context->identity->service, &service);

	key_service_clear(&service);
	return same ||
	       odr_fail(error, ODR_ERROR_AUTH,
			"%s and the writer bundle '%s' are of different owner keys", file, path);
}

static bool kit_identity(Context *context, GError **error)
{
	struct key_unlock unlock = {passphrase_ask_terminal, &context->passphrase};
	g_autofree char *what =
		g_strdup_printf("recovery kit '%s'", arguments_text(context->arguments, "kit"));

	context->identity = identity_parse(context->kit->identity, what, &unlock, error);
	return context->identity &&
	       check_service(context, &context->identity->service, what, error);
}

bool context_identity_optional(Context *context, GError **error)
{
	const char *file = arguments_text(context->arguments, "identity");

	if (context->identity)
		return true;
	if (!file && context->kit)
		return kit_identity(context, error);
	if (!file)
		file = context->service->identity;
	if (!file)
		return true;

	g_autofree char *what = g_strdup_printf("'%s'", file);

	context->identity = unlock_identity(&context->passphrase, file, error);
	return context->identity &&
	       check_service(context, &context->identity->service, what, error) &&
	       check_owner(context, what, error);
}

bool context_identity(Context *context, GError **error)
{
	if (!context_identity_optional(context, error))
		return false;
	if (!context->identity)
		return odr_fail(error, ODR_ERROR_AUTH,
				"this needs a key that opens sets of service '%s': give --identity "
				"FILE or --kit FILE, or set identity= in [service %s]",
				context->service->name, context->service->name);
	return true;
}

bool context_evidence_key(Context *context, GError **error)
{
	const char *file = context->service->evidence_key;
	const char *service = context->service->name;

	if (context->evidence_key)
		return true;
	if (!file)
		return odr_fail(error, ODR_ERROR_AUTH,
				"service '%s' has no key that signs evidence: make one with "
				"'odrbackup key new evidence' and name it by evidence-key= in "
				"[service %s]",
				service, service);

	g_autofree char *what = g_strdup_printf("'%s'", file);

	g_autoptr(EvidenceKey) key = unlock_evidence(&context->passphrase, file, error);

	if (!key || !check_service(context, &key->service, what, error) ||
	    !evidence_key_check(key, clock_now(), error))
		return false;
	context->evidence_key = g_steal_pointer(&key);
	return true;
}

bool context_bundle(Context *context, GError **error)
{
	const char *file = context->service->bundle;

	if (context->bundle)
		return true;
	if (!file)
		return odr_fail(error, ODR_ERROR_AUTH,
				"service '%s' has no writer bundle: make one with 'odrbackup key "
				"endorse' and set writer-bundle= in [service %s]",
				context->service->name, context->service->name);

	g_autofree char *what = g_strdup_printf("'%s'", file);

	context->bundle = unlock_bundle(file, error);
	return context->bundle && check_service(context, &context->bundle->service, what, error);
}

GPtrArray *context_repositories(const Context *context, GError **error)
{
	const GPtrArray *all = context->service->repositories;
	const char *wanted = arguments_text(context->arguments, "repository");
	g_autoptr(GPtrArray) chosen = g_ptr_array_new();

	for (guint i = 0; i < all->len; i++) {
		struct settings_repository *repository = all->pdata[i];

		if (!wanted || strcmp(wanted, repository->name) == 0)
			g_ptr_array_add(chosen, repository);
	}
	if (chosen->len == 0) {
		odr_fail(error, ODR_ERROR_USAGE, "service '%s' has no repository '%s'; it has %s",
			 context->service->name, wanted, context->service->repository_names);
		return NULL;
	}
	return g_steal_pointer(&chosen);
}

bool context_workers(const Context *context, unsigned *workers, GError **error)
{
	*workers = context->settings->workers;
	return arguments_count(context->arguments, "jobs", 64, workers, error);
}

bool context_lock_wait(const Context *context, usec_t *wait, GError **error)
{
	*wait = 10 * USEC_PER_MIN;
	return arguments_duration(context->arguments, "lock-wait", wait, error);
}

static enum store_lock_mode lock_mode(const char *lock)
{
	if (strcmp(lock, "compliance") == 0)
		return STORE_LOCK_COMPLIANCE;
	if (strcmp(lock, "bucket") == 0)
		return STORE_LOCK_BUCKET;
	return strcmp(lock, "governance") == 0 ? STORE_LOCK_GOVERNANCE : STORE_LOCK_NONE;
}

struct store_settings context_store(const struct settings_repository *repository)
{
	return (struct store_settings){
		.name = repository->name,
		.type = repository->type,
		.path = repository->path,
		.endpoint = repository->endpoint,
		.bucket = repository->bucket,
		.prefix = repository->prefix,
		.region = repository->region,
		.credentials = repository->credentials,
		.credential_process = repository->credential_process,
		.credentials_from = repository->credentials_from,
		.credentials_endpoint = repository->credentials_endpoint,
		.role_arn = repository->role_arn,
		.token_file = repository->token_file,
		.ca_file = repository->ca_file,
		.proxy = repository->proxy,
		.lock = lock_mode(repository->lock),
		.host_style = g_strcmp0(repository->path_style, "no") == 0,
		.md5 = strcmp(repository->checksum, "md5") == 0,
		.plain_http = strcmp(repository->plain_http, "no") != 0,
		.plain_trusted = strcmp(repository->plain_http, "trusted") == 0,
		.tls_unverified = strcmp(repository->tls_unverified, "yes") == 0,
		.retry_for = repository->retry_for,
		.silent_within = repository->silence_timeout,
		.bandwidth_up = repository->bandwidth_up,
		.bandwidth_down = repository->bandwidth_down,
	};
}

struct store_settings *context_stores(const GPtrArray *repositories)
{
	struct store_settings *stores = g_new0(struct store_settings, repositories->len);

	for (guint i = 0; i < repositories->len; i++)
		stores[i] = context_store(repositories->pdata[i]);
	return stores;
}

void context_remember(Context *context, struct store_settings *stores, size_t count, usec_t age)
{
	if (!context->memories)
		context->memories = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; i < count; i++) {
		g_autofree char *file = g_strconcat("store-", stores[i].name, NULL);
		char *path = g_build_filename(context->state, file, NULL);

		g_ptr_array_add(context->memories, path);
		stores[i].memory = path;
		stores[i].memory_age = age;
	}
}
