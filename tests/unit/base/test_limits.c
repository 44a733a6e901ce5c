#include "base/limits.h"

#include "base/background.h"
#include "base/error.h"

#include <signal.h>

static void weights(void)
{
	g_assert_cmpint(nice_of_weight(100), ==, 0);
	g_assert_cmpint(nice_of_weight(80), ==, 1);
	g_assert_cmpint(nice_of_weight(20), ==, 7);
	g_assert_cmpint(nice_of_weight(1), ==, 19);
	g_assert_cmpint(nice_of_weight(1000), ==, 0);
	g_assert_cmpint(disk_turn_of_weight(100), ==, -1);
	g_assert_cmpint(disk_turn_of_weight(60), ==, 5);
	g_assert_cmpint(disk_turn_of_weight(50), ==, 6);
	g_assert_cmpint(disk_turn_of_weight(20), ==, 7);
}

/* What the kernel says of a program that was started so, and what that meets. */
static void a_program(void)
{
	const struct process_limits limits = {
		.group = "/nowhere/cgroup.procs", .memory = 64 << 20, .nice = 7, .disk_turn = 7};
	struct process_limits found;
	g_autoptr(GError) error = NULL;
	g_autoptr(Background) background = background_start(
		&(struct background_request){
			.argv = (const char *const[]){"/bin/sleep", "600", NULL},
			.output = "/dev/null",
			.death_signal = SIGKILL,
			.limits = &limits},
		&error);

	g_assert_no_error(error);
	limits_of(background_pid(background), &found);
	g_assert_cmpuint(found.memory, ==, 64 << 20);
	g_assert_cmpint(found.nice, >=, 7);
	g_assert_cmpint(found.disk_turn, ==, 7);
}

static void more_than_it_may(void)
{
	const struct process_limits limits = {.memory = 64 << 20, .disk_turn = -1};
	g_autoptr(GError) error = NULL;
	int status;
	g_autoptr(Background) background = background_start(
		&(struct background_request){
			.argv = (const char *const[]){"/usr/bin/perl", "-e",
						      "$a = 'x' x (256 << 20); exit 0", NULL},
			.output = "/dev/null",
			.death_signal = SIGKILL,
			.limits = &limits},
		&error);

	g_assert_no_error(error);
	while (background_runs(background, &status))
		g_usleep(1000);
	g_assert_cmpint(status, !=, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/limits/weights-are-turns-of-one-process", weights);
	g_test_add_func("/limits/hold-for-a-program", a_program);
	g_test_add_func("/limits/refuse-memory", more_than_it_may);
	return g_test_run();
}
