#ifndef ODR_OPS_ARCHIVE_LOOKUP_H
#define ODR_OPS_ARCHIVE_LOOKUP_H

#include "crypto/keys.h"
#include "ops/archive/choice.h"
#include "ops/archive/names.h"
#include "ops/archive/place.h"
#include "repo/repo.h"

/* One search for a WAL file through all repositories: what archive-get does again while there is
 * trouble, and what fetching ahead does once. */
struct archive_lookup {
	const char *file;
	const Identity *identity;
	const struct store_settings *repositories;
	Repo **repos; /* by number; opened here where NULL, and closed by the caller */
	size_t count;
	unsigned threads;
	ArchivePlace *place;	 /* gets what is found; the caller commits it */
	archive_find_sets *sets; /* as archive_sets */

	/* Results; archive_lookup_clear. */
	bool found;		     /* false also when no valid one can be told from another */
	uint8_t digest[XXH128_SIZE]; /* of what is found */
	uint32_t segment_size;	     /* of a segment */
	GPtrArray *problems;	     /* GError: everything that was found wrong, in order */
	const GError *damage;  /* of these the one that counts among objects that are no good */
	const GError *trouble; /* and the first that may be better the next time */
	bool conflict;	       /* damage is that nobody can tell which of several counts */
	bool needs_sets;       /* which of several counts cannot be told here, without sets */
};
/* Found, or trouble, or damage; none of them: absence is proven, every repository was listed, and none by
 * somebody who may not be the store. Segments
 * have the header that their name calls for; of several of one name the one counts that archive_choice.h
 * says. Several valid history files that differ are damage. False only when the place cannot be written. */
bool archive_lookup_run(struct archive_lookup *lookup, GError **error);
/* The same, without listing anything, among what is known by name already. Not found so proves nothing. */
bool archive_lookup_named(struct archive_lookup *lookup, const ArchiveNames *names, GError **error);
void archive_lookup_clear(struct archive_lookup *lookup);

#endif
