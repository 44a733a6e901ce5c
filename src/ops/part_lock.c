#include "ops/part_lock.h"

#include "repo/manifest.h"

bool part_lock_take(struct file_lock *lock, const char *state, const char *part, usec_t wait,
		    GError **error)
{
	g_autofree char *name = g_strconcat(part, ".lock", NULL);
	g_autofree char *path = g_build_filename(state, name, NULL);

	return file_lock_take(lock, path, wait, error);
}

bool part_locks_take(struct part_locks *locks, const char *state, usec_t wait, GError **error)
{
	static const char *const parts[PART_LOCKS] = {PART_DATABASE, PART_FILESTORE, PART_CONFIG};

	*locks = (struct part_locks){0};
	for (size_t i = 0; i < PART_LOCKS; i++) {
		if (!part_lock_take(&locks->locks[i], state, parts[i], wait, error)) {
			part_locks_release(locks);
			return false;
		}
	}
	return true;
}

void part_locks_release(struct part_locks *locks)
{
	for (size_t i = 0; i < PART_LOCKS; i++)
		file_lock_release(&locks->locks[i]);
}
