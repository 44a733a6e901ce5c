#include "ops/filestore/read.h"

#include "tree.h"

/* A reading of the tree's files; kept ones by name: their entries. */
struct site {
	struct tree tree;
	FilestoreReader *reader;
	GHashTable *kept; /* path → struct layer_entry */
	GPtrArray *order;
	struct filestore_reading reading;
};

static void free_entry(void *entry)
{
	layer_entry_free(entry);
}

/* Entries are parsed from their own encoding, as layers have them. */
static bool keep(void *data, const struct layer_entry *entry, int64_t ctime_ns, GError **error)
{
	struct site *site = data;
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autoptr(GPtrArray) entries = NULL;
	struct layer_entry *copy;

	(void)ctime_ns;
	layer_entry_encode(entry, bytes);
	if (!layer_entries_parse(bytes->data, bytes->len, TABLE_ROWS_MAX, &entries, error))
		return false;
	copy = g_ptr_array_steal_index(entries, 0);
	g_hash_table_replace(site->kept, copy->path, copy); /* the path is the entry's own */
	return true;
}

static void site_init(struct site *site, const void *data)
{
	bool plain = data != NULL;

	tree_init(&site->tree);
	site->kept = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_entry);
	site->reader = filestore_reader_new(
		&(struct filestore_reader_settings){.sink = site->tree.sink,
						    .workers = 1,
						    .digest_seed = FIXTURE_SEED,
						    .odoo = !plain,
						    .keep = keep,
						    .data = site});
}

static void reading_clear(struct site *site)
{
	g_clear_pointer(&site->reading.again, g_ptr_array_unref);
	g_clear_pointer(&site->reading.unsure, g_ptr_array_unref);
	g_clear_pointer(&site->reading.damaged, g_ptr_array_unref);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	reading_clear(site);
	filestore_reader_free(site->reader);
	g_hash_table_unref(site->kept);
	tree_clear(&site->tree);
}

static void read_files(struct site *site, const char *const *names, bool last)
{
	g_autoptr(GError) error = NULL;
	struct filestore_scan_settings settings = {.tree = &site->tree.tree,
						   .spool = site->tree.folder};
	g_autoptr(GPtrArray) known = g_ptr_array_new();
	struct filestore_scan list;

	settings.known = known;
	filestore_scan_init(&list, &settings);
	for (const char *const *name = names; *name; name++)
		filestore_scan_news(&list, &(struct filestore_news){.name = (char *)*name}, &error);
	g_assert_no_error(error);
	reading_clear(site);
	site->reading = (struct filestore_reading){
		.folder = site->tree.tree.path,
		.prefix = "filestore/shop/",
		.news = list.news,
		.jobs = list.jobs,
		.last = last,
		.again = g_ptr_array_new_with_free_func(g_free),
		.unsure = g_ptr_array_new_with_free_func(g_free),
		.damaged = g_ptr_array_new_with_free_func((GDestroyNotify)damage_free),
	};
	filestore_reader_run(site->reader, &site->reading, &error);
	g_assert_no_error(error);
	filestore_scan_clear(&list);
}

static void read_one(struct site *site, const char *name, bool last)
{
	const char *names[] = {name, NULL};

	read_files(site, names, last);
}

static const struct layer_entry *kept(struct site *site, const char *name)
{
	g_autofree char *path = g_strconcat("filestore/shop/", name, NULL);

	return g_hash_table_lookup(site->kept, path);
}

/* "again unsure damaged vanished kept" */
static void assert_told(const struct site *site, const char *expected)
{
	const struct filestore_reading *reading = &site->reading;
	g_autofree char *told = g_strdup_printf(
		"%u %u %u %u %u", reading->again->len, reading->unsure->len, reading->damaged->len,
		(unsigned)reading->vanished, (unsigned)reading->files);

	g_assert_cmpstr(told, ==, expected);
}

