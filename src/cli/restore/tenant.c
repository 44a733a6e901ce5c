#include "cli/restore/tenant.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/line/output.h"
#include "cli/site/tenant_site.h"
#include "odoo/names.h"
#include "ops/tenant/load.h"

#include <errno.h>
#include <stdio.h>

struct destination {
	const char *name; /* what the database is called in the cluster, or NULL */
	char *dump;	  /* the file it goes to, or NULL */
	char *filestore;  /* folder that gets a folder of the new name with its files, or NULL */
	struct tenant_files files;
};

static bool is_given(const struct arguments *arguments, const char *name)
{
	return arguments_text(arguments, name) || arguments_list(arguments, name) ||
	       arguments_flag(arguments, name);
}

/* Options of a restore into a data directory mean nothing here. */
static bool check_options(const struct arguments *arguments, GError **error)
{
	static const char *const others[] = {"pgdata",	    "tablespace-map", "with-config",
					     "verify-with", "target-action",  "delta"};

	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		if (is_given(arguments, others[i]))
			return odr_fail(
				error, ODR_ERROR_USAGE,
				"--%s has no meaning with --database, which restores into a private "
				"server and throws that away",
				others[i]);
	return true;
}

/* Odoo looks for files below the name of the database. g_free. */
static char *folder_of(const struct arguments *arguments, const struct destination *to)
{
	const char *name = to->name ? to->name : arguments_text(arguments, "database");

	return g_build_filename(to->filestore, name, NULL);
}

static bool check_places(const struct arguments *arguments, const struct destination *to,
			 GError **error)
{
	g_autofree char *folder = to->filestore ? folder_of(arguments, to) : NULL;

	if (to->dump && g_file_test(to->dump, G_FILE_TEST_EXISTS))
		return odr_fail(error, ODR_ERROR_EXISTS, "'%s' exists already", to->dump);
	if (folder && !odoo_database_possible(to->name ? to->name : "x"))
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' can be no name of a folder",
				to->name);
	return !folder || file_is_empty_dir(folder) ||
	       odr_fail(error, ODR_ERROR_EXISTS, "'%s' exists already", folder);
}

static bool parse_destination(const struct arguments *arguments, struct destination *to,
			      GError **error)
{
	to->name = arguments_text(arguments, "as");
	to->dump = arguments_path(arguments, "dump");
	to->filestore = arguments_path(arguments, "filestore");
	if (to->name && to->dump)
		return odr_fail(error, ODR_ERROR_USAGE, "--as and --dump exclude each other");
	if (!to->name && !to->dump && !arguments_flag(arguments, "plan"))
		return odr_fail(error, ODR_ERROR_USAGE,
				"--database needs --as NAME, to load it into the cluster under a "
				"name that is free, or --dump FILE, to keep it as a file");
	return check_places(arguments, to, error);
}

static struct tenant_load load_of(const struct tenant_site *site, const struct destination *to)
{
	const char *into = arguments_text(site->arguments, "into");

	return (struct tenant_load){.conninfo = into ? into : site->context->service->postgres,
				    .name = to->name,
				    .folder = site->sandbox.folder,
				    .bin = site->bin,
				    .run_id = site->run->run_id,
				    .jobs = site->workers};
}

static bool load(const struct tenant_site *site, const struct destination *to, GError **error)
{
	struct tenant_load load = load_of(site, to);
	struct tenant_loaded loaded = {0};
	bool done = tenant_load(site->tenant, &load, &loaded, error);

	tenant_site_tell(loaded.notes);
	tenant_loaded_clear(&loaded);
	return done;
}

static bool dump(const struct tenant_site *site, const struct destination *to, GError **error)
{
	g_autofree char *aside = g_strconcat(to->dump, ".part", NULL);
	bool done =
		tenant_dump(site->tenant,
			    &(struct tenant_dump){.path = aside, .format = TENANT_CUSTOM}, error) &&
		file_publish(aside, to->dump, error);

	if (!done)
		file_remove_tree(aside, NULL);
	return done;
}

