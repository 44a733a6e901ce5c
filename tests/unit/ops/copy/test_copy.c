#include "ops/copy/copy.h"

#include "../../repo/service.h"

#include <string.h>
#include <unistd.h>

#define STARTED ((usec_t)1767225600 * USEC_PER_SEC)

/* A data directory as it was listed, which may have changed since. */
struct site {
	struct service service;
	GPtrArray *repos, *files, *entries, *damaged;
	GHashTable *map;
	struct control control;
	char *pgdata;
	GError *error;
};

static void site_init(struct site *site, const void *data)
{
	(void)data;
	service_set_up(&site->service);
	site->repos = g_ptr_array_new();
	g_ptr_array_add(site->repos, site->service.repo);
	site->files = g_ptr_array_new_with_free_func((GDestroyNotify)pgdata_file_free);
	site->damaged = g_ptr_array_new_with_free_func((GDestroyNotify)damage_free);
	site->entries = g_ptr_array_new_with_free_func((GDestroyNotify)layer_entry_free);
	site->map = g_hash_table_new(NULL, NULL);
	site->pgdata = g_build_filename(site->service.folder, "pgdata", NULL);
	g_mkdir_with_parents(site->pgdata, 0700);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	g_clear_error(&site->error);
	g_ptr_array_unref(site->entries);
	g_ptr_array_unref(site->damaged);
	g_ptr_array_unref(site->files);
	g_ptr_array_unref(site->repos);
	g_hash_table_unref(site->map);
	g_free(site->pgdata);
	service_tear_down(&site->service);
}

static struct pgdata_file *list(struct site *site, const char *path, char type)
{
	struct pgdata_file *file = g_new0(struct pgdata_file, 1);

	file->path = g_strdup(path);
	file->type = type;
	file->mode = 0600;
	file->uid = getuid();
	file->gid = getgid();
	file->size = type == 'f' ? 3 : 0;
	file->mtime_ns = (STARTED - USEC_PER_DAY) * 1000;
	if (type == 'l')
		file->link = g_strdup("/srv/fast");
	g_ptr_array_add(site->files, file);
	return file;
}

static void list_present(struct site *site, const char *path)
{
	g_autofree char *full = g_build_filename(site->pgdata, path, NULL);
	g_autofree char *folder = g_path_get_dirname(full);

	g_mkdir_with_parents(folder, 0700);
	g_file_set_contents(full, "15\n", 3, &site->error);
	g_assert_no_error(site->error);
	list(site, path, 'f');
}

static bool gather(void *data, struct layer_entry **entry, GError **error)
{
	(void)error;
	g_ptr_array_add(data, g_steal_pointer(entry));
	return true;
}

static bool run(struct site *site)
{
	g_autofree char *generation = generation_id_new(STARTED);
	struct pack_sink *sink = pack_sink_new(&(struct pack_sink_settings){
		.repos = site->repos,
		.recipients = site->service.recipients,
		.service_id = site->service.owner->service.id,
		.generation = generation,
		.pack_size = 1 << 20,
	});
	struct copy *copy = copy_new(&(struct copy_settings){.pgdata = site->pgdata,
							     .control = &site->control,
							     .started = STARTED,
							     .sink = sink,
							     .workers = 2,
							     .spool = site->service.folder},
				     site->files);
	bool done = copy_run(copy, &site->error) &&
		    copy_finish(copy, &(struct copy_end){.stop = 1, .tablespaces = site->map},
				&(struct copy_gather){.each = gather,
						      .data = site->entries,
						      .damaged = site->damaged},
				&site->error);

	copy_free(copy);
	pack_sink_free(sink);
	return done;
}

static bool has(const struct site *site, const char *path)
{
	for (guint i = 0; i < site->entries->len; i++)
		if (strcmp(((struct layer_entry *)site->entries->pdata[i])->path, path) == 0)
			return true;
	return false;
}

static void dropped_database(struct site *site, const void *data)
{
	(void)data;
	list_present(site, "PG_VERSION");
	list(site, "base/16384/PG_VERSION", 'f');
	run(site);
	g_assert_no_error(site->error);
	g_assert_true(has(site, "pgdata/PG_VERSION"));
	g_assert_false(has(site, "pgdata/base/16384/PG_VERSION"));
}

static void foreign_directory(struct site *site, const void *data)
{
	(void)data;
	list(site, "PG_VERSION", 'f');
	g_assert_false(run(site));
	assert_failed(site->error, ODR_ERROR_NOT_FOUND, "PG_VERSION'");
}

static void list_tablespaces(struct site *site, usec_t linked_at)
{
	list_present(site, "PG_VERSION");
	list(site, "pg_tblspc/16385", 'l');
	list_present(site, "pg_tblspc/16385/PG_15_202209061/5/1");
	list(site, "pg_tblspc/16386", 'l')->mtime_ns = linked_at * 1000;
	list_present(site, "pg_tblspc/16386/PG_15_202209061/5/1");
	list_present(site, "pg_tblspc/16387/PG_15_202209061/5/1");
	g_hash_table_insert(site->map, GUINT_TO_POINTER(16385), (void *)"/srv/fast");
}

static void new_tablespace(struct site *site, const void *data)
{
	(void)data;
	list_tablespaces(site, STARTED + USEC_PER_SEC);
	run(site);
	g_assert_no_error(site->error);
	g_assert_true(has(site, "pgdata/pg_tblspc/16385"));
	g_assert_true(has(site, "pgdata/pg_tblspc/16385/PG_15_202209061/5/1"));
	g_assert_false(has(site, "pgdata/pg_tblspc/16386"));
	g_assert_false(has(site, "pgdata/pg_tblspc/16386/PG_15_202209061/5/1"));
	/* in place: no link, and never in the map */
	g_assert_true(has(site, "pgdata/pg_tblspc/16387/PG_15_202209061/5/1"));
}

static void unmapped_tablespace(struct site *site, const void *data)
{
	(void)data;
	list_tablespaces(site, STARTED - USEC_PER_DAY);
	g_assert_false(run(site));
	assert_failed(site->error, ODR_ERROR_CORRUPT,
		      "map of tablespaces does not have 'pg_tblspc/16386', which is older");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct site *site, const void *data);
	} tests[] = {
		{"a-database-may-be-dropped-meanwhile", dropped_database},
		{"a-data-directory-has-its-version", foreign_directory},
		{"a-tablespace-created-meanwhile-is-left-to-replay", new_tablespace},
		{"an-older-tablespace-must-be-in-the-map", unmapped_tablespace},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/copy/", tests[i].name, NULL);

		g_test_add(path, struct site, NULL, site_init, tests[i].test, site_clear);
	}
	return g_test_run();
}