static void test_kept(struct site *site, const void *data)
{
	g_autofree char *large = g_malloc(3 << 20);
	g_autofree char *small_name = tree_upload(&site->tree, "small");
	g_autofree char *large_name = NULL;
	const char *names[] = {small_name, NULL, NULL};
	const struct layer_entry *entry;

	(void)data;
	random_bytes(large, 3 << 20);
	large_name = tree_name(large, 3 << 20);
	tree_write(&site->tree, large_name, large, 3 << 20, 0);
	names[1] = large_name;
	read_files(site, names, false);
	assert_told(site, "0 0 0 0 2");
	g_assert_cmpuint(site->reading.bytes, ==, 5 + (3 << 20));
	entry = kept(site, small_name);
	g_assert_cmpuint(entry->size, ==, 5);
	g_assert_cmpuint(entry->mode, ==, 0644);
	g_assert_true(entry->flags & ENTRY_SHA1);
	g_assert_false(entry->flags & ENTRY_DAMAGED);
	entry = kept(site, large_name);
	g_assert_cmpuint(entry->extents->len, ==, 3);
}

/* Somebody is writing it, or it was never written to its end. */
static void test_torn(struct site *site, const void *data)
{
	g_autofree char *name = tree_name("whole", 5);
	const struct damage *damage;

	(void)data;
	tree_write(&site->tree, name, "who", 3, 0);
	read_one(site, name, false);
	assert_told(site, "1 0 0 0 0");
	g_assert_cmpstr(site->reading.again->pdata[0], ==, name);
	/* Written just now: left out, and looked at again next time. */
	read_one(site, name, true);
	assert_told(site, "0 1 0 0 0");
	g_assert_null(kept(site, name));
	/* Long ago: damage, which is kept as it is. */
	tree_write(&site->tree, name, "who", 3, 3600);
	read_one(site, name, true);
	assert_told(site, "0 1 1 0 1");
	damage = site->reading.damaged->pdata[0];
	g_assert_true(g_str_has_suffix(damage->path, name));
	g_assert_true(g_str_has_prefix(damage->what, "its content has the SHA-1 "));
	g_assert_true(kept(site, name)->flags & ENTRY_DAMAGED);
	tree_write(&site->tree, name, "", 0, 3600);
	read_one(site, name, true);
	g_assert_cmpstr(((struct damage *)site->reading.damaged->pdata[0])->what, ==,
			"it is empty");
	/* It was written to its end after all. */
	tree_write(&site->tree, name, "whole", 5, 0);
	read_one(site, name, false);
	assert_told(site, "0 0 0 0 1");
	g_assert_false(kept(site, name)->flags & ENTRY_DAMAGED);
}

static void test_gone(struct site *site, const void *data)
{
	g_autofree char *name = tree_name("gone", 4);
	g_autofree char *other = tree_name("a folder", 8);
	g_autofree char *link = tree_name("a link", 6);
	g_autofree char *folder = tree_path(&site->tree, other);
	g_autofree char *place = tree_path(&site->tree, link);
	g_autofree char *in = g_path_get_dirname(place);

	(void)data;
	read_one(site, name, false);
	assert_told(site, "0 0 0 1 0");
	/* Since it was listed, something else took its place: links are not followed. */
	g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
	read_one(site, other, false);
	assert_told(site, "0 1 0 0 0");
	g_assert_cmpint(g_mkdir_with_parents(in, 0755), ==, 0);
	g_assert_cmpint(symlink("/etc/passwd", place), ==, 0);
	read_one(site, link, false);
	assert_told(site, "0 1 1 0 0");
	g_assert_null(kept(site, link));
}

/* Of ordinary files nothing tells whether they are whole but that they stay the same. */
static void test_plain(struct site *site, const void *data)
{
	g_autofree char *path = tree_path(&site->tree, "letter");

	(void)data;
	tree_write(&site->tree, "letter", "dear", 4, 0);
	read_one(site, "letter", false);
	assert_told(site, "1 0 0 0 0");
	read_one(site, "letter", true);
	assert_told(site, "0 1 0 0 1");
	g_assert_cmpuint(kept(site, "letter")->size, ==, 4);
	g_assert_false(kept(site, "letter")->flags & ENTRY_SHA1);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct site *site, const void *data);
		const char *plain;
	} tests[] = {
		{"what-names-its-content-is-kept", test_kept, NULL},
		{"torn-files-are-read-again-then-left-out-then-damage", test_torn, NULL},
		{"what-is-gone-or-something-else-is-not-kept", test_gone, NULL},
		{"an-ordinary-file-that-was-just-written-is-unsure", test_plain, "plain"},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/filestore-read/", tests[i].name, NULL);

		g_test_add(path, struct site, tests[i].plain, site_init, tests[i].test, site_clear);
	}
	return g_test_run();
}
