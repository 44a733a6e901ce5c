#include "ops/filestore/scan.h"

#include "base/bytes.h"
#include "tree.h"

/* Scans of one tree, each knowing what those before it found. */
struct site {
	struct tree tree;
	GPtrArray *known; /* LayerFile */
	GArray *looks;
	GHashTable *damaged;
	unsigned layers;
	char *found; /* by the last scan: new names, sorted, a blank between */
	char *gone;  /* paths below the tree that are not there any more */
	uint64_t strange;
	GPtrArray *omissions;
};

static void release_file(void *file)
{
	layer_file_free(file);
}

static void site_init(struct site *site, const void *data)
{
	(void)data;
	*site = (struct site){0};
	tree_init(&site->tree);
	site->known = g_ptr_array_new_with_free_func(release_file);
	site->looks = g_array_new(false, true, sizeof(struct folder_look));
	site->damaged = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	g_ptr_array_unref(site->known);
	g_array_unref(site->looks);
	g_hash_table_unref(site->damaged);
	g_free(site->found);
	g_free(site->gone);
	g_clear_pointer(&site->omissions, g_ptr_array_unref);
	tree_clear(&site->tree);
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp((*(struct layer_entry *const *)a)->path,
		      (*(struct layer_entry *const *)b)->path);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void free_entry(void *entry)
{
	layer_entry_free(entry);
}

/* Names of the list of what is new, as filestore_news_encode wrote them, and an entry of each. */
static GPtrArray *take_news(const struct filestore_scan *scan, GPtrArray *entries)
{
	g_autoptr(GError) error = NULL;
	size_t size = spool_size(scan->news);
	g_autofree uint8_t *bytes = g_malloc(size + 1);
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	struct bytes_reader reader;

	spool_read(scan->news, 0, bytes, size, &error);
	g_assert_no_error(error);
	bytes_reader_init(&reader, bytes, size);
	while (bytes_reader_left(&reader) > 0) {
		struct layer_entry *entry = g_new0(struct layer_entry, 1);
		size_t length;

		entry->size = bytes_get_u64(&reader);
		length = bytes_get_u16(&reader);
		char *name = g_strndup((const char *)bytes_get(&reader, length), length);

		entry->kind = ENTRY_FILE;
		entry->path = g_strconcat("filestore/shop/", name, NULL);
		entry->extents = g_array_new(false, true, sizeof(struct extent));
		struct extent extent = {.kind = EXTENT_ZERO, .length = entry->size};

		g_array_append_val(entry->extents, extent);
		g_ptr_array_add(names, name);
		g_ptr_array_add(entries, entry);
	}
	g_ptr_array_sort(names, compare_names);
	return names;
}

static void take_changes(struct site *site, const struct filestore_scan *scan, GPtrArray *entries)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) gone = g_string_new(NULL);
	struct layer_entry *entry;
	uint64_t offset = 0;
	int64_t ctime_ns;

	for (;;) {
		filestore_change_read(scan, &offset, &entry, &ctime_ns, &error);
		g_assert_no_error(error);
		if (!entry)
			break;
		if (entry->kind == ENTRY_TOMBSTONE)
			g_string_append_printf(gone, "%s%s", gone->len ? " " : "",
					       entry->path + strlen("filestore/shop/"));
		g_ptr_array_add(entries, entry);
	}
	g_free(site->gone);
	site->gone = g_strdup(gone->str);
}

/* What was found becomes known, as after a capture. */
static void learn(struct site *site, GPtrArray *entries)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = g_strdup_printf("layer-%u", site->layers++);
	g_autofree char *path = g_build_filename(site->tree.folder, name, NULL);
	g_autoptr(LayerFileWriter) writer = layer_file_create(path, &error);

	g_ptr_array_sort(entries, compare_entries);
	for (guint i = 0; i < entries->len; i++)
		g_assert_true(layer_file_add(writer, entries->pdata[i], 0, NULL));
	layer_file_commit(writer, &error);
	g_assert_no_error(error);
	g_ptr_array_add(site->known, layer_file_open(path, &error));
	g_assert_no_error(error);
}

static void scan_tree(struct site *site, bool list_all)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(free_entry);
	g_autoptr(GPtrArray) names = NULL;
	struct filestore_scan_settings settings = {.tree = &site->tree.tree,
						   .known = site->known,
						   .looks = site->looks,
						   .damaged = site->damaged,
						   .list_all = list_all,
						   .accounts = site->tree.accounts,
						   .spool = site->tree.folder};
	struct filestore_scan scan;

	filestore_scan_init(&scan, &settings);
	/* As if all that was changed had had time to settle. */
	scan.started += 10 * FILESTORE_STEP;
	filestore_scan_odoo(&scan, &error);
	g_assert_no_error(error);
	names = take_news(&scan, entries);
	take_changes(site, &scan, entries);
	g_ptr_array_add(names, NULL);
	g_free(site->found);
	site->found = g_strjoinv(" ", (char **)names->pdata);
	site->strange = scan.strange;
	g_clear_pointer(&site->omissions, g_ptr_array_unref);
	site->omissions = g_steal_pointer(&scan.omissions);
	scan.omissions = g_ptr_array_new();
	g_array_set_size(site->looks, 0);
	g_array_append_vals(site->looks, scan.looks->data, scan.looks->len);
	filestore_scan_clear(&scan);
	learn(site, entries);
}

