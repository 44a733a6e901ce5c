#include "ops/archive/taken.h"

#include "base/file.h"

#include <glib/gstdio.h>
#include <string.h>
#include <utime.h>

#define SEGMENT "000000010000000000000005"
#define OTHER	"000000010000000000000006"

static char *folder;

static const uint8_t digest[XXH128_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static char *path_of(const char *name)
{
	return g_build_filename(folder, name, NULL);
}

static void write_file(const char *name, const char *text)
{
	g_autofree char *path = path_of(name);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* As it was read a minute after it had been written. */
static WalSource source_of(const char *name)
{
	g_autofree char *path = path_of(name);
	WalSource source = {.name = name, .read_at = clock_now() + USEC_PER_MIN};

	g_assert_cmpint(stat(path, &source.status), ==, 0);
	memcpy(source.digest, digest, sizeof(digest));
	return source;
}

static void save(char *line)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(lines, NULL);
	g_ptr_array_add(lines, line);
	archive_taken_save(folder, lines);
}

static void take(const char *name)
{
	WalSource source = source_of(name);
	char *line = archive_taken_line(&source);

	g_assert_nonnull(line);
	save(line);
}

static bool is_known(const char *name)
{
	uint8_t found[XXH128_SIZE];

	if (!archive_taken_find(folder, folder, name, found))
		return false;
	g_assert_cmpmem(found, sizeof(found), digest, sizeof(digest));
	return true;
}

static void test_found(void)
{
	write_file(SEGMENT, "content");
	write_file(OTHER, "content");
	g_assert_false(is_known(SEGMENT));
	take(SEGMENT);
	g_assert_true(is_known(SEGMENT));
	g_assert_false(is_known(OTHER));
	take(OTHER);
	g_assert_false(is_known(SEGMENT));
	g_assert_true(is_known(OTHER));
	save(NULL);
	g_assert_false(is_known(OTHER));
}

/* Whatever happens to a file moves one of its times, or is another file. */
static void test_changed(void)
{
	g_autofree char *path = path_of(SEGMENT), *aside = path_of("aside");
	struct utimbuf before;
	GStatBuf status;

	write_file(SEGMENT, "content");
	g_assert_cmpint(g_stat(path, &status), ==, 0);
	before = (struct utimbuf){status.st_atime, status.st_mtime};
	take(SEGMENT);
	write_file(SEGMENT, "CONTENT");
	g_assert_cmpint(g_utime(path, &before), ==, 0);
	g_assert_false(is_known(SEGMENT));

	take(SEGMENT);
	g_assert_cmpint(g_rename(path, aside), ==, 0);
	g_assert_false(is_known(SEGMENT));
	write_file(SEGMENT, "CONTENT");
	g_assert_false(is_known(SEGMENT));
}

static void test_unsettled(void)
{
	static const struct {
		int64_t after_us; /* it was read so much later than it was changed */
		long fraction_ns;
		bool kept;
	} cases[] = {
		{-USEC_PER_SEC, 1, false},	  {0, 1, false},
		{USEC_PER_SEC / 10, 1000, false}, {USEC_PER_SEC / 10 + 1, 1000, true},
		{USEC_PER_SEC, 0, false},	  {2 * USEC_PER_SEC, 0, false},
		{2 * USEC_PER_SEC + 1, 0, true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct timespec changed = {1900000000, cases[i].fraction_ns};
		WalSource source = {.name = SEGMENT};
		g_autofree char *line = NULL;

		source.status.st_ctim = changed;
		source.status.st_mtim.tv_sec = changed.tv_sec - 7;
		source.read_at =
			changed.tv_sec * USEC_PER_SEC + changed.tv_nsec / 1000 + cases[i].after_us;
		line = archive_taken_line(&source);
		if (cases[i].kept != (line != NULL))
			g_error("case %zu", i);
	}
}

static void test_junk(void)
{
	g_autofree char *path = path_of("taken");
	g_autofree char *good = NULL;
	size_t length;

	write_file(SEGMENT, "content");
	take(SEGMENT);
	g_assert_true(g_file_get_contents(path, &good, &length, NULL));
	for (size_t i = 0; i < length; i++) {
		g_autofree char *bad = g_strdup(good);

		bad[i] ^= 1;
		write_file("taken", bad);
		/* Who reads so far does not ask what comes behind. */
		if (is_known(SEGMENT) != (i + 1 == length))
			g_error("byte %zu", i);
		bad[i] = '\0';
		write_file("taken", bad);
		if (is_known(SEGMENT) != (i + 1 == length))
			g_error("torn after %zu", i);
	}
	g_assert_cmpint(g_unlink(path), ==, 0);
	g_assert_false(is_known(SEGMENT));
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	folder = g_dir_make_tmp("odr-taken-XXXXXX", NULL);
	g_test_add_func("/archive-taken/the-last-batch-is-known", test_found);
	g_test_add_func("/archive-taken/a-changed-file-is-read", test_changed);
	g_test_add_func("/archive-taken/what-was-changed-just-before-is-not-kept", test_unsettled);
	g_test_add_func("/archive-taken/junk-is-passed-over", test_junk);
	status = g_test_run();
	file_remove_tree(folder, NULL);
	g_free(folder);
	return status;
}
