#ifndef ODR_REPO_PACK_H
#define ODR_REPO_PACK_H

#include "repo/table.h"
#include "stream/compress.h"

/* Where a chunk lies: pack is a row of the layer's table. */
struct chunk_place {
	uint32_t pack;
	uint32_t chunk;
	uint64_t offset;
	uint32_t sealed_size;
	uint32_t plain_size; /* content, without codec byte */
};

/*
 * Writing. A pack_sink is shared by the workers of one run: it holds the table that grows (guarded by a
 * mutex). Each worker has its own PackWriter with two packs in memory: a full one is put to all
 * repositories, and its row filled in, while the other is filled.
 */
struct pack_sink;
struct pack_sink_settings {
	const GPtrArray *repos;	     /* Repo */
	const GPtrArray *recipients; /* struct recipient */
	const uint8_t *service_id;
	const char *generation;
	usec_t lock_until;
	size_t pack_size; /* target of whole objects, at most 32 MiB */
	int compress_level;
	uint64_t digest_seed; /* of chunk digests in footers */
};
struct pack_sink *pack_sink_new(const struct pack_sink_settings *settings);
void pack_sink_free(struct pack_sink *sink);
/* A pack that is there already becomes a row of the table. False: the table is full. Thread-safe. */
bool pack_sink_refer(struct pack_sink *sink, const struct pack_row *row, uint32_t *number);
/* Bytes put so far (one repository), for progress; thread-safe. */
uint64_t pack_sink_stored(struct pack_sink *sink);
/* The table, when all writers have finished; owned by the sink. Fails if a row was never filled. */
bool pack_sink_table(struct pack_sink *sink, const Table **table, GError **error);

typedef struct pack_writer PackWriter;
PackWriter *pack_writer_new(struct pack_sink *sink);
void pack_writer_free(PackWriter *writer); /* abandons an open pack */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackWriter, pack_writer_free)
/* size 1 … CHUNK_MAX. The place is final. digest, unless NULL, gets that of the plain content, which
 * the footer has too (the sink's seed). */
bool pack_writer_add(PackWriter *writer, const void *plain, size_t size, struct chunk_place *place,
		     uint8_t digest[XXH128_SIZE], GError **error);
/* Begins to put an open pack … */
bool pack_writer_end(PackWriter *writer, GError **error);
/* … and waits until all of them are put. */
bool pack_writer_finish(PackWriter *writer, GError **error);
const struct pack_sink_settings *pack_writer_settings(const PackWriter *writer); /* its sink's */

/* Reading. The first fetch reads and checks the header, in the same request where that lies near. */
typedef struct pack_reader PackReader; /* one opened pack; used by one thread */
PackReader *pack_reader_open(Repo *repo, const Identity *identity, const char *generation,
			     const struct pack_row *row, GError **error);
void pack_reader_free(PackReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackReader, pack_reader_free)
/* Fetches [offset, offset+size) of the object into the reader's buffer, for the chunks opened next;
 * ranges that hold all wanted chunks are merged by the caller. */
bool pack_reader_fetch(PackReader *reader, uint64_t offset, size_t size, GError **error);
/* The plain content (place->plain_size bytes into plain) of a chunk; fetched before, or now alone. */
bool pack_reader_chunk(PackReader *reader, const struct chunk_place *place, void *plain,
		       GError **error);
/* Reads the whole object, checks its name, every chunk and every digest of the footer. */
bool pack_verify(Repo *repo, const Identity *identity, const char *generation,
		 const struct pack_row *row, uint64_t digest_seed, GError **error);
/* Without a key: the whole object has its name, size and header digest. */
bool pack_check_name(Repo *repo, const char *generation, const struct pack_row *row,
		     GError **error);

#endif
