/* Every page of a cluster that does not run, against its checksum. */
#include "base/error.h"
#include "base/file.h"
#include "base/pool.h"
#include "base/stop.h"
#include "drill/check/extended.h"
#include "pg/page.h"
#include "pg/pgdata.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PAGES_AT_ONCE 128
#define DAMAGES_TOLD  5

static char *no_process[] = {NULL};
const struct plan_check extended_pages = {.name = (char *)"page-checksums",
					  .title = (char *)"checksum of every page",
					  .process = no_process,
					  .type = PLAN_CHECK_POSTGRES,
					  .stage = PLAN_STAGE_EXTENDED,
					  .severity = PLAN_SEVERITY_FAIL};

struct pages {
	const struct extended_cluster *request;
	GPtrArray *files;    /* struct pgdata_file */
	struct mutex *mutex; /* guards what follows */
	uint64_t read, bad;
	GString *damage;
};

static void note_bad(struct pages *pages, const char *path, uint32_t block)
{
	mutex_lock(pages->mutex);
	if (pages->bad++ < DAMAGES_TOLD)
		g_string_append_printf(pages->damage, "%s%s block %u", pages->bad > 1 ? ", " : "",
				       path, block);
	mutex_unlock(pages->mutex);
}

/* What is no whole page at the end of a file no server reads. */
static void judge_run(struct pages *pages, const char *path, const uint8_t *bytes, size_t count,
		      uint32_t first)
{
	for (size_t at = 0; at < count; at++) {
		at += page_check_run(bytes + at * PAGE_SIZE_PG, count - at, first + (uint32_t)at,
				     true);
		if (at < count)
			note_bad(pages, path, first + (uint32_t)at);
	}
}

/* What replay made of a database that was not restored is no part of it. */
static bool is_there(const struct extended_cluster *request, const struct pgdata_relation *relation)
{
	return request->database == 0 || relation->database == request->database ||
	       relation->database < PGDATA_FIRST_USER_DATABASE;
}

static bool read_file(struct pages *pages, const struct pgdata_file *file, int fd, GError **error)
{
	g_autofree uint8_t *bytes = g_malloc(PAGES_AT_ONCE * PAGE_SIZE_PG);
	struct pgdata_relation relation = {0};
	uint64_t read = 0;

	if (!pgdata_relation_parse(file->path, &relation) || !is_there(pages->request, &relation))
		return true;
	for (;;) {
		ssize_t got = file_pread(fd, bytes, PAGES_AT_ONCE * PAGE_SIZE_PG,
					 (off_t)(read * PAGE_SIZE_PG), error);

		if (got < 0)
			return false;

		size_t count = (size_t)got / PAGE_SIZE_PG;

		judge_run(pages, file->path, bytes, count,
			  relation.segment * PAGES_PER_SEGMENT + (uint32_t)read);
		read += count;
		if (count < PAGES_AT_ONCE)
			break;
	}
	mutex_lock(pages->mutex);
	pages->read += read;
	mutex_unlock(pages->mutex);
	return true;
}

static bool read_job(void *shared, void *context, size_t job, GError **error)
{
	struct pages *pages = shared;
	const struct pgdata_file *file = pages->files->pdata[job];
	g_autofree char *path = g_build_filename(pages->request->pgdata, file->path, NULL);
	int fd;
	bool done;

	(void)context;
	if (!file->paged)
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", path);
	done = read_file(pages, file, fd, error);
	close(fd);
	return done || odr_context(error, "%s", file->path);
}

static bool read_all(struct pages *pages, const struct control *control, GError **error)
{
	struct pgdata_walk walk = {.pgdata = pages->request->pgdata, .control = control};

	return pgdata_walk(&walk, &pages->files, NULL, error) &&
	       pool_run(&(struct pool_work){.workers = MAX(pages->request->workers, 1),
					    .jobs = pages->files->len,
					    .shared = pages,
					    .run = read_job},
			error);
}

static void judge(const struct pages *pages, DrillCheckResult *result)
{
	g_autofree char *read = count_format(pages->read, "page");

	result->value = g_strdup_printf("%" G_GUINT64_FORMAT, pages->bad);
	result->expect = g_strdup("0");
	if (pages->bad > 0)
		drill_check_fail(result, "%" G_GUINT64_FORMAT " of %s are damaged: %s%s",
				 pages->bad, read, pages->damage->str,
				 pages->bad > DAMAGES_TOLD ? ", …" : "");
	else
		drill_check_pass(result, "the checksums of %s are right", read);
}

/* Whether there is anything to compare with. */
static bool is_possible(const struct control *control, DrillCheckResult *result)
{
	if (control->checksum_version == 0)
		drill_check_unassessed(result, "the cluster has no checksums of pages");
	else if (control->state != CONTROL_SHUT_DOWN)
		drill_check_unassessed(result,
				       "the copy's server could not be shut down, so that its "
				       "files are not settled");
	return result->message == NULL;
}

bool extended_check_pages(const struct extended_cluster *request, DrillCheckResult *result,
			  GError **error)
{
	struct pages pages = {
		.request = request, .mutex = mutex_new(), .damage = g_string_new(NULL)};
	struct control control;
	g_autoptr(GError) trouble = NULL;
	bool stopped = false;

	if (!control_read(request->pgdata, &control, NULL, &trouble))
		drill_check_unassessed(result, "%s", trouble->message);
	else if (is_possible(&control, result)) {
		if (read_all(&pages, &control, &trouble))
			judge(&pages, result);
		else if (!odr_error_is(trouble, ODR_ERROR_STOPPED))
			drill_check_unassessed(result, "%s", trouble->message);
		else
			stopped = true;
	}
	if (stopped)
		g_propagate_error(error, g_steal_pointer(&trouble));
	g_clear_pointer(&pages.files, g_ptr_array_unref);
	g_string_free(pages.damage, TRUE);
	mutex_free(pages.mutex);
	return !stopped;
}
