#include "drill/engine/feeder.h"

#include "base/error.h"
#include "base/file.h"
#include "base/pool.h"
#include "base/socket.h"
#include "base/task.h"
#include "ops/archive/feed.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define GIVEN	       0
#define ABSENT	       1
#define UNCLEAR	       126
#define LOOK_EVERY_MS  100
#define ASK_WITHIN_SEC 10

/* A segment that is being fetched ahead, or was. */
struct ahead {
	char name[WAL_SEGMENT_NAME_SIZE];
	bool done, good;
};

struct feeder {
	struct feeder_settings settings;
	char *socket, *pgdata, *folder;
	int listener;
	struct task *server, *fetcher;
	struct mutex *mutex;
	struct condition *changed;
	/* Under the mutex: */
	bool ending;
	GPtrArray *queue; /* struct ahead, in order */
	struct feeder_report report;
	GError *trouble;
};

/* ---- fetching ------------------------------------------------------------------------------------ */

static bool fetch(const Feeder *feeder, const char *file, const char *path, enum archive_got *got,
		  GError **error)
{
	struct archive_get_request request = *feeder->settings.get;

	request.spool = NULL;
	request.batch = 0;
	request.file = file;
	request.path = path;
	if (!archive_get(&request, got, error))
		return false;
	return *got != ARCHIVE_NEEDS_SETS ||
	       odr_fail(error, ODR_ERROR_CORRUPT,
			"which of several objects of '%s' counts is not known", file);
}

static char *ahead_path(const Feeder *feeder, const char *name)
{
	return g_build_filename(feeder->folder, name, NULL);
}

static struct ahead *next_to_fetch(const Feeder *feeder)
{
	for (guint i = 0; i < feeder->queue->len; i++) {
		struct ahead *ahead = feeder->queue->pdata[i];

		if (!ahead->done)
			return ahead;
	}
	return NULL;
}

/* What goes wrong here is met again, and told, when the server asks for it. */
static bool fetcher_run(void *data, GError **error)
{
	Feeder *feeder = data;

	(void)error;
	mutex_lock(feeder->mutex);
	while (!feeder->ending) {
		struct ahead *ahead = next_to_fetch(feeder);

		if (!ahead) {
			condition_wait(feeder->changed, feeder->mutex);
			continue;
		}
		mutex_unlock(feeder->mutex);
		g_autofree char *path = ahead_path(feeder, ahead->name);
		enum archive_got got = ARCHIVE_ABSENT;
		bool good = fetch(feeder, ahead->name, path, &got, NULL) && got == ARCHIVE_GOT;

		mutex_lock(feeder->mutex);
		ahead->good = good;
		ahead->done = true;
		condition_tell(feeder->changed);
	}
	mutex_unlock(feeder->mutex);
	return true;
}

/* The names that follow, as far as they are wanted and not in the queue. */
static void plan_ahead(Feeder *feeder, const char *name)
{
	const struct feeder_settings *settings = &feeder->settings;
	const struct ahead *last =
		feeder->queue->len ? feeder->queue->pdata[feeder->queue->len - 1] : NULL;
	uint32_t timeline;
	lsn_t start;

	if (settings->ahead == 0 || !settings->last_segment ||
	    !wal_segment_parse(last ? last->name : name, settings->segment_size, &timeline, &start))
		return;
	while (feeder->queue->len < settings->ahead) {
		struct ahead *ahead = g_new0(struct ahead, 1);

		start += settings->segment_size;
		wal_segment_name(timeline, start, settings->segment_size, ahead->name);
		/* Of one timeline: what follows on another has names that only the server knows. */
		if (strcmp(ahead->name, settings->last_segment) > 0) {
			g_free(ahead);
			break;
		}
		g_ptr_array_add(feeder->queue, ahead);
	}
	condition_tell(feeder->changed);
}

