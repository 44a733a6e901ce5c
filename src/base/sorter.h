#ifndef ODR_BASE_SORTER_H
#define ODR_BASE_SORTER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * An external merge sort. Records come in any order, from several threads; they go out in ascending order
 * of their keys, compared as unsigned bytes, those of equal keys in any order. However many there are, a
 * sorter takes some multiple of SORTER_RUN of memory: what does not fit into one run is sorted and
 * written to a file without a name, and merged in the end. Few records never touch the disk.
 */
#define SORTER_RUN ((size_t)4 << 20)

struct sorter_record {
	const void *key, *value;
	uint32_t key_size, value_size;
};
typedef struct sorter Sorter;
Sorter *sorter_new(const char *folder); /* of the file; made when it is needed */
void sorter_free(Sorter *sorter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sorter, sorter_free)

/* Copies the record. Thread-safe. */
bool sorter_add(Sorter *sorter, const struct sorter_record *record, GError **error);
/* When the last one was added; from here on one thread reads. */
bool sorter_sort(Sorter *sorter, GError **error);
/* The next record, valid until the call after this one; at the end its key is NULL. */
bool sorter_next(Sorter *sorter, struct sorter_record *record, GError **error);

#endif
