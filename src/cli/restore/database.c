#include "cli/restore/part.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/line/output.h"
#include "cli/restore/planning.h"
#include "cli/restore/target.h"
#include "cli/run/run.h"
#include "cli/run/trail.h"
#include "cli/site/context.h"
#include "cli/views/restore.h"

#include <stdio.h>
#include <string.h>

#define RATE_FACT "restore.bytes_per_second"

/* ---- options ------------------------------------------------------------------------------- */

static bool parse_action(const struct arguments *arguments, const struct restore_target *target,
			 enum recovery_action *action, GError **error)
{
	const char *text = arguments_text(arguments, "target-action");

	*action = target->type == RECOVERY_DEFAULT ? RECOVERY_PROMOTE : RECOVERY_PAUSE;
	if (!text)
		return true;
	if (strcmp(text, "pause") == 0)
		*action = RECOVERY_PAUSE;
	else if (strcmp(text, "promote") == 0)
		*action = RECOVERY_PROMOTE;
	else if (strcmp(text, "shutdown") == 0)
		*action = RECOVERY_SHUTDOWN;
	else
		return odr_fail(error, ODR_ERROR_USAGE,
				"--target-action is pause, promote or shutdown, not '%s'", text);
	return true;
}

static bool parse_tablespaces(const struct arguments *arguments, GHashTable **map, GError **error)
{
	const GPtrArray *list = arguments_list(arguments, "tablespace-map");
	g_autoptr(GHashTable) paths = g_hash_table_new_full(NULL, NULL, NULL, g_free);

	for (guint i = 0; list && i < list->len; i++) {
		const char *text = list->pdata[i];
		const char *sign = strchr(text, '=');
		g_autofree char *number = sign ? g_strndup(text, (gsize)(sign - text)) : NULL;
		guint64 oid;

		if (!sign || sign[1] != '/' ||
		    !g_ascii_string_to_unsigned(number, 10, 1, G_MAXUINT32, &oid, NULL))
			return odr_fail(
				error, ODR_ERROR_USAGE,
				"--tablespace-map is OID=DIR with an absolute folder, not '%s'",
				text);
		g_hash_table_replace(paths, GUINT_TO_POINTER((guint)oid), g_strdup(sign + 1));
	}
	*map = g_steal_pointer(&paths);
	return true;
}

/* ---- the plan ------------------------------------------------------------------------------ */

struct restoring {
	const struct arguments *arguments;
	Context *context; /* the site's */
	struct restore_planning planning;
	enum recovery_action action;
	GHashTable *tablespaces;
	char *pgdata, *config_directory;
	Catalog *catalog; /* NULL: none could be opened; it only gives the measured rate */
	uint64_t rate;
};

static void restoring_free(void *part)
{
	struct restoring *restoring = part;

	if (!restoring)
		return;
	restore_planning_clear(&restoring->planning);
	g_clear_pointer(&restoring->tablespaces, g_hash_table_unref);
	g_clear_pointer(&restoring->catalog, catalog_close);
	g_free(restoring->pgdata);
	g_free(restoring->config_directory);
	g_free(restoring);
}

static void read_rate(struct restoring *restoring)
{
	g_autofree char *value = NULL;
	bool renewed;

	restoring->catalog = run_catalog(restoring->context, &renewed, NULL);
	if (restoring->catalog && catalog_fact(restoring->catalog, RATE_FACT, &value, NULL) &&
	    value)
		restoring->rate = g_ascii_strtoull(value, NULL, 10);
}

static void show(const void *part, const struct restore_site *site)
{
	const struct restoring *restoring = part;
	const struct restore_planning *planning = &restoring->planning;
	struct restore_view view = {.plan = &planning->plan,
				    .target = &planning->target,
				    .troubles = planning->holdings.troubles,
				    .repository = store_name(planning->repo->store),
				    .pgdata = restoring->pgdata,
				    .rate = restoring->rate};

	if (arguments_flag(restoring->arguments, "json"))
		restore_part_json(site, restore_view_json(&view));
	else
		restore_view_print(&view);
}

/* ---- carrying out --------------------------------------------------------------------------- */

static bool confirm(const struct restoring *restoring, const Run *run, GError **error)
{
	if (file_is_empty_dir(restoring->pgdata))
		return true;
	g_autofree char *question = g_strdup_printf(
		"What is in '%s' will be written over. WAL that lies in its pg_wal and "
		"was not archived is lost.",
		restoring->pgdata);

	return trail_confirm(run, question, error);
}

static void on_progress(void *data, const struct restore_progress *progress)
{
	(void)data;
	progress_update(progress->bytes_done, progress->bytes_total, progress->phase);
}

/* As Debian has it: a server cannot be started on the data directory alone. */
static bool has_configuration_outside(const Manifest *manifest)
{
	const char *file = NULL;

	json_string_optional(manifest->server, "server", "config_file", &file, NULL);
	return file && manifest->data_directory &&
	       !g_str_has_prefix(file, manifest->data_directory);
}

