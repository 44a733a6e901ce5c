#include "cli/restore/part.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/line/next_command.h"
#include "cli/line/output.h"
#include "cli/restore/target.h"
#include "cli/views/set.h"
#include "ops/restore/filestore.h"

#include <stdio.h>
#include <string.h>

#define NAME_WIDTH 15

struct restoring {
	const struct arguments *arguments;
	const Context *context; /* the site's */
	struct restore_target target;
	char *folder;
	bool has_moment; /* of the database that it belongs to */
	struct filestore_span span;
	struct filestore_holdings holdings;
	struct filestore_choice choice; /* refers to the holdings */
	Repo *repo;
};

static void restoring_free(void *part)
{
	struct restoring *restoring = part;

	if (!restoring)
		return;
	filestore_choice_clear(&restoring->choice);
	filestore_holdings_clear(&restoring->holdings);
	g_free(restoring->folder);
	g_free(restoring);
}

static void *parse(const struct restore_site *site, GError **error)
{
	struct restoring *restoring = g_new0(struct restoring, 1);
	bool current;

	restoring->arguments = site->arguments;
	restoring->folder = arguments_path(site->arguments, "filestore");
	if (!restoring->folder && !arguments_flag(site->arguments, "plan"))
		odr_fail(error, ODR_ERROR_USAGE,
			 "--part " PART_FILESTORE " needs --filestore DIR, a new folder for it");
	else if (restore_target_parse(site->arguments, &restoring->target, &current, error))
		return restoring;
	restoring_free(restoring);
	return NULL;
}

/* ---- the plan ---------------------------------------------------------------------------------- */

/* --set, of a filestore alone: what that very capture found. */
static bool choose_set(struct restoring *restoring, GError **error)
{
	const Manifest *manifest = NULL;

	if (!filestore_holdings_set(&restoring->holdings, restoring->target.set, &manifest, error))
		return false;
	restoring->choice.base = manifest;
	restoring->choice.base_began = manifest_part_started(manifest, PART_FILESTORE);
	restoring->choice.later = g_ptr_array_new();
	return true;
}

/* Without a database it is told by a time or a mark, if by anything. */
static bool find_moment(struct restoring *restoring, Repo *repo, GError **error)
{
	struct restore_target *target = &restoring->target;

	if (restoring->has_moment)
		return true;
	if (!restore_target_find(target, repo, restoring->context->identity, error))
		return false;
	if (target->type == RECOVERY_TIME || target->type == RECOVERY_NAME)
		restoring->span = (struct filestore_span){target->time, target->time};
	return true;
}

static bool plan_from(void *part, Repo *repo, GError **error)
{
	struct restoring *restoring = part;
	const char *set = restoring->target.set;
	bool alone;

	filestore_choice_clear(&restoring->choice);
	filestore_holdings_clear(&restoring->holdings);
	restoring->repo = repo;
	if (!find_moment(restoring, repo, error))
		return false;
	alone = restoring->span.from == 0;
	if (!filestore_holdings_read(repo, restoring->context->identity, &restoring->holdings,
				     error))
		return false;
	if (alone && set && strcmp(set, "auto") != 0)
		return choose_set(restoring, error);
	return filestore_holdings_choose(&restoring->holdings,
					 alone ? &(struct filestore_span){G_MAXINT64, G_MAXINT64}
					       : &restoring->span,
					 &restoring->choice, error);
}

static bool plan(void *part, struct restore_site *site, GError **error)
{
	struct restoring *restoring = part;

	restoring->context = site->context;
	restoring->has_moment = site->has_moment;
	if (site->has_moment)
		restoring->span = site->moment;
	return (!restoring->folder || restore_filestore_guard(restoring->folder, error)) &&
	       restore_part_from(site->context, plan_from, restoring, error);
}

/* Nothing is missing where the newest capture is what was asked for. */
static const char *gap_of(const struct restoring *restoring)
{
	return restoring->span.from == 0 ? NULL : restoring->choice.gap;
}

static json_t *plan_json(const struct restoring *restoring)
{
	const struct filestore_choice *choice = &restoring->choice;
	json_t *plan = json_object();
	json_t *sets = json_array();

	if (choice->base)
		json_array_append_new(sets, json_string(choice->base->set_id));
	for (guint i = 0; i < choice->later->len; i++)
		json_array_append_new(
			sets, json_string(((const Manifest *)choice->later->pdata[i])->set_id));
	json_set_string(plan, "part", PART_FILESTORE);
	json_set_string(plan, "repository", store_name(restoring->repo->store));
	json_set(plan, "sets", sets);
	json_set_known_time(plan, "last_before", choice->base_began);
	json_set_known_time(plan, "first_after", choice->after_began);
	json_set_string(plan, "gap", gap_of(restoring));
	json_set_string(plan, "folder", restoring->folder);
	return plan;
}

