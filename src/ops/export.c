#include "ops/export.h"

#include "base/error.h"
#include "base/file.h"
#include "base/stop.h"
#include "odoo/database.h"
#include "stream/zip.h"

#include <string.h>
#include <sys/stat.h>

void export_result_clear(struct export_result *result)
{
	g_clear_pointer(&result->series, g_free);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted: the same content gives the same zip. */
static GPtrArray *names_in(const char *folder)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));)
		g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_names);
	return names;
}

static bool add_file(ZipWriter *zip, const char *folder, const char *name,
		     struct export_result *result, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *part = g_path_get_basename(folder);
	g_autofree char *member = g_build_filename("filestore", part, name, NULL);
	struct stat status;

	if (!stop_check(error) || !zip_writer_file(zip, member, path, error))
		return false;
	result->files++;
	if (stat(path, &status) == 0)
		result->bytes += (uint64_t)status.st_size;
	return true;
}

static bool add_folder(ZipWriter *zip, const char *folder, struct export_result *result,
		       GError **error)
{
	g_autoptr(GPtrArray) names = names_in(folder);

	for (guint i = 0; i < names->len; i++)
		if (!add_file(zip, folder, names->pdata[i], result, error))
			return false;
	return true;
}

static bool add_filestore(ZipWriter *zip, const char *filestore, struct export_result *result,
			  GError **error)
{
	g_autoptr(GPtrArray) names = names_in(filestore);

	for (guint i = 0; i < names->len; i++) {
		g_autofree char *folder = g_build_filename(filestore, names->pdata[i], NULL);

		if (!add_folder(zip, folder, result, error))
			return false;
	}
	return true;
}

static bool fill(ZipWriter *zip, const struct export_request *request, const char *dump,
		 const OdooDatabase *database, struct export_result *result, GError **error)
{
	g_autofree char *manifest = odoo_database_manifest(database);

	return zip_writer_file(zip, "dump.sql", dump, error) &&
	       (!request->filestore || add_filestore(zip, request->filestore, result, error)) &&
	       zip_writer_bytes(zip, "manifest.json", manifest, strlen(manifest), error) &&
	       zip_writer_finish(zip, error);
}

static bool write_zip(const struct export_request *request, const char *dump,
		      const OdooDatabase *database, struct export_result *result, GError **error)
{
	g_autofree char *aside = g_strconcat(request->path, ".part", NULL);
	g_autoptr(ZipWriter) zip = zip_writer_new(aside, request->time, error);
	bool done;

	if (!zip)
		return false;
	done = fill(zip, request, dump, database, result, error) &&
	       file_publish(aside, request->path, error);
	if (!done)
		file_remove_tree(aside, NULL);
	return done;
}

bool export_odoo_zip(const Tenant *tenant, const struct export_request *request,
		     struct export_result *result, GError **error)
{
	g_autofree char *dump = g_build_filename(request->folder, "dump.sql", NULL);
	g_autoptr(Session) session = tenant_session(tenant, error);
	g_autoptr(OdooDatabase) database = session ? odoo_database_read(session, error) : NULL;
	struct export_result read = {0};

	if (!database ||
	    !tenant_dump(
		    tenant,
		    &(struct tenant_dump){.path = dump, .format = TENANT_PLAIN, .no_owner = true},
		    error) ||
	    !write_zip(request, dump, database, &read, error))
		return false;
	read.series = g_strdup(database->series);
	*result = read;
	return true;
}
