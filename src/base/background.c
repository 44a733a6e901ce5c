#include "base/background.h"

#include "base/error.h"
#include "base/hide.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_EVERY_US 10000

struct background {
	pid_t pid;
	bool ended;
	int status;
};

enum step { STEP_PREPARE, STEP_CONFINE, STEP_EXEC };
/* What the child says before it ends; a successful exec closes the pipe instead. */
struct failure {
	enum step step;
	int number;
};

struct child {
	const struct background_request *request;
	struct confinement confinement;
	pid_t parent;
	int output, report;
};

/* Only system calls from here on: we are the copy of a process that may have threads. */
static bool child_prepare(const struct child *child)
{
	int input = open("/dev/null", O_RDONLY);
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return input >= 0 && setsid() >= 0 && dup2(input, STDIN_FILENO) >= 0 &&
	       dup2(child->output, STDOUT_FILENO) >= 0 && dup2(child->output, STDERR_FILENO) >= 0;
}

/* Nothing that was open comes along, whoever opened it, and no memory is written where the data may not go. The folder
 * is entered last: in what is hidden and read-only by then. */
static bool child_shed(const struct child *child)
{
	static const struct rlimit none = {0, 0};
	const char *folder = child->request->folder;

	return close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0 &&
	       setrlimit(RLIMIT_CORE, &none) == 0 && chdir(folder ? folder : "/") == 0;
}

/* A change of credentials takes the death signal back (prctl(2)), so it comes last. */
static bool child_bind_to_parent(const struct child *child)
{
	return prctl(PR_SET_PDEATHSIG, child->request->death_signal) == 0 &&
	       getppid() == child->parent;
}

static bool is_confined(const struct background_request *request)
{
	return request->writable || request->no_network || request->place || request->in_sight;
}

static void child_run(const struct child *child)
{
	const struct background_request *request = child->request;
	struct failure failure = {.step = STEP_PREPARE};

	if (child_prepare(child)) {
		/* First: to who is confined the files of control groups are read-only. */
		if (request->limits)
			limits_apply(request->limits);
		failure.step = STEP_CONFINE;
		if (!is_confined(request) || confinement_enter(&child->confinement)) {
			failure.step = STEP_EXEC;
			if (child_shed(child) && child_bind_to_parent(child))
				execve(request->argv[0], (char *const *)request->argv,
				       request->environment ? (char *const *)request->environment
							    : environ);
		}
	}
	failure.number = errno;
	while (write(child->report, &failure, sizeof(failure)) < 0 && errno == EINTR)
		;
	_exit(127);
}

static bool wait_for_exec(int report, const char *program, GError **error)
{
	struct failure failure = {0};
	ssize_t got;

	do
		got = read(report, &failure, sizeof(failure));
	while (got < 0 && errno == EINTR);
	if (got == 0)
		return true;
	if (got == sizeof(failure) && failure.step == STEP_CONFINE)
		return odr_fail(
			error, ODR_ERROR_REFUSED,
			"'%s' cannot be given namespaces of its own, with a file system that is read-only "
			"or a network that leads nowhere: %s",
			program, g_strerror(failure.number));
	return odr_fail_errno(error, failure.number, "cannot run '%s'", program);
}

static void add_all(GPtrArray *paths, const char *const *list)
{
	for (; list && *list; list++)
		g_ptr_array_add(paths, (char *)*list);
}

static void make_hiding(const struct background_request *request, struct hiding *hiding)
{
	g_autoptr(GPtrArray) in_sight = g_ptr_array_new();

	add_all(in_sight, request->in_sight);
	add_all(in_sight, request->writable);
	g_ptr_array_add(in_sight, NULL);
	hiding_make(&(struct hiding_request){.in_sight = (const char *const *)in_sight->pdata,
					     .argv = request->argv,
					     .elsewhere = request->ground ? request->ground->sockets
									  : NULL},
		    hiding);
}

