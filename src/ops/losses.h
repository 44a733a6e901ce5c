#ifndef ODR_OPS_LOSSES_H
#define ODR_OPS_LOSSES_H

#include "ops/status.h"

/*
 * What was durable and is found to be lost (DRILLS.md 1): the recovery point falls when it is found, and what was claimed
 * since all was last known to be good is revised.
 */
struct losses_found {
	const GPtrArray *losses; /* struct catalog_loss: all of them, by one check */
	bool read_back; /* it read the objects back, and did not only look whether they are there */
	usec_t found_at; /* when it began */
	const GArray *
		points; /* struct status_point, of files and configuration: what can be recovered still */
};
bool losses_record(Catalog *catalog, const char *service, const char *repository,
		   const struct losses_found *found, GError **error);

/* Takes those out that are lost: struct catalog_set, struct catalog_wal. What was stored again later counts. */
void losses_leave_out(GHashTable *losses, GPtrArray *sets, GPtrArray *files);

#endif
