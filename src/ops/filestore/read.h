#ifndef ODR_OPS_FILESTORE_READ_H
#define ODR_OPS_FILESTORE_READ_H

#include "base/spool.h"
#include "repo/layer.h"

/*
 * Files into packs, by workers that keep their packs open from one reading to the next: small files of one
 * reading share chunks, and those of many share packs. The SHA-1 of an Odoo file is compared with its
 * name in the same pass.
 */
#define FILESTORE_STEP (2 * USEC_PER_SEC) /* file systems keep times in steps, some of up to this */
struct filestore_news {
	uint64_t size; /* when it was listed */
	char *name;    /* below the tree */
};
/* How the list of them is spooled. */
void filestore_news_encode(const struct filestore_news *news, GByteArray *out);

/* A stretch of the list that one worker reads. */
struct filestore_job {
	uint64_t offset, length; /* in the list */
	uint64_t files, bytes;
};

typedef struct filestore_reader FilestoreReader;
struct filestore_reader_settings {
	struct pack_sink *sink;
	unsigned workers;
	uint64_t digest_seed;
	bool odoo; /* names are SHA-1s of contents */
	/* A file that is stored, when its places are known; by any worker. */
	bool (*keep)(void *data, const struct layer_entry *entry, int64_t ctime_ns, GError **error);
	void *data;
	/* Several times a second in the calling thread, or NULL; false ends the reading with its error. */
	bool (*tick)(void *data, uint64_t bytes_done, GError **error);
};
FilestoreReader *filestore_reader_new(const struct filestore_reader_settings *settings);
void filestore_reader_free(FilestoreReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FilestoreReader, filestore_reader_free)

struct filestore_reading {
	const char *folder; /* of the tree */
	const char *prefix; /* of paths in the layer: "filestore/shop/" */
	const Spool *news;
	const GArray *jobs; /* struct filestore_job */
	/* No further try follows: what is still wrong is damage, and is stored as it is. What was written a
	 * moment ago is none, and is left out. */
	bool last;
	/* Filled in; owned by the caller: */
	GPtrArray *
		again; /* char *: names that are to be read again: torn, or changed while they were read */
	GPtrArray *
		unsure; /* char *: names that are to be looked at next time, in whatever state they are */
	GPtrArray *damaged;    /* struct damage: by path in the layer */
	uint64_t vanished;     /* since they were listed */
	uint64_t files, bytes; /* kept */
};
bool filestore_reader_run(FilestoreReader *reader, struct filestore_reading *reading,
			  GError **error);

/* The first worker's packs, for what belongs beside the files. */
PackWriter *filestore_reader_packs(FilestoreReader *reader);
/* Whatever was read is on its way, but for the first worker's open pack … */
bool filestore_reader_end(FilestoreReader *reader, GError **error);
/* … and now all of it is stored. */
bool filestore_reader_finish(FilestoreReader *reader, GError **error);

#endif
