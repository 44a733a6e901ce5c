#ifndef ODR_DRILL_EVIDENCE_JUDGE_H
#define ODR_DRILL_EVIDENCE_JUDGE_H

#include "base/json.h"
#include "drill/draw/draw.h"
#include "drill/evidence/file.h"
#include "drill/evidence/record.h"
#include "drill/evidence/verify.h"

/* Inside drill/ only: what the parts of verification share. */

/* What the chain says of a run. */
struct chain_run {
	bool begun, ended, closed; /* closed: by itself */
	char *record_sha256;	   /* NULL: nothing was signed */
	char *outcome;		   /* NULL: not judged */
	json_t *scheduled_data;	   /* of drill.scheduled, or NULL */
	json_t *drawn;		   /* data of drill.drawn, or NULL */
	json_t *reports; /* names of files, each with its digest; NULL: none was written */
	usec_t scheduled;
	uint64_t scheduled_seq, drawn_seq, signed_seq; /* of these lines; 0: there is none */
};
void judge_run_free(void *run);
/* A draw, as the chain has it: what later ones are weighed by. */
struct chain_draw {
	uint64_t seq;
	char *plan, *repository, *stratum; /* may be NULL */
};
void judge_drawn_free(void *draw);
struct judging {
	const struct evidence_verify *how;
	struct evidence_verdict *verdict;
	GHashTable *runs;  /* id → struct chain_run */
	GHashTable *slots; /* plan and slot → data of its first drill.drawn */
	GPtrArray
		*order; /* ids of runs, in the order of the chain; then those that are not in it */
	GPtrArray *digests;	/* of the chain's lines, in order */
	GPtrArray *draws;	/* struct chain_draw, in order */
	GHashTable *stored;	/* ids of checkpoints that the chain says were stored → digest */
	GPtrArray *checkpoints; /* Checkpoint, good ones */
	GPtrArray *shelves;	/* what the repositories hold: held.c */
};
void judge_find(struct judging *judging, enum evidence_code code, const char *run,
		const char *format, ...) G_GNUC_PRINTF(4, 5);
void judge_note(struct judging *judging, const char *run, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
/* A file whose signature is good, and by whom. */
bool judge_read_signed(const struct judging *judging, const char *path,
		       struct evidence_signer *signer, GBytes **content, GError **error);
/* What was signed; whether its key was endorsed to. */
struct judged_document {
	const char *id, *what; /* "the record" */
	const char *service;   /* NULL: not known */
	usec_t time;	       /* by the store where it was stored, else as it says */
};
void judge_signer(struct judging *judging, const struct evidence_signer *signer,
		  const struct judged_document *document);
/* The chain, and what else knows of it. */
bool judge_chain(struct judging *judging, GError **error);
bool judge_checkpoints(struct judging *judging, GError **error);
/* run NULL: the chain does not know it. */
void judge_run(struct judging *judging, const char *id, const struct chain_run *run);
/* The draw, redone; record is good. */
void judge_draw(struct judging *judging, const Record *record, const struct chain_run *run);
struct judged_draw {
	DrawInputs *inputs;
	GPtrArray *population; /* as it is kept, and … */
	GBytes *text;	       /* its bytes */
};
/* What it was made from, made again of holdings.json: that, or NULL where it does not hold. New reference. */
json_t *judge_population(struct judging *judging, const Record *record, const struct chain_run *run,
			 const struct judged_draw *draw);
/* As the plan has it, which is kept; holdings NULL: it is not asked about them. *from_all: it is to be drawn from all
 * repositories of the service. */
void judge_plan(struct judging *judging, const Record *record, const struct chain_run *run,
		const DrawInputs *inputs, const json_t *holdings, bool *from_all);
/* Against the repositories as they are now: what is still there was held as it is, and nothing was left out. */
bool judge_shelves(struct judging *judging, GError **error);
void judge_holdings(struct judging *judging, const Record *record, const DrawInputs *inputs,
		    const json_t *holdings, bool from_all);
/* What weighs in it, by the chain. */
void judge_history(struct judging *judging, const Record *record, const struct chain_run *run,
		   const DrawInputs *inputs, const GPtrArray *population);
/* One object of a receipt. */
struct receipt_entry {
	const char *repository, *name, *sha256, *version; /* version may be NULL */
	const char *file;				  /* what stands behind part in its name */
	usec_t locked_until;				  /* 0: it was not */
	usec_t stored_at;				  /* 0: not known */
};
/* Of a receipt of this run, or checkpoint. */
bool receipt_objects(json_t *document, const char *id, json_t **objects, GError **error);
bool receipt_entry_read(json_t *object, const char *part, struct receipt_entry *entry,
			GError **error);
/* As it is in the repository now, where that is one of those to be looked at; id is that of a run or a checkpoint. */
void judge_stored(struct judging *judging, const char *id, const struct receipt_entry *entry);
/* What the repositories hold and nobody knows here. */
bool judge_strangers(struct judging *judging, GError **error);
/* Receipt and attestation of a run, of which what is not read. */
void judge_receipt(struct judging *judging, const struct judged_document *run);
void judge_teardown(struct judging *judging, const struct judged_document *run);
/* When the store had the last of a run, by its receipt; of one without a receipt when it began. */
usec_t judge_time(const struct judging *judging, const char *id);

#endif
