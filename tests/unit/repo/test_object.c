#include "repo/object.h"

/* Every kind of object, hidden, overwritten, cut or damaged in a store that keeps versions: readers see
 * through it, and say so. */
#include "../store/versioned.h"
#include "repo/layer.h"
#include "repo/moment.h"
#include "repo/wal_held.h"
#include "sample.h"
#include "wal_file.h"

#define CONTENT_SIZE (200u << 10)
#define PATH	     "pgdata/base/1/2"

static struct {
	char *set_id;
	struct layer_ref ref;
	struct chunk_place place;
	uint8_t content[CONTENT_SIZE];
} stored;

static GPtrArray *repos;

/* A moment of 2026, when the sample's set was made. */
#define NOW (1795561501 * USEC_PER_SEC)

static void store_layer(void)
{
	g_autofree char *generation = generation_id_new(NOW + 30 * USEC_PER_DAY);
	struct pack_sink *sink = pack_sink_new(&(struct pack_sink_settings){
		.repos = repos,
		.recipients = service.recipients,
		.service_id = service.owner->service.id,
		.generation = generation,
		.pack_size = 1 << 20,
		.compress_level = 1,
		.digest_seed = 1,
	});
	g_autoptr(GError) error = NULL;
	g_autoptr(PackWriter) packs = pack_writer_new(sink);
	g_autoptr(LayerWriter) writer = layer_writer_new(packs);
	struct layer_entry entry = {.path = (char *)PATH,
				    .kind = ENTRY_FILE,
				    .owner = (char *)"",
				    .group = (char *)"",
				    .extents = g_array_new(false, true, sizeof(struct extent))};
	const Table *table;

	random_bytes(stored.content, sizeof(stored.content));
	g_assert_true(
		pack_writer_add(packs, stored.content, CONTENT_SIZE, &stored.place, NULL, &error));
	entry.size = CONTENT_SIZE;
	g_array_append_vals(entry.extents,
			    &(struct extent){.kind = EXTENT_DATA,
					     .length = CONTENT_SIZE,
					     .place = stored.place},
			    1);
	g_assert_true(layer_writer_add(writer, &entry, &error));
	g_assert_true(layer_writer_finish(writer, &stored.ref, &error));
	g_assert_true(pack_sink_table(sink, &table, &error));
	g_assert_true(table_store(repos, table, 0, stored.ref.table, &error));
	g_array_unref(entry.extents);
	pack_sink_free(sink);
}

static void store_set(void)
{
	g_autoptr(Manifest) manifest = sample_manifest(stored.set_id);
	g_autofree char *local = layout_set(stored.set_id);
	g_autoptr(GBytes) object = manifest_seal(manifest, service.bundle, 1, NULL);

	g_assert_true(repos_publish(
		repos, &(struct repo_publication){.local = local, .object = object}, NULL));
}

static void store_all(void)
{
	struct moment *moment = g_new0(struct moment, 1);

	stored.set_id = set_id_new(NOW);
	moment->part = g_strdup(PART_FILESTORE);
	moment->set_id = g_strdup(stored.set_id);
	moment->started = NOW;
	g_assert_true(repo_init(service.repo->store, 0, NULL));
	store_layer();
	store_set();
	store_file(SEGMENT, stored.content, CONTENT_SIZE, 0);
	g_assert_true(moment_put(repos, service.bundle, moment, 0, NULL));
	moment_free(moment);
}

/* Reading it all back. */

static bool take_entry(void *data, struct layer_entry **entry, GError **error)
{
	g_assert_cmpstr((*entry)->path, ==, PATH);
	++*(unsigned *)data;
	return true;
}

