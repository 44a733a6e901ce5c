#include "base/file.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/stop.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
	char *folder, *path;
	GError *error;
};

static void setup(struct fixture *fixture, gconstpointer data)
{
	fixture->folder = g_dir_make_tmp("odr-test-XXXXXX", NULL);
	fixture->path = g_build_filename(fixture->folder, "file", NULL);
}

static void teardown(struct fixture *fixture, gconstpointer data)
{
	g_assert_no_error(fixture->error);
	g_assert_true(file_remove_tree(fixture->folder, NULL));
	g_assert_false(g_file_test(fixture->folder, G_FILE_TEST_EXISTS));
	g_free(fixture->folder);
	g_free(fixture->path);
}

/* Takes the error. In message, %s stands for the path. */
static void assert_error(struct fixture *fixture, enum odr_error code, const char *message)
{
	g_auto(GStrv) parts = g_strsplit(message, "%s", -1);
	g_autofree char *expected = g_strjoinv(fixture->path, parts);

	g_assert_error(fixture->error, ODR_ERROR, (int)code);
	g_assert_cmpstr(fixture->error->message, ==, expected);
	g_clear_error(&fixture->error);
}

static void put(struct fixture *fixture, const char *text)
{
	g_assert_true(file_write(fixture->path, text, strlen(text), NULL, &fixture->error));
}

static unsigned entries(const char *folder)
{
	g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);
	unsigned count = 0;

	while (g_dir_read_name(directory))
		count++;
	return count;
}

static void test_read(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GBytes) content = NULL, system = NULL;

	put(fixture, "12345");
	g_assert_true(file_read(fixture->path, 5, &content, &fixture->error));
	g_assert_cmpmem(g_bytes_get_data(content, NULL), g_bytes_get_size(content), "12345", 5);

	/* A file whose size is not known before. */
	g_assert_true(file_read("/proc/self/status", 1 << 20, &system, &fixture->error));
	g_assert_cmpuint(g_bytes_get_size(system), >, 100);
	g_assert_false(file_read("/proc/self/status", 100, &content, &fixture->error));
	g_assert_error(fixture->error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_clear_error(&fixture->error);
}

static void test_read_refuses(struct fixture *fixture, gconstpointer data)
{
	GBytes *content = NULL;

	g_assert_false(file_read(fixture->path, 5, &content, &fixture->error));
	assert_error(fixture, ODR_ERROR_NOT_FOUND, "cannot read '%s': No such file or directory");
	put(fixture, "123456");
	g_assert_false(file_read(fixture->path, 5, &content, &fixture->error));
	assert_error(fixture, ODR_ERROR_CORRUPT, "cannot read '%s': it has more than 5 bytes");
	unlink(fixture->path);
	g_assert_cmpint(mkfifo(fixture->path, 0600), ==, 0);
	g_assert_false(file_read(fixture->path, 5, &content, &fixture->error));
	assert_error(fixture, ODR_ERROR_SYSTEM, "cannot read '%s': it is not a regular file");
	g_assert_null(content);
}

static void test_read_text(struct fixture *fixture, gconstpointer data)
{
	static const struct iovec wrong[] = {{(void *)"a\xff", 2}, {(void *)"a\0b", 3}};
	char *text = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_assert_true(file_write_vec(fixture->path, &wrong[i], 1, NULL, &fixture->error));
		g_assert_false(file_read_text(fixture->path, 99, &text, &fixture->error));
		assert_error(fixture, ODR_ERROR_CORRUPT,
			     "cannot read '%s': it is not text in UTF-8");
		g_assert_null(text);
	}
	put(fixture, "Köln\n");
	g_assert_true(file_read_text(fixture->path, 99, &text, &fixture->error));
	g_assert_cmpstr(text, ==, "Köln\n");
	g_free(text);
	put(fixture, "");
	g_assert_true(file_read_text(fixture->path, 99, &text, &fixture->error));
	g_assert_cmpstr(text, ==, "");
	g_free(text);
}

static void test_read_secret(struct fixture *fixture, gconstpointer data)
{
	char *text = NULL;

	put(fixture, "secret");
	g_assert_cmpint(chmod(fixture->path, 0640), ==, 0);
	g_assert_false(file_read_secret(fixture->path, 99, &text, &fixture->error));
	assert_error(fixture, ODR_ERROR_AUTH,
		     "'%s' holds a secret, and others than its owner can reach it (mode 0640): run "
		     "chmod 600 on it");
	g_assert_null(text);
	g_assert_cmpint(chmod(fixture->path, 0400), ==, 0);
	g_assert_true(file_read_secret(fixture->path, 99, &text, &fixture->error));
	g_assert_cmpstr(text, ==, "secret");
	g_free(text);
}

