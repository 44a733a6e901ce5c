#include "ops/sandbox.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/inhabitants.h"
#include "base/log.h"

#include <string.h>
#include <sys/stat.h>

#define PREFIX	      "sandbox-"
#define LOCK	      "lock"
#define SETTLES_AFTER USEC_PER_MIN
#define SEALED	      "s" /* short, as all of the path */

char *sandbox_sealed(const char *root)
{
	return g_build_filename(root, SEALED, NULL);
}

/* Its lock last: what cannot be removed is known as that of a run that died. */
bool sandbox_remove_tree(const char *root, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(root, 0, NULL);
	g_autoptr(GError) trouble = NULL;

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(root, name, NULL);

		if (strcmp(name, LOCK) != 0)
			file_remove_tree(path, trouble ? NULL : &trouble);
	}
	if (!trouble)
		return file_remove_tree(root, error);
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}

bool sandbox_destroy(const char *root, GError **error)
{
	g_autofree char *sealed = sandbox_sealed(root);
	g_autoptr(GError) trouble = NULL;
	char key[FOLDER_KEY_NAME_SIZE];

	if (folder_key_of(sealed, key))
		folder_key_remove(root, key, &trouble);
	if (!sandbox_remove_tree(root, error))
		return false;
	if (!trouble)
		return true;
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}

/* A folder without its lock is being made, or removed, right now; after a while it is what could not be removed. */
static bool is_settled(const char *folder)
{
	g_autofree char *lock = g_build_filename(folder, LOCK, NULL);
	struct stat info;

	if (g_file_test(lock, G_FILE_TEST_IS_REGULAR))
		return true;
	return lstat(folder, &info) == 0 &&
	       clock_now() - (usec_t)info.st_mtim.tv_sec * USEC_PER_SEC > SETTLES_AFTER;
}

static bool take_dead(const char *folder, struct file_lock *lock)
{
	g_autofree char *path = g_build_filename(folder, LOCK, NULL);

	return is_settled(folder) && file_lock_take(lock, path, 0, NULL);
}

/* False: it could not be removed. */
static bool sweep_one(const char *folder)
{
	struct file_lock lock = {0};
	g_autoptr(GError) trouble = NULL;
	bool done;

	if (!take_dead(folder, &lock))
		return true;
	log_info("removing what a run that died left in '%s'", folder);
	if (inhabitants_end(folder) > 0)
		log_warning(
			"processes of a run that died were still there, in '%s': they are ended",
			folder);
	done = sandbox_destroy(folder, &trouble);
	if (!done)
		log_warning("%s", trouble->message);
	file_lock_release(&lock);
	return done;
}

unsigned sandbox_sweep(const char *parent)
{
	g_autoptr(GDir) dir = g_dir_open(parent, 0, NULL);
	unsigned left = 0;

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *folder = g_build_filename(parent, name, NULL);

		left += g_str_has_prefix(name, PREFIX) && !sweep_one(folder);
	}
	return left;
}

static bool is_dead(const char *folder)
{
	struct file_lock lock = {0};

	if (!take_dead(folder, &lock))
		return false;
	file_lock_release(&lock);
	return true;
}

unsigned sandbox_dead(const char *parent)
{
	g_autoptr(GDir) dir = g_dir_open(parent, 0, NULL);
	unsigned dead = 0;

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *folder = g_build_filename(parent, name, NULL);

		dead += g_str_has_prefix(name, PREFIX) && is_dead(folder);
	}
	return dead;
}

void sandbox_clear(struct sandbox *sandbox)
{
	g_clear_pointer(&sandbox->root, g_free);
	g_clear_pointer(&sandbox->folder, g_free);
}

/* Its random end alone: the socket of a server has to have a short path. */
static const char *short_name(const char *run_id)
{
	const char *dash = strrchr(run_id, '-');

	return dash ? dash + 1 : run_id;
}

char *sandbox_path(const char *parent, const char *run_id)
{
	return g_strconcat(parent, "/" PREFIX, short_name(run_id), NULL);
}

bool sandbox_take_over(const char *root, struct file_lock *lock, GError **error)
{
	g_autofree char *path = g_build_filename(root, LOCK, NULL);

	return !g_file_test(path, G_FILE_TEST_IS_REGULAR) || file_lock_take(lock, path, 0, error);
}

bool sandbox_make(const char *parent, const char *run_id, struct sandbox *sandbox, GError **error)
{
	g_autofree char *folder = sandbox_path(parent, run_id);
	g_autofree char *lock = g_build_filename(folder, LOCK, NULL);

	if (!file_make_dirs(parent, 0700, error))
		return false;
	sandbox_sweep(parent);
	if (!file_make_dirs(folder, 0700, error))
		return false;
	sandbox->folder = g_strdup(folder);
	sandbox->root = g_steal_pointer(&folder);
	return file_lock_take(&sandbox->lock, lock, 0, error);
}

bool sandbox_seal(struct sandbox *sandbox, GError **error)
{
	g_autofree char *sealed = sandbox_sealed(sandbox->root);

	if (!folder_key_possible(sandbox->root, error) ||
	    !folder_key_make(sealed, sandbox->key, error))
		return false;
	g_free(sandbox->folder);
	sandbox->folder = g_steal_pointer(&sealed);
	return true;
}

void sandbox_remove(struct sandbox *sandbox)
{
	g_autoptr(GError) trouble = NULL;

	if (sandbox->root && !sandbox_destroy(sandbox->root, &trouble))
		log_warning("%s", trouble->message);
	file_lock_release(&sandbox->lock);
	sandbox_clear(sandbox);
}
