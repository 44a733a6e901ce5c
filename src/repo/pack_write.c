#include "repo/pack.h"

#include "base/error.h"
#include "base/pool.h"
#include "base/task.h"
#include "repo/layout.h"
#include "repo/sealed_object.h"

#include <string.h>

struct pack_sink {
	struct pack_sink_settings settings;
	uint8_t service_id[SERVICE_ID_SIZE];
	struct mutex *mutex; /* guards what follows */
	Table *table;	     /* a row of size 0 is taken, and its pack not yet put */
	uint64_t stored;
};

struct pack_sink *pack_sink_new(const struct pack_sink_settings *settings)
{
	struct pack_sink *sink = g_new0(struct pack_sink, 1);

	sink->settings = *settings;
	memcpy(sink->service_id, settings->service_id, SERVICE_ID_SIZE);
	sink->settings.service_id = sink->service_id;
	sink->mutex = mutex_new();
	sink->table = table_new(settings->generation);
	sink->settings.generation = sink->table->generation;
	return sink;
}

void pack_sink_free(struct pack_sink *sink)
{
	if (!sink)
		return;
	mutex_free(sink->mutex);
	table_free(sink->table);
	g_free(sink);
}

uint64_t pack_sink_stored(struct pack_sink *sink)
{
	mutex_lock(sink->mutex);

	uint64_t stored = sink->stored;

	mutex_unlock(sink->mutex);
	return stored;
}

bool pack_sink_table(struct pack_sink *sink, const Table **table, GError **error)
{
	for (guint i = 0; i < sink->table->rows->len; i++)
		if (g_array_index(sink->table->rows, struct pack_row, i).size == 0)
			return odr_fail(error, ODR_ERROR_FAILED,
					"pack %u of this run was begun and never stored", i);
	*table = sink->table;
	return true;
}

/* False when the table is full. */
static bool sink_take_row(struct pack_sink *sink, uint32_t *row)
{
	static const struct pack_row empty;
	GArray *rows = sink->table->rows;
	bool room;

	mutex_lock(sink->mutex);
	room = rows->len < TABLE_ROWS_MAX;
	if (room) {
		*row = rows->len;
		g_array_append_val(rows, empty);
	}
	mutex_unlock(sink->mutex);
	return room;
}

bool pack_sink_refer(struct pack_sink *sink, const struct pack_row *row, uint32_t *number)
{
	if (!sink_take_row(sink, number))
		return false;
	mutex_lock(sink->mutex);
	g_array_index(sink->table->rows, struct pack_row, *number) = *row;
	mutex_unlock(sink->mutex);
	return true;
}

static void sink_fill_row(struct pack_sink *sink, uint32_t number, const struct pack_row *row)
{
	mutex_lock(sink->mutex);
	g_array_index(sink->table->rows, struct pack_row, number) = *row;
	sink->stored += row->size;
	mutex_unlock(sink->mutex);
}

/* Two packs in memory: while one is put, the next is filled. */
struct pack_writer {
	struct pack_sink *sink;
	SealedBuilder *builder; /* of the open pack */
	uint32_t row;		/* of the open pack */
	SealedBuilder *spare;	/* holds the pack that is being put; made when first needed */
	struct task *putting;	/* NULL: none */
	const void *put_bytes;
	uint32_t put_number;
	struct pack_row put_row;
};

static SealedBuilder *builder_new(const struct pack_sink_settings *settings)
{
	return sealed_builder_new(&(struct sealed_builder_settings){
		.limit = settings->pack_size,
		.compress_level = settings->compress_level,
		.digest_seed = settings->digest_seed,
	});
}

PackWriter *pack_writer_new(struct pack_sink *sink)
{
	PackWriter *writer = g_new0(PackWriter, 1);

	writer->sink = sink;
	writer->builder = builder_new(&sink->settings);
	return writer;
}

void pack_writer_free(PackWriter *writer)
{
	if (!writer)
		return;
	task_wait(writer->putting, NULL);
	sealed_builder_free(writer->builder);
	sealed_builder_free(writer->spare);
	g_free(writer);
}

const struct pack_sink_settings *pack_writer_settings(const PackWriter *writer)
{
	return &writer->sink->settings;
}

static bool pack_begin(PackWriter *writer, GError **error)
{
	struct seal_request request = {
		.kind = SEAL_PACK,
		.service_id = writer->sink->settings.service_id,
		.recipients = writer->sink->settings.recipients,
	};
	uint32_t row;

	if (!sink_take_row(writer->sink, &row))
		return odr_fail(error, ODR_ERROR_REFUSED, "a layer refers to at most %d packs",
				TABLE_ROWS_MAX);
	writer->row = row;
	return sealed_builder_begin(writer->builder, &request, error);
}

static bool put_task(void *data, GError **error)
{
	PackWriter *writer = data;
	const struct pack_sink_settings *settings = &writer->sink->settings;
	struct iovec part = {(void *)writer->put_bytes, writer->put_row.size};
	g_autofree char *local = layout_pack(settings->generation, writer->put_row.name);

	if (!repos_put(settings->repos, local, &part, 1, settings->lock_until, error))
		return false;
	sink_fill_row(writer->sink, writer->put_number, &writer->put_row);
	return true;
}

static bool put_wait(PackWriter *writer, GError **error)
{
	return task_wait(g_steal_pointer(&writer->putting), error);
}

/* After a failure the pack is gone and its row stays empty, so that the run cannot be published. */
static bool pack_put(PackWriter *writer, GError **error)
{
	SealedBuilder *filled = writer->builder;

	if (!put_wait(writer, error))
		return false;
	writer->put_number = writer->row;
	writer->put_bytes = sealed_builder_end(filled, &writer->put_row);
	writer->builder = writer->spare ? writer->spare : builder_new(&writer->sink->settings);
	writer->spare = filled;
	writer->putting = task_start(put_task, writer, error);
	return writer->putting != NULL;
}

bool pack_writer_add(PackWriter *writer, const void *plain, size_t size, struct chunk_place *place,
		     uint8_t digest[XXH128_SIZE], GError **error)
{
	struct chunk_place added;

	if (!sealed_builder_is_open(writer->builder) && !pack_begin(writer, error))
		return false;
	sealed_builder_add(writer->builder, plain, size, &added);
	added.pack = writer->row;
	if (digest)
		sealed_builder_digest(writer->builder, digest);
	if (sealed_builder_is_full(writer->builder) && !pack_put(writer, error))
		return false;
	*place = added;
	return true;
}

bool pack_writer_end(PackWriter *writer, GError **error)
{
	return !sealed_builder_is_open(writer->builder) || pack_put(writer, error);
}

bool pack_writer_finish(PackWriter *writer, GError **error)
{
	return pack_writer_end(writer, error) && put_wait(writer, error);
}
