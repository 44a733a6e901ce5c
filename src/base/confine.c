#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

void confinement_prepare(struct confinement *confinement)
{
	snprintf(confinement->uid_map, sizeof(confinement->uid_map), "%u %u 1", geteuid(),
		 geteuid());
	snprintf(confinement->gid_map, sizeof(confinement->gid_map), "%u %u 1", getegid(),
		 getegid());
}

static bool write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return written;
}

static bool set_read_only(const char *path, bool read_only)
{
	struct mount_attr attributes = {.attr_set = read_only ? MOUNT_ATTR_RDONLY : 0,
					.attr_clr = read_only ? 0 : MOUNT_ATTR_RDONLY};

	return mount_setattr(AT_FDCWD, path, AT_RECURSIVE, &attributes, sizeof(attributes)) == 0;
}

static bool enter_own(const struct confinement *confinement)
{
	/* What guards its memory does not own its files in /proc (proc(5)); exec would undo that anyway. */
	prctl(PR_SET_DUMPABLE, 1);
	/* user_namespaces(7): without "deny" an ordinary user may not map its group. */
	return unshare(CLONE_NEWUSER | (confinement->no_network ? CLONE_NEWNET : 0)) == 0 &&
	       write_to("/proc/self/setgroups", "deny") &&
	       write_to("/proc/self/uid_map", confinement->uid_map) &&
	       write_to("/proc/self/gid_map", confinement->gid_map);
}

static bool enter_place(const struct confinement_place *place)
{
	return setns(place->user, CLONE_NEWUSER) == 0 && setns(place->network, CLONE_NEWNET) == 0;
}

static bool confine_files(const char *const *writable)
{
	const char *const *folder;

	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return false;
	for (folder = writable; *folder; folder++)
		if (mount(*folder, *folder, NULL, MS_BIND | MS_REC, NULL) != 0)
			return false;
	if (!set_read_only("/", true))
		return false;
	for (folder = writable; *folder; folder++)
		if (!set_read_only(*folder, false))
			return false;
	return true;
}

/* A new network namespace has a loopback that is down. */
static bool raise_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool raised = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;

	if (fd >= 0)
		close(fd);
	return raised;
}

bool confinement_enter(const struct confinement *confinement)
{
	return (confinement->place ? enter_place(confinement->place)
				   : enter_own(confinement) &&
					     (!confinement->no_network || raise_loopback())) &&
	       (!confinement->writable || confine_files(confinement->writable));
}

/* ---- where another one is ------------------------------------------------------------------------ */

static int open_namespace(pid_t pid, const char *kind)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kind);
	return open(path, O_RDONLY | O_CLOEXEC);
}

bool confinement_place_open(struct confinement_place *place, pid_t pid)
{
	*place = (struct confinement_place){.user = open_namespace(pid, "user"), .network = -1};
	if (place->user >= 0)
		place->network = open_namespace(pid, "net");
	if (place->network >= 0)
		return true;
	int number = errno;

	confinement_place_close(place);
	errno = number;
	return false;
}

void confinement_place_close(struct confinement_place *place)
{
	if (place->user >= 0)
		close(place->user);
	if (place->network >= 0)
		close(place->network);
	*place = (struct confinement_place){-1, -1};
}
