#ifndef ODR_BASE_CONFINE_H
#define ODR_BASE_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * A process to which the file system is read-only but for some folders: in user and mount namespaces of its own, so that
 * no privilege is needed, under the same user. Network and everything else stay as they are. Linux 5.12.
 */
struct confinement {
	const char *const *writable; /* absolute paths of folders that exist, NULL-terminated */
	char uid_map[64], gid_map[64];
};
/* Before the fork: everything that is no system call. */
void confinement_prepare(struct confinement *confinement, const char *const *writable);
/* In the child, with system calls only. False with errno: namespaces are forbidden here, or a folder is missing. */
bool confinement_enter(const struct confinement *confinement);

#endif
