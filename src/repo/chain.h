#ifndef ODR_REPO_CHAIN_H
#define ODR_REPO_CHAIN_H

#include "base/clock.h"
#include "repo/manifest.h"

/*
 * The writer's chain of manifests in local state, one file per service: sequence, id, digest and
 * retain-until of the last manifest. That manifest may be pending: journaled (its object lies beside the
 * file, <path>-pending-<set>), but not yet known to be put everywhere; then it is put again before the
 * next. The chain belongs to one writer key; a lost file or another key starts a new chain.
 */
#define CHAIN_PARTS 3
struct chain {
	char *path; /* <state>/<service>/chain */
	uint8_t writer[KEY_SIZE];
	uint64_t sequence;
	char *set_id;
	uint8_t sha256[SHA256_SIZE];
	usec_t retain_until;
	lsn_t wal_end; /* WAL objects up to here were listed by the last manifest */
	char *part_sets
		[CHAIN_PARTS]; /* the last set with each part, by chain_part_set; NULL: none */
	char *pending_set;     /* journaled object, or NULL */
	GBytes *pending;
};
void chain_clear(struct chain *chain);
/* Id of the last set of the chain that has this part, or NULL. */
const char *chain_part_set(const struct chain *chain, const char *part);
/* A missing file, a damaged one and that of another writer give an empty chain; for the latter two
 * *restarted says why (otherwise NULL; g_free). */
bool chain_load(const char *path, const uint8_t writer[KEY_SIZE], struct chain *chain,
		char **restarted, GError **error);
/* Records the manifest, which must continue the chain, durably before its PUT … */
bool chain_journal(struct chain *chain, const Manifest *manifest, GBytes *object, GError **error);
/* … and that it is in every repository. */
bool chain_settle(struct chain *chain, GError **error);
/* Repeats a pending PUT, if any, locked until the set's retain-until, and settles it. One that waited
 * longer than CHAIN_PENDING_MAX is given up: a keeper elsewhere takes what no set refers to for that of
 * a run that died, and removes it after twice the time. The chain is then empty, and *given_up says why
 * (otherwise left alone; g_free). */
#define CHAIN_PENDING_MAX (5 * USEC_PER_DAY)
bool chain_repeat(struct chain *chain, const GPtrArray *repos, usec_t now, char **given_up,
		  GError **error);

#endif
