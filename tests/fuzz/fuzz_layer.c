/* Entries of a layer: what passes can be encoded, and passes again. */
#include "repo/layer.h"

#define ROWS 100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GPtrArray) entries = NULL, again = NULL;
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	if (!layer_entries_parse(data, size, ROWS, &entries, NULL))
		return 0;
	for (guint i = 0; i < entries->len; i++)
		layer_entry_encode(entries->pdata[i], bytes);
	if (!layer_entries_parse(bytes->data, bytes->len, ROWS, &again, NULL) ||
	    again->len != entries->len)
		g_error("entries that were taken are refused when encoded again");
	return 0;
}
