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
#include <sys/stat.h>
#include <sys/wait.h>
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

static bool enter_place(const struct confinement *confinement)
{
	const struct confinement_place *place = confinement->place;

	if (place->network < 0 && !confinement->network_given) {
		errno = EINVAL;
		return false;
	}
	return (place->user < 0 || setns(place->user, CLONE_NEWUSER) == 0) &&
	       (place->network < 0 || setns(place->network, CLONE_NEWNET) == 0) &&
	       (place->files < 0 || setns(place->files, CLONE_NEWNS) == 0);
}

static bool hide_folder(const char *path)
{
	return mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		     "mode=0755,nr_inodes=2,size=4096") == 0;
}

/* What is gone, or lies where we may not go, is out of reach as it is. */
static bool hide_file(const char *path)
{
	return mount("/dev/null", path, NULL, MS_BIND, NULL) == 0 || errno == ENOENT ||
	       errno == EACCES;
}

static bool hide(const struct confinement *confinement)
{
	const char *const *path;

	for (path = confinement->hidden_folders; path && *path; path++)
		if (!hide_folder(*path))
			return false;
	for (path = confinement->hidden_files; path && *path; path++)
		if (!hide_file(*path))
			return false;
	return true;
}

static bool make_read_only(const char *const *writable)
{
	const char *const *folder;

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

static bool confine_files(const struct confinement *confinement)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && hide(confinement) &&
	       (!confinement->writable || make_read_only(confinement->writable));
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
	return (confinement->place ? enter_place(confinement)
				   : enter_own(confinement) &&
					     (!confinement->no_network || raise_loopback())) &&
	       ((!confinement->writable && !confinement->hidden_folders) ||
		confine_files(confinement));
}

int confinement_try(const char *const *writable)
{
	struct confinement confinement = {.writable = writable};
	int status = 0;
	pid_t child;

	confinement_prepare(&confinement);
	child = fork();
	if (child == 0)
		_exit(confinement_enter(&confinement) ? 0 : errno);
	if (child < 0)
		return errno;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

/* ---- where another one is ------------------------------------------------------------------------ */

static bool is_our_own(int namespace, const char *kind)
{
	struct stat there, here;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	return fstat(namespace, &there) == 0 && stat(path, &here) == 0 &&
	       there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

/* Into one's own one cannot go, and need not. */
static bool open_namespace(pid_t pid, const char *kind, int *namespace)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kind);
	*namespace = open(path, O_RDONLY | O_CLOEXEC);
	if (*namespace < 0)
		return false;
	if (is_our_own(*namespace, kind)) {
		close(*namespace);
		*namespace = -1;
	}
	return true;
}

static bool close_failed(struct confinement_place *place)
{
	int number = errno;

	confinement_place_close(place);
	errno = number;
	return false;
}

bool confinement_place_open(struct confinement_place *place, pid_t pid)
{
	*place = (struct confinement_place){-1, -1, -1};
	return (open_namespace(pid, "user", &place->user) &&
		open_namespace(pid, "net", &place->network)) ||
	       close_failed(place);
}

bool confinement_place_open_files(struct confinement_place *place, pid_t pid)
{
	return confinement_place_open(place, pid) &&
	       (open_namespace(pid, "mnt", &place->files) || close_failed(place));
}

void confinement_place_close(struct confinement_place *place)
{
	if (place->user >= 0)
		close(place->user);
	if (place->network >= 0)
		close(place->network);
	if (place->files >= 0)
		close(place->files);
	*place = (struct confinement_place){-1, -1, -1};
}
