#ifndef ODR_REPO_CHAIN_H
#define ODR_REPO_CHAIN_H

#include "repo/manifest.h"

/*
 * The writer's chain of manifests in local state, one file per service: sequence, id, digest and
 * retain-until of the last manifest, and a manifest that was journaled but not yet known to be put
 * everywhere. A lost file starts a new chain.
 */
struct chain {
	char *path; /* <state>/<service>/chain */
	uint64_t sequence;
	char *set_id;
	uint8_t sha256[SHA256_SIZE];
	usec_t retain_until;
	lsn_t wal_end;     /* WAL objects up to here were listed by the last manifest */
	char *pending_set; /* journaled object, or NULL */
	GBytes *pending;
};
void chain_clear(struct chain *chain);
/* A missing or damaged file gives an empty chain; damaged: *restarted says why (may be NULL; g_free). */
bool chain_load(const char *path, const uint8_t writer[KEY_SIZE], struct chain *chain,
		char **restarted, GError **error);
/* Records the manifest durably before its PUT … */
bool chain_journal(struct chain *chain, const Manifest *manifest, GBytes *object, GError **error);
/* … and that it is in every repository. */
bool chain_settle(struct chain *chain, GError **error);
/* Repeats a pending PUT, if any. */
bool chain_repeat(struct chain *chain, const GPtrArray *repos, GError **error);

#endif
