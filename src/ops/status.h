#ifndef ODR_OPS_STATUS_H
#define ODR_OPS_STATUS_H

#include "catalog/catalog.h"
#include "ops/at_risk.h"
#include "ops/backup/config_drift.h"
#include "ops/check/finding.h"
#include "ops/exposure.h"
#include "pg/wal.h"
#include "repo/hold.h"

/*
 * What can be recovered, as the catalog knows it: no repository is asked, so it is quick and works without
 * network. What was pushed since comes from the local WAL journal.
 */
#define STATUS_PERIOD  (7 * USEC_PER_DAY)
#define STATUS_MEMORY  (90 * USEC_PER_DAY) /* how far back the largest exposure is looked for */
#define STATUS_ALTERED (30 * USEC_PER_DAY)
#define STATUS_FORKED  USEC_PER_DAY /* so long after its last WAL a timeline counts as archived */

/* Segments that are missing between others of a timeline, where sets are kept that could use them. */
struct status_gap {
	uint32_t timeline;
	char first[WAL_SEGMENT_NAME_SIZE], last[WAL_SEGMENT_NAME_SIZE];
	uint64_t segments;
	usec_t before, after; /* when the segments on both sides were stored */
	bool open;	      /* behind the newest set: what follows cannot be reached at all */
};
/* A timeline that was still archived when a later one, which recovery follows, had begun: two servers archive. */
struct status_fork {
	uint32_t timeline;  /* 0: there is none */
	usec_t last_stored; /* of its WAL */
	bool leads;	    /* it has newer WAL than the one that recovery follows */
};
/* Windows of time up to now. */
enum status_window { STATUS_DAY, STATUS_WEEK, STATUS_QUARTER, STATUS_WINDOWS };
/* How recent the captured state of a part is that is not recovered by WAL; or of database and filestore as the one that
 * they are: what both can be brought back to. */
#define STATUS_WHOLE "whole"
struct status_point {
	const char *part; /* PART_FILESTORE, PART_CONFIG, STATUS_WHOLE */
	usec_t point;	  /* what was there then can be recovered; 0: nothing */
	usec_t objective; /* 0: none */
	struct exposure_summary week;
	usec_t largest[STATUS_WINDOWS]; /* exposure; -1: nothing is known of the window */
};
struct status_repository {
	char *name;
	unsigned sets, damaged;	       /* damaged: sets with damage of their source */
	unsigned database_sets;	       /* of them */
	uint64_t stored;	       /* bytes of packs */
	char *newest_set, *oldest_set; /* ids, or NULL */
	usec_t newest_stopped, oldest_stopped;
	/* Of the newest set with a database; its bytes, and those that it needed in packs. */
	usec_t database_stopped;
	uint64_t database_content, database_stored;
	usec_t first_point;    /* oldest moment that can be reached; 0: none */
	usec_t recovery_point; /* newest one; 0: none */
	uint32_t timeline;     /* of the newest WAL */
	lsn_t wal_end;	       /* 0: no WAL behind the newest set */
	uint64_t wal_files, wal_bytes;
	usec_t wal_stored; /* when the last WAL was; 0: none */
	usec_t exposure;   /* now; -1: unknown */
	struct at_risk at_risk;
	struct exposure_summary week;
	usec_t largest[STATUS_WINDOWS]; /* exposure; -1: nothing is known of the window */
	unsigned lost;	   /* sets and WAL files that the last check found missing or damaged */
	unsigned altered;  /* objects found hidden or replaced within STATUS_ALTERED */
	char *altered_how; /* the last of them: a sentence; NULL: none */
	usec_t altered_at;
	char *protection; /* what the last backup learnt of locks, for people; NULL: nothing yet */
	struct status_fork fork;
	int64_t unlocked; /* objects without a lock, by a scan; -1: not looked for */
	GArray *gaps;	  /* struct status_gap */
	GArray *points; /* struct status_point: filestore, config, the whole where there are both */
};
struct status {
	char *service;
	usec_t now;
	usec_t rpo, rpo_filestore, rpo_config; /* 0: no objective */
	const char *const *parts;	       /* as in the request */
	GPtrArray *repositories;	       /* struct status_repository */
	const struct status_repository
		*best; /* with the newest recovery point; NULL: none has one */
	const struct status_repository *whole; /* the same for database and filestore together */
	GPtrArray *last, *running; /* struct catalog_run: the newest of each command; under way */
	GPtrArray *findings;	   /* what is wrong; empty: nothing */
	GPtrArray *holds;	   /* struct hold, in force or not */
	struct config_drift drift; /* of the configuration, since it was drilled */
};
void status_clear(struct status *status);

struct status_request {
	Catalog *catalog;
	const char *service;
	const char *state;		 /* the service's folder; NULL: leave the journal alone */
	const char *const *repositories; /* names, ends with NULL */
	const GArray *journaled;	 /* struct wal_repository: the same, for the journal */
	const char *const *parts;	 /* PART_… that the service has, ends with NULL */
	usec_t rpo, rpo_filestore, rpo_config, backup_every;
	usec_t now;
	const char *wal, *conninfo; /* as at_risk_source has them */
};
bool status_read(const struct status_request *request, struct status *status, GError **error);

/* The pure half, for one repository: sets oldest first, files sorted, events sorted. */
struct status_source {
	const char *repository;
	const GPtrArray *sets, *files; /* struct catalog_set, struct catalog_wal */
	const GArray *events;	       /* struct catalog_exposure, of the database */
	const GArray *points;	       /* struct status_point; NULL: none */
	unsigned lost;
	const GPtrArray *alterations; /* struct catalog_alteration, the newest last; NULL: none */
	usec_t rpo, now;
};
struct status_repository *status_repository_new(const struct status_source *source);
void status_repository_free(struct status_repository *repository);
usec_t status_point(const struct status_repository *repository, const char *part); /* 0: none */
/* The steps (status_points.c): what the catalog has of one repository's parts. events: of the database, revised. */
bool status_read_points(const struct status_request *request, const char *repository,
			const GArray *events, GArray *points, GError **error);
/* Once the recovery point of the database is known. */
struct status_windowed {
	const GArray *events;
	usec_t now, objective;
};
void status_windows(const struct status_windowed *of, struct exposure_summary *week,
		    usec_t largest[STATUS_WINDOWS]);
void status_complete_points(struct status_repository *repository);
/* What is wrong, from the rest of the status. */
void status_judge(struct status *status, usec_t backup_every);

/* "5 min ago", "in 2 h 3 min"; g_free. */
char *status_age(usec_t now, usec_t time);

#endif