/* Aside, and then under the name: before the database has its own, so that it never lacks them. */
static bool bring_files(const struct tenant_site *site, struct destination *to, GError **error)
{
	g_autofree char *run = g_path_get_basename(site->sandbox.root);
	g_autofree char *aside = g_strdup_printf("%s/.odrbackup-%s", to->filestore, run);
	g_autofree char *from = g_build_filename(aside, site->database, NULL);
	g_autofree char *folder = folder_of(site->arguments, to);
	bool done = file_make_dirs(to->filestore, 0755, error) &&
		    tenant_site_files(site, aside, &to->files, error);

	if (done && rename(from, folder) != 0)
		done = odr_fail_errno(error, errno, "cannot put '%s' in place", folder);
	done = file_remove_tree(aside, done ? error : NULL) && done;
	return done && file_sync_dir(to->filestore, error);
}

static bool deliver_files(struct tenant_site *site, struct destination *to, GError **error)
{
	struct account_phase phase = {
		.phase = PHASE_FILESTORE, .component = PART_FILESTORE, .from = clock_monotonic()};

	phase.failed = !bring_files(site, to, error);
	account_add(&site->account, &phase);
	return !phase.failed;
}

/* Once it is loaded it is there for its users; a dump has still to be. */
static bool deliver_database(struct tenant_site *site, const struct destination *to, GError **error)
{
	struct account_phase phase = {.phase = to->name ? PHASE_STARTUP : PHASE_BASE,
				      .component = PART_DATABASE,
				      .from = clock_monotonic()};

	phase.failed = !(to->name ? load(site, to, error) : dump(site, to, error));
	account_add(&site->account, &phase);
	return !phase.failed;
}

static bool deliver(struct tenant_site *site, struct destination *to, GError **error)
{
	return (!to->filestore || deliver_files(site, to, error)) &&
	       deliver_database(site, to, error) &&
	       (!to->filestore || tenant_site_files_judge(&to->files, error));
}

/* What can be refused is refused before anything is restored. */
static bool carry_out(struct tenant_site *site, struct destination *to, GError **error)
{
	struct tenant_load wanted = load_of(site, to);
	enum progress_mode mode;
	bool done;

	if (!progress_mode_chosen(site->arguments, &mode, error) ||
	    (to->name && !tenant_load_possible(&wanted, error)))
		return false;
	progress_begin(mode, "restoring");
	done = tenant_site_open(site, error) && deliver(site, to, error);
	progress_end();
	return done;
}

static void report(const struct tenant_site *site, const struct destination *to, usec_t elapsed)
{
	g_autofree char *time = duration_format(elapsed);

	if (arguments_flag(site->arguments, "json")) {
		json_t *summary = json_object();

		json_set_string(summary, "set", site->planning.plan.manifest->set_id);
		json_set_string(summary, "database", site->database);
		json_set_string(summary, "as", to->name);
		json_set_string(summary, "dump", to->dump);
		json_set_string(summary, "filestore", to->filestore);
		json_set(summary, "files",
			 to->filestore ? tenant_site_files_json(&to->files) : json_null());
		json_set_int(summary, "elapsed_us", elapsed);
		json_line("summary", summary);
		return;
	}
	if (arguments_flag(site->arguments, "quiet"))
		return;
	if (to->name)
		printf("\nDatabase %s is back as %s, in %s. Look at it, then rename.\n",
		       site->database, to->name, time);
	else
		printf("\nDatabase %s is in '%s', in %s. Load it with: pg_restore -C -d postgres "
		       "FILE\n",
		       site->database, to->dump, time);
}

bool restore_tenant(const struct arguments *arguments, GError **error)
{
	struct tenant_site site = {0};
	struct destination to = {0};
	usec_t since = clock_monotonic();
	bool done = check_options(arguments, error) && parse_destination(arguments, &to, error) &&
		    tenant_site_plan(&site, arguments, error);

	if (done)
		tenant_site_show_plan(&site);
	if (done && !arguments_flag(arguments, "plan")) {
		tenant_site_begin(&site, "restore");
		done = carry_out(&site, &to, error);
		run_finish(site.run, done ? NULL : *error,
			   &(struct run_result){.set_id = site.planning.plan.manifest->set_id});
		if (done)
			report(&site, &to, clock_monotonic() - since);
	} else if (!done && !arguments_flag(arguments, "plan")) {
		account_failed(&site.account, site.context, "restore", *error);
	}
	tenant_site_clear(&site);
	tenant_files_clear(&to.files);
	g_free(to.filestore);
	g_free(to.dump);
	return done;
}
