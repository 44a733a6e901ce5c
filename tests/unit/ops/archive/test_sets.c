#include "ops/archive/choice.h"

#include "../../repo/sample.h"
#include "../../repo/service.h"

#include <glib/gstdio.h>

#define OLDER "20261101T230501Z-0000000a"
#define NEWER "20261102T230501Z-0000000b"

static struct service service;

/* A set that lists the segment with this digest, hex. */
static void publish(const char *set_id, const char *file, const char *digest)
{
	g_autoptr(Manifest) manifest = sample_manifest(set_id);
	g_autoptr(GError) error = NULL;
	g_autofree char *local = layout_set(set_id);
	g_autoptr(GBytes) object = NULL;

	g_ptr_array_add(manifest->wal->objects,
			g_strdup_printf("wal/00000002/%s-%s", file, digest));
	object = manifest_seal(manifest, service.bundle, 1, &error);
	g_assert_no_error(error);
	service_put(&service, local, g_bytes_get_data(object, NULL), g_bytes_get_size(object));
}

#define SEGMENT "000000020000000000000004"
#define ONE	"11111111111111111111111111111111"
#define TWO	"22222222222222222222222222222222"

/* Of two objects of a segment, the sets that list them. */
static bool find(GArray **found, GError **error)
{
	static struct wal_held one = {.file = (char *)SEGMENT}, two = {.file = (char *)SEGMENT};
	GArray *candidates = g_array_new(false, true, sizeof(struct archive_candidate));

	memset(one.digest, 0x11, sizeof(one.digest));
	memset(two.digest, 0x22, sizeof(two.digest));
	g_array_set_clear_func(candidates, archive_candidate_clear);
	g_array_set_size(candidates, 2);
	g_array_index(candidates, struct archive_candidate, 0).held = &one;
	g_array_index(candidates, struct archive_candidate, 1).held = &two;
	*found = candidates;
	return archive_sets(service.repo, candidates, error);
}

static void assert_listed(const char *one, const char *two)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) found = NULL;

	find(&found, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(g_array_index(found, struct archive_candidate, 0).set, ==, one);
	g_assert_cmpstr(g_array_index(found, struct archive_candidate, 1).set, ==, two);
}

static void test_listed(void)
{
	service_set_up(&service);
	assert_listed(NULL, NULL);
	publish(OLDER, "000000020000000000000003", ONE);
	assert_listed(NULL, NULL);
	publish(NEWER, SEGMENT, TWO);
	assert_listed(NULL, NEWER);
	publish("20261103T230501Z-0000000c", SEGMENT, TWO);
	assert_listed(NULL, NEWER);
	publish("20261104T230501Z-0000000d", SEGMENT, ONE);
	assert_listed("20261104T230501Z-0000000d", NEWER);
	service_tear_down(&service);
}

/* Whoever cannot sign cannot choose. */
static void test_altered(void)
{
	g_autofree char *local = layout_set(NEWER), *path = NULL, *content = NULL;
	gsize size;

	service_set_up(&service);
	publish(NEWER, SEGMENT, TWO);
	path = service_path(&service, local);
	g_assert_true(g_file_get_contents(path, &content, &size, NULL));
	content[size / 2] ^= 1;
	g_assert_true(g_file_set_contents(path, content, (gssize)size, NULL));
	assert_listed(NULL, NULL);
	service_tear_down(&service);
}

static void test_unreadable(void)
{
	g_autofree char *root = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) found = NULL;

	service_set_up(&service);
	root = g_build_filename(service.folder, "repository", NULL);
	g_assert_true(file_remove_tree(root, NULL));
	g_assert_false(find(&found, &error));
	assert_failed(error, ODR_ERROR_UNREACHABLE, "repository main: cannot list sets");
	service_tear_down(&service);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/archive/sets/say-which-objects-they-list", test_listed);
	g_test_add_func("/archive/sets/that-do-not-verify-say-nothing", test_altered);
	g_test_add_func("/archive/sets/that-cannot-be-read-are-an-error", test_unreadable);
	return g_test_run();
}
