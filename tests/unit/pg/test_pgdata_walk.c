#include "pg/pgdata.h"

#include "base/error.h"
#include "base/file.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define VERSION "PG_15_202209061"

/* A data directory in a temporary folder, with what every one has. */
struct tree {
	char *folder, *pgdata;
	struct control control;
	GPtrArray *files, *notes;
};

static char *tree_path(const struct tree *tree, const char *path)
{
	return g_build_filename(tree->folder, path, NULL);
}

/* "x/" is a directory, "x" an empty file; parents are made. */
static void tree_add(const struct tree *tree, const char *path)
{
	g_autofree char *whole = tree_path(tree, path);
	g_autofree char *parent = g_path_get_dirname(whole);

	g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
	if (!g_str_has_suffix(path, "/"))
		g_assert_true(g_file_set_contents(whole, "", 0, NULL));
	else
		g_assert_cmpint(g_mkdir_with_parents(whole, 0700), ==, 0);
}

static void tree_link(const struct tree *tree, const char *target, const char *path)
{
	g_autofree char *whole = tree_path(tree, path);

	g_assert_cmpint(symlink(target, whole), ==, 0);
}

/* target is a path in the tree */
static void tree_link_inside(const struct tree *tree, const char *target, const char *path)
{
	g_autofree char *whole = tree_path(tree, target);

	tree_link(tree, whole, path);
}

static void tree_set_up(struct tree *tree)
{
	*tree = (struct tree){.folder = g_dir_make_tmp("odr-walk-XXXXXX", NULL),
			      .control = {.major = 15, .catalog_version = 202209061},
			      .notes = g_ptr_array_new_with_free_func(g_free)};
	tree->pgdata = tree_path(tree, "data");
	tree_add(tree, "data/PG_VERSION");
	tree_add(tree, "data/global/pg_control");
	tree_add(tree, "data/pg_tblspc/");
}

static void tree_tear_down(struct tree *tree)
{
	file_remove_tree(tree->folder, NULL);
	g_clear_pointer(&tree->files, g_ptr_array_unref);
	g_ptr_array_unref(tree->notes);
	g_free(tree->pgdata);
	g_free(tree->folder);
}

static bool tree_walk(struct tree *tree, GError **error)
{
	return pgdata_walk(&(struct pgdata_walk){.pgdata = tree->pgdata, .control = &tree->control},
			   &tree->files, tree->notes, error);
}

/* "type path", one a line, "p" behind pages, "l" behind the last; without what every tree has. */
static char *describe(const struct tree *tree)
{
	static const char *const common[] = {
		"", "PG_VERSION", "global", "global/pg_control", "pg_tblspc", NULL};
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < tree->files->len; i++) {
		const struct pgdata_file *file = tree->files->pdata[i];

		if (!g_strv_contains(common, file->path))
			g_string_append_printf(text, "%c %s%s%s\n", file->type, file->path,
					       file->paged ? " p" : "", file->last ? " l" : "");
	}
	return g_string_free(text, FALSE);
}

static void assert_walk(struct tree *tree, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	tree_walk(tree, &error);
	g_assert_no_error(error);
	text = describe(tree);
	g_assert_cmpstr(text, ==, expected);
}

/* %s is the tree's folder. */
static void assert_note(const struct tree *tree, guint index, const char *before, const char *after)
{
	g_autofree char *expected = g_strconcat(before, tree->folder, after, NULL);

	g_assert_cmpuint(tree->notes->len, >, index);
	g_assert_cmpstr(tree->notes->pdata[index], ==, expected);
}

static const struct pgdata_file *find(const struct tree *tree, const char *path)
{
	for (guint i = 0; i < tree->files->len; i++) {
		const struct pgdata_file *file = tree->files->pdata[i];

		if (strcmp(file->path, path) == 0)
			return file;
	}
	g_error("'%s' is not listed", path);
}

static void test_ordinary(void)
{
	static const char *const present[] = {
		"data/base/1/112",
		"data/base/1/112_fsm",
		"data/base/1/PG_VERSION",
		"data/base/5/t3_16400",
		"data/base/pgsql_tmp/x",
		"data/pg_wal/000000010000000000000001",
		"data/pg_wal/archive_status/x.ready",
		"data/pg_replslot/s/state",
		"data/postmaster.pid",
		"data/backup_label",
		"data/extra/backup_label",
	};
	struct tree tree;

	tree_set_up(&tree);
	for (size_t i = 0; i < G_N_ELEMENTS(present); i++)
		tree_add(&tree, present[i]);
	assert_walk(&tree, "d base\n"
			   "d base/1\n"
			   "f base/1/112 p\n"
			   "f base/1/112_fsm p\n"
			   "f base/1/PG_VERSION\n"
			   "d base/5\n"
			   "d extra\n"
			   "f extra/backup_label\n"
			   "d pg_replslot\n"
			   "d pg_wal\n"
			   "d pg_wal/archive_status\n");
	g_assert_true(find(&tree, "global/pg_control")->last);
	g_assert_cmpint(find(&tree, "")->type, ==, 'd');
	g_assert_cmpuint(tree.notes->len, ==, 0);
	tree_tear_down(&tree);
}

