#include "drill/check/http.h"

#include "base/error.h"
#include "base/file.h"
#include "base/socket.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PASSWORD "0123456789abcdef"

/* An application that gives its answers in order, whatever it is asked, and writes down what that was. */
struct application {
	char *folder, *socket, *log;
	pid_t pid;
};

static bool receive(int connection, FILE *log)
{
	g_autoptr(GString) text = g_string_new(NULL);
	const char *length;
	guint64 rest = 0;
	char byte;

	while (!g_str_has_suffix(text->str, "\r\n\r\n")) {
		if (read(connection, &byte, 1) != 1)
			return false;
		g_string_append_c(text, byte);
	}
	length = strstr(text->str, "Content-Length: ");
	if (length)
		rest = g_ascii_strtoull(length + strlen("Content-Length: "), NULL, 10);
	for (; rest > 0 && read(connection, &byte, 1) == 1; rest--)
		g_string_append_c(text, byte);
	fprintf(log, "%s\n", text->str);
	fflush(log);
	return true;
}

/* "STATUS|HEADERS|BODY"; without that it is said as it is. */
static char *answer_of(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, "|", 3);

	return g_strv_length(parts) == 3
		       ? g_strdup_printf("HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", parts[0],
					 parts[1], strlen(parts[2]), parts[2])
		       : g_strdup(text);
}

static void serve(int listening, const char *path, const char *const *answers)
{
	FILE *log = fopen(path, "we");

	while (*answers) {
		int connection = accept(listening, NULL, NULL);

		while (*answers && receive(connection, log)) {
			g_autofree char *answer = answer_of(*answers++);

			if (write(connection, answer, strlen(answer)) < 0)
				break;
		}
		close(connection);
	}
	pause();
}

static void application_start(struct application *application, const char *const *answers)
{
	int listening;
	g_autoptr(GError) error = NULL;

	application->folder = g_dir_make_tmp("odr-check-http-XXXXXX", NULL);
	application->socket = g_build_filename(application->folder, "http", NULL);
	application->log = g_build_filename(application->folder, "log", NULL);
	g_assert_true(socket_listen(application->socket, &listening, &error));
	application->pid = fork();
	if (application->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(listening, application->log, answers);
	}
	close(listening);
}

static void application_stop(struct application *application)
{
	kill(application->pid, SIGKILL);
	waitpid(application->pid, NULL, 0);
	file_remove_tree(application->folder, NULL);
	g_free(application->folder);
	g_free(application->socket);
	g_free(application->log);
}

static void free_file(void *data)
{
	struct plan_file *file = data;

	g_bytes_unref(file->content);
	g_free(file);
}

/* Of these steps; a file per pair of name and text. */
struct trial {
	const char *steps[5], *files[2][2], *answers[5];
	bool redact;
	unsigned retries;
};

static void free_step(void *step)
{
	http_step_free(step);
}

static DrillCheckResult *run(const struct trial *trial, struct plan_check *check,
			     const struct application *application)
{
	g_autoptr(GHashTable) known = http_step_variables();
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(free_file);
	struct drill_plan plan = {.files = files};
	DrillCheckResult *result;
	g_autoptr(GError) error = NULL;

	*check = (struct plan_check){.name = (char *)"trial",
				     .type = PLAN_CHECK_HTTP,
				     .redact = trial->redact,
				     .retries = trial->retries,
				     .max_time = 30 * USEC_PER_SEC,
				     .time_limit = 60 * USEC_PER_SEC,
				     .steps = g_ptr_array_new_with_free_func(free_step)};
	for (size_t i = 0; i < G_N_ELEMENTS(trial->files) && trial->files[i][0]; i++) {
		struct plan_file *file = g_new0(struct plan_file, 1);

		file->name = (char *)trial->files[i][0];
		file->content = g_bytes_new_static(trial->files[i][1], strlen(trial->files[i][1]));
		g_ptr_array_add(files, file);
	}
	for (size_t i = 0; trial->steps[i]; i++) {
		g_ptr_array_add(check->steps, http_step_parse(trial->steps[i], known, &error));
		g_assert_no_error(error);
	}
	result = drill_check_result_new(check, NULL, "shop");
	drill_check_http(&plan,
			 &(struct drill_http_site){.socket = application->socket,
						   .url = "http://127.0.0.1:8069",
						   .database = "shop",
						   .login = "admin",
						   .password = PASSWORD,
						   .run_id = "run-1"},
			 result, &error);
	g_assert_no_error(error);
	g_ptr_array_unref(check->steps);
	return result;
}

#define ANSWER(status, headers, body) status "|" headers "|" body

