#include "cli/views/check.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/report/service_status.h"
#include "cli/run/run.h"
#include "cli/run/trail.h"
#include "cli/site/backup_parts.h"
#include "cli/site/filling.h"
#include "cli/views/status.h"
#include "ops/check/check.h"

#include <string.h>

enum nagios_state { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };

/* Somebody waits, or a monitoring system does. */
#define DIAGNOSE_RETRY_FOR (5 * USEC_PER_SEC)

/* What this host's credential is for, by the keys that lie beside it. */
static enum store_role role_of_keys(const Context *context)
{
	const struct settings_service *service = context->service;

	if (context->kit || !service->bundle)
		return STORE_ROLE_RESTORER;
	if (service->identity)
		return STORE_ROLE_ANY;
	return context->bundle && context->bundle->endorsement.role == KEY_ROLE_KEEPER
		       ? STORE_ROLE_KEEPER
		       : STORE_ROLE_WRITER;
}

static enum store_role role_of(const Context *context, const struct settings_repository *repository)
{
	enum store_role role;

	return repository->role && store_role_parse(repository->role, &role)
		       ? role
		       : role_of_keys(context);
}

static char *place_of(const struct settings_repository *repository)
{
	return g_strdup(repository->path       ? repository->path
			: repository->endpoint ? repository->endpoint
					       : repository->region);
}

static const struct key_service *service_of(const Context *context)
{
	return context->identity ? &context->identity->service : &context->bundle->service;
}

/* To be diagnosed, and then read: two stores, as they differ in patience. What cannot be opened is for the
 * diagnosis to tell. */
static struct check_store *open_repository(Context *context,
					   const struct settings_repository *repository)
{
	const struct key_service *service = service_of(context);
	struct check_store *check = g_new0(struct check_store, 1);
	struct store_settings settings = context_store(repository);
	Store *patient = store_open(&settings, &check->cause), *store;

	check->name = repository->name;
	check->place = place_of(repository);
	check->role = role_of(context, repository);
	if (!patient)
		return check;
	g_ptr_array_add(context->repos, repo_new(patient, service));
	settings.retry_for = MIN(settings.retry_for, DIAGNOSE_RETRY_FOR);
	store = store_open(&settings, &check->cause);
	check->repo = store ? repo_new(store, service) : NULL;
	return check;
}

static GPtrArray *open_repositories(Context *context)
{
	const GPtrArray *all = context->service->repositories;
	const char *wanted = arguments_text(context->arguments, "repository");
	GPtrArray *stores = g_ptr_array_new_with_free_func((GDestroyNotify)check_store_free);

	context->repos = g_ptr_array_new_with_free_func((GDestroyNotify)repo_free);
	for (guint i = 0; i < all->len; i++) {
		const struct settings_repository *repository = all->pdata[i];

		if (!wanted || strcmp(wanted, repository->name) == 0)
			g_ptr_array_add(stores, open_repository(context, repository));
	}
	return stores;
}

/* Silent with --quiet where nothing counts as a failure. */
static void print_human(const struct arguments *arguments, const GPtrArray *stores,
			const struct check_result *result, int exit_status)
{
	if (!arguments_flag(arguments, "quiet"))
		check_print(stores, result);
	else if (exit_status != 0)
		check_print_wrong(result);
}

static void print_json(const char *service, const GPtrArray *stores,
		       const struct check_result *result)
{
	json_t *document = json_object();

	json_set_string(document, "service", service);
	json_set_time(document, "time", clock_now());
	json_set_string(document, "state", finding_severity_name(findings_worst(result->findings)));
	json_set(document, "wal_ready",
		 result->ready < 0 ? json_null() : json_integer(result->ready));
	json_set(document, "repositories", check_stores_json(stores));
	json_set(document, "findings", findings_json(result->findings));
	json_out(document);
}

/* The first of the worst, as one line's text; '|' would begin the performance data. */
static char *nagios_text(const struct check_result *result, enum finding_severity worst)
{
	for (guint i = 0; i < result->findings->len; i++) {
		const struct finding *finding = result->findings->pdata[i];

		if (finding->severity == worst && worst != FINDING_OK) {
			g_autofree char *whole =
				g_strdup_printf("%s%s%s", finding->where ? finding->where : "",
						finding->where ? ": " : "", finding->text);

			return g_strdelimit(text_escape(whole), "|\n", '/');
		}
	}
	return g_strdup("recoverable");
}

