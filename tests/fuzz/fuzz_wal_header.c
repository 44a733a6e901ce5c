#include "pg/wal.h"

#include <stddef.h>
#include <stdlib.h>

/* The first page of a segment. What it claims of itself is a segment that there can be. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wal_header header;
	char name[WAL_SEGMENT_NAME_SIZE];

	if (!wal_header_parse(data, size, &header, NULL))
		return 0;
	wal_segment_name(header.timeline, header.address, header.segment_size, name);
	if (!wal_header_check(&header,
			      &(struct wal_expect){.name = name,
						   .file_size = header.segment_size,
						   .system_identifier = header.system_identifier,
						   .segment_size = header.segment_size,
						   .major = header.major},
			      NULL))
		abort();
	return 0;
}