static void test_facts(void)
{
	struct timespec times[] = {{.tv_sec = 5}, {.tv_sec = 1795302301, .tv_nsec = 7}};
	struct tree tree;

	tree_set_up(&tree);
	tree_add(&tree, "data/base/1/112");
	g_autofree char *path = tree_path(&tree, "data/base/1/112");

	g_assert_true(g_file_set_contents(path, "12345", 5, NULL));
	g_assert_cmpint(chmod(path, 0640), ==, 0);
	g_assert_cmpint(utimensat(AT_FDCWD, path, times, 0), ==, 0);
	g_assert_true(tree_walk(&tree, NULL));

	const struct pgdata_file *file = find(&tree, "base/1/112");

	g_assert_cmpuint(file->mode, ==, 0640);
	g_assert_cmpuint(file->size, ==, 5);
	g_assert_cmpuint(file->uid, ==, geteuid());
	g_assert_cmpint(file->mtime_ns, ==, 1795302301000000007);
	g_assert_cmpint(file->ctime_ns, >, 0);
	tree_tear_down(&tree);
}

/* The number counts within its directory only. */
static void test_unlogged(void)
{
	static const char *const present[] = {
		"16400",    "16400.1", "16400_fsm", "16400_init",
		"16400_vm", "164000",  "16401",	    "16402_init",
	};
	struct tree tree;

	tree_set_up(&tree);
	for (size_t i = 0; i < G_N_ELEMENTS(present); i++) {
		g_autofree char *path = g_strconcat("data/base/5/", present[i], NULL);

		tree_add(&tree, path);
	}
	tree_add(&tree, "data/base/1/16400");
	tree_add(&tree, "data/base/7/16400");
	assert_walk(&tree, "d base\n"
			   "d base/1\n"
			   "f base/1/16400 p\n"
			   "d base/5\n"
			   "f base/5/164000 p\n"
			   "f base/5/16400_init p\n"
			   "f base/5/16401 p\n"
			   "f base/5/16402_init p\n"
			   "d base/7\n"
			   "f base/7/16400 p\n");
	tree_tear_down(&tree);
}

static void test_tablespaces(void)
{
	struct tree tree;

	tree_set_up(&tree);
	tree_add(&tree, "fast/" VERSION "/5/16400");
	tree_add(&tree, "fast/PG_14_202107181/5/1");
	tree_add(&tree, "fast/notes.txt");
	tree_link_inside(&tree, "fast", "data/pg_tblspc/16384");
	/* In place: a developer's setting. */
	tree_add(&tree, "data/pg_tblspc/16385/" VERSION "/5/16401");
	/* Inside PGDATA: listed once. */
	tree_add(&tree, "data/inside/" VERSION "/5/16402");
	tree_link_inside(&tree, "data/inside", "data/pg_tblspc/16386");
	tree_add(&tree, "data/pg_tblspc/README");
	assert_walk(&tree, "d inside\n"
			   "l pg_tblspc/16384\n"
			   "d pg_tblspc/16384/" VERSION "\n"
			   "d pg_tblspc/16384/" VERSION "/5\n"
			   "f pg_tblspc/16384/" VERSION "/5/16400 p\n"
			   "d pg_tblspc/16385\n"
			   "d pg_tblspc/16385/" VERSION "\n"
			   "d pg_tblspc/16385/" VERSION "/5\n"
			   "f pg_tblspc/16385/" VERSION "/5/16401 p\n"
			   "l pg_tblspc/16386\n"
			   "d pg_tblspc/16386/" VERSION "\n"
			   "d pg_tblspc/16386/" VERSION "/5\n"
			   "f pg_tblspc/16386/" VERSION "/5/16402 p\n"
			   "f pg_tblspc/README\n");
	g_autofree char *target = tree_path(&tree, "fast");

	g_assert_cmpstr(find(&tree, "pg_tblspc/16384")->link, ==, target);
	g_assert_cmpuint(tree.notes->len, ==, 0);
	tree_tear_down(&tree);
}

