#include "base/stop.h"

#include "base/error.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_nothing(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(stop_requested());
	g_assert_cmpint(stop_signal(), ==, 0);
	g_assert_true(stop_check(&error));
	g_assert_no_error(error);
}

static void test_first(gconstpointer data)
{
	int signal = GPOINTER_TO_INT(data);
	g_autoptr(GError) error = NULL;

	stop_install();
	raise(signal);
	g_assert_true(stop_requested());
	g_assert_cmpint(stop_signal(), ==, signal);
	g_assert_false(stop_check(&error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_STOPPED);
	g_assert_cmpstr(error->message, ==,
			signal == SIGINT ? "stopped by SIGINT" : "stopped by SIGTERM");
	stop_request(0);
	g_assert_false(stop_requested());
}

static void test_wait(void)
{
	g_autoptr(GError) error = NULL;
	usec_t start = clock_monotonic();

	g_assert_true(stop_wait(2000, &error));
	g_assert_cmpint(clock_monotonic() - start, >=, 2000);
	stop_request(SIGTERM);
	g_assert_false(stop_wait(USEC_PER_DAY, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_STOPPED);
	stop_request(0);
}

static void test_second(void)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		stop_install();
		raise(SIGTERM);
		raise(SIGINT);
		_exit(0);
	}
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 128 + SIGINT);
}

static void test_pipe(void)
{
	int ends[2];

	stop_install();
	g_assert_cmpint(pipe(ends), ==, 0);
	close(ends[0]);
	g_assert_cmpint(write(ends[1], "x", 1), ==, -1);
	close(ends[1]);
	g_assert_false(stop_requested());
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/stop/check/passes-while-nobody-asked", test_nothing);
	g_test_add_data_func("/stop/first/sigint-asks-to-stop", GINT_TO_POINTER(SIGINT),
			     test_first);
	g_test_add_data_func("/stop/first/sigterm-asks-to-stop", GINT_TO_POINTER(SIGTERM),
			     test_first);
	g_test_add_func("/stop/wait/ends-with-its-time-or-a-request", test_wait);
	g_test_add_func("/stop/second/ends-at-once", test_second);
	g_test_add_func("/stop/sigpipe/ends-nothing", test_pipe);
	return g_test_run();
}
