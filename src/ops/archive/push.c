#include "ops/archive/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/pool.h"
#include "ops/archive/repos.h"
#include "ops/archive/taken.h"
#include "ops/cluster.h"
#include "pg/control.h"
#include "repo/wal_held.h"
#include "repo/wal_journal.h"

/* A worker holds a segment and the object made of it. */
#define WORKERS_MAX 4

struct push {
	const struct archive_push_request *request;
	char *folder, *pgdata; /* where the file lies; that folder's parent */
	char *journal;
	struct wal_expect cluster; /* what segments must be; unknown members are 0 */
	Repo **repos;		   /* by number; NULL: not open */
	GPtrArray *names;	   /* the requested file, then others taken along */
	bool requested_done;
};
typedef struct push Push;

static void push_free(Push *push)
{
	for (size_t i = 0; i < push->request->repository_count; i++)
		repo_free(push->repos[i]);
	g_free(push->repos);
	g_free(push->folder);
	g_free(push->pgdata);
	g_free(push->journal);
	g_ptr_array_unref(push->names);
	g_free(push);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Push, push_free)

/* pg_wal may be a symbolic link: its parent by name is PGDATA, the parent of where it leads is not. */
static char *parent_of(const char *folder)
{
	return strcmp(folder, ".") == 0 ? g_strdup("..") : g_path_get_dirname(folder);
}

static Push *push_new(const struct archive_push_request *request)
{
	Push *push = g_new0(Push, 1);

	push->request = request;
	push->folder = g_path_get_dirname(request->path);
	push->pgdata = parent_of(push->folder);
	push->journal = g_build_filename(request->state, "wal", NULL);
	push->repos = g_new0(Repo *, request->repository_count);
	push->names = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(push->names, g_path_get_basename(request->path));
	return push;
}

/* Which cluster's WAL this must be: that of the data directory it lies in, else the pinned one. */
static bool push_learn_cluster(Push *push, GError **error)
{
	g_autoptr(GError) cause = NULL;
	struct control control;
	uint64_t pinned;

	if (control_read(push->pgdata, &control, NULL, &cause)) {
		push->cluster.system_identifier = control.system_identifier;
		push->cluster.segment_size = control.wal_segment_size;
		push->cluster.major = control.major;
		return cluster_pin(push->request->state, control.system_identifier, error);
	}
	if (!odr_error_is(cause, ODR_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	if (!cluster_pinned(push->request->state, &pinned, error))
		return false;
	if (pinned == 0)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"'%s' is not a data directory, and no cluster was archived or "
				"backed up before: there is nothing to compare the file with; "
				"archive_command gives %%p, and runs in the data directory",
				push->pgdata);
	push->cluster.system_identifier = pinned;
	return true;
}

static bool source_load(const Push *push, const char *name, WalSource *source, GError **error)
{
	return wal_source_load(push->folder, name, &push->cluster,
			       push->request->bundle->digest_secret, source, error);
}

/* What one file still needs in one repository. */
struct target {
	const char *repository;
	struct wal_repository known; /* to the journal */
	Repo *repo;
	bool missing;
	usec_t lock_until; /* 0: not */
	usec_t stored_at;
	GError *failure;
};
typedef GArray Targets; /* of struct target, by number of the repository */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Targets, g_array_unref)

static void target_clear(void *target)
{
	g_clear_error(&((struct target *)target)->failure);
}

static Targets *targets_new(const Push *push)
{
	Targets *targets = g_array_new(FALSE, TRUE, sizeof(struct target));
	usec_t lock_for = push->request->lock_for;

	g_array_set_clear_func(targets, target_clear);
	for (size_t i = 0; i < push->request->repository_count; i++) {
		const struct store_settings *settings = &push->request->repositories[i];
		struct target target = {.repository = settings->name,
					.known = push->repos[i] ? wal_repository_of(push->repos[i])
								: wal_repository_unasked(settings),
					.missing = true,
					.lock_until = lock_for ? clock_now() + lock_for : 0};

		g_array_append_val(targets, target);
	}
	return targets;
}

static bool targets_missing(const Targets *targets)
{
	for (guint i = 0; i < targets->len; i++) {
		if (g_array_index(targets, struct target, i).missing)
			return true;
	}
	return false;
}