static void test_missing_tablespace(void)
{
	struct tree tree;

	tree_set_up(&tree);
	tree_link(&tree, "/nonexistent/tablespace", "data/pg_tblspc/16384");
	assert_walk(&tree, "l pg_tblspc/16384\n");
	assert_note(&tree, 0, "'",
		    "/data/pg_tblspc/16384' has no directory of this cluster: nothing of this "
		    "tablespace is in the set");
	tree_tear_down(&tree);
}

static void test_links(void)
{
	struct tree tree;

	tree_set_up(&tree);
	tree_add(&tree, "wal/000000010000000000000001");
	tree_add(&tree, "wal/archive_status/");
	tree_link_inside(&tree, "wal", "data/pg_wal");
	tree_add(&tree, "etc/postgresql.conf");
	tree_link_inside(&tree, "etc/postgresql.conf", "data/postgresql.conf");
	tree_add(&tree, "moved/16400");
	tree_add(&tree, "data/base/");
	tree_link_inside(&tree, "moved", "data/base/5");
	tree_add(&tree, "slots/s");
	tree_link_inside(&tree, "slots", "data/pg_replslot");
	tree_link(&tree, "../etc", "data/elsewhere");
	tree_link(&tree, "nowhere", "data/dangling");
	tree_link_inside(&tree, "data", "data/base/loop");
	tree_link(&tree, "itself", "data/itself");
	tree_link(&tree, "nowhere", "data/postmaster.pid");
	assert_walk(&tree, "d base\n"
			   "d base/5\n"
			   "f base/5/16400 p\n"
			   "l base/loop\n"
			   "l dangling\n"
			   "l elsewhere\n"
			   "l itself\n"
			   "d pg_replslot\n"
			   "d pg_wal\n"
			   "d pg_wal/archive_status\n"
			   "f postgresql.conf\n");
	g_assert_cmpstr(find(&tree, "elsewhere")->link, ==, "../etc");
	g_assert_cmpuint(tree.notes->len, ==, 4);
	for (guint i = 0; i < tree.notes->len; i++)
		g_assert_nonnull(strstr(tree.notes->pdata[i], "is a symbolic link"));
	tree_tear_down(&tree);
}

static void test_link_notes(void)
{
	struct tree tree;

	tree_set_up(&tree);
	tree_link(&tree, "..", "data/elsewhere");
	assert_walk(&tree, "l elsewhere\n");
	assert_note(&tree, 0, "'",
		    "/data/elsewhere' is a symbolic link: it is kept as a link, what it leads to "
		    "is not in the set");
	tree_tear_down(&tree);
}

static void test_special(void)
{
	struct tree tree;

	tree_set_up(&tree);
	g_autofree char *fifo = tree_path(&tree, "data/fifo");
	g_autofree char *socket = tree_path(&tree, "data/.s.PGSQL.5432");

	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_cmpint(mkfifo(socket, 0600), ==, 0);
	assert_walk(&tree, "");
	g_assert_cmpuint(tree.notes->len, ==, 1);
	assert_note(&tree, 0, "'",
		    "/data/fifo' is neither a file nor a directory: it is not in the set");
	tree_tear_down(&tree);
}

static void test_bytes(void)
{
	struct tree tree;

	tree_set_up(&tree);
	tree_add(&tree, "data/b\xff\xfe/\n");
	tree_add(&tree, "data/B");
	tree_add(&tree, "data/b-");
	assert_walk(&tree, "f B\nf b-\nd b\xff\xfe\nf b\xff\xfe/\n\n");
	tree_tear_down(&tree);
}

