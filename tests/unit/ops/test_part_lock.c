#include "ops/part_lock.h"

#include "base/error.h"
#include "repo/manifest.h"

static void assert_busy(const char *state, const char *part)
{
	struct file_lock lock = {0};
	g_autoptr(GError) error = NULL;

	g_assert_false(part_lock_take(&lock, state, part, 0, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_BUSY);
}

static void test_parts(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *state = g_dir_make_tmp("odrbackup-lock.XXXXXX", &error);
	struct file_lock files = {0}, database = {0};
	struct part_locks all;
	g_autoptr(GError) busy = NULL;

	g_assert_no_error(error);
	g_assert_true(part_lock_take(&files, state, PART_FILESTORE, 0, &error));
	g_assert_true(part_lock_take(&database, state, PART_DATABASE, 0, &error));
	assert_busy(state, PART_FILESTORE);
	file_lock_release(&database);
	g_assert_false(part_locks_take(&all, state, 0, &busy));
	g_assert_error(busy, ODR_ERROR, ODR_ERROR_BUSY);

	/* What was taken before the one that is held is free again. */
	g_assert_true(part_lock_take(&database, state, PART_DATABASE, 0, &error));
	file_lock_release(&database);
	file_lock_release(&files);
	g_assert_true(part_locks_take(&all, state, 0, &error));
	assert_busy(state, PART_CONFIG);
	part_locks_release(&all);
	g_assert_true(file_remove_tree(state, &error));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/part-lock/each-part-alone-and-all-together", test_parts);
	return g_test_run();
}
