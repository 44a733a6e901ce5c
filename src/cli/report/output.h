#ifndef ODR_CLI_REPORT_OUTPUT_H
#define ODR_CLI_REPORT_OUTPUT_H

#include "cli/site/context.h"
#include "drill/report/document.h"

/* In which form a report is written, and where to: --render and --output. */
enum report_format {
	REPORT_HTML,
	REPORT_MARKDOWN,
	REPORT_JSON,
	REPORT_CSV,
	REPORT_JUNIT,
	REPORT_FORMATS
};
const char *report_format_name(enum report_format format);
/* By how its name ends; false: as none. */
bool report_format_of_file(const char *file, enum report_format *format);
/* By --render, --json, or the name of the file; else Markdown. */
enum report_format report_format_of(const struct arguments *arguments);

/* The report of the drill whose evidence lies in a folder; as JSON the record itself. NULL with error; g_free. */
char *report_drill_text(const char *folder, enum report_format format, GError **error);

/* What is written, of what, and in whose chain that is told. */
struct report_writing {
	const struct arguments *arguments;
	const Context *context; /* NULL: in none */
	const char *service;	/* NULL: all there are */
	const char *subject;	/* a run, or a period */
};
bool report_write(const struct report_writing *writing, const char *text, size_t size,
		  GError **error);
/* As HTML, else as Markdown. */
bool report_write_document(const struct report_writing *writing, const Document *document,
			   GError **error);

#endif
