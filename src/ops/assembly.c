#include "ops/assembly.h"

#include "base/pool.h"
#include "ops/content.h"

#include <string.h>

#define DIGESTS_MAX ((uint64_t)32 << 20)

struct assembly {
	uint64_t target; /* as pieces name it */
	uint32_t pieces_left;
	uint8_t *digests; /* of blocks; NULL: not kept */
	uint64_t digests_size;
};

struct assemblies {
	uint64_t seed;
	struct mutex *mutex;   /* guards what follows */
	GHashTable *under_way; /* struct assembly by its target */
	uint64_t digests_size; /* of all */
};

static void assembly_free(void *data)
{
	struct assembly *assembly = data;

	g_free(assembly->digests);
	g_free(assembly);
}

Assemblies *assemblies_new(uint64_t digest_seed)
{
	Assemblies *all = g_new0(Assemblies, 1);

	all->seed = digest_seed;
	all->mutex = mutex_new();
	all->under_way = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, assembly_free);
	return all;
}

void assemblies_free(Assemblies *all)
{
	if (!all)
		return;
	g_hash_table_unref(all->under_way);
	mutex_free(all->mutex);
	g_free(all);
}

/* Blocks of zeros are in no piece: they have their digests from the beginning. */
static void fill_with_zeros(const Assemblies *all, struct assembly *assembly, uint64_t size)
{
	static const uint8_t zeros[CONTENT_BLOCK_SIZE];
	uint64_t last = (size - 1) / CONTENT_BLOCK_SIZE;

	if (last > 0)
		xxh128(all->seed, zeros, CONTENT_BLOCK_SIZE, assembly->digests);
	for (uint64_t i = 1; i < last; i++)
		memcpy(assembly->digests + i * XXH128_SIZE, assembly->digests, XXH128_SIZE);
	xxh128(all->seed, zeros, (size_t)(size - last * CONTENT_BLOCK_SIZE),
	       assembly->digests + last * XXH128_SIZE);
}

static struct assembly *assembly_new(Assemblies *all, const struct materialize_target *target,
				     uint64_t number)
{
	struct assembly *assembly = g_new0(struct assembly, 1);
	uint64_t size = content_blocks(target->entry.size) * XXH128_SIZE;

	assembly->target = number;
	assembly->pieces_left = target->pieces;
	if (target->blocks && size <= DIGESTS_MAX - all->digests_size) {
		assembly->digests = g_malloc(size);
		assembly->digests_size = size;
		all->digests_size += size;
		if (target->zeros)
			fill_with_zeros(all, assembly, target->entry.size);
	}
	g_hash_table_insert(all->under_way, &assembly->target, assembly);
	return assembly;
}

bool assemblies_note(Assemblies *all, const struct materialize_target *target,
		     const struct materialize_piece *piece, const uint8_t digest[XXH128_SIZE],
		     uint8_t **digests)
{
	uint64_t block = piece->file_offset / CONTENT_BLOCK_SIZE;
	struct assembly *assembly;
	bool last;

	mutex_lock(all->mutex);
	assembly = g_hash_table_lookup(all->under_way, &piece->target);
	if (!assembly)
		assembly = assembly_new(all, target, piece->target);
	if (assembly->digests)
		memcpy(assembly->digests + block * XXH128_SIZE, digest, XXH128_SIZE);
	last = --assembly->pieces_left == 0;
	if (last) {
		*digests = g_steal_pointer(&assembly->digests);
		all->digests_size -= assembly->digests_size;
		g_hash_table_remove(all->under_way, &assembly->target);
	}
	mutex_unlock(all->mutex);
	return last;
}
