#include "base/process.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_LIMIT ((size_t)1 << 20)

void process_result_clear(struct process_result *result)
{
	g_clear_pointer(&result->out, g_free);
	g_clear_pointer(&result->err, g_free);
}

/* One stream of the program: the pipe we read, and what came through it. */
struct capture {
	int read_end, write_end; /* -1: closed */
	GString *text;
	size_t limit;
};

struct run {
	const struct process_request *request;
	struct capture captures[2]; /* stdout, stderr */
	pid_t pid;
	usec_t deadline; /* 0: none */
	bool terminated; /* by a stop request */
	bool killed, timed_out, cut;
	GError *trouble; /* of the request's output */
};

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static bool capture_init(struct capture *capture, size_t limit, GError **error)
{
	int ends[2] = {-1, -1};
	int result = pipe2(ends, O_CLOEXEC);

	*capture = (struct capture){ends[0], ends[1], g_string_new(NULL), limit};
	if (result != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
		return odr_fail_errno(error, errno, "cannot make a pipe");
	return true;
}

static void capture_clear(struct capture *capture)
{
	close_end(&capture->read_end);
	close_end(&capture->write_end);
	if (capture->text)
		g_string_free(capture->text, TRUE);
	capture->text = NULL;
}

static void kill_group(struct run *run)
{
	if (!run->killed)
		kill(-run->pid, SIGKILL);
	run->killed = true;
}

/* What is beyond the limit is dropped, as is what follows a failure. */
static void take(struct run *run, struct capture *capture, const char *data, size_t size)
{
	const struct process_request *request = run->request;
	size_t room = capture->limit - capture->text->len;

	if (capture == &run->captures[0] && request->output) {
		if (!run->trouble &&
		    !request->output(request->output_data, data, size, &run->trouble))
			kill_group(run);
		return;
	}
	run->cut = run->cut || size > room;
	g_string_append_len(capture->text, data, (gssize)MIN(room, size));
}

/* Reads what is there, all of it, or the program would wait. */
static void capture_drain(struct run *run, struct capture *capture)
{
	char buffer[65536];

	while (capture->read_end >= 0) {
		ssize_t got = read(capture->read_end, buffer, sizeof(buffer));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			close_end(&capture->read_end);
			return;
		}
		take(run, capture, buffer, (size_t)got);
	}
}

/* A group of its own, so that a timeout reaches its children; signals as a shell would leave them. */
static int spawn(const struct process_request *request, struct run *run)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults, none;
	int result;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGTERM);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
						      POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setsigmask(&attributes, &none);

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, run->captures[0].write_end, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, run->captures[1].write_end, STDERR_FILENO);
	if (request->directory)
		posix_spawn_file_actions_addchdir_np(&actions, request->directory);

	result = posix_spawnp(&run->pid, request->argv[0], &actions, &attributes,
			      (char *const *)request->argv,
			      request->environment ? (char *const *)request->environment : environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	close_end(&run->captures[0].write_end);
	close_end(&run->captures[1].write_end);
	return result;
}

/* Output wakes us; the end of a program that passed its pipes on, a stop and the timeout do not. */
static void wait_for_output(struct run *run)
{
	struct pollfd files[] = {{.fd = run->captures[0].read_end, .events = POLLIN},
				 {.fd = run->captures[1].read_end, .events = POLLIN}};
	bool open = files[0].fd >= 0 || files[1].fd >= 0;

	poll(files, G_N_ELEMENTS(files), open ? 50 : 2);
	capture_drain(run, &run->captures[0]);
	capture_drain(run, &run->captures[1]);
}

static bool is_overdue(const struct run *run)
{
	return run->deadline != 0 && clock_monotonic() >= run->deadline;
}

/* Until the program itself has ended: a server it left behind may keep its pipes. */
static int wait_for_end(struct run *run)
{
	int status = 0;
	pid_t ended;

	for (;;) {
		wait_for_output(run);
		ended = waitpid(run->pid, &status, WNOHANG);
		if (ended == run->pid || (ended < 0 && errno != EINTR))
			break;
		if (!run->killed && is_overdue(run)) {
			run->timed_out = true;
			kill_group(run);
		}
		if (!run->terminated && stop_requested()) {
			run->terminated = true;
			kill(-run->pid, SIGTERM);
		}
	}
	capture_drain(run, &run->captures[0]);
	capture_drain(run, &run->captures[1]);
	if (run->killed)
		return 128 + SIGKILL;
	/* Whoever started us ignores SIGCHLD: the status is lost, and must not be taken for good. */
	if (ended < 0)
		return 255;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool run_start(const struct process_request *request, struct run *run, GError **error)
{
	size_t limit = request->limit ? request->limit : DEFAULT_LIMIT;
	int failure;

	if (!capture_init(&run->captures[0], limit, error) ||
	    !capture_init(&run->captures[1], limit, error))
		return odr_context(error, "cannot run '%s'", request->argv[0]);
	failure = spawn(request, run);
	if (failure != 0)
		return odr_fail(error, ODR_ERROR_SYSTEM, "cannot run '%s': %s", request->argv[0],
				g_strerror(failure));
	if (request->timeout_us > 0)
		run->deadline = clock_monotonic() + request->timeout_us;
	return true;
}

bool process_run(const struct process_request *request, struct process_result *result,
		 GError **error)
{
	struct run run = {
		.request = request,
		.captures = {{.read_end = -1, .write_end = -1}, {.read_end = -1, .write_end = -1}}};
	bool started = run_start(request, &run, error);

	if (started) {
		result->status = wait_for_end(&run);
		result->out = g_string_free(g_steal_pointer(&run.captures[0].text), FALSE);
		result->err = g_string_free(g_steal_pointer(&run.captures[1].text), FALSE);
		result->cut = run.cut;
		result->timed_out = run.timed_out;
	}
	capture_clear(&run.captures[0]);
	capture_clear(&run.captures[1]);
	if (run.trouble) {
		process_result_clear(result);
		g_propagate_error(error, run.trouble);
		return false;
	}
	return started;
}
