#include "stream/compress.h"

#include <stddef.h>
#include <stdint.h>

/* The first two bytes are the plain size that is due, the rest the packed chunk. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct decompressor *decompressor;
	size_t due;

	if (size < 2)
		return 0;
	if (!decompressor)
		decompressor = decompressor_new();
	due = (size_t)data[0] << 8 | data[1];

	g_autofree uint8_t *plain = g_malloc(due + 1);

	decompress_chunk(decompressor, data + 2, size - 2, plain, due, NULL);
	return 0;
}
