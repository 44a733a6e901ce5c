#include "base/sorter.h"

#include "base/error.h"
#include "base/file.h"
#include "base/pool.h"

#include <string.h>
#include <unistd.h>

#define HEAD	      (2 * sizeof(uint32_t)) /* before a record: sizes of key and value */
#define MERGE_BUFFERS (4 * SORTER_RUN)	     /* shared by all runs */
#define BUFFER_MIN    ((size_t)4 << 10)
#define BUFFER_MAX    ((size_t)256 << 10)

/* Records in the order they came, and where each begins. */
struct batch {
	GByteArray *bytes;
	GArray *starts; /* uint32_t */
};

/* Records in order: in the file, and the next of them in memory. */
struct run {
	uint64_t offset, left; /* of the file: what is not in memory yet */
	uint8_t *buffer;
	size_t capacity, at, end;
};

struct sorter {
	char *folder;
	struct mutex *mutex; /* guards what follows while records are added */
	struct batch batch;
	GPtrArray *
		runs; /* struct run; from sorter_sort on a heap: the least record is the first run's */
	int fd;
	uint64_t file_size;
	bool given; /* the first run's record was given out */
};

static struct batch batch_new(void)
{
	return (struct batch){g_byte_array_new(), g_array_new(false, false, sizeof(uint32_t))};
}

static void batch_clear(struct batch *batch)
{
	g_clear_pointer(&batch->bytes, g_byte_array_unref);
	g_clear_pointer(&batch->starts, g_array_unref);
}

static void run_free(void *data)
{
	struct run *run = data;

	g_free(run->buffer);
	g_free(run);
}

Sorter *sorter_new(const char *folder)
{
	Sorter *sorter = g_new0(Sorter, 1);

	sorter->folder = g_strdup(folder);
	sorter->mutex = mutex_new();
	sorter->batch = batch_new();
	sorter->runs = g_ptr_array_new_with_free_func(run_free);
	sorter->fd = -1;
	return sorter;
}

void sorter_free(Sorter *sorter)
{
	if (!sorter)
		return;
	if (sorter->fd >= 0)
		close(sorter->fd);
	g_ptr_array_unref(sorter->runs);
	batch_clear(&sorter->batch);
	mutex_free(sorter->mutex);
	g_free(sorter->folder);
	g_free(sorter);
}

static struct sorter_record record_at(const uint8_t *at)
{
	struct sorter_record record = {.key = at + HEAD};

	memcpy(&record.key_size, at, sizeof(uint32_t));
	memcpy(&record.value_size, at + sizeof(uint32_t), sizeof(uint32_t));
	record.value = at + HEAD + record.key_size;
	return record;
}

static size_t record_size(const struct sorter_record *record)
{
	return HEAD + record->key_size + record->value_size;
}

static int compare_records(const uint8_t *a, const uint8_t *b)
{
	struct sorter_record x = record_at(a), y = record_at(b);
	int order = memcmp(x.key, y.key, MIN(x.key_size, y.key_size));

	return order ? order : (x.key_size > y.key_size) - (x.key_size < y.key_size);
}

static int compare_starts(const void *a, const void *b, void *data)
{
	const uint8_t *bytes = data;

	return compare_records(bytes + *(const uint32_t *)a, bytes + *(const uint32_t *)b);
}

static void batch_add(struct batch *batch, const struct sorter_record *record)
{
	uint32_t start = batch->bytes->len, sizes[] = {record->key_size, record->value_size};

	g_array_append_val(batch->starts, start);
	g_byte_array_append(batch->bytes, (const uint8_t *)sizes, sizeof(sizes));
	g_byte_array_append(batch->bytes, record->key, record->key_size);
	g_byte_array_append(batch->bytes, record->value, record->value_size);
}

/* The records one behind the other in their order; g_free. */
static uint8_t *batch_sorted(struct batch *batch)
{
	const uint8_t *bytes = batch->bytes->data;
	uint8_t *sorted = g_malloc(MAX(batch->bytes->len, 1)), *at = sorted;

	g_array_sort_with_data(batch->starts, compare_starts, batch->bytes->data);
	for (guint i = 0; i < batch->starts->len; i++) {
		const uint8_t *from = bytes + g_array_index(batch->starts, uint32_t, i);
		struct sorter_record record = record_at(from);
		size_t size = record_size(&record);

		memcpy(at, from, size);
		at += size;
	}
	return sorted;
}

/* The file is opened beside the lock: one of two that are first closes its own again. */
static bool prepare_file(Sorter *sorter, GError **error)
{
	bool missing;
	int fd = -1;

	mutex_lock(sorter->mutex);
	missing = sorter->fd < 0;
	mutex_unlock(sorter->mutex);
	if (missing && (fd = file_open_unnamed(sorter->folder, error)) < 0)
		return false;
	mutex_lock(sorter->mutex);
	if (missing && sorter->fd < 0) {
		sorter->fd = fd;
		fd = -1;
	}
	mutex_unlock(sorter->mutex);
	if (fd >= 0)
		close(fd);
	return true;
}

