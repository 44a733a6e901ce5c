#include "newer.h"
#include "repo/manifest.h"
#include "sample.h"
#include "service.h"

#include <string.h>
#include <utime.h>

#define SET   "20261121T230501Z-1a2b3c4d"
#define OTHER "20261120T230501Z-00000001"

static struct service service;

static void put_set(const char *set_id, uint64_t sequence, time_t stored_at)
{
	g_autoptr(Manifest) manifest = sample_manifest(set_id);
	g_autofree char *local = layout_set(set_id);
	g_autofree char *path = service_path(&service, local);

	manifest->sequence = sequence;
	if (sequence > 1)
		manifest->previous_set = g_strdup("20260101T000000Z-00000000");

	g_autoptr(GBytes) object = sample_seal(manifest, service.bundle);

	service_put(&service, local, g_bytes_get_data(object, NULL), g_bytes_get_size(object));
	g_assert_cmpint(utime(path, &(struct utimbuf){stored_at, stored_at}), ==, 0);
}

static void test_list(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) sets = NULL;
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	static const char *const wanted[] = {
		"20261124T000000Z-00000004", "20261123T000000Z-00000003",
		"20261121T000000Z-00000001", "20261122T000000Z-00000002"};

	/* The store's time counts, then the number in the chain; the claimed time does not. */
	put_set(wanted[0], 9, 1000);
	put_set(wanted[1], 1, 2000);
	put_set(wanted[2], 2, 2000);
	put_set(wanted[3], 2, 2000);
	service_put(&service, "set/junk", "x", 1);
	service_put(&service, "set/20261125T000000Z-00000005", "not a manifest", 14);

	manifest_list(service.repo, service.identity, &sets, troubles, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(sets->len, ==, G_N_ELEMENTS(wanted));
	for (guint i = 0; i < sets->len; i++)
		g_assert_cmpstr(((Manifest *)sets->pdata[i])->set_id, ==, wanted[i]);
	g_assert_cmpint(((Manifest *)sets->pdata[0])->stored_at, ==, 1000 * USEC_PER_SEC);
	g_assert_cmpuint(troubles->len, ==, 2);
	g_assert_cmpstr(troubles->pdata[0], ==, "'set/junk' is not the name of a set");

	/* A keeper lists without a key, and nobody has to ask for the troubles. */
	g_clear_pointer(&sets, g_ptr_array_unref);
	manifest_list(service.repo, NULL, &sets, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(sets->len, ==, G_N_ELEMENTS(wanted));
}

/* What is known is not read, whatever it is by now; and what of it is gone shows. */
static void test_list_new(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) sets = NULL;
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
	struct service usual = service;

	service_set_up(&service);
	put_set("20261121T000000Z-00000001", 1, 1000);
	put_set("20261122T000000Z-00000002", 2, 2000);
	service_put(&service, "set/20261123T000000Z-00000003", "not a manifest", 14);
	g_hash_table_add(known, (char *)"20261121T000000Z-00000001");
	g_hash_table_add(known, (char *)"20261123T000000Z-00000003");
	g_hash_table_add(known, (char *)"20261120T000000Z-00000000");
	manifest_list_new(service.repo, service.identity, known, &sets, troubles, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(sets->len, ==, 1);
	g_assert_cmpstr(((Manifest *)sets->pdata[0])->set_id, ==, "20261122T000000Z-00000002");
	g_assert_cmpuint(troubles->len, ==, 0);
	g_assert_cmpuint(g_hash_table_size(known), ==, 1);
	g_assert_true(g_hash_table_contains(known, "20261120T000000Z-00000000"));
	service_tear_down(&service);
	service = usual;
}

/* What a later program stored is said, and ends no listing. */
static void test_list_newer(void)
{
	static const char *const messages[NEWERS] = {
		[NEWER_FORMAT] = "it has format 2, this program knows format 1",
		[NEWER_FEATURE] = "it needs the feature 'moons', which this program does not know",
		[NEWER_PART] = "it has the part 'moon', which this program does not know",
		[NEWER_HEADER] = "written in format version 2, this program reads version 1",
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) sets = NULL;
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	struct service usual = service;

	service_set_up(&service);
	for (enum newer how = 0; how < NEWERS; how++) {
		g_autofree char *set_id = g_strdup_printf("20261120T00000%dZ-00000001", how);
		g_autofree char *local = layout_set(set_id);
		Manifest *manifest = NULL;

		newer_put_set(&service, set_id, how);
		g_assert_false(manifest_load(service.repo, NULL, set_id, &manifest, &error));
		assert_failed(error, ODR_ERROR_REFUSED, messages[how]);
		g_clear_error(&error);
	}
	put_set(SET, 1, 1000);
	manifest_list(service.repo, service.identity, &sets, troubles, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(sets->len, ==, 1);
	g_assert_cmpuint(troubles->len, ==, NEWERS);
	for (guint i = 0; i < NEWERS; i++)
		g_assert_true(g_str_has_suffix(troubles->pdata[i], messages[i]));
	service_tear_down(&service);
	service = usual;
}

static void test_list_with_another_key(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) sets = NULL;
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Identity) stranger = identity_new(service.owner, "x", RECIPIENT_SCOPE_ALL);

	put_set("20261201T000000Z-00000001", 1, 5000);
	manifest_list(service.repo, stranger, &sets, troubles, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(sets->len, >=, 1);
	g_assert_cmpuint(troubles->len, >=, sets->len);
	for (guint i = 0; i < sets->len; i++)
		g_assert_false(((Manifest *)sets->pdata[i])->has_sealed);
}

static void test_load(void)
{
	static const char set_id[] = "20261202T000000Z-00000001";
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = NULL;

	put_set(set_id, 1, 6000);
	manifest_load(service.repo, service.identity, set_id, &manifest, &error);
	g_assert_no_error(error);
	g_assert_cmpint(manifest->stored_at, ==, 6000 * USEC_PER_SEC);
	g_assert_false(manifest_load(service.repo, service.identity, OTHER, &manifest, &error));
	assert_failed(error, ODR_ERROR_NOT_FOUND, "cannot load set " OTHER);
	g_clear_error(&error);
	g_assert_false(manifest_load(service.repo, NULL, "../x", &manifest, &error));
	g_assert_true(odr_error_is(error, ODR_ERROR_USAGE));
}

static void test_stored_too_late(void)
{
	static const char set_id[] = "20261203T000000Z-00000001";
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = NULL;
	g_autoptr(GPtrArray) sets = NULL;
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	struct service usual = service;

	service_set_up(&service);
	service_end_endorsement(&service, 2 * USEC_PER_DAY);
	put_set(set_id, 1, clock_now() / USEC_PER_SEC);
	service_trust_clock(&service, true);
	manifest_list(service.repo, service.identity, &sets, troubles, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(sets->len, ==, 0);
	g_assert_cmpuint(troubles->len, ==, 1);
	g_assert_nonnull(strstr(troubles->pdata[0], "after the endorsement of its writer"));
	g_assert_false(manifest_load(service.repo, service.identity, set_id, &manifest, &error));
	assert_failed(error, ODR_ERROR_CORRUPT, "after the endorsement of its writer");
	service_tear_down(&service);
	service = usual;
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	service_set_up(&service);
	g_test_add_func("/manifest/lists-sets-in-the-stores-order", test_list);
	g_test_add_func("/manifest/what-is-known-is-not-read-again", test_list_new);
	g_test_add_func("/manifest/what-a-newer-version-stored-ends-no-listing", test_list_newer);
	g_test_add_func("/manifest/a-set-of-other-recipients-is-still-a-set",
			test_list_with_another_key);
	g_test_add_func("/manifest/loads-one-set", test_load);
	g_test_add_func("/manifest/what-was-stored-after-the-endorsement-is-no-set",
			test_stored_too_late);
	status = g_test_run();
	service_tear_down(&service);
	return status;
}