static char *performance(const struct check_result *result, usec_t rpo)
{
	GString *data = g_string_new(NULL);

	for (guint i = 0; i < result->repositories->len; i++) {
		const struct status_repository *one = result->repositories->pdata[i];
		g_autofree char *limit =
			rpo ? g_strdup_printf("%" G_GINT64_FORMAT, rpo / USEC_PER_SEC)
			    : g_strdup("");

		if (one->exposure >= 0)
			g_string_append_printf(data, " '%s_exposure'=%.3fs;;%s;0", one->name,
					       (double)one->exposure / USEC_PER_SEC, limit);
		g_string_append_printf(
			data,
			" '%s_sets'=%u;;;0 '%s_gaps'=%u;;;0 '%s_stored'=%" G_GUINT64_FORMAT "B;;;0",
			one->name, one->sets, one->name, one->gaps->len, one->name, one->stored);
	}
	if (result->ready >= 0)
		g_string_append_printf(data, " 'wal_ready'=%" G_GINT64_FORMAT ";;;0",
				       result->ready);
	return g_string_free(data, false);
}

static enum nagios_state print_nagios(const Context *context, const struct check_result *result)
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL"};
	enum finding_severity worst = findings_worst(result->findings);
	g_autofree char *text = nagios_text(result, worst);
	g_autofree char *data = performance(result, context->service->tier->rpo);

	printf("ODRBACKUP %s - %s: %s |%s\n", words[worst], context->service->name, text, data);
	return (enum nagios_state)worst;
}

static void on_progress(void *data, uint64_t done, uint64_t total)
{
	(void)data;
	progress_update(done, total, "reading");
}

static bool count_damage(const Context *context, Catalog *catalog, const char *repository,
			 GError **error)
{
	g_autofree char *counter =
		g_strdup_printf("counter.verify-errors.%s.%s", context->service->name, repository);

	return catalog_count(catalog, counter, 1, error);
}

/* What was read back, and what came of it. */
static bool note_object(const Context *context, const Run *run, const struct finding *finding,
			GError **error)
{
	const char *repository = finding->where && g_str_has_prefix(finding->where, "repository ")
					 ? finding->where + strlen("repository ")
					 : NULL;

	if (repository && strcmp(finding->code, "object.good") == 0)
		return service_note_number(context, run->catalog, SERVICE_READ_BACK, repository,
					   clock_now(), error);
	return !repository || strcmp(finding->code, "object.damaged") != 0 ||
	       count_damage(context, run->catalog, repository, error);
}

/* A store that could not be asked says nothing of what it said before. */
static bool note_lock(const Context *context, const Run *run, const struct check_store *store,
		      GError **error)
{
	const struct store_facts *facts = store->diagnosis ? &store->diagnosis->facts : NULL;

	return !facts || facts->locked == STORE_UNKNOWN ||
	       service_note_number(context, run->catalog, SERVICE_LOCKED_UNTIL, store->name,
				   facts->locked_until > 0 ? facts->locked_until : -1, error);
}

static bool note_unlocked(const Context *context, const Run *run,
			  const struct status_repository *repository, GError **error)
{
	return repository->unlocked < 0 ||
	       service_note_number(context, run->catalog, SERVICE_UNLOCKED, repository->name,
				   repository->unlocked, error);
}

/* Reports and metrics know of it by the catalog. */
static bool note(const Context *context, const Run *run, const GPtrArray *stores,
		 const struct check_result *result, GError **error)
{
	const struct service_archiver archiver = {result->ready, result->failed};

	if (!run->catalog)
		return true;
	for (guint i = 0; i < result->findings->len; i++)
		if (!note_object(context, run, result->findings->pdata[i], error))
			return false;
	for (guint i = 0; i < stores->len; i++)
		if (!note_lock(context, run, stores->pdata[i], error))
			return false;
	for (guint i = 0; i < result->repositories->len; i++)
		if (!note_unlocked(context, run, result->repositories->pdata[i], error))
			return false;
	return service_note_archiver(context, run->catalog, &archiver, error);
}

