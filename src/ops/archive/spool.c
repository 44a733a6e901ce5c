#include "ops/archive/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/pool.h"
#include "ops/archive/altered.h"
#include "ops/archive/lookup.h"
#include "ops/archive/repos.h"
#include "repo/wal_held.h"

#define COPY_PART   ((size_t)1 << 20)
#define NAMES_AHEAD 512 /* segments whose names are asked for at once */
#define LOCK_NAME   "lock"
#define SPOOL_MAX   ((uint64_t)512 << 20) /* bytes of all that is fetched ahead */
#define WORKERS_MAX 4			  /* each holds an object */

static bool check_spooled(int fd, const char *file, struct wal_header *header, GError **error)
{
	uint8_t start[WAL_HEADER_SIZE];
	struct wal_expect expect = {.name = file};
	struct stat status;
	ssize_t got;

	if (fstat(fd, &status) != 0)
		return odr_fail_errno(error, errno, "cannot look at it");
	got = file_pread(fd, start, sizeof(start), 0, error);
	if (got < 0 || !wal_header_parse(start, (size_t)got, header, error))
		return false;
	expect.file_size = (uint64_t)status.st_size;
	expect.segment_size = header->segment_size;
	return wal_header_check(header, &expect, error);
}

static bool copy_content(int fd, ArchivePlace *place, GError **error)
{
	g_autofree uint8_t *part = g_malloc(COPY_PART);
	uint64_t done = 0;
	ssize_t got;

	if (!archive_place_begin(place, 0, error))
		return false;
	while ((got = file_pread(fd, part, COPY_PART, (off_t)done, error)) > 0) {
		if (!archive_place_write(place, done, part, (size_t)got, error))
			return false;
		done += (uint64_t)got;
	}
	return got == 0;
}

/* The spool may lie on another file system. */
static bool copy_spooled(const char *spooled, const char *path, GError **error)
{
	g_autoptr(ArchivePlace) place = archive_place_new(path);
	int fd = open(spooled, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool good;

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open it");
	good = copy_content(fd, place, error) && archive_place_commit(place, error);
	close(fd);
	if (good)
		unlink(spooled);
	return good;
}

static bool move_spooled(const char *spooled, const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);

	if (rename(spooled, path) == 0)
		return !archive_place_is_durable(path) || file_sync_dir(folder, error);
	if (errno != EXDEV)
		return odr_fail_errno(error, errno, "cannot move it to '%s'", path);
	return copy_spooled(spooled, path, error);
}

