#ifndef ODR_PG_PGDATA_H
#define ODR_PG_PGDATA_H

#include "pg/control.h"

/* What lies in PGDATA: which paths are copied, which files are made of pages (POSTGRES.md 2). The
 * rules are pure: paths are byte strings relative to PGDATA, without leading "./"; "" is PGDATA. */
enum pgdata_rule {
	PGDATA_COPY,
	PGDATA_SKIP,	       /* not part of a backup */
	PGDATA_DIRECTORY_ONLY, /* the directory is kept, its contents are not (symlink: as directory) */
	PGDATA_LAST,	       /* global/pg_control */
};
enum pgdata_rule pgdata_rule(const char *path, bool is_directory, int major);

/* A relation file's parts: base/<db>/<n>[_fork][.segment], global/…, pg_tblspc/<oid>/PG_*\/<db>/… */
struct pgdata_relation {
	char directory_kind; /* 'b' base, 'g' global, 't' tablespace */
	uint32_t database;   /* OID; 0: shared */
	uint32_t number;
	char fork[5]; /* "", "fsm", "vm", "init" */
	uint32_t segment;
};
/* FirstNormalObjectId (access/transam.h): databases below it came with initdb. */
#define PGDATA_FIRST_USER_DATABASE 16384
bool pgdata_relation_parse(const char *path, struct pgdata_relation *relation);
bool pgdata_is_temporary_relation(const char *name);

/* One thing found by the walk. */
struct pgdata_file {
	char *path; /* relative to PGDATA; tablespace files as pg_tblspc/<oid>/… */
	char type;  /* 'd' directory, 'f' file, 'l' symbolic link */
	char *link; /* target of 'l' */
	uint32_t mode, uid, gid;
	uint64_t size;
	int64_t mtime_ns, ctime_ns;
	bool paged; /* a relation file */
	bool last;  /* copied after all others */
};
void pgdata_file_free(struct pgdata_file *file);
struct pgdata_walk {
	const char *pgdata;
	const struct control *control;
	const char *stats_temp_directory; /* 13, 14; relative or absolute; or NULL */
};
/* Everything to copy, sorted by path (bytewise), without the forks of unlogged relations (but _init).
 * The directories of PGDATA itself ("") and of tablespaces are included; a tablespace is an 'l' (or,
 * in place, a 'd') and the version directory of this cluster beneath it; one that lies inside PGDATA
 * is listed there only. Symlinks elsewhere: to a file, the file; to a directory in PostgreSQL's own
 * directories, that directory; all others an 'l' and a line in notes (char *, may be NULL), as are
 * sockets and other special files, which are left out. What vanishes meanwhile is not listed, except
 * that PG_VERSION and global/pg_control must be there. What cannot be looked at is an error. */
bool pgdata_walk(const struct pgdata_walk *walk, GPtrArray **files, GPtrArray *notes,
		 GError **error);

#endif
