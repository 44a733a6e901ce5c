#ifndef ODR_PG_PGDATA_H
#define ODR_PG_PGDATA_H

#include "pg/control.h"

/* What lies in PGDATA: which paths are copied, which files are made of pages (POSTGRES.md 2). Pure:
 * paths relative to PGDATA, without leading "./". */
enum pgdata_rule {
	PGDATA_COPY,
	PGDATA_SKIP,          /* not part of a backup */
	PGDATA_DIRECTORY_ONLY, /* the directory is kept, its contents are not (symlink: as directory) */
	PGDATA_LAST,          /* global/pg_control */
};
enum pgdata_rule pgdata_rule(const char *path, bool is_directory, int major);

/* A relation file's parts: base/<db>/<n>[_fork][.segment], global/…, pg_tblspc/<oid>/PG_*\/<db>/… */
struct pgdata_relation {
	char directory_kind; /* 'b' base, 'g' global, 't' tablespace */
	uint32_t number;
	char fork[5];        /* "", "fsm", "vm", "init" */
	uint32_t segment;
};
bool pgdata_relation_parse(const char *path, struct pgdata_relation *relation);
bool pgdata_is_temporary_relation(const char *name);

/* One thing found by the walk. */
struct pgdata_file {
	char *path;      /* relative to PGDATA; tablespace files as pg_tblspc/<oid>/… */
	char type;       /* 'd' directory, 'f' file, 'l' symbolic link */
	char *link;      /* target of 'l' */
	uint32_t mode, uid, gid;
	uint64_t size;
	int64_t mtime_ns, ctime_ns;
	bool paged;      /* a relation file */
	bool last;       /* copied after all others */
};
void pgdata_file_free(struct pgdata_file *file);
struct pgdata_walk {
	const char *pgdata;
	const struct control *control;
	const char *stats_temp_directory; /* 13, 14; relative or absolute; or NULL */
};
/* Everything to copy, sorted by path (bytewise), unlogged relations' forks left out, the directory
 * entries of PGDATA itself ("") and of tablespaces included, symlinks of pg_tblspc as 'l' and the
 * tablespace's version directory beneath it. Symlinks elsewhere to directories or files are followed
 * for content when they lie inside known places (pg_wal is a directory again), others recorded as
 * 'l' with a warning in notes. notes: GPtrArray of char*. */
bool pgdata_walk(const struct pgdata_walk *walk, GPtrArray **files, GPtrArray *notes,
		 GError **error);
/* What of PGDATA is inside: database OID directories etc. are left to callers. */

/* Tablespaces as they are now: pg_tblspc/<oid> → target. */
struct pgdata_tablespace {
	uint32_t oid;
	char *path;
};
void pgdata_tablespace_free(struct pgdata_tablespace *tablespace);

#endif
