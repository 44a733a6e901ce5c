#ifndef ODR_DRILL_REPORT_STORED_H
#define ODR_DRILL_REPORT_STORED_H

#include "crypto/evidence_trust.h"
#include "drill/evidence/audit.h"

/*
 * Where records and checkpoints were stored, as the receipts beside them say, and how far the audit chain goes. Of
 * signatures only those of receipts are looked at: the rest is what odrbackup evidence verify is for, and reports say so.
 */
enum stored_proof {
	STORED_UNVERIFIABLE, /* there is no signature, or nobody to trust */
	STORED_VERIFIED,
	STORED_WRONG, /* it is signed by somebody else, or is not what was signed */
};
const char *stored_proof_name(enum stored_proof proof); /* "not-verifiable", "verified", "wrong" */
/* Whose receipts count; NULL: it is not known. */
enum stored_proof stored_receipt_prove(const char *path, const struct evidence_trust *trust);

struct stored_copy {
	char *repository, *name, *version, *mode; /* version, mode may be NULL */
	usec_t stored_at, locked_until;		  /* 0: not said; not locked */
	bool same;				  /* what was stored is what is here */
};
void stored_copy_free(void *copy);
/* Copies of one file that a receipt names: struct stored_copy. NULL: there is no receipt, or it is none. */
GPtrArray *stored_copies(const char *receipt, const char *file, const char *sha256);

struct stored_chain {
	bool known;		/* false: there is no chain, or it has a */
	char *trouble;		/* why it cannot be read; NULL: it can */
	struct audit_head head; /* of the last good line */
	bool broken;
	char *checkpoint;   /* id of the newest; NULL: there is none */
	uint64_t signed_to; /* line */
	usec_t signed_at;   /* as it says itself */
	bool disagrees; /* that line is another, or not there: the chain was cut, made anew, or removed */
	GPtrArray *copies;	 /* struct stored_copy of it; NULL: it was not stored */
	enum stored_proof proof; /* of its receipt */
};
/* What cannot be read is its trouble. trust: of receipts, as above. */
void stored_chain_read(const char *state, const struct evidence_trust *trust,
		       struct stored_chain *chain);
void stored_chain_clear(struct stored_chain *chain);

#endif
