/* Files stand for the kernel's: it makes them with a group, and here they are there before. */
#include "base/cgroup.h"

#include "base/error.h"
#include "base/file.h"

#include <string.h>
#include <unistd.h>

#define PAGE ((uint64_t)getpagesize())

static const struct cgroup_limits limits = {
	.memory = ((uint64_t)1 << 28) + 5, .cpu_weight = 20, .io_weight = 30};
static char *own;

static void make(const char *path)
{
	g_autofree char *whole = g_build_filename(own, path, NULL);
	g_autofree char *folder = g_path_get_dirname(whole);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	g_assert_true(g_file_set_contents(whole, "", 0, NULL));
}

static char *text_of(const char *path)
{
	g_autofree char *whole = g_build_filename(own, path, NULL);
	char *text = NULL;

	g_assert_true(g_file_get_contents(whole, &text, NULL, NULL));
	return text;
}

static void set_up(void)
{
	own = g_dir_make_tmp("odr-cgroup-XXXXXX", NULL);
	make("cgroup.subtree_control");
	make("odrbackup/cgroup.procs");
	make("run/cgroup.procs");
	make("run/memory.max");
	make("run/cpu.weight");
}

static void tear_down(void)
{
	g_assert_true(file_remove_tree(own, NULL));
	g_clear_pointer(&own, g_free);
}

static void what_is_kept(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *memory =
		g_strdup_printf("%" G_GUINT64_FORMAT, limits.memory / PAGE * PAGE);
	g_autofree char *procs = NULL;

	set_up();
	procs = g_build_filename(own, "run", "cgroup.procs", NULL);

	g_autoptr(Cgroup) group = cgroup_make_below(own, "run", &limits, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(cgroup_procs(group), ==, procs);
	g_autofree char *moved = text_of("odrbackup/cgroup.procs");
	g_autofree char *max = text_of("run/memory.max");
	g_autofree char *weight = text_of("run/cpu.weight");

	g_assert_cmpstr(moved, ==, "0");
	g_assert_cmpstr(max, ==, memory);
	g_assert_cmpstr(weight, ==, "20");
	g_assert_true(cgroup_keeps(group, "memory.max"));
	g_assert_true(cgroup_keeps(group, "cpu.weight"));
	/* No such controller: nothing is claimed. */
	g_assert_false(cgroup_keeps(group, "io.weight"));
	g_assert_cmpint(cgroup_memory_peak(group), ==, -1);
	g_assert_cmpint(cgroup_memory_kills(group), ==, 0);
	tear_down();
}

static void what_became_of_it(void)
{
	g_autofree char *peak = NULL, *events = NULL;

	set_up();
	peak = g_build_filename(own, "run", "memory.peak", NULL);
	events = g_build_filename(own, "run", "memory.events", NULL);

	g_autoptr(Cgroup) group = cgroup_make_below(own, "run", &limits, NULL);

	g_assert_true(g_file_set_contents(peak, "12345\n", -1, NULL));
	g_assert_true(g_file_set_contents(events, "low 0\nmax 7\noom 2\noom_kill 3\n", -1, NULL));
	g_assert_cmpint(cgroup_memory_peak(group), ==, 12345);
	g_assert_cmpint(cgroup_memory_kills(group), ==, 3);
	tear_down();
}

static void what_is_not_ours(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *control = NULL;

	set_up();
	control = g_build_filename(own, "cgroup.subtree_control", NULL);
	g_assert_cmpint(unlink(control), ==, 0);
	g_assert_null(cgroup_make_below(own, "run", &limits, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
	g_assert_nonnull(strstr(error->message, "cannot be divided"));
	g_clear_error(&error);
	g_assert_null(cgroup_make_below("/nowhere", "run", &limits, &error));
	g_assert_cmpstr(
		error->message, ==,
		"the control group '/nowhere' is not ours: No such file or directory; let the "
		"unit have Delegate=yes");
	tear_down();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cgroup/claims-what-it-read-back", what_is_kept);
	g_test_add_func("/cgroup/tells-what-became-of-it", what_became_of_it);
	g_test_add_func("/cgroup/refuses-what-is-not-ours", what_is_not_ours);
	return g_test_run();
}
