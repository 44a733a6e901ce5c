#ifndef ODR_ODOO_ATTACHMENTS_H
#define ODR_ODOO_ATTACHMENTS_H

#include "base/json.h"

/*
 * What the table ir_attachment of one Odoo database says of where its files are. Only names and numbers are
 * read, never content.
 */
struct attachments {
	bool is_odoo;	      /* it has the table; the rest is 0 otherwise */
	uint64_t rows;	      /* that name a file in the filestore */
	uint64_t files;	      /* that they name, each counted once */
	uint64_t in_database; /* rows whose content is in the table itself */
	uint64_t strange;     /* rows whose name is none of a file, nor of another store */
	GPtrArray *elsewhere; /* struct attachments_store, the most first */
};
/* Another store: its content is not in the filestore. */
struct attachments_store {
	char *name; /* "s3://bucket", "cloud_storage" */
	uint64_t rows;
};
void attachments_clear(struct attachments *attachments);

struct attachments_source {
	const char *conninfo, *database, *run_id;
};
bool attachments_count(const struct attachments_source *source, struct attachments *attachments,
		       GError **error);

/* For the facts of a set. */
json_t *attachments_json(const struct attachments *attachments);
/* "1234 attachments in s3://bucket, 5 in the database", or NULL when all are files; g_free. */
char *attachments_elsewhere(const struct attachments *attachments);

#endif
