#include "http/exchange.h"

#include "base/error.h"
#include "base/task.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A server in a process of its own, which keeps its connections: on each the first request gets the first of
 * these answers, the second the second … It ends with its connection after the last. */
#define WHOLE	 "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
#define NUMBERED "HTTP/1.1 200 OK\r\nConnection-Number: %d\r\nContent-Length: 1\r\n\r\na"

struct server {
	pid_t pid;
	char *url;
};

static bool receive(int connection)
{
	g_autoptr(GString) head = g_string_new(NULL);
	char byte;

	while (!g_str_has_suffix(head->str, "\r\n\r\n")) {
		if (read(connection, &byte, 1) != 1)
			return false;
		g_string_append_c(head, byte);
	}
	return true;
}

static void serve_connection(int connection, int number, const char *const *answers)
{
	for (size_t i = 0; answers[i] && receive(connection); i++) {
		g_autofree char *text = strcmp(answers[i], NUMBERED) == 0
						? g_strdup_printf(NUMBERED, number)
						: g_strdup(answers[i]);

		g_assert_cmpint(write(connection, text, strlen(text)), ==, (ssize_t)strlen(text));
	}
}

static void serve(int listening, const char *const *answers)
{
	signal(SIGCHLD, SIG_IGN);
	for (int number = 1;; number++) {
		int connection = accept(listening, NULL, NULL);

		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve_connection(connection, number, answers);
			_exit(0);
		}
		close(connection);
	}
}

/* It has the listening socket as well. */
static pid_t serve_aside(int listening, const char *const *answers)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(listening, answers);
	}
	close(listening);
	return pid;
}

static struct server server_start(const char *const *answers)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct server server = {0};

	g_assert_cmpint(bind(listening, (struct sockaddr *)&address, size), ==, 0);
	g_assert_cmpint(listen(listening, 16), ==, 0);
	g_assert_cmpint(getsockname(listening, (struct sockaddr *)&address, &size), ==, 0);
	server.url = g_strdup_printf("http://127.0.0.1:%d/", ntohs(address.sin_port));
	server.pid = serve_aside(listening, answers);
	return server;
}

static void server_stop(struct server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	g_free(server->url);
}

static bool ask(const char *url, HttpAnswer *answer, GError **error)
{
	return http_exchange(
		&(struct http_request){
			.method = "GET", .url = url, .proxy = "", .limit = 10, .plain = true},
		answer, error);
}

struct asking {
	const char *url;
	HttpAnswer *answer;
};

static bool ask_once(void *data, GError **error)
{
	const struct asking *asking = data;

	return ask(asking->url, asking->answer, error);
}

/* Threads come and go: a connection is not theirs. */
static void test_kept(void)
{
	static const char *const answers[] = {NUMBERED, NUMBERED, NUMBERED, NULL};
	struct server server = server_start(answers);
	g_autoptr(HttpAnswer) answer = http_answer_new();
	struct asking asking = {server.url, answer};

	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autoptr(GError) error = NULL;
		struct task *task = task_start(ask_once, &asking, &error);

		g_assert_no_error(error);
		task_wait(task, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(answer->status, ==, 200);
		/* The fourth finds that the server has ended it. */
		g_assert_cmpstr(http_answer_header(answer, "connection-number"), ==,
				i < 3 ? "1" : "2");
	}
	server_stop(&server);
}

/* A byte more than was announced comes late, and before the next answer: that one is asked for again. */
static void test_leftover(void)
{
	static const char *const answers[] = {WHOLE, "b" WHOLE, NULL};
	struct server server = server_start(answers);
	g_autoptr(HttpAnswer) answer = http_answer_new();
	g_autoptr(GError) error = NULL;

	ask(server.url, answer, &error);
	g_assert_no_error(error);
	g_assert_false(ask(server.url, answer, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_TRANSIENT);
	g_assert_cmpstr(error->message, ==,
			"the server's answer before this one was longer than announced");
	g_clear_error(&error);
	ask(server.url, answer, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(answer->status, ==, 200);
	server_stop(&server);
}

/* What a new connection begins with is what the server says. */
static void test_no_http(void)
{
	static const char *const answers[] = {"b" WHOLE, NULL};
	struct server server = server_start(answers);
	g_autoptr(HttpAnswer) answer = http_answer_new();
	g_autoptr(GError) error = NULL;

	g_assert_false(ask(server.url, answer, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
	server_stop(&server);
}

/* It must not write into its parent's connections. */
static void test_fork(void)
{
	static const char *const answers[] = {NUMBERED, NUMBERED, NUMBERED, NULL};
	struct server server = server_start(answers);
	g_autoptr(HttpAnswer) answer = http_answer_new();
	g_autoptr(GError) error = NULL;
	int status;
	pid_t child;

	ask(server.url, answer, &error);
	g_assert_no_error(error);
	child = fork();
	if (child == 0) {
		ask(server.url, answer, NULL);
		_exit(g_strcmp0(http_answer_header(answer, "connection-number"), "2") == 0 ? 0 : 1);
	}
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_cmpint(status, ==, 0);
	ask(server.url, answer, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(http_answer_header(answer, "connection-number"), ==, "1");
	server_stop(&server);
}

/* The host of the URL is only what the server is told. */
static void test_socket(void)
{
	static const char *const answers[] = {WHOLE, NULL};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_autofree char *folder = g_dir_make_tmp("odr-exchange-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "socket", NULL);
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_autoptr(HttpAnswer) answer = http_answer_new();
	g_autoptr(GError) error = NULL;
	struct server server = {0};

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	g_assert_cmpint(bind(listening, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_cmpint(listen(listening, 16), ==, 0);
	server.pid = serve_aside(listening, answers);
	http_exchange(&(struct http_request){.method = "GET",
					     .url = "http://nobody.invalid/",
					     .socket = path,
					     .proxy = "",
					     .limit = 10,
					     .plain = true},
		      answer, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(answer->status, ==, 200);
	server_stop(&server);
	unlink(path);
	rmdir(folder);
}

/* What comes slowly enough is never silent. */
static void test_within(void)
{
	static const char *const answers[] = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", "b",
					      NULL};
	struct server server = server_start(answers);
	g_autoptr(HttpAnswer) answer = http_answer_new();
	g_autoptr(GError) error = NULL;

	g_assert_false(http_exchange(&(struct http_request){.method = "GET",
							    .url = server.url,
							    .proxy = "",
							    .limit = 10,
							    .within = USEC_PER_SEC / 10,
							    .plain = true},
				     answer, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_TRANSIENT);
	g_assert_cmpstr(error->message, ==, "the whole answer was not there within 100 ms");
	server_stop(&server);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/http/exchange/a-connection-is-kept-from-thread-to-thread", test_kept);
	g_test_add_func("/http/exchange/what-is-left-of-another-answer-passes", test_leftover);
	g_test_add_func("/http/exchange/what-is-no-http-is-refused", test_no_http);
	g_test_add_func("/http/exchange/a-child-has-connections-of-its-own", test_fork);
	g_test_add_func("/http/exchange/through-a-socket-of-the-file-system", test_socket);
	g_test_add_func("/http/exchange/the-whole-has-a-limit", test_within);
	return g_test_run();
}
