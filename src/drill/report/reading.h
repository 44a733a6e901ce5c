#ifndef ODR_DRILL_REPORT_READING_H
#define ODR_DRILL_REPORT_READING_H

#include "base/clock.h"
#include "base/json.h"
#include "drill/evidence/record.h"
#include "drill/report/document.h"
#include "drill/report/stored.h"

/*
 * Records of drills as reports read them. What is absent, null or of another type is NULL or READING_ABSENT: reports show
 * a dash for it, and count it as nothing. Paths are member names with points between: "run.id".
 */
/* Id of the finding that the catalog claimed more than was there. */
#define FINDING_CLAIM "wal-claim"

#define READING_ABSENT INT64_MIN

typedef struct reading Reading;
struct reading {
	Record *checked;	 /* drill/record.h */
	json_t *record;		 /* its document */
	char *sha256;		 /* of the record's bytes, hex */
	char *signer;		 /* key, as the signature says: hex; NULL: there is no signature */
	GPtrArray *copies;	 /* struct stored_copy of the record; NULL: there is no receipt */
	enum stored_proof proof; /* of the receipt, where reports have it proven */
	usec_t time; /* when the drill began: start of its first span, else of its run id */
};
void reading_free(Reading *reading);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reading, reading_free)

/* Fails as record_parse does. */
Reading *reading_parse(GBytes *content, const char *what, GError **error);
/* <folder>/record.json. */
Reading *reading_load(const char *folder, GError **error);
/* All of <state>/evidence, oldest first. What cannot be read is a sentence in troubles. */
bool reading_load_all(const char *state, GPtrArray **readings, GPtrArray *troubles, GError **error);

/* Whether the receipts of all of them are signed by whom the trust has. */
void reading_prove_receipts(const char *state, GPtrArray *readings,
			    const struct evidence_trust *trust);

const json_t *reading_at(const json_t *record, const char *path);
const char *reading_text(const json_t *record, const char *path);
int64_t reading_int(const json_t *record, const char *path);
bool reading_flag(const json_t *record, const char *path);   /* false also if absent */
usec_t reading_time(const json_t *record, const char *path); /* RFC 3339 */
/* An array of texts, or one text: "a, b"; NULL if there is none; g_free. */
char *reading_list(const json_t *record, const char *path);

/* Any scalar as text; NULL if there is none; g_free. */
char *reading_print(const json_t *record, const char *path);

/* What an outcome is called in words, its letter in the matrix, and how it looks. */
struct outcome_look {
	const char *outcome, *words, *letter;
	enum tone tone;
};
const struct outcome_look *outcome_look(const char *outcome); /* never NULL */
bool reading_passed(const Reading *reading);		      /* pass, or pass-with-warnings */
/* It may count for a state: its moment was drawn, or fixed by the plan, it was neither refused nor skipped, and a receipt
 * says that its record was stored as it is here. */
bool reading_counts(const Reading *reading);
/* Why it does not: "its record was not stored"; NULL: it may. */
const char *reading_why_not(const Reading *reading);

#endif
