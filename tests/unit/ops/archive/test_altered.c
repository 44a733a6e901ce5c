#include "ops/archive/altered.h"

#include "../../store/versioned.h"
#include "base/file.h"

#include <glib/gstdio.h>

static char *state;

static void note(Store *store, const char *name, const char *why)
{
	store_alteration_note(store, name,
			      &(struct store_object){.version = "v1", .stored_at = USEC_PER_DAY},
			      why);
}

static void test_kept(void)
{
	Store *store = versioned_store_new();
	const struct archive_altered *one, *other;

	note(store, "a/hidden", NULL);
	archive_altered_keep(state, store);
	note(store, "a/replaced", "a tab\tand a line\nof \\ the store's");
	archive_altered_keep(state, store);
	archive_altered_keep(state, store);

	g_autoptr(GPtrArray) all = archive_altered_take(state);

	g_assert_cmpuint(all->len, ==, 2);
	one = all->pdata[0];
	g_assert_cmpstr(one->repository, ==, "main");
	g_assert_cmpstr(one->found.name, ==, "a/hidden");
	g_assert_true(one->found.hidden);
	g_assert_cmpint(one->found.found_at, >, clock_now() - USEC_PER_HOUR);
	other = all->pdata[1];
	g_assert_false(other->found.hidden);
	g_assert_nonnull(strstr(other->found.what, "(a tab and a line of \\ the store's)"));

	g_autoptr(GPtrArray) none = archive_altered_take(state);

	g_assert_cmpuint(none->len, ==, 0);
	store_free(store);
}

static void test_damaged(void)
{
	static const char text[] =
		"\nmain\t../x\thidden\t5\twhat\nmain\ta\thidden\tnow\twhat\nmain\n"
		"main\ta\thidden\t5\twhat\tmore\nmain\ta\treplaced\t5\t\\";
	g_autofree char *path = g_build_filename(state, ARCHIVE_ALTERED_FILE, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));

	g_autoptr(GPtrArray) all = archive_altered_take(state);

	g_assert_cmpuint(all->len, ==, 1);
	g_assert_cmpstr(((const struct archive_altered *)all->pdata[0])->found.what, ==, "");
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void test_nowhere(void)
{
	Store *store = versioned_store_new();
	g_autoptr(GPtrArray) all = archive_altered_take("/nowhere");

	g_assert_cmpuint(all->len, ==, 0);
	note(store, "a", NULL);
	archive_altered_keep("/nowhere", store);
	store_free(store);
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_FATAL_MASK);
	state = g_dir_make_tmp("altered-XXXXXX", NULL);
	g_test_add_func("/archive/altered/is-kept-until-it-is-taken", test_kept);
	g_test_add_func("/archive/altered/what-is-no-line-is-passed-over", test_damaged);
	g_test_add_func("/archive/altered/without-a-folder-it-is-not-kept", test_nowhere);
	status = g_test_run();
	file_remove_tree(state, NULL);
	g_free(state);
	return status;
}
