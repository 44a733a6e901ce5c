#include "base/clock.h"

/* Times, durations and sizes, as people and servers write them. What parses also prints, and a time
 * that was printed parses to itself. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	usec_t time, again, duration;
	uint64_t bytes;

	if (clock_parse(text, &time, NULL) || clock_parse_compact(text, &time)) {
		g_autofree char *printed = clock_format(time);

		/* A zone can lead out of the years with four digits. */
		if (clock_parse(printed, &again, NULL) && again != time)
			g_error("%s became %s", text, printed);
	}
	if (duration_parse(text, &duration, NULL))
		g_free(duration_format(duration));
	if (size_parse(text, &bytes, NULL))
		g_free(size_format(bytes));
	return 0;
}
