#ifndef ODR_BASE_CONFINE_H
#define ODR_BASE_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * A process to which the file system is read-only but for some folders, or partly hidden, or that has no network but its
 * own loopback, or all of these: in user, mount and network namespaces of its own, so that no privilege is needed, under the same user.
 * Everything else stays as it is. Linux 5.12.
 */
/* The user and network namespaces of a process that was confined without network; and its mount namespace. */
struct confinement_place {
	int user, network, files; /* descriptors; -1: none, or not entered, for it is our own */
};

struct confinement {
	const char *const
		*writable; /* absolute paths of folders that exist, NULL-terminated; NULL: all is */
	/* Folders that look empty, and files that look like /dev/null, NULL-terminated; a file that cannot be
	 * found is passed over. NULL: none. */
	const char *const *hidden_folders, *const *hidden_files;
	bool no_network;
	const struct confinement_place
		*place; /* instead of a network of its own that one's; NULL: not so */
	bool network_given; /* that one's may be our own, which was made by others; else it is no isolation: EINVAL */
	char uid_map[64], gid_map[64]; /* private */
};
/* Before the fork: everything that is no system call. */
void confinement_prepare(struct confinement *confinement);
/* In the child, with system calls only. False with errno: namespaces are forbidden here, or a folder is missing. */
bool confinement_enter(const struct confinement *confinement);

/* Whether a program could be confined to these folders: 0, or the errno of what stands in the way. */
int confinement_try(const char *const *writable);

/* The namespace of files is entered only where all three are opened. False with errno. */
bool confinement_place_open(struct confinement_place *place, pid_t pid);
bool confinement_place_open_files(struct confinement_place *place, pid_t pid);
void confinement_place_close(struct confinement_place *place);

#endif
