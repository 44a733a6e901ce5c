#ifndef ODR_TEST_REPO_STORED_PACK_H
#define ODR_TEST_REPO_STORED_PACK_H

#include "base/bytes.h"
#include "fixture.h"
#include "repo/pack.h"

/* A pack of some chunks that was written, for tests of those who write and read packs. */

#define SMALL_PACK ((size_t)64 << 10)

/* One pack of some chunks, stored. */
struct stored {
	struct fixture fixture;
	struct pack_sink *sink;
	const Table *table;
	struct pack_row row; /* the first */
	char *local;
	struct chunk_place places[8];
	uint8_t *plain[8];
	size_t count;
};

static inline void stored_add(struct stored *stored, PackWriter *writer, size_t size, bool random)
{
	g_autoptr(GError) error = NULL;
	size_t number = stored->count++;

	g_assert(number < G_N_ELEMENTS(stored->places)); /* ends it, which the compiler sees */
	stored->plain[number] = g_malloc0(size);
	if (random)
		random_bytes(stored->plain[number], size);
	pack_writer_add(writer, stored->plain[number], size, &stored->places[number], NULL, &error);
	g_assert_no_error(error);
}

static inline void stored_begin(struct stored *stored, size_t pack_size)
{
	memset(stored, 0, sizeof(*stored));
	fixture_init(&stored->fixture);
	stored->sink = fixture_sink(&stored->fixture, pack_size);
}

static inline void stored_end(struct stored *stored, PackWriter *writer)
{
	g_autoptr(GError) error = NULL;

	pack_writer_finish(writer, &error);
	g_assert_no_error(error);
	pack_sink_table(stored->sink, &stored->table, &error);
	g_assert_no_error(error);
	stored->row = g_array_index(stored->table->rows, struct pack_row, 0);
	stored->local = layout_pack(stored->fixture.generation, stored->row.name);
}

static inline void stored_init(struct stored *stored, const size_t *sizes, size_t count)
{
	stored_begin(stored, SMALL_PACK);

	g_autoptr(PackWriter) writer = pack_writer_new(stored->sink);

	for (size_t i = 0; i < count; i++)
		stored_add(stored, writer, sizes[i], i % 2 == 0);
	stored_end(stored, writer);
}

static inline void stored_clear(struct stored *stored)
{
	for (size_t i = 0; i < stored->count; i++)
		g_free(stored->plain[i]);
	g_free(stored->local);
	pack_sink_free(stored->sink);
	fixture_clear(&stored->fixture);
}

static inline PackReader *open_row(const struct stored *stored, const struct pack_row *row)
{
	g_autoptr(GError) error = NULL;
	PackReader *reader = pack_reader_open(stored->fixture.repo, stored->fixture.identity,
					      stored->fixture.generation, row, &error);

	g_assert_no_error(error);
	return reader;
}

static inline bool read_chunk(const struct stored *stored, const struct chunk_place *place,
			      void *plain, GError **error)
{
	g_autoptr(PackReader) reader =
		open_row(stored, &g_array_index(stored->table->rows, struct pack_row, place->pack));

	return pack_reader_chunk(reader, place, plain, error);
}

static inline bool verify(const struct stored *stored, const struct pack_row *row, GError **error)
{
	return pack_verify(stored->fixture.repo, stored->fixture.identity,
			   stored->fixture.generation, row, FIXTURE_SEED, error);
}

#endif
