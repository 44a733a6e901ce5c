#include "repo/wal_held.h"

#include "base/pool.h"

#include <sys/stat.h>
#include <unistd.h>

#include "wal_file.h"

static GPtrArray *find(const char *file)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *held = NULL;

	wal_find(service.repo, file, &held, &error);
	g_assert_no_error(error);
	return held;
}

static void assert_comes_back(const char *file, size_t size, unsigned threads)
{
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *content = content_new(size, size);
	g_autoptr(GByteArray) again = NULL;
	struct wal_facts facts = {0};

	store_file(file, content, size, 0);

	g_autoptr(GPtrArray) held = find(file);

	g_assert_cmpuint(held->len, ==, 1);
	wal_fetch(service.repo, service.identity, held->pdata[0], threads, &again, &facts, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(again->data, again->len, content, size);
	g_assert_cmpstr(facts.file, ==, file);
	g_assert_cmpuint(facts.size, ==, size);
	g_assert_cmpuint(facts.system_identifier, ==, 7300000000000000001);
	g_assert_cmpint(facts.major, ==, 15);
	wal_facts_clear(&facts);
}

static void test_comes_back(void)
{
	static const struct {
		const char *file;
		size_t size;
	} cases[] = {
		{"00000002.history", 40},
		{"000000010000000000000001", MIB},
		{"000000010000000000000002", MIB - 1},
		{"000000010000000000000003", MIB + 1},
		{"000000010000000000000004", 16 * MIB},
		{"000000010000000000000005.partial", 16 * MIB},
		{"000000010000000000000006.00000028.backup", 300},
		{"000000010000000000000007", 1},
		{"000000010000000000000008", 0},
		{"000000010000000000000009", 32 * MIB},
		{"00000001000000000000000A", 64 * MIB},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_comes_back(cases[i].file, cases[i].size, 1 + i % 3);
}

static void test_digest_of_name(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *content = content_new(100, 1);
	struct wal_object_request request = request_for("000000090000000000000001", content, 100);
	g_autoptr(GByteArray) again = NULL;
	struct wal_object object;

	request.digest[0] ^= 1;
	seal(&request, &object);
	service_put(&service, object.local, object.bytes->data, object.bytes->len);
	wal_object_clear(&object);

	g_autoptr(GPtrArray) held = find("000000090000000000000001");

	g_assert_false(
		wal_fetch(service.repo, service.identity, held->pdata[0], 1, &again, NULL, &error));
	assert_failed(error, ODR_ERROR_CORRUPT, "does not have the digest of its name");
}

static void test_absence(void)
{
	g_autoptr(GPtrArray) held = find("0000000A0000000000000001");

	g_assert_cmpuint(held->len, ==, 0);
}

static void test_unreachable(void)
{
	struct service other;
	g_autoptr(GError) error = NULL;
	g_autofree char *root = NULL;
	GPtrArray *held = NULL;
	bool found;

	/* Another name than that of a WAL file is no absence, either. */
	g_assert_false(wal_find(service.repo, "../x", &held, &error));
	g_assert_true(odr_error_is(error, ODR_ERROR_USAGE));

	service_set_up(&other);
	root = g_build_filename(other.folder, "repository", NULL);
	g_clear_error(&error);
	g_assert_cmpint(chmod(root, 0), ==, 0);
	found = wal_find(other.repo, SEGMENT, &held, &error);
	g_assert_cmpint(chmod(root, 0700), ==, 0);
	if (found)
		g_ptr_array_unref(held); /* root reads what it likes */
	else
		g_assert_false(odr_error_is(error, ODR_ERROR_NOT_FOUND));
	service_tear_down(&other);
}

/* A stolen key goes on signing. */
static void test_stored_too_late(void)
{
	static const char file[] = "0000000D0000000000000001";
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *content = content_new(1000, 4);
	g_autoptr(GByteArray) again = NULL;
	struct service usual = service;

	service_set_up(&service);
	service_end_endorsement(&service, 2 * USEC_PER_DAY);
	store_file(file, content, 1000, 0);

	g_autoptr(GPtrArray) held = find(file);

	service_trust_clock(&service, true);
	g_assert_false(
		wal_fetch(service.repo, service.identity, held->pdata[0], 1, &again, NULL, &error));
	assert_failed(error, ODR_ERROR_CORRUPT, "after the endorsement of its writer");
	g_clear_error(&error);
	/* Times that anybody can set judge nothing. */
	service_trust_clock(&service, false);
	wal_fetch(service.repo, service.identity, held->pdata[0], 1, &again, NULL, &error);
	g_assert_no_error(error);
	service_tear_down(&service);
	service = usual;
}

static void test_missing_piece(void)
{
	static const char file[] = "0000000B0000000000000001";
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *content = content_new(64 * MIB, 2);
	g_autoptr(GByteArray) again = NULL;

	store_file(file, content, 64 * MIB, 2);

	g_autoptr(GPtrArray) held = find(file);
	const struct wal_held *one = held->pdata[0];

	g_assert_false(one->complete);
	g_assert_null(one->locals->pdata[1]);
	g_assert_false(wal_fetch(service.repo, service.identity, one, 1, &again, NULL, &error));
	assert_failed(error, ODR_ERROR_CORRUPT, "piece 2 of 2 is missing");
}

static void test_gone_since_listing(void)
{
	static const char file[] = "0000000C0000000000000001";
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *content = content_new(1000, 3);
	g_autofree char *path = NULL;
	g_autoptr(GByteArray) again = NULL;

	store_file(file, content, 1000, 0);

	g_autoptr(GPtrArray) held = find(file);
	const struct wal_held *one = held->pdata[0];

	path = service_path(&service, one->locals->pdata[0]);
	g_assert_cmpint(unlink(path), ==, 0);
	g_assert_false(wal_fetch(service.repo, service.identity, one, 1, &again, NULL, &error));
	g_assert_true(odr_error_is(error, ODR_ERROR_TRANSIENT));
}

static void test_two_contents(void)
{
	static const char file[] = "0000000D0000000000000001";
	g_autofree uint8_t *one = content_new(1000, 4), *two = content_new(1000, 5);
	uint8_t digest[XXH128_SIZE];

	store_file(file, one, 1000, 0);
	g_usleep(20000);
	store_file(file, two, 1000, 0);

	g_autoptr(GPtrArray) held = find(file);
	const struct wal_held *first = held->pdata[0];

	g_assert_cmpuint(held->len, ==, 2);
	wal_object_digest(service.bundle->digest_secret, one, 1000, digest);
	g_assert_cmpmem(first->digest, XXH128_SIZE, digest, XXH128_SIZE);
}

static void test_list(void)
{
	struct service other;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) held = NULL;
	g_autofree uint8_t *content = content_new(33 * MIB, 6);

	service_set_up(&other);

	struct service saved = service;

	service = other;
	store_file("000000010000000000000002", content, 1000, 0);
	store_file("000000010000000000000001", content, 33 * MIB, 0);
	store_file("00000002.history", content, 50, 0);
	service_put(&service, "wal/00000001/junk", "x", 1);
	wal_list(service.repo, &held, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(held->len, ==, 3);
	g_assert_cmpstr(((struct wal_held *)held->pdata[0])->file, ==, "000000010000000000000001");
	g_assert_cmpuint(((struct wal_held *)held->pdata[0])->locals->len, ==, 2);
	g_assert_cmpstr(((struct wal_held *)held->pdata[1])->file, ==, "000000010000000000000002");
	g_assert_cmpstr(((struct wal_held *)held->pdata[2])->file, ==, "00000002.history");
	for (guint i = 0; i < held->len; i++)
		g_assert_true(((struct wal_held *)held->pdata[i])->complete);
	service = saved;
	service_tear_down(&other);
}

static void test_between(void)
{
	static const struct {
		const char *first, *last;
		unsigned held;
	} cases[] = {
		{"0000001100000000000000FE", "000000110000000100000001", 4},
		{"0000001100000000000000FE", "0000001100000000000000FE", 1},
		{"0000001100000000000000FF", "000000110000000100000000", 2},
		{"000000110000000100000002", "0000001100000001000000FF", 0},
		{"000000110000000000000000", "0000001100000000000000FD", 0},
	};
	static const char *const files[] = {
		"0000001100000000000000FE", "0000001100000000000000FF", "000000110000000100000000",
		"000000110000000100000001", "00000012.history",		"000000120000000000000001",
	};
	g_autofree uint8_t *content = content_new(1000, 10);
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
		store_file(files[i], content, 1000, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) held = NULL;

		wal_find_between(service.repo, cases[i].first, cases[i].last, &held, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(held->len, ==, cases[i].held);
		if (held->len == 4)
			g_assert_cmpstr(((struct wal_held *)held->pdata[3])->file, ==, files[3]);
	}
	GPtrArray *none = NULL;

	g_assert_false(wal_find_between(service.repo, files[0], "../x", &none, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
}

static void test_other_identity(void)
{
	static const char file[] = "0000000E0000000000000001";
	g_autoptr(GError) error = NULL;
	g_autoptr(Identity) stranger = identity_new(service.owner, "other", RECIPIENT_SCOPE_ALL);
	g_autofree uint8_t *content = content_new(1000, 7);
	g_autoptr(GByteArray) again = NULL;

	store_file(file, content, 1000, 0);

	g_autoptr(GPtrArray) held = find(file);

	g_assert_false(wal_fetch(service.repo, stranger, held->pdata[0], 1, &again, NULL, &error));
	g_assert_true(odr_error_is(error, ODR_ERROR_AUTH));
}

struct taking {
	const uint8_t *content;
	uint64_t size, taken, refuse_at;
	bool seen[64];
	struct mutex *mutex;
};

static bool take_begin(void *data, const struct wal_facts *facts, GError **error)
{
	struct taking *taking = data;

	g_assert_cmpuint(taking->taken, ==, 0);
	g_assert_cmpuint(facts->size, ==, taking->size);
	return true;
}

static bool put(void *data, uint64_t offset, const void *plain, size_t size, GError **error)
{
	struct taking *taking = data;
	size_t taken;

	g_assert_cmpuint(offset % MIB, ==, 0);
	g_assert_cmpuint(size, <=, taking->size - offset);
	g_assert_cmpmem(plain, size, taking->content + offset, size);
	mutex_lock(taking->mutex);
	g_assert_false(taking->seen[offset / MIB]);
	taking->seen[offset / MIB] = true;
	taken = taking->taken += size;
	mutex_unlock(taking->mutex);
	return taken < taking->refuse_at || odr_fail(error, ODR_ERROR_NO_SPACE, "no room for more");
}

/* Two pieces, each part once, and whatever the taker says counts. */
static void test_taken(void)
{
	static const char file[] = "0000000F0000000000000001";
	static const uint64_t refuse_at[] = {UINT64_MAX, 1, 20 * MIB, 64 * MIB};
	g_autofree uint8_t *content = content_new(64 * MIB, 8);

	store_file(file, content, 64 * MIB, 0);

	g_autoptr(GPtrArray) held = find(file);

	for (size_t i = 0; i < G_N_ELEMENTS(refuse_at); i++) {
		struct taking taking = {.content = content,
					.size = 64 * MIB,
					.refuse_at = refuse_at[i],
					.mutex = mutex_new()};
		struct wal_reading reading = {.identity = service.identity,
					      .held = held->pdata[0],
					      .threads = 3,
					      .begin = take_begin,
					      .put = put,
					      .data = &taking};
		g_autoptr(GError) error = NULL;
		bool good = wal_read(service.repo, &reading, NULL, &error);

		if (refuse_at[i] == UINT64_MAX) {
			g_assert_no_error(error);
			g_assert_true(good && taking.taken == taking.size);
		} else {
			g_assert_false(good);
			assert_failed(error, ODR_ERROR_NO_SPACE, "no room for more");
			/* Each of the three may have a part in its hands. */
			g_assert_cmpuint(taking.taken, <, refuse_at[i] + 3 * MIB);
		}
		mutex_free(taking.mutex);
	}
}

static void test_only_checked(void)
{
	static const char file[] = "000000100000000000000001";
	g_autofree uint8_t *content = content_new(3 * MIB, 9);
	g_autoptr(GError) error = NULL;

	store_file(file, content, 3 * MIB, 0);

	g_autoptr(GPtrArray) held = find(file);

	wal_read(service.repo,
		 &(struct wal_reading){.identity = service.identity, .held = held->pdata[0]}, NULL,
		 &error);
	g_assert_no_error(error);
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	service_set_up(&service);
	g_test_add_func("/wal-held/what-was-sealed-comes-back", test_comes_back);
	g_test_add_func("/wal-held/content-must-have-the-digest-of-its-name", test_digest_of_name);
	g_test_add_func("/wal-held/nothing-listed-is-proven-absence", test_absence);
	g_test_add_func("/wal-held/no-answer-is-no-absence", test_unreachable);
	g_test_add_func("/wal-held/what-was-stored-after-the-endorsement-is-refused",
			test_stored_too_late);
	g_test_add_func("/wal-held/a-file-is-there-when-all-pieces-are", test_missing_piece);
	g_test_add_func("/wal-held/gone-since-the-listing-is-no-absence", test_gone_since_listing);
	g_test_add_func("/wal-held/the-oldest-of-two-contents-comes-first", test_two_contents);
	g_test_add_func("/wal-held/one-listing-groups-pieces-and-skips-junk", test_list);
	g_test_add_func("/wal-held/segments-between-two-come-from-one-listing", test_between);
	g_test_add_func("/wal-held/opens-only-for-its-recipients", test_other_identity);
	g_test_add_func("/wal-held/content-is-taken", test_taken);
	g_test_add_func("/wal-held/without-a-taker-it-is-only-checked", test_only_checked);
	status = g_test_run();
	service_tear_down(&service);
	return status;
}
