#include "ops/archive/lookup.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/log.h"
#include "ops/archive/repos.h"
#include "repo/wal_held.h"

#include <string.h>

static void problem_free(void *problem)
{
	g_error_free(problem);
}

void archive_lookup_clear(struct archive_lookup *lookup)
{
	g_clear_pointer(&lookup->problems, g_ptr_array_unref);
	lookup->damage = lookup->trouble = NULL;
	lookup->found = lookup->conflict = lookup->needs_sets = false;
	lookup->segment_size = 0;
}

/* Damage, wrong keys and wrong settings do not get better by asking again. */
static bool is_lasting(const GError *error)
{
	return odr_error_is(error, ODR_ERROR_USAGE) || odr_error_is(error, ODR_ERROR_CORRUPT) ||
	       odr_error_is(error, ODR_ERROR_AUTH) || odr_error_is(error, ODR_ERROR_REFUSED);
}

/* Takes the error. */
static void lookup_note(struct archive_lookup *lookup, GError *problem)
{
	const GError **kind = is_lasting(problem) ? &lookup->damage : &lookup->trouble;

	g_ptr_array_add(lookup->problems, problem);
	if (!*kind)
		*kind = problem;
}

/* Where the content of an object goes while it is read. */
struct receiver {
	ArchivePlace *place; /* NULL: it is only checked */
	uint8_t start[WAL_HEADER_SIZE];
	size_t started; /* bytes of it */
};

static bool receive_begin(void *data, const struct wal_facts *facts, GError **error)
{
	struct receiver *receiver = data;

	return !receiver->place || archive_place_begin(receiver->place, facts->size, error);
}

static bool receive(void *data, uint64_t offset, const void *plain, size_t size, GError **error)
{
	struct receiver *receiver = data;

	if (offset == 0) {
		receiver->started = MIN(size, sizeof(receiver->start));
		memcpy(receiver->start, plain, receiver->started);
	}
	return !receiver->place || archive_place_write(receiver->place, offset, plain, size, error);
}

static bool check_header(const struct receiver *receiver, const char *file,
			 const struct wal_facts *facts, uint32_t *segment_size, GError **error)
{
	enum wal_file_kind kind = wal_file_kind(file, NULL);
	struct wal_header header;
	struct wal_expect expect = {
		.name = file,
		.file_size = facts->size,
		.system_identifier = facts->system_identifier,
		.major = facts->major,
	};

	if (kind != WAL_FILE_SEGMENT && kind != WAL_FILE_PARTIAL)
		return true;
	if (!wal_header_parse(receiver->start, receiver->started, &header, error))
		return odr_context(error, "WAL file %s", file);
	expect.segment_size = header.segment_size;
	if (!wal_header_check(&header, &expect, error))
		return odr_context(error, "WAL file %s", file);
	*segment_size = header.segment_size;
	return true;
}

/* One of the objects that a repository holds under the name; into the place, or NULL. */
static bool lookup_read(struct archive_lookup *lookup, Repo *repo, const struct wal_held *held,
			ArchivePlace *place, GError **error)
{
	struct receiver receiver = {.place = place};
	struct wal_reading reading = {
		.identity = lookup->identity,
		.held = held,
		.threads = lookup->threads,
		.begin = receive_begin,
		.put = receive,
		.data = &receiver,
	};
	struct wal_facts facts = {0};
	bool good;

	/* Perhaps it is being written right now. */
	if (!held->complete)
		return odr_fail(error, ODR_ERROR_TRANSIENT,
				"WAL file %s is not complete: pieces are missing, or still being "
				"written",
				lookup->file);
	if (!wal_read(repo, &reading, &facts, error))
		return false;
	good = check_header(&receiver, lookup->file, &facts, &lookup->segment_size, error);
	wal_facts_clear(&facts);
	return good;
}

static void lookup_note_conflict(struct archive_lookup *lookup, const Repo *repo,
				 const struct wal_held *held)
{
	g_autofree char *digest = hex_encode(held->digest, XXH128_SIZE);
	GError *conflict = NULL;

	odr_fail(&conflict, ODR_ERROR_CORRUPT,
		 "there are several valid files named %s which differ; the one with digest %s in "
		 "repository %s is the second: a copy of the cluster archived to this service; "
		 "move away the one that does not belong to the cluster to recover",
		 lookup->file, digest, store_name(repo->store));
	lookup_note(lookup, conflict);
	lookup->damage = conflict;
	lookup->conflict = true;
}

