#include "base/memory.h"

#include <glib.h>
#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define PAGE	  ((size_t)4 << 10)

void *memory_large(size_t size)
{
	size_t whole = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	void *memory = NULL;

	if (size < HUGE_PAGE / 2 || whole < size)
		return g_try_malloc(MAX(size, 1));
	if (posix_memalign(&memory, HUGE_PAGE, whole) != 0)
		return NULL;
	madvise(memory, whole, MADV_HUGEPAGE); /* advice: it may be refused */
	return memory;
}

void *memory_pages(size_t size)
{
	void *memory = NULL;

	if (posix_memalign(&memory, PAGE, size) != 0)
		g_error("cannot get %zu bytes: out of memory", size);
	return memory;
}
