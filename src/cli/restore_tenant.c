#include "cli/restore_tenant.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/context.h"
#include "cli/output.h"
#include "cli/restore_planning.h"
#include "cli/restore_target.h"
#include "cli/restore_view.h"
#include "cli/run.h"
#include "ops/sandbox.h"
#include "ops/tenant_load.h"

#include <stdio.h>

struct tenant_restore {
	const struct arguments *arguments;
	Context *context;
	struct restore_planning planning;
	const char *database, *name; /* the database; what it is called in the cluster, or NULL */
	char *dump;		     /* the file it goes to, or NULL */
	char *bin;
	Run *run;
	struct sandbox sandbox;
	char *keys; /* folder in there: what archive-get needs */
	char *restore_command, *end_command;
	unsigned workers;
};

static void clear(struct tenant_restore *restore)
{
	sandbox_remove(&restore->sandbox);
	restore_planning_clear(&restore->planning);
	run_free(restore->run);
	context_free(restore->context);
	g_free(restore->dump);
	g_free(restore->bin);
	g_free(restore->keys);
	g_free(restore->restore_command);
	g_free(restore->end_command);
}

static bool is_given(const struct arguments *arguments, const char *name)
{
	return arguments_text(arguments, name) || arguments_list(arguments, name) ||
	       arguments_flag(arguments, name);
}

/* Options of a restore into a data directory mean nothing here. */
static bool check_options(const struct tenant_restore *restore, GError **error)
{
	static const char *const others[] = {"pgdata",	    "tablespace-map", "with-config",
					     "verify-with", "target-action",  "delta"};
	const struct arguments *arguments = restore->arguments;

	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		if (is_given(arguments, others[i]))
			return odr_fail(
				error, ODR_ERROR_USAGE,
				"--%s has no meaning with --database, which restores into a private "
				"server and throws that away",
				others[i]);
	if (restore->name && restore->dump)
		return odr_fail(error, ODR_ERROR_USAGE, "--as and --dump exclude each other");
	if (!restore->name && !restore->dump && !arguments_flag(arguments, "plan"))
		return odr_fail(error, ODR_ERROR_USAGE,
				"--database needs --as NAME, to load it into the cluster under a "
				"name that is free, or --dump FILE, to keep it as a file");
	return true;
}

static bool parse(struct tenant_restore *restore, GError **error)
{
	const struct arguments *arguments = restore->arguments;
	struct restore_planning *planning = &restore->planning;

	restore->database = arguments_text(arguments, "database");
	restore->name = arguments_text(arguments, "as");
	restore->dump = arguments_path(arguments, "dump");
	restore->bin = arguments_path(arguments, "postgres-bin");
	if (!check_options(restore, error) ||
	    !restore_target_parse(arguments, &planning->target, &planning->current_timeline, error))
		return false;
	if (restore->dump && g_file_test(restore->dump, G_FILE_TEST_EXISTS))
		return odr_fail(error, ODR_ERROR_EXISTS, "'%s' exists already", restore->dump);
	return true;
}

static bool plan(struct tenant_restore *restore, GError **error)
{
	const struct arguments *arguments = restore->arguments;

	restore->context = context_open(arguments, arguments_positional(arguments, 0), error);
	restore->planning.context = restore->context;
	return restore->context && context_identity(restore->context, error) &&
	       context_repos(restore->context, error) &&
	       context_workers(restore->context, &restore->workers, error) &&
	       restore_planning_make(&restore->planning, error);
}

static void show_plan(const struct tenant_restore *restore)
{
	const struct arguments *arguments = restore->arguments;
	const struct restore_planning *planning = &restore->planning;
	struct restore_view view = {.plan = &planning->plan,
				    .target = &planning->target,
				    .troubles = planning->holdings.troubles,
				    .repository = store_name(planning->repo->store),
				    .pgdata = "a private server"};

	if (!arguments_flag(arguments, "json"))
		restore_view_print(&view);
	else if (arguments_flag(arguments, "plan"))
		json_out(restore_view_json(&view));
	else
		json_line("plan", restore_view_json(&view));
	fflush(stdout);
}

static struct tenant_load load_of(const struct tenant_restore *restore)
{
	const char *into = arguments_text(restore->arguments, "into");

	return (struct tenant_load){.conninfo = into ? into : restore->context->service->postgres,
				    .name = restore->name,
				    .folder = restore->sandbox.folder,
				    .bin = restore->bin,
				    .run_id = restore->run->run_id,
				    .jobs = restore->workers};
}

