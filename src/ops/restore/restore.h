#ifndef ODR_OPS_RESTORE_RESTORE_H
#define ODR_OPS_RESTORE_RESTORE_H

#include "pg/recovery.h"
#include "repo/manifest.h"
#include "repo/manifest_index.h"
#include "repo/wal_range.h"

/* The plan: pure, from what a repository holds and what is wanted (restore_plan.c). */
struct restore_target {
	enum recovery_type type;
	usec_t time;
	lsn_t lsn;
	const char *name, *xid;
	/* RECOVERY_NAME, where a mark has the name (else 0): time and lsn are the mark's, and its timeline. */
	uint32_t mark_timeline;
	bool exclusive;
	uint32_t timeline; /* 0: latest */
	const char *set;   /* id, "latest", "oldest", or NULL/"auto" */
};
struct restore_source {
	const GPtrArray *manifests; /* Manifest with sealed part, oldest first */
	const GArray *ranges;	    /* struct wal_range: the archive */
	const GPtrArray *histories; /* TimelineHistory: one per timeline known, 1 included */
};
struct restore_plan {
	const Manifest *manifest; /* of the source */
	uint32_t timeline;	  /* recovery follows this one */
	lsn_t wal_start;	  /* first byte needed */
	lsn_t wal_end;		  /* end of gap-free WAL along the timeline */
	usec_t wal_end_stored;	  /* when the last of it was stored: commits up to about then */
	usec_t last_commit;	  /* when the last transaction in it ended; 0: not known */
	lsn_t last_commit_lsn;	  /* where its end begins */
	char first_segment[WAL_SEGMENT_NAME_SIZE], last_segment[WAL_SEGMENT_NAME_SIZE];
	uint64_t segments;
	char missing[WAL_SEGMENT_NAME_SIZE]; /* first missing one behind which there is more; "" */
	char *point;			     /* sentence: what will be the result */
	GPtrArray *warnings;		     /* char * */
};
void restore_plan_clear(struct restore_plan *plan);
/* NOT_FOUND: no set or WAL reaches the target; the message names the reachable range. */
bool restore_plan(const struct restore_source *source, const struct restore_target *target,
		  struct restore_plan *plan, GError **error);

/* What only the WAL itself knows, for plans to a moment and to the end of the archive: reads it backwards
 * from its end to the last transaction that ended, and sets plan->last_commit. NOT_FOUND: none ended after
 * the moment, so that PostgreSQL would end with an error, after all was restored. WAL that cannot be read
 * is a warning of the plan. */
struct restore_proof {
	Repo *repo;
	const Identity *identity;
	const struct restore_source *source;
	const struct restore_target *target;
	const GPtrArray *held; /* of the holdings; NULL: it is looked for */
};
bool restore_plan_prove(const struct restore_proof *proof, struct restore_plan *plan,
			GError **error);

/* To the target, on the timeline of the plan, and to pause there; the caller adds commands. Borrows from both. */
struct recovery_settings restore_recovery_settings(const struct restore_plan *plan,
						   const struct restore_target *target);

/* A mark of the repository that has the name of a target by name tells where and when it is; without one it is a
 * restore point of somebody else's. What does not verify is a sentence in troubles. */
bool restore_target_find_mark(Repo *repo, const Identity *identity, struct restore_target *target,
			      GPtrArray *troubles, GError **error);

/* Reading what the plan needs from a repository. */
struct restore_holdings {
	ManifestIndex *index;
	GArray *order; /* guint: positions in the index that are still to be read, those needed first at the end */
	const GPtrArray *manifests; /* of the index: those that were read */
	GPtrArray *held;	    /* struct wal_held, by file: for a proof, then to be let go */
	GArray *ranges;
	GPtrArray *histories;
	GPtrArray *troubles; /* char *: objects that did not verify */
};
void restore_holdings_clear(struct restore_holdings *holdings);
bool restore_holdings_read(Repo *repo, const Identity *identity, struct restore_holdings *holdings,
			   GError **error);
/* The same of some sets that may lead to the target, the newest first: where no plan can be made with them, read on until
 * *more is false. A plan that can be made is that which all of them would give. */
bool restore_holdings_begin(Repo *repo, const Identity *identity,
			    const struct restore_target *target, struct restore_holdings *holdings,
			    GError **error);
bool restore_holdings_read_on(struct restore_holdings *holdings, bool *more, GError **error);

/* Carrying it out. */
struct restore_progress {
	const char *phase;
	uint64_t bytes_done, bytes_total;
};
struct restore_request {
	Repo *repo;
	const Identity *identity;
	const struct restore_plan *plan;
	const struct restore_target *target;
	enum recovery_action action;
	const char *pgdata;	    /* absolute */
	GHashTable *tablespace_map; /* OID (GUINT_TO_POINTER) → absolute path; or NULL */
	const char
		*config_directory; /* --with-config: files from outside PGDATA go here; or NULL */
	bool delta;
	/* Of relation files only those of this database (OID), of the databases that came with initdb, and shared
	 * ones; 0: all. Such a copy is for a private server that is told (pg/instance.h). */
	uint32_t database;
	bool throw_away; /* nothing is synced */
	unsigned workers;
	const char *verify_with;     /* "pg_verifybackup" or a path, or NULL */
	const char *restore_command; /* NULL: no recovery settings are written */
	const char *recovery_end_command;
	const char *spool; /* folder for long lists; where it cannot be used: pgdata */
	void (*progress)(void *data, const struct restore_progress *progress);
	void *progress_data;
};
struct restore_result {
	uint64_t files, bytes; /* of the set, or of the one database of it */
	uint64_t written;      /* bytes written */
	uint64_t kept;	       /* files left as they were (delta) */
	GPtrArray *notes;
};
void restore_result_clear(struct restore_result *result);
/* Checks everything that can be refused, touching nothing. */
bool restore_guard(const struct restore_request *request, GError **error);
/* pg_control, renamed in last, makes the directory startable. */
bool restore_run(const struct restore_request *request, struct restore_result *result,
		 GError **error);

#endif
