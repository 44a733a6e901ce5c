#ifndef ODR_CATALOG_CATALOG_H
#define ODR_CATALOG_CATALOG_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The local SQLite database: a cache of what the repositories hold, and the log of runs, exposure and
 * alterations.
 * SQLite only here. WAL mode, busy time-out, foreign keys, one transaction per function. A missing file
 * is made; one that SQLite calls damaged is moved aside (catalog.db.damaged-<time>) and made new, with
 * *renewed telling so; one of a newer schema is refused with USAGE. Only the main thread uses it.
 */
typedef struct catalog Catalog;
Catalog *catalog_open(const char *path, bool *renewed, GError **error);
void catalog_close(Catalog *catalog);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Catalog, catalog_close)

/* What is put and deleted between these, row by row, is one transaction: all of it, or with done false nothing.
 * Functions that take many rows at once are no part of one. */
bool catalog_group_begin(Catalog *catalog, GError **error);
bool catalog_group_end(Catalog *catalog, bool done, GError **error);

/* Sets: one row per service, repository and set. Texts are owned by the struct. */
struct catalog_set {
	char *service, *repository, *set_id;
	char *kind;	  /* full, incremental */
	char *parts;	  /* "database,filestore" */
	char *generation; /* of the database part, else of the first; or NULL */
	uint64_t sequence;
	usec_t created, started, stopped, retain_until, lock_until, stored_at; /* 0: unknown */
	uint32_t timeline, segment_size; /* 0 without a database */
	uint64_t start_lsn, stop_lsn, system_identifier;
	int pg_major;
	uint64_t files, bytes, stored, damaged;
	char *writer;	       /* fingerprint */
	char *manifest_sha256; /* hex */
};
void catalog_set_free(struct catalog_set *set);
bool catalog_set_put(Catalog *catalog, const struct catalog_set *set, GError **error);
bool catalog_set_delete(Catalog *catalog, const char *service, const char *repository,
			const char *set_id, GError **error);
bool catalog_set_known(Catalog *catalog, const char *service, const char *repository,
		       const char *set_id, bool *known, GError **error);
/* Oldest first. repository NULL: all. */
bool catalog_sets(Catalog *catalog, const char *service, const char *repository, GPtrArray **sets,
		  GError **error);

/* WAL files known durable: one row per service, repository and file. */
struct catalog_wal {
	char *file;
	uint64_t size;
	usec_t stored_at;
	usec_t written_at; /* by the server; 0: not known */
};
void catalog_wal_free(struct catalog_wal *wal);
/* New ones are counted: "counter.wal-archived.SERVICE.REPOSITORY". */
#define CATALOG_WAL_FILES "wal-archived"
#define CATALOG_WAL_BYTES "wal-bytes"
bool catalog_wal_put(Catalog *catalog, const char *service, const char *repository,
		     const struct catalog_wal *files, size_t count, GError **error);
/* Removes all rows of the repository first: for rebuilds. */
bool catalog_wal_replace(Catalog *catalog, const char *service, const char *repository,
			 const struct catalog_wal *files, size_t count, GError **error);
bool catalog_wal_delete(Catalog *catalog, const char *service, const char *repository,
			const char *const *files, size_t count, GError **error);
bool catalog_wal(Catalog *catalog, const char *service, const char *repository, GPtrArray **files,
		 GError **error); /* sorted by file */

/* Drops sets of a service and repository; before catalog_set_put in a rebuild. */
bool catalog_sets_clear(Catalog *catalog, const char *service, const char *repository,
			GError **error);

/* Runs: any recorded execution of a command. */
struct catalog_run {
	char *run_id, *service, *command, *outcome; /* running, ok, failed, aborted, abandoned */
	usec_t started, finished;		    /* finished 0: still running, or died */
	int exit_status;
	char *set_id, *message; /* may be NULL */
	uint64_t bytes;
	int64_t pid;
};
void catalog_run_free(struct catalog_run *run);
bool catalog_run_begin(Catalog *catalog, const struct catalog_run *run, GError **error);
bool catalog_run_finish(Catalog *catalog, const struct catalog_run *run, GError **error);
/* Newest first. service NULL: all; command NULL: all. */
bool catalog_runs(Catalog *catalog, const char *service, const char *command, unsigned limit,
		  GPtrArray **runs, GError **error);
/* How many runs of a service there were of each command and outcome: struct catalog_total. */
struct catalog_total {
	char *command, *outcome;
	int64_t runs;
};
bool catalog_run_totals(Catalog *catalog, const char *service, GPtrArray **totals, GError **error);
/* Runs of this host left "running" whose process is gone become "abandoned". */
bool catalog_runs_reap(Catalog *catalog, GError **error);

