#include "ops/restore/steps.h"

#include "base/error.h"
#include "base/file.h"
#include "pg/control.h"
#include "pg/label.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static bool guard_running(const char *pgdata, GError **error)
{
	g_autofree char *pid = g_build_filename(pgdata, "postmaster.pid", NULL);
	struct stat status;

	if (lstat(pid, &status) == 0)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"'%s' exists: a server runs in this directory, or died in it; stop "
				"it, or remove the file if none runs",
				pid);
	return true;
}

/* Only our own half-done restore, or the same cluster, may be written over. */
static bool guard_foreign(const struct restore_request *request, GError **error)
{
	g_autofree char *mark = g_build_filename(request->pgdata, RESTORE_MARK, NULL);
	g_autofree char *version = g_build_filename(request->pgdata, "PG_VERSION", NULL);
	g_autofree char *armed = g_build_filename(request->pgdata, RESTORE_CONTROL, NULL);
	g_autoptr(GError) trouble = NULL;
	struct control control;
	struct stat status;

	if (lstat(mark, &status) == 0 && lstat(armed, &status) < 0 && errno == ENOENT)
		return true;
	if (lstat(version, &status) < 0)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"'%s' is not empty and not a data directory of PostgreSQL",
				request->pgdata);
	if (!control_read(request->pgdata, &control, NULL, &trouble))
		return odr_fail(error, ODR_ERROR_REFUSED,
				"'%s' cannot be told to be the same cluster: %s", request->pgdata,
				trouble->message);
	if (control.system_identifier != request->plan->manifest->system_identifier)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"'%s' holds another cluster: its system identifier is "
				"%" G_GUINT64_FORMAT ", the set's is %" G_GUINT64_FORMAT,
				request->pgdata, control.system_identifier,
				request->plan->manifest->system_identifier);
	return true;
}

bool restore_tablespaces(const struct restore_request *request, GHashTable **paths, GError **error)
{
	const char *text = request->plan->manifest->tablespace_map;
	GHashTableIter iter;
	gpointer oid, path;

	if (!tablespace_map_parse(text ? text : "", paths, error))
		return odr_context(error, "the set's tablespace_map is damaged");
	if (!request->tablespace_map)
		return true;
	g_hash_table_iter_init(&iter, request->tablespace_map);
	while (g_hash_table_iter_next(&iter, &oid, &path)) {
		if (!g_hash_table_contains(*paths, oid))
			return odr_fail(
				error, ODR_ERROR_USAGE,
				"--tablespace-map names %u, which is no tablespace of the set",
				GPOINTER_TO_UINT(oid));
		g_hash_table_replace(*paths, oid, g_strdup(path));
	}
	return true;
}

/* In place: the folder that this very data directory uses as the tablespace. */
static bool is_linked(const char *pgdata, guint oid, const char *path)
{
	g_autofree char *link = g_strdup_printf("%s/" RESTORE_TABLESPACES "%u", pgdata, oid);
	struct stat linked, wanted;

	return stat(link, &linked) == 0 && stat(path, &wanted) == 0 &&
	       linked.st_dev == wanted.st_dev && linked.st_ino == wanted.st_ino;
}

static bool guard_tablespaces(const struct restore_request *request, GError **error)
{
	g_autoptr(GHashTable) paths = NULL;
	GHashTableIter iter;
	gpointer oid, path;

	if (!restore_tablespaces(request, &paths, error))
		return false;
	g_hash_table_iter_init(&iter, paths);
	while (g_hash_table_iter_next(&iter, &oid, &path)) {
		if (!g_path_is_absolute(path))
			return odr_fail(error, ODR_ERROR_USAGE,
					"tablespace %u would go to '%s', which is no absolute path",
					GPOINTER_TO_UINT(oid), (char *)path);
		if (!file_is_empty_dir(path) &&
		    !(request->delta && is_linked(request->pgdata, GPOINTER_TO_UINT(oid), path)))
			return odr_fail(
				error, ODR_ERROR_REFUSED,
				"tablespace %u would go to '%s', which is not empty; map it "
				"elsewhere with --tablespace-map %u=DIR",
				GPOINTER_TO_UINT(oid), (char *)path, GPOINTER_TO_UINT(oid));
	}
	return true;
}

bool restore_guard_space(const struct restore_request *request, uint64_t bytes, GError **error)
{
	g_autofree char *folder = g_strdup(request->pgdata);
	struct statvfs space;

	while (statvfs(folder, &space) < 0) {
		char *parent = g_path_get_dirname(folder);

		if (errno != ENOENT || strcmp(parent, folder) == 0) {
			g_free(parent);
			return odr_fail_errno(error, errno, "cannot look at '%s'", folder);
		}
		g_free(folder);
		folder = parent;
	}
	uint64_t available = (uint64_t)space.f_bavail * space.f_frsize;

	if (!request->delta && !request->plan->manifest->tablespace_map && bytes > available) {
		g_autofree char *need = size_format(bytes);
		g_autofree char *have = size_format(available);

		return odr_fail(error, ODR_ERROR_NO_SPACE, "the %s needs %s, '%s' has %s",
				request->database ? "database" : "set", need, folder, have);
	}
	return true;
}

bool restore_guard(const struct restore_request *request, GError **error)
{
	const struct set_part *part = manifest_part(request->plan->manifest, PART_DATABASE);

	if (!g_path_is_absolute(request->pgdata))
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is no absolute path",
				request->pgdata);
	if (!guard_running(request->pgdata, error))
		return false;
	if (!file_is_empty_dir(request->pgdata)) {
		if (!guard_foreign(request, error))
			return false;
		if (!request->delta)
			return odr_fail(error, ODR_ERROR_REFUSED,
					"'%s' is not empty; with --delta what is there is compared "
					"and made equal to the set",
					request->pgdata);
	}
	/* How much one database of it takes is known once the set is read. */
	return guard_tablespaces(request, error) &&
	       (request->database || restore_guard_space(request, part->bytes, error));
}