static bool fail_conflict(const WalSource *source, const uint8_t durable[XXH128_SIZE],
			  const char *repository, GError **error)
{
	g_autofree char *theirs = hex_encode(durable, XXH128_SIZE);
	g_autofree char *ours = hex_encode(source->digest, XXH128_SIZE);

	return odr_fail(error, ODR_ERROR_EXISTS,
			"another file named %s is in repository %s: its digest is %s, that of this "
			"one %s; nothing was written. Does a copy of the cluster archive to the "
			"same service? Turn its archiving off, or make a service of its own for it",
			source->name, repository, theirs, ours);
}

/* What the journal knows: where the file is durable already, and that no other one has its name. */
static bool targets_consult_journal(Targets *targets, const Push *push, const WalSource *source,
				    GError **error)
{
	g_autoptr(GPtrArray) records = NULL;

	if (!wal_journal_find(push->journal, source->name, &records, error))
		return false;
	for (guint i = 0; i < records->len; i++) {
		const struct wal_record *record = records->pdata[i];

		if (memcmp(record->digest, source->digest, XXH128_SIZE) != 0)
			return fail_conflict(source, record->digest, record->repository.name,
					     error);
		for (guint k = 0; k < targets->len; k++) {
			struct target *target = &g_array_index(targets, struct target, k);

			if (wal_record_is_of(record, &target->known))
				target->missing = false;
		}
	}
	return true;
}

/* A copy of the cluster that was promoted elsewhere has another journal and takes the same timeline.
 * History files are few, so the repository can be asked, where the credential allows it. */
static bool refuse_second_history(const Targets *targets, const WalSource *source, GError **error)
{
	for (guint i = 0; i < targets->len; i++) {
		const struct target *target = &g_array_index(targets, struct target, i);
		g_autoptr(GPtrArray) held = NULL;
		g_autoptr(GError) cause = NULL;

		if (!target->repo || !target->missing)
			continue;
		if (!wal_find(target->repo, source->name, &held, &cause)) {
			log_debug("repository %s: %s", target->repository, cause->message);
			continue;
		}
		for (guint k = 0; k < held->len; k++) {
			const struct wal_held *one = held->pdata[k];

			if (memcmp(one->digest, source->digest, XXH128_SIZE) != 0)
				return fail_conflict(source, one->digest, target->repository,
						     error);
		}
	}
	return true;
}

struct confirmation {
	struct target *target;
	const char *local;
};

static bool confirm_object(void *data, GBytes *content, const struct store_object *version,
			   GError **error)
{
	__attribute__((cleanup(wal_facts_clear))) struct wal_facts facts = {0};
	struct confirmation *confirmation = data;
	struct target *target = confirmation->target;

	if (!wal_object_check(&target->repo->service, confirmation->local,
			      g_bytes_get_data(content, NULL), g_bytes_get_size(content), &facts,
			      error))
		return odr_context(error,
				   "repository %s holds a damaged object of this name; move it "
				   "out, and the next attempt will write it anew",
				   target->repository);
	target->stored_at = version->stored_at;
	return repo_accepts(target->repo, &facts.writer, version->stored_at, error);
}

/* The name is taken: by the same content, if a writer of this service signed it. */
static bool target_confirm(struct target *target, const struct wal_object *object, GError **error)
{
	struct confirmation confirmation = {target, object->local};
	g_autoptr(GBytes) content = NULL;

	return repo_get_good(target->repo,
			     &(struct repo_wanted){.local = object->local,
						   .oldest = true,
						   .verify = confirm_object,
						   .data = &confirmation},
			     &content, error);
}

