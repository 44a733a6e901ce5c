#include "base/task.h"

#include "base/error.h"

static bool add_one(void *data, GError **error)
{
	int *number = data;

	(void)error;
	(*number)++;
	return true;
}

static bool refuse(void *data, GError **error)
{
	return odr_fail(error, ODR_ERROR_REFUSED, "%s", (const char *)data);
}

static void test_runs(void)
{
	g_autoptr(GError) error = NULL;
	int number = 41;
	struct task *task = task_start(add_one, &number, &error);

	g_assert_no_error(error);
	g_assert_true(task_wait(task, &error));
	g_assert_no_error(error);
	g_assert_cmpint(number, ==, 42);
}

static void test_hands_the_error_over(void)
{
	g_autoptr(GError) error = NULL;
	struct task *task = task_start(refuse, (void *)"no", &error);

	g_assert_no_error(error);
	g_assert_false(task_wait(task, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
	g_assert_cmpstr(error->message, ==, "no");
}

static void test_nothing_to_wait_for(void)
{
	g_assert_true(task_wait(NULL, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/task/runs-beside-and-is-waited-for", test_runs);
	g_test_add_func("/task/wait/hands-the-error-over", test_hands_the_error_over);
	g_test_add_func("/task/wait/takes-none", test_nothing_to_wait_for);
	return g_test_run();
}
