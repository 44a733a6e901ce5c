#ifndef ODR_BASE_MEMORY_H
#define ODR_BASE_MEMORY_H

#include <stddef.h>

/*
 * Memory for size bytes that are filled and read once, as those of a segment; g_free. To get a mebibyte
 * in small pages takes as long as to decompress half of one: where it is large it comes in huge pages,
 * as far as the kernel has them. NULL: there is none.
 */
void *memory_large(size_t size);

/* Memory for size bytes, at least one, that begins with a page, as what is written past the page cache has to; g_free. */
void *memory_pages(size_t size);

#endif