static bool target_put(struct target *target, const struct wal_object *object, GError **error)
{
	const struct iovec part = {object->bytes->data, object->bytes->len};
	struct store_receipt receipt;
	g_autoptr(GError) cause = NULL;

	if (repo_put(target->repo, object->local, &part, 1, target->lock_until, &receipt, &cause)) {
		target->stored_at = receipt.stored_at;
		return true;
	}
	if (odr_error_is(cause, ODR_ERROR_EXISTS))
		return target_confirm(target, object, error);
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

/* Returns whether any repository is still to be written to. */
static bool targets_put(Targets *targets, const struct wal_object *object)
{
	bool any = false;

	for (guint i = 0; i < targets->len; i++) {
		struct target *target = &g_array_index(targets, struct target, i);

		if (!target->missing || target->failure || !target->repo)
			continue;
		any = target_put(target, object, &target->failure) || any;
	}
	return any;
}

static bool targets_put_pieces(Targets *targets, const Push *push, const WalSource *source,
			       unsigned threads, GError **error)
{
	unsigned pieces = wal_object_pieces(source->size);
	bool any = true;

	for (unsigned piece = 1; piece <= pieces && any; piece++) {
		struct wal_object_request request = {
			.bundle = push->request->bundle,
			.file = source->name,
			.content = source->content,
			.size = source->size,
			.piece = piece,
			.system_identifier = push->cluster.system_identifier,
			.major = source->major,
			.compress_level = push->request->compress_level,
			.threads = threads,
		};
		__attribute__((cleanup(wal_object_clear))) struct wal_object object = {0};

		memcpy(request.digest, source->digest, XXH128_SIZE);
		if (!wal_object_seal(&request, &object, error))
			return false;
		any = targets_put(targets, &object);
	}
	return true;
}

/* In one write for all repositories that took it. */
static bool targets_record(const Targets *targets, const Push *push, const WalSource *source,
			   GError **error)
{
	g_autofree struct wal_record *records = g_new0(struct wal_record, targets->len);
	size_t count = 0;

	for (guint i = 0; i < targets->len; i++) {
		const struct target *target = &g_array_index(targets, struct target, i);
		struct wal_record *record = &records[count];

		if (!target->missing || target->failure || !target->repo)
			continue;
		record->file = (char *)source->name;
		record->size = source->size;
		record->repository = wal_repository_of(target->repo);
		record->stored_at = target->stored_at;
		memcpy(record->digest, source->digest, XXH128_SIZE);
		count++;
	}
	return count == 0 || wal_journal_append(push->journal, records, count, error);
}

static bool targets_judge(Targets *targets, GError **error)
{
	for (guint i = 0; i < targets->len; i++) {
		struct target *target = &g_array_index(targets, struct target, i);

		if (target->failure) {
			g_propagate_error(error, g_steal_pointer(&target->failure));
			return false;
		}
	}
	return true;
}

static bool push_store(const Push *push, Targets *targets, const WalSource *source,
		       unsigned threads, GError **error)
{
	if (source->kind == WAL_FILE_HISTORY && !refuse_second_history(targets, source, error))
		return false;
	return targets_put_pieces(targets, push, source, threads, error) &&
	       targets_record(targets, push, source, error) && targets_judge(targets, error);
}

/* One that cannot be opened must not keep the file from the others. True if all are open. */
static bool push_open(Push *push, Targets *targets)
{
	const struct archive_push_request *request = push->request;
	bool all = true;

	for (guint i = 0; i < targets->len; i++) {
		struct target *target = &g_array_index(targets, struct target, i);

		if (target->missing)
			push->repos[i] = archive_repo_open(&request->repositories[i],
							   &request->bundle->service,
							   ARCHIVE_REPO_WRITE, &target->failure);
		target->repo = push->repos[i];
		all = all && target->repo;
	}
	return all;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Name of the segment that a status file announces as finished, or NULL; g_free. */
static char *ready_segment(const char *status_file)
{
	g_autofree char *name = NULL;

	if (!g_str_has_suffix(status_file, ".ready"))
		return NULL;
	name = g_strndup(status_file, strlen(status_file) - strlen(".ready"));
	return wal_file_kind(name, NULL) == WAL_FILE_SEGMENT ? g_steal_pointer(&name) : NULL;
}

/* Adds the segments that PostgreSQL will ask for next. */
static void push_take_along(Push *push)
{
	g_autofree char *folder = g_build_filename(push->folder, "archive_status", NULL);
	g_autoptr(GDir) dir = push->request->batch ? g_dir_open(folder, 0, NULL) : NULL;
	g_autoptr(GPtrArray) ready = g_ptr_array_new_with_free_func(g_free);
	const char *entry;

	while (dir && (entry = g_dir_read_name(dir))) {
		g_autofree char *name = ready_segment(entry);

		if (name && strcmp(name, push->names->pdata[0]) > 0)
			g_ptr_array_add(ready, g_steal_pointer(&name));
	}
	g_ptr_array_sort(ready, compare_names);
	for (guint i = 0; i < MIN(ready->len, push->request->batch); i++)
		g_ptr_array_add(push->names, g_strdup(ready->pdata[i]));
}

/* *line gets what is kept of it for the call in which PostgreSQL asks for it. */
static bool push_other(const Push *push, const char *name, char **line, GError **error)
{
	g_autoptr(Targets) targets = targets_new(push);
	g_auto(WalSource) source = {0};

	if (!source_load(push, name, &source, error) ||
	    !targets_consult_journal(targets, push, &source, error))
		return false;
	for (guint i = 0; i < targets->len; i++)
		g_array_index(targets, struct target, i).repo = push->repos[i];
	if (targets_missing(targets) && !push_store(push, targets, &source, 1, error))
		return false;
	*line = archive_taken_line(&source);
	return true;
}

/* What the workers share. */
struct batch {
	Push *push;
	Targets *targets;	 /* of the requested file */
	const WalSource *source; /* the requested file */
	GPtrArray *taken;	 /* by job: a line about what was taken along, or NULL */
};

static bool batch_run(void *shared, void *context, size_t job, GError **error)
{
	struct batch *batch = shared;
	Push *push = batch->push;
	g_autoptr(GError) trouble = NULL;

	(void)context;
	if (job == 0) {
		push->requested_done = push_store(push, batch->targets, batch->source, 1, error);
		return push->requested_done;
	}
	/* PostgreSQL will ask for this one, too, and be told then. */
	if (!push_other(push, push->names->pdata[job], (char **)&batch->taken->pdata[job],
			&trouble))
		log_debug("not taken along: %s", trouble->message);
	return true;
}

static bool push_batch(Push *push, Targets *targets, const WalSource *source, GError **error)
{
	g_autoptr(GPtrArray) taken = g_ptr_array_new_with_free_func(g_free);
	struct batch batch = {push, targets, source, taken};
	unsigned workers = MIN(push->request->workers, WORKERS_MAX);
	struct pool_work work = {
		/* One of them waits for the disk at any time. */
		.workers = workers > 1 ? workers + 1 : 1,
		.jobs = push->names->len,
		.shared = &batch,
		.run = batch_run,
	};
	g_autoptr(GError) trouble = NULL;

	g_ptr_array_set_size(taken, (gint)push->names->len);

	bool done = pool_run(&work, &trouble);

	archive_taken_save(push->journal, taken);
	if (done || push->requested_done)
		return true;
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}

static bool push_adopt_journal(const Push *push, GError **error)
{
	const struct archive_push_request *request = push->request;
	g_autofree struct wal_repository *known =
		g_new0(struct wal_repository, request->repository_count);

	for (size_t i = 0; i < request->repository_count; i++)
		known[i] = wal_repository_unasked(&request->repositories[i]);
	return wal_journal_adopt(push->journal, known, request->repository_count, error);
}

/* It was taken along and is as it was then, and the journal has it everywhere: it need not be read. */
static bool push_is_done(const Push *push)
{
	g_autoptr(Targets) targets = targets_new(push);
	WalSource source = {.name = push->names->pdata[0]};

	return archive_taken_find(push->journal, push->folder, source.name, source.digest) &&
	       targets_consult_journal(targets, push, &source, NULL) && !targets_missing(targets);
}

static bool push_requested(Push *push, GError **error)
{
	const struct archive_push_request *request = push->request;
	g_autoptr(Targets) targets = targets_new(push);
	g_auto(WalSource) source = {0};

	if (!push_learn_cluster(push, error) || !push_adopt_journal(push, error))
		return false;
	if (push_is_done(push))
		return true;
	if (!source_load(push, push->names->pdata[0], &source, error) ||
	    !targets_consult_journal(targets, push, &source, error))
		return false;
	if (!targets_missing(targets))
		return true;
	/* No reader takes what it signed otherwise: that would not be durable. */
	if (!bundle_check_writer(request->bundle, clock_now(), error))
		return false;
	/* Larger segments are compressed by all workers together: memory stays bounded. */
	if (push_open(push, targets) && source.kind == WAL_FILE_SEGMENT &&
	    source.size <= WAL_PIECE_SIZE)
		push_take_along(push);
	if (push->names->len > 1)
		return push_batch(push, targets, &source, error);
	return push_store(push, targets, &source, request->workers, error);
}

bool archive_push(const struct archive_push_request *request, GError **error)
{
	g_autoptr(Push) push = push_new(request);
	const char *name = push->names->pdata[0];

	if (wal_file_kind(name, NULL) == WAL_FILE_UNKNOWN)
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is not the path of a WAL file: a segment, NAME.partial, "
				"NAME.history or NAME.backup; archive_command gives %%p",
				request->path);
	if (!push_requested(push, error))
		return odr_context(error, "cannot archive WAL file %s", name);
	return true;
}