static bool prepare(struct tenant_restore *restore, GError **error)
{
	const char *parent = arguments_text(restore->arguments, "sandbox");
	g_autofree char *folder = parent ? arguments_path(restore->arguments, "sandbox")
					 : g_strdup(restore->context->spool);
	struct tenant_load load = load_of(restore);

	if (restore->name && !tenant_load_possible(&load, error))
		return false;
	if (!sandbox_make(folder, restore->run->run_id, &restore->sandbox, error))
		return false;
	restore->keys = g_build_filename(restore->sandbox.folder, "keys", NULL);
	return file_make_dirs(restore->keys, 0700, error) &&
	       context_recovery_commands(restore->context, restore->keys, &restore->restore_command,
					 &restore->end_command, error);
}

static void on_progress(void *data, const struct restore_progress *progress)
{
	(void)data;
	progress_update(progress->bytes_done, progress->bytes_total, progress->phase);
}

static void tell(const GPtrArray *notes)
{
	for (guint i = 0; notes && i < notes->len; i++)
		log_warning("%s", (char *)notes->pdata[i]);
}

static bool deliver(const struct tenant_restore *restore, const Tenant *tenant, GError **error)
{
	struct tenant_load load = load_of(restore);
	struct tenant_loaded loaded = {0};
	g_autofree char *aside = NULL;
	bool done;

	if (restore->name) {
		done = tenant_load(tenant, &load, &loaded, error);
		tell(loaded.notes);
		tenant_loaded_clear(&loaded);
		return done;
	}
	aside = g_strconcat(restore->dump, ".part", NULL);
	done = tenant_dump(tenant, &(struct tenant_dump){.path = aside, .format = TENANT_CUSTOM},
			   error) &&
	       file_publish(aside, restore->dump, error);
	if (!done)
		file_remove_tree(aside, NULL);
	return done;
}

static bool bring_back(struct tenant_restore *restore, GError **error)
{
	const struct restore_planning *planning = &restore->planning;
	const Context *context = restore->context;
	bool confined = !arguments_flag(restore->arguments, "unconfined");
	const char *writable[] = {restore->keys, context->state, context->spool, NULL};
	struct tenant_request request = {.repo = planning->repo,
					 .identity = context->identity,
					 .plan = &planning->plan,
					 .target = &planning->target,
					 .database = restore->database,
					 .folder = restore->sandbox.folder,
					 .bin = restore->bin,
					 .restore_command = restore->restore_command,
					 .recovery_end_command = restore->end_command,
					 .writable = confined ? writable : NULL,
					 .spool = context->spool,
					 .run_id = restore->run->run_id,
					 .workers = restore->workers,
					 .progress = on_progress};
	g_autoptr(Tenant) tenant = NULL;

	if (!file_make_dirs(context->spool, 0700, error))
		return false;
	tenant = tenant_open(&request, error);
	if (!tenant)
		return false;
	tell(tenant_notes(tenant));
	return deliver(restore, tenant, error);
}

static void report(const struct tenant_restore *restore, usec_t elapsed)
{
	g_autofree char *time = duration_format(elapsed);
	const char *set = restore->planning.plan.manifest->set_id;

	if (arguments_flag(restore->arguments, "json")) {
		json_t *summary = json_object();

		json_set_string(summary, "set", set);
		json_set_string(summary, "database", restore->database);
		json_set_string(summary, "as", restore->name);
		json_set_string(summary, "dump", restore->dump);
		json_set_int(summary, "elapsed_us", elapsed);
		json_line("summary", summary);
		return;
	}
	if (arguments_flag(restore->arguments, "quiet"))
		return;
	if (restore->name)
		printf("\nDatabase %s is back as %s, in %s. Look at it, then rename.\n",
		       restore->database, restore->name, time);
	else
		printf("\nDatabase %s is in '%s', in %s. Load it with: pg_restore --create -d "
		       "postgres FILE\n",
		       restore->database, restore->dump, time);
}

static bool carry_out(struct tenant_restore *restore, GError **error)
{
	enum progress_mode mode;
	bool done;

	if (!progress_mode_chosen(restore->arguments, &mode, error) || !prepare(restore, error))
		return false;
	progress_begin(mode, "restoring");
	done = bring_back(restore, error);
	progress_end();
	return done;
}

bool restore_tenant(const struct arguments *arguments, GError **error)
{
	struct tenant_restore restore = {.arguments = arguments};
	usec_t since = clock_monotonic();
	bool plan_only = arguments_flag(arguments, "plan");
	bool done = parse(&restore, error) && plan(&restore, error);

	if (done && (plan_only || !arguments_flag(arguments, "quiet")))
		show_plan(&restore);
	if (done && !plan_only) {
		restore.run = run_begin(restore.context, "restore");
		done = carry_out(&restore, error);
		run_finish(restore.run, done ? NULL : *error,
			   &(struct run_result){.set_id = restore.planning.plan.manifest->set_id});
		if (done)
			report(&restore, clock_monotonic() - since);
	}
	clear(&restore);
	return done;
}
