#include "ops/archive_lookup.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/log.h"
#include "ops/archive_repos.h"
#include "repo/wal_object.h"

#include <string.h>

static void problem_free(void *problem)
{
	g_error_free(problem);
}

void archive_lookup_clear(struct archive_lookup *lookup)
{
	g_clear_pointer(&lookup->content, g_byte_array_unref);
	g_clear_pointer(&lookup->problems, g_ptr_array_unref);
	lookup->damage = lookup->trouble = NULL;
	lookup->conflict = false;
	lookup->segment_size = 0;
}

/* Damage and wrong keys do not get better by asking again. */
static bool is_lasting(const GError *error)
{
	return odr_error_is(error, ODR_ERROR_CORRUPT) || odr_error_is(error, ODR_ERROR_AUTH) ||
	       odr_error_is(error, ODR_ERROR_REFUSED);
}

/* Takes the error. */
static void lookup_note(struct archive_lookup *lookup, GError *problem)
{
	const GError **kind = is_lasting(problem) ? &lookup->damage : &lookup->trouble;

	g_ptr_array_add(lookup->problems, problem);
	if (!*kind)
		*kind = problem;
}

static bool check_content(const char *file, const GByteArray *content,
			  const struct wal_facts *facts, uint32_t *segment_size, GError **error)
{
	enum wal_file_kind kind = wal_file_kind(file, NULL);
	struct wal_header header;
	struct wal_expect expect = {
		.name = file,
		.file_size = content->len,
		.system_identifier = facts->system_identifier,
		.major = facts->major,
	};

	if (kind != WAL_FILE_SEGMENT && kind != WAL_FILE_PARTIAL)
		return true;
	if (!wal_header_parse(content->data, content->len, &header, error))
		return odr_context(error, "WAL file %s", file);
	expect.segment_size = header.segment_size;
	if (!wal_header_check(&header, &expect, error))
		return odr_context(error, "WAL file %s", file);
	*segment_size = header.segment_size;
	return true;
}

/* One of the objects that a repository holds under the name. */
static bool lookup_fetch(struct archive_lookup *lookup, Repo *repo, const struct wal_held *held,
			 GByteArray **content, GError **error)
{
	struct wal_facts facts = {0};
	g_autoptr(GByteArray) fetched = NULL;
	bool good;

	/* Perhaps it is being written right now. */
	if (!held->complete)
		return odr_fail(error, ODR_ERROR_TRANSIENT,
				"WAL file %s is not complete: pieces are missing, or still being "
				"written",
				lookup->file);
	if (!wal_fetch(repo, lookup->identity, held, lookup->threads, &fetched, &facts, error))
		return false;
	good = check_content(lookup->file, fetched, &facts, &lookup->segment_size, error);
	wal_facts_clear(&facts);
	if (good)
		*content = g_steal_pointer(&fetched);
	return good;
}

static bool equal(const GByteArray *a, const GByteArray *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
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

/* The first one counts. History files must not differ: no time tells which one recovery means. */
static void lookup_take(struct archive_lookup *lookup, const Repo *repo,
			const struct wal_held *held, GByteArray *content)
{
	if (!lookup->content) {
		lookup->content = content;
		return;
	}
	if (!equal(lookup->content, content))
		lookup_note_conflict(lookup, repo, held);
	g_byte_array_unref(content);
}

static void lookup_try(struct archive_lookup *lookup, Repo *repo, const struct wal_held *held)
{
	GError *problem = NULL;
	GByteArray *content = NULL;

	if (lookup_fetch(lookup, repo, held, &content, &problem)) {
		lookup_take(lookup, repo, held, content);
		return;
	}
	odr_context(&problem, "repository %s", store_name(repo->store));
	lookup_note(lookup, problem);
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

static void lookup_in(struct archive_lookup *lookup, size_t number, bool all)
{
	Repo *repo = lookup_open(lookup, number);
	g_autoptr(GPtrArray) held = NULL;
	GError *problem = NULL;

	if (!repo)
		return;
	if (!wal_find(repo, lookup->file, &held, &problem)) {
		lookup_note(lookup, problem);
		return;
	}
	/* Oldest first: whoever can add objects cannot get in front of what is there. */
	for (guint i = 0; i < held->len && (all || !lookup->content); i++)
		lookup_try(lookup, repo, held->pdata[i]);
	if (held->len > 1 && lookup->content)
		log_warning("repository %s holds %u objects for WAL file %s; the oldest valid one "
			    "was taken",
			    store_name(repo->store), held->len, lookup->file);
}

void archive_lookup_run(struct archive_lookup *lookup)
{
	bool history = wal_file_kind(lookup->file, NULL) == WAL_FILE_HISTORY;

	archive_lookup_clear(lookup);
	lookup->problems = g_ptr_array_new_with_free_func(problem_free);
	for (size_t i = 0; i < lookup->count && (history || !lookup->content); i++)
		lookup_in(lookup, i, history);
	if (lookup->conflict)
		g_clear_pointer(&lookup->content, g_byte_array_unref);
}
