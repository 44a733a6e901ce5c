#ifndef ODR_DRILL_EVIDENCE_VERIFY_H
#define ODR_DRILL_EVIDENCE_VERIFY_H

#include "drill/evidence/evidence.h"

/*
 * Judges all evidence there is in a folder, the state folder of a host or what evidence_export wrote: the chain, its
 * checkpoints, and of every run record, draw, receipt and attestation. contrib/verify-evidence does the same with none
 * of this code, and finds the same codes.
 */
enum evidence_code {
	EVIDENCE_CHAIN_MISSING,
	EVIDENCE_CHAIN_BROKEN,
	EVIDENCE_CHAIN_TORN,	  /* warning: a crash tore lines, and the chain says so */
	EVIDENCE_CHAIN_TRUNCATED, /* a checkpoint knows of lines that are not there */
	EVIDENCE_CHECKPOINT_DAMAGED,
	EVIDENCE_CHECKPOINT_DIFFERS, /* from the chain */
	EVIDENCE_RECORD_MISSING,     /* the chain knows of it */
	EVIDENCE_RECORD_UNSIGNED,
	EVIDENCE_RECORD_SIGNATURE,
	EVIDENCE_RECORD_INVALID,
	EVIDENCE_RECORD_DIFFERS, /* from what the chain says was signed */
	EVIDENCE_RECORD_UNCHAINED,
	EVIDENCE_OUTCOME_DIFFERS, /* from what follows from the rest of the record, or from the chain */
	EVIDENCE_PREVIOUS_DIFFERS,
	EVIDENCE_FILE_MISSING, /* that the record names */
	EVIDENCE_FILE_DIFFERS,
	EVIDENCE_DRAW_DIFFERS, /* the point is not what the inputs lead to, or not what the chain says */
	EVIDENCE_DRAW_CHECKPOINT, /* the seed is not made of the last checkpoint before the slot */
	EVIDENCE_DRAW_REROLLED,	  /* two seeds for one slot of a plan */
	EVIDENCE_DRAW_REPEATED,	  /* warning: a later draw for the slot, which does not count */
	EVIDENCE_RECEIPT_MISSING, /* warning: not stored, so it does not count */
	EVIDENCE_RECEIPT_SIGNATURE,
	EVIDENCE_RECEIPT_DIFFERS,
	EVIDENCE_OBJECT_MISSING,
	EVIDENCE_OBJECT_DIFFERS,
	EVIDENCE_UNLOCKED,	   /* warning: the store locks nothing */
	EVIDENCE_TEARDOWN_MISSING, /* warning */
	EVIDENCE_TEARDOWN_SIGNATURE,
	EVIDENCE_LEFTOVER, /* warning: something was left behind */
	EVIDENCE_RUN_OPEN, /* warning: drawn, and not ended: it runs, or was abandoned */
	EVIDENCE_CODES
};
const char *evidence_code_name(enum evidence_code code); /* "chain-missing" */
bool evidence_code_warns(enum evidence_code code);

struct evidence_finding {
	enum evidence_code code;
	char *run; /* or the id of a checkpoint; NULL: the chain */
	char *what;
};
struct evidence_verify {
	const char *folder;
	const uint8_t *public_key; /* of evidence; from elsewhere than the folder */
	const char *run; /* only this one; NULL: all. The chain is read as a whole in any case */
	const GPtrArray
		*repos; /* Repo: receipts are compared with what is there; NULL: they are not */
};
struct evidence_verdict {
	GPtrArray *findings; /* struct evidence_finding */
	unsigned errors, warnings;
	unsigned runs, checkpoints; /* that were looked at */
	struct audit_head head;
	char *signer; /* name of the key */
};
void evidence_verdict_clear(struct evidence_verdict *verdict);
/* Fails only where something cannot be read at all; NOT_FOUND where a run is named of which nothing is known. */
bool evidence_verify(const struct evidence_verify *verify, struct evidence_verdict *verdict,
		     GError **error);

#endif
