#ifndef ODR_TEST_OPS_RESTORE_COPIED_H
#define ODR_TEST_OPS_RESTORE_COPIED_H

#include "../../repo/fixture.h"
#include "ops/copy/copy.h"
#include "ops/restore/materialize.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is copied into packs and a layer, and written out again, is what was there. */

/* What is copied into packs and a layer, and written out again, is what was there. */
#define PAGE	8192
#define KIB	((size_t)1024)
#define MIB	(KIB * KIB)
#define STARTED ((usec_t)1767225600 * USEC_PER_SEC)
#define MTIME	((STARTED - USEC_PER_DAY) * 1000 + 123456789)

struct site {
	struct fixture fixture;
	char *source, *target;
	struct control control;
	GPtrArray *listed;  /* struct pgdata_file */
	GPtrArray *entries; /* as read back from the layer */
	GPtrArray *damaged;
	GPtrArray *tables;
	struct layer_ref ref;
	unsigned workers;
	size_t pack_size;
};

static inline void must(GError *error)
{
	g_assert_no_error(error);
}

static inline void site_init(struct site *site, const void *data)
{
	GError *error = NULL;

	(void)data;
	fixture_init(&site->fixture);
	site->source = g_dir_make_tmp("odr-source-XXXXXX", &error);
	must(error);
	site->target = g_dir_make_tmp("odr-target-XXXXXX", &error);
	must(error);
	site->listed = g_ptr_array_new_with_free_func((GDestroyNotify)pgdata_file_free);
	site->entries = g_ptr_array_new_with_free_func((GDestroyNotify)layer_entry_free);
	site->damaged = g_ptr_array_new_with_free_func((GDestroyNotify)damage_free);
	site->tables = g_ptr_array_new_with_free_func((GDestroyNotify)table_free);
	site->workers = 2;
	site->pack_size = 4 * MIB;
}

static inline void site_clear(struct site *site, const void *data)
{
	(void)data;
	file_remove_tree(site->source, NULL);
	file_remove_tree(site->target, NULL);
	g_free(site->source);
	g_free(site->target);
	g_ptr_array_unref(site->listed);
	g_ptr_array_unref(site->entries);
	g_ptr_array_unref(site->damaged);
	g_ptr_array_unref(site->tables);
	fixture_clear(&site->fixture);
}

/* Bytes that do not compress and differ by file. */
static inline void fill(uint8_t *bytes, size_t size, uint64_t seed)
{
	for (size_t i = 0; i < size; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		bytes[i] = (uint8_t)(seed >> 56);
	}
}

static inline void write_source(struct site *site, const char *path, const void *bytes, size_t size)
{
	g_autofree char *full = g_build_filename(site->source, path, NULL);
	g_autofree char *folder = g_path_get_dirname(full);
	GError *error = NULL;

	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	g_file_set_contents(full, bytes, (gssize)size, &error);
	must(error);
}

static inline struct pgdata_file *list(struct site *site, const char *path, size_t size)
{
	struct pgdata_file *file = g_new0(struct pgdata_file, 1);
	struct pgdata_relation relation;

	file->path = g_strdup(path);
	file->type = 'f';
	file->mode = 0640;
	file->uid = getuid();
	file->gid = getgid();
	file->size = size;
	file->mtime_ns = MTIME;
	file->paged = pgdata_relation_parse(path, &relation);
	g_ptr_array_add(site->listed, file);
	return file;
}

static inline void add(struct site *site, const char *path, const void *bytes, size_t size)
{
	write_source(site, path, bytes, size);
	list(site, path, size);
}

static inline void add_noise(struct site *site, const char *path, size_t size)
{
	g_autofree uint8_t *bytes = g_malloc(size + 1);

	fill(bytes, size, g_str_hash(path));
	add(site, path, bytes, size);
}

