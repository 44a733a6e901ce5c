#ifndef ODR_OPS_FILESTORE_READ_WORKER_H
#define ODR_OPS_FILESTORE_READ_WORKER_H

#include "base/pool.h"
#include "ops/accounts.h"
#include "ops/filestore/read.h"
#include "ops/filestore/shared_chunk.h"

/*
 * What read.c, which gives workers their files, and read_file.c, which reads one, share.
 */

/* Content that compresses shares other chunks than content that does not, as images and archives: it takes less
 * room and less time so. */
enum shared_kind { SHARED_SPARSE, SHARED_DENSE, SHARED_KINDS };

struct reader_worker {
	FilestoreReader *reader;
	PackWriter *packs; /* NULL: it had no job yet */
	Accounts *accounts;
	struct sha1 *sha1;
	GByteArray *list;    /* of the job */
	GByteArray *digests; /* of the blocks of one file */
	uint8_t *buffer;     /* CONTENT_BLOCK_SIZE */
	SharedChunk *shared[SHARED_KINDS];
};

struct filestore_reader {
	struct filestore_reader_settings settings;
	struct reader_worker *workers;
	struct filestore_reading *reading; /* under way */
	struct mutex *mutex;		   /* guards what the reading fills in */
	int tree;			   /* the open folder */
	uint64_t bytes_done;		   /* atomic, of all readings */
	GError *tick_error;		   /* of the calling thread */
	int cancelled;			   /* atomic: tick_error is set */
};

/* One file of the reading's tree, by its name: into its chunks, or to what is told of the reading. */
bool reader_worker_file(struct reader_worker *worker, const char *name, GError **error);

#endif
