#ifndef ODR_TESTS_GOLDEN_MAKE_H
#define ODR_TESTS_GOLDEN_MAKE_H

#include "golden.h"
#include "repo/manifest.h"

/* What writes the golden repository: keys, then the archive, then the layers and the manifest of each set. */
#define SEGMENT_SIZE (64u << 20)
#define SYSTEM	     7300000000000000001u
#define GENERATION   "20261204-00112233445566ff"
#define LOCK_UNTIL   (1796428800 * USEC_PER_SEC)
#define STARTED	     (1795302301 * USEC_PER_SEC)

struct golden {
	const char *folder;
	OwnerKey *owner;
	Identity *identity, *wal_identity;
	Bundle *bundle;
	GPtrArray *recipients, *repos;
	GHashTable *content; /* path → GByteArray, of the sets so far */
	GHashTable *entries; /* path → struct layer_entry */
	GString *expected;
	Manifest *last;
};

/* Ends the program, unless it is done. */
void must(bool done, GError *error);

/* Of all files of the first set; of what changed for the second. They are kept in content and entries. */
struct layer_ref make_full_layer(struct golden *golden);
struct layer_ref make_later_layer(struct golden *golden);

/* Two segments, a partial one, a backup file, a history. Names of the objects of the two segments. */
GPtrArray *make_archive(struct golden *golden);

/* A set of the layers so far, and what is expected of it. */
void make_set(struct golden *golden, const char *set_id, const struct layer_ref *refs,
	      unsigned count, const GPtrArray *objects);
/* A mark and its anchor: one figure that nothing changed, one that changed, one that could not be taken. */
void make_anchor(struct golden *golden);

#endif
