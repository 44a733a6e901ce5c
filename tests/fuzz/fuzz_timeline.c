#include "pg/timeline.h"

#include <stddef.h>
#include <stdlib.h>

/* A history file of timeline 1000. Every position is on one of its timelines, later ones on later. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(TimelineHistory) history = timeline_history_parse(1000, text, NULL);
	uint32_t last = 0;

	if (!history)
		return 0;
	for (guint i = 0; i < history->entries->len; i++) {
		const struct timeline_entry *entry =
			&g_array_index(history->entries, struct timeline_entry, i);
		uint32_t timeline;

		if (entry->end == 0) /* nothing lies before it */
			continue;
		timeline = timeline_at(history, entry->end - 1);
		if (timeline < last || timeline > entry->timeline)
			abort();
		last = timeline;
	}
	if (timeline_at(history, UINT64_MAX) != 1000)
		abort();
	return 0;
}
