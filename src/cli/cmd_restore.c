#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output.h"
#include "cli/restore_view.h"
#include "cli/run.h"
#include "ops/restore.h"

#include <stdio.h>
#include <string.h>

#define RATE_FACT "restore.bytes_per_second"

/* ---- options ------------------------------------------------------------------------------- */

static bool parse_xid(const char *text, GError **error)
{
	guint64 number;

	if (g_ascii_string_to_unsigned(text, 10, 3, G_MAXUINT64, &number, NULL))
		return true;
	return odr_fail(error, ODR_ERROR_USAGE, "'%s' is not a transaction id", text);
}

static bool parse_point(const char *text, struct restore_target *target, GError **error)
{
	switch (target->type) {
	case RECOVERY_TIME:
		return clock_parse(text, &target->time, error);
	case RECOVERY_LSN:
		return lsn_parse(text, &target->lsn, error);
	case RECOVERY_XID:
		target->xid = text;
		return parse_xid(text, error);
	case RECOVERY_NAME:
		target->name = text;
		if (text[0] && strlen(text) <= 63)
			return true;
		return odr_fail(error, ODR_ERROR_USAGE,
				"the name of a restore point has 1 to 63 bytes");
	default:
		return odr_fail(error, ODR_ERROR_USAGE, "--type %s takes no --target",
				recovery_type_name(target->type));
	}
}

static bool wants_point(enum recovery_type type)
{
	return type == RECOVERY_TIME || type == RECOVERY_NAME || type == RECOVERY_LSN ||
	       type == RECOVERY_XID;
}

static bool parse_timeline(const char *text, struct restore_target *target, bool *current,
			   GError **error)
{
	guint64 number;

	*current = text && strcmp(text, "current") == 0;
	if (!text || *current || strcmp(text, "latest") == 0)
		return true;
	if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &number, NULL))
		return odr_fail(
			error, ODR_ERROR_USAGE,
			"--target-timeline is a number in decimal, current or latest, not '%s'",
			text);
	target->timeline = (uint32_t)number;
	return true;
}

static bool parse_target(const struct arguments *arguments, struct restore_target *target,
			 bool *current_timeline, GError **error)
{
	const char *type = arguments_text(arguments, "type");
	const char *point = arguments_text(arguments, "target");

	if (type && !recovery_type_parse(type, &target->type))
		return odr_fail(
			error, ODR_ERROR_USAGE,
			"--type is default, immediate, time, name, lsn, xid or standby, not '%s'",
			type);
	if (!type && point)
		return odr_fail(error, ODR_ERROR_USAGE,
				"--target needs --type: time, name, lsn or xid");
	if (wants_point(target->type) && !point)
		return odr_fail(error, ODR_ERROR_USAGE, "--type %s needs --target", type);
	target->exclusive = arguments_flag(arguments, "target-exclusive");
	target->set = arguments_text(arguments, "set");
	return (!point || parse_point(point, target, error)) &&
	       parse_timeline(arguments_text(arguments, "target-timeline"), target,
			      current_timeline, error);
}

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

/* ---- planning ------------------------------------------------------------------------------ */

struct restoring {
	Context *context;
	const struct arguments *arguments;
	struct restore_target target;
	enum recovery_action action;
	GHashTable *tablespaces;
	char *pgdata, *config_directory;
	struct restore_holdings holdings;
	struct restore_plan plan;
	Repo *repo;
	Catalog *catalog; /* NULL: none could be opened; it only gives the measured rate */
	uint64_t rate;
};

static void restoring_clear(struct restoring *restoring)
{
	restore_plan_clear(&restoring->plan);
	restore_holdings_clear(&restoring->holdings);
	g_clear_pointer(&restoring->tablespaces, g_hash_table_unref);
	g_clear_pointer(&restoring->catalog, catalog_close);
	g_free(restoring->pgdata);
	g_free(restoring->config_directory);
	context_free(restoring->context);
}

static bool is_listed(const struct restore_holdings *holdings, const char *set_id)
{
	for (guint i = 0; i < holdings->manifests->len; i++)
		if (strcmp(((const Manifest *)holdings->manifests->pdata[i])->set_id, set_id) == 0)
			return true;
	return false;
}

/* A set that is there but does not verify is not one that never was. */
static void explain_absence(const struct restoring *restoring, Repo *repo,
			    const struct restore_holdings *holdings, GError **error)
{
	const char *set = restoring->target.set;
	g_autoptr(Manifest) manifest = NULL;
	g_autoptr(GError) cause = NULL;

	if (!error || !odr_error_is(*error, ODR_ERROR_NOT_FOUND))
		return;
	if (set && set_id_valid(set)) {
		if (is_listed(holdings, set) ||
		    manifest_load(repo, restoring->context->identity, set, &manifest, &cause) ||
		    odr_error_is(cause, ODR_ERROR_NOT_FOUND))
			return;
	} else if (holdings->manifests->len == 0 && holdings->troubles->len > 0) {
		odr_fail(&cause, ODR_ERROR_CORRUPT,
			 "the repository holds no set of this service that verifies");
	} else {
		return;
	}
	g_clear_error(error);
	g_propagate_error(error, g_steal_pointer(&cause));
}