/* What is asked for, as far as it is to be made where we stand. */
static struct background_request suited(const struct background_request *request)
{
	struct background_request suited = *request;

	if (request->ground)
		suited.no_network = false;
	if (request->ground && request->ground->bare)
		suited.writable = suited.in_sight = NULL;
	return suited;
}

static Background *start(const struct background_request *request, int output, const int report[2],
			 GError **error)
{
	struct hiding hiding = {0};
	Background *background = g_new0(Background, 1);
	struct child child = {.request = request,
			      .confinement = {.writable = request->writable,
					      .no_network = request->no_network,
					      .place = request->place,
					      .network_given = request->ground != NULL},
			      .parent = getpid(),
			      .output = output,
			      .report = report[1]};

	if (request->in_sight) {
		make_hiding(request, &hiding);
		child.confinement.hidden_folders = (const char *const *)hiding.folders->pdata;
		child.confinement.hidden_files = (const char *const *)hiding.sockets->pdata;
	}
	confinement_prepare(&child.confinement);
	background->pid = fork();
	if (background->pid == 0)
		child_run(&child);
	hiding_clear(&hiding);
	close(report[1]);
	if (background->pid < 0) {
		odr_fail_errno(error, errno, "cannot run '%s'", request->argv[0]);
		background->ended = true;
	} else if (wait_for_exec(report[0], request->argv[0], error)) {
		return background;
	}
	background_free(background);
	return NULL;
}

Background *background_start(const struct background_request *request, GError **error)
{
	int output =
		open(request->output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct background_request here = suited(request);
	int report[2];
	Background *background;

	if (output < 0) {
		odr_fail_errno(error, errno, "cannot open '%s'", request->output);
		return NULL;
	}
	if (pipe2(report, O_CLOEXEC) != 0) {
		odr_fail_errno(error, errno, "cannot make a pipe");
		close(output);
		return NULL;
	}
	background = start(&here, output, report, error);
	close(report[0]);
	close(output);
	return background;
}

pid_t background_pid(const Background *background)
{
	return background->pid;
}

/* What it left running in its group ends with it: as long as it is not waited for, the number of the group is nobody
 * else's. */
static void take_status(Background *background)
{
	int raw = 0;
	pid_t ended;

	kill(-background->pid, SIGKILL);
	do
		ended = waitpid(background->pid, &raw, 0);
	while (ended < 0 && errno == EINTR);
	background->ended = true;
	background->status = ended < 0		? 255
			     : WIFSIGNALED(raw) ? 128 + WTERMSIG(raw)
						: WEXITSTATUS(raw);
}

bool background_runs(Background *background, int *status)
{
	siginfo_t about = {0};

	if (!background->ended) {
		int looked =
			waitid(P_PID, (id_t)background->pid, &about, WEXITED | WNOHANG | WNOWAIT);

		if (looked == 0 ? about.si_pid == 0 : errno == EINTR)
			return true;
		/* Whoever started us ignores SIGCHLD: it is gone, and so is what it ended with. */
		if (looked != 0) {
			background->ended = true;
			background->status = 255;
		} else {
			take_status(background);
		}
	}
	if (status)
		*status = background->status;
	return false;
}

bool background_stop(Background *background, int signal, usec_t patience)
{
	usec_t end = clock_monotonic() + patience;

	if (!background_runs(background, NULL))
		return true;
	kill(background->pid, signal);
	/* One that is stopped would hear nothing of it. */
	kill(-background->pid, SIGCONT);
	while (background_runs(background, NULL)) {
		if (clock_monotonic() >= end) {
			kill(-background->pid, SIGKILL);
			while (background_runs(background, NULL))
				g_usleep(LOOK_EVERY_US);
			return false;
		}
		g_usleep(LOOK_EVERY_US);
	}
	return true;
}

void background_free(Background *background)
{
	if (!background)
		return;
	background_stop(background, SIGKILL, 0);
	g_free(background);
}
