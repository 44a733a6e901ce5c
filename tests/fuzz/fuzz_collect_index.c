#include "collect/index.h"

#include <string.h>

/* The index of the configuration part. What parses is printed and parsed again. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(CollectIndex) index = NULL, again = NULL;

	if (!collect_index_parse((const char *)data, size, &index, NULL))
		return 0;
	for (guint i = 0; i < index->items->len; i++) {
		const struct collect_item *item = index->items->pdata[i];

		if (!collect_path_safe(item->path) || !item->collector)
			__builtin_trap();
	}
	g_autofree char *text = collect_index_print(index);

	if (!collect_index_parse(text, strlen(text), &again, NULL))
		__builtin_trap();
	return 0;
}
