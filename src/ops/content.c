#include "ops/content.h"

#include "base/file.h"

uint64_t content_blocks(uint64_t size)
{
	return size == 0 ? 1 : (size + CONTENT_BLOCK_SIZE - 1) / CONTENT_BLOCK_SIZE;
}

bool content_digest(const struct content *content, uint8_t digest[XXH128_SIZE], GError **error)
{
	uint64_t blocks = content_blocks(content->size);
	g_autofree uint8_t *digests = g_malloc(blocks * XXH128_SIZE);

	for (uint64_t block = 0; block < blocks; block++) {
		uint64_t offset = block * CONTENT_BLOCK_SIZE;
		ssize_t got = file_pread(content->fd, content->buffer,
					 (size_t)MIN(CONTENT_BLOCK_SIZE, content->size - offset),
					 (off_t)offset, error);

		if (got < 0)
			return false;
		xxh128(content->digest_seed, content->buffer, (size_t)got,
		       digests + block * XXH128_SIZE);
	}
	content_digest_join(content->digest_seed, digests, blocks, digest);
	return true;
}
