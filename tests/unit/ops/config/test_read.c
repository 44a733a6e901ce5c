#include "ops/config/read.h"

#include "../../repo/fixture.h"
#include "ops/config/pack.h"

#include <unistd.h>

/* What goes into packs by config_pack comes back by config_read. */
struct site {
	struct fixture fixture;
	struct pack_sink *sink;
	CollectIndex *index;
	Manifest *manifest;
	PackWriter *packs;
	ConfigPack *pack;
};

static void site_init(struct site *site, const void *data)
{
	(void)data;
	fixture_init(&site->fixture);
	site->sink = fixture_sink(&site->fixture, 4 << 20);
	site->index = collect_index_new();
	site->manifest = manifest_new();
	site->manifest->set_id = set_id_new(clock_now());
	site->packs = pack_writer_new(site->sink);
	site->pack = config_pack_new(site->packs,
				     digest_seed(site->fixture.identity->digest_secret, "content"));
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	config_pack_free(site->pack);
	pack_writer_free(site->packs);
	manifest_free(site->manifest);
	collect_index_free(site->index);
	pack_sink_free(site->sink);
	fixture_clear(&site->fixture);
}

static void must(bool done, GError *error)
{
	g_assert_no_error(error);
	g_assert_true(done);
}

static struct collect_item *item_new(const char *path)
{
	struct collect_item *item = g_new0(struct collect_item, 1);

	item->path = g_strdup(path);
	item->source = g_strdup("/somewhere");
	item->collector = g_strdup("x");
	item->mode = 0640;
	item->owner = g_strdup("odoo");
	item->group = g_strdup("");
	return item;
}

/* In pieces, as collectors write. */
static void add(struct site *site, const char *path, const uint8_t *bytes, size_t size)
{
	struct collect_sink sink = config_pack_sink(site->pack);
	struct collect_item *item = item_new(path);
	GError *error = NULL;

	must(sink.begin(sink.data, &error), error);
	for (size_t at = 0; at < size; at += 70000)
		must(sink.write(sink.data, bytes + at, MIN(70000, size - at), &error), error);
	item->size = size;
	sha256(bytes, size, item->sha256);
	g_ptr_array_add(site->index->items, item);
	must(sink.end(sink.data, item, &error), error);
}

static void add_link(struct site *site, const char *path)
{
	struct collect_sink sink = config_pack_sink(site->pack);
	struct collect_item *item = item_new(path);
	GError *error = NULL;

	item->form = COLLECT_FORM_LINK;
	item->link = g_strdup("to");
	sha256("", 0, item->sha256);
	g_ptr_array_add(site->index->items, item);
	must(sink.begin(sink.data, &error) && sink.end(sink.data, item, &error), error);
}

/* What was begun and is not to be leaves nothing behind. */
static void drop(struct site *site)
{
	static const uint8_t noise[1200000] = {1};
	struct collect_sink sink = config_pack_sink(site->pack);
	GError *error = NULL;

	must(sink.begin(sink.data, &error) && sink.write(sink.data, noise, sizeof(noise), &error),
	     error);
	sink.drop(sink.data);
}

/* Index, layer and table; a part of the manifest. */
static void finish(struct site *site)
{
	struct set_part *part = g_new0(struct set_part, 1);
	g_autoptr(LayerWriter) writer = layer_writer_new(site->packs);
	struct layer_ref ref = {0};
	const GPtrArray *entries;
	const Table *table;
	GError *error = NULL;

	must(config_pack_index(site->pack, site->index, &error) &&
		     config_pack_finish(site->pack, &entries, &error),
	     error);
	for (guint i = 0; i < entries->len; i++)
		must(layer_writer_add(writer, entries->pdata[i], &error), error);
	must(layer_writer_finish(writer, &ref, &error) && pack_writer_finish(site->packs, &error) &&
		     pack_sink_table(site->sink, &table, &error) &&
		     table_store(site->fixture.repos, table, 0, ref.table, &error),
	     error);
	part->part = g_strdup(PART_CONFIG);
	part->generation = g_strdup(site->fixture.generation);
	part->layers = g_array_new(false, true, sizeof(struct layer_ref));
	g_array_append_val(part->layers, ref);
	g_ptr_array_add(site->manifest->parts, part);
}

static ConfigRead *open_config(struct site *site, GError **error)
{
	return config_read_open(site->fixture.repo, site->fixture.identity, site->manifest, error);
}

