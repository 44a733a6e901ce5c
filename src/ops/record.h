#ifndef ODR_OPS_RECORD_H
#define ODR_OPS_RECORD_H

#include "catalog/catalog.h"
#include "repo/manifest.h"

/* From repository and local journal into the catalog. */
bool record_set(Catalog *catalog, const Repo *repo, const Manifest *manifest, GError **error);
/* WAL journal of the service's state folder → catalog, for its repositories; drops nothing. */
bool record_wal_journal(Catalog *catalog, const char *state, const char *service, GError **error);
/* Computes the recovery point of the database in this repository now (newest gap-free WAL behind the
 * newest set) and records it as exposure event if it advanced. */
bool record_exposure(Catalog *catalog, const char *service, const char *repository, GError **error);
/* Everything anew from one repository (catalog rebuild). identity may be NULL: public parts only. */
bool record_rebuild(Catalog *catalog, Repo *repo, const Identity *identity, GPtrArray *troubles,
		    GError **error);

#endif
