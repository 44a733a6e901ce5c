#ifndef ODR_OPS_WAL_SOURCE_H
#define ODR_OPS_WAL_SOURCE_H

#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/keys.h"
#include "pg/wal.h"

#include <sys/stat.h>

/* A file of pg_wal that is to be archived, mapped. */
typedef struct wal_source WalSource;
struct wal_source {
	const char *name; /* borrowed */
	enum wal_file_kind kind;
	void *content;
	size_t size;
	int major;	    /* 0: it does not say */
	struct stat status; /* before it was read, */
	usec_t read_at;	    /* and when that was */
	uint8_t digest[XXH128_SIZE];
};
void wal_source_clear(WalSource *source);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WalSource, wal_source_clear)

/* Opens folder/name, checks that a segment is one of this cluster (members that are 0 are not compared),
 * and digests it. Clear also after a failure. */
bool wal_source_load(const char *folder, const char *name, const struct wal_expect *cluster,
		     const uint8_t digest_secret[KEY_SIZE], WalSource *source, GError **error);

#endif
