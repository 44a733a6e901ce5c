#include "base/process.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_LIMIT ((size_t)1 << 20)

void process_result_clear(struct process_result *result)
{
	g_clear_pointer(&result->out, g_free);
	g_clear_pointer(&result->err, g_free);
}

struct capture {
	int fd;
	GString *text;
	size_t limit;
};

/* False at end of file. */
static bool capture_some(struct capture *capture)
{
	char buffer[8192];
	ssize_t got = read(capture->fd, buffer, sizeof(buffer));

	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	if (got == 0)
		return false;
	if (capture->text->len < capture->limit)
		g_string_append_len(capture->text, buffer,
				    (gssize)MIN((size_t)got, capture->limit - capture->text->len));
	return true;
}

/* True when both streams ended before the deadline. */
static bool capture_both(struct capture captures[2], usec_t deadline)
{
	while (captures[0].fd >= 0 || captures[1].fd >= 0) {
		struct pollfd wait[2] = {{.fd = captures[0].fd, .events = POLLIN},
					 {.fd = captures[1].fd, .events = POLLIN}};
		usec_t left = deadline ? deadline - clock_monotonic() : -1;

		if (deadline && left <= 0)
			return false;
		if (poll(wait, 2, deadline ? (int)(left / 1000) + 1 : -1) < 0 && errno != EINTR)
			return false;
		for (int i = 0; i < 2; i++) {
			if (wait[i].revents == 0 || capture_some(&captures[i]))
				continue;
			close(captures[i].fd);
			captures[i].fd = -1;
		}
	}
	return true;
}

static void child_setup(gpointer data)
{
	(void)data;
	setpgid(0, 0);
}

static int wait_status(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool process_run(const struct process_request *request, struct process_result *result,
		 GError **error)
{
	g_autoptr(GError) trouble = NULL;
	size_t limit = request->limit ? request->limit : DEFAULT_LIMIT;
	usec_t deadline = request->timeout_us ? clock_monotonic() + request->timeout_us : 0;
	struct capture captures[2] = {{.text = g_string_new(NULL), .limit = limit},
				      {.text = g_string_new(NULL), .limit = limit}};
	GPid pid;

	if (!g_spawn_async_with_pipes(request->directory, (char **)request->argv, NULL,
				      G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, child_setup,
				      NULL, &pid, NULL, &captures[0].fd, &captures[1].fd,
				      &trouble)) {
		g_string_free(captures[0].text, true);
		g_string_free(captures[1].text, true);
		return odr_fail(error, ODR_ERROR_SYSTEM, "cannot start '%s': %s", request->argv[0],
				trouble->message);
	}
	if (!capture_both(captures, deadline))
		kill(-pid, SIGKILL);
	for (int i = 0; i < 2; i++)
		if (captures[i].fd >= 0)
			close(captures[i].fd);
	result->status = wait_status(pid);
	result->out = g_string_free(captures[0].text, false);
	result->err = g_string_free(captures[1].text, false);
	return true;
}
