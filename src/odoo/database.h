#ifndef ODR_ODOO_DATABASE_H
#define ODR_ODOO_DATABASE_H

#include "pg/session.h"

/* What an Odoo database says of itself (ODOO.md 10, 11): it is one that has base installed. */
struct odoo_module {
	char *name, *version;
};
typedef struct odoo_database OdooDatabase;
struct odoo_database {
	char *name;
	char *series;	    /* "17.0": the first two numbers of base's version */
	int pg_version_num; /* of the server it is in */
	GPtrArray *modules; /* struct odoo_module: installed ones, by name */
};
void odoo_database_free(OdooDatabase *database);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OdooDatabase, odoo_database_free)
/* REFUSED where it is none. */
OdooDatabase *odoo_database_read(Session *session, GError **error);

/* manifest.json of the zip that Odoo's database manager writes; g_free. */
char *odoo_database_manifest(const OdooDatabase *database);

#endif