static void assert_content(ConfigRead *config, const char *path, const uint8_t *bytes, size_t size)
{
	const struct collect_item *item = collect_index_item(config_read_index(config), path);
	g_autoptr(GBytes) content = NULL;
	GError *error = NULL;

	g_assert_nonnull(item);
	must(config_read_item(config, item, 64 << 20, &content, &error), error);
	g_assert_cmpmem(g_bytes_get_data(content, NULL), g_bytes_get_size(content), bytes, size);
}

static void test_round(struct site *site, const void *data)
{
	static const size_t sizes[] = {0,	1,	 1000,	  524288, 524289,
				       1048575, 1048576, 1048577, 3000000};
	g_autofree uint8_t *bytes = g_malloc(3000000);
	g_autoptr(ConfigRead) config = NULL;
	GError *error = NULL;

	(void)data;
	for (size_t i = 0; i < 3000000; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *path = g_strdup_printf("x/%zu", i);

		drop(site);
		add(site, path, bytes, sizes[i]);
	}
	add_link(site, "x/link");
	finish(site);
	config = open_config(site, &error);
	must(config != NULL, error);
	g_assert_cmpuint(config_read_index(config)->items->len, ==, G_N_ELEMENTS(sizes) + 1);
	for (size_t i = G_N_ELEMENTS(sizes); i > 0; i--) {
		g_autofree char *path = g_strdup_printf("x/%zu", i - 1);

		assert_content(config, path, bytes, sizes[i - 1]);
	}
	const struct collect_item *item = collect_index_item(config_read_index(config), "x/link");

	g_assert_cmpstr(config_read_entry(config, item)->link, ==, "to");
	g_assert_cmpuint(config_read_entry(config, item)->mode, ==, 0640);
}

/* A limit is kept before anything is read. */
static void test_limit(struct site *site, const void *data)
{
	g_autoptr(ConfigRead) config = NULL;
	g_autoptr(GBytes) content = NULL;
	GError *error = NULL;

	(void)data;
	add(site, "x/a", (const uint8_t *)"abcdef", 6);
	finish(site);
	config = open_config(site, &error);
	must(config != NULL, error);
	assert_failed(config_read_item(config, config_read_index(config)->items->pdata[0], 5,
				       &content, &error),
		      error, ODR_ERROR_REFUSED, "'x/a' has more than 5 B");
}

/* The index does not agree with what is there. */
static void test_lie(struct site *site, const void *data)
{
	g_autoptr(ConfigRead) config = NULL;
	g_autoptr(GBytes) content = NULL;
	struct collect_item *item;
	GError *error = NULL;

	(void)data;
	add(site, "x/a", (const uint8_t *)"abcdef", 6);
	item = site->index->items->pdata[0];
	item->sha256[0] ^= 1;
	finish(site);
	config = open_config(site, &error);
	must(config != NULL, error);
	assert_failed(config_read_item(config, config_read_index(config)->items->pdata[0], 100,
				       &content, &error),
		      error, ODR_ERROR_CORRUPT, "'x/a' is not what was captured");
}

static void test_more(struct site *site, const void *data)
{
	GError *error = NULL;

	(void)data;
	add(site, "x/a", (const uint8_t *)"abcdef", 6);
	g_ptr_array_set_size(site->index->items, 0);
	finish(site);
	assert_failed(open_config(site, &error), error, ODR_ERROR_CORRUPT,
		      "the configuration has files that its index does not have");
}

static void test_less(struct site *site, const void *data)
{
	GError *error = NULL;

	(void)data;
	g_ptr_array_add(site->index->items, item_new("x/b"));
	finish(site);
	assert_failed(open_config(site, &error), error, ODR_ERROR_CORRUPT,
		      "the index has 'x/b', which is not there so");
}

static void test_none(struct site *site, const void *data)
{
	GError *error = NULL;

	(void)data;
	assert_failed(open_config(site, &error), error, ODR_ERROR_NOT_FOUND,
		      "has no configuration");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add(name, struct site, NULL, site_init, test, site_clear)
	ADD("/config-read/items-of-every-size-come-back", test_round);
	ADD("/config-read/a-limit-is-kept", test_limit);
	ADD("/config-read/content-is-what-the-index-says", test_lie);
	ADD("/config-read/nothing-is-there-beside-the-index", test_more);
	ADD("/config-read/everything-of-the-index-is-there", test_less);
	ADD("/config-read/a-set-without-configuration", test_none);
	return g_test_run();
}
