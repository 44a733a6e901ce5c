#include "cli/report/output.h"

#include "base/file.h"
#include "cli/run/trail.h"
#include "drill/evidence/evidence.h"
#include "drill/report/report.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *suffix;
} formats[REPORT_FORMATS] = {
	[REPORT_HTML] = {"html", ".html"},  [REPORT_MARKDOWN] = {"markdown", ".md"},
	[REPORT_JSON] = {"json", ".json"},  [REPORT_CSV] = {"csv", ".csv"},
	[REPORT_JUNIT] = {"junit", ".xml"},
};

const char *report_format_name(enum report_format format)
{
	return formats[format].name;
}

bool report_format_of_file(const char *file, enum report_format *format)
{
	for (int i = 0; i < REPORT_FORMATS; i++) {
		*format = (enum report_format)i;
		if (g_str_has_suffix(file, formats[i].suffix))
			return true;
	}
	return false;
}

/* One that was named is right: the table of options holds it. */
enum report_format report_format_of(const struct arguments *arguments)
{
	const char *name = arguments_text(arguments, "render");
	const char *file = arguments_text(arguments, "output");

	enum report_format format;

	if (!name && arguments_flag(arguments, "json"))
		return REPORT_JSON;
	for (int i = 0; name && i < REPORT_FORMATS; i++)
		if (strcmp(formats[i].name, name) == 0)
			return (enum report_format)i;
	return file && report_format_of_file(file, &format) ? format : REPORT_MARKDOWN;
}

/* The record, in the bytes that are signed. */
static char *record_text(const char *folder, GError **error)
{
	g_autofree char *path = g_build_filename(folder, EVIDENCE_RECORD, NULL);
	char *text = NULL;

	return file_read_text(path, EVIDENCE_FILE_MAX, &text, error) ? text : NULL;
}

char *report_drill_text(const char *folder, enum report_format format, GError **error)
{
	g_autoptr(Reading) reading = reading_load(folder, error);
	g_autoptr(Document) document = NULL;

	if (!reading)
		return NULL;
	if (format == REPORT_JSON)
		return record_text(folder, error);
	if (format == REPORT_CSV)
		return report_drill_csv(reading);
	if (format == REPORT_JUNIT)
		return report_drill_junit(reading);
	document = report_drill(reading);
	return format == REPORT_HTML ? document_html(document) : document_markdown(document);
}

/* By its digest, a report that is shown to somebody later is the one that was written then. */
static void tell_written(const struct report_writing *writing, const char *path, const char *text,
			 size_t size)
{
	g_autofree char *sha256 =
		g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text, size);
	json_t *data = json_object();

	json_set_string(data, "command", writing->arguments->command->name);
	json_set_string(data, "service", writing->service);
	json_set_string(data, "subject", writing->subject);
	json_set_string(data, "format", formats[report_format_of(writing->arguments)].name);
	json_set_string(data, "file", path);
	json_set_string(data, "sha256", sha256);
	trail_add(writing->context, AUDIT_REPORT_WRITTEN, NULL, data);
}

/* In a folder it is named by what it is of; NULL: stdout. g_free. */
static char *path_of(const struct report_writing *writing)
{
	g_autofree char *path = arguments_path(writing->arguments, "output");
	g_autofree char *name = NULL;

	if (!path || !g_file_test(path, G_FILE_TEST_IS_DIR))
		return g_steal_pointer(&path);
	name = g_strdup_printf("%s %s%s", writing->arguments->command->name, writing->subject,
			       formats[report_format_of(writing->arguments)].suffix);
	return g_build_filename(path, g_strdelimit(name, " ", '-'), NULL);
}

bool report_write(const struct report_writing *writing, const char *text, size_t size,
		  GError **error)
{
	g_autofree char *path = path_of(writing);

	if (!path)
		fwrite(text, 1, size, stdout);
	else if (!file_write(path, text, size, &(struct file_write){.mode = 0640}, error))
		return false;
	if (writing->context)
		tell_written(writing, path, text, size);
	return true;
}

bool report_write_document(const struct report_writing *writing, const Document *document,
			   GError **error)
{
	g_autofree char *text = report_format_of(writing->arguments) == REPORT_HTML
					? document_html(document)
					: document_markdown(document);

	return report_write(writing, text, strlen(text), error);
}
