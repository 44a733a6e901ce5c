#include "ops/attributes.h"

#include "base/error.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static bool set_owner(int fd, const struct layer_entry *entry, Accounts *accounts)
{
	return fchown(fd, accounts_user(accounts, entry->owner, entry->uid),
		      accounts_group(accounts, entry->group, entry->gid)) == 0;
}

bool attributes_apply(int fd, const char *path, const struct layer_entry *entry, Accounts *accounts,
		      GError **error)
{
	struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT},
		{.tv_sec = entry->mtime_ns / 1000000000, .tv_nsec = entry->mtime_ns % 1000000000}};

	if (times[1].tv_nsec < 0) {
		times[1].tv_sec--;
		times[1].tv_nsec += 1000000000;
	}
	if (accounts && !set_owner(fd, entry, accounts))
		return odr_fail_errno(error, errno, "cannot set the owner of '%s'", path);
	/* No server needs a file that runs as its owner; whoever made the set may want one of root's. */
	if (fchmod(fd, entry->mode & (entry->kind == ENTRY_FILE ? 0777 : 03777)) < 0)
		return odr_fail_errno(error, errno, "cannot set the mode of '%s'", path);
	if (futimens(fd, times) < 0)
		return odr_fail_errno(error, errno, "cannot set the time of '%s'", path);
	return true;
}