static void test_write(struct fixture *fixture, gconstpointer data)
{
	const struct iovec parts[] = {{(void *)"ab", 2}, {NULL, 0}, {(void *)"cd", 2}};
	const struct file_write how = {.mode = 0644};
	struct stat about;
	char *text;

	put(fixture, "old");
	g_assert_cmpint(stat(fixture->path, &about), ==, 0);
	g_assert_cmpint(about.st_mode & 07777, ==, 0600);
	g_assert_true(file_write_vec(fixture->path, parts, 3, &how, &fixture->error));
	g_assert_cmpint(stat(fixture->path, &about), ==, 0);
	g_assert_cmpint(about.st_mode & 07777, ==, 0644);
	g_assert_true(file_read_text(fixture->path, 99, &text, &fixture->error));
	g_assert_cmpstr(text, ==, "abcd");
	g_assert_cmpuint(entries(fixture->folder), ==, 1);
	g_free(text);
}

static void test_write_exclusive(struct fixture *fixture, gconstpointer data)
{
	const struct file_write how = {.exclusive = true};
	char *text;

	g_assert_true(file_write(fixture->path, "1", 1, &how, &fixture->error));
	g_assert_false(file_write(fixture->path, "2", 1, &how, &fixture->error));
	assert_error(fixture, ODR_ERROR_EXISTS, "cannot write '%s': File exists");
	g_assert_true(file_read_text(fixture->path, 99, &text, &fixture->error));
	g_assert_cmpstr(text, ==, "1");
	g_assert_cmpuint(entries(fixture->folder), ==, 1);
	g_free(text);
}

static void test_write_fails(struct fixture *fixture, gconstpointer data)
{
	g_assert_true(file_make_dirs(fixture->path, 0700, &fixture->error));
	g_assert_false(file_write(fixture->path, "1", 1, NULL, &fixture->error));
	assert_error(fixture, ODR_ERROR_SYSTEM, "cannot write '%s': Is a directory");
	g_assert_cmpuint(entries(fixture->folder), ==, 1);
}