static void read_layer(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Table) table = NULL;
	g_autofree uint8_t *plain = g_malloc(CONTENT_SIZE);
	g_autoptr(PackReader) reader = NULL;
	unsigned entries = 0;

	table_load(service.repo, stored.ref.table, &table, &error);
	g_assert_no_error(error);
	layer_read(service.repo, service.identity, &stored.ref, table, take_entry, &entries,
		   &error);
	g_assert_no_error(error);
	g_assert_cmpuint(entries, ==, 1);

	const struct pack_row *row =
		&g_array_index(table->rows, struct pack_row, stored.place.pack);

	reader = pack_reader_open(service.repo, service.identity, table->generation, row, &error);
	g_assert_no_error(error);
	pack_reader_chunk(reader, &stored.place, plain, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(plain, CONTENT_SIZE, stored.content, CONTENT_SIZE);
	pack_verify(service.repo, service.identity, table->generation, row, 1, &error);
	g_assert_no_error(error);
}

static void read_sets(void)
{
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free), sets = NULL;
	g_autoptr(Manifest) manifest = NULL;
	g_autoptr(GError) error = NULL;

	manifest_list(service.repo, service.identity, &sets, troubles, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(sets->len, ==, 1);
	g_assert_cmpuint(troubles->len, ==, 0);
	manifest_load(service.repo, service.identity, stored.set_id, &manifest, &error);
	g_assert_no_error(error);
	g_assert_cmpint(manifest->stored_at, ==, NOW);
	g_assert_cmpstr(manifest->host, ==, "host-of-the-database");
}

