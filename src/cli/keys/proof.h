#ifndef ODR_CLI_KEYS_PROOF_H
#define ODR_CLI_KEYS_PROOF_H

#include "cli/site/context.h"
#include "repo/manifest.h"

/* Proves that the context's identity opens a set: the sealed part of its manifest, and one chunk of a
 * file's content. */
struct proof {
	char *repository;
	char *set_id;
	usec_t created;
	char *path;	/* the file whose content was read; NULL: the set has none */
	uint64_t bytes; /* of it */
};
void proof_clear(struct proof *proof);
/* set_id NULL or "latest": the newest. NOT_FOUND where there is none. */
bool proof_open_set(Repo *repo, const Identity *identity, const char *set_id, struct proof *proof,
		    GError **error);

#endif
