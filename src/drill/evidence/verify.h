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
	EVIDENCE_CHAIN_TRUNCATED, /* a checkpoint or the mirror knows of lines that are not there */
	EVIDENCE_MIRROR_DIFFERS,  /* the mirror has another line there */
	EVIDENCE_CHECKPOINT_MISSING, /* the chain knows of it */
	EVIDENCE_CHECKPOINT_DAMAGED,
	EVIDENCE_CHECKPOINT_DIFFERS, /* from the chain */
	EVIDENCE_KEY_UNENDORSED,     /* by no owner, for something else, or not when it signed */
	EVIDENCE_KEY_SERVICE,	     /* what it signed is of another service */
	EVIDENCE_RECORD_MISSING,     /* the chain knows of it */
	EVIDENCE_RECORD_UNSIGNED,
	EVIDENCE_RECORD_SIGNATURE,
	EVIDENCE_RECORD_INVALID,
	EVIDENCE_RECORD_DIFFERS, /* from what the chain says was signed */
	EVIDENCE_RECORD_UNCHAINED,
	EVIDENCE_RECORD_UNFINISHED, /* warning: it was abandoned while its record was being signed */
	EVIDENCE_OUTCOME_DIFFERS, /* from what follows from the rest of the record, or from the chain */
	EVIDENCE_PREVIOUS_DIFFERS,
	EVIDENCE_FILE_MISSING, /* that the record names */
	EVIDENCE_FILE_DIFFERS,
	EVIDENCE_PLAN_DIFFERS, /* the plan that is kept is not that of the record, or has another mix */
	EVIDENCE_DRAW_DIFFERS, /* the point is not what the inputs lead to, or not what the chain says */
	EVIDENCE_DRAW_POPULATION, /* what it was drawn from does not follow from what was held, or something
				     that was held is left out */
	EVIDENCE_DRAW_HISTORY, /* its weights are not those of what was drawn before, by the chain */
	EVIDENCE_DRAW_CHECKPOINT, /* the seed is not made of the last checkpoint before the slot */
	EVIDENCE_DRAW_REROLLED,	  /* two seeds for one slot of a plan */
	EVIDENCE_DRAW_REPEATED,	  /* warning: a later draw for the slot, which does not count */
	EVIDENCE_RECEIPT_MISSING, /* warning: not stored, so it does not count */
	EVIDENCE_RECEIPT_SIGNATURE,
	EVIDENCE_RECEIPT_DIFFERS,
	EVIDENCE_OBJECT_MISSING,
	EVIDENCE_OBJECT_DIFFERS,
	EVIDENCE_OBJECT_REPLACED,  /* it is there, and something was laid over it */
	EVIDENCE_OBJECT_UNLOCKED,  /* its lock is shorter than it was */
	EVIDENCE_UNLOCKED,	   /* warning: the store locks nothing */
	EVIDENCE_TEARDOWN_MISSING, /* warning */
	EVIDENCE_TEARDOWN_SIGNATURE,
	EVIDENCE_TEARDOWN_DIFFERS, /* it is not of this run */
	EVIDENCE_LEFTOVER,	   /* warning: something was left behind */
	EVIDENCE_RUN_OPEN,	   /* warning: drawn, and not ended: it runs, or was abandoned */
	EVIDENCE_CODES
};
const char *evidence_code_name(enum evidence_code code); /* "chain-missing" */
bool evidence_code_warns(enum evidence_code code);

struct evidence_finding {
	enum evidence_code code;
	char *run; /* or the id of a checkpoint; NULL: the chain */
	char *what;
};
/* What is not wrong, and limits what was proven. */
struct evidence_note {
	char *run, *what;
};
struct evidence_verify {
	const char *folder;
	const struct evidence_trust *trust; /* from elsewhere than the folder. NULL with only_chain:
					      checkpoints prove nothing then */
	bool only_chain;		    /* no runs */
	const char *run; /* only this one; NULL: all. The chain is read as a whole in any case */
	const GPtrArray
		*repos; /* Repo: receipts, and what was drawn from, are compared with what is
				   there; NULL: they are not */
	const GPtrArray
		*identities; /* Identity, one for each of them, or NULL: for what is sealed */
};
/* Up to which line what holds the chain. */
struct evidence_proof {
	uint64_t signed_to;   /* by the newest good checkpoint; 0: by none */
	char *checkpoint;     /* its id */
	char *signer;	      /* name of its key */
	usec_t stored_at;     /* by the store, as the receipt has it; 0: it was not stored */
	usec_t locked_until;  /* in every repository; 0: not locked */
	uint64_t mirrored_to; /* by the catalog of the host; 0: there is no mirror */
};
struct evidence_verdict {
	GPtrArray *findings; /* struct evidence_finding */
	GPtrArray *notes;    /* struct evidence_note */
	unsigned errors, warnings;
	unsigned runs, checkpoints; /* that were looked at */
	struct audit_head head;
	uint64_t lines;	    /* of the chain, good ones */
	usec_t first, last; /* times of the first and the last of them */
	struct evidence_proof proof;
	GPtrArray *signers; /* struct evidence_witness, in the order they were met */
	bool knows_signers; /* there is somebody to trust: checkpoints were looked at */
	bool knows_owners;  /* endorsements were judged */
};
/* A key that signed what was verified. */
struct evidence_witness {
	char key[EVIDENCE_KEY_NAME_SIZE];
	char *service;	    /* of the owner who endorsed it; NULL: not known */
	usec_t from, until; /* of the endorsement; 0: without an end, or not known */
	unsigned documents;
};
void evidence_verdict_clear(struct evidence_verdict *verdict);
/* Fails only where something cannot be read at all; NOT_FOUND where a run is named of which nothing is known. */
bool evidence_verify(const struct evidence_verify *verify, struct evidence_verdict *verdict,
		     GError **error);

#endif
