#ifndef ODR_DRILL_REPORT_CSV_LINE_H
#define ODR_DRILL_REPORT_CSV_LINE_H

#include "drill/report/reading.h"

/* Inside drill/report only: a line of a report as CSV: subject, kind, name, value, unit, state, note. */
#define CSV_COLUMNS "kind,name,value,unit,state,note\r\n" /* behind the name of the subject */
struct csv_line {
	const char *kind, *name;
	int64_t number;	  /* READING_ABSENT: text, or nothing */
	const char *text; /* NULL: the number */
	const char *unit, *state, *note;
};
void csv_add(GString *out, const char *subject, const struct csv_line *line);

#endif
