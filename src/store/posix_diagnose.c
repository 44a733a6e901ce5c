/* What may be wrong with a folder, and who else may write to it. */
#include "base/clock.h"
#include "store/diagnose_steps.h"
#include "store/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#ifndef SMB2_SUPER_MAGIC
# define SMB2_SUPER_MAGIC 0xfe534d42
#endif
#ifndef CIFS_SUPER_MAGIC
# define CIFS_SUPER_MAGIC 0xff534d42
#endif
#define FUSE_MAGIC 0x65735546 /* FUSE_SUPER_MAGIC of the kernel's fs/fuse/inode.c */
#define ZFS_MAGIC  0x2fc12fc1

#define SPACE_LEAST ((uint64_t)1 << 30)

/* Where what is stored ends up. */
enum place { PLACE_DISK, PLACE_NETWORK, PLACE_MEMORY, PLACE_UNKNOWN };
static const struct file_system {
	uint32_t magic;
	const char *name;
	enum place place;
} file_systems[] = {
	{EXT4_SUPER_MAGIC, "ext4", PLACE_DISK},
	{XFS_SUPER_MAGIC, "xfs", PLACE_DISK},
	{BTRFS_SUPER_MAGIC, "btrfs", PLACE_DISK},
	{ZFS_MAGIC, "zfs", PLACE_DISK},
	{NFS_SUPER_MAGIC, "nfs", PLACE_NETWORK},
	{SMB2_SUPER_MAGIC, "smb", PLACE_NETWORK},
	{CIFS_SUPER_MAGIC, "cifs", PLACE_NETWORK},
	{TMPFS_MAGIC, "tmpfs", PLACE_MEMORY},
	{RAMFS_MAGIC, "ramfs", PLACE_MEMORY},
	{CEPH_SUPER_MAGIC, "ceph", PLACE_NETWORK},
	{FUSE_MAGIC, "fuse", PLACE_UNKNOWN},
	{OVERLAYFS_SUPER_MAGIC, "overlay", PLACE_UNKNOWN},
};

static const struct file_system *file_system_of(uint32_t magic)
{
	for (size_t i = 0; i < G_N_ELEMENTS(file_systems); i++)
		if (file_systems[i].magic == magic)
			return &file_systems[i];
	return NULL;
}

static void look_at_folder(struct diagnose *diagnose, const struct stat *root)
{
	if (root->st_nlink == 0)
		diagnose_add(diagnose, "folder", STORE_STEP_BAD, "is its file system mounted?",
			     "it was removed");
	else
		diagnose_add(diagnose, "folder", STORE_STEP_OK, NULL,
			     "mode %03o, owner %u, group %u", root->st_mode & 07777, root->st_uid,
			     root->st_gid);
}

static void look_at_file_system(struct diagnose *diagnose, const struct statfs *status)
{
	static const char *const places[] = {
		[PLACE_DISK] = "a disk of this host: what destroys the host takes it along",
		[PLACE_NETWORK] = "on another host",
		[PLACE_MEMORY] = "in memory: gone when the host restarts",
		[PLACE_UNKNOWN] = "where that lies is not known",
	};
	const struct file_system *kind = file_system_of((uint32_t)status->f_type);
	enum place place = kind ? kind->place : PLACE_UNKNOWN;
	g_autofree char *other = g_strdup_printf("type %x", (unsigned)status->f_type);

	diagnose_add(diagnose, "file system",
		     place == PLACE_MEMORY ? STORE_STEP_WARNING : STORE_STEP_OK,
		     place == PLACE_MEMORY ? "put the repository on a disk" : NULL, "%s, %s",
		     kind ? kind->name : other, places[place]);
	diagnose->out->facts.elsewhere = place == PLACE_NETWORK	  ? STORE_YES
					 : place == PLACE_UNKNOWN ? STORE_UNKNOWN
								  : STORE_NO;
	diagnose->out->facts.guarded =
		place == PLACE_DISK || place == PLACE_MEMORY ? STORE_YES : STORE_UNKNOWN;
}

static void look_at_space(struct diagnose *diagnose, const struct statfs *status)
{
	uint64_t bytes = (uint64_t)status->f_bavail * (uint64_t)status->f_frsize;
	g_autofree char *space = size_format(bytes);
	bool few = status->f_files > 0 && status->f_ffree < 1000;

	diagnose_add(diagnose, "space",
		     bytes < SPACE_LEAST || few ? STORE_STEP_WARNING : STORE_STEP_OK,
		     bytes < SPACE_LEAST || few ? "make room, or expire" : NULL, "%s free%s", space,
		     few ? ", but hardly any inodes" : "");
}

/* The sticky bit would not help: objects are not the only files. */
static void look_at_writers(struct diagnose *diagnose, const struct stat *root)
{
	bool group = root->st_mode & S_IWGRP, others = root->st_mode & S_IWOTH;
	const char *path = store_describe(diagnose->store) + strlen("posix ");
	g_autofree char *advice = g_strdup_printf("chmod %s %s", others ? "o-w" : "g-w", path);

	if (others)
		diagnose_add(diagnose, "writers", STORE_STEP_BAD, advice,
			     "everybody on this host may write and delete there");
	else if (group)
		diagnose_add(diagnose, "writers", STORE_STEP_WARNING, advice,
			     "everybody of group %u may write and delete there", root->st_gid);
	else
		diagnose_add(diagnose, "writers", STORE_STEP_OK, NULL,
			     "user %u and root, who may also delete", root->st_uid);
}

static bool may_write(const struct posix_store *self)
{
	return faccessat(self->root, ".", W_OK, AT_EACCESS) == 0;
}

static void write_there(struct diagnose *diagnose, const struct posix_store *self)
{
	if (may_write(self)) {
		diagnose_put(diagnose);
		return;
	}
	diagnose->out->facts.put = STORE_NO;
	diagnose_right(diagnose, STORE_RIGHT_PUT, STORE_NO, g_strerror(errno));
}

void posix_diagnose(struct diagnose *diagnose)
{
	static const char *const all[] = {"file system", "space", "writers", "put",
					  "read",	 "list",  "delete",  NULL};
	const struct posix_store *self = posix_store(diagnose->store);
	struct store_inquiry inquiry = *diagnose->inquiry;
	struct statfs status;
	struct stat root;

	if (fstat(self->root, &root) != 0 || fstatfs(self->root, &status) != 0) {
		diagnose_add(diagnose, "folder", STORE_STEP_BAD, NULL, "%s", g_strerror(errno));
		diagnose_skip(diagnose, all, "the folder cannot be looked at");
		return;
	}
	/* In a folder, who may write may read and delete: there is nothing to take away. */
	if (inquiry.role != STORE_ROLE_RESTORER || may_write(self))
		inquiry.role = STORE_ROLE_ANY;
	diagnose->inquiry = &inquiry;
	diagnose->out->facts.versions = STORE_NO;
	diagnose->out->facts.locked = STORE_NO;
	look_at_folder(diagnose, &root);
	diagnose->out->reached = root.st_nlink > 0;
	if (!diagnose->out->reached) {
		diagnose_skip(diagnose, all, "there is no folder");
		return;
	}
	look_at_file_system(diagnose, &status);
	look_at_space(diagnose, &status);
	look_at_writers(diagnose, &root);
	write_there(diagnose, self);
	diagnose_read(diagnose);
	diagnose_list(diagnose);
	diagnose_remove(diagnose);
	diagnose_no_proof(diagnose, "a folder has no locks");
}
