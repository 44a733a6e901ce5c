#include "repo/moment.h"

#include "base/bytes.h"
#include "repo/manifest.h"

#include <string.h>
#include <unistd.h>
#include <utime.h>

#include "service.h"

#define SET "20261121T230501Z-00000001"

static struct service service;

static struct moment *moment_new(const char *part, usec_t started)
{
	struct moment *moment = g_new0(struct moment, 1);

	moment->part = g_strdup(part);
	moment->set_id = g_strdup(SET);
	moment->started = started;
	return moment;
}

/* Stored at so many seconds since 1970. */
static char *put(const char *part, usec_t started, time_t stored_at)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) repos = g_ptr_array_new();
	struct moment *moment = moment_new(part, started);

	g_ptr_array_add(repos, service.repo);
	moment_put(repos, service.bundle, moment, 0, &error);
	g_assert_no_error(error);
	g_autofree char *local = layout_moment(part, moment->name);
	g_autofree char *path = service_path(&service, local);

	utime(path, &(struct utimbuf){stored_at, stored_at});
	moment_free(moment);
	return g_steal_pointer(&local);
}

static struct moment *newest(const char *part, GPtrArray *troubles)
{
	g_autoptr(GError) error = NULL;
	struct moment *moment;

	moment_newest(service.repo, part, &moment, troubles, &error);
	g_assert_no_error(error);
	return moment;
}

static void alter(const char *local)
{
	g_autofree char *path = service_path(&service, local);
	g_autofree char *bytes = NULL;
	g_autoptr(GError) error = NULL;
	gsize size;

	g_file_get_contents(path, &bytes, &size, &error);
	g_assert_no_error(error);
	bytes[size / 3] ^= 1;
	unlink(path);
	g_file_set_contents(path, bytes, (gssize)size, &error);
	g_assert_no_error(error);
}

static void test_newest(void)
{
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	struct moment *moment;

	service_set_up(&service);
	g_assert_null(newest(PART_FILESTORE, troubles));
	g_free(put(PART_FILESTORE, 1000, 1000));
	g_free(put(PART_CONFIG, 5000, 5000));
	g_autofree char *last = put(PART_FILESTORE, 3000, 3000);

	g_free(put(PART_FILESTORE, 2000, 2000));
	moment = newest(PART_FILESTORE, troubles);
	g_assert_cmpint(moment->started, ==, 3000);
	g_assert_cmpstr(moment->set_id, ==, SET);
	g_assert_cmpmem(moment->writer.public_key, KEY_SIZE, service.bundle->endorsement.public_key,
			KEY_SIZE);
	moment_free(moment);
	g_assert_cmpuint(troubles->len, ==, 0);

	alter(last);
	moment = newest(PART_FILESTORE, troubles);
	g_assert_cmpint(moment->started, ==, 2000);
	moment_free(moment);
	g_assert_cmpuint(troubles->len, ==, 1);
	g_assert_nonnull(strstr(troubles->pdata[0], last));
	service_tear_down(&service);
}

/* Signed for one part, it proves nothing of another. */
static void test_moved(void)
{
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);

	service_set_up(&service);
	g_autofree char *from = put(PART_FILESTORE, 1000, 1000);
	g_autofree char *to = layout_moment(PART_CONFIG, strrchr(from, '/') + 1);
	g_autofree char *old_path = service_path(&service, from);
	g_autofree char *bytes = NULL;
	gsize size;

	g_assert_true(g_file_get_contents(old_path, &bytes, &size, NULL));
	service_put(&service, to, bytes, size);
	g_assert_null(newest(PART_CONFIG, troubles));
	g_assert_cmpuint(troubles->len, ==, 1);
	service_tear_down(&service);
}

struct edit {
	const char *what;
	size_t at;
	uint8_t value;
	enum odr_error code;
};

static void test_parse(void)
{
	static const struct edit edits[] = {
		{"another magic", 0, 'X', ODR_ERROR_CORRUPT},
		{"a newer version", 8, 2, ODR_ERROR_REFUSED},
		{"no version", 8, 0, ODR_ERROR_CORRUPT},
		{"a feature that matters", 12, 1, ODR_ERROR_REFUSED},
		{"another service", 26, 0xff, ODR_ERROR_CORRUPT},
		{"a field too long", 22, 0xff, ODR_ERROR_CORRUPT},
		{"an unknown field", 20, 9, ODR_ERROR_REFUSED},
		{"a field twice", 42, 1, ODR_ERROR_CORRUPT},
		{"an unknown part", 48, 'x', ODR_ERROR_CORRUPT},
		{"a set that is none", 63, 'x', ODR_ERROR_CORRUPT},
	};
	static const uint8_t id[SERVICE_ID_SIZE] = {1};
	struct moment *moment = moment_new(PART_FILESTORE, 77);
	g_autoptr(GByteArray) good = moment_encode(moment, id);

	for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
		g_autofree uint8_t *bytes = g_memdup2(good->data, good->len);
		g_autoptr(GError) error = NULL;
		struct moment parsed = {0};

		bytes[edits[i].at] = edits[i].value;
		if (moment_parse(bytes, good->len, id, &parsed, &error))
			g_error("taken: %s", edits[i].what);
		if (!odr_error_is(error, edits[i].code))
			g_error("%s: %s", edits[i].what, error->message);
	}
	for (size_t size = 0; size < good->len; size++) {
		struct moment parsed = {0};

		g_assert_false(moment_parse(good->data, size, id, &parsed, NULL));
	}
	/* What comes later is ignored where it may be. */
	bytes_put_field(good, 0x8001, "later", 5);
	g_autoptr(GError) error = NULL;

	moment_parse(good->data, good->len, id, moment, &error);
	g_assert_no_error(error);
	g_assert_cmpint(moment->started, ==, 77);
	moment_free(moment);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/moment/the-newest-that-verifies", test_newest);
	g_test_add_func("/moment/is-bound-to-its-part", test_moved);
	g_test_add_func("/moment/judges-hostile-bytes", test_parse);
	return g_test_run();
}
