#ifndef ODR_DRILL_REPORT_REPORT_H
#define ODR_DRILL_REPORT_REPORT_H

#include "drill/report/document.h"
#include "drill/report/reading.h"

/* Of one drill, from its record alone. */
Document *report_drill(const Reading *reading);
/* One line a figure, phase, objective, check and finding (RFC 4180). g_free. */
char *report_drill_csv(const Reading *reading);
/* A testsuite, with a testcase for each phase and check. g_free. */
char *report_drill_junit(const Reading *reading);

/* Sections of it. */
void report_add_proven(Document *document, const json_t *record);
void report_add_not_proven(Document *document, const json_t *record);
void report_add_timeline(Document *document, const json_t *record);
void report_add_checks(Document *document, const json_t *record);
void report_add_files(Document *document, const json_t *record);

/* Of a table, in reports of a drill and of a quarter: a row each; and the cells from its id to its status. */
void report_add_assumption_rows(Document *document, const json_t *assumptions);
/* Says where nothing is assumed: then a recovery time is that of the technical part alone. False: something is. */
bool report_add_unassumed(Document *document, const json_t *assumptions);
void report_add_finding_cells(Document *document, const json_t *finding, const char *status);

/* The part on verification that all reports share: what is signed, and by which commands that can be seen. */
void report_add_verification(Document *document, const char *run, const char *sha256);
void report_add_definitions(Document *document);

#endif
