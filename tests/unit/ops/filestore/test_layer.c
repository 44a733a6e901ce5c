#include "ops/filestore/steps.h"

#include "tree.h"

/* One capture after another of the same tree; what each is given is read and becomes its layer. */
struct site {
	struct tree tree;
	char *state; /* folder */
	struct backup backup;
	struct backup_request request;
	struct backup_filestore settings;
	FilestoreState *before;
	unsigned captures;
};

static void file_release(void *file)
{
	layer_file_free(file);
}

static void site_init(struct site *site, bool plain)
{
	g_autoptr(GError) error = NULL;

	*site = (struct site){.settings = {.plain = plain}};
	tree_init(&site->tree);
	site->state = g_dir_make_tmp("odr-layer-XXXXXX", &error);
	g_assert_no_error(error);
	site->request.repos = site->tree.fixture.repos;
	site->backup.request = &site->request;
	site->before = filestore_state_new();
}

static void site_clear(struct site *site)
{
	filestore_state_free(site->before);
	file_remove_tree(site->state, NULL);
	g_free(site->state);
	tree_clear(&site->tree);
}

static bool no_tick(void *data, uint64_t done, GError **error)
{
	(void)data, (void)done, (void)error;
	return true;
}

static void capture_open(struct site *site, struct filestore_capture *capture)
{
	g_autoptr(GError) error = NULL;

	*capture = (struct filestore_capture){
		.part.backup = &site->backup,
		.settings = &site->settings,
		.folder = site->state,
		.before = site->before,
		.after = filestore_state_new(),
		.suffix = g_strdup_printf("%u", ++site->captures),
		.known = g_ptr_array_new_with_free_func(file_release),
		.passes = g_ptr_array_new_with_free_func(g_free),
		.changes = sorter_new(site->state),
		.sink = fixture_sink(&site->tree.fixture, (size_t)8 << 20),
	};
	capture->trees.by_name = g_hash_table_new(g_str_hash, g_str_equal);
	g_hash_table_insert(capture->trees.by_name, site->tree.tree.name, &site->tree.tree);
	capture->reader = filestore_reader_new(
		&(struct filestore_reader_settings){.sink = capture->sink,
						    .workers = 1,
						    .digest_seed = FIXTURE_SEED,
						    .odoo = !site->settings.plain,
						    .keep = filestore_change,
						    .data = capture,
						    .tick = no_tick});
	for (guint i = 0; i < site->before->layers->len; i++) {
		const struct filestore_layer *layer = site->before->layers->pdata[i];
		g_autofree char *path = filestore_layer_path(site->state, layer->name);

		g_ptr_array_add(capture->known, layer_file_open(path, &error));
		g_assert_no_error(error);
	}
}

/* Layers that stay, and the new one. */
static void capture_close(struct site *site, struct filestore_capture *capture)
{
	g_ptr_array_set_size(site->before->layers, (gint)capture->kept_layers);
	g_ptr_array_add(site->before->layers, capture->layer);
	filestore_reader_free(capture->reader);
	pack_sink_free(capture->sink);
	sorter_free(capture->changes);
	g_ptr_array_unref(capture->passes);
	g_ptr_array_unref(capture->known);
	g_hash_table_unref(capture->trees.by_name);
	filestore_state_free(capture->after);
	g_free(capture->suffix);
}

static void read_file(struct site *site, struct filestore_capture *capture, const char *name)
{
	struct filestore_scan_settings settings = {
		.tree = &site->tree.tree, .known = capture->known, .spool = site->state};
	g_autofree char *prefix = filestore_path(&site->tree.tree, "");
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	struct filestore_scan scan;
	g_autoptr(GError) error = NULL;

	filestore_scan_init(&scan, &settings);
	filestore_scan_news(&scan, &(struct filestore_news){.size = 1, .name = (char *)name},
			    &error);
	filestore_reader_run(capture->reader,
			     &(struct filestore_reading){.folder = site->tree.tree.path,
							 .prefix = prefix,
							 .news = scan.news,
							 .jobs = scan.jobs,
							 .last = true,
							 .again = names,
							 .unsure = names,
							 .damaged = names},
			     &error);
	g_assert_no_error(error);
	filestore_scan_clear(&scan);
}

static void tombstone(struct filestore_capture *capture, const char *path)
{
	g_autoptr(GError) error = NULL;
	struct layer_entry *entry = g_new0(struct layer_entry, 1);

	entry->path = g_strdup(path);
	entry->kind = ENTRY_TOMBSTONE;
	filestore_change(capture, entry, 0, &error);
	g_assert_no_error(error);
	layer_entry_free(entry);
}