static bool is_history(const struct archive_lookup *lookup)
{
	return wal_file_kind(lookup->file, NULL) == WAL_FILE_HISTORY;
}

/* The first one counts. History files must not differ: no time tells which one recovery means. */
static void lookup_take(struct archive_lookup *lookup, const Repo *repo,
			const struct wal_held *held)
{
	if (!lookup->found)
		memcpy(lookup->digest, held->digest, XXH128_SIZE);
	else if (memcmp(lookup->digest, held->digest, XXH128_SIZE) != 0)
		lookup_note_conflict(lookup, repo, held);
	lookup->found = true;
}

/* False: the place cannot be written. */
static bool lookup_try(struct archive_lookup *lookup, Repo *repo, const struct wal_held *held,
		       GError **error)
{
	const GError *no_place;
	GError *problem = NULL;

	if (lookup_read(lookup, repo, held, lookup->found ? NULL : lookup->place, &problem)) {
		lookup_take(lookup, repo, held);
		return true;
	}
	no_place = archive_place_trouble(lookup->place);
	if (no_place) {
		g_error_free(problem);
		g_propagate_error(error, g_error_copy(no_place));
		return false;
	}
	odr_context(&problem, "repository %s", store_name(repo->store));
	lookup_note(lookup, problem);
	return true;
}

static Repo *lookup_open(struct archive_lookup *lookup, size_t number)
{
	const struct store_settings *settings = &lookup->repositories[number];
	GError *problem = NULL;

	if (!lookup->repos[number])
		lookup->repos[number] = archive_repo_open(settings, &lookup->identity->service,
							  ARCHIVE_REPO_READ, &problem);
	if (problem)
		lookup_note(lookup, problem);
	return lookup->repos[number];
}

static bool lookup_all(struct archive_lookup *lookup, Repo *repo, const GPtrArray *held,
		       GError **error)
{
	for (guint i = 0; i < held->len; i++)
		if (!lookup_try(lookup, repo, held->pdata[i], error))
			return false;
	return true;
}

static bool lookup_oldest(struct archive_lookup *lookup, Repo *repo, const GPtrArray *held,
			  GError **error)
{
	for (guint i = 0; i < held->len && !lookup->found; i++)
		if (!lookup_try(lookup, repo, held->pdata[i], error))
			return false;
	if (held->len > 1 && lookup->found)
		log_warning("repository %s holds %u objects for WAL file %s, and no set lists one "
			    "of them; the oldest valid one was taken",
			    store_name(repo->store), held->len, lookup->file);
	return true;
}

/* No other one replaces it: what that holds is of another past. */
static bool lookup_listed(struct archive_lookup *lookup, Repo *repo,
			  const struct archive_candidate *candidate, guint count, GError **error)
{
	guint before = lookup->problems->len;

	if (!lookup_try(lookup, repo, candidate->held, error))
		return false;
	if (lookup->problems->len > before) {
		GError *problem = lookup->problems->pdata[before];

		g_prefix_error(&problem,
			       "of %u objects for WAL file %s the one that set %s lists: ", count,
			       lookup->file, candidate->set);
	} else {
		log_warning("repository %s holds %u objects for WAL file %s; the one that set %s "
			    "lists was taken",
			    store_name(repo->store), count, lookup->file, candidate->set);
	}
	return true;
}

static void lookup_undecidable(struct archive_lookup *lookup, const Repo *repo,
			       const struct archive_candidate *one,
			       const struct archive_candidate *other)
{
	g_autofree char *digest = hex_encode(one->held->digest, XXH128_SIZE);
	g_autofree char *other_digest = hex_encode(other->held->digest, XXH128_SIZE);
	GError *conflict = NULL;

	odr_fail(
		&conflict, ODR_ERROR_CORRUPT,
		"of WAL file %s repository %s holds two contents that sets list: set %s the one "
		"with digest %s, set %s that with digest %s. The cluster, or a copy of it, was set "
		"back to an earlier state and went on differently; move away the one that does "
		"not belong to what is to be recovered",
		lookup->file, store_name(repo->store), one->set, digest, other->set, other_digest);
	lookup_note(lookup, conflict);
	lookup->damage = conflict;
	lookup->conflict = true;
}

