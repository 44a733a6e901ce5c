#ifndef ODR_TEST_STORE_LOOPBACK_H
#define ODR_TEST_STORE_LOOPBACK_H

#include <arpa/inet.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A small HTTP server of a test's own, in a process of its own: it knows what to answer to what, the
 * first that fits, and writes down what it was asked. */
struct loopback_answer {
	const char *request; /* how it begins: "GET /path" */
	const char *status;  /* NULL: it is never answered */
	const char *headers /* "Name: value\r\n" */, *body;
};
struct loopback {
	pid_t pid;
	char *url, *log;
};

/* Until the body that the headers announce is whole. */
static inline bool loopback_whole(const GString *request)
{
	const char *end = strstr(request->str, "\r\n\r\n");
	const char *length = strstr(request->str, "Content-Length: ");
	size_t expected = length ? g_ascii_strtoull(length + 16, NULL, 10) : 0;

	return end && request->len >= (size_t)(end + 4 - request->str) + expected;
}

static inline GString *loopback_receive(int connection)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	GString *request = g_string_new(NULL);
	char buffer[4096];
	ssize_t got = 1;
	bool waits = true;

	while (got > 0 && !loopback_whole(request)) {
		got = read(connection, buffer, sizeof(buffer));
		if (got > 0)
			g_string_append_len(request, buffer, got);
		if (waits && strstr(request->str, "\r\nExpect: 100-continue\r\n"))
			waits = write(connection, go_on, strlen(go_on)) < 0;
	}
	return request;
}

static inline void loopback_send(int connection, const struct loopback_answer *answer)
{
	g_autofree char *text = g_strdup_printf(
		"HTTP/1.1 %s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
		answer->status, answer->headers ? answer->headers : "",
		answer->body ? strlen(answer->body) : 0, answer->body ? answer->body : "");

	g_assert_cmpint(write(connection, text, strlen(text)), ==, (ssize_t)strlen(text));
}

static inline void loopback_serve(int listening, const char *log,
				  const struct loopback_answer *answers, size_t count)
{
	static const struct loopback_answer unknown = {"", "404 Not Found", NULL, NULL};

	for (;;) {
		int connection = accept(listening, NULL, NULL);
		GString *request = loopback_receive(connection);
		FILE *file = fopen(log, "a");
		const struct loopback_answer *answer = &unknown;

		fprintf(file, "%s\n", request->str);
		fclose(file);
		for (size_t i = count; i-- > 0;)
			if (answers[i].request &&
			    g_str_has_prefix(request->str, answers[i].request))
				answer = &answers[i];
		if (answer->status) {
			loopback_send(connection, answer);
			close(connection);
		}
		g_string_free(request, TRUE);
	}
}

static inline struct loopback loopback_start(const struct loopback_answer *answers, size_t count)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct loopback loopback = {0};

	g_assert_cmpint(bind(listening, (struct sockaddr *)&address, size), ==, 0);
	g_assert_cmpint(listen(listening, 16), ==, 0);
	g_assert_cmpint(getsockname(listening, (struct sockaddr *)&address, &size), ==, 0);
	loopback.url = g_strdup_printf("http://127.0.0.1:%d", ntohs(address.sin_port));
	loopback.log = g_build_filename(g_get_tmp_dir(), "loopback-XXXXXX", NULL);
	close(g_mkstemp(loopback.log));
	loopback.pid = fork();
	if (loopback.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		loopback_serve(listening, loopback.log, answers, count);
	}
	close(listening);
	return loopback;
}

/* Ends it; what it was asked, request by request. */
static inline char *loopback_stop(struct loopback *loopback)
{
	char *text = NULL;

	kill(loopback->pid, SIGKILL);
	waitpid(loopback->pid, NULL, 0);
	g_assert_true(g_file_get_contents(loopback->log, &text, NULL, NULL));
	g_unlink(loopback->log);
	g_free(loopback->url);
	g_free(loopback->log);
	return text;
}

#endif