static void read_wal(void)
{
	g_autoptr(GPtrArray) held = NULL;
	g_autoptr(GByteArray) content = NULL;
	g_autoptr(GError) error = NULL;

	wal_find(service.repo, SEGMENT, &held, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(held->len, ==, 1);
	wal_fetch(service.repo, service.identity, held->pdata[0], 1, &content, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(content->data, content->len, stored.content, CONTENT_SIZE);
}

static void read_all(void)
{
	struct moment *moment = NULL;
	g_autoptr(GError) error = NULL;

	repo_check_format(service.repo->store, &error);
	g_assert_no_error(error);
	read_layer();
	read_sets();
	read_wal();
	moment_newest(service.repo, PART_FILESTORE, &moment, NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(moment);
	g_assert_cmpint(moment->stored_at, ==, NOW);
	moment_free(moment);
}

/* What a thief does to an object: gives the version that is put over it, NULL for a delete marker. */

static GBytes *hide(GBytes *original)
{
	return NULL;
}

static GBytes *replace(GBytes *original)
{
	return g_bytes_new_static("mine", 4);
}

static GBytes *cut(GBytes *original)
{
	return g_bytes_new(g_bytes_get_data(original, NULL), g_bytes_get_size(original) / 2);
}

static GBytes *flip(GBytes *original)
{
	size_t size = g_bytes_get_size(original);
	uint8_t *copy = g_memdup2(g_bytes_get_data(original, NULL), size);

	copy[size / 2] ^= 1;
	return g_bytes_new_take(copy, size);
}

static GBytes *empty(GBytes *original)
{
	return g_bytes_new_static("", 0);
}

static const struct alteration {
	const char *path;
	GBytes *(*make)(GBytes *original);
	/* Objects whose oldest version is known from a listing are read by that: only who hides them is
	 * noticed. */
	bool listed_too;
} alterations[] = {
	{"/repo/object/hidden-behind-delete-markers", hide, true},
	{"/repo/object/replaced", replace, false},
	{"/repo/object/cut-short", cut, false},
	{"/repo/object/one-bit-flipped", flip, false},
	{"/repo/object/emptied", empty, false},
};

static unsigned alter_all(const struct alteration *alteration)
{
	Store *store = service.repo->store;
	guint count = versioned(store)->entries->len;
	unsigned expected = 0;

	versioned(store)->clock += USEC_PER_HOUR;
	for (guint i = 0; i < count; i++) {
		const struct versioned_entry *entry = versioned(store)->entries->pdata[i];
		bool listed = strstr(entry->name, "/set/") || strstr(entry->name, "/wal/") ||
			      strstr(entry->name, "/moment/");

		versioned_add(store, entry->name, alteration->make(entry->content));
		expected += !listed || alteration->listed_too;
	}
	return expected;
}

static void set_up(void)
{
	service_set_up_in(&service, versioned_store_new());
	versioned(service.repo->store)->clock = NOW;
	repos = g_ptr_array_new();
	g_ptr_array_add(repos, service.repo);
	store_all();
}

static void tear_down(void)
{
	g_free(stored.set_id);
	g_ptr_array_unref(repos);
	service_tear_down(&service);
}

static void test_alteration(const void *data)
{
	g_autoptr(GPtrArray) noted = NULL;
	unsigned expected;

	set_up();
	expected = alter_all(data);
	read_all();
	noted = store_alterations_take(service.repo->store);
	g_assert_cmpuint(noted->len, ==, expected);
	tear_down();
}

/* A writer that was stolen signs another set under an old name, and another segment: the first counts. */
static void test_signed_again(void)
{
	g_autoptr(Manifest) other = NULL;
	g_autofree char *local = NULL;
	g_autoptr(GBytes) object = NULL;

	set_up();
	versioned(service.repo->store)->clock += USEC_PER_HOUR;
	other = sample_manifest(stored.set_id);
	g_free(other->host);
	other->host = g_strdup("thief");
	local = layout_set(stored.set_id);
	object = manifest_seal(other, service.bundle, 1, NULL);
	g_assert_true(repos_publish(
		repos, &(struct repo_publication){.local = local, .object = object}, NULL));
	store_file(SEGMENT, stored.content, CONTENT_SIZE, 0);
	read_all();
	tear_down();
}

static void test_nothing_altered(void)
{
	g_autoptr(GPtrArray) noted = NULL;

	set_up();
	read_all();
	noted = store_alterations_take(service.repo->store);
	g_assert_cmpuint(noted->len, ==, 0);
	tear_down();
}

static void test_as_of(void)
{
	g_autoptr(GPtrArray) sets = NULL, held = NULL;

	set_up();
	service.repo->store->as_of = NOW;
	read_all();
	service.repo->store->as_of = NOW - 1;
	g_assert_true(manifest_list(service.repo, NULL, &sets, NULL, NULL));
	g_assert_cmpuint(sets->len, ==, 0);
	g_assert_true(wal_list(service.repo, &held, NULL));
	g_assert_cmpuint(held->len, ==, 0);
	tear_down();
}

static bool review(void *data, const struct store_object *object)
{
	g_autoptr(GError) error = NULL;

	g_assert_cmpuint(object->versions, ==, 2);
	object_verify_versions(service.repo, object->name, &error);
	g_assert_no_error(error);
	++*(unsigned *)data;
	return true;
}

/* A review of all versions finds what readers, who take the oldest, do not look at. */
static void test_review(void)
{
	g_autoptr(GPtrArray) noted = NULL;
	unsigned objects = 0;

	set_up();
	alter_all(&(struct alteration){.make = flip});
	g_assert_true(repo_list(service.repo, "", review, &objects, NULL));
	noted = store_alterations_take(service.repo->store);
	g_assert_cmpuint(objects, ==, 6);
	g_assert_cmpuint(noted->len, ==, objects);
	tear_down();
}

static bool review_lost(void *data, const struct store_object *object)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(object_verify_versions(service.repo, object->name, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	return true;
}

static void test_lost(void)
{
	struct versioned_store *store;

	set_up();
	store = versioned(service.repo->store);
	for (guint i = 0; i < store->entries->len; i++) {
		struct versioned_entry *entry = store->entries->pdata[i];
		GBytes *whole = entry->content;

		entry->content = flip(whole);
		g_bytes_unref(whole);
	}
	g_assert_true(repo_list(service.repo, "", review_lost, NULL, NULL));
	tear_down();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(alterations); i++)
		g_test_add_data_func(alterations[i].path, &alterations[i], test_alteration);
	g_test_add_func("/repo/object/signed-again", test_signed_again);
	g_test_add_func("/repo/object/nothing-is-no-alteration", test_nothing_altered);
	g_test_add_func("/repo/object/as-of-a-time", test_as_of);
	g_test_add_func("/repo/object/a-review-finds-all-that-is-altered", test_review);
	g_test_add_func("/repo/object/a-review-finds-what-is-lost", test_lost);
	return g_test_run();
}