static bool plan_from(struct restoring *restoring, Repo *repo, bool current_timeline,
		      GError **error)
{
	struct restore_holdings holdings = {0};
	struct restore_plan plan = {0};

	if (!restore_holdings_read(repo, restoring->context->identity, &holdings, error))
		return false;
	struct restore_source source = {.manifests = holdings.manifests,
					.ranges = holdings.ranges,
					.histories = holdings.histories};
	bool planned = restore_plan(&source, &restoring->target, &plan, error);

	if (planned && current_timeline) {
		restoring->target.timeline = plan.manifest->wal->timeline;
		restore_plan_clear(&plan);
		planned = restore_plan(&source, &restoring->target, &plan, error);
	}
	if (!planned) {
		for (guint i = 0; i < holdings.troubles->len; i++)
			log_warning("%s", (char *)holdings.troubles->pdata[i]);
		explain_absence(restoring, repo, &holdings, error);
		restore_holdings_clear(&holdings);
		return false;
	}
	restoring->repo = repo;
	restoring->holdings = holdings;
	restoring->plan = plan;
	return true;
}

/* The first repository from which the target can be reached. */
static bool make_plan(struct restoring *restoring, bool current_timeline, GError **error)
{
	const GPtrArray *repos = restoring->context->repos;

	for (guint i = 0; i < repos->len; i++) {
		g_autoptr(GError) trouble = NULL;

		if (plan_from(restoring, repos->pdata[i], current_timeline, &trouble))
			return true;
		if (i + 1 == repos->len) {
			g_propagate_error(error, g_steal_pointer(&trouble));
			return false;
		}
		log_warning("%s", trouble->message);
	}
	return odr_fail(error, ODR_ERROR_USAGE, "the service has no repository");
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

static void show_plan(struct restoring *restoring, bool json)
{
	struct restore_view view = {.plan = &restoring->plan,
				    .target = &restoring->target,
				    .troubles = restoring->holdings.troubles,
				    .repository = store_name(restoring->repo->store),
				    .pgdata = restoring->pgdata,
				    .rate = restoring->rate};

	if (!json)
		restore_view_print(&view);
	else if (arguments_flag(restoring->arguments, "plan"))
		json_out(restore_view_json(&view));
	else
		json_line("plan", restore_view_json(&view));
	fflush(stdout);
}

/* ---- carrying out --------------------------------------------------------------------------- */

static bool confirm(const struct restoring *restoring, GError **error)
{
	if (file_is_empty_dir(restoring->pgdata))
		return true;
	g_autofree char *question = g_strdup_printf(
		"What is in '%s' will be written over. WAL that lies in its pg_wal and "
		"was not archived is lost.",
		restoring->pgdata);

	return context_confirm(restoring->context, question, error);
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
	const char *set = restoring->plan.manifest->set_id;

	if (arguments_flag(restoring->arguments, "json")) {
		json_t *summary = json_object();

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
	if (has_configuration_outside(restoring->plan.manifest))
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

static bool carry_out(struct restoring *restoring, GError **error)
{
	const Context *context = restoring->context;
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
		.repo = restoring->repo,
		.identity = context->identity,
		.plan = &restoring->plan,
		.target = &restoring->target,
		.action = restoring->action,
		.pgdata = restoring->pgdata,
		.tablespace_map = restoring->tablespaces,
		.config_directory = restoring->config_directory,
		.delta = arguments_flag(restoring->arguments, "delta"),
		.workers = workers,
		.verify_with = arguments_text(restoring->arguments, "verify-with"),
		.spool = context->spool,
		.progress = on_progress};

	if (!restore_guard(&request, error) || !confirm(restoring, error) ||
	    !context_recovery_commands(restoring->context, &command, &end, error))
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

static bool restore_command_steps(struct restoring *restoring, GError **error)
{
	const struct arguments *arguments = restoring->arguments;
	bool current_timeline = false, plan_only = arguments_flag(arguments, "plan");

	restoring->pgdata = arguments_path(arguments, "pgdata");
	restoring->config_directory = arguments_path(arguments, "with-config");
	if (!restoring->pgdata && !plan_only)
		return odr_fail(error, ODR_ERROR_USAGE,
				"restore needs --pgdata, the folder to restore into");
	if (!parse_target(arguments, &restoring->target, &current_timeline, error) ||
	    !parse_action(arguments, &restoring->target, &restoring->action, error) ||
	    !parse_tablespaces(arguments, &restoring->tablespaces, error))
		return false;
	restoring->context = context_open(arguments, arguments_positional(arguments, 0), error);
	if (!restoring->context || !context_identity(restoring->context, error) ||
	    !context_repos(restoring->context, error) ||
	    !make_plan(restoring, current_timeline, error))
		return false;
	read_rate(restoring);
	if (plan_only || !arguments_flag(arguments, "quiet"))
		show_plan(restoring, arguments_flag(arguments, "json"));
	if (plan_only)
		return true;
	g_autoptr(Run) run = run_begin(restoring->context, "restore");
	bool done = carry_out(restoring, error);

	run_finish(run, done ? NULL : *error,
		   &(struct run_result){
			   .set_id = restoring->plan.manifest->set_id,
			   .bytes = manifest_part(restoring->plan.manifest, PART_DATABASE)->bytes});
	return done;
}

bool cmd_restore(const struct arguments *arguments, GError **error)
{
	struct restoring restoring = {.arguments = arguments};
	bool done = restore_command_steps(&restoring, error);

	restoring_clear(&restoring);
	return done;
}
