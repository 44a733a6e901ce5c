#include "base/confine.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

void confinement_prepare(struct confinement *confinement, const char *const *writable)
{
	confinement->writable = writable;
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

bool confinement_enter(const struct confinement *confinement)
{
	const char *const *folder;

	/* What guards its memory does not own its files in /proc (proc(5)); exec would undo that anyway. */
	prctl(PR_SET_DUMPABLE, 1);
	/* user_namespaces(7): without "deny" an ordinary user may not map its group. */
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
	    !write_to("/proc/self/setgroups", "deny") ||
	    !write_to("/proc/self/uid_map", confinement->uid_map) ||
	    !write_to("/proc/self/gid_map", confinement->gid_map) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return false;
	for (folder = confinement->writable; *folder; folder++)
		if (mount(*folder, *folder, NULL, MS_BIND | MS_REC, NULL) != 0)
			return false;
	if (!set_read_only("/", true))
		return false;
	for (folder = confinement->writable; *folder; folder++)
		if (!set_read_only(*folder, false))
			return false;
	return true;
}
