#ifndef ODR_OPS_ASSEMBLY_H
#define ODR_OPS_ASSEMBLY_H

#include "ops/restore/materialize_plan.h"

/*
 * Files of several pieces while workers put them together: how many pieces are still to come, and the
 * digests of the blocks that are there. Thread-safe. There are as many at a time as the order of packs
 * makes of it: a few, unless files were captured in patches. Digests never take more than 32 MiB; what
 * has no room is to be read back.
 */
typedef struct assemblies Assemblies;
Assemblies *assemblies_new(uint64_t digest_seed);
void assemblies_free(Assemblies *all);

/* This piece of the file has been written; digest is its own. True: it was the last, and *digests are those
 * of all blocks of the file (g_free), or NULL: they are not known. */
bool assemblies_note(Assemblies *all, const struct materialize_target *target,
		     const struct materialize_piece *piece, const uint8_t digest[XXH128_SIZE],
		     uint8_t **digests);

#endif