/* Becomes a run of the file; the batch is the caller's alone. */
static bool write_batch(Sorter *sorter, struct batch *batch, GError **error)
{
	g_autofree uint8_t *sorted = batch_sorted(batch);
	size_t size = batch->bytes->len;
	struct run *run = g_new0(struct run, 1);

	batch_clear(batch);
	if (!prepare_file(sorter, error)) {
		g_free(run);
		return odr_context(error, "cannot sort in '%s'", sorter->folder);
	}
	mutex_lock(sorter->mutex);
	run->offset = sorter->file_size;
	run->left = size;
	sorter->file_size += size;
	g_ptr_array_add(sorter->runs, run);
	mutex_unlock(sorter->mutex);
	return file_pwrite(sorter->fd, sorted, size, (off_t)run->offset, error) ||
	       odr_context(error, "cannot sort in '%s'", sorter->folder);
}

bool sorter_add(Sorter *sorter, const struct sorter_record *record, GError **error)
{
	struct batch full = {0};

	mutex_lock(sorter->mutex);
	if (sorter->batch.bytes->len > 0 &&
	    sorter->batch.bytes->len + record_size(record) > SORTER_RUN) {
		full = sorter->batch;
		sorter->batch = batch_new();
	}
	batch_add(&sorter->batch, record);
	mutex_unlock(sorter->mutex);
	return !full.bytes || write_batch(sorter, &full, error);
}

/* Merging. */

static bool run_read(Sorter *sorter, struct run *run, GError **error)
{
	size_t want = (size_t)MIN(run->left, run->capacity - run->end);
	ssize_t got =
		file_pread(sorter->fd, run->buffer + run->end, want, (off_t)run->offset, error);

	if (got >= 0 && (size_t)got < want)
		odr_fail(error, ODR_ERROR_SYSTEM, "the file became shorter");
	if (got < 0 || (size_t)got < want)
		return odr_context(error, "cannot sort in '%s'", sorter->folder);
	run->offset += want;
	run->left -= want;
	run->end += want;
	return true;
}

/* At least so many bytes are in memory, unless the run has no more. */
static bool run_fill(Sorter *sorter, struct run *run, size_t size, GError **error)
{
	if (run->end - run->at >= size || run->left == 0)
		return true;
	if (run->end > run->at)
		memmove(run->buffer, run->buffer + run->at, run->end - run->at);
	run->end -= run->at;
	run->at = 0;
	if (size > run->capacity) {
		run->buffer = g_realloc(run->buffer, size);
		run->capacity = size;
	}
	return run_read(sorter, run, error);
}

/* The record at run->at is whole, if there is one. */
static bool run_load(Sorter *sorter, struct run *run, GError **error)
{
	struct sorter_record record;

	if (!run_fill(sorter, run, HEAD, error))
		return false;
	if (run->at == run->end)
		return true;
	record = record_at(run->buffer + run->at);
	return run_fill(sorter, run, record_size(&record), error);
}

static bool precedes(const Sorter *sorter, guint a, guint b)
{
	const struct run *x = sorter->runs->pdata[a], *y = sorter->runs->pdata[b];

	return compare_records(x->buffer + x->at, y->buffer + y->at) < 0;
}

/* The run at this place of the heap may be greater than those below it. */
static void sift_down(Sorter *sorter, guint place)
{
	void **runs = sorter->runs->pdata;

	for (guint child; (child = 2 * place + 1) < sorter->runs->len; place = child) {
		void *run = runs[place];

		if (child + 1 < sorter->runs->len && precedes(sorter, child + 1, child))
			child++;
		if (!precedes(sorter, child, place))
			return;
		runs[place] = runs[child];
		runs[child] = run;
	}
}

bool sorter_sort(Sorter *sorter, GError **error)
{
	size_t buffer = MERGE_BUFFERS / MAX(sorter->runs->len, 1);
	size_t size = sorter->batch.bytes->len;

	for (guint i = 0; i < sorter->runs->len; i++) {
		struct run *run = sorter->runs->pdata[i];

		run->capacity = CLAMP(buffer, BUFFER_MIN, BUFFER_MAX);
		run->buffer = g_malloc(run->capacity);
		if (!run_load(sorter, run, error))
			return false;
	}
	if (size > 0) {
		struct run *last = g_new0(struct run, 1);

		last->buffer = batch_sorted(&sorter->batch);
		last->capacity = last->end = size;
		g_ptr_array_add(sorter->runs, last);
	}
	batch_clear(&sorter->batch);
	for (guint place = sorter->runs->len / 2; place > 0; place--)
		sift_down(sorter, place - 1);
	return true;
}

/* The first run goes on behind the record that was given out. */
static bool advance(Sorter *sorter, GError **error)
{
	struct run *run = sorter->runs->pdata[0];
	struct sorter_record record = record_at(run->buffer + run->at);

	run->at += record_size(&record);
	if (!run_load(sorter, run, error))
		return false;
	if (run->at == run->end)
		g_ptr_array_remove_index_fast(sorter->runs, 0);
	sift_down(sorter, 0);
	return true;
}

bool sorter_next(Sorter *sorter, struct sorter_record *record, GError **error)
{
	if (sorter->given && !advance(sorter, error))
		return false;
	sorter->given = sorter->runs->len > 0;
	*record = (struct sorter_record){0};
	if (sorter->given) {
		const struct run *first = sorter->runs->pdata[0];

		*record = record_at(first->buffer + first->at);
	}
	return true;
}
