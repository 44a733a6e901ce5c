#ifndef ODR_OPS_ARCHIVE_ALTERED_H
#define ODR_OPS_ARCHIVE_ALTERED_H

#include "store/alteration.h"

/*
 * What archive-get found altered and saw through, in a file of the service's state folder: the program that
 * recovery waits for opens no catalog. One that has a catalog open takes it from there.
 */
#define ARCHIVE_ALTERED_FILE "altered"

/* Adds what was found since the last call. That it cannot be kept is no trouble of recovery's: it was
 * warned of. */
void archive_altered_keep(const char *state, Store *store);

/* One that was kept. */
struct archive_altered {
	char *repository;
	struct store_alteration found;
};
/* All of them, in order; they are the caller's to keep from here on. Empty where there are none, or they
 * cannot be read. */
GPtrArray *archive_altered_take(const char *state);

#endif
