#ifndef ODR_DRILL_EVIDENCE_RECORD_H
#define ODR_DRILL_EVIDENCE_RECORD_H

#include "base/json.h"
#include "drill/measure/outcome.h"

#include <glib.h>
#include <stdbool.h>

/*
 * The record of a run, as a reader judges it: every member it must have (odrbackup-evidence(5)) is there and of its
 * type, every word is one of those there are, and the outcome is what follows from the rest. Members that are not known
 * are left alone; a higher major format is refused.
 */
#define RECORD_TYPE "odrbackup-drill-record"
#define RECORD_MAX  ((size_t)32 << 20)

typedef struct record Record;
struct record {
	json_t *document; /* the strings belong to it */
	const char *run, *outcome;
	const char *service, *plan, *plan_hash;
	const char *slot, *previous; /* may be NULL */
	json_t *draw;		     /* an object */
};
void record_free(Record *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Record, record_free)

/* Hostile text. CORRUPT names the first member that is not as it has to be; REFUSED for a newer format. Does not
 * judge the outcome. */
bool record_parse(const char *text, size_t size, Record **record, GError **error);

/* What the outcome has to be: all that apply, a bit each (drill/outcome.h). */
unsigned record_outcomes(const Record *record);
/* CORRUPT unless outcome and also say just that, the states of objectives follow from their figures, and these are what was
 * measured. */
bool record_check_outcome(const Record *record, GError **error);

#endif
