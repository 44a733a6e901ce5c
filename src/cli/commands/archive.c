/* archive-push and archive-get. PostgreSQL waits for them: nothing here opens what is not needed. */
#include "ops/archive/archive.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/log.h"
#include "base/stop.h"
#include "cli/line/commands.h"
#include "cli/program/program.h"
#include "cli/site/context.h"
#include "ops/archive/feed.h"
#include "repo/retention.h"

#include <signal.h>
#include <unistd.h>

/* archive-get: the statuses that restore_command may have. */
#define GET_ABSENT  1
#define GET_UNCLEAR 126
#define PUSH_FAILED 1

/* A bucket is asked what it is, and whether it locks, so often: the segments between are one request. */
#define STORE_KNOWN_FOR USEC_PER_HOUR

/* A second signal ends the program at once, but never with a status that PostgreSQL takes for another
 * one: 143 of restore_command means an orderly shutdown. */
static volatile sig_atomic_t status_at_once;

static void on_signal(int number)
{
	if (stop_requested())
		_exit(status_at_once);
	stop_request(number);
}

static void guard_signals(int status)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	status_at_once = status;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static bool store_types_known(const GPtrArray *repositories)
{
	for (guint i = 0; i < repositories->len; i++) {
		const struct settings_repository *repository = repositories->pdata[i];

		if (!store_type_known(repository->type))
			return false;
	}
	return true;
}

/* Where the smallest program does not know a store, the next one does: this does not return then. */
static bool become_larger(const struct arguments *arguments)
{
	*arguments->exit_status = program_hand_over(PROGRAM_ARCHIVE, arguments->argv);
	return true;
}

bool cmd_archive_push(const struct arguments *arguments, GError **error)
{
	g_autoptr(Context) context = NULL;

	guard_signals(PUSH_FAILED);
	/* Durable in some of the repositories is not durable. */
	if (arguments_text(arguments, "repository"))
		return odr_fail(error, ODR_ERROR_USAGE,
				"a segment goes into every repository of the service; drop "
				"--repository");
	context = context_open(arguments, arguments_text(arguments, "service"), error);
	if (!context)
		return false;

	const struct settings_tier *tier = context->service->tier;
	g_autofree struct store_settings *stores = context_stores(context->service->repositories);
	struct archive_push_request request = {
		.repositories = stores,
		.repository_count = context->service->repositories->len,
		.state = context->state,
		.path = arguments_positional(arguments, 0),
		.data_directory = settings_data_directory(context->service),
		.batch = context->settings->archive_push_batch,
		.workers = context->settings->workers,
		.compress_level = context->settings->compress_level,
		.lock_for = retention_lock_until(0, tier->generation_length, tier->retain),
	};

	if (!store_types_known(context->service->repositories))
		return archive_push_is_done(&request) || become_larger(arguments);
	if (!context_bundle(context, error))
		return false;
	request.bundle = context->bundle;
	context_remember(context, stores, context->service->repositories->len, STORE_KNOWN_FOR);
	if (!archive_push(&request, error))
		return false;
	log_event(LOG_LEVEL_INFO,
		  &(struct log_event){.name = "wal.archived", .service = context->service->name},
		  "%s is archived", request.path);
	return true;
}

/* Segments of another service or of one that was set up anew under the same name never meet here. Of the
 * repository as it was nothing is fetched ahead: nobody would remove it. */
static char *spool_folder(const Context *context)
{
	g_autofree char *id = hex_encode(context->identity->service.id, SERVICE_ID_SIZE);
	g_autofree char *name = g_strconcat("wal-", id, NULL);

	if (context->as_of)
		return NULL;

	return g_build_filename(context->spool, name, NULL);
}

bool cmd_archive_get(const struct arguments *arguments, GError **error)
{
	g_autoptr(Context) context = NULL;
	enum archive_got got;

	guard_signals(GET_UNCLEAR);
	if (arguments_text(arguments, "feeder"))
		return feed_ask(arguments_text(arguments, "feeder"),
				arguments_positional(arguments, 0),
				arguments_positional(arguments, 1), arguments->exit_status, error);
	context = context_open(arguments, arguments_text(arguments, "service"), error);
	if (!context)
		return false;

	g_autoptr(GPtrArray) repositories = context_repositories(context, error);

	if (!repositories)
		return false;
	if (!store_types_known(repositories))
		return become_larger(arguments);
	if (!context_identity(context, error))
		return false;

	g_autofree struct store_settings *stores = context_stores(repositories);
	g_autofree char *spool = spool_folder(context);

	context_remember(context, stores, repositories->len, STORE_KNOWN_FOR);
	for (guint i = 0; i < repositories->len; i++)
		stores[i].as_of = context->as_of;

	struct archive_get_request request = {
		.repositories = stores,
		.repository_count = repositories->len,
		.identity = context->identity,
		.spool = spool,
		.state = context->state,
		.file = arguments_positional(arguments, 0),
		.path = arguments_positional(arguments, 1),
		.batch = context->settings->archive_get_batch,
		.workers = context->settings->workers,
		.timeout = context->settings->archive_get_timeout,
		.sets = archive_sets,
	};

	if (!archive_get(&request, &got, error))
		return false;
	if (got == ARCHIVE_ABSENT)
		*arguments->exit_status = GET_ABSENT;
	else if (got == ARCHIVE_NEEDS_SETS)
		*arguments->exit_status = program_hand_over(PROGRAM_MAIN, arguments->argv);
	return true;
}
