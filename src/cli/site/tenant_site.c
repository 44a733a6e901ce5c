#include "cli/site/tenant_site.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/line/output.h"
#include "cli/restore/target.h"
#include "cli/run/trail.h"
#include "cli/views/restore.h"

#include <stdio.h>

#define WARNINGS_MAX 20 /* of files; --json counts all */

void tenant_site_clear(struct tenant_site *site)
{
	g_clear_pointer(&site->tenant, tenant_free);
	sandbox_remove(&site->sandbox);
	restore_planning_clear(&site->planning);
	run_free(site->run);
	account_clear(&site->account);
	context_free(site->context);
	g_free(site->bin);
	g_free(site->keys);
	g_free(site->restore_command);
	g_free(site->end_command);
}

bool tenant_site_plan(struct tenant_site *site, const struct arguments *arguments, GError **error)
{
	struct restore_planning *planning = &site->planning;

	account_begin(&site->account);
	site->arguments = arguments;
	site->database = arguments_text(arguments, "database");
	site->bin = arguments_path(arguments, "postgres-bin");
	if (!restore_target_parse(arguments, &planning->target, &planning->current_timeline, error))
		return false;
	site->context = context_open(arguments, arguments_positional(arguments, 0), error);
	planning->context = site->context;
	return site->context && account_incident(site->context, &site->account.incident, error) &&
	       trail_identity(site->context, error) && context_repos(site->context, error) &&
	       context_workers(site->context, &site->workers, error) &&
	       restore_planning_make(planning, error);
}

void tenant_site_show_plan(const struct tenant_site *site)
{
	const struct arguments *arguments = site->arguments;
	const struct restore_planning *planning = &site->planning;
	bool plan_only = arguments_flag(arguments, "plan");
	struct restore_view view = {.plan = &planning->plan,
				    .target = &planning->target,
				    .troubles = planning->holdings.troubles,
				    .repository = store_name(planning->repo->store),
				    .pgdata = "a private server"};

	if (arguments_flag(arguments, "quiet") && !plan_only)
		return;
	if (!arguments_flag(arguments, "json"))
		restore_view_print(&view);
	else if (plan_only)
		json_out(restore_view_json(&view));
	else
		json_line("plan", restore_view_json(&view));
	fflush(stdout);
}

void tenant_site_begin(struct tenant_site *site, const char *command)
{
	account_located(&site->account, false);
	restore_planning_tell(&site->planning, site->account.facts);
	site->run = run_begin_recovery(site->context, command, &site->account);
}

static bool prepare(struct tenant_site *site, GError **error)
{
	g_autofree char *parent = arguments_path(site->arguments, "sandbox");

	/* What archive-get fetches ahead goes there, and it cannot make it itself. */
	if (!file_make_dirs(site->context->spool, 0700, error) ||
	    !sandbox_make(parent ? parent : site->context->spool, site->run->run_id, &site->sandbox,
			  error))
		return false;
	site->keys = g_build_filename(site->sandbox.folder, "keys", NULL);
	return file_make_dirs(site->keys, 0700, error) &&
	       context_recovery_commands(site->context, site->keys, &site->restore_command,
					 &site->end_command, error);
}

static void on_progress(void *data, const struct restore_progress *progress)
{
	(void)data;
	progress_update(progress->bytes_done, progress->bytes_total, progress->phase);
}

void tenant_site_tell(const GPtrArray *notes)
{
	for (guint i = 0; notes && i < notes->len; i++)
		log_warning("%s", (char *)notes->pdata[i]);
}

bool tenant_site_open(struct tenant_site *site, GError **error)
{
	const struct restore_planning *planning = &site->planning;
	const Context *context = site->context;
	usec_t from;

	if (!prepare(site, error))
		return false;
	site->writable[0] = site->keys;
	site->writable[1] = context->state;
	site->writable[2] = context->spool;
	site->request = (struct tenant_request){
		.repo = planning->repo,
		.identity = context->identity,
		.plan = &planning->plan,
		.target = &planning->target,
		.database = site->database,
		.folder = site->sandbox.folder,
		.bin = site->bin,
		.restore_command = site->restore_command,
		.recovery_end_command = site->end_command,
		.writable = arguments_flag(site->arguments, "unconfined") ? NULL : site->writable,
		.spool = context->spool,
		.run_id = site->run->run_id,
		.workers = site->workers,
		.progress = on_progress};
	from = clock_monotonic();
	site->tenant = tenant_open(&site->request, error);
	account_add(&site->account, &(struct account_phase){.phase = PHASE_REPLAY,
							    .component = PART_DATABASE,
							    .from = from,
							    .failed = !site->tenant});
	if (site->tenant)
		tenant_site_tell(tenant_notes(site->tenant));
	return site->tenant != NULL;
}

static void tell_of_files(const struct tenant_files *files)
{
	for (guint i = 0; i < files->proof.findings->len && i < WARNINGS_MAX; i++) {
		const struct proof_finding *finding = files->proof.findings->pdata[i];

		log_warning("file %s is %s%s (%s %" G_GINT64_FORMAT ")", finding->name,
			    proof_trouble_name(finding->trouble),
			    finding->baseline	   ? ", as it was at the source"
			    : finding->regenerable ? "; Odoo builds it again"
						   : "",
			    finding->model[0] ? finding->model : "attachment", finding->first_id);
	}
	if (files->gap && filestore_proof_new_damage(&files->proof) > 0)
		log_warning("%s", files->gap);
	if (files->elsewhere_text)
		log_warning("not covered: %s", files->elsewhere_text);
}

bool tenant_site_files(const struct tenant_site *site, const char *folder,
		       struct tenant_files *files, GError **error)
{
	const Context *context = site->context;

	if (!tenant_files(
		    &(struct tenant_files_request){.tenant = site->tenant,
						   .database = site->database,
						   .repo = site->planning.repo,
						   .identity = context->identity,
						   .span = restore_planning_span(&site->planning),
						   .folder = folder,
						   .spool = site->sandbox.folder,
						   .run_id = site->run->run_id,
						   .workers = site->workers,
						   .progress = on_progress},
		    files, error))
		return false;
	tell_of_files(files);
	return true;
}

bool tenant_site_files_judge(const struct tenant_files *files, GError **error)
{
	uint64_t wrong = filestore_proof_new_damage(&files->proof);

	return wrong == 0 || odr_fail(error, ODR_ERROR_PARTIAL,
				      "the database is there, but %" G_GUINT64_FORMAT
				      " files that it names are missing or damaged",
				      wrong);
}

json_t *tenant_site_files_json(const struct tenant_files *files)
{
	const struct filestore_proof *proof = &files->proof;
	json_t *object = json_object();

	json_set_int(object, "named", (int64_t)proof->named);
	json_set_int(object, "restored", (int64_t)files->restored.files);
	json_set_int(object, "bytes", (int64_t)files->restored.bytes);
	json_set_int(object, "missing", (int64_t)proof->missing);
	json_set_int(object, "damaged", (int64_t)(proof->wrong_size + proof->wrong_content));
	json_set_int(object, "at_source", (int64_t)proof->baseline);
	json_set_int(object, "regenerable", (int64_t)proof->regenerable);
	json_set_int(object, "new_damage", (int64_t)filestore_proof_new_damage(proof));
	json_set_string(object, "gap", files->gap);
	json_set(object, "elsewhere", json_incref(files->elsewhere));
	return object;
}
