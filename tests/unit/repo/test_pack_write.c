#include "base/pool.h"
#include "stored_pack.h"

static void test_full_packs_go_out(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *plain = g_malloc(8192);
	struct chunk_place places[64];
	struct stored stored;
	uint64_t sum = 0;

	stored_begin(&stored, SMALL_PACK);

	g_autoptr(PackWriter) writer = pack_writer_new(stored.sink);

	for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
		random_bytes(plain, 8192);
		pack_writer_add(writer, plain, 8192, &places[i], NULL, &error);
		g_assert_no_error(error);
	}
	stored_end(&stored, writer);
	g_assert_cmpuint(stored.table->rows->len, ==, 8);
	g_assert_cmpuint(places[63].pack, ==, 7);
	for (guint i = 0; i < stored.table->rows->len; i++) {
		const struct pack_row *row = &g_array_index(stored.table->rows, struct pack_row, i);

		g_assert_cmpuint(row->size, <, SMALL_PACK + 8192 + 100);
		verify(&stored, row, &error);
		g_assert_no_error(error);
		sum += row->size;
	}
	g_assert_cmpuint(pack_sink_stored(stored.sink), ==, sum);
	stored_clear(&stored);
}

/* Small chunks fill the footer: that ends a pack as well. */
static void test_many_small_chunks(void)
{
	g_autoptr(GError) error = NULL;
	struct chunk_place place;
	struct stored stored;

	stored_begin(&stored, (size_t)32 << 20);

	g_autoptr(PackWriter) writer = pack_writer_new(stored.sink);

	for (guint i = 0; i < 40000; i++) {
		pack_writer_add(writer, &i, 1, &place, NULL, &error);
		g_assert_no_error(error);
	}
	stored_end(&stored, writer);
	g_assert_cmpuint(stored.table->rows->len, ==, 2);
	verify(&stored, &stored.row, &error);
	g_assert_no_error(error);
	stored_clear(&stored);
}

static void test_unfinished(void)
{
	g_autoptr(GError) error = NULL;
	struct chunk_place place;
	const Table *table;
	struct stored stored;

	stored_begin(&stored, SMALL_PACK);

	PackWriter *writer = pack_writer_new(stored.sink);

	pack_writer_add(writer, "x", 1, &place, NULL, &error);
	g_assert_no_error(error);
	pack_writer_free(writer);
	assert_failed(pack_sink_table(stored.sink, &table, &error), error, ODR_ERROR_FAILED,
		      "pack 0 of this run was begun and never stored");
	stored_clear(&stored);
}

static void test_failed_put(void)
{
	g_autoptr(GError) error = NULL;
	struct chunk_place place;
	const Table *table;
	struct stored stored;

	stored_begin(&stored, SMALL_PACK);

	g_autoptr(PackWriter) writer = pack_writer_new(stored.sink);

	pack_writer_add(writer, "x", 1, &place, NULL, &error);
	g_assert_no_error(error);
	file_remove_tree(stored.fixture.folder, &error);
	g_assert_no_error(error);
	g_assert_false(pack_writer_finish(writer, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	pack_writer_finish(writer, &error);
	g_assert_no_error(error);
	assert_failed(pack_sink_table(stored.sink, &table, &error), error, ODR_ERROR_FAILED,
		      "pack 0 of this run was begun and never stored");
	g_assert_cmpuint(pack_sink_stored(stored.sink), ==, 0);
	stored_clear(&stored);
}

/* Workers share a sink. Each job stores what its number says. */
#define JOBS 200
struct shared {
	struct stored stored;
	struct chunk_place places[JOBS];
};

static void job_content(size_t job, uint8_t plain[4096])
{
	for (size_t i = 0; i < 4096; i++)
		plain[i] = (uint8_t)((job + 1) * (i * i + 7) >> 3);
}

static bool worker_begin(void *shared, unsigned worker, void **context, GError **error)
{
	*context = pack_writer_new(((struct shared *)shared)->stored.sink);
	return true;
}

static bool worker_run(void *shared, void *context, size_t job, GError **error)
{
	uint8_t plain[4096];

	job_content(job, plain);
	return pack_writer_add(context, plain, sizeof(plain),
			       &((struct shared *)shared)->places[job], NULL, error);
}

static bool worker_end(void *shared, void *context, bool finished, GError **error)
{
	bool done = !finished || pack_writer_finish(context, error);

	pack_writer_free(context);
	return done;
}

static void test_workers(void)
{
	g_autoptr(GError) error = NULL;
	struct shared shared = {0};
	struct pool_work work = {
		.workers = 4,
		.jobs = JOBS,
		.shared = &shared,
		.begin = worker_begin,
		.run = worker_run,
		.end = worker_end,
	};
	uint8_t plain[4096], expected[4096];

	stored_begin(&shared.stored, SMALL_PACK);
	pool_run(&work, &error);
	g_assert_no_error(error);
	pack_sink_table(shared.stored.sink, &shared.stored.table, &error);
	g_assert_no_error(error);
	for (size_t job = 0; job < JOBS; job++) {
		read_chunk(&shared.stored, &shared.places[job], plain, &error);
		g_assert_no_error(error);
		job_content(job, expected);
		g_assert_cmpmem(plain, sizeof(plain), expected, sizeof(expected));
	}
	stored_clear(&shared.stored);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/repo/pack/a-full-pack-goes-out", test_full_packs_go_out);
	g_test_add_func("/repo/pack/many-small-chunks-fill-a-pack", test_many_small_chunks);
	g_test_add_func("/repo/pack/an-unfinished-one-makes-no-table", test_unfinished);
	g_test_add_func("/repo/pack/a-failed-put-makes-no-table", test_failed_put);
	g_test_add_func("/repo/pack/workers-share-a-table", test_workers);
	return g_test_run();
}
