#include "drill/report/csv_line.h"

#include "drill/report/escape.h"

void csv_add(GString *out, const char *subject, const struct csv_line *line)
{
	const char *const before[] = {subject, line->kind, line->name};
	const char *const after[] = {line->unit, line->state, line->note};

	for (size_t i = 0; i < G_N_ELEMENTS(before); i++) {
		escape_csv(out, before[i] ? before[i] : "");
		g_string_append_c(out, ',');
	}
	if (line->text)
		escape_csv(out, line->text);
	else if (line->number != READING_ABSENT)
		g_string_append_printf(out, "%" G_GINT64_FORMAT, line->number);
	for (size_t i = 0; i < G_N_ELEMENTS(after); i++) {
		g_string_append_c(out, ',');
		escape_csv(out, after[i] ? after[i] : "");
	}
	g_string_append(out, "\r\n");
}
