#ifndef ODR_PG_PROGRAM_H
#define ODR_PG_PROGRAM_H

#include <glib.h>
#include <stdbool.h>

/*
 * Where a program of PostgreSQL lies (postgres, pg_dump, pg_restore): in folder if one is given, else where Debian
 * keeps that major version, else along PATH. What it calls its version is asked. exactly: the very major version, which
 * a data directory needs; else that or a newer one, which a client may be. Absolute path; g_free. NOT_FOUND says where
 * was looked.
 */
struct pg_program {
	const char *name;
	const char *folder; /* NULL: looked for */
	int major;
	bool exactly;
};
char *pg_program_find(const struct pg_program *wanted, GError **error);

/* "postgres (PostgreSQL) 15.18 (Debian …)" → 15; 0 if it is nothing of the kind. */
int pg_program_major(const char *version);

#endif
