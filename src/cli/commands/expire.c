#include "ops/expire/expire.h"

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/run/run.h"
#include "cli/run/trail.h"
#include "cli/site/filling.h"
#include "cli/views/set.h"
#include "ops/record.h"

/* " and 2 files (3 MiB) of writers that died", or "". */
static char *drafts_amount(const struct expire_repository *repository)
{
	g_autofree char *files = count_format(repository->swept.drafts, "file");
	g_autofree char *bytes = size_format(repository->swept.bytes);

	return repository->swept.drafts == 0
		       ? g_strdup("")
		       : g_strdup_printf(" and %s (%s) of writers that died", files, bytes);
}

/* ", 1 mark, 1 anchor, 30 moments", or "". */
static char *marks_amount(const struct expire_repository *repository)
{
	g_autofree char *marks = count_format(repository->marks, "mark");
	g_autofree char *anchors = count_format(repository->anchors, "anchor");
	g_autofree char *moments = count_format(repository->moments, "moment");

	return g_strconcat(repository->marks ? ", " : "", repository->marks ? marks : "",
			   repository->anchors ? ", " : "", repository->anchors ? anchors : "",
			   repository->moments ? ", " : "", repository->moments ? moments : "",
			   NULL);
}

static char *amount(const struct expire_repository *repository, const char *verb)
{
	g_autofree char *all = count_format(repository->sets->len, "set");
	unsigned sets = 0;

	for (guint i = 0; i < repository->sets->len; i++)
		sets += ((const struct expire_set *)repository->sets->pdata[i])->expires;
	if (sets == 0 && repository->objects == 0 && repository->wal->len == 0 &&
	    repository->marks + repository->anchors + repository->moments == 0 &&
	    repository->swept.drafts == 0)
		return g_strdup_printf("nothing to remove: %s %s", all,
				       repository->sets->len == 1 ? "stays" : "stay");

	g_autofree char *bytes = size_format(repository->bytes);
	g_autofree char *wal_bytes = size_format(repository->wal_bytes);

	g_autofree char *objects = count_format(repository->objects, "object");
	g_autofree char *wal = count_format(repository->wal->len, "WAL file");

	g_autofree char *marks = marks_amount(repository);
	g_autofree char *drafts = drafts_amount(repository);

	return g_strdup_printf("%s %u of %s, %s with content (%s), %s (%s)%s%s", verb, sets, all,
			       objects, bytes, wal, wal_bytes, marks, drafts);
}

static void print_plan(const struct expire_repository *repository)
{
	static const char *const headings[] = {"set", "stored", ">size", "plan", "why", NULL};
	TableOut *table = table_out_new(headings);
	g_autofree char *what = amount(repository, "would remove");

	for (guint i = 0; i < repository->sets->len; i++) {
		const struct expire_set *set = repository->sets->pdata[i];
		g_autofree char *stored = time_with_age(set->stored_at);
		g_autofree char *size = size_format(set->stored);

		table_out_row(table, set->set_id, stored, size, set->expires ? "goes" : "stays",
			      set->reason);
	}
	table_out_print(table, repository->sets->len > 0 ? stdout : NULL);
	printf("repository %s: %s\n", repository->name, what);
}

static json_t *repository_json(const struct expire_repository *repository)
{
	json_t *object = json_object();
	json_t *sets = json_array();

	for (guint i = 0; i < repository->sets->len; i++) {
		const struct expire_set *set = repository->sets->pdata[i];
		json_t *row = json_object();

		json_set_string(row, "set", set->set_id);
		json_set_time(row, "stored_at", set->stored_at);
		json_set_time(row, "retain_until", set->retain_until);
		json_set_int(row, "stored", (int64_t)set->stored);
		json_set_bool(row, "expires", set->expires);
		json_set_string(row, "reason", set->reason);
		json_array_append_new(sets, row);
	}
	json_set_string(object, "repository", repository->name);
	json_set(object, "sets", sets);
	json_set_int(object, "objects", (int64_t)repository->objects);
	json_set_int(object, "bytes", (int64_t)repository->bytes);
	json_set_int(object, "generations", repository->generations);
	json_set_int(object, "abandoned_generations", repository->abandoned);
	json_set(object, "wal", json_strings(repository->wal));
	json_set_int(object, "wal_bytes", (int64_t)repository->wal_bytes);
	json_set_int(object, "marks", repository->marks);
	json_set_int(object, "anchors", repository->anchors);
	json_set_int(object, "moments", repository->moments);
	json_set_int(object, "drafts", (int64_t)repository->swept.drafts);
	json_set_int(object, "draft_bytes", (int64_t)repository->swept.bytes);
	json_set_int(object, "locked", repository->locked);
	json_set_string(object, "wal_floor", repository->floor[0] ? repository->floor : NULL);
	return object;
}

static void tell_locked(const struct expire_repository *repository)
{
	g_autofree char *objects = count_format(repository->locked, "object");

	log_info("repository %s: %s that may go %s until the store's lock on %s ends",
		 repository->name, objects, repository->locked == 1 ? "stays" : "stay",
		 repository->locked == 1 ? "it" : "them");
}

