#include "pg/timeline.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void timeline_history_free(TimelineHistory *history)
{
	if (!history)
		return;
	g_array_unref(history->entries);
	g_free(history);
}

static struct timeline_entry *entry_at(const TimelineHistory *history, guint index)
{
	return &g_array_index(history->entries, struct timeline_entry, index);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* The blank-delimited word at *at, which is moved behind it; g_free. */
static char *next_word(const char **at)
{
	const char *start;

	while (is_blank(**at))
		(*at)++;
	start = *at;
	while (**at && !is_blank(**at))
		(*at)++;
	return g_strndup(start, (gsize)(*at - start));
}

/* "PARENT <tab> LSN <tab> reason"; the reason is not needed. */
static bool parse_line(const char *line, struct timeline_entry *entry, GError **error)
{
	g_autofree char *parent = next_word(&line), *end = next_word(&line);
	guint64 number;

	if (!g_ascii_string_to_unsigned(parent, 10, 1, UINT32_MAX, &number, NULL))
		return odr_fail(error, ODR_ERROR_CORRUPT, "it does not begin with a timeline");
	if (!lsn_parse(end, &entry->end, NULL))
		return odr_fail(error, ODR_ERROR_CORRUPT, "no WAL position follows the timeline");
	entry->timeline = (uint32_t)number;
	return true;
}

static bool add_parent(TimelineHistory *history, const char *line, GError **error)
{
	struct timeline_entry entry;

	if (!parse_line(line, &entry, error))
		return false;
	if (entry.timeline >= history->timeline)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"timeline %" PRIu32 " is no ancestor of timeline %" PRIu32,
				entry.timeline, history->timeline);
	if (history->entries->len > 0 &&
	    entry.timeline <= entry_at(history, history->entries->len - 1)->timeline)
		return odr_fail(error, ODR_ERROR_CORRUPT, "the timelines do not ascend");
	g_array_append_val(history->entries, entry);
	return true;
}

static bool add_parents(TimelineHistory *history, const char *text, GError **error)
{
	for (unsigned number = 1; *text; number++) {
		size_t length = strcspn(text, "\n");
		g_autofree char *line = g_strndup(text, length);
		const char *start = line;

		while (is_blank(*start))
			start++;
		if (*start && *start != '#' && !add_parent(history, start, error))
			return odr_context(error, "line %u of the history of timeline %" PRIu32,
					   number, history->timeline);
		text += length + (text[length] != '\0');
	}
	return true;
}

/*
 * Timelines of a file ascend (readTimeLineHistory), their ends need not: recovery along timeline 2 that
 * stopped before 2 had left 1 makes a timeline 3 whose file has 2 as its parent all the same, with an
 * end before that of 1. Nothing of 2 is then on the way, and 1 ends where 3 begins: the server searches
 * from the newest entry (tliOfPointInHistory), which comes to the same.
 */
static void cut_skipped_parents(TimelineHistory *history)
{
	for (guint i = history->entries->len - 1; i > 0; i--) {
		struct timeline_entry *parent = entry_at(history, i - 1);

		parent->end = MIN(parent->end, entry_at(history, i)->end);
	}
}

TimelineHistory *timeline_history_parse(uint32_t timeline, const char *text, GError **error)
{
	g_autoptr(TimelineHistory) history = g_new0(TimelineHistory, 1);
	struct timeline_entry self = {timeline, UINT64_MAX};

	history->timeline = timeline;
	history->entries = g_array_new(false, false, sizeof(struct timeline_entry));
	if (timeline == 0) {
		odr_fail(error, ODR_ERROR_CORRUPT, "there is no timeline 0");
		return NULL;
	}
	if (text && !add_parents(history, text, error))
		return NULL;
	g_array_append_val(history->entries, self);
	cut_skipped_parents(history);
	return g_steal_pointer(&history);
}

uint32_t timeline_at(const TimelineHistory *history, lsn_t lsn)
{
	for (guint i = 0; i < history->entries->len; i++)
		if (entry_at(history, i)->end > lsn)
			return entry_at(history, i)->timeline;
	return history->timeline;
}

bool timeline_reachable(const TimelineHistory *history, uint32_t timeline, lsn_t stop)
{
	/* stop is an end: the byte before it must be on the way. */
	return timeline_at(history, stop > 0 ? stop - 1 : 0) == timeline;
}

void timeline_history_name(uint32_t timeline, char name[17])
{
	snprintf(name, 17, "%08" PRIX32 ".history", timeline);
}
