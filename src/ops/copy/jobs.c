#include "ops/copy/jobs.h"

#include "stream/compress.h"

#include <string.h>

/* The database a path belongs to: content of two databases never shares a chunk. */
static size_t database_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash || (!g_str_has_prefix(path, "base/") && !g_str_has_prefix(path, "pg_tblspc/")))
		return 0;
	return (size_t)(slash - path);
}

static bool same_database(const char *a, const char *b)
{
	size_t length = database_length(a);

	return length == database_length(b) && memcmp(a, b, length) == 0;
}

static int compare_large_first(const void *a, const void *b, void *data)
{
	const GPtrArray *files = data;
	const struct pgdata_file *x = files->pdata[*(const guint *)a];
	const struct pgdata_file *y = files->pdata[*(const guint *)b];
	bool large_x = x->size > COPY_SMALL_FILE, large_y = y->size > COPY_SMALL_FILE;

	if (large_x != large_y)
		return large_x ? -1 : 1;
	if (large_x && x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return strcmp(x->path, y->path);
}

/* The job that begins at a place of the order. */
static struct copy_job job_at(const GPtrArray *files, const GArray *order, guint place)
{
	const struct pgdata_file *first = files->pdata[g_array_index(order, guint, place)];
	struct copy_job job = {.first = place, .count = 1, .bytes = first->size};

	while (first->size <= COPY_SMALL_FILE && place + job.count < order->len) {
		const struct pgdata_file *next =
			files->pdata[g_array_index(order, guint, place + job.count)];

		if (job.bytes + next->size > CHUNK_MAX || !same_database(first->path, next->path))
			break;
		job.bytes += next->size;
		job.count++;
	}
	return job;
}

GArray *copy_jobs_plan(const GPtrArray *files, GArray *order, uint64_t *bytes)
{
	GArray *jobs = g_array_new(false, false, sizeof(struct copy_job));

	*bytes = 0;
	for (guint i = 0; i < files->len; i++) {
		const struct pgdata_file *file = files->pdata[i];

		if (file->type != 'f' || file->last)
			continue;
		g_array_append_val(order, i);
		*bytes += file->size;
	}
	g_array_sort_with_data(order, compare_large_first, (gpointer)files);
	for (guint place = 0; place < order->len;) {
		struct copy_job job = job_at(files, order, place);

		g_array_append_val(jobs, job);
		place += job.count;
	}
	return jobs;
}
