#include "pg/wal_commit.h"

#include <stddef.h>
#include <stdlib.h>

/* Pages of WAL. A time that is found is one that PostgreSQL can write. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	usec_t whole = wal_last_commit(data, size, size).time;
	usec_t half = wal_last_commit(data, size, size / 2).time;

	if (whole < 0 || half < 0 || half > whole ||
	    (whole > 0 && whole < (usec_t)946684800 * USEC_PER_SEC))
		abort();
	return 0;
}
