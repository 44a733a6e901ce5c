#include "ops/archive/archive.h"

#include "base/error.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/thread.h"
#include "crypto/secret.h"
#include "ops/archive/altered.h"
#include "ops/archive/lookup.h"
#include "ops/archive/spool.h"
#include "pg/wal.h"

#define PAUSE_FIRST (100 * (USEC_PER_SEC / 1000))
#define PAUSE_MAX   (10 * USEC_PER_SEC)

/* What is not told by the error that is returned. */
static void warn_of_problems(const struct archive_lookup *lookup, const GError *told)
{
	for (guint i = 0; i < lookup->problems->len; i++) {
		const GError *problem = lookup->problems->pdata[i];

		if (problem != told)
			log_warning("%s", problem->message);
	}
}

/* As long as there is trouble there may be a good one where we cannot look. */
static bool is_final(const struct archive_lookup *lookup)
{
	return lookup->found || lookup->conflict || lookup->needs_sets || !lookup->trouble;
}

static bool is_fetched_ahead(const struct archive_get_request *request)
{
	return request->spool && request->batch > 0 &&
	       wal_file_kind(request->file, NULL) == WAL_FILE_SEGMENT;
}

static bool look_until_sure(struct archive_lookup *lookup, usec_t timeout, GError **error)
{
	usec_t start = clock_monotonic(), pause = PAUSE_FIRST;
	bool warned = false;

	for (;; pause = MIN(2 * pause, PAUSE_MAX)) {
		usec_t left;

		if (!stop_check(error))
			return false;
		if (!archive_lookup_run(lookup, error))
			return false;
		left = start + timeout - clock_monotonic();
		if (is_final(lookup) || left <= 0)
			return true;
		if (!warned)
			log_warning("%s; trying again", lookup->trouble->message);
		warned = true;
		if (!stop_wait(MIN(pause, left), error))
			return false;
	}
}

static bool judge(const struct archive_lookup *lookup, enum archive_got *got, GError **error)
{
	const GError *reason =
		lookup->conflict || !lookup->trouble ? lookup->damage : lookup->trouble;

	if (lookup->needs_sets) {
		*got = ARCHIVE_NEEDS_SETS;
		return true;
	}
	if (lookup->found || !reason) {
		warn_of_problems(lookup, NULL);
		*got = lookup->found ? ARCHIVE_GOT : ARCHIVE_ABSENT;
		return true;
	}
	warn_of_problems(lookup, reason);
	g_propagate_error(error, g_error_copy(reason));
	if (reason == lookup->trouble)
		odr_context(error, "whether it is archived cannot be told");
	return false;
}

static bool look(struct archive_lookup *lookup, const struct archive_get_request *request,
		 GError **error)
{
	g_autoptr(ArchiveNames) names = NULL;

	if (is_fetched_ahead(request)) {
		names = archive_names_load(request->spool);
		if (!archive_lookup_named(lookup, names, error))
			return false;
	}
	return lookup->found || look_until_sure(lookup, request->timeout, error);
}

static bool get_from_repositories(const struct archive_get_request *request, enum archive_got *got,
				  uint32_t *segment_size, GError **error)
{
	g_autofree Repo **repos = g_new0(Repo *, request->repository_count);
	g_autoptr(ArchivePlace) place = archive_place_new(request->path);
	struct archive_lookup lookup = {
		.file = request->file,
		.identity = request->identity,
		.repositories = request->repositories,
		.repos = repos,
		.count = request->repository_count,
		.threads = request->workers,
		.place = place,
		.sets = request->sets,
	};
	struct meanwhile *crypto = crypto_meanwhile();
	bool good = look(&lookup, request, error) && judge(&lookup, got, error);

	meanwhile_end(crypto);
	if (good && *got == ARCHIVE_GOT)
		good = archive_place_commit(place, error);
	*segment_size = lookup.segment_size;
	archive_lookup_clear(&lookup);
	for (size_t i = 0; i < request->repository_count; i++) {
		if (repos[i] && request->state)
			archive_altered_keep(request->state, repos[i]->store);
		repo_free(repos[i]);
	}
	return good;
}

static void refill(const struct archive_get_request *request, uint32_t segment_size)
{
	spool_refill_start(&(struct spool_refill){
		.repositories = request->repositories,
		.repository_count = request->repository_count,
		.identity = request->identity,
		.spool = request->spool,
		.state = request->state,
		.file = request->file,
		.segment_size = segment_size,
		.batch = request->batch,
		.workers = request->workers,
	});
}

static bool get_segment_ahead(const struct archive_get_request *request, enum archive_got *got,
			      GError **error)
{
	uint32_t segment_size = 0;

	if (spool_take(request->spool, request->file, request->path, &segment_size))
		*got = ARCHIVE_GOT;
	else if (!get_from_repositories(request, got, &segment_size, error))
		return false;
	if (*got == ARCHIVE_GOT)
		refill(request, segment_size);
	return true;
}

bool archive_get(const struct archive_get_request *request, enum archive_got *got, GError **error)
{
	uint32_t segment_size;
	bool good;

	if (wal_file_kind(request->file, NULL) == WAL_FILE_UNKNOWN)
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is not the name of a WAL file; restore_command gives %%f and "
				"then %%p",
				request->file);
	if (is_fetched_ahead(request))
		good = get_segment_ahead(request, got, error);
	else
		good = get_from_repositories(request, got, &segment_size, error);
	return good || odr_context(error, "cannot get WAL file %s", request->file);
}