bool spool_take(const char *spool, const char *file, const char *path, uint32_t *segment_size)
{
	g_autofree char *spooled = g_build_filename(spool, file, NULL);
	int fd = open(spooled, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	g_autoptr(GError) problem = NULL;
	struct wal_header header;
	bool good;

	if (fd < 0)
		return false;
	good = check_spooled(fd, file, &header, &problem);
	close(fd);
	if (!good) {
		log_warning("'%s' is no good: %s; it is removed and fetched again", spooled,
			    problem->message);
		unlink(spooled);
		return false;
	}
	if (!move_spooled(spooled, path, &problem)) {
		log_warning("'%s' cannot be used: %s; it is fetched from the repository", spooled,
			    problem->message);
		return false;
	}
	*segment_size = header.segment_size;
	return true;
}

/* The segment that is `ahead` behind the file, on its timeline. */
static bool name_ahead(const struct spool_refill *refill, unsigned ahead,
		       char name[WAL_SEGMENT_NAME_SIZE])
{
	uint32_t timeline;
	lsn_t start;

	if (!wal_segment_parse(refill->file, refill->segment_size, &timeline, &start))
		return false;
	wal_segment_name(timeline, start + (uint64_t)ahead * refill->segment_size,
			 refill->segment_size, name);
	return true;
}

static bool is_spooled(const struct spool_refill *refill, const char *name)
{
	g_autofree char *path = g_build_filename(refill->spool, name, NULL);

	return access(path, F_OK) == 0;
}

static unsigned bounded_batch(const struct spool_refill *refill)
{
	return (unsigned)MIN(refill->batch, SPOOL_MAX / refill->segment_size);
}

static bool is_half_full(const struct spool_refill *refill)
{
	unsigned batch = bounded_batch(refill), there = 0;
	char name[WAL_SEGMENT_NAME_SIZE];

	for (unsigned ahead = 1; ahead <= batch; ahead++)
		there += name_ahead(refill, ahead, name) && is_spooled(refill, name);
	return 2 * there >= batch;
}

/* A disk that runs full stops PostgreSQL, too. */
static bool check_space(const struct spool_refill *refill, GError **error)
{
	uint64_t wanted = (uint64_t)bounded_batch(refill) * refill->segment_size;
	struct statvfs space;

	if (statvfs(refill->spool, &space) == 0 &&
	    (uint64_t)space.f_bavail * space.f_frsize < 2 * wanted)
		return odr_fail(error, ODR_ERROR_NO_SPACE,
				"'%s' has no room for segments fetched ahead", refill->spool);
	return true;
}

/* Recovery never goes back: by position, of whatever timeline (the last 16 digits). Names that are none
 * of a segment are what a crash left, since the lock is ours. */
static bool is_behind(const struct spool_refill *refill, const char *name)
{
	if (strcmp(name, LOCK_NAME) == 0 || strcmp(name, ARCHIVE_NAMES_FILE) == 0)
		return false;
	if (wal_file_kind(name, NULL) != WAL_FILE_SEGMENT)
		return true;
	return strcmp(name + 8, refill->file + 8) <= 0;
}

static void remove_behind(const struct spool_refill *refill)
{
	g_autoptr(GDir) dir = g_dir_open(refill->spool, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(refill->spool, name, NULL);

		if (is_behind(refill, name))
			unlink(path);
	}
}

/* A refill that runs. */
struct filling {
	const struct spool_refill *refill;
	ArchiveNames *names;
};

struct fetcher {
	Repo **repos; /* by number, opened when needed */
};

static bool fetcher_begin(void *shared, unsigned worker, void **context, GError **error)
{
	const struct filling *filling = shared;
	struct fetcher *fetcher = g_new0(struct fetcher, 1);

	(void)worker, (void)error;
	fetcher->repos = g_new0(Repo *, filling->refill->repository_count);
	*context = fetcher;
	return true;
}

static bool fetcher_end(void *shared, void *context, bool finished, GError **error)
{
	const struct filling *filling = shared;
	struct fetcher *fetcher = context;

	(void)finished, (void)error;
	for (size_t i = 0; i < filling->refill->repository_count; i++) {
		if (fetcher->repos[i] && filling->refill->state)
			archive_altered_keep(filling->refill->state, fetcher->repos[i]->store);
		repo_free(fetcher->repos[i]);
	}
	g_free(fetcher->repos);
	g_free(fetcher);
	return true;
}

static bool fetch(const struct filling *filling, struct archive_lookup *lookup, GError **error)
{
	g_autofree char *path = g_build_filename(filling->refill->spool, lookup->file, NULL);
	g_autoptr(ArchivePlace) place = archive_place_new(path);

	lookup->place = place;
	if (!archive_lookup_named(lookup, filling->names, error))
		return false;
	if (!lookup->found)
		return odr_fail(error, ODR_ERROR_NOT_FOUND, "%s is not there", lookup->file);
	return archive_place_commit(place, error);
}

static bool fetch_ahead(void *shared, void *context, size_t job, GError **error)
{
	const struct filling *filling = shared;
	const struct spool_refill *refill = filling->refill;
	struct fetcher *fetcher = context;
	char name[WAL_SEGMENT_NAME_SIZE];
	struct archive_lookup lookup = {
		.file = name,
		.identity = refill->identity,
		.repositories = refill->repositories,
		.repos = fetcher->repos,
		.count = refill->repository_count,
		.threads = 1,
	};
	bool good = name_ahead(refill, (unsigned)job + 1, name);

	if (good && !is_spooled(refill, name))
		good = fetch(filling, &lookup, error);
	archive_lookup_clear(&lookup);
	return good;
}

/* The first segment of the batch that is not in the spool; false: all are. */
static bool first_wanted(const struct spool_refill *refill, char name[WAL_SEGMENT_NAME_SIZE])
{
	for (unsigned ahead = 1; ahead <= bounded_batch(refill); ahead++)
		if (name_ahead(refill, ahead, name) && !is_spooled(refill, name))
			return true;
	return false;
}

static bool is_known(const struct filling *filling, const char *name)
{
	const struct spool_refill *refill = filling->refill;
	bool known = false;

	for (size_t i = 0; i < refill->repository_count && !known; i++) {
		g_autoptr(GPtrArray) held =
			archive_names_find(filling->names, refill->repositories[i].name, name);

		known = held->len > 0;
	}
	return known;
}

static void list_ahead(const struct spool_refill *refill, const struct store_settings *repository,
		       ArchiveNames *names)
{
	g_autoptr(Repo) repo =
		archive_repo_open(repository, &refill->identity->service, ARCHIVE_REPO_READ, NULL);
	g_autoptr(GPtrArray) held = NULL;
	char first[WAL_SEGMENT_NAME_SIZE], last[WAL_SEGMENT_NAME_SIZE];

	if (repo && name_ahead(refill, 1, first) &&
	    name_ahead(refill, MAX(refill->batch, NAMES_AHEAD), last) &&
	    wal_find_between(repo, first, last, &held, NULL))
		archive_names_add(names, repository->name, held);
}

/* One listing for many batches, where there are as many segments to come. */
static bool know_names(struct filling *filling, GError **error)
{
	const struct spool_refill *refill = filling->refill;
	char name[WAL_SEGMENT_NAME_SIZE];

	filling->names = archive_names_load(refill->spool);
	if (!first_wanted(refill, name) || is_known(filling, name))
		return true;
	archive_names_free(filling->names);
	filling->names = archive_names_new();
	for (size_t i = 0; i < refill->repository_count; i++)
		list_ahead(refill, &refill->repositories[i], filling->names);
	return archive_names_save(filling->names, refill->spool, error);
}

static bool fill(const struct spool_refill *refill, GError **error)
{
	struct filling filling = {.refill = refill};
	struct pool_work work = {
		.workers = MIN(refill->workers, WORKERS_MAX),
		.jobs = bounded_batch(refill),
		.shared = &filling,
		.begin = fetcher_begin,
		.run = fetch_ahead,
		.end = fetcher_end,
	};
	g_autoptr(GError) end = NULL;
	bool good = know_names(&filling, error);

	/* The first segment that is not there ends it: there is no more WAL yet. */
	if (good && !pool_run(&work, &end) && !odr_error_is(end, ODR_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&end));
		good = false;
	}
	archive_names_free(filling.names);
	return good;
}

