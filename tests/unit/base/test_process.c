#include "base/process.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/stop.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct process_result run(struct process_request request, const char *script)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	struct process_result result = {0};
	g_autoptr(GError) error = NULL;

	request.argv = argv;
	g_assert_true(process_run(&request, &result, &error));
	g_assert_no_error(error);
	return result;
}

static void test_streams(void)
{
	struct process_result result =
		run((struct process_request){0}, "cat; echo out; echo err >&2; exit 3");

	g_assert_cmpint(result.status, ==, 3);
	g_assert_cmpstr(result.out, ==, "out\n");
	g_assert_cmpstr(result.err, ==, "err\n");
	process_result_clear(&result);
}

static void test_directory(void)
{
	struct process_result result = run((struct process_request){.directory = "/"}, "pwd");

	g_assert_cmpstr(result.out, ==, "/\n");
	process_result_clear(&result);
}

static void test_limit(void)
{
	struct process_result result = run(
		(struct process_request){.limit = 10},
		"head -c 300000 /dev/zero | tr '\\0' a; head -c 300000 /dev/zero | tr '\\0' b >&2");

	g_assert_cmpint(result.status, ==, 0);
	g_assert_cmpstr(result.out, ==, "aaaaaaaaaa");
	g_assert_cmpstr(result.err, ==, "bbbbbbbbbb");
	g_assert_true(result.cut);
	process_result_clear(&result);

	result = run((struct process_request){.limit = 10}, "printf 0123456789");
	g_assert_cmpstr(result.out, ==, "0123456789");
	g_assert_false(result.cut);
	process_result_clear(&result);
}

static void test_environment(void)
{
	static const char *const environment[] = {"ONLY=this", NULL};
	struct process_result result = run((struct process_request){.environment = environment},
					   "/usr/bin/env | grep -vE '^(PWD|SHLVL|_|OLDPWD)='");

	g_assert_cmpstr(result.out, ==, "ONLY=this\n");
	process_result_clear(&result);
}

/* Counts, and has enough after so many bytes. */
struct eater {
	size_t eaten, enough;
};

static bool eat(void *data, const void *bytes, size_t size, GError **error)
{
	struct eater *eater = data;

	(void)bytes;
	eater->eaten += size;
	return eater->eaten <= eater->enough ||
	       odr_fail(error, ODR_ERROR_NO_SPACE, "more than %zu bytes", eater->enough);
}

static void test_output(void)
{
	struct eater eater = {.enough = 5000000};
	struct process_result result =
		run((struct process_request){.limit = 10, .output = eat, .output_data = &eater},
		    "head -c 3000000 /dev/zero; echo err >&2");

	g_assert_cmpuint(eater.eaten, ==, 3000000);
	g_assert_cmpstr(result.out, ==, "");
	g_assert_cmpstr(result.err, ==, "err\n");
	g_assert_false(result.cut);
	process_result_clear(&result);
}

static void test_output_refused(void)
{
	const char *argv[] = {"sh", "-c", "sleep 60 & exec cat /dev/zero", NULL};
	struct eater eater = {.enough = 1000000};
	struct process_result result = {0};
	g_autoptr(GError) error = NULL;

	g_assert_false(process_run(
		&(struct process_request){.argv = argv, .output = eat, .output_data = &eater},
		&result, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NO_SPACE);
	g_assert_cmpstr(error->message, ==, "more than 1000000 bytes");
	g_assert_null(result.out);
}

static void test_signal(void)
{
	struct process_result result = run((struct process_request){0}, "kill -TERM $$");

	g_assert_cmpint(result.status, ==, 128 + SIGTERM);
	process_result_clear(&result);
}

static void test_timeout(void)
{
	usec_t started = clock_monotonic();
	struct process_result result = run((struct process_request){.timeout_us = 2 * USEC_PER_SEC},
					   "echo begun; sleep 60 & sleep 60");

	g_assert_cmpint(result.status, ==, 137);
	g_assert_true(result.timed_out);
	g_assert_cmpstr(result.out, ==, "begun\n");
	g_assert_cmpint(clock_monotonic() - started, <, 30 * USEC_PER_SEC);
	process_result_clear(&result);
}

static void test_left_behind(void)
{
	usec_t started = clock_monotonic();
	struct process_result result = run((struct process_request){0}, "sleep 60 & echo $!");
	pid_t left = (pid_t)g_ascii_strtoll(result.out, NULL, 10);

	g_assert_cmpint(result.status, ==, 0);
	g_assert_cmpint(clock_monotonic() - started, <, 30 * USEC_PER_SEC);
	g_assert_cmpint(left, >, 1);
	g_assert_cmpint(kill(left, SIGKILL), ==, 0);
	process_result_clear(&result);
}

static void test_closed_streams(void)
{
	struct process_result result =
		run((struct process_request){0}, "exec >&- 2>&-; sleep 0.2; exit 5");

	g_assert_cmpint(result.status, ==, 5);
	process_result_clear(&result);
}

static void test_stop(void)
{
	struct process_result result;

	stop_request(SIGTERM);
	result = run((struct process_request){0}, "sleep 60");
	stop_request(0);
	g_assert_cmpint(result.status, ==, 128 + SIGTERM);
	process_result_clear(&result);
}

static void test_missing(void)
{
	const char *argv[] = {"/nonexistent/program", NULL};
	struct process_result result = {0};
	g_autoptr(GError) error = NULL;

	g_assert_false(process_run(&(struct process_request){.argv = argv}, &result, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_SYSTEM);
	g_assert_cmpstr(error->message, ==,
			"cannot run '/nonexistent/program': No such file or directory");
	g_assert_null(result.out);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/process/run/gives-status-and-both-streams", test_streams);
	g_test_add_func("/process/run/starts-in-the-directory", test_directory);
	g_test_add_func("/process/run/cuts-output-and-lets-the-program-go-on", test_limit);
	g_test_add_func("/process/run/gives-the-environment-asked-for", test_environment);
	g_test_add_func("/process/run/hands-output-on-as-it-comes", test_output);
	g_test_add_func("/process/run/ends-a-program-whose-output-is-refused", test_output_refused);
	g_test_add_func("/process/run/tells-the-signal", test_signal);
	g_test_add_func("/process/run/kills-the-group-when-the-time-is-over", test_timeout);
	g_test_add_func("/process/run/does-not-wait-for-a-server-left-behind", test_left_behind);
	g_test_add_func("/process/run/waits-for-a-program-that-closed-its-streams",
			test_closed_streams);
	g_test_add_func("/process/run/hands-a-stop-on", test_stop);
	g_test_add_func("/process/run/says-which-program-is-missing", test_missing);
	return g_test_run();
}