/* Takes what was fetched ahead to its place. What lies before it in the queue is not asked for any more. */
static bool take_ahead(Feeder *feeder, const char *name, const char *path)
{
	guint found = 0;
	bool taken = false;

	while (found < feeder->queue->len &&
	       strcmp(((struct ahead *)feeder->queue->pdata[found])->name, name) != 0)
		found++;
	if (found == feeder->queue->len)
		return false;

	struct ahead *ahead = feeder->queue->pdata[found];

	while (!ahead->done && !feeder->ending)
		condition_wait(feeder->changed, feeder->mutex);
	if (ahead->done && ahead->good) {
		g_autofree char *from = ahead_path(feeder, name);

		taken = rename(from, path) == 0;
	}
	if (ahead->done)
		g_ptr_array_remove_range(feeder->queue, 0, found + 1);
	return taken;
}

/* ---- answering ----------------------------------------------------------------------------------- */

/* pg_wal/RECOVERYXLOG or pg_wal/RECOVERYHISTORY (xlogarchive.c), and nothing else; g_free. We may write where the server may
 * not: a link that it made would lead us there. */
static char *place_of(const Feeder *feeder, const char *path)
{
	g_autofree char *folder = g_build_filename(feeder->pgdata, "pg_wal", NULL);
	struct stat about;

	if ((strcmp(path, "pg_wal/RECOVERYXLOG") != 0 &&
	     strcmp(path, "pg_wal/RECOVERYHISTORY") != 0) ||
	    lstat(folder, &about) != 0 || !S_ISDIR(about.st_mode))
		return NULL;
	return g_build_filename(feeder->pgdata, path, NULL);
}

static void note_given(Feeder *feeder, const char *file, const char *path)
{
	struct feeder_report *report = &feeder->report;
	struct stat info;

	if (wal_file_kind(file, NULL) != WAL_FILE_SEGMENT) {
		report->files++;
		return;
	}
	report->segments++;
	report->bytes += stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
	if (!*report->first)
		g_strlcpy(report->first, file, sizeof(report->first));
	g_strlcpy(report->last, file, sizeof(report->last));
	report->absent[0] = '\0';
	plan_ahead(feeder, file);
}

static void note_trouble(Feeder *feeder, GError *trouble)
{
	g_clear_error(&feeder->trouble);
	feeder->trouble = trouble;
}

static int answer(Feeder *feeder, const char *file, const char *path)
{
	g_autofree char *place = place_of(feeder, path);
	enum archive_got got = ARCHIVE_ABSENT;
	GError *trouble = NULL;
	bool taken;

	if (!place || wal_file_kind(file, NULL) == WAL_FILE_UNKNOWN) {
		odr_fail(&trouble, ODR_ERROR_REFUSED, "the server asks for '%s' to be put at '%s'",
			 file, path);
		mutex_lock(feeder->mutex);
		note_trouble(feeder, trouble);
		mutex_unlock(feeder->mutex);
		return UNCLEAR;
	}
	mutex_lock(feeder->mutex);
	taken = take_ahead(feeder, file, place);
	mutex_unlock(feeder->mutex);
	if (taken)
		got = ARCHIVE_GOT;
	else if (!fetch(feeder, file, place, &got, &trouble))
		odr_context(&trouble, "cannot get WAL file %s", file);
	mutex_lock(feeder->mutex);
	if (trouble)
		note_trouble(feeder, trouble);
	else if (got == ARCHIVE_GOT)
		note_given(feeder, file, place);
	else if (wal_file_kind(file, NULL) == WAL_FILE_SEGMENT)
		g_strlcpy(feeder->report.absent, file, sizeof(feeder->report.absent));
	mutex_unlock(feeder->mutex);
	return trouble ? UNCLEAR : got == ARCHIVE_GOT ? GIVEN : ABSENT;
}

