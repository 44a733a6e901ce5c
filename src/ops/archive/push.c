#include "ops/archive/archive.h"

#include "base/error.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/text.h"
#include "ops/archive/push.h"
#include "ops/archive/repos.h"
#include "ops/archive/taken.h"
#include "ops/cluster.h"
#include "pg/control.h"
#include "repo/wal_journal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A worker holds a segment and the object made of it. */
#define WORKERS_MAX 4

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

/* A copy of the cluster brings archive_command along: its WAL would begin a timeline that recovery follows. */
static bool push_is_no_copy(const Push *push, GError **error)
{
	const char *wanted = push->request->data_directory;
	struct stat cluster, here;

	if (!wanted || stat(wanted, &cluster) != 0 || stat(push->pgdata, &here) != 0 ||
	    (cluster.st_dev == here.st_dev && cluster.st_ino == here.st_ino))
		return true;

	g_autofree char *path = realpath(push->pgdata, NULL);

	return odr_fail(error, ODR_ERROR_REFUSED,
			"the server in '%s' is not the one in '%s', data-directory of the service: "
			"if it is a copy, set archive_command = '' there; if the cluster has "
			"moved, correct data-directory",
			path ? path : push->pgdata, wanted);
}

/* Which cluster's WAL this must be: that of the data directory it lies in, else the pinned one. */
static bool push_learn_cluster(Push *push, GError **error)
{
	g_autoptr(GError) cause = NULL;
	struct control control;
	uint64_t pinned;

	if (control_read(push->pgdata, &control, NULL, &cause)) {
		if (!push_is_no_copy(push, error))
			return false;
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
	g_ptr_array_sort(ready, text_compare);
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
	if (targets_missing(targets) && !targets_store(push, targets, &source, 1, error))
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
		push->requested_done = targets_store(push, batch->targets, batch->source, 1, error);
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
	return targets_store(push, targets, &source, request->workers, error);
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

bool archive_push_is_done(const struct archive_push_request *request)
{
	g_autoptr(Push) push = push_new(request);

	return wal_file_kind(push->names->pdata[0], NULL) == WAL_FILE_SEGMENT &&
	       push_learn_cluster(push, NULL) && push_adopt_journal(push, NULL) &&
	       push_is_done(push);
}
