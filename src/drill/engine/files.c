/* The filestore beside the database: all of it at once, or, of one database, what that names when it is there. */
#include "base/error.h"
#include "base/file.h"
#include "drill/engine/engine.h"
#include "odoo/expected.h"
#include "odoo/names.h"

static bool restore_files(void *data, GError **error)
{
	struct drill_files *files = data;
	bool done;

	files->span = (struct drill_span){.phase = PHASE_FILESTORE,
					  .component = PART_FILESTORE,
					  .began = clock_now(),
					  .from = clock_monotonic()};
	done = restore_filestore(&files->request, &files->result, error);
	files->span.to = clock_monotonic();
	files->span.failed = !done;
	files->span.bytes = files->result.bytes;
	files->span.objects = files->result.files;
	return done;
}

static bool take_name(void *data, const struct expected_file *file, GError **error)
{
	(void)error;
	if (file->valid)
		g_hash_table_add(data, g_strdup(file->name));
	return true;
}

/* *is_odoo false: it is none of Odoo's, and has no files. */
static bool look_at_database(Drill *drill, const char *database, bool *is_odoo, GError **error)
{
	g_autofree char *conninfo = replica_conninfo(drill->replica);
	g_autoptr(Session) session =
		session_open_database(conninfo, database, drill->request->run_id, error);
	g_autoptr(OdooDatabase) odoo = NULL;
	g_autoptr(GError) trouble = NULL;

	if (!session)
		return false;
	odoo = odoo_database_possible(database) ? odoo_database_read(session, &trouble) : NULL;
	*is_odoo = odoo != NULL;
	drill->files.names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (odoo)
		return expected_files(session, take_name, drill->files.names, error);
	if (!trouble || odr_error_is(trouble, ODR_ERROR_REFUSED))
		return true;
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}

bool drill_files_start(Drill *drill, const char *database, GError **error)
{
	const struct drill_request *request = drill->request;
	struct drill_files *files = &drill->files;
	bool any = true;

	if (!files->wanted)
		return true;
	files->folder = g_build_filename(drill->sandbox.folder, "filestore", NULL);
	/* Where nobody can ask it yet, all that was captured of it. */
	if (database && !drill->locked && !look_at_database(drill, database, &any, error))
		return odr_context(error, "database '%s'", database);
	if (!any)
		return true;
	files->request = (struct restore_filestore_request){.repo = drill->repo,
							    .identity = drill->means.identity,
							    .choice = &files->choice,
							    .folder = files->folder,
							    .tree = database,
							    .wanted = files->names,
							    .throw_away = true,
							    .workers = request->workers,
							    .spool = drill->sandbox.folder,
							    .run_id = request->run_id};
	files->task = task_start(restore_files, files, error);
	return files->task != NULL;
}

/* A database that names no file has a folder all the same. */
static bool make_folder(const struct drill_files *files, GError **error)
{
	g_autofree char *folder =
		files->request.tree ? g_build_filename(files->folder, files->request.tree, NULL)
				    : NULL;

	return !folder || file_make_dirs(folder, 0755, error);
}

bool drill_files_end(Drill *drill, GError **error)
{
	struct task *task = g_steal_pointer(&drill->files.task);
	bool done = task_wait(task, error) && make_folder(&drill->files, error);

	if (task)
		g_array_append_val(drill->spans, drill->files.span);
	if (task && done)
		drill->files_ready = drill->files.span.to;
	return done || odr_context(error, "the filestore");
}
