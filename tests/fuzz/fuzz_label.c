#include "pg/label.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* backup_label and tablespace_map. A map that parses prints as one that parses to the same. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GHashTable) paths = NULL, again = NULL;
	g_autofree char *printed = NULL, *printed_again = NULL;
	struct backup_label label;

	backup_label_parse(text, &label, NULL);
	if (!tablespace_map_parse(text, &paths, NULL))
		return 0;
	printed = tablespace_map_print(paths);
	if (!tablespace_map_parse(printed, &again, NULL))
		abort();
	printed_again = tablespace_map_print(again);
	if (strcmp(printed, printed_again) != 0)
		abort();
	return 0;
}