/* Exposure: the recovery point of a component in a repository as of a moment (DRILLS.md 1): point R
 * became usable at A. Kept append-only; equal points are not repeated. */
struct catalog_exposure {
	usec_t usable_at, recovery_point;
	/* 0: an advance. Else what it rested on was found to be lost at usable_at: the point fell, and may not have been
	 * better since this time. */
	usec_t revises;
	bool revised; /* of exposure_revise alone: what was claimed then was better, and wrong */
};
bool catalog_exposure_add(Catalog *catalog, const char *service, const char *repository,
			  const char *component, const struct catalog_exposure *event,
			  GError **error);
/* The same of one with revises; nothing where the point in force then is no better. */
bool catalog_exposure_fall(Catalog *catalog, const char *service, const char *repository,
			   const char *component, const struct catalog_exposure *event,
			   GError **error);
/* Events since a time, and before them the one that was in force then, sorted by usable_at. */
bool catalog_exposure(Catalog *catalog, const char *service, const char *repository,
		      const char *component, usec_t since, GArray **events, GError **error);

/* What a check found missing or damaged that recovery could have used: sets by "set/ID", WAL by "wal/FILE". */
struct catalog_loss {
	char *name;
	bool damaged;	 /* it is there, and cannot be read */
	usec_t found_at; /* first */
};
void catalog_loss_free(struct catalog_loss *loss);
/* What a check found takes the place of what is known, so that what is back is forgotten; one that read nothing back says
 * nothing of what is damaged. What was known keeps its found_at. */
bool catalog_losses_replace(Catalog *catalog, const char *service, const char *repository,
			    const GPtrArray *losses, bool read_back, GError **error);
/* By name: struct catalog_loss. */
bool catalog_losses(Catalog *catalog, const char *service, const char *repository,
		    GHashTable **losses, GError **error);

/* Objects that readers found hidden or replaced, and saw through: one row each, with the time it was found
 * first and last. */
struct catalog_alteration {
	char *name;
	bool hidden; /* behind a delete marker; otherwise replaced */
	char *what;  /* a sentence without a full stop */
	usec_t first_at, last_at;
};
void catalog_alteration_free(struct catalog_alteration *alteration);
/* Known by its name, only what and last_at are renewed. */
bool catalog_alteration_put(Catalog *catalog, const char *service, const char *repository,
			    const struct catalog_alteration *alteration, GError **error);
/* Found since then, the newest last: struct catalog_alteration. */
bool catalog_alterations(Catalog *catalog, const char *service, const char *repository,
			 usec_t since, GPtrArray **alterations, GError **error);

/* Marks: one row per service, repository and mark. name and note are NULL where no key was at hand. */
struct catalog_mark {
	char *mark_id, *name, *note;
	usec_t made;
	uint32_t timeline; /* 0: only a time */
	uint64_t lsn;
};
void catalog_mark_free(struct catalog_mark *mark);
bool catalog_mark_put(Catalog *catalog, const char *service, const char *repository,
		      const struct catalog_mark *mark, GError **error);
bool catalog_mark_delete(Catalog *catalog, const char *service, const char *repository,
			 const char *mark_id, GError **error);
/* Oldest first: struct catalog_mark. */
bool catalog_marks(Catalog *catalog, const char *service, const char *repository, GPtrArray **marks,
		   GError **error);

/* The audit chain as it was appended to on this host (drill/evidence/audit.h): one row per line, so that a chain that was
 * cut is noticed. Only here: no repository has it, and a rebuild leaves it alone. */
struct catalog_audit {
	uint64_t seq;
	char *sha256; /* hex, of the line with its newline */
	usec_t time;
	char *event, *run; /* run may be NULL */
};
void catalog_audit_free(struct catalog_audit *line);
/* The row of a number that is there already stays as it is. */
bool catalog_audit_put(Catalog *catalog, const struct catalog_audit *line, GError **error);
/* By number: struct catalog_audit. */
bool catalog_audit(Catalog *catalog, GPtrArray **lines, GError **error);

/* Small facts: "repository.main.checked_at" and the like. Value NULL deletes. */
bool catalog_fact_set(Catalog *catalog, const char *name, const char *value, GError **error);
bool catalog_fact(Catalog *catalog, const char *name, char **value,
		  GError **error); /* NULL: none */
/* Facts that only grow: "counter.wal-archived.erp-prod.main". One that was never added to is -1. */
bool catalog_count(Catalog *catalog, const char *name, uint64_t more, GError **error);
bool catalog_counter(Catalog *catalog, const char *name, int64_t *value, GError **error);

#endif
