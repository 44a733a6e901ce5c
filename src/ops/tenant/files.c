#include "ops/tenant/files.h"

#include "base/error.h"
#include "base/file.h"
#include "odoo/attachments.h"
#include "odoo/names.h"

#include <string.h>

void tenant_files_clear(struct tenant_files *files)
{
	filestore_proof_clear(&files->proof);
	g_clear_pointer(&files->gap, g_free);
	g_clear_pointer(&files->elsewhere, json_decref);
	g_clear_pointer(&files->elsewhere_text, g_free);
}

static bool take_name(void *data, const struct expected_file *file, GError **error)
{
	(void)error;
	if (file->valid)
		g_hash_table_add(data, g_strdup(file->name));
	return true;
}

static bool restore_named(const struct tenant_files_request *request,
			  const struct filestore_choice *choice, Session *session,
			  struct tenant_files *files, GError **error)
{
	g_autoptr(GHashTable) wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	return expected_files(session, take_name, wanted, error) &&
	       restore_filestore(
		       &(struct restore_filestore_request){.repo = request->repo,
							   .identity = request->identity,
							   .choice = choice,
							   .folder = request->folder,
							   .tree = request->database,
							   .wanted = wanted,
							   .throw_away = request->throw_away,
							   .workers = request->workers,
							   .spool = request->spool,
							   .run_id = request->run_id,
							   .progress = request->progress,
							   .progress_data = request->progress_data},
		       &files->restored, error);
}

/* A database that names no file has a folder all the same: Odoo writes into it. */
static bool prove(const struct tenant_files_request *request, const struct filestore_choice *choice,
		  Session *session, struct tenant_files *files, GError **error)
{
	g_autofree char *folder = g_build_filename(request->folder, request->database, NULL);
	g_autoptr(GHashTable) baseline = filestore_choice_baseline(choice, request->database);

	return file_make_dirs(folder, 0755, error) &&
	       filestore_prove(&(struct filestore_proof_request){.session = session,
								 .folder = folder,
								 .baseline = baseline,
								 .workers = request->workers},
			       &files->proof, error);
}

/* What is in other stores is counted, and never passes for restored. */
static bool count_elsewhere(const struct tenant_files_request *request, struct tenant_files *files,
			    GError **error)
{
	g_autofree char *conninfo = tenant_conninfo(request->tenant);
	struct attachments attachments = {0};

	if (!attachments_count(&(struct attachments_source){.conninfo = conninfo,
							    .database = request->database,
							    .run_id = request->run_id},
			       &attachments, error))
		return false;
	files->elsewhere = attachments_json(&attachments);
	files->elsewhere_text = attachments_elsewhere(&attachments);
	bool is_odoo = attachments.is_odoo;

	attachments_clear(&attachments);
	return is_odoo || odr_fail(error, ODR_ERROR_REFUSED,
				   "'%s' is no database of Odoo: it has no table ir_attachment",
				   request->database);
}

static bool bring_files(const struct tenant_files_request *request,
			struct filestore_holdings *holdings, struct tenant_files *files,
			GError **error)
{
	struct filestore_choice choice = {0};
	g_autoptr(Session) session = tenant_session(request->tenant, error);
	bool done = session &&
		    filestore_holdings_choose(holdings, &request->span, &choice, error) &&
		    restore_named(request, &choice, session, files, error) &&
		    prove(request, &choice, session, files, error);

	files->gap = g_strdup(choice.gap);
	filestore_choice_clear(&choice);
	return done;
}

bool tenant_files(const struct tenant_files_request *request, struct tenant_files *files,
		  GError **error)
{
	struct filestore_holdings holdings = {0};
	bool done;

	if (!odoo_database_possible(request->database))
		return odr_fail(error, ODR_ERROR_REFUSED, "'%s' can be no name of a folder",
				request->database);
	done = count_elsewhere(request, files, error) &&
	       filestore_holdings_read(request->repo, request->identity, &holdings, error) &&
	       bring_files(request, &holdings, files, error);
	filestore_holdings_clear(&holdings);
	return done;
}
