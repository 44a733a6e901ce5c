#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/run/run.h"
#include "cli/run/trail.h"
#include "cli/site/set_choice.h"
#include "cli/views/proof.h"
#include "odoo/attachments.h"
#include "odoo/names.h"
#include "ops/filestore/choice.h"
#include "pg/postmaster.h"
#include "repo/manifest.h"

#include <string.h>

/* ---- what was so at the source ------------------------------------------------------------------ */

/* The set that --set names; without a key, or without the option, nothing is known of the source. */
static bool read_baseline(Context *context, Run *run, struct set_found *found, GError **error)
{
	const char *name = arguments_text(context->arguments, "set");
	g_autofree char *set_id = NULL;

	if (!name)
		return true;
	return trail_identity(context, error) && context_repos(context, error) &&
	       set_choose(context, run->catalog,
			  &(struct set_name){.name = name, .part = PART_FILESTORE}, &set_id,
			  error) &&
	       set_load(context, set_id, found, error);
}

/* ---- one database ------------------------------------------------------------------------------- */

struct verifying {
	const struct arguments *arguments;
	const char *conninfo;
	char *filestore;
	unsigned workers;
	const Manifest *manifest; /* NULL: nothing is known of the source */
	Run *run;
	json_t *results;
	uint64_t wrong;
};

static void on_progress(void *data, uint64_t files)
{
	g_autofree char *text = count_format(files, "file");

	(void)data;
	progress_update(0, 0, text);
}

static void show(struct verifying *verifying, const struct proof_view *view)
{
	verifying->wrong += filestore_proof_new_damage(view->proof);
	if (verifying->results)
		json_array_append_new(verifying->results, proof_view_json(view));
	else if (!arguments_flag(verifying->arguments, "quiet"))
		proof_view_print(view);
}

static bool verify_database(struct verifying *verifying, const char *database,
			    const struct attachments *attachments, GError **error)
{
	g_autoptr(Session) session =
		session_open_database(verifying->conninfo, database, verifying->run->run_id, error);
	g_autofree char *folder = g_build_filename(verifying->filestore, database, NULL);
	g_autoptr(GHashTable) baseline = filestore_baseline(verifying->manifest, database);
	struct filestore_proof proof = {0};
	enum progress_mode mode;
	bool done;

	if (!session || !progress_mode_chosen(verifying->arguments, &mode, error))
		return false;
	progress_begin(mode, "verifying");
	done = filestore_prove(&(struct filestore_proof_request){.session = session,
								 .folder = folder,
								 .baseline = baseline,
								 .workers = verifying->workers,
								 .progress = on_progress},
			       &proof, error);
	progress_end();
	if (done)
		show(verifying, &(struct proof_view){.database = database,
						     .folder = folder,
						     .proof = &proof,
						     .attachments = attachments});
	filestore_proof_clear(&proof);
	return done || odr_context(error, "database '%s'", database);
}

/* ---- all of them -------------------------------------------------------------------------------- */

/* *is: it is one of Odoo's, and was verified. */
static bool verify_if_odoo(struct verifying *verifying, const char *database, bool *is,
			   GError **error)
{
	struct attachments attachments = {0};
	bool done;

	if (!attachments_count(&(struct attachments_source){.conninfo = verifying->conninfo,
							    .database = database,
							    .run_id = verifying->run->run_id},
			       &attachments, error))
		return false;
	*is = attachments.is_odoo;
	done = !*is || verify_database(verifying, database, &attachments, error);
	attachments_clear(&attachments);
	return done;
}

static bool verify_all(struct verifying *verifying, GError **error)
{
	g_autoptr(Session) session =
		session_open(verifying->conninfo, verifying->run->run_id, error);
	g_autoptr(GPtrArray) databases = NULL;
	unsigned verified = 0;

	if (!session || !session_databases(session, &databases, error))
		return false;
	for (guint i = 0; i < databases->len; i++) {
		const struct session_database *database = databases->pdata[i];
		bool is = false;

		if (g_str_has_prefix(database->name, "template") ||
		    !odoo_database_possible(database->name))
			continue;
		if (!verify_if_odoo(verifying, database->name, &is, error))
			return false;
		verified += is;
	}
	return verified > 0 ||
	       odr_fail(error, ODR_ERROR_NOT_FOUND, "no database of the cluster is one of Odoo's");
}

static bool verify_named(struct verifying *verifying, const char *name, GError **error)
{
	bool is = false;

	if (!odoo_database_possible(name))
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is no name of a folder", name);
	if (!verify_if_odoo(verifying, name, &is, error))
		return false;
	return is ||
	       odr_fail(error, ODR_ERROR_NOT_FOUND,
			"database '%s' is none of Odoo's: it has no table ir_attachment", name);
}

static bool verify(struct verifying *verifying, GError **error)
{
	const char *name = arguments_text(verifying->arguments, "database");

	if (!(name ? verify_named(verifying, name, error) : verify_all(verifying, error)))
		return false;
	if (verifying->results) {
		json_t *document = json_object();

		json_set(document, "databases", g_steal_pointer(&verifying->results));
		json_out(document);
	}
	return verifying->wrong == 0 ||
	       odr_fail(error, ODR_ERROR_FAILED,
			"%" G_GUINT64_FORMAT
			" files that the database names are missing or damaged",
			verifying->wrong);
}

/* The cluster to ask: that of --pgdata or --postgres, else the service's. g_free. */
static char *conninfo_of(const Context *context, GError **error)
{
	const char *postgres = arguments_text(context->arguments, "postgres");
	g_autofree char *pgdata = arguments_path(context->arguments, "pgdata");

	if (pgdata && postgres)
		odr_fail(error, ODR_ERROR_USAGE, "--pgdata and --postgres exclude each other");
	else if (pgdata)
		return postmaster_conninfo(pgdata, error);
	else if (!postgres && !context->service->postgres)
		odr_fail(error, ODR_ERROR_USAGE,
			 "service %s has no database; name one with --pgdata or --postgres",
			 context->service->name);
	else
		return g_strdup(postgres ? postgres : context->service->postgres);
	return NULL;
}

bool cmd_verify_filestore(const struct arguments *arguments, GError **error)
{
	g_autoptr(Context) context =
		context_open(arguments, arguments_positional(arguments, 0), error);
	struct verifying verifying = {.arguments = arguments};
	g_autofree char *conninfo = NULL;
	g_autofree char *filestore = arguments_path(arguments, "filestore");
	struct set_found found = {0};
	g_autoptr(Run) run = NULL;
	bool done;

	if (!context || !context_workers(context, &verifying.workers, error))
		return false;
	verifying.filestore = filestore;
	if (!filestore)
		return odr_fail(error, ODR_ERROR_USAGE,
				"verify filestore needs --filestore DIR, the folder with a folder "
				"for each database");
	verifying.conninfo = conninfo = conninfo_of(context, error);
	if (!conninfo)
		return false;
	verifying.run = run = run_begin(context, "verify");
	if (arguments_flag(arguments, "json"))
		verifying.results = json_array();
	done = read_baseline(context, run, &found, error);
	verifying.manifest = found.manifest;
	done = done && verify(&verifying, error);
	run_finish(run, done ? NULL : *error,
		   &(struct run_result){.set_id = found.manifest ? found.manifest->set_id : NULL});
	json_decref(verifying.results);
	set_found_clear(&found);
	return done;
}