static void report(const struct arguments *arguments, const char *service, bool plan,
		   const struct expire_result *result)
{
	json_t *document = json_object();
	json_t *repositories = json_array();

	json_set_string(document, "service", service);
	json_set_bool(document, "plan", plan);
	for (guint i = 0; i < result->repositories->len; i++) {
		const struct expire_repository *repository = result->repositories->pdata[i];
		g_autofree char *what = amount(repository, "removed");

		for (guint j = 0; j < repository->troubles->len; j++)
			log_warning("repository %s: %s", repository->name,
				    (char *)repository->troubles->pdata[j]);
		json_array_append_new(repositories, repository_json(repository));
		if (arguments_flag(arguments, "json"))
			continue;
		if (plan)
			print_plan(repository);
		else
			log_info("repository %s: %s", repository->name, what);
		if (repository->locked > 0)
			tell_locked(repository);
	}
	json_set(document, "repositories", repositories);
	if (arguments_flag(arguments, "json"))
		json_out(document);
	else
		json_decref(document);
}

static bool record_repository(Catalog *catalog, const char *service,
			      const struct expire_repository *repository, GError **error)
{
	for (guint i = 0; i < repository->sets->len; i++) {
		const struct expire_set *set = repository->sets->pdata[i];

		if (set->removed &&
		    !catalog_set_delete(catalog, service, repository->name, set->set_id, error))
			return false;
	}
	return repository->floor[0] == '\0' ||
	       record_wal_removed(catalog, service, repository->name, repository->wal,
				  repository->floor, error);
}

/* What is gone is gone, whatever happens here: a catalog that fails is a warning. */
static void record(const Run *run, const char *service, const struct expire_result *result)
{
	g_autoptr(GError) trouble = NULL;

	for (guint i = 0; run->catalog && i < result->repositories->len; i++)
		if (!record_repository(run->catalog, service, result->repositories->pdata[i],
				       &trouble)) {
			log_warning("the catalog still has sets that are gone: %s; run odrbackup "
				    "catalog rebuild",
				    trouble->message);
			return;
		}
}

/* Each set that is gone, and what the store would not give up. */
static void tell_trail(const Context *context, const Run *run, const struct expire_result *result)
{
	for (guint i = 0; i < result->repositories->len; i++) {
		const struct expire_repository *repository = result->repositories->pdata[i];

		for (guint k = 0; k < repository->sets->len; k++) {
			const struct expire_set *set = repository->sets->pdata[k];
			json_t *data;

			if (!set->removed)
				continue;
			data = trail_of(context, "repository", repository->name);
			json_set_string(data, "set", set->set_id);
			json_set_string(data, "reason", set->reason);
			trail_add(context, AUDIT_SET_EXPIRED, run->run_id, data);
		}
		if (repository->refused > 0) {
			json_t *data = trail_of(context, "repository", repository->name);

			json_set_int(data, "refused", repository->refused);
			trail_add(context, AUDIT_DELETION_TRIED, run->run_id, data);
		}
	}
}

static bool judge(const struct expire_result *result, GError **error)
{
	unsigned unverified = 0, refused = 0;

	for (guint i = 0; i < result->repositories->len; i++) {
		const struct expire_repository *repository = result->repositories->pdata[i];

		unverified += repository->unverified;
		refused += repository->refused;
	}
	g_autofree char *strange = count_format(unverified, "object");
	g_autofree char *left = count_format(refused, "object");

	if (unverified > 0)
		return odr_fail(
			error, ODR_ERROR_CORRUPT,
			"%s with the name of a set did not verify as one: such objects stay, "
			"and packs with them; see odrbackup check",
			strange);
	if (refused > 0)
		return odr_fail(error, ODR_ERROR_PARTIAL, "%s could not be removed", left);
	return true;
}

static bool expire(const Context *context, Run *run, bool plan, GError **error)
{
	struct expire_result result = {0};
	struct expire_request request = {.repos = context->repos,
					 .state = context->state,
					 .policy = {.retain = context->service->tier->retain,
						    .least = context->service->tier->retain_least},
					 .backup_every = context->service->tier->backup_every,
					 .now = clock_now(),
					 .plan = plan};
	bool done = context_lock_wait(context, &request.lock_wait, error) &&
		    expire_run(&request, &result, error);

	if (run && result.repositories) {
		record(run, context->service->name, &result);
		tell_trail(context, run, &result);
	}
	if (done)
		report(context->arguments, context->service->name, plan, &result);
	done = done && judge(&result, error);
	expire_result_clear(&result);
	return done;
}

bool cmd_expire(const struct arguments *arguments, GError **error)
{
	bool plan = arguments_flag(arguments, "plan");
	g_autoptr(Context) context =
		context_open(arguments, arguments_positional(arguments, 0), error);
	g_autoptr(Run) run = NULL;

	if (!context)
		return false;
	if (!filling_keys(context, error) || !context_repos(context, error)) {
		if (!plan)
			run_failed(context, "expire", *error);
		return false;
	}
	if (plan)
		return expire(context, NULL, true, error);
	run = run_begin(context, "expire");
	bool done = expire(context, run, false, error);

	run_finish(run, done ? NULL : *error, &(struct run_result){.set_id = NULL});
	return done;
}
