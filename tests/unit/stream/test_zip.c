#include "stream/zip.h"

#include "base/error.h"
#include "base/file.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define TIME ((usec_t)1795824000 * USEC_PER_SEC) /* 2026-11-28T00:00:00Z */

static char *folder;

static char *inside(const char *name)
{
	return g_build_filename(folder, name, NULL);
}

/* What an independent program makes of it. */
static char *python(const char *script, const char *path)
{
	const char *argv[] = {"python3", "-c", script, path, NULL};
	char *out = NULL;
	int status = 0;

	g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
				   NULL, &status, NULL));
	g_assert_cmpint(status, ==, 0);
	return out;
}

static bool has_python(void)
{
	g_autofree char *program = g_find_program_in_path("python3");

	return program != NULL;
}

static void test_members(void)
{
	g_autofree char *path = inside("a.zip");
	g_autofree char *file = inside("file");
	g_autofree char *seen = NULL;
	g_autofree char *text = g_strnfill(3 << 20, 'x');
	g_autoptr(GError) error = NULL;
	struct stat status;
	ZipWriter *writer = zip_writer_new(path, TIME, &error);

	g_assert_no_error(error);
	g_assert_true(g_file_set_contents(file, text, 3 << 20, NULL));
	g_assert_true(zip_writer_bytes(writer, "dump.sql", "SELECT 1;\n", 10, &error));
	g_assert_true(zip_writer_file(writer, "filestore/ab/name", file, &error));
	g_assert_true(zip_writer_bytes(writer, "empty", "", 0, &error));
	g_assert_true(zip_writer_finish(writer, &error));
	g_assert_no_error(error);
	zip_writer_free(writer);
	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0600);
	g_assert_cmpint(status.st_size, <, 1 << 20);
	if (!has_python()) {
		g_test_skip("python3 is not there to read it");
		return;
	}
	seen = python("import sys, zipfile, zlib\n"
		      "z = zipfile.ZipFile(sys.argv[1])\n"
		      "assert z.testzip() is None\n"
		      "for i in z.infolist(): print(i.filename, i.file_size, "
		      "oct(i.external_attr >> 16), i.date_time[0])\n"
		      "assert z.read('filestore/ab/name') == b'x' * (3 << 20)\n",
		      path);
	g_assert_cmpstr(seen, ==,
			"dump.sql 10 0o100644 2026\nfilestore/ab/name 3145728 0o100644 2026\n"
			"empty 0 0o100644 2026\n");
}

static void test_names(void)
{
	static const char *const wrong[] = {"",	  "/etc/passwd", "../up", "a/../b", "a//b",
					    "a/", "./a",	 "a\\b",  "a\xff"};
	g_autofree char *path = inside("names.zip");
	g_autoptr(ZipWriter) writer = zip_writer_new(path, TIME, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(zip_writer_bytes(writer, wrong[i], "", 0, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	}
}

static void test_nothing_replaced(void)
{
	g_autofree char *path = inside("there");
	g_autoptr(GError) error = NULL;

	g_assert_true(g_file_set_contents(path, "mine", -1, NULL));
	g_assert_null(zip_writer_new(path, TIME, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_EXISTS);
}

static void test_full_disk(void)
{
	g_autofree char *text = g_malloc0(4 << 20);
	g_autofree char *link = inside("full");
	g_autoptr(GError) error = NULL;
	ZipWriter *writer;
	bool done = true;

	/* Incompressible, so that it gets there. */
	for (size_t i = 0; i < 4 << 20; i++)
		text[i] = (char)g_test_rand_int();
	g_assert_null(zip_writer_new("/dev/full", TIME, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_EXISTS);
	g_clear_error(&error);
	writer = zip_writer_new(link, TIME, &error);
	g_assert_no_error(error);
	signal(SIGXFSZ, SIG_IGN);
	struct rlimit old, small;

	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 1 << 20;
	setrlimit(RLIMIT_FSIZE, &small);
	done = zip_writer_bytes(writer, "big", text, 4 << 20, &error) &&
	       zip_writer_finish(writer, &error);
	setrlimit(RLIMIT_FSIZE, &old);
	g_assert_false(done);
	g_assert_error(error, ODR_ERROR, ODR_ERROR_SYSTEM);
	zip_writer_free(writer);
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	folder = g_dir_make_tmp("odr-zip-XXXXXX", NULL);
	g_test_add_func("/stream/zip/is-read-by-others", test_members);
	g_test_add_func("/stream/zip/refuses-names-that-lead-out", test_names);
	g_test_add_func("/stream/zip/replaces-nothing", test_nothing_replaced);
	g_test_add_func("/stream/zip/a-write-that-fails", test_full_disk);
	result = g_test_run();
	file_remove_tree(folder, NULL);
	g_free(folder);
	return result;
}
