#include "repo/manifest_index.h"

#include "sample.h"
#include "service.h"

#define ONE   "20261121T000000Z-00000001"
#define TWO   "20261122T000000Z-00000002"
#define THREE "20261123T000000Z-00000003"

static void put_set(struct service *service, const char *set_id)
{
	g_autoptr(Manifest) manifest = sample_manifest(set_id);
	g_autofree char *local = layout_set(set_id);
	g_autoptr(GBytes) object = sample_seal(manifest, service->bundle);

	service_put(service, local, g_bytes_get_data(object, NULL), g_bytes_get_size(object));
}

static void read_one(ManifestIndex *index, guint position)
{
	g_autoptr(GArray) positions = g_array_new(false, false, sizeof(guint));
	g_autoptr(GError) error = NULL;

	g_array_append_val(positions, position);
	g_assert_true(manifest_index_read(index, positions, &error));
	g_assert_no_error(error);
}

/* What is not asked for is not looked at: or it would be trouble. */
static void test_few(void)
{
	struct service service;
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(ManifestIndex) index = NULL;
	g_autoptr(GError) error = NULL;

	service_set_up(&service);

	g_autofree char *two = service_path(&service, "set/" TWO);

	put_set(&service, THREE);
	put_set(&service, TWO);
	put_set(&service, ONE);
	g_assert_true(g_file_set_contents(two, "no manifest", -1, NULL));
	index = manifest_index_open(service.repo, service.identity, troubles, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(manifest_index_count(index), ==, 3);
	g_assert_cmpstr(manifest_index_set(index, 0), ==, ONE);
	g_assert_cmpstr(manifest_index_set(index, 2), ==, THREE);
	g_assert_cmpint(manifest_index_stored(index, 0), >, 0);

	read_one(index, 2);
	read_one(index, 2);
	g_assert_cmpuint(manifest_index_manifests(index)->len, ==, 1);
	g_assert_null(manifest_index_manifest(index, 0));
	g_assert_cmpstr(manifest_index_manifest(index, 2)->set_id, ==, THREE);
	g_assert_cmpuint(troubles->len, ==, 0);

	g_assert_true(manifest_index_read_all(index, &error));
	g_assert_cmpuint(manifest_index_manifests(index)->len, ==, 2);
	g_assert_null(manifest_index_manifest(index, 1));
	g_assert_cmpuint(troubles->len, ==, 1);
	service_tear_down(&service);
}

static void test_take(void)
{
	struct service service;
	g_autoptr(ManifestIndex) index = NULL;
	g_autoptr(Manifest) taken = NULL;
	g_autoptr(GError) error = NULL;

	service_set_up(&service);
	put_set(&service, ONE);
	put_set(&service, TWO);
	index = manifest_index_open(service.repo, service.identity, NULL, &error);
	g_assert_true(manifest_index_read_all(index, &error));
	taken = manifest_index_take(index, manifest_index_manifest(index, 1));
	g_clear_pointer(&index, manifest_index_free);
	g_assert_cmpstr(taken->set_id, ==, TWO);
	service_tear_down(&service);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/manifest-index/reads-what-is-asked-for", test_few);
	g_test_add_func("/manifest-index/gives-one-away", test_take);
	return g_test_run();
}