static void test_steps(void)
{
	static const struct trial trial = {
		.steps = {"GET /web/login; status 200; capture csrf input:csrf_token",
			  "POST /web/session/authenticate; json login.json; status 200; value "
			  "/result/uid gt 0; capture name /result/name",
			  "POST /form/${name}; form form.form; header X-Run: ${run}; status 200; "
			  "find ok; absent error",
			  "GET /web/content/7; status 200; sha1 "
			  "a9993e364706816aba3e25717850c26c9cd0d89d"},
		.files = {{"login.json", "{\"db\": \"${db}\", \"login\": \"${login}\", "
					 "\"password\": \"${password}\"}"},
			  {"form.form", "csrf=${csrf}\n"}},
		.answers = {ANSWER("200 OK", "Set-Cookie: session_id=one; Path=/\r\n",
				   "<input name=\"csrf_token\" value=\"a&amp;b\">..."),
			    ANSWER("200 OK", "Set-Cookie: session_id=two\r\nSet-Cookie: l=en\r\n",
				   "{\"result\": {\"uid\": 2, \"name\": \"a/\\\"b\"}}"),
			    ANSWER("200 OK", "", "ok"), ANSWER("200 OK", "", "abc")}};
	struct application application;
	struct plan_check check;
	g_autofree char *log = NULL;

	application_start(&application, trial.answers);
	g_autoptr(DrillCheckResult) result = run(&trial, &check, &application);

	g_assert_cmpstr(result->message, ==, "all 4 steps were answered as they have to be");
	g_assert_cmpint(result->status, ==, DRILL_CHECK_PASS);
	g_assert_true(g_file_get_contents(application.log, &log, NULL, NULL));
	g_assert_nonnull(strstr(log, "{\"db\": \"shop\", \"login\": \"admin\", \"password\": "
				     "\"" PASSWORD "\"}"));
	g_assert_nonnull(
		strstr(log, "Content-Type: application/json\r\nCookie: session_id=one\r\n"));
	g_assert_nonnull(strstr(log, "POST /form/a%2F%22b HTTP/1.1\r\n"));
	g_assert_nonnull(strstr(log, "X-Run: run-1\r\n"));
	g_assert_nonnull(strstr(log, "Cookie: l=en; session_id=two\r\n"));
	g_assert_nonnull(strstr(log, "csrf=a%26b"));
	application_stop(&application);
}

static void test_failures(void)
{
	static const struct {
		struct trial trial;
		enum drill_check_status status;
		const char *message;
	} cases[] = {
		{{.steps = {"GET /a; status 200"}, .answers = {ANSWER("404 No", "", "")}},
		 DRILL_CHECK_FAIL,
		 "step 1, GET /a: expected status 200, found 404"},
		{{.steps = {"GET /a; find yes"}, .answers = {ANSWER("200 OK", "", "no")}},
		 DRILL_CHECK_FAIL,
		 "step 1, GET /a: expected 'yes', found 'no'"},
		{{.steps = {"GET /a; absent no"}, .answers = {ANSWER("200 OK", "", "no")}},
		 DRILL_CHECK_FAIL,
		 "step 1, GET /a: expected no 'no', found it"},
		{{.steps = {"GET /a; value /result/uid gt 0"},
		  .answers = {ANSWER("200 OK", "", "{\"result\": {\"uid\": null}}")}},
		 DRILL_CHECK_FAIL,
		 "step 1, GET /a: expected /result/uid gt 0, found 'null'"},
		{{.steps = {"GET /a; value /result/uid gt 0"},
		  .answers = {ANSWER("200 OK", "",
				     "{\"error\":{\"data\":{\"name\":\"Denied\","
				     "\"message\":\"no\"}}}   ")}},
		 DRILL_CHECK_FAIL,
		 "step 1, GET /a: expected /result/uid gt 0, found the error Denied: no"},
		{{.steps = {"GET /a; value /result gt 0"}, .answers = {ANSWER("200 OK", "", "no")}},
		 DRILL_CHECK_FAIL,
		 "step 1, GET /a: expected JSON, found 'no'"},
		{{.steps = {"GET /a; status 200", "GET /b; sha1 aa"},
		  .answers = {ANSWER("200 OK", "", ""), ANSWER("200 OK", "", "abc")}},
		 DRILL_CHECK_FAIL,
		 "step 2, GET /b: expected a body with SHA-1 'aa', found 3 bytes with "
		 "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{{.steps = {"GET /a; status 200; capture x /list"},
		  .answers = {ANSWER("200 OK", "", "{\"list\": []}")}},
		 DRILL_CHECK_FAIL,
		 "step 1, GET /a: expected a value at /list, found a list"},
		/* The password comes back: it is not told. */
		{{.steps = {"GET /a; find yes"}, .answers = {ANSWER("200 OK", "", PASSWORD)}},
		 DRILL_CHECK_FAIL,
		 "step 1, GET /a: expected 'yes', found '***'"},
		{{.steps = {"GET /a; find yes"},
		  .answers = {ANSWER("200 OK", "", "no")},
		  .redact = true},
		 DRILL_CHECK_FAIL,
		 "step 1, GET /a: expected 'yes', found something else"},
		/* What cannot be sent is no fault of the application's. */
		{{.steps = {"GET /a; status 200; capture x /x", "POST /b; json b.json; status 200"},
		  .files = {{"b.json", "[${x}]"}},
		  .answers = {ANSWER("200 OK", "", "{\"x\": \"a\"}")}},
		 DRILL_CHECK_UNASSESSED,
		 "it could not run: step 2, POST /b: b.json: ${x} cannot stand here: it is no "
		 "number, and stands outside of quotes"},
		{{.steps = {"GET /a; status 200"}, .answers = {"no HTTP\r\n\r\n"}},
		 DRILL_CHECK_FAIL,
		 NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct application application;
		struct plan_check check;

		application_start(&application, cases[i].trial.answers);
		g_autoptr(DrillCheckResult) result = run(&cases[i].trial, &check, &application);

		if (cases[i].message)
			g_assert_cmpstr(result->message, ==, cases[i].message);
		g_assert_cmpint(result->status, ==, cases[i].status);
		application_stop(&application);
	}
}

static void test_retries(void)
{
	static const struct trial trial = {
		.steps = {"GET /a; status 200"},
		.answers = {ANSWER("503 No", "", ""), ANSWER("200 OK", "", "")},
		.retries = 1};
	struct application application;
	struct plan_check check;

	application_start(&application, trial.answers);
	g_autoptr(DrillCheckResult) result = run(&trial, &check, &application);

	g_assert_cmpint(result->status, ==, DRILL_CHECK_PASS);
	application_stop(&application);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drill/check-http/carries-out-its-steps", test_steps);
	g_test_add_func("/drill/check-http/says-what-was-expected-and-found", test_failures);
	g_test_add_func("/drill/check-http/tries-again", test_retries);
	return g_test_run();
}
