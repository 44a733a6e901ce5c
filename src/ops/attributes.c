#include "ops/attributes.h"

#include "base/error.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

static uid_t owner_of(const struct layer_entry *entry)
{
	struct passwd account, *found = NULL;
	char buffer[4096];

	if (entry->owner && entry->owner[0])
		getpwnam_r(entry->owner, &account, buffer, sizeof(buffer), &found);
	return found ? found->pw_uid : entry->uid;
}

static gid_t group_of(const struct layer_entry *entry)
{
	struct group account, *found = NULL;
	char buffer[4096];

	if (entry->group && entry->group[0])
		getgrnam_r(entry->group, &account, buffer, sizeof(buffer), &found);
	return found ? found->gr_gid : entry->gid;
}

bool attributes_apply(int fd, const char *path, const struct layer_entry *entry, bool set_owner,
		      GError **error)
{
	struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT},
		{.tv_sec = entry->mtime_ns / 1000000000, .tv_nsec = entry->mtime_ns % 1000000000}};

	if (times[1].tv_nsec < 0) {
		times[1].tv_sec--;
		times[1].tv_nsec += 1000000000;
	}
	if (set_owner && fchown(fd, owner_of(entry), group_of(entry)) < 0)
		return odr_fail_errno(error, errno, "cannot set the owner of '%s'", path);
	/* No server needs a file that runs as its owner; whoever made the set may want one of root's. */
	if (fchmod(fd, entry->mode & (entry->kind == ENTRY_FILE ? 0777 : 03777)) < 0)
		return odr_fail_errno(error, errno, "cannot set the mode of '%s'", path);
	if (futimens(fd, times) < 0)
		return odr_fail_errno(error, errno, "cannot set the time of '%s'", path);
	return true;
}
