#include "base/sorter.h"

#include "base/error.h"
#include "base/file.h"
#include "base/pool.h"

#include <string.h>

#define KEY_SIZE_MAX 16

struct site {
	char *parent, *folder; /* folder: not made yet */
	Sorter *sorter;
	GError *error;
};

static void site_init(struct site *site, const void *data)
{
	(void)data;
	site->parent = g_dir_make_tmp("odr-sorter-XXXXXX", &site->error);
	g_assert_no_error(site->error);
	site->folder = g_build_filename(site->parent, "lists", NULL);
	site->sorter = sorter_new(site->folder);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	sorter_free(site->sorter);
	file_remove_tree(site->parent, NULL);
	g_free(site->folder);
	g_free(site->parent);
	g_clear_error(&site->error);
}

static void add(struct site *site, const char *key, const char *value)
{
	struct sorter_record record = {.key = key,
				       .value = value,
				       .key_size = (uint32_t)strlen(key),
				       .value_size = (uint32_t)strlen(value)};

	sorter_add(site->sorter, &record, &site->error);
	g_assert_no_error(site->error);
}

static void sort(struct site *site)
{
	sorter_sort(site->sorter, &site->error);
	g_assert_no_error(site->error);
}

static struct sorter_record next(struct site *site)
{
	struct sorter_record record;

	sorter_next(site->sorter, &record, &site->error);
	g_assert_no_error(site->error);
	return record;
}

static void assert_next(struct site *site, const char *key, const char *value)
{
	struct sorter_record record = next(site);

	g_assert_cmpmem(record.key, record.key_size, key, strlen(key));
	g_assert_cmpmem(record.value, record.value_size, value, strlen(value));
}

static void assert_end(struct site *site)
{
	g_assert_null(next(site).key);
	g_assert_null(next(site).key);
}

static void nothing(struct site *site, const void *data)
{
	(void)data;
	sort(site);
	assert_end(site);
}

static void few(struct site *site, const void *data)
{
	static const char *const sorted[] = {"", "\x01", "a", "a.b", "a/b", "ab", "b", "\xff"};
	static const int order[] = {3, 0, 7, 6, 1, 5, 2, 4};

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
		add(site, sorted[order[i]], order[i] % 3 ? sorted[order[i]] : "");
	sort(site);
	for (size_t i = 0; i < G_N_ELEMENTS(sorted); i++)
		assert_next(site, sorted[i], i % 3 ? sorted[i] : "");
	assert_end(site);
	g_assert_false(g_file_test(site->folder, G_FILE_TEST_EXISTS));
}

/* Number i of many: a key that no other has, in no order, and a value of any length that follows from it. */
static void make(uint64_t i, size_t value_max, uint8_t key[KEY_SIZE_MAX],
		 struct sorter_record *record, GByteArray *value)
{
	uint64_t mixed = i * UINT64_C(0x9E3779B97F4A7C15);
	size_t size = mixed % 97 == 0 ? value_max : mixed % 120;

	for (size_t j = 0; j < KEY_SIZE_MAX; j++)
		key[j] = (uint8_t)(mixed >> (8 * (7 - j % 8)));
	g_byte_array_set_size(value, (guint)size);
	memset(value->data, key[0], size);
	*record = (struct sorter_record){.key = key,
					 .value = value->data,
					 .key_size = 8 + (uint32_t)(mixed % 9),
					 .value_size = (uint32_t)size};
}

struct adding {
	Sorter *sorter;
	uint64_t per_job;
	size_t value_max;
};

static bool add_many(void *shared, void *context, size_t job, GError **error)
{
	struct adding *adding = shared;
	g_autoptr(GByteArray) value = g_byte_array_new();
	uint8_t key[KEY_SIZE_MAX];

	(void)context;
	for (uint64_t i = 0; i < adding->per_job; i++) {
		struct sorter_record record;

		make(job * adding->per_job + i, adding->value_max, key, &record, value);
		if (!sorter_add(adding->sorter, &record, error))
			return false;
	}
	return true;
}

/* All come out, each once, in order, with their values. */
static void many(struct site *site, unsigned workers, uint64_t count, size_t value_max)
{
	struct adding adding = {
		.sorter = site->sorter, .per_job = count / workers, .value_max = value_max};
	g_autoptr(GByteArray) value = g_byte_array_new();
	uint8_t before[KEY_SIZE_MAX] = {0};
	uint64_t sum = 0, expected = 0, found = 0;
	uint32_t before_size = 0;

	pool_run(
		&(struct pool_work){
			.workers = workers, .jobs = workers, .shared = &adding, .run = add_many},
		&site->error);
	g_assert_no_error(site->error);
	sort(site);
	for (struct sorter_record record; record = next(site), record.key; found++) {
		int order = memcmp(before, record.key, MIN(before_size, record.key_size));
		const uint8_t *bytes = record.value;

		g_assert_true(order < 0 || (order == 0 && before_size < record.key_size));
		for (uint32_t i = 0; i < record.value_size; i++)
			if (bytes[i] != *(const uint8_t *)record.key)
				g_error("a value is another's");
		sum += record.value_size + record.key_size;
		memcpy(before, record.key, record.key_size);
		before_size = record.key_size;
	}
	for (uint64_t i = 0; i < count; i++) {
		struct sorter_record record;
		uint8_t key[KEY_SIZE_MAX];

		make(i, value_max, key, &record, value);
		expected += record.value_size + record.key_size;
	}
	g_assert_cmpuint(found, ==, count);
	g_assert_cmpuint(sum, ==, expected);
	g_assert_true(g_file_test(site->folder, G_FILE_TEST_EXISTS));
	g_assert_true(file_is_empty_dir(site->folder));
}

static void runs(struct site *site, const void *data)
{
	(void)data;
	many(site, 1, 300000, 500);
}

static void threads(struct site *site, const void *data)
{
	(void)data;
	many(site, 4, 200000, 3000);
}

/* Larger than the buffer of a run, and than a run. */
static void large_records(struct site *site, const void *data)
{
	(void)data;
	many(site, 2, 1000, SORTER_RUN + 100);
}

static void no_folder(struct site *site, const void *data)
{
	g_autofree char *large = g_strnfill(SORTER_RUN, 'x');

	(void)data;
	g_assert_true(g_file_set_contents(site->folder, "", 0, NULL));
	add(site, "a", large);

	struct sorter_record record = {.key = "b", .key_size = 1, .value = "", .value_size = 0};

	g_assert_false(sorter_add(site->sorter, &record, &site->error));
	g_assert_error(site->error, ODR_ERROR, ODR_ERROR_EXISTS);
	g_assert_true(g_str_has_prefix(site->error->message, "cannot sort in '"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define SORTER_TEST(name, function) \
 g_test_add("/sorter/" name, struct site, NULL, site_init, function, site_clear)
	SORTER_TEST("nothing", nothing);
	SORTER_TEST("a-few-never-touch-the-disk", few);
	SORTER_TEST("many-runs-are-merged", runs);
	SORTER_TEST("several-threads-add", threads);
	SORTER_TEST("records-larger-than-a-run", large_records);
	SORTER_TEST("says-where-it-cannot-write", no_folder);
	return g_test_run();
}
