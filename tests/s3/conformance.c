/*
 * What every store promises, asked of one: a folder, or the bucket that the environment names
 * (ODR_S3_ENDPOINT, ODR_S3_BUCKET, ODR_S3_CREDENTIALS, ODR_S3_CA, ODR_S3_LOCK), by the driver ODR_S3_TYPE.
 * Checks are left out by what the store says it can do, never by its name.
 */
#include "store/store.h"

#include "base/error.h"
#include "base/file.h"
#include "base/pool.h"

#include <string.h>

static Store *store;
static struct store_abilities abilities;

static bool put(const char *name, const void *data, size_t size, struct store_receipt *receipt,
		GError **error)
{
	const struct iovec part = {(void *)data, size};

	return store_put(store, name, &part, 1, NULL, receipt, error);
}

static void assert_put(const char *name, const char *text)
{
	g_autoptr(GError) error = NULL;

	put(name, text, strlen(text), NULL, &error);
	g_assert_no_error(error);
}

static void assert_holds(const char *name, const char *text)
{
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) error = NULL;

	store_get(store, name, NULL, 0, &content, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(content, NULL), g_bytes_get_size(content), text,
			strlen(text));
}

static void assert_fails(bool done, GError **error, enum odr_error code)
{
	g_assert_false(done);
	if (!odr_error_is(*error, code))
		g_error("another error was expected (%d): %s", code, (*error)->message);
	g_clear_error(error);
}

