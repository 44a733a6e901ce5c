#ifndef ODR_OPS_RECORD_H
#define ODR_OPS_RECORD_H

#include "catalog/catalog.h"
#include "repo/hold.h"
#include "repo/manifest.h"
#include "repo/mark.h"
#include "repo/moment.h"
#include "repo/wal_journal.h"
#include "store/alteration.h"

/* From repository and local journal into the catalog. A set's capture of files or configuration is a
 * recovery point of that part. */
bool record_set(Catalog *catalog, const Repo *repo, const Manifest *manifest, GError **error);
/* The same; what is read without a key keeps what is known of its sealed part. known: struct catalog_set by id, or NULL. */
bool record_set_over(Catalog *catalog, const Repo *repo, const Manifest *manifest,
		     GHashTable *known, GError **error);
bool record_mark(Catalog *catalog, const Repo *repo, const struct mark *mark, GError **error);
/* Marks that the repository has and the catalog lacks, or knew without a name; and those that are gone.
 * identity NULL: without names. What does not verify is a sentence in troubles. */
bool record_marks(Catalog *catalog, Repo *repo, const Identity *identity, GPtrArray *troubles,
		  GError **error);
bool record_moment(Catalog *catalog, const Repo *repo, const struct moment *moment, GError **error);
/* What a repository holds of sets: struct hold; and of several repositories, each once. */
bool record_holds(Catalog *catalog, const Repo *repo, const GPtrArray *holds, GError **error);
bool recorded_holds(Catalog *catalog, const char *service, const char *const *repositories,
		    GPtrArray **holds, GError **error);
/* The first, of what the repository has now. */
bool record_holds_update(Catalog *catalog, Repo *repo, GPtrArray *troubles, GError **error);
json_t *record_hold_json(const struct hold *hold); /* for people and programs, too; new reference */
/* WAL journal of the service's state folder → catalog, by the names that its repositories have now; drops
 * nothing. */
struct record_journal {
	const char *state, *service;
	const GArray *repositories; /* struct wal_repository */
};
bool record_wal_journal(Catalog *catalog, const struct record_journal *journal, GError **error);
/* What expire removed: these files, and all that lies below this segment, which the journal may still
 * know. */
bool record_wal_removed(Catalog *catalog, const char *service, const char *repository,
			const GPtrArray *files, const char *floor, GError **error);
/* Stretches without a gap (struct wal_range) of struct catalog_wal; g_array_unref. */
GArray *recorded_ranges(const GPtrArray *files, uint32_t segment_size);
/* The newest gap-free WAL behind the newest set, as the catalog knows it. */
struct recorded_wal {
	uint32_t timeline;
	uint64_t end;			/* 0: none */
	usec_t stored_at;		/* all of it was by then */
	usec_t written_at;		/* by the server, its last segment; 0: not known */
	unsigned gaps;			/* stretches behind a hole */
	usec_t set_stopped, set_stored; /* of the newest set; 0: there is none */
};
/* Pure: from struct catalog_set, oldest first, and struct catalog_wal. */
void recorded_wal_find(const GPtrArray *sets, const GPtrArray *files, struct recorded_wal *wal);
/* The recovery point: whatever was committed until the server had written the last segment is in it or before it. Where
 * that time is not known (a catalog that was filled from the repository), the time at which it was stored is an upper bound,
 * and the best there is without reading the WAL. 0: none. */
usec_t recorded_wal_point(const struct recorded_wal *wal);
bool record_wal_end(Catalog *catalog, const char *service, const char *repository,
		    struct recorded_wal *wal, GError **error);
/* Computes the recovery point of the database in this repository now (newest gap-free WAL behind the
 * newest set) and records it as exposure event if it advanced. */
bool record_exposure(Catalog *catalog, const char *service, const char *repository, GError **error);
/* What readers of this repository found to be altered since the last call (store/alteration.h), also given
 * to *found (struct store_alteration; may be NULL). catalog NULL: not recorded. */
bool record_alterations(Catalog *catalog, const Repo *repo, GPtrArray **found, GError **error);
/* The name of the catalog's fact about what keeps objects of a repository from being deleted; g_free. */
char *record_protection_fact(const char *service, const char *repository);
/* The name of the catalog's fact about when all objects of a repository were last read back and good; g_free. */
char *record_read_back_fact(const char *service, const char *repository);
/* The name of the catalog's fact about where the service's cluster lies on this host; g_free. */
char *record_data_directory_fact(const char *service);
/* What archive-get kept of alterations in the service's state folder. */
bool record_kept_alterations(Catalog *catalog, const char *service, const char *state,
			     GError **error);
/* Everything anew from one repository (catalog rebuild). identity may be NULL: public parts only. */
bool record_rebuild(Catalog *catalog, Repo *repo, const Identity *identity, GPtrArray *troubles,
		    GError **error);
/* The same, but of sets only what the catalog lacks is read, and what is gone forgotten. */
bool record_update(Catalog *catalog, Repo *repo, const Identity *identity, GPtrArray *troubles,
		   GError **error);

#endif
