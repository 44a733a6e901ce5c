#ifndef ODR_OPS_CONTENT_H
#define ODR_OPS_CONTENT_H

#include "crypto/digest.h"

#include <glib.h>

/* The content digest (crypto/digest.h) of a file that is read, as far as it is thought to go. */
struct content {
	int fd;
	uint64_t size;
	uint64_t digest_seed;
	uint8_t *buffer; /* CONTENT_BLOCK_SIZE */
};
bool content_digest(const struct content *content, uint8_t digest[XXH128_SIZE], GError **error);
/* Blocks of a file of this size; an empty file has one. */
uint64_t content_blocks(uint64_t size);

#endif
