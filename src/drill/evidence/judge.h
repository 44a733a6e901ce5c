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
	bool begun, ended;
	char *record_sha256;		   /* NULL: nothing was signed */
	char *outcome;			   /* NULL: not judged */
	json_t *drawn;			   /* data of drill.drawn, or NULL */
	uint64_t scheduled_seq, drawn_seq; /* of these lines; 0: there is none */
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
	GHashTable *seeds; /* plan hash and slot → seed */
	GPtrArray
		*order; /* ids of runs, in the order of the chain; then those that are not in it */
	GPtrArray *digests;	/* of the chain's lines, in order */
	GPtrArray *draws;	/* struct chain_draw, in order */
	GHashTable *stored;	/* ids of checkpoints that the chain says were stored */
	GPtrArray *checkpoints; /* Checkpoint, good ones */
};
void judge_find(struct judging *judging, enum evidence_code code, const char *run,
		const char *format, ...) G_GNUC_PRINTF(4, 5);
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
/* What weighs in it: by the plan that is kept, and by the chain. */
void judge_plan(struct judging *judging, const Record *record, const DrawInputs *inputs);
void judge_history(struct judging *judging, const Record *record, const struct chain_run *run,
		   const DrawInputs *inputs, const GPtrArray *population);
/* One object of a receipt. */
struct receipt_entry {
	const char *repository, *name, *sha256, *version; /* version may be NULL */
	const char *file;				  /* what stands behind part in its name */
	usec_t locked_until;				  /* 0: it was not */
};
bool receipt_entry_read(json_t *object, const char *part, struct receipt_entry *entry,
			GError **error);
/* As it is in the repository now, where that is one of those to be looked at; id is that of a run or a checkpoint. */
void judge_stored(struct judging *judging, const char *id, const struct receipt_entry *entry);
void judge_stored_checkpoint(struct judging *judging, const char *id, const json_t *objects);
/* What the repositories hold and nobody knows here. */
bool judge_strangers(struct judging *judging, GError **error);
/* Receipt and attestation of a run, of which what is not read. */
void judge_receipt(struct judging *judging, const struct judged_document *run);
void judge_teardown(struct judging *judging, const struct judged_document *run);
/* When the store had the last of a run, by its receipt; of one without a receipt when it began. */
usec_t judge_time(const struct judging *judging, const char *id);

#endif
