#include "base/inhabitants.h"

#include "base/background.h"
#include "base/error.h"
#include "base/file.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char *folder;

static Background *start(const char *where, bool confined, GError **error)
{
	g_autofree char *output = g_build_filename(folder, "output", NULL);

	return background_start(
		&(struct background_request){
			.argv = (const char *const[]){"/bin/sleep", "600", NULL},
			.folder = where,
			.output = output,
			.death_signal = SIGKILL,
			.no_network = confined},
		error);
}

/* Whoever was not confined, or works elsewhere, is none of them; one that is stopped is. */
static void test_end(void)
{
	g_autofree char *beside = g_strconcat(folder, "-beside", NULL);
	g_autofree char *inner = g_build_filename(folder, "inner", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_true(file_make_dirs(beside, 0700, NULL) && file_make_dirs(inner, 0700, NULL));
	g_autoptr(Background) frozen = start(inner, true, &error);

	if (!frozen && odr_error_is(error, ODR_ERROR_REFUSED)) {
		g_test_skip(error->message);
		return;
	}
	g_autoptr(Background) first = start(folder, true, &error);
	g_autoptr(Background) visitor = start(folder, false, &error);
	g_autoptr(Background) neighbour = start(beside, true, &error);
	int status = 0;

	g_assert_no_error(error);
	kill(background_pid(frozen), SIGSTOP);
	g_assert_cmpuint(inhabitants_end(folder), ==, 2);
	g_assert_false(background_runs(first, &status));
	g_assert_cmpint(status, ==, 128 + SIGKILL);
	g_assert_false(background_runs(frozen, NULL));
	g_assert_true(background_runs(visitor, NULL));
	g_assert_true(background_runs(neighbour, NULL));
	g_assert_cmpuint(inhabitants_end(folder), ==, 0);
	file_remove_tree(beside, NULL);
}

static void test_no_folder(void)
{
	g_assert_cmpuint(inhabitants_end("/no/such/folder"), ==, 0);
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	folder = g_dir_make_tmp("odr-inhabitants-XXXXXX", NULL);
	g_test_add_func("/inhabitants/who-was-confined-and-works-there-is-ended", test_end);
	g_test_add_func("/inhabitants/of-no-folder-there-are-none", test_no_folder);
	result = g_test_run();
	file_remove_tree(folder, NULL);
	g_free(folder);
	return result;
}
