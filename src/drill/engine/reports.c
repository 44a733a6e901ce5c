/* What formats= of [evidence] has besides json: reports beside the record, of which they are made and can be made again. */
#include "base/file.h"
#include "drill/engine/engine.h"
#include "drill/report/report.h"

#include <string.h>

static char *print_html(const Reading *reading)
{
	g_autoptr(Document) document = report_drill(reading);

	return document_html(document);
}

static char *print_markdown(const Reading *reading)
{
	g_autoptr(Document) document = report_drill(reading);

	return document_markdown(document);
}

static const struct {
	const char *format, *file;
	char *(*print)(const Reading *reading);
} reports[] = {{"html", "report.html", print_html},
	       {"markdown", "report.md", print_markdown},
	       {"csv", "report.csv", report_drill_csv},
	       {"junit", "report.xml", report_drill_junit}};

/* By its digest one that is shown to somebody later is the one that was written then. */
static bool tell(Drill *drill, size_t number, const char *text, GError **error)
{
	g_autofree char *sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
	json_t *data = json_object();

	json_set_string(data, "command", "drill run");
	json_set_string(data, "service", drill->request->service);
	json_set_string(data, "subject", drill->request->run_id);
	json_set_string(data, "format", reports[number].format);
	json_set_string(data, "file", reports[number].file);
	json_set_string(data, "sha256", sha256);
	return drill_append(drill, AUDIT_REPORT_WRITTEN, data, error);
}

static bool write_reports(Drill *drill, GError **error)
{
	const char *const *formats = (const char *const *)drill->plan->evidence.formats;
	g_autofree char *folder = evidence_folder(drill->request->state, drill->request->run_id);
	g_autoptr(Reading) reading = reading_load(folder, error);

	for (size_t i = 0; reading && i < G_N_ELEMENTS(reports); i++) {
		g_autofree char *path = g_build_filename(folder, reports[i].file, NULL);
		g_autofree char *text = NULL;

		if (!g_strv_contains(formats, reports[i].format))
			continue;
		text = reports[i].print(reading);
		if (!tell(drill, i, text, error) ||
		    !file_write(path, text, strlen(text), NULL, error))
			return false;
	}
	return reading != NULL;
}

/* The record is kept in any case. */
void drill_write_reports(Drill *drill)
{
	g_autoptr(GError) trouble = NULL;

	if (g_strv_length(drill->plan->evidence.formats) > 1 && !write_reports(drill, &trouble))
		g_ptr_array_add(drill->notes, g_strdup_printf("no report is beside the record: %s",
							      trouble->message));
}
