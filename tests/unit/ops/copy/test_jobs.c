#include "ops/copy/jobs.h"

#include <string.h>

static void add(GPtrArray *files, const char *path, uint64_t size)
{
	struct pgdata_file *file = g_new0(struct pgdata_file, 1);

	file->path = g_strdup(path);
	file->type = 'f';
	file->size = size;
	file->last = strcmp(path, "global/pg_control") == 0;
	g_ptr_array_add(files, file);
}

/* One line a job: the paths of its files. */
static char *plan(const GPtrArray *files, uint64_t *bytes)
{
	g_autoptr(GArray) order = g_array_new(false, false, sizeof(guint));
	g_autoptr(GArray) jobs = copy_jobs_plan(files, order, bytes);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < jobs->len; i++) {
		const struct copy_job *job = &g_array_index(jobs, struct copy_job, i);

		for (size_t k = 0; k < job->count; k++) {
			guint number = g_array_index(order, guint, job->first + k);
			const struct pgdata_file *file = files->pdata[number];

			g_string_append_printf(text, "%s%s", k ? " " : "", file->path);
		}
		g_string_append_c(text, '\n');
	}
	return g_string_free(text, false);
}

static GPtrArray *files_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)pgdata_file_free);
}

static void test_largest_first(void)
{
	g_autoptr(GPtrArray) files = files_new();
	uint64_t bytes;

	add(files, "base/1/10", COPY_SMALL_FILE);
	add(files, "base/1/11", COPY_SMALL_FILE + 1);
	add(files, "base/1/12", 3 * COPY_SMALL_FILE);
	add(files, "global/pg_control", 8192);
	g_autofree char *text = plan(files, &bytes);

	g_assert_cmpstr(text, ==, "base/1/12\nbase/1/11\nbase/1/10\n");
	g_assert_cmpuint(bytes, ==, 5 * COPY_SMALL_FILE + 1);
}

static void test_small_ones_share(void)
{
	g_autoptr(GPtrArray) files = files_new();
	uint64_t bytes;

	add(files, "base/1/10", COPY_SMALL_FILE);
	add(files, "base/1/11", COPY_SMALL_FILE);
	add(files, "base/1/12", 1);
	add(files, "base/2/10", 0);
	add(files, "base/2/11", 8192);
	add(files, "global/1262", 8192);
	add(files, "pg_xact/0000", 8192);
	g_autofree char *text = plan(files, &bytes);

	g_assert_cmpstr(text, ==,
			"base/1/10 base/1/11\nbase/1/12\nbase/2/10 base/2/11\n"
			"global/1262 pg_xact/0000\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/copy-jobs/large-files-come-first-the-largest-before-all",
			test_largest_first);
	g_test_add_func("/copy-jobs/small-files-share-a-chunk-within-one-database",
			test_small_ones_share);
	return g_test_run();
}
