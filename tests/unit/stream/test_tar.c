#include "stream/tar.h"

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct out {
	GByteArray *bytes;
	size_t most;
};

static bool take(void *data, const void *bytes, size_t size, GError **error)
{
	struct out *out = data;

	if (out->bytes->len + size > out->most)
		return odr_fail(error, ODR_ERROR_NO_SPACE, "that is enough");
	g_byte_array_append(out->bytes, bytes, (guint)size);
	return true;
}

struct site {
	char *folder;
	struct out out;
};

static void site_init(struct site *site, const void *data)
{
	(void)data;
	site->folder = g_dir_make_tmp("odr-tar-XXXXXX", NULL);
	site->out = (struct out){g_byte_array_new(), 10000000};
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	file_remove_tree(site->folder, NULL);
	g_free(site->folder);
	g_byte_array_unref(site->out.bytes);
}

static char *path_of(const struct site *site, const char *name)
{
	return g_build_filename(site->folder, name, NULL);
}

static void write_file(const struct site *site, const char *name, const char *text, gssize size)
{
	g_autofree char *path = path_of(site, name);

	g_assert_true(g_file_set_contents(path, text, size, NULL));
	g_assert_cmpint(g_chmod(path, 0640), ==, 0);
}

static void add(struct site *site, TarWriter *tar, const char *name, const char *file)
{
	g_autofree char *path = path_of(site, file);
	g_autoptr(GError) error = NULL;

	tar_writer_add(tar, name, path, &error);
	g_assert_no_error(error);
}

/* What tar itself says of it. */
static char *unpacked(struct site *site)
{
	g_autofree char *archive = path_of(site, "a.tar");
	const char *const list[] = {"tar", "-tvf", archive, NULL};
	const char *const unpack[] = {"tar", "-xOf", archive, NULL};
	struct process_result names = {0}, content = {0};
	char *text;

	g_assert_true(g_file_set_contents(archive, (const char *)site->out.bytes->data,
					  site->out.bytes->len, NULL));
	g_assert_true(process_run(&(struct process_request){.argv = list}, &names, NULL));
	g_assert_true(process_run(&(struct process_request){.argv = unpack}, &content, NULL));
	g_assert_cmpstr(names.err, ==, "");
	text = g_strconcat(names.out, content.out, NULL);
	process_result_clear(&names);
	process_result_clear(&content);
	return text;
}

static void pack(struct site *site)
{
	g_autoptr(TarWriter) tar = tar_writer_new(take, &site->out);
	g_autoptr(GError) error = NULL;

	add(site, tar, "top", "dir");
	add(site, tar, "top/one", "one");
	add(site, tar, "top/link", "link");
	add(site, tar, "top/um\xc3\xa4laut", "one");
	add(site, tar, "top/odd\xff", "one");
	add(site, tar, "top/fifo", "fifo");
	tar_writer_finish(tar, &error);
	g_assert_no_error(error);
}

static void fill(struct site *site)
{
	g_autofree char *dir = path_of(site, "dir"), *link = path_of(site, "link");
	g_autofree char *fifo = path_of(site, "fifo");

	write_file(site, "one", "first\n", -1);
	g_assert_cmpint(g_mkdir(dir, 0750), ==, 0);
	g_assert_cmpint(symlink("one", link), ==, 0);
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
}

static void test_members(struct site *site, const void *data)
{
	(void)data;
	fill(site);
	pack(site);
	g_autofree char *text = unpacked(site);

	g_assert_nonnull(strstr(text, "drwxr-x--- "));
	g_assert_nonnull(strstr(text, "-rw-r----- "));
	g_assert_nonnull(strstr(text, " top/link -> one\n"));
	g_assert_nonnull(strstr(text, "laut\n"));
	g_assert_nonnull(strstr(text, "first\nfirst\nfirst\n"));
	g_assert_null(strstr(text, "fifo"));
}

static void test_equal(struct site *site, const void *data)
{
	g_autoptr(GByteArray) before = NULL;

	(void)data;
	fill(site);
	pack(site);
	before = g_steal_pointer(&site->out.bytes);
	site->out.bytes = g_byte_array_new();
	pack(site);
	g_assert_cmpmem(before->data, before->len, site->out.bytes->data, site->out.bytes->len);
}

static void test_refused(struct site *site, const void *data)
{
	g_autofree char *text = g_strnfill(3000000, 'x');
	g_autofree char *path = path_of(site, "large");
	g_autoptr(TarWriter) tar = tar_writer_new(take, &site->out);
	g_autoptr(GError) error = NULL;

	(void)data;
	write_file(site, "large", text, 3000000);
	site->out.most = 1000000;
	g_assert_false(tar_writer_add(tar, "large", path, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NO_SPACE);
	g_assert_cmpstr(error->message, ==, "that is enough");
}

static void test_missing(struct site *site, const void *data)
{
	g_autoptr(TarWriter) tar = tar_writer_new(take, &site->out);
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_false(tar_writer_add(tar, "x", "/nonexistent/x", &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add(name, struct site, NULL, site_init, test, site_clear)
	ADD("/tar/has-what-was-added", test_members);
	ADD("/tar/is-the-same-for-the-same-files", test_equal);
	ADD("/tar/ends-when-its-bytes-are-refused", test_refused);
	ADD("/tar/says-what-is-missing", test_missing);
	return g_test_run();
}
