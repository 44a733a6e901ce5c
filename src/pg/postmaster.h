#ifndef ODR_PG_POSTMASTER_H
#define ODR_PG_POSTMASTER_H

#include <glib.h>

/* How to reach the server that runs in a data directory, for libpq, with the database postgres: by the first of its
 * socket folders, else by its first address, as its postmaster.pid tells (miscadmin.h, LOCK_FILE_LINE_…). g_free.
 * REFUSED where no server runs there, or none that listens. */
char *postmaster_conninfo(const char *pgdata, GError **error);

#endif