/* Two lines. */
static bool read_question(int client, char question[FEED_QUESTION_MAX], char **path)
{
	size_t size = 0;

	while (size < FEED_QUESTION_MAX - 1) {
		ssize_t got = recv(client, question + size, FEED_QUESTION_MAX - 1 - size, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		size += (size_t)got;
		question[size] = '\0';

		char *first = strchr(question, '\n');
		char *second = first ? strchr(first + 1, '\n') : NULL;

		if (second) {
			*first = *second = '\0';
			*path = first + 1;
			return true;
		}
	}
	return false;
}

static void serve(Feeder *feeder, int client)
{
	const struct timeval patience = {.tv_sec = ASK_WITHIN_SEC};
	char question[FEED_QUESTION_MAX];
	char *path;
	unsigned char status;

	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (!read_question(client, question, &path))
		return;
	status = (unsigned char)answer(feeder, question, path);
	/* Who asked may be gone: it is asked again then. */
	send(client, &status, 1, MSG_NOSIGNAL);
}

static bool is_ending(Feeder *feeder)
{
	bool ending;

	mutex_lock(feeder->mutex);
	ending = feeder->ending;
	mutex_unlock(feeder->mutex);
	return ending;
}

/* One at a time: recovery asks for one file after another. */
static bool server_run(void *data, GError **error)
{
	Feeder *feeder = data;
	struct pollfd waiting = {.fd = feeder->listener, .events = POLLIN};

	(void)error;
	while (!is_ending(feeder)) {
		int client = poll(&waiting, 1, LOOK_EVERY_MS) == 1
				     ? accept4(feeder->listener, NULL, NULL, SOCK_CLOEXEC)
				     : -1;

		if (client < 0)
			continue;
		serve(feeder, client);
		close(client);
	}
	return true;
}

/* ---- its life ------------------------------------------------------------------------------------ */

Feeder *feeder_start(const struct feeder_settings *settings, GError **error)
{
	g_autoptr(Feeder) feeder = g_new0(Feeder, 1);

	feeder->settings = *settings;
	feeder->socket = g_strdup(settings->socket);
	feeder->pgdata = g_strdup(settings->pgdata);
	feeder->folder = g_strdup(settings->folder);
	feeder->listener = -1;
	feeder->mutex = mutex_new();
	feeder->changed = condition_new();
	feeder->queue = g_ptr_array_new_with_free_func(g_free);
	if (!file_make_dirs(feeder->folder, 0700, error) ||
	    !socket_listen(feeder->socket, &feeder->listener, error))
		return NULL;
	feeder->server = task_start(server_run, feeder, error);
	if (!feeder->server)
		return NULL;
	if (settings->ahead > 0 && settings->last_segment) {
		feeder->fetcher = task_start(fetcher_run, feeder, error);
		if (!feeder->fetcher)
			return NULL;
	}
	return g_steal_pointer(&feeder);
}

void feeder_free(Feeder *feeder)
{
	if (!feeder)
		return;
	mutex_lock(feeder->mutex);
	feeder->ending = true;
	condition_tell(feeder->changed);
	mutex_unlock(feeder->mutex);
	task_wait(feeder->server, NULL);
	task_wait(feeder->fetcher, NULL);
	if (feeder->listener >= 0)
		close(feeder->listener);
	unlink(feeder->socket);
	g_ptr_array_unref(feeder->queue);
	g_clear_error(&feeder->trouble);
	condition_free(feeder->changed);
	mutex_free(feeder->mutex);
	g_free(feeder->socket);
	g_free(feeder->pgdata);
	g_free(feeder->folder);
	g_free(feeder);
}

void feeder_report(Feeder *feeder, struct feeder_report *report)
{
	mutex_lock(feeder->mutex);
	*report = feeder->report;
	mutex_unlock(feeder->mutex);
}

bool feeder_trouble(Feeder *feeder, GError **error)
{
	GError *trouble;

	mutex_lock(feeder->mutex);
	trouble = feeder->trouble ? g_error_copy(feeder->trouble) : NULL;
	mutex_unlock(feeder->mutex);
	if (!trouble)
		return false;
	g_propagate_error(error, trouble);
	return true;
}
