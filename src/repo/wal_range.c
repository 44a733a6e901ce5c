#include "repo/wal_range.h"

#include <stdlib.h>
#include <string.h>

/* A segment that is there; its end does not leave the range of positions. */
struct segment {
	uint32_t timeline;
	lsn_t start;
	usec_t stored_at, written_at;
};

static int compare_segments(const void *a, const void *b)
{
	const struct segment *one = a, *two = b;

	if (one->timeline != two->timeline)
		return one->timeline < two->timeline ? -1 : 1;
	if (one->start != two->start)
		return one->start < two->start ? -1 : 1;
	return one->stored_at < two->stored_at ? -1 : one->stored_at > two->stored_at;
}

/* Sorted; the same segment may occur again, the oldest first. */
static GArray *segments_of(const struct wal_stored *files, size_t count, uint32_t segment_size)
{
	GArray *segments = g_array_new(FALSE, FALSE, sizeof(struct segment));

	for (size_t i = 0; i < count; i++) {
		struct segment segment = {.stored_at = files[i].stored_at,
					  .written_at = files[i].written_at};

		if (wal_file_kind(files[i].file, NULL) == WAL_FILE_SEGMENT &&
		    wal_segment_parse(files[i].file, segment_size, &segment.timeline,
				      &segment.start) &&
		    segment.start <= UINT64_MAX - segment_size)
			g_array_append_val(segments, segment);
	}
	g_array_sort(segments, compare_segments);
	return segments;
}

GArray *wal_ranges(const struct wal_stored *files, size_t count, uint32_t segment_size)
{
	g_autoptr(GArray) segments = segments_of(files, count, segment_size);
	GArray *ranges = g_array_new(FALSE, FALSE, sizeof(struct wal_range));
	struct wal_range *last = NULL;

	for (guint i = 0; i < segments->len; i++) {
		const struct segment *segment = &g_array_index(segments, struct segment, i);
		bool same_timeline = last && last->timeline == segment->timeline;

		/* The same segment again, stored later: it was there before. */
		if (same_timeline && segment->start < last->end)
			continue;
		if (same_timeline && segment->start == last->end) {
			last->end += segment_size;
			last->first_stored = MIN(last->first_stored, segment->stored_at);
			last->last_stored = MAX(last->last_stored, segment->stored_at);
			last->last_written = segment->written_at;
			continue;
		}

		struct wal_range range = {
			.timeline = segment->timeline,
			.start = segment->start,
			.end = segment->start + segment_size,
			.first_stored = segment->stored_at,
			.last_stored = segment->stored_at,
			.last_written = segment->written_at,
		};

		g_array_append_val(ranges, range);
		last = &g_array_index(ranges, struct wal_range, ranges->len - 1);
	}
	return ranges;
}

/* The end of unbroken WAL of this timeline from the segment at start on; start if that is missing. */
static lsn_t held_until(const GArray *ranges, uint32_t timeline, lsn_t start)
{
	for (guint i = 0; i < ranges->len; i++) {
		const struct wal_range *range = &g_array_index(ranges, struct wal_range, i);

		if (range->timeline == timeline && range->start <= start && start < range->end)
			return range->end;
	}
	return start;
}

static const struct timeline_entry *history_entry(const TimelineHistory *history, guint i)
{
	return &g_array_index(history->entries, struct timeline_entry, i);
}

static lsn_t segment_start(lsn_t lsn, uint32_t segment_size)
{
	return lsn - lsn % segment_size;
}

/* Index of the newest timeline that has begun in or before the segment at start: the one that must hold
 * it, as the server asks for it first. The first segment of a timeline repeats what its parent wrote
 * before the switch. */
static guint newest_begun(const TimelineHistory *history, lsn_t start, uint32_t segment_size)
{
	guint newest = 0;

	for (guint i = 1; i < history->entries->len; i++) {
		if (segment_start(history_entry(history, i - 1)->end, segment_size) <= start)
			newest = i;
	}
	return newest;
}

/* Where WAL ends that cannot go on with the segment at start on its timeline: a parent that kept that
 * segment still leads to the switch. */
static lsn_t end_on_parent(const GArray *ranges, const TimelineHistory *history, guint newest,
			   lsn_t start)
{
	for (guint i = newest; i-- > 0;) {
		const struct timeline_entry *parent = history_entry(history, i);

		if (parent->end <= start)
			break;
		if (held_until(ranges, parent->timeline, start) > start)
			return parent->end;
	}
	return start;
}

lsn_t wal_ranges_end(const GArray *ranges, const TimelineHistory *history, lsn_t start,
		     uint32_t segment_size, char missing[WAL_SEGMENT_NAME_SIZE])
{
	lsn_t at = segment_start(start, segment_size);

	for (;;) {
		guint newest = newest_begun(history, at, segment_size);
		const struct timeline_entry *entry = history_entry(history, newest);
		lsn_t end = held_until(ranges, entry->timeline, at);
		lsn_t change = segment_start(entry->end, segment_size);

		if (end == at) {
			lsn_t reached = end_on_parent(ranges, history, newest, at);

			wal_segment_name(entry->timeline, at, segment_size, missing);
			return MAX(reached, start);
		}
		/* From the segment of the switch on, the next timeline is asked. */
		at = MIN(end, change);
	}
}