/* A capture that finds files with these contents, and that one of this name is gone (NULL: none is). */
static void capture_files(struct site *site, unsigned first, unsigned count, const char *gone)
{
	struct filestore_capture capture;
	g_autoptr(GError) error = NULL;

	capture_open(site, &capture);
	for (unsigned i = first; i < first + count; i++) {
		g_autofree char *content = g_strdup_printf("content %u", i);
		g_autofree char *name = tree_upload(&site->tree, content);

		read_file(site, &capture, name);
	}
	if (gone) {
		g_autofree char *path = filestore_path(&site->tree.tree, gone);

		tombstone(&capture, path);
	}
	filestore_store_layer(&capture, &error);
	g_assert_no_error(error);
	capture_close(site, &capture);
}

/* How many entries each layer has: "8 3 1". g_free. */
static char *sizes(const struct site *site)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < site->before->layers->len; i++)
		g_string_append_printf(
			text, "%s%d", i ? " " : "",
			(int)((const struct filestore_layer *)site->before->layers->pdata[i])
				->entries);
	return g_string_free(text, FALSE);
}

static guint packs_of(const struct site *site, guint layer)
{
	const struct filestore_layer *one = site->before->layers->pdata[layer];
	g_autoptr(GError) error = NULL;
	g_autoptr(Table) table = NULL;

	table_load(site->tree.fixture.repo, one->ref.table, &table, &error);
	g_assert_no_error(error);
	return table->rows->len;
}

#define assert_sizes(site, expected)    \
 do {                                   \
  g_autofree char *found = sizes(site); \
  g_assert_cmpstr(found, ==, expected); \
 } while (0)

static void test_merge(void)
{
	struct site site;

	site_init(&site, false);
	capture_files(&site, 0, 20, NULL);
	assert_sizes(&site, "20");
	/* What is much smaller is laid over it. */
	capture_files(&site, 100, 3, NULL);
	assert_sizes(&site, "20 3");
	/* What is not so much larger than the new one is merged with it. */
	capture_files(&site, 200, 2, NULL);
	assert_sizes(&site, "20 5");
	capture_files(&site, 300, 1, NULL);
	assert_sizes(&site, "20 5 1");
	/* And so on: the new one is as large as what it took. */
	capture_files(&site, 400, 3, NULL);
	assert_sizes(&site, "20 9");
	capture_files(&site, 500, 8, NULL);
	assert_sizes(&site, "37");
	g_assert_cmpuint(packs_of(&site, 0), ==, 6);
	site_clear(&site);
}

/* Over nothing, a file that is gone needs no entry; over another layer it does. */
static void test_gone(void)
{
	struct site site;
	g_autofree char *name = tree_name("content 0", strlen("content 0"));

	site_init(&site, false);
	capture_files(&site, 0, 20, NULL);
	capture_files(&site, 100, 2, name);
	assert_sizes(&site, "20 3");
	capture_files(&site, 200, 9, NULL);
	assert_sizes(&site, "30");
	site_clear(&site);
}

/* So that neither they nor the packs become too many. */
static void test_many(void)
{
	struct site site;
	guint packs = 0;

	site_init(&site, false);
	capture_files(&site, 1000, 150, NULL);
	for (unsigned i = 0; i < 70; i++) {
		capture_files(&site, 10 * i, 1, NULL);
		g_assert_cmpuint(site.before->layers->len, <=, 8);
		for (guint k = 0; k < site.before->layers->len; k++)
			packs = MAX(packs, packs_of(&site, k));
	}
	g_assert_cmpuint(packs, <, 3 * 16);
	site_clear(&site);
}

/* Of an ordinary file nobody knows whether it is still what was captured. */
static void test_plain(void)
{
	struct site site;
	guint packs = 0;

	site_init(&site, true);
	capture_files(&site, 1000, 150, NULL);
	for (unsigned i = 0; i < 70; i++)
		capture_files(&site, 10 * i, 1, NULL);
	for (guint k = 0; k < site.before->layers->len; k++)
		packs += packs_of(&site, k);
	g_assert_cmpuint(packs, >=, 70);
	site_clear(&site);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/filestore-layer/is-merged-with-what-is-not-much-larger", test_merge);
	g_test_add_func("/filestore-layer/says-what-is-gone-where-it-was", test_gone);
	g_test_add_func("/filestore-layer/many-captures-make-few-layers-and-packs", test_many);
	g_test_add_func("/filestore-layer/ordinary-files-stay-where-they-are", test_plain);
	return g_test_run();
}
