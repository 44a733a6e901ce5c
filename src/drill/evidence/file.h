#ifndef ODR_DRILL_EVIDENCE_FILE_H
#define ODR_DRILL_EVIDENCE_FILE_H

#include "drill/evidence/evidence.h"

/* Inside drill/ only: files that are written once, signed, and stored. */

/* As it is there already it may be written again; other bytes are EXISTS. */
bool evidence_file_write(const char *path, GBytes *content, GError **error);
/* path and path.sig; the signature last. */
bool evidence_file_sign(const EvidenceKey *key, const char *path, GBytes *content, GError **error);

/* With a good signature, by whom the trust has; signer may be NULL. */
bool evidence_file_read(const char *path, const struct evidence_trust *trust,
			struct evidence_signer *signer, GBytes **content, GError **error);

void evidence_digest(GBytes *content, char digest[2 * SHA256_SIZE + 1]);
bool evidence_name_valid(const char *name);
char *evidence_path(const char *state, const char *run, const char *name); /* g_free */
/* Names of the files of a run, sorted: char *. None where there is no folder. */
bool evidence_files(const char *state, const char *run, GPtrArray **names, GError **error);
/* Names of checkpoints in <state>/audit, as "<id>.json", sorted. */
bool checkpoint_files(const char *state, GPtrArray **names, GError **error);
#define EVIDENCE_RECEIPT_TYPE  "odrbackup-evidence-receipt"
#define EVIDENCE_TEARDOWN_TYPE "odrbackup-drill-teardown"
/* receipt.json; run is that, or the id of a checkpoint. */
GBytes *evidence_receipt(const char *run, json_t *objects);
/* The members of a checkpoint but its id. Hostile text. */
bool checkpoint_parse(const char *text, size_t size, Checkpoint *checkpoint, GError **error);
/* One that is stored. CORRUPT where it is signed by nobody the trust has. */
bool checkpoint_load(Repo *repo, const char *id, const struct evidence_trust *trust,
		     Checkpoint **checkpoint, GError **error);

/* Whether an object that is stored, with its .sig, is signed by whom the trust has; when it was stored. */
bool evidence_is_signed(Repo *repo, const char *local, const struct evidence_trust *trust,
			usec_t *stored_at);

/* Puts an object into every repository, and adds what became of it to objects, as a receipt has it. */
struct evidence_object {
	const char *local;
	GBytes *content;
	usec_t lock_until;
	json_t *objects;
	usec_t *stored_at; /* the latest by the stores' clocks; or NULL */
};
bool evidence_object_store(const GPtrArray *repos, const struct evidence_object *object,
			   GError **error);

#endif