static void test_essential(void)
{
	static const char *const essential[] = {"PG_VERSION", "global/pg_control"};

	for (size_t i = 0; i < G_N_ELEMENTS(essential); i++) {
		g_autoptr(GError) error = NULL;
		struct tree tree;

		tree_set_up(&tree);
		g_autofree char *path = g_build_filename(tree.pgdata, essential[i], NULL);
		g_autofree char *message =
			g_strdup_printf("there is no file '%s' in '%s'", essential[i], tree.pgdata);

		g_assert_cmpint(unlink(path), ==, 0);
		g_assert_false(tree_walk(&tree, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
		g_assert_cmpstr(error->message, ==, message);
		tree_tear_down(&tree);
	}
}

static void test_unreadable(void)
{
	g_autoptr(GError) error = NULL;
	struct tree tree;

	if (geteuid() == 0) {
		g_test_skip("root reads everything");
		return;
	}
	tree_set_up(&tree);
	tree_add(&tree, "data/base/5/16400");
	g_autofree char *path = tree_path(&tree, "data/base/5");
	g_autofree char *message =
		g_strdup_printf("cannot open the directory '%s': Permission denied", path);

	g_assert_cmpint(chmod(path, 0), ==, 0);
	g_assert_false(tree_walk(&tree, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_AUTH);
	g_assert_cmpstr(error->message, ==, message);
	g_assert_cmpint(chmod(path, 0700), ==, 0);
	tree_tear_down(&tree);
}

static void test_missing(void)
{
	g_autoptr(GError) error = NULL;
	struct tree tree;

	tree_set_up(&tree);
	file_remove_tree(tree.pgdata, NULL);
	g_autofree char *message = g_strdup_printf(
		"cannot open the directory '%s': No such file or directory", tree.pgdata);

	g_assert_false(tree_walk(&tree, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
	g_assert_cmpstr(error->message, ==, message);
	tree_tear_down(&tree);
}

static void test_stats_temp(void)
{
	static const struct {
		int major;
		const char *directory; /* "%" for PGDATA in front */
		bool emptied;
	} cases[] = {
		{14, "stats", true},	   {14, "%/stats", true},   {15, "stats", false},
		{14, "/run/stats", false}, {14, "%x/stats", false}, {14, "", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct tree tree;

		tree_set_up(&tree);
		tree_add(&tree, "data/stats/global.stat");
		tree.control.major = cases[i].major;
		g_autofree char *directory =
			cases[i].directory[0] == '%'
				? g_strconcat(tree.pgdata, cases[i].directory + 1, NULL)
				: g_strdup(cases[i].directory);
		g_autofree char *text = NULL;

		g_assert_true(
			pgdata_walk(&(struct pgdata_walk){tree.pgdata, &tree.control, directory},
				    &tree.files, tree.notes, NULL));
		text = describe(&tree);
		g_assert_cmpstr(text, ==,
				cases[i].emptied ? "d stats\n" : "d stats\nf stats/global.stat\n");
		tree_tear_down(&tree);
	}
}

/* Another process makes and drops relations while the walk goes on. */
static void test_vanishing(void)
{
	struct tree tree;
	pid_t child;

	tree_set_up(&tree);
	tree_add(&tree, "data/base/5/1");
	child = fork();
	if (child == 0) {
		g_autofree char *folder = tree_path(&tree, "data/base/6");
		g_autofree char *file = tree_path(&tree, "data/base/6/7");

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			mkdir(folder, 0700);
			close(open(file, O_CREAT | O_WRONLY, 0600));
			unlink(file);
			rmdir(folder);
		}
	}
	g_assert_cmpint(child, >, 0);
	for (int i = 0; i < 2000; i++) {
		g_autoptr(GError) error = NULL;

		tree_walk(&tree, &error);
		g_assert_no_error(error);
		g_clear_pointer(&tree.files, g_ptr_array_unref);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	tree_tear_down(&tree);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pg/pgdata_walk/lists-what-is-copied-by-path", test_ordinary);
	g_test_add_func("/pg/pgdata_walk/says-what-a-file-is", test_facts);
	g_test_add_func("/pg/pgdata_walk/leaves-unlogged-relations-out", test_unlogged);
	g_test_add_func("/pg/pgdata_walk/lists-tablespaces-once", test_tablespaces);
	g_test_add_func("/pg/pgdata_walk/notes-a-tablespace-that-is-not-there",
			test_missing_tablespace);
	g_test_add_func("/pg/pgdata_walk/follows-the-links-people-make", test_links);
	g_test_add_func("/pg/pgdata_walk/notes-the-links-it-does-not-follow", test_link_notes);
	g_test_add_func("/pg/pgdata_walk/notes-special-files-but-sockets", test_special);
	g_test_add_func("/pg/pgdata_walk/names-are-bytes", test_bytes);
	g_test_add_func("/pg/pgdata_walk/demands-version-and-control-file", test_essential);
	g_test_add_func("/pg/pgdata_walk/says-what-it-cannot-read", test_unreadable);
	g_test_add_func("/pg/pgdata_walk/says-that-there-is-nothing", test_missing);
	g_test_add_func("/pg/pgdata_walk/drops-temporary-statistics-of-old-majors",
			test_stats_temp);
	g_test_add_func("/pg/pgdata_walk/what-vanishes-meanwhile-is-normal", test_vanishing);
	return g_test_run();
}