static inline int compare_listed(const void *a, const void *b)
{
	const struct pgdata_file *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

static inline bool keep_entry(void *data, struct layer_entry **entry, GError **error)
{
	(void)error;
	g_ptr_array_add(data, g_steal_pointer(entry));
	return true;
}

static inline void store_layer(struct site *site, struct pack_sink *sink, const GPtrArray *entries)
{
	g_autoptr(PackWriter) packs = pack_writer_new(sink);
	g_autoptr(LayerWriter) writer = layer_writer_new(packs);
	GError *error = NULL;

	for (guint i = 0; i < entries->len; i++) {
		layer_writer_add(writer, entries->pdata[i], &error);
		must(error);
	}
	layer_writer_finish(writer, &site->ref, &error);
	must(error);
	pack_writer_finish(packs, &error);
	must(error);
}

/* Copies what is listed, and reads the entries back. */
static inline void capture(struct site *site, lsn_t start, lsn_t stop)
{
	struct pack_sink *sink = fixture_sink(&site->fixture, site->pack_size);
	g_autoptr(GHashTable) tablespaces = g_hash_table_new(NULL, NULL);
	g_autoptr(GPtrArray) entries =
		g_ptr_array_new_with_free_func((GDestroyNotify)layer_entry_free);
	const Table *made;
	Table *table;
	GError *error = NULL;

	g_ptr_array_sort(site->listed, compare_listed);

	struct copy *copy = copy_new(&(struct copy_settings){.pgdata = site->source,
							     .control = &site->control,
							     .backup_start = start,
							     .started = STARTED,
							     .sink = sink,
							     .workers = site->workers,
							     .digest_seed = FIXTURE_SEED,
							     .spool = site->target},
				     site->listed);

	copy_run(copy, &error);
	must(error);
	copy_finish(copy, &(struct copy_end){.stop = stop, .tablespaces = tablespaces},
		    &(struct copy_gather){
			    .each = keep_entry, .data = entries, .damaged = site->damaged},
		    &error);
	must(error);
	store_layer(site, sink, entries);
	pack_sink_table(sink, &made, &error);
	must(error);
	table_store(site->fixture.repos, made, 0, site->ref.table, &error);
	must(error);
	table_load(site->fixture.repo, site->ref.table, &table, &error);
	must(error);
	g_ptr_array_add(site->tables, table);
	layer_read(site->fixture.repo, site->fixture.identity, &site->ref, table, keep_entry,
		   site->entries, &error);
	must(error);
	copy_free(copy);
	pack_sink_free(sink);
}

static inline struct materialize_settings settings_of(struct site *site)
{
	return (struct materialize_settings){.repo = site->fixture.repo,
					     .identity = site->fixture.identity,
					     .tables = site->tables,
					     .digest_seed = FIXTURE_SEED,
					     .workers = site->workers,
					     .spool = site->target};
}

static inline char *target_of(const struct site *site, const struct layer_entry *entry)
{
	return g_build_filename(site->target, entry->path + strlen("pgdata/"), NULL);
}

static inline char *path_of(const void *site, const struct layer_entry *entry)
{
	return target_of(site, entry);
}

static inline bool try_restore(struct site *site, GError **error)
{
	struct materialize_settings settings = settings_of(site);
	g_autoptr(Materializer) files = materializer_new(&settings);

	for (guint i = 0; i < site->entries->len; i++) {
		g_autofree char *path = target_of(site, site->entries->pdata[i]);
		g_autofree char *folder = g_path_get_dirname(path);

		g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
		if (!materializer_add(files, site->entries->pdata[i], path, error))
			return false;
	}
	return materializer_run(files, error);
}

static inline void restore(struct site *site)
{
	GError *error = NULL;

	try_restore(site, &error);
	must(error);
}

static inline const struct layer_entry *entry_of(const struct site *site, const char *path)
{
	for (guint i = 0; i < site->entries->len; i++) {
		const struct layer_entry *entry = site->entries->pdata[i];

		if (strcmp(entry->path + strlen("pgdata/"), path) == 0)
			return entry;
	}
	return NULL;
}

static inline void assert_same_file(const struct site *site, const char *path)
{
	g_autofree char *from = g_build_filename(site->source, path, NULL);
	g_autofree char *to = g_build_filename(site->target, path, NULL);
	g_autofree char *expected = NULL;
	g_autofree char *found = NULL;
	gsize expected_size, found_size;
	GError *error = NULL;
	struct stat status;

	g_file_get_contents(from, &expected, &expected_size, &error);
	must(error);
	g_file_get_contents(to, &found, &found_size, &error);
	must(error);
	g_assert_cmpuint(found_size, ==, expected_size);
	g_assert_true(memcmp(expected, found, expected_size) == 0);
	g_assert_cmpint(stat(to, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 07777, ==, 0640);
	g_assert_cmpint((int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec, ==,
			MTIME);
}

static inline void assert_all_same(const struct site *site)
{
	g_assert_cmpuint(site->entries->len, ==, site->listed->len);
	g_assert_cmpuint(site->damaged->len, ==, 0);
	for (guint i = 0; i < site->listed->len; i++)
		assert_same_file(site, ((struct pgdata_file *)site->listed->pdata[i])->path);
}

#endif
