#include "ops/export.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/site/tenant_site.h"

#include <stdio.h>
#include <string.h>

static bool parse(const struct arguments *arguments, char **output, GError **error)
{
	const char *format = arguments_text(arguments, "format");

	if (format && strcmp(format, "odoo-zip") != 0)
		return odr_fail(
			error, ODR_ERROR_USAGE,
			"--format is odoo-zip, not '%s'; restore --database --dump writes a "
			"dump for pg_restore",
			format);
	if (!arguments_text(arguments, "database"))
		return odr_fail(error, ODR_ERROR_USAGE, "export needs --database NAME");
	*output = arguments_path(arguments, "output");
	if (!*output && !arguments_flag(arguments, "plan"))
		return odr_fail(error, ODR_ERROR_USAGE, "export needs --output FILE");
	if (*output && g_file_test(*output, G_FILE_TEST_EXISTS))
		return odr_fail(error, ODR_ERROR_EXISTS, "'%s' exists already", *output);
	return true;
}

/* A service may have no filestore: then there is none in the zip, and that is said. */
static bool bring_files(struct tenant_site *site, struct tenant_files *files, char **folder,
			GError **error)
{
	g_autofree char *all = g_build_filename(site->sandbox.folder, "filestore", NULL);
	g_autoptr(GError) trouble = NULL;

	if (tenant_site_files(site, all, files, &trouble)) {
		*folder = g_build_filename(all, site->database, NULL);
		return true;
	}
	if (!odr_error_is(trouble, ODR_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	log_warning("the zip has no files: %s", trouble->message);
	return true;
}

static bool export(struct tenant_site *site, const char *output, struct export_result *result,
		   GError **error)
{
	struct tenant_files files = {0};
	g_autofree char *folder = NULL;
	bool done = bring_files(site, &files, &folder, error) &&
		    export_odoo_zip(site->tenant,
				    &(struct export_request){.path = output,
							     .folder = site->sandbox.folder,
							     .filestore = folder,
							     .time = clock_now()},
				    result, error) &&
		    (!folder || tenant_site_files_judge(&files, error));

	tenant_files_clear(&files);
	return done;
}

static bool carry_out(struct tenant_site *site, const char *output, struct export_result *result,
		      GError **error)
{
	enum progress_mode mode;
	bool done;

	if (!progress_mode_chosen(site->arguments, &mode, error))
		return false;
	progress_begin(mode, "exporting");
	done = tenant_site_open(site, error) && export(site, output, result, error);
	progress_end();
	return done;
}

static void report(const struct tenant_site *site, const char *output,
		   const struct export_result *result, usec_t elapsed)
{
	g_autofree char *time = duration_format(elapsed);
	g_autofree char *files = count_format(result->files, "file");
	g_autofree char *size = size_format(result->bytes);

	if (arguments_flag(site->arguments, "json")) {
		json_t *summary = json_object();

		json_set_string(summary, "set", site->planning.plan.manifest->set_id);
		json_set_string(summary, "database", site->database);
		json_set_string(summary, "output", output);
		json_set_string(summary, "odoo", result->series);
		json_set_int(summary, "files", (int64_t)result->files);
		json_set_int(summary, "bytes", (int64_t)result->bytes);
		json_set_int(summary, "elapsed_us", elapsed);
		json_line("summary", summary);
	} else if (!arguments_flag(site->arguments, "quiet")) {
		printf("\nDatabase %s (Odoo %s) is in '%s', with %s of its filestore (%s), in %s.\n",
		       site->database, result->series, output, files, size, time);
	}
}

bool cmd_export(const struct arguments *arguments, GError **error)
{
	struct tenant_site site = {0};
	struct export_result result = {0};
	g_autofree char *output = NULL;
	usec_t since = clock_monotonic();
	bool done = parse(arguments, &output, error) && tenant_site_plan(&site, arguments, error);

	if (done)
		tenant_site_show_plan(&site);
	if (done && !arguments_flag(arguments, "plan")) {
		tenant_site_begin(&site, "export");
		done = carry_out(&site, output, &result, error);
		run_finish(site.run, done ? NULL : *error,
			   &(struct run_result){.set_id = site.planning.plan.manifest->set_id});
		if (done)
			report(&site, output, &result, clock_monotonic() - since);
	}
	export_result_clear(&result);
	tenant_site_clear(&site);
	return done;
}
