#ifndef ODR_OPS_FILESTORE_CHOICE_H
#define ODR_OPS_FILESTORE_CHOICE_H

#include "repo/manifest.h"
#include "repo/moment.h"

/*
 * Which captures of a filestore together hold every file that a database names at a moment. Pure.
 *
 * Odoo writes a file before the row that names it is committed, and removes it long after the last row is gone. So what
 * the database names at T was there in the last capture that ended before T, or in one that overlaps T, or in the first
 * one that began after it (DESIGN.md 7). Of the first all counts; of the others what they added, not what they removed.
 * A moment is a capture that found what its set has. One that could not look at everything adds what it has, but is not the
 * first after.
 *
 * Where it is not known when the moment was (a position in the WAL), it lies between two times, and all captures between
 * them overlap it. Extra files do no harm: no row names them, and nothing collects them.
 */
struct filestore_span {
	usec_t from, to; /* the moment lies within */
};
struct filestore_choice {
	const Manifest *base; /* NULL: no capture ended before */
	GPtrArray *later;  /* const Manifest: overlapping ones, and the first after; oldest first */
	usec_t base_began; /* when the last capture before began; 0: none */
	usec_t after_began; /* when the first one after began; 0: none did yet */
	char *gap;	    /* a sentence: what may be missing; NULL: nothing may */
};
void filestore_choice_clear(struct filestore_choice *choice);
/* manifests: Manifest, of which those without a filestore are passed over; moments: struct moment. Both oldest first,
 * and must outlive the choice. NOT_FOUND: there is no capture at all. */
bool filestore_choose(const GPtrArray *manifests, const GPtrArray *moments,
		      const struct filestore_span *span, struct filestore_choice *choice,
		      GError **error);
/* Of ordinary folders, where a file that is gone is gone: the newest capture that ended before; no others. */
bool filestore_choose_exactly(const GPtrArray *manifests, const struct filestore_span *span,
			      struct filestore_choice *choice, GError **error);

/* Files of a database, "ab/<sha1>", that were damaged or missing at the source already, as these captures say: keys of a
 * set, free with g_hash_table_unref. */
GHashTable *filestore_choice_baseline(const struct filestore_choice *choice, const char *database);
/* The same of one capture. NULL: of none. */
GHashTable *filestore_baseline(const Manifest *manifest, const char *database);

#endif