static void report(const struct restoring *restoring, const struct restore_result *result,
		   usec_t elapsed)
{
	g_autofree char *time = duration_format(elapsed);
	g_autofree char *written = size_format(result->written);
	g_autofree char *kept = count_format(result->kept, "file");
	const char *set = restoring->planning.plan.manifest->set_id;

	if (arguments_flag(restoring->arguments, "json")) {
		json_t *summary = json_object();

		json_set_string(summary, "part", PART_DATABASE);
		json_set_string(summary, "set", set);
		json_set_string(summary, "pgdata", restoring->pgdata);
		json_set_int(summary, "files", (int64_t)result->files);
		json_set_int(summary, "bytes", (int64_t)result->bytes);
		json_set_int(summary, "written", (int64_t)result->written);
		json_set_int(summary, "kept_files", (int64_t)result->kept);
		json_set_int(summary, "elapsed_us", elapsed);
		json_line("summary", summary);
		return;
	}
	if (arguments_flag(restoring->arguments, "quiet"))
		return;
	printf("\nRestored set %s in %s: %s written", set, time, written);
	if (result->kept)
		printf(", %s the same already", kept);
	printf(".\n");
	if (has_configuration_outside(restoring->planning.plan.manifest))
		printf("The server's configuration lay outside its data directory: "
		       "odrbackup-recovery(7) tells how to put it back%s.\n",
		       restoring->config_directory ? "" : " (--with-config)");
	else
		printf("Start it with: pg_ctl -D %s -w start\n", restoring->pgdata);
}

static void remember_rate(struct restoring *restoring, const struct restore_result *result,
			  usec_t elapsed)
{
	/* Small restores measure the start of the program, not the machine. */
	if (!restoring->catalog || result->written < ((uint64_t)64 << 20) || elapsed <= 0)
		return;
	g_autofree char *rate =
		g_strdup_printf("%.0f", (double)result->written / ((double)elapsed / USEC_PER_SEC));

	catalog_fact_set(restoring->catalog, RATE_FACT, rate, NULL);
}

static bool run(void *part, const struct restore_site *site, GError **error)
{
	struct restoring *restoring = part;
	const Context *context = site->context;
	struct restore_result result = {0};
	usec_t since = clock_monotonic();
	g_autofree char *command = NULL;
	g_autofree char *end = NULL;
	unsigned workers;
	enum progress_mode mode;

	if (!context_workers(context, &workers, error) ||
	    !progress_mode_chosen(restoring->arguments, &mode, error))
		return false;
	struct restore_request request = {
		.repo = restoring->planning.repo,
		.identity = context->identity,
		.plan = &restoring->planning.plan,
		.target = &restoring->planning.target,
		.action = restoring->action,
		.pgdata = restoring->pgdata,
		.tablespace_map = restoring->tablespaces,
		.config_directory = restoring->config_directory,
		.delta = arguments_flag(restoring->arguments, "delta"),
		.workers = workers,
		.verify_with = arguments_text(restoring->arguments, "verify-with"),
		.spool = context->spool,
		.progress = on_progress};

	if (!restore_guard(&request, error) || !confirm(restoring, site->run, error) ||
	    !context_recovery_commands(restoring->context, context->state, &command, &end, error))
		return false;
	request.restore_command = command;
	request.recovery_end_command = end;
	progress_begin(mode, "restoring");
	bool done = restore_run(&request, &result, error);

	progress_end();
	if (done) {
		for (guint i = 0; i < result.notes->len; i++)
			log_info("%s", (char *)result.notes->pdata[i]);
		remember_rate(restoring, &result, clock_monotonic() - since);
		report(restoring, &result, clock_monotonic() - since);
	}
	restore_result_clear(&result);
	return done;
}

static void *parse(const struct restore_site *site, GError **error)
{
	const struct arguments *arguments = site->arguments;
	struct restoring *restoring = g_new0(struct restoring, 1);
	struct restore_planning *planning = &restoring->planning;

	restoring->arguments = arguments;
	restoring->pgdata = arguments_path(arguments, "pgdata");
	/* With the part config its folder is that of the option; files of PostgreSQL's are among it. */
	if (!site->several || !restore_wants(arguments, PART_CONFIG))
		restoring->config_directory = arguments_path(arguments, "with-config");
	if (!restoring->pgdata && !arguments_flag(arguments, "plan"))
		odr_fail(error, ODR_ERROR_USAGE,
			 "restore needs --pgdata, the folder to restore into");
	else if (restore_target_parse(arguments, &planning->target, &planning->current_timeline,
				      error) &&
		 parse_action(arguments, &planning->target, &restoring->action, error) &&
		 parse_tablespaces(arguments, &restoring->tablespaces, error))
		return restoring;
	restoring_free(restoring);
	return NULL;
}

static bool plan(void *part, struct restore_site *site, GError **error)
{
	struct restoring *restoring = part;

	restoring->context = site->context;
	restoring->planning.context = site->context;
	if (!restore_planning_make(&restoring->planning, error))
		return false;
	read_rate(restoring);
	site->pgdata = restoring->pgdata;
	site->has_moment = true;
	site->moment = restore_planning_span(&restoring->planning);
	return true;
}

static struct run_result result_of(const void *part)
{
	const Manifest *manifest = ((const struct restoring *)part)->planning.plan.manifest;

	return (struct run_result){.set_id = manifest->set_id,
				   .bytes = manifest_part(manifest, PART_DATABASE)->bytes};
}

static void tell(const void *part, json_t *facts)
{
	restore_planning_tell(&((const struct restoring *)part)->planning, facts);
}

const struct restore_part_class restore_database_part = {.name = PART_DATABASE,
							 .parse = parse,
							 .plan = plan,
							 .show = show,
							 .run = run,
							 .result = result_of,
							 .tell = tell,
							 .free = restoring_free};