/* What was tried to delete: that it stayed, or did not. */
static void tell_locks(const Context *context, const Run *run, const GPtrArray *stores)
{
	for (guint i = 0; i < stores->len; i++) {
		const struct check_store *store = stores->pdata[i];
		enum store_known proven =
			store->diagnosis ? store->diagnosis->facts.proven : STORE_UNKNOWN;
		json_t *data;

		if (proven == STORE_UNKNOWN)
			continue;
		data = trail_of(context, "repository", store->name);
		json_set_string(data, "outcome", proven == STORE_YES ? "ok" : "failed");
		trail_add(context, AUDIT_LOCK_TESTED, run->run_id, data);
	}
}

static bool check(Context *context, const Run *run, GError **error)
{
	const struct arguments *arguments = context->arguments;
	bool nagios = arguments_flag(arguments, "nagios");
	struct check_result result = {.findings = findings_new()};
	g_autoptr(GPtrArray) parts = backup_parts_of(context);
	g_autoptr(GPtrArray) stores = open_repositories(context);
	enum progress_mode mode = PROGRESS_NONE;
	struct check_request request = {.service = context->service->name,
					.stores = stores,
					.repos = context->repos,
					.identity = context->identity,
					.bundle = context->bundle,
					.state = context->state,
					.conninfo = context->service->postgres,
					.catalog = run->catalog,
					.run_id = run->run_id,
					.parts = (const char *const *)parts->pdata,
					.rpo = service_rpo(context, 0),
					.rpo_filestore = service_rpo(context, 1),
					.rpo_config = service_rpo(context, 2),
					.backup_every = context->service->tier->backup_every,
					.now = clock_now(),
					.scan = arguments_flag(arguments, "repository-scan"),
					.prove_lock = arguments_flag(arguments, "prove-lock"),
					.identity_here = context->kit || context->service->identity,
					.progress = on_progress};

	bool done = context_workers(context, &request.workers, error) &&
		    (nagios || progress_mode_chosen(arguments, &mode, error));

	if (done) {
		progress_begin(mode, "checking");
		done = check_run(&request, &result, error) &&
		       note(context, run, stores, &result, error);
		progress_end();
		tell_locks(context, run, stores);
	}
	if (done) {
		*arguments->exit_status =
			nagios ? (int)print_nagios(context, &result)
			       : findings_exit_status(result.findings,
						      arguments_flag(arguments, "strict"));
		if (!nagios && arguments_flag(arguments, "json"))
			print_json(context->service->name, stores, &result);
		else if (!nagios)
			print_human(arguments, stores, &result, *arguments->exit_status);
	}
	check_result_clear(&result);
	return done;
}

/* An identity opens contents; the bundle tells which sets this host published. Either suffices. */
static bool open_keys(Context *context, GError **error)
{
	if (context->service->bundle && !context->kit && !context_bundle(context, error))
		return false;
	if ((!context->bundle || arguments_flag(context->arguments, "repository-scan") ||
	     arguments_text(context->arguments, "identity") || context->kit) &&
	    !context_identity_optional(context, error))
		return false;
	return context->identity || context_bundle(context, error);
}

static bool run_check(const struct arguments *arguments, GError **error)
{
	g_autoptr(Context) context =
		context_open(arguments, arguments_positional(arguments, 0), error);
	g_autoptr(Run) run = NULL;

	if (!context)
		return false;
	if (!open_keys(context, error)) {
		run_failed(context, "check", *error);
		return false;
	}
	run = run_begin(context, "check");
	bool done = check(context, run, error);

	run_finish(run, done ? NULL : *error,
		   &(struct run_result){.exit_status = *arguments->exit_status});
	return done;
}

bool cmd_check(const struct arguments *arguments, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (run_check(arguments, &cause))
		return true;
	if (!arguments_flag(arguments, "nagios")) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	g_autofree char *text = g_strdelimit(text_escape(cause->message), "|\n", '/');

	printf("ODRBACKUP UNKNOWN - %s\n", text);
	*arguments->exit_status = NAGIOS_UNKNOWN;
	return true;
}
