#include "cli/drill/reports.h"

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/report/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *const options[] = {"junit", "report"};

static bool format_of(const struct arguments *arguments, const char *option,
		      enum report_format *format, GError **error)
{
	const char *name = arguments_text(arguments, option);

	if (strcmp(option, "junit") == 0) {
		*format = REPORT_JUNIT;
		return true;
	}
	return report_format_of_file(name, format) ||
	       odr_fail(error, ODR_ERROR_USAGE,
			"--%s: '%s' does not end as a report does: .html, .md, .json, .csv or .xml",
			option, name);
}

bool drill_reports_begin(const struct arguments *arguments, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
		g_autofree char *path = arguments_path(arguments, options[i]);
		enum report_format format;

		if (!path)
			continue;
		if (!format_of(arguments, options[i], &format, error))
			return false;
		if (unlink(path) != 0 && errno != ENOENT)
			return odr_fail_errno(error, errno, "--%s: cannot remove '%s'", options[i],
					      path);
	}
	return true;
}

static bool write_one(const struct arguments *arguments, const char *option, const char *folder,
		      GError **error)
{
	g_autofree char *path = arguments_path(arguments, option);
	g_autofree char *text = NULL;
	enum report_format format;

	if (!path)
		return true;
	return format_of(arguments, option, &format, error) &&
	       (text = report_drill_text(folder, format, error)) != NULL &&
	       file_write(path, text, strlen(text), &(struct file_write){.mode = 0640}, error);
}

void drill_reports_write(const struct arguments *arguments, const char *folder)
{
	for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
		g_autoptr(GError) trouble = NULL;

		if (!write_one(arguments, options[i], folder, &trouble))
			log_warning("--%s: no report is written: %s", options[i], trouble->message);
	}
}