static void test_round_trip(void)
{
	const struct iovec parts[] = {{(char *)"abc", 3}, {NULL, 0}, {(char *)"defg", 4}};
	struct store_receipt receipt = {0};
	struct store_object object;
	g_autoptr(GError) error = NULL;

	store_put(store, "round/trip/A-z_0.x", parts, 3, NULL, &receipt, &error);
	g_assert_no_error(error);
	assert_holds("round/trip/A-z_0.x", "abcdefg");
	store_head(store, "round/trip/A-z_0.x", &object, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(object.size, ==, 7);
	g_assert_cmpint(ABS(object.stored_at - receipt.stored_at), <, USEC_PER_MIN);
	g_assert_cmpint(ABS(receipt.stored_at - clock_now()), <, USEC_PER_MIN);
	g_assert_cmpint(*receipt.version != '\0', ==, abilities.versions);
}

static void test_sizes(void)
{
	static const size_t sizes[] = {0, 1, (64 << 10) - 1, (1 << 20) + 1, STORE_OBJECT_MAX};
	g_autofree uint8_t *content = g_malloc(STORE_OBJECT_MAX);

	for (size_t i = 0; i < STORE_OBJECT_MAX; i++)
		content[i] = (uint8_t)(i * 31 >> 5);
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *name = g_strdup_printf("sizes/%zu", sizes[i]);
		g_autoptr(GBytes) again = NULL;
		g_autoptr(GError) error = NULL;

		put(name, content, sizes[i], NULL, &error);
		g_assert_no_error(error);
		store_get(store, name, NULL, 0, &again, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(g_bytes_get_size(again), ==, sizes[i]);
		g_assert_true(sizes[i] == 0 ||
			      memcmp(g_bytes_get_data(again, NULL), content, sizes[i]) == 0);
	}
}

static void test_absent(void)
{
	struct store_object object;
	GBytes *content;
	GPtrArray *versions;
	GError *error = NULL;
	char byte;

	assert_fails(store_get(store, "no/thing", NULL, 0, &content, &error), &error,
		     ODR_ERROR_NOT_FOUND);
	assert_fails(store_get_range(store, "no/thing", NULL, 0, 1, &byte, &error), &error,
		     ODR_ERROR_NOT_FOUND);
	assert_fails(store_head(store, "no/thing", &object, &error), &error, ODR_ERROR_NOT_FOUND);
	assert_fails(store_versions(store, "no/thing", &versions, &error), &error,
		     ODR_ERROR_NOT_FOUND);
	assert_fails(store_delete(store, "no/thing", NULL, &error), &error, ODR_ERROR_NOT_FOUND);
}

static void test_ranges(void)
{
	GError *error = NULL;
	char buffer[16];

	assert_put("ranges", "0123456789");
	g_assert_true(store_get_range(store, "ranges", NULL, 3, 4, buffer, NULL));
	g_assert_cmpmem(buffer, 4, "3456", 4);
	g_assert_true(store_get_range(store, "ranges", NULL, 0, 10, buffer, NULL));
	assert_fails(store_get_range(store, "ranges", NULL, 8, 4, buffer, &error), &error,
		     ODR_ERROR_CORRUPT);
	assert_fails(store_get_range(store, "ranges", NULL, 100, 4, buffer, &error), &error,
		     ODR_ERROR_CORRUPT);
}

static void test_limit(void)
{
	GBytes *content;
	GError *error = NULL;

	assert_put("limit", "0123456789");
	assert_fails(store_get(store, "limit", NULL, 9, &content, &error), &error,
		     ODR_ERROR_CORRUPT);
	g_assert_true(store_get(store, "limit", NULL, 10, &content, NULL));
	g_bytes_unref(content);
}

static void test_same_name(void)
{
	g_autoptr(GPtrArray) versions = NULL;
	GError *error = NULL;

	assert_put("same", "first");
	if (put("same", "second", 6, NULL, &error)) {
		g_assert_no_error(error);
		if (!abilities.versions)
			return;
		g_assert_true(store_versions(store, "same", &versions, NULL));
		g_assert_cmpuint(versions->len, ==, 2);

		const struct store_object *first = versions->pdata[0];
		g_autoptr(GBytes) content = NULL;

		g_assert_true(store_get(store, "same", first->version, 0, &content, NULL));
		g_assert_cmpmem(g_bytes_get_data(content, NULL), g_bytes_get_size(content), "first",
				5);
		return;
	}
	assert_fails(false, &error, ODR_ERROR_EXISTS);
	assert_holds("same", "first");
}

static bool collect(void *data, const struct store_object *object)
{
	GString *names = data;

	g_string_append_printf(names, "%s:%d ", object->name, (int)object->size);
	return names->len < 100000;
}

static bool put_numbered(void *shared, void *context, size_t job, GError **error)
{
	g_autofree char *name = g_strdup_printf("many/%05zu", job);

	return put(name, name, strlen(name), NULL, error);
}

static void test_listing(void)
{
	g_autoptr(GString) names = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	assert_put("list/b/two", "22");
	assert_put("list/b/one", "1");
	assert_put("list/a", "");
	assert_put("list/b-c", "333");
	store_list(store, "list/", collect, names, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(names->str, ==, "list/a:0 list/b-c:3 list/b/one:1 list/b/two:2 ");
	g_string_truncate(names, 0);
	g_assert_true(store_list(store, "list/b", collect, names, NULL));
	g_assert_cmpstr(names->str, ==, "list/b-c:3 list/b/one:1 list/b/two:2 ");
	g_string_truncate(names, 0);
	g_assert_true(store_list(store, "absent/", collect, names, NULL));
	g_assert_cmpstr(names->str, ==, "");
}

static void test_pages(void)
{
	const struct pool_work work = {.workers = 4, .jobs = 2100, .run = put_numbered};
	g_autoptr(GString) names = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	pool_run(&work, &error);
	g_assert_no_error(error);
	store_list(store, "many/", collect, names, &error);
	g_assert_no_error(error);
	g_assert_true(g_str_has_prefix(names->str, "many/00000:10 many/00001:10 "));
	g_assert_true(g_str_has_suffix(names->str, "many/02099:10 "));
	g_assert_cmpuint(names->len, ==, 2100 * strlen("many/00000:10 "));
}

static void test_delete(void)
{
	GError *error = NULL;
	GBytes *content;
	g_autoptr(GString) names = g_string_new(NULL);

	assert_put("gone/x", "x");
	put("gone/x", "y", 1, NULL, NULL);
	store_delete(store, "gone/x", NULL, &error);
	g_assert_no_error(error);
	assert_fails(store_get(store, "gone/x", NULL, 0, &content, &error), &error,
		     ODR_ERROR_NOT_FOUND);
	g_assert_true(store_list(store, "gone/", collect, names, NULL));
	g_assert_cmpstr(names->str, ==, "");
}

static bool gather(void *data, const struct store_object *object)
{
	g_ptr_array_add(data, store_object_copy(object));
	return true;
}

/* As they were listed: then nothing has to be asked about them. */
static void test_delete_many(void)
{
	g_autoptr(GPtrArray) objects =
		g_ptr_array_new_with_free_func((GDestroyNotify)store_object_free);
	g_autofree struct store_deletion *deletions = NULL;
	g_autoptr(GString) names = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	assert_put("many/00000x", "x");
	put("many/00000x", "y", 1, NULL, NULL);
	g_assert_true(store_list(store, "many/", gather, objects, NULL));
	g_assert_cmpuint(objects->len, ==, 2101);
	deletions = g_new0(struct store_deletion, objects->len + 1);
	for (guint i = 0; i < objects->len; i++) {
		const struct store_object *object = objects->pdata[i];

		deletions[i].name = object->name;
		deletions[i].version = object->versions == 1 ? object->version : NULL;
	}
	deletions[objects->len].name = "many/absent";
	store_delete_many(store, deletions, objects->len + 1, &error);
	g_assert_no_error(error);
	for (guint i = 0; i <= objects->len; i++)
		g_assert_true(deletions[i].gone && !deletions[i].error);
	g_assert_true(store_list(store, "many/", collect, names, NULL));
	g_assert_cmpstr(names->str, ==, "");
}

static const char *version_of(const GPtrArray *versions, guint number)
{
	return ((const struct store_object *)versions->pdata[number])->version;
}

static void test_lock(void)
{
	/* What must be refused is asked for before it ends, on a busy machine too. */
	usec_t until = clock_now() + 15 * USEC_PER_SEC;
	const struct store_put how = {.lock_until = until, .see_lock = true};
	const struct iovec part = {(char *)"locked", 6};
	struct store_lock lock;
	GError *error = NULL;

	if (!abilities.locks) {
		g_test_skip("the store does not lock");
		return;
	}
	store_put(store, "locked", &part, 1, &how, NULL, &error);
	g_assert_no_error(error);
	store_lock_get(store, "locked", NULL, &lock, &error);
	g_assert_no_error(error);
	g_assert_cmpint(lock.mode, ==, abilities.lock_mode);
	g_assert_cmpint(lock.until, >=, until);
	g_assert_cmpint(lock.until, <, until + 2 * USEC_PER_SEC);
	g_assert_false(lock.hold);
	assert_fails(store_delete(store, "locked", NULL, &error), &error, ODR_ERROR_REFUSED);
	assert_holds("locked", "locked");
	store_lock_extend(store, "locked", NULL, until + 2 * USEC_PER_SEC, &error);
	g_assert_no_error(error);
	assert_fails(store_delete(store, "locked", NULL, &error), &error, ODR_ERROR_REFUSED);
	while (clock_now() < until + 4 * USEC_PER_SEC)
		g_usleep(USEC_PER_SEC / 4);
	store_delete(store, "locked", NULL, &error);
	g_assert_no_error(error);
}

/* What lies on top is another version: it has no say about the lock of the one below. */
static void test_lock_of_version(void)
{
	usec_t until = clock_now() + USEC_PER_MIN;
	const struct store_put how = {.lock_until = until};
	const struct iovec part = {(char *)"below", 5};
	g_autoptr(GPtrArray) versions = NULL;
	struct store_lock lock;
	GError *error = NULL;

	if (!abilities.locks) {
		g_test_skip("the store does not lock");
		return;
	}
	g_assert_true(store_put(store, "twice", &part, 1, &how, NULL, NULL));
	assert_put("twice", "above");
	g_assert_true(store_versions(store, "twice", &versions, NULL));
	g_assert_cmpuint(versions->len, ==, 2);
	g_assert_true(store_lock_get(store, "twice", version_of(versions, 0), &lock, NULL));
	g_assert_cmpint(lock.until, >=, until);
	store_lock_extend(store, "twice", version_of(versions, 0), until + USEC_PER_SEC, &error);
	g_assert_no_error(error);
	g_assert_true(store_lock_get(store, "twice", NULL, &lock, NULL));
	g_assert_cmpint(lock.until, ==, 0);
}

static void test_hold(void)
{
	struct store_lock lock;
	GError *error = NULL;

	if (!abilities.locks) {
		g_test_skip("the store does not lock");
		return;
	}
	assert_put("held", "x");
	store_hold(store, "held", NULL, true, &error);
	g_assert_no_error(error);
	g_assert_true(store_lock_get(store, "held", NULL, &lock, NULL));
	g_assert_true(lock.hold);
	assert_fails(store_delete(store, "held", NULL, &error), &error, ODR_ERROR_REFUSED);

	struct store_deletion both[] = {{.name = "held"}, {.name = "free"}};

	assert_put("free", "x");
	store_delete_many(store, both, 2, &error);
	g_assert_no_error(error);
	g_assert_true(both[1].gone && !both[1].error);
	assert_fails(both[0].gone, &both[0].error, ODR_ERROR_REFUSED);
	assert_holds("held", "x");
	store_hold(store, "held", NULL, false, &error);
	g_assert_no_error(error);
	store_delete(store, "held", NULL, &error);
	g_assert_no_error(error);
}

/* As far as the store can tell: one that cannot adds a version, and the first still counts. */
static void test_once(void)
{
	const struct store_put how = {.once = true};
	const struct iovec first = {(char *)"first", 5}, second = {(char *)"second", 6};
	g_autoptr(GPtrArray) versions = NULL;
	GError *error = NULL;

	store_put(store, "once", &first, 1, &how, NULL, &error);
	g_assert_no_error(error);
	if (!store_put(store, "once", &second, 1, &how, NULL, &error)) {
		assert_fails(false, &error, ODR_ERROR_EXISTS);
		assert_holds("once", "first");
		return;
	}
	g_assert_true(abilities.versions);
	g_assert_true(store_versions(store, "once", &versions, NULL));

	g_autoptr(GBytes) content = NULL;

	g_assert_true(store_get(store, "once", version_of(versions, 0), 0, &content, NULL));
	g_assert_cmpmem(g_bytes_get_data(content, NULL), g_bytes_get_size(content), "first", 5);
}

static void test_unlocked(void)
{
	struct store_lock lock = {.until = 1, .hold = true};

	assert_put("unlocked", "x");
	g_assert_true(store_lock_get(store, "unlocked", NULL, &lock, NULL));
	g_assert_cmpint(lock.until, ==, 0);
	g_assert_false(lock.hold);
}

static const struct {
	const char *path;
	void (*run)(void);
} tests[] = {
	{"round-trip", test_round_trip},
	{"objects-of-all-sizes", test_sizes},
	{"absence-is-told", test_absent},
	{"ranges-are-exact", test_ranges},
	{"a-limit-holds", test_limit},
	{"a-name-twice-loses-nothing", test_same_name},
	{"lists-in-order", test_listing},
	{"lists-page-by-page", test_pages},
	{"deletes-for-good", test_delete},
	{"deletes-many-at-once", test_delete_many},
	{"locks-hold-and-end", test_lock},
	{"locks-are-of-versions", test_lock_of_version},
	{"a-hold-holds-until-it-is-lifted", test_hold},
	{"a-name-only-once-if-asked", test_once},
	{"what-is-not-locked-says-so", test_unlocked},
};

static enum store_lock_mode lock_mode(void)
{
	const char *lock = g_getenv("ODR_S3_LOCK");

	if (g_strcmp0(lock, "compliance") == 0)
		return STORE_LOCK_COMPLIANCE;
	return g_strcmp0(lock, "governance") == 0 ? STORE_LOCK_GOVERNANCE : STORE_LOCK_NONE;
}

int main(int argc, char **argv)
{
	g_autofree char *folder = g_dir_make_tmp("conformance-XXXXXX", NULL);
	g_autoptr(GError) error = NULL;
	const char *type = g_getenv("ODR_S3_TYPE");
	const struct store_settings settings = {
		.name = "main",
		.type = type ? type : "posix",
		.path = folder,
		.endpoint = g_getenv("ODR_S3_ENDPOINT"),
		.bucket = g_getenv("ODR_S3_BUCKET"),
		.prefix = "some/prefix",
		.credentials = g_getenv("ODR_S3_CREDENTIALS"),
		.ca_file = g_getenv("ODR_S3_CA"),
		.lock = lock_mode(),
		.create = true,
		.tls_unverified = true,
		.retry_for = 10 * USEC_PER_SEC,
	};

	g_test_init(&argc, &argv, NULL);
	store = store_open(&settings, &error);
	g_assert_no_error(error);
	store_abilities(store, &abilities);
	g_test_message("%s: %s", store_describe(store), abilities.protection);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/store/", tests[i].path, NULL);

		g_test_add_func(path, tests[i].run);
	}

	int status = g_test_run();

	store_free(store);
	file_remove_tree(folder, NULL);
	return status;
}
