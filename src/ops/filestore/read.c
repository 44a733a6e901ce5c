#include "ops/filestore/read.h"

#include "base/bytes.h"
#include "base/error.h"
#include "ops/filestore/read_worker.h"
#include "stream/compress.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void filestore_news_encode(const struct filestore_news *news, GByteArray *out)
{
	bytes_put_u64(out, news->size);
	bytes_put_u16(out, (uint16_t)strlen(news->name));
	bytes_put(out, news->name, strlen(news->name));
}

FilestoreReader *filestore_reader_new(const struct filestore_reader_settings *settings)
{
	FilestoreReader *reader = g_new0(FilestoreReader, 1);

	reader->settings = *settings;
	reader->settings.workers = MAX(settings->workers, 1);
	reader->mutex = mutex_new();
	reader->workers = g_new0(struct reader_worker, reader->settings.workers);
	for (unsigned i = 0; i < reader->settings.workers; i++)
		reader->workers[i].reader = reader;
	return reader;
}

/* Workers have what they need from their first job on: most readings need one worker alone. */
static void worker_equip(struct reader_worker *worker)
{
	const struct filestore_reader_settings *settings = &worker->reader->settings;

	if (worker->packs)
		return;
	worker->packs = pack_writer_new(settings->sink);
	worker->accounts = accounts_new();
	worker->sha1 = sha1_new();
	worker->list = g_byte_array_new();
	worker->digests = g_byte_array_new();
	worker->buffer = g_malloc(CONTENT_BLOCK_SIZE);
	for (int kind = 0; kind < SHARED_KINDS; kind++)
		worker->shared[kind] = shared_chunk_new(&(struct shared_chunk_settings){
			.packs = worker->packs, .keep = settings->keep, .data = settings->data});
}

static void worker_clear(struct reader_worker *worker)
{
	if (!worker->packs)
		return;
	for (int kind = 0; kind < SHARED_KINDS; kind++)
		shared_chunk_free(worker->shared[kind]);
	pack_writer_free(worker->packs);
	accounts_free(worker->accounts);
	sha1_free(worker->sha1);
	g_byte_array_unref(worker->list);
	g_byte_array_unref(worker->digests);
	g_free(worker->buffer);
}

void filestore_reader_free(FilestoreReader *reader)
{
	if (!reader)
		return;
	for (unsigned i = 0; i < reader->settings.workers; i++)
		worker_clear(&reader->workers[i]);
	g_free(reader->workers);
	mutex_free(reader->mutex);
	g_clear_error(&reader->tick_error);
	g_free(reader);
}

PackWriter *filestore_reader_packs(FilestoreReader *reader)
{
	worker_equip(&reader->workers[0]);
	return reader->workers[0].packs;
}

bool filestore_reader_end(FilestoreReader *reader, GError **error)
{
	for (unsigned i = 1; i < reader->settings.workers; i++)
		if (reader->workers[i].packs && !pack_writer_end(reader->workers[i].packs, error))
			return false;
	return true;
}

bool filestore_reader_finish(FilestoreReader *reader, GError **error)
{
	for (unsigned i = 0; i < reader->settings.workers; i++)
		if (reader->workers[i].packs &&
		    !pack_writer_finish(reader->workers[i].packs, error))
			return false;
	return true;
}

static bool worker_begin(void *shared, unsigned number, void **context, GError **error)
{
	FilestoreReader *reader = shared;

	(void)error;
	worker_equip(&reader->workers[number]);
	*context = &reader->workers[number];
	return true;
}

/* A shared chunk never holds files of two trees, and whatever a reading has read is kept. */
static bool worker_end(void *shared, void *context, bool finished, GError **error)
{
	struct reader_worker *worker = context;

	(void)shared;
	for (int kind = 0; finished && kind < SHARED_KINDS; kind++)
		if (!shared_chunk_flush(worker->shared[kind], error))
			return false;
	return true;
}

static bool worker_run(void *shared, void *context, size_t number, GError **error)
{
	FilestoreReader *reader = shared;
	struct reader_worker *worker = context;
	const struct filestore_job *job =
		&g_array_index(reader->reading->jobs, struct filestore_job, number);
	struct bytes_reader list;

	g_byte_array_set_size(worker->list, (guint)job->length);
	if (!spool_read(reader->reading->news, job->offset, worker->list->data, job->length, error))
		return false;
	bytes_reader_init(&list, worker->list->data, job->length);
	while (bytes_reader_left(&list) > 0) {
		bytes_get_u64(&list);
		size_t length = bytes_get_u16(&list);
		g_autofree char *name = g_strndup((const char *)bytes_get(&list, length), length);

		if (__atomic_load_n(&reader->cancelled, __ATOMIC_RELAXED))
			return odr_fail(error, ODR_ERROR_STOPPED, "stopped");
		if (!reader_worker_file(worker, name, error))
			return odr_context(error, "cannot capture '%s/%s'", reader->reading->folder,
					   name);
	}
	return true;
}

static void reader_tick(void *shared)
{
	FilestoreReader *reader = shared;
	uint64_t done = __atomic_load_n(&reader->bytes_done, __ATOMIC_RELAXED);

	if (!reader->tick_error &&
	    !reader->settings.tick(reader->settings.data, done, &reader->tick_error))
		__atomic_store_n(&reader->cancelled, 1, __ATOMIC_RELAXED);
}

bool filestore_reader_run(FilestoreReader *reader, struct filestore_reading *reading,
			  GError **error)
{
	g_autoptr(GError) trouble = NULL;
	bool done;

	if (reading->jobs->len == 0)
		return true;
	reader->reading = reading;
	reader->tree = open(reading->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (reader->tree < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", reading->folder);
	done = pool_run(
		&(struct pool_work){.workers = MIN(reader->settings.workers, reading->jobs->len),
				    .jobs = reading->jobs->len,
				    .shared = reader,
				    .begin = worker_begin,
				    .run = worker_run,
				    .end = worker_end,
				    .tick = reader->settings.tick ? reader_tick : NULL,
				    .tick_ms = 200},
		&trouble);
	close(reader->tree);
	if (reader->tick_error) {
		g_propagate_error(error, g_steal_pointer(&reader->tick_error));
		return false;
	}
	if (!done)
		g_propagate_error(error, g_steal_pointer(&trouble));
	return done;
}