static bool lookup_chosen(struct archive_lookup *lookup, Repo *repo, const GPtrArray *held,
			  GError **error)
{
	g_autoptr(GArray) candidates = g_array_new(false, true, sizeof(struct archive_candidate));
	const struct archive_candidate *candidate;
	GError *problem = NULL;

	g_array_set_clear_func(candidates, archive_candidate_clear);
	g_array_set_size(candidates, held->len);
	for (guint i = 0; i < held->len; i++)
		g_array_index(candidates, struct archive_candidate, i).held = held->pdata[i];
	if (!lookup->sets(repo, candidates, &problem)) {
		lookup_note(lookup, problem);
		return true;
	}

	struct archive_choice choice = archive_choose(candidates);

	candidate = &g_array_index(candidates, struct archive_candidate, choice.chosen);
	if (choice.verdict == ARCHIVE_OLDEST)
		return lookup_oldest(lookup, repo, held, error);
	if (choice.verdict == ARCHIVE_LISTED)
		return lookup_listed(lookup, repo, candidate, held->len, error);
	lookup_undecidable(lookup, repo, candidate,
			   &g_array_index(candidates, struct archive_candidate, choice.other));
	return true;
}

/* What is not in a repository that was emptied meanwhile is not absent; and to withhold a file is to make
 * recovery end before it. */
static bool check_absence(const struct archive_lookup *lookup, Repo *repo, GError **error)
{
	const struct store_distrust *distrust = store_distrust(repo->store);

	if (!distrust)
		return archive_repo_confirm(repo, error);
	return odr_fail(
		error, ODR_ERROR_REFUSED,
		"WAL file %s is not in the listing of repository %s, which proves nothing: %s, and "
		"whoever is on it may have kept the file back; %s",
		lookup->file, store_name(repo->store), distrust->why, distrust->advice);
}

static bool lookup_in(struct archive_lookup *lookup, size_t number, GError **error)
{
	Repo *repo = lookup_open(lookup, number);
	g_autoptr(GPtrArray) held = NULL;
	GError *problem = NULL;

	if (!repo)
		return true;
	if (!wal_find(repo, lookup->file, &held, &problem) ||
	    (held->len == 0 && !check_absence(lookup, repo, &problem))) {
		lookup_note(lookup, problem);
		return true;
	}
	if (is_history(lookup))
		return lookup_all(lookup, repo, held, error);
	if (held->len <= 1)
		return lookup_oldest(lookup, repo, held, error);
	if (lookup->sets)
		return lookup_chosen(lookup, repo, held, error);
	lookup->needs_sets = true;
	return true;
}

static void lookup_begin(struct archive_lookup *lookup)
{
	archive_lookup_clear(lookup);
	lookup->problems = g_ptr_array_new_with_free_func(problem_free);
}

bool archive_lookup_named(struct archive_lookup *lookup, const ArchiveNames *names, GError **error)
{
	lookup_begin(lookup);
	for (size_t i = 0; i < lookup->count && !lookup->found; i++) {
		const char *repository = lookup->repositories[i].name;
		g_autoptr(GPtrArray) held = archive_names_find(names, repository, lookup->file);
		/* Where there are several, which of them counts is not decided here. */
		Repo *repo = held->len == 1 ? lookup_open(lookup, i) : NULL;

		if (repo && !lookup_try(lookup, repo, held->pdata[0], error))
			return false;
	}
	return true;
}

bool archive_lookup_run(struct archive_lookup *lookup, GError **error)
{
	bool decided = false;

	lookup_begin(lookup);
	for (size_t i = 0; i < lookup->count && !decided; i++) {
		if (!lookup_in(lookup, i, error))
			return false;
		decided = lookup->needs_sets ||
			  (!is_history(lookup) && (lookup->found || lookup->conflict));
	}
	lookup->found = lookup->found && !lookup->conflict;
	return true;
}
