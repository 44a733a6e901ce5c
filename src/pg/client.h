#ifndef ODR_PG_CLIENT_H
#define ODR_PG_CLIENT_H

#include <glib.h>
#include <stdbool.h>

/*
 * Running a client program of PostgreSQL on a database. What a connection string holds, a password perhaps, goes into a
 * service file of mode 0600 in folder, which is removed afterwards: other users see arguments and may not see that.
 */
struct pg_client {
	const char *program;	      /* absolute path */
	const char *conninfo;	      /* as session_open takes it */
	const char *database;	      /* instead of the one conninfo may name */
	const char *const *arguments; /* NULL-terminated; "--dbname=…" is put before them */
	const char *folder;	      /* writable only by us */
};
/* FAILED with the program's own message where it ends with another status than 0. */
bool pg_client_run(const struct pg_client *client, GError **error);

/* The service file's text; USAGE where conninfo is malformed or a value has a line break. g_free. For tests. */
char *pg_client_service(const char *conninfo, const char *database, GError **error);
#define PG_CLIENT_SERVICE "odrbackup" /* its name in there */

#endif
