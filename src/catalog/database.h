#ifndef ODR_CATALOG_DATABASE_H
#define ODR_CATALOG_DATABASE_H

#include "catalog/catalog.h"

#include <sqlite3.h>

/* What the catalog's files share: statements with bound values, errors with the catalog's name. Times,
 * sizes and positions are stored as 64-bit integers (positions above 2^63 as negative ones). */
struct catalog {
	sqlite3 *database;
	char *path;
};

bool database_fail(Catalog *catalog, GError **error); /* from SQLite's message; returns false */
bool database_run(Catalog *catalog, const char *sql, GError **error);
/* types: one letter per value: t text (const char *, may be NULL), i int64_t. NULL on failure. */
sqlite3_stmt *database_prepare(Catalog *catalog, const char *sql, const char *types, GError **error,
			       ...);
/* Steps a statement without rows to its end and finalizes it; NULL is passed on as failure. */
bool database_finish(Catalog *catalog, sqlite3_stmt *statement, GError **error);
char *database_text(sqlite3_stmt *statement, int column); /* NULL for null; g_free */
/* After the last row: state is what sqlite3_step said. */
bool database_rows_end(Catalog *catalog, sqlite3_stmt *statement, int state, GError **error);

#endif
