#ifndef ODR_DRILL_REPORT_ESCAPE_H
#define ODR_DRILL_REPORT_ESCAPE_H

#include <glib.h>

/*
 * What others wrote stays text in every format of a report. Appended to out. Control characters come out visible, as
 * base/text.h has them; lines stay lines where the format has them.
 */
void escape_xml(GString *out, const char *text); /* HTML and XML: content and quoted attributes */
void escape_markdown(GString *out,
		     const char *text); /* no markup, table, HTML or link begins in it; one line */
void escape_code(GString *out, const char *text); /* Markdown's `code`, in one line */
/* A field as in RFC 4180, in quotes where it needs them, behind a "'" where a spreadsheet would take it for a formula. */
void escape_csv(GString *out, const char *text);

#endif
