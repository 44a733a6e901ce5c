#include "drill/engine/forward.h"

#include "base/confine.h"
#include "base/error.h"
#include "base/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BUFFER_SIZE 65536
/* What stays open inside; everything else of the parent's is closed there. */
#define LISTENER 3
#define REPORT	 4

struct forward {
	char *socket;
	pid_t pid;
};

struct inside {
	struct confinement confinement;
	pid_t parent;
	int listener, report;
	uint16_t port;
};

/* ---- inside: only system calls, since this is the copy of a process that may have threads ---------- */

static bool write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t written = send(fd, data, size, MSG_NOSIGNAL);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		data += written;
		size -= (size_t)written;
	}
	return true;
}

/* One piece; at the end of one direction the other may go on. */
static bool move(int from, int to, bool *open)
{
	static char buffer[BUFFER_SIZE];
	ssize_t got = read(from, buffer, sizeof(buffer));

	if (got < 0)
		return errno == EINTR;
	if (got > 0)
		return write_all(to, buffer, (size_t)got);
	*open = false;
	return shutdown(to, SHUT_WR) == 0;
}

static void carry(int outer, int inner)
{
	bool to_inner = true, to_outer = true;

	while (to_inner || to_outer) {
		struct pollfd waiting[] = {{.fd = to_inner ? outer : -1, .events = POLLIN},
					   {.fd = to_outer ? inner : -1, .events = POLLIN}};

		if (poll(waiting, G_N_ELEMENTS(waiting), -1) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (waiting[0].revents && !move(outer, inner, &to_inner))
			return;
		if (waiting[1].revents && !move(inner, outer, &to_outer))
			return;
	}
}

static void serve_connection(int outer, uint16_t port)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(port),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int inner = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (inner >= 0 && connect(inner, (const struct sockaddr *)&address, sizeof(address)) == 0)
		carry(outer, inner);
	_exit(0);
}

static bool dies_with(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

static void serve(uint16_t port)
{
	pid_t self = getpid();

	for (;;) {
		int outer = accept(LISTENER, NULL, NULL);
		pid_t child;

		if (outer < 0)
			continue;
		child = fork();
		if (child == 0) {
			if (dies_with(self))
				serve_connection(outer, port);
			_exit(1);
		}
		close(outer);
	}
}

/* The copy holds what the parent held: descriptors are closed, and its memory is for nobody to look at. */
static bool keep_only(const struct inside *inside)
{
	int listener = fcntl(inside->listener, F_DUPFD, REPORT + 1);
	int report = fcntl(inside->report, F_DUPFD, REPORT + 1);

	return listener >= 0 && report >= 0 && dup2(listener, LISTENER) >= 0 &&
	       dup2(report, REPORT) >= 0 && close_range(REPORT + 1, UINT_MAX, 0) == 0 &&
	       prctl(PR_SET_DUMPABLE, 0) == 0 && chdir("/") == 0;
}

static bool be_quiet(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	signal(SIGCHLD, SIG_IGN);
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) == 0 && setsid() >= 0;
}

static void inside_run(const struct inside *inside)
{
	int number = 0;

	/* A change of credentials takes the death signal back (prctl(2)), so it comes last. The namespaces are
	 * descriptors, too. */
	if (!be_quiet() || !confinement_enter(&inside->confinement) || !keep_only(inside) ||
	    !dies_with(inside->parent)) {
		number = errno;
		if (write(inside->report, &number, sizeof(number)) < 0)
			_exit(2);
		_exit(1);
	}
	if (write(REPORT, &number, sizeof(number)) != sizeof(number))
		_exit(1);
	close(REPORT);
	serve(inside->port);
}

/* ---- outside ------------------------------------------------------------------------------------- */

static bool wait_for_report(int report, GError **error)
{
	int number = 0;
	ssize_t got;

	do
		got = read(report, &number, sizeof(number));
	while (got < 0 && errno == EINTR);
	if (got == sizeof(number) && number == 0)
		return true;
	return odr_fail(error, ODR_ERROR_REFUSED, "the network of the drill cannot be entered: %s",
			got == sizeof(number) ? g_strerror(number) : "the process for that died");
}

static bool start(Forward *forward, struct inside *inside, GError **error)
{
	int report[2];
	bool done;

	if (pipe2(report, O_CLOEXEC) != 0)
		return odr_fail_errno(error, errno, "cannot make a pipe");
	inside->report = report[1];
	inside->parent = getpid();
	forward->pid = fork();
	if (forward->pid == 0)
		inside_run(inside);
	close(report[1]);
	done = forward->pid > 0 ? wait_for_report(report[0], error)
				: odr_fail_errno(error, errno, "cannot start a process");
	close(report[0]);
	return done;
}

Forward *forward_start(const struct forward_settings *settings, GError **error)
{
	g_autoptr(Forward) forward = g_new0(Forward, 1);
	struct confinement_place place = {-1, -1, -1};
	struct inside inside = {.confinement = {.place = &place, .network_given = settings->given},
				.port = settings->port};
	bool done;

	if (!confinement_place_open(&place, settings->pid)) {
		odr_fail_errno(error, errno, "cannot look at the namespaces of the server");
		return NULL;
	}
	done = socket_listen(settings->socket, &inside.listener, error);
	if (done) {
		forward->socket = g_strdup(settings->socket);
		done = start(forward, &inside, error);
		close(inside.listener);
	}
	confinement_place_close(&place);
	return done ? g_steal_pointer(&forward) : NULL;
}

void forward_free(Forward *forward)
{
	if (!forward)
		return;
	if (forward->pid > 0) {
		kill(forward->pid, SIGKILL);
		while (waitpid(forward->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (forward->socket)
		unlink(forward->socket);
	g_free(forward->socket);
	g_free(forward);
}
