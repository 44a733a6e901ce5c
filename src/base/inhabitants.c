#include "base/inhabitants.h"

#include "base/hide.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROUNDS	      100   /* each may meet what the one before was about to start */
#define GONE_AFTER_MS 10000 /* of one that was killed */

static char *link_of(const char *pid, const char *name)
{
	g_autofree char *path = g_strdup_printf("/proc/%s/%s", pid, name);

	return g_file_read_link(path, NULL);
}

/* own: namespace of those that are left alone; NULL: none is. Of one that ended, or is not ours to look at, nothing is told. */
static bool lives_in(const char *pid, const char *folder, const char *own)
{
	g_autofree char *cwd = link_of(pid, "cwd");
	g_autofree char *user = cwd && path_is_within(cwd, folder) ? link_of(pid, "ns/user") : NULL;

	return user && g_strcmp0(user, own) != 0 &&
	       (own || g_ascii_strtoll(pid, NULL, 10) != getpid());
}

/* The descriptor is of a process, not of a number: what has the number next is not met. */
static bool end_one(const char *pid, const char *folder, const char *own)
{
	int fd = (int)syscall(SYS_pidfd_open, (pid_t)g_ascii_strtoll(pid, NULL, 10), 0);
	struct pollfd gone = {.fd = fd, .events = POLLIN};
	bool killed = fd >= 0 && lives_in(pid, folder, own) &&
		      syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;

	if (killed)
		poll(&gone, 1, GONE_AFTER_MS);
	if (fd >= 0)
		close(fd);
	return killed;
}

static unsigned end_all(const char *folder, const char *own)
{
	g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
	unsigned ended = 0;

	for (const char *name; processes && (name = g_dir_read_name(processes));)
		if (g_ascii_isdigit(*name) && lives_in(name, folder, own))
			ended += end_one(name, folder, own);
	return ended;
}

static unsigned end_in(const char *folder, const char *own)
{
	g_autofree char *real = realpath(folder, NULL);
	unsigned ended = 0;

	for (int round = 0; real && round < ROUNDS; round++) {
		unsigned now = end_all(real, own);

		ended += now;
		if (now == 0)
			break;
	}
	return ended;
}

unsigned inhabitants_end(const char *folder)
{
	g_autofree char *own = g_file_read_link("/proc/self/ns/user", NULL);

	return own ? end_in(folder, own) : 0;
}

unsigned inhabitants_end_all(const char *folder)
{
	return end_in(folder, NULL);
}