bool spool_refill_run(const struct spool_refill *refill, GError **error)
{
	g_autofree char *lock_path = g_build_filename(refill->spool, LOCK_NAME, NULL);
	struct file_lock lock = {0};
	bool good;

	if (!file_make_dirs(refill->spool, 0700, error) ||
	    !file_lock_take(&lock, lock_path, 0, error))
		return false;
	remove_behind(refill);
	good = check_space(refill, error) && fill(refill, error);
	file_lock_release(&lock);
	return good;
}

static void reset_signals(void)
{
	struct sigaction usual = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		sigaction(number, &usual, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* PostgreSQL waits for the ends of pipes, an init system for a folder to unmount, a terminal for its
 * session: nothing of it may be kept. False: go no further. */
static bool detach(void)
{
	int null;

	if (!log_open(&(struct log_settings){.level = LOG_LEVEL_ERROR}, NULL) || chdir("/") != 0)
		return false;
	null = open("/dev/null", O_RDWR);
	if (null < 0)
		return false;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	closefrom(STDERR_FILENO + 1);
	reset_signals();
	return true;
}

/* Two forks: the second process is nobody's child and no leader of a session. */
static void become_background(const struct spool_refill *refill)
{
	setsid();
	if (fork() == 0 && detach())
		spool_refill_run(refill, NULL);
	_exit(0);
}

void spool_refill_start(const struct spool_refill *refill)
{
	pid_t child;

	if (is_half_full(refill))
		return;
	child = fork();
	if (child == 0)
		become_background(refill);
	if (child < 0)
		log_debug("cannot fetch ahead: %s", g_strerror(errno));
	else
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
}
