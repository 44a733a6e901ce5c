#ifndef ODR_ODOO_EXPECTED_H
#define ODR_ODOO_EXPECTED_H

#include "pg/session.h"

/*
 * The files that an Odoo database names in its filestore (ir_attachment.store_fname), one after another by name. Asked by
 * SQL: Odoo's own search hides those of image fields (ODOO.md 3). What the database says is hostile until judged.
 */
struct expected_file {
	const char *name;  /* as it is stored */
	bool valid;	   /* "ab/<sha1>": may be looked for on a disk */
	int64_t size;	   /* -1: not told */
	uint64_t rows;	   /* that name it */
	int64_t first_id;  /* of these */
	const char *model; /* what one of them belongs to, "account.move"; "" if nothing */
	bool regenerable;  /* all of them are bundles of assets, which Odoo builds again */
};
typedef bool (*expected_each)(void *data, const struct expected_file *file, GError **error);
/* Memory does not grow with their number. False from each ends it. */
bool expected_files(Session *session, expected_each each, void *data, GError **error);

#endif