static void print_set(const Manifest *manifest, const char *name)
{
	const struct set_part *part = manifest_part(manifest, PART_FILESTORE);
	g_autofree char *began = time_with_age(manifest_part_started(manifest, PART_FILESTORE));
	g_autofree char *files = count_format(part->files, "file");
	g_autofree char *size = size_format(part->bytes);

	output_line(NAME_WIDTH, name, "%s, begun %s: %s, %s", manifest->set_id, began, files, size);
}

static void show(const void *part, const struct restore_site *site)
{
	const struct restoring *restoring = part;
	const struct filestore_choice *choice = &restoring->choice;

	for (guint i = 0; i < restoring->holdings.troubles->len; i++)
		log_warning("%s", (char *)restoring->holdings.troubles->pdata[i]);
	if (arguments_flag(site->arguments, "json")) {
		restore_part_json(site, plan_json(restoring));
		return;
	}
	if (choice->base)
		print_set(choice->base, "set");
	for (guint i = 0; i < choice->later->len; i++)
		print_set(choice->later->pdata[i], "and from set");
	output_line(NAME_WIDTH, "repository", "%s", store_name(restoring->repo->store));
	output_line(NAME_WIDTH, "into", "%s",
		    restoring->folder ? restoring->folder : "(--filestore)");
	if (gap_of(restoring))
		output_line(NAME_WIDTH, "warning", "%s", gap_of(restoring));
}

/* ---- carrying out ------------------------------------------------------------------------------- */

static void on_progress(void *data, const struct restore_progress *progress)
{
	(void)data;
	progress_update(progress->bytes_done, progress->bytes_total, progress->phase);
}

static const Manifest *first_set(const struct restoring *restoring)
{
	const struct filestore_choice *choice = &restoring->choice;

	return choice->base ? choice->base : choice->later->pdata[0];
}

/* Asks the server of the database that was restored beside it, or, of a filestore alone, the service's. */
static void suggest_proof(const struct restoring *restoring, const struct restore_site *site)
{
	const struct settings_service *service = restoring->context->service;
	const char *words[12] = {"verify", "filestore", service->name, "--filestore",
				 restoring->folder};
	size_t count = 5;

	if (site->pgdata) {
		words[count++] = "--pgdata";
		words[count++] = site->pgdata;
	}
	/* A set that is seen only as of a time cannot be asked for what it records. */
	if (!restoring->context->as_of) {
		words[count++] = "--set";
		words[count++] = first_set(restoring)->set_id;
	}

	g_autofree char *command = next_command(restoring->arguments, words);

	if (site->pgdata || service->postgres)
		printf("When the database is up: %s\n", command);
}

static void report(const struct restoring *restoring, const struct restore_site *site,
		   const struct restore_filestore_result *result, usec_t elapsed)
{
	g_autofree char *files = count_format(result->files, "file");
	g_autofree char *size = size_format(result->bytes);
	g_autofree char *time = duration_format(elapsed);

	if (arguments_flag(restoring->arguments, "json")) {
		json_t *summary = json_object();

		json_set_string(summary, "part", PART_FILESTORE);
		json_set_string(summary, "folder", restoring->folder);
		json_set_int(summary, "files", (int64_t)result->files);
		json_set_int(summary, "bytes", (int64_t)result->bytes);
		json_set_int(summary, "elapsed_us", elapsed);
		json_line("summary", summary);
	} else if (!arguments_flag(restoring->arguments, "quiet")) {
		printf("\nRestored %s of the filestore (%s) in %s.\n", files, size, time);
		suggest_proof(restoring, site);
	}
}

static bool run(void *part, const struct restore_site *site, GError **error)
{
	struct restoring *restoring = part;
	struct restore_filestore_result result;
	usec_t since = clock_monotonic();
	enum progress_mode mode;
	unsigned workers;
	bool done;

	if (!context_workers(site->context, &workers, error) ||
	    !progress_mode_chosen(site->arguments, &mode, error) ||
	    !file_make_dirs(site->context->spool, 0700, error))
		return false;
	progress_begin(mode, "restoring");
	done = restore_filestore(
		&(struct restore_filestore_request){.repo = restoring->repo,
						    .identity = site->context->identity,
						    .choice = &restoring->choice,
						    .folder = restoring->folder,
						    .workers = workers,
						    .spool = site->context->spool,
						    .run_id = site->run->run_id,
						    .progress = on_progress},
		&result, error);
	progress_end();
	if (done)
		report(restoring, site, &result, clock_monotonic() - since);
	return done;
}

static struct run_result result_of(const void *part)
{
	const Manifest *manifest = first_set(part);

	return (struct run_result){.set_id = manifest->set_id,
				   .bytes = manifest_part(manifest, PART_FILESTORE)->bytes};
}

static void tell(const void *part, json_t *facts)
{
	json_set_known_time(facts, "filestore_began",
			    ((const struct restoring *)part)->choice.base_began);
}

const struct restore_part_class restore_filestore_part = {.name = PART_FILESTORE,
							  .parse = parse,
							  .plan = plan,
							  .show = show,
							  .run = run,
							  .result = result_of,
							  .tell = tell,
							  .free = restoring_free};
