#include "base/trim.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

static bool refuse(const char *folder, int number, GError **error)
{
	if (number == EPERM)
		return odr_fail(
			error, ODR_ERROR_REFUSED,
			"this process may not discard the free blocks of '%s': give its unit "
			"AmbientCapabilities=CAP_SYS_ADMIN, or leave discard=delete",
			folder);
	if (number == EOPNOTSUPP || number == ENOTTY)
		return odr_fail(
			error, ODR_ERROR_REFUSED,
			"the file system of '%s', or its device, discards no blocks (lsblk "
			"--discard shows which does); name another, or leave discard=delete",
			folder);
	return odr_fail_errno(error, number, "cannot discard the free blocks of '%s'", folder);
}

/* *length: of the part that is looked at, from its beginning; then what was discarded. False with errno. */
static bool discard(const char *folder, uint64_t *length)
{
	struct fstrim_range range = {.len = *length};
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int number = 0;

	/* Blocks are free once what freed them is on the disk. */
	if (fd < 0 || syncfs(fd) != 0 || ioctl(fd, FITRIM, &range) != 0)
		number = errno;
	if (fd >= 0)
		close(fd);
	*length = range.len;
	errno = number;
	return number == 0;
}

bool trim_possible(const char *folder, GError **error)
{
	struct statvfs system;
	uint64_t length;

	if (statvfs(folder, &system) != 0)
		return odr_fail_errno(error, errno, "cannot look at '%s'", folder);
	/* The first block, which is never free. */
	length = system.f_bsize;
	return discard(folder, &length) || refuse(folder, errno, error);
}

bool trim(const char *folder, uint64_t *bytes, GError **error)
{
	uint64_t length = UINT64_MAX;

	if (!discard(folder, &length))
		return refuse(folder, errno, error);
	*bytes = length;
	return true;
}

void trim_keep_right(void)
{
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}
