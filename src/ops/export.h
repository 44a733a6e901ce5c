#ifndef ODR_OPS_EXPORT_H
#define ODR_OPS_EXPORT_H

#include "ops/tenant/tenant.h"

/*
 * A recovered database as the zip that Odoo's own database manager restores: dump.sql, filestore/xx/<sha1>,
 * manifest.json. It is of one moment: the files are those that the dumped database names.
 */
struct export_request {
	const char *path;      /* must not exist */
	const char *folder;    /* for the dump meanwhile; the caller removes it */
	const char *filestore; /* folder with those files, xx/<sha1>; NULL: none */
	usec_t time;	       /* of the members */
};
struct export_result {
	uint64_t files, bytes; /* of the filestore */
	char *series;	       /* "17.0" */
};
void export_result_clear(struct export_result *result);
/* REFUSED where the database is none of Odoo's. */
bool export_odoo_zip(const Tenant *tenant, const struct export_request *request,
		     struct export_result *result, GError **error);

#endif
