/* A table of packs: what passes has these very bytes, but for features that may be ignored. */
#include "repo/table.h"

#include <string.h>

/* magic, version, 0; then the features; then the rest */
#define FEATURES 12
#define REST	 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(Table) table = NULL;

	if (!table_parse(data, size, &table, NULL))
		return 0;

	g_autoptr(GByteArray) bytes = table_encode(table);

	if (bytes->len != size || memcmp(bytes->data, data, FEATURES) != 0 ||
	    memcmp(bytes->data + REST, data + REST, size - REST) != 0)
		g_error("a table that was taken is encoded otherwise");
	return 0;
}