static void assert_found(const struct site *site, const char *found, const char *gone)
{
	g_assert_cmpstr(site->found, ==, found);
	g_assert_cmpstr(site->gone, ==, gone);
}

static void test_news(struct site *site, const void *data)
{
	g_autofree char *one = tree_upload(&site->tree, "one");
	g_autofree char *mark = g_strconcat("checklist/", one, NULL);
	g_autofree char *two = NULL;

	(void)data;
	tree_write(&site->tree, mark, "", 0, 0);
	tree_write(&site->tree, "fe/not-a-digest", "x", 1, 0);
	tree_write(&site->tree, "note", "x", 1, 0);
	scan_tree(site, false);
	assert_found(site, one, "");
	g_assert_cmpuint(site->strange, ==, 2);
	scan_tree(site, false);
	assert_found(site, "", "");
	two = tree_upload(&site->tree, "two");
	scan_tree(site, false);
	assert_found(site, two, "");
	scan_tree(site, true);
	assert_found(site, "", "");
}

/* A folder that looks as it did is not listed, unless all are. */
static void test_looks(struct site *site, const void *data)
{
	g_autofree char *one = tree_upload(&site->tree, "one");
	g_autofree char *path = tree_path(&site->tree, one);
	g_autofree char *folder = g_path_get_dirname(path);
	struct stat status;

	(void)data;
	scan_tree(site, false);
	g_assert_cmpint(remove(path), ==, 0);
	g_assert_cmpint(stat(folder, &status), ==, 0);
	for (guint i = 0; i < site->looks->len; i++) {
		struct folder_look *look = &g_array_index(site->looks, struct folder_look, i);

		if (look->name[0] == '\0')
			continue;
		look->mtime_ns = filestore_time(status.st_mtim);
		look->ctime_ns = filestore_time(status.st_ctim);
	}
	scan_tree(site, false);
	assert_found(site, "", "");
	scan_tree(site, true);
	assert_found(site, "", one);
}

static void test_gone(struct site *site, const void *data)
{
	g_autofree char *one = tree_upload(&site->tree, "one");
	g_autofree char *two = tree_upload(&site->tree, "two");
	g_autofree char *path = tree_path(&site->tree, one);
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *other = tree_path(&site->tree, two);
	g_autofree char *both = g_strdup_printf("%.2s %s", one, one);

	(void)data;
	scan_tree(site, false);
	g_assert_cmpint(remove(other), ==, 0);
	scan_tree(site, false);
	assert_found(site, "", two);
	/* With its folder. */
	g_assert_true(file_remove_tree(folder, NULL));
	scan_tree(site, false);
	assert_found(site, "", both);
	scan_tree(site, true);
	assert_found(site, "", "");
}

/* What cannot be looked into is said, and known as it was. */
static void test_omissions(struct site *site, const void *data)
{
	g_autofree char *one = tree_upload(&site->tree, "one");
	g_autofree char *path = tree_path(&site->tree, one);
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *aside = g_strconcat(folder, ".aside", NULL);

	(void)data;
	scan_tree(site, false);
	g_assert_cmpint(rename(folder, aside), ==, 0);
	g_assert_cmpint(symlink(aside, folder), ==, 0);
	scan_tree(site, false);
	assert_found(site, "", "");
	g_assert_cmpuint(site->omissions->len, ==, 1);
	g_assert_true(
		g_str_has_suffix(site->omissions->pdata[0], "is a link, which is not followed"));
	g_assert_cmpint(remove(folder) + rename(aside, folder), ==, 0);
	scan_tree(site, false);
	assert_found(site, "", "");
	g_assert_true(file_remove_tree(site->tree.tree.path, NULL));
	scan_tree(site, false);
	assert_found(site, "", "");
	g_assert_cmpuint(site->omissions->len, ==, 1);
	g_assert_nonnull(strstr(site->omissions->pdata[0], "cannot be opened"));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct site *site, const void *data);
	} tests[] = {
		{"finds-what-is-new", test_news},
		{"leaves-folders-alone-that-look-as-they-did", test_looks},
		{"finds-what-is-gone", test_gone},
		{"what-cannot-be-looked-into-is-said-and-stays-known", test_omissions},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/filestore-scan/", tests[i].name, NULL);

		g_test_add(path, struct site, NULL, site_init, tests[i].test, site_clear);
	}
	return g_test_run();
}
