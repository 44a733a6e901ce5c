#ifndef ODR_DRILL_ENGINE_FEEDER_H
#define ODR_DRILL_ENGINE_FEEDER_H

#include "ops/archive/archive.h"
#include "pg/wal.h"

/*
 * The only part of a drill that reaches a repository while its server runs: answers the archive-get of a server without
 * network or keys (ops/archive/feed.h) and fetches the next segments ahead. What was stored after the pretended loss is
 * left out by the as_of of the repositories.
 */
typedef struct feeder Feeder;
struct feeder_settings {
	const char *socket; /* to be made */
	const char *pgdata; /* files are put into its pg_wal only */
	const char *folder; /* to be made, of this file system: what is fetched ahead */
	/* repositories, identity, workers, timeout and sets; nothing else of it. Must live as long as the feeder. */
	const struct archive_get_request *get;
	uint32_t segment_size;
	const char *last_segment; /* nothing behind it is fetched ahead; NULL: nothing is */
	unsigned ahead;		  /* segments at most; 0: none */
};
Feeder *feeder_start(const struct feeder_settings *settings, GError **error);
void feeder_free(Feeder *feeder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Feeder, feeder_free)

struct feeder_report {
	uint64_t segments, files; /* given: segments; and others, histories */
	uint64_t bytes;		  /* of segments */
	char first[WAL_SEGMENT_NAME_SIZE], last[WAL_SEGMENT_NAME_SIZE]; /* segments given; "" */
	/* Segment last asked for that is proven absent; "": none, or given since. */
	char absent[WAL_SEGMENT_NAME_SIZE];
};
void feeder_report(Feeder *feeder, struct feeder_report *report);
/* Why a file could not be given, the last one; false where all could be, or are proven absent. */
bool feeder_trouble(Feeder *feeder, GError **error);

#endif
