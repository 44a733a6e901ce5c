#ifndef ODR_OPS_CHECK_CHECK_H
#define ODR_OPS_CHECK_CHECK_H

#include "ops/check/finding.h"
#include "ops/check/protection.h"
#include "ops/status.h"
#include "repo/manifest.h"
#include "repo/wal_journal.h"

/*
 * Whether what is needed for recovery is there, asked of the repositories themselves and of the server.
 * Everything that was looked at leaves a finding, fine or not; so does what could not be looked at. Only
 * a stop request and failures of this host are errors.
 */
struct check_store {
	const char *name; /* of the repository; not owned */
	Repo *repo;	  /* with little patience; NULL: cause says why it cannot be opened */
	GError *cause;
	char *place;	      /* equal for repositories that are lost together */
	enum store_role role; /* what this host's credential is for */
	/* Found: */
	StoreDiagnosis *diagnosis;
	GPtrArray *protection; /* struct protection_case */
};
void check_store_free(struct check_store *store);
/* What the codes of findings about a store's steps begin with. */
#define CHECK_STORE_CODE "store."

struct check_request {
	const char *service;
	const GPtrArray *stores;  /* struct check_store: all; looked at first */
	const GPtrArray *repos;	  /* Repo: those that could be opened */
	const Identity *identity; /* NULL: contents are not opened */
	const Bundle *bundle;	  /* NULL: this host's own chain is not compared */
	const char *state;	  /* the service's folder */
	const char *conninfo;	  /* NULL: the server is not asked */
	Catalog *catalog;	  /* for what may not be listed; NULL: it cannot be used */
	const char *run_id;
	const char *const *parts; /* PART_… that the service has, ends with NULL */
	usec_t rpo, rpo_filestore, rpo_config, backup_every;
	usec_t now;
	bool scan;	    /* read every object */
	bool prove_lock;    /* try to delete what is locked */
	bool identity_here; /* a key that opens sets lies on this host */
	unsigned workers;
	/* During a scan, or NULL. */
	void (*progress)(void *data, uint64_t bytes_done, uint64_t bytes_total);
	void *progress_data;
};
struct check_result {
	GPtrArray *findings;
	GPtrArray *
		repositories; /* struct status_repository, as found there; exposure without its past */
	int64_t ready;	      /* segments that wait for archiving; -1: unknown */
	int64_t failed;	      /* attempts of the archiver that failed, as the server counts; -1 */
};
void check_result_clear(struct check_result *result);
/* findings of the caller come first in result->findings (findings_new). */
bool check_run(const struct check_request *request, struct check_result *result, GError **error);

/* The steps (check_store.c, check_chain.c, check_objects.c, check_wal.c, check_journal.c,
 * check_scan.c, check_server.c). where: "repository main". */
bool check_stores(const struct check_request *request, GPtrArray *findings, GError **error);
void check_chain(const GPtrArray *manifests, const char *where, usec_t now, GPtrArray *findings);
/* Tables by the hex of their SHA-256; those that cannot be read are findings. */
bool check_objects(Repo *repo, const GPtrArray *manifests, const char *where, GHashTable *tables,
		   GPtrArray *findings, GError **error);
/* After the others: what reading found to be altered, which goes into the catalog, too. */
bool check_altered(const struct check_request *request, const Repo *repo, const char *where,
		   GPtrArray *findings, GError **error);
/* held: struct wal_held. */
void check_wal(const GPtrArray *manifests, const GPtrArray *held, const char *where,
	       GPtrArray *findings);
/* What this host's journal says is durable there, as read before the repository was listed; sorted by file.
 * A host without a journal has nothing to compare. */
struct check_journaled {
	const GPtrArray *records;	  /* struct wal_record */
	struct wal_repository repository; /* of which these count */
	const GPtrArray *manifests, *held;
};
void check_journal(const struct check_journaled *journaled, const char *where, GPtrArray *findings);
/* *unlocked is left alone where the repository does not lock, or where it could not be told of all. */
bool check_scan(const struct check_request *request, Repo *repo, const GPtrArray *manifests,
		const GPtrArray *held, GHashTable *tables, const char *where, GPtrArray *findings,
		int64_t *unlocked, GError **error);
void check_server(const struct check_request *request, struct check_result *result);

#endif
