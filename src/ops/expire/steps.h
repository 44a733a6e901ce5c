#ifndef ODR_OPS_EXPIRE_STEPS_H
#define ODR_OPS_EXPIRE_STEPS_H

#include "ops/expire/expire.h"
#include "repo/hold.h"

/* What the files of an expiry share: expire.c decides and has the order of the steps. */

/* The last 16 digits of a segment's name are its position, whatever its timeline. */
#define EXPIRE_POSITION_AT 8

/* The work on one repository. */
struct expire {
	const struct expire_request *request;
	Repo *repo;
	bool locks;		  /* the store holds locks */
	GPtrArray *manifests;	  /* Manifest, oldest first; parallel to out->sets */
	GPtrArray *holds;	  /* struct hold */
	GHashTable *kept, *freed; /* generations of sets that stay, and of those that went */
	GHashTable *tables;	  /* names of tables of sets that stay */
	GHashTable *wal;	  /* names of WAL objects of sets that stay */
	usec_t oldest_set;	  /* when it was stored, of those that stay */
	struct expire_repository *out;
};

/* A sentence for the result: what is odd, and does not stop the expiry. */
void expire_trouble(struct expire *expire, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* What is locked stays and is counted, what is refused is reported; what is gone already is gone. To each
 * of the objects (struct store_object, as listed) belongs one of removed, also where it fails. */
bool expire_remove(struct expire *expire, const GPtrArray *objects, bool *removed, GError **error);

/* expire_sweep.c: what no set needs that stays: packs, layers and tables; then WAL; old probes and drafts. */
bool expire_content(struct expire *expire, GError **error);
bool expire_wal(struct expire *expire, GError **error);
bool expire_probes(struct expire *expire, GError **error);
/* marks.c: anchors and moments, too */
bool expire_marks(struct expire *expire, GError **error);
bool expire_drafts(struct expire *expire, GError **error);

#endif
