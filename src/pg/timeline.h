#ifndef ODR_PG_TIMELINE_H
#define ODR_PG_TIMELINE_H

#include "pg/wal.h"

/* Timeline history files (timeline.c of PostgreSQL; POSTGRES.md 1.3). */
struct timeline_entry {
	uint32_t timeline;
	lsn_t end; /* switch position; the entry of the file's own timeline has UINT64_MAX */
};
typedef struct timeline_history TimelineHistory;
struct timeline_history {
	uint32_t timeline;
	/* struct timeline_entry, ascending by timeline; the last is the timeline itself. No end lies behind
	 * that of a later entry, though in the file one may. */
	GArray *entries;
};
void timeline_history_free(TimelineHistory *history);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TimelineHistory, timeline_history_free)

/* text NULL: a timeline without parents (timeline 1). */
TimelineHistory *timeline_history_parse(uint32_t timeline, const char *text, GError **error);
/* The timeline of the history on which lsn lies. */
uint32_t timeline_at(const TimelineHistory *history, lsn_t lsn);
/* True if a backup that stopped at (timeline, stop) can be replayed along this history. */
bool timeline_reachable(const TimelineHistory *history, uint32_t timeline, lsn_t stop);
void timeline_history_name(uint32_t timeline, char name[17]); /* "00000002.history" */

#endif
