/* odrbackup init: may be run again at any time. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/site/context.h"
#include "repo/retention.h"

#include <string.h>

#define INIT_RETRY_FOR (10 * USEC_PER_SEC)

static bool check_recipients(const Context *context, GError **error)
{
	const GPtrArray *recipients = context->bundle->recipients;
	unsigned count = 0;

	for (guint i = 0; i < recipients->len; i++) {
		const struct recipient *recipient = recipients->pdata[i];

		count += recipient->scope == RECIPIENT_SCOPE_ALL;
	}
	if (count == 0)
		return odr_fail(
			error, ODR_ERROR_REFUSED,
			"the writer bundle '%s' has no recipient of scope all: nobody could "
			"open the sets; add one with 'odrbackup key add-recipient'",
			context->service->bundle);
	if (count == 1 && !arguments_flag(context->arguments, "single-recipient"))
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the writer bundle '%s' has a single recipient: if that one "
				"identity is lost, every set is lost. Make a second identity, keep "
				"it elsewhere, and add it with 'odrbackup key add-recipient %s "
				"FILE.pub'; or give --single-recipient",
				context->service->bundle, context->service->bundle);
	return true;
}

static bool init_repository(const struct settings_repository *repository, usec_t lock_until,
			    json_t *made, GError **error)
{
	struct store_settings settings = context_store(repository);
	g_autoptr(Store) store = NULL;
	struct store_abilities abilities;

	settings.create = true;
	/* Somebody waits. */
	settings.retry_for = MIN(settings.retry_for, INIT_RETRY_FOR);
	store = store_open(&settings, error);
	if (!store || !repo_init(store, lock_until, error) ||
	    !repo_check_format_to_write(store, error))
		return false;
	store_abilities(store, &abilities);
	json_array_append_new(made, json_string(repository->name));
	log_info("repository %s is ready: %s; %s", repository->name, store_describe(store),
		 abilities.protection);
	return true;
}

static void tell(const Context *context, json_t *made)
{
	const char *service = context->service->name;
	g_autofree char *config = g_canonicalize_filename(context->settings->file, NULL);
	bool usual = strcmp(config, SETTINGS_FILE) == 0;
	g_autofree char *option = usual ? g_strdup("") : g_strdup_printf(" -c %s", config);

	if (arguments_flag(context->arguments, "json")) {
		json_t *document = json_object();

		json_set_string(document, "service", service);
		json_set(document, "repositories", json_incref(made));
		json_set_string(document, "state", context->state);
		json_out(document);
		return;
	}
	if (arguments_flag(context->arguments, "quiet"))
		return;
	printf("service %s is ready\n", service);
	if (context->service->postgres)
		printf("PostgreSQL needs:\n"
		       "  archive_mode = on\n"
		       "  archive_command = '%s%s archive-push --service %s %%p'\n",
		       context->arguments->program_path, option, service);
	printf("Next: odrbackup%s backup %s\n", option, service);
}

bool cmd_init(const struct arguments *arguments, GError **error)
{
	g_autoptr(Context) context =
		context_open(arguments, arguments_positional(arguments, 0), error);
	g_autoptr(JsonValue) made = json_array();
	const GPtrArray *repositories;
	const struct settings_tier *tier;

	if (!context || !context_bundle(context, error) || !check_recipients(context, error))
		return false;
	if (!file_make_dirs(context->spool, 0700, error))
		return odr_context(error, "cannot make the spool folder of service %s",
				   context->service->name);
	repositories = context->service->repositories;
	tier = context->service->tier;
	for (guint i = 0; i < repositories->len; i++) {
		usec_t until =
			retention_lock_until(clock_now(), tier->generation_length, tier->retain);

		if (!init_repository(repositories->pdata[i], until, made, error))
			return false;
	}
	tell(context, made);
	return true;
}
