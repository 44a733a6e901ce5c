#ifndef ODR_CATALOG_SCHEMA_H
#define ODR_CATALOG_SCHEMA_H

#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>

/* Brings a database to the newest schema, one migration per version, each in a transaction. USAGE when
 * it was made by a newer version of the program. */
bool schema_migrate(sqlite3 *database, GError **error);

#endif
