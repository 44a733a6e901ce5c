#ifndef ODR_OPS_TENANT_LOAD_H
#define ODR_OPS_TENANT_LOAD_H

#include "ops/tenant/tenant.h"

/*
 * A recovered database into a running cluster, under a name that is free there: made from template0 with the encoding and
 * locale of the source, its extensions first, then what pg_dump says, then its settings and fresh statistics. It gets its
 * name last: until then it is called odrbackup-<run>, and it goes if anything fails.
 */
struct tenant_load {
	const char *conninfo; /* of the cluster; its role may create databases */
	const char *name;     /* EXISTS if there is one of that name */
	const char *folder;   /* for the dump; the caller removes it */
	const char *bin;      /* programs of PostgreSQL; NULL: looked for */
	const char *run_id;
	unsigned jobs;
};
struct tenant_loaded {
	GPtrArray *notes; /* char *: what could not be carried over */
};
void tenant_loaded_clear(struct tenant_loaded *loaded);
/* Whether it can be begun: before anything is restored. */
bool tenant_load_possible(const struct tenant_load *load, GError **error);
bool tenant_load(const Tenant *tenant, const struct tenant_load *load, struct tenant_loaded *loaded,
		 GError **error);

#endif