static void test_positions(struct fixture *fixture, gconstpointer data)
{
	int fd = open(fixture->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char buffer[8] = "";

	g_assert_true(file_pwrite(fd, "abcd", 4, 2, &fixture->error));
	g_assert_cmpint(file_pread(fd, buffer, 8, 0, &fixture->error), ==, 6);
	g_assert_cmpmem(buffer, 6, "\0\0abcd", 6);
	g_assert_cmpint(file_pread(fd, buffer, 8, 99, &fixture->error), ==, 0);
	close(fd);

	fd = open(fixture->path, O_WRONLY | O_CLOEXEC);
	g_assert_cmpint(file_pread(fd, buffer, 8, 3, &fixture->error), ==, -1);
	assert_error(fixture, ODR_ERROR_SYSTEM,
		     "cannot read 8 bytes at offset 3: Bad file descriptor");
	close(fd);
	fd = open(fixture->path, O_RDONLY | O_CLOEXEC);
	g_assert_false(file_pwrite(fd, buffer, 8, 3, &fixture->error));
	assert_error(fixture, ODR_ERROR_SYSTEM,
		     "cannot write 8 bytes at offset 3: Bad file descriptor");
	close(fd);
}

static void test_make_dirs(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *deep = g_build_filename(fixture->folder, "a/b/c", NULL);
	g_autofree char *slash = g_build_filename(fixture->folder, "d/e/", NULL);
	g_autofree char *below = g_build_filename(fixture->path, "x", NULL);

	g_assert_true(file_make_dirs(deep, 0700, &fixture->error));
	g_assert_true(file_make_dirs(deep, 0700, &fixture->error));
	g_assert_true(file_make_dirs(slash, 0700, &fixture->error));
	g_assert_true(g_file_test(deep, G_FILE_TEST_IS_DIR));
	g_assert_true(g_file_test(slash, G_FILE_TEST_IS_DIR));
	put(fixture, "");
	g_assert_false(file_make_dirs(fixture->path, 0700, &fixture->error));
	assert_error(fixture, ODR_ERROR_EXISTS,
		     "cannot make directory '%s': something else has that name");
	g_assert_false(file_make_dirs(below, 0700, &fixture->error));
	assert_error(fixture, ODR_ERROR_SYSTEM, "cannot make directory '%s/x': Not a directory");
}

static void test_remove_tree(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *tree = g_build_filename(fixture->folder, "tree", NULL);
	g_autofree char *deep = g_build_filename(tree, "a/b", NULL);
	g_autofree char *link = g_build_filename(deep, "link", NULL);
	g_autofree char *outside = g_build_filename(fixture->folder, "outside", NULL);
	g_autofree char *kept = g_build_filename(outside, "kept", NULL);

	g_assert_true(file_make_dirs(deep, 0700, &fixture->error));
	g_assert_true(file_make_dirs(outside, 0700, &fixture->error));
	g_assert_true(file_write(kept, "x", 1, NULL, &fixture->error));
	g_assert_cmpint(symlink(outside, link), ==, 0);
	g_assert_true(file_remove_tree(tree, &fixture->error));
	g_assert_true(file_remove_tree(tree, &fixture->error));
	g_assert_false(g_file_test(tree, G_FILE_TEST_EXISTS));
	g_assert_true(g_file_test(kept, G_FILE_TEST_EXISTS));
}

static void test_empty_dir(struct fixture *fixture, gconstpointer data)
{
	g_assert_true(file_is_empty_dir(fixture->folder));
	g_assert_true(file_is_empty_dir(fixture->path));
	put(fixture, "x");
	g_assert_false(file_is_empty_dir(fixture->folder));
	g_assert_false(file_is_empty_dir(fixture->path));
}

static void test_lock(struct fixture *fixture, gconstpointer data)
{
	struct file_lock first = {0}, second = {0};
	usec_t started = clock_monotonic();

	g_assert_true(file_lock_take(&first, fixture->path, 0, &fixture->error));
	g_assert_false(file_lock_take(&second, fixture->path, 120000, &fixture->error));
	g_assert_cmpint(clock_monotonic() - started, >=, 120000);
	g_autofree char *expected = g_strdup_printf("'%s' is locked by process %d: wait until it "
						    "has ended",
						    fixture->path, (int)getpid());
	g_assert_error(fixture->error, ODR_ERROR, ODR_ERROR_BUSY);
	g_assert_cmpstr(fixture->error->message, ==, expected);
	g_clear_error(&fixture->error);

	file_lock_release(&first);
	g_assert_true(file_lock_take(&second, fixture->path, 0, &fixture->error));
	file_lock_release(&second);
	file_lock_release(&second);
	g_assert_cmpint(fcntl(STDIN_FILENO, F_GETFD), !=, -1);
}

static void test_lock_stop(struct fixture *fixture, gconstpointer data)
{
	struct file_lock first = {0}, second = {0};

	g_assert_true(file_lock_take(&first, fixture->path, 0, &fixture->error));
	stop_request(SIGTERM);
	g_assert_false(file_lock_take(&second, fixture->path, 60 * USEC_PER_SEC, &fixture->error));
	stop_request(0);
	assert_error(fixture, ODR_ERROR_STOPPED, "cannot lock '%s': stopped by SIGTERM");
	file_lock_release(&first);
}

/* The lock falls with its holder, however that ends. */
static void test_lock_killed(struct fixture *fixture, gconstpointer data)
{
	struct file_lock lock = {0};
	int ends[2];
	char byte;
	pid_t child;

	g_assert_cmpint(pipe(ends), ==, 0);
	child = fork();
	if (child == 0) {
		if (file_lock_take(&lock, fixture->path, 0, NULL) && write(ends[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	g_assert_cmpint(read(ends[0], &byte, 1), ==, 1);
	g_assert_false(file_lock_take(&lock, fixture->path, 0, NULL));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	g_assert_true(file_lock_take(&lock, fixture->path, 0, &fixture->error));
	file_lock_release(&lock);
	close(ends[0]);
	close(ends[1]);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct fixture *, gconstpointer);
	} tests[] = {
		{"/file/read/gives-the-whole-file", test_read},
		{"/file/read/refuses-what-is-missing-large-or-no-file", test_read_refuses},
		{"/file/read-text/refuses-what-is-no-text", test_read_text},
		{"/file/read-secret/refuses-what-others-can-reach", test_read_secret},
		{"/file/write/replaces-and-leaves-nothing-beside", test_write},
		{"/file/write/replaces-nothing-when-exclusive", test_write_exclusive},
		{"/file/write/leaves-nothing-when-it-fails", test_write_fails},
		{"/file/pread-pwrite/stop-only-at-the-end", test_positions},
		{"/file/make-dirs/makes-what-is-missing", test_make_dirs},
		{"/file/remove-tree/does-not-follow-links", test_remove_tree},
		{"/file/is-empty-dir/takes-missing-for-empty", test_empty_dir},
		{"/file/lock/names-its-holder", test_lock},
		{"/file/lock/waiting-ends-when-asked-to-stop", test_lock_stop},
		{"/file/lock/falls-with-a-killed-holder", test_lock_killed},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].name, struct fixture, NULL, setup, tests[i].test, teardown);
	return g_test_run();
}
