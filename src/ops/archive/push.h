#ifndef ODR_OPS_ARCHIVE_PUSH_H
#define ODR_OPS_ARCHIVE_PUSH_H

#include "ops/archive/archive.h"
#include "ops/wal_source.h"
#include "repo/wal_journal.h"

/* One call of archive-push: push.c decides which files, targets.c where each goes. */
typedef struct push Push;
struct push {
	const struct archive_push_request *request;
	char *folder, *pgdata; /* where the file lies; that folder's parent */
	char *journal;
	struct wal_expect cluster; /* what segments must be; unknown members are 0 */
	Repo **repos;		   /* by number; NULL: not open */
	GPtrArray *names;	   /* the requested file, then others taken along */
	bool requested_done;
};

/* What one file still needs in one repository. */
struct target {
	const char *repository;
	struct wal_repository known; /* to the journal */
	Repo *repo;
	bool missing;
	usec_t lock_until; /* 0: not */
	usec_t stored_at;
	GError *failure;
};
typedef GArray Targets; /* of struct target, by number of the repository */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Targets, g_array_unref)
Targets *targets_new(const Push *push);
/* What the journal knows: where the file is durable already, and that no other one has its name (EXISTS). */
bool targets_consult_journal(Targets *targets, const Push *push, const WalSource *source,
			     GError **error);
bool targets_missing(const Targets *targets); /* of any repository */
/* To every open repository that misses it, and into the journal; fails if any of them did not take it. */
bool targets_store(const Push *push, Targets *targets, const WalSource *source, unsigned threads,
		   GError **error);

#endif
