#ifndef ODR_DRILL_EVIDENCE_EVIDENCE_H
#define ODR_DRILL_EVIDENCE_EVIDENCE_H

#include "crypto/evidence_trust.h"
#include "drill/evidence/audit.h"
#include "repo/repo.h"

/*
 * The evidence of a run: <state>/evidence/<run>/ and evidence/<run>/ of every repository hold
 *   record.json      what happened, in the bytes the engine made (DRILLS.md 9), and record.json.sig
 *   holdings.json, population.tsv, draw.json, drill.plan, and what else was added: their digests stand in the record
 *   receipt.json     what was stored where, with version, digest, lock as read back, the store's date; and .sig
 *   teardown.json    what was removed and what is left; and .sig
 * Signatures are detached, in signify's form (crypto/evidence_key.h), over the exact bytes. That of the record is the
 * commit point. Nothing is ever replaced: the same bytes again are fine, others are EXISTS.
 */
#define EVIDENCE_RECORD	    "record.json"
#define EVIDENCE_RECEIPT    "receipt.json"
#define EVIDENCE_TEARDOWN   "teardown.json"
#define EVIDENCE_POPULATION "population.tsv"
#define EVIDENCE_HOLDINGS   "holdings.json"
#define EVIDENCE_DRAW	    "draw.json"
#define EVIDENCE_PLAN	    "drill.plan"
#define EVIDENCE_PLAN_FILES \
 "drill.plan.sha256" /* its files, as sha256sum prints them: what its hash is of */
#define EVIDENCE_SIGNATURE ".sig"
#define EVIDENCE_FILE_MAX  ((size_t)32 << 20)

struct evidence {
	const char *state;	/* folder of the host's state, with the audit chain in it */
	const GPtrArray *repos; /* Repo, opened to write; may be empty */
	const EvidenceKey *key;
	usec_t retain; /* objects are locked so long from now, where the repository locks */
};
char *evidence_folder(const char *state, const char *run); /* g_free */

/* A further file, before the record is signed: A-Z a-z 0-9 . _ -. */
bool evidence_add(const struct evidence *evidence, const char *run, const char *name,
		  GBytes *content, GError **error);
/* The record, and then its signature: the commit. CORRUPT if the record does not pass record_check (drill/record.h). */
bool evidence_sign(const struct evidence *evidence, const char *run, GBytes *record,
		   GError **error);
/* Every file of the run to every repository; then the receipt, signed, is written and stored as well. May be called
 * again after it failed. */
bool evidence_store(const struct evidence *evidence, const char *run, GError **error);
/* teardown.json, signed, written and stored. May be called again, with the same bytes, after it failed. */
bool evidence_attest(const struct evidence *evidence, const char *run, GBytes *teardown,
		     GError **error);
/* The SHA-256 (hex) of the record before that of this run, for previous_record_sha256: of those that the chain says were signed
 * before a line of it, the drill.scheduled of the run, that of the last run by its id; "" if there is none. */
bool evidence_previous(const char *state, const char *run, uint64_t before,
		       char sha256[2 * SHA256_SIZE + 1], GError **error);
/* Ids of all runs with a folder, oldest first: char *. */
bool evidence_runs(const char *state, GPtrArray **runs, GError **error);

/* Copies the chain, all checkpoints, and the runs, with the public parts of keys, into a folder that is empty or not
 * there, for who verifies it elsewhere. */
struct evidence_exported_key {
	char *name; /* of its files, before .pub and .pem */
	uint8_t public_key[KEY_SIZE];
};
struct evidence_export {
	const char *state, *to;
	const char *run;       /* NULL: all */
	bool only_chain;       /* none of the runs */
	const GPtrArray *keys; /* struct evidence_exported_key; NULL: none is put there */
};
bool evidence_export(const struct evidence_export *how, GError **error);

/*
 * Checkpoints of the chain: audit/<id>.json and .sig in <state> and in every repository, ids as set ids:
 *   {"type":"odrbackup-audit-checkpoint","format":"1.0","seq":N,"head":HEX,"time":TIME,"host":NAME,"service":NAME}
 * Beside it <id>.receipt.json and .sig, as of a run.
 */
typedef struct checkpoint Checkpoint;
struct checkpoint {
	char *id, *host;
	char *service;			  /* whose key signed it, as it says */
	char sha256[2 * SHA256_SIZE + 1]; /* of the document: what a seed is made of */
	struct audit_head head;
	usec_t time;	  /* as signed */
	usec_t stored_at; /* by the store; of several the latest */
	usec_t locked_until; /* where it was judged by its receipt: in every repository; 0: not locked */
};
void checkpoint_free(Checkpoint *checkpoint);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Checkpoint, checkpoint_free)
/* Signs the end of the chain, stores it, and appends audit.checkpointed. */
bool checkpoint_make(const struct evidence *evidence, Audit *audit, Checkpoint **checkpoint,
		     GError **error);
/* Of those stored before a time, by the store's clock, and signed by whom the trust has, the one with most of the chain;
 * *checkpoint is NULL if there is none. What does not verify is none, and a sentence in troubles. */
struct checkpoint_wanted {
	const struct evidence_trust *trust;
	usec_t before;
	GHashTable *among;   /* ids; NULL: of all */
	GPtrArray *troubles; /* char *; or NULL */
};
bool checkpoint_before(Repo *repo, const struct checkpoint_wanted *wanted, Checkpoint **checkpoint,
		       GError **error);

#endif
