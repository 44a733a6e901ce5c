#ifndef ODR_OPS_EXPIRE_EXPIRE_H
#define ODR_OPS_EXPIRE_EXPIRE_H

#include "repo/manifest.h"
#include "repo/retention.h"

/*
 * Removing what retention no longer keeps, in every repository: manifests of expired sets first, then the
 * packs and tables of generations that no set refers to any more, then WAL from before the oldest set
 * that is left, then marks, anchors and moments from before it, and what aborted runs left behind. Interrupted anywhere, every set that is listed is
 * whole, and the next run goes on. No key that opens anything is needed.
 *
 * Time passes only while sets arrive: a clock that jumped ahead expires nothing, and where backups have
 * stopped, nothing more goes.
 */
struct expire_request {
	const GPtrArray *repos;
	const char *state; /* the service's folder: locks of the parts, WAL journal */
	struct retention_policy policy;
	usec_t backup_every; /* expected distance of sets */
	usec_t lock_wait;
	usec_t now;
	bool plan; /* only say what would go; takes no lock */
};
struct expire_set {
	char *set_id;
	usec_t stored_at, retain_until;
	uint64_t stored; /* bytes of packs it added */
	bool expires;
	bool removed; /* its manifest is gone */
	const char *reason;
};
struct expire_repository {
	char *name;
	GPtrArray *sets; /* struct expire_set, oldest first */
	usec_t now;	 /* the time that was decided by */
	/* What went, or would go: */
	uint64_t objects, bytes; /* packs, layers and tables */
	unsigned generations;	 /* that became unused */
	unsigned
		abandoned; /* that no set used before: of aborted runs, or locked when their sets went */
	GPtrArray *wal; /* char *, sorted */
	uint64_t wal_bytes;
	struct store_swept swept;	   /* what writers that died were writing */
	char floor[WAL_SEGMENT_NAME_SIZE]; /* the first segment that is needed; "": unknown */
	GPtrArray *troubles;		   /* char *: sentences */
	unsigned unverified;		   /* objects named as sets that are none */
	unsigned locked;		   /* objects that stay until their lock ends */
	unsigned marks, anchors, moments;  /* from before the oldest set that stays */
	unsigned refused;		   /* objects that the store would not give up otherwise */
};
struct expire_result {
	GPtrArray *repositories; /* struct expire_repository */
};
void expire_result_clear(struct expire_result *result);
/* On failure the result still says what was done (clear it in any case). */
bool expire_run(const struct expire_request *request, struct expire_result *result, GError **error);

#endif
