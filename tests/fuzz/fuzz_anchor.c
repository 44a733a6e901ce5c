/* The sealed part of an anchor: what a writer signed may be anything. */
#include "repo/anchor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(Anchor) anchor = anchor_new();

	if (!anchor_sealed_parse((const char *)data, size, anchor, NULL))
		return 0;
	for (guint i = 0; i < anchor->figures->len; i++) {
		const struct anchor_figure *figure = anchor->figures->pdata[i];

		if ((figure->basis == ANCHOR_UNKNOWN) != (figure->before == NULL) ||
		    (figure->basis == ANCHOR_DIFFERENT) != (figure->after != NULL))
			g_error("a figure has rows that are not of its basis");
	}
	return 0;
}
