#include "ops/restore/restore.h"

#include "../../repo/service.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEED(site) digest_seed((site)->service.identity->digest_secret, "content")

/* A set in a repository, of entries that a test gives, and a place to restore it to. */
struct site {
	struct service service;
	GPtrArray *repos, *entries; /* struct layer_entry */
	struct pack_sink *sink;
	PackWriter *packs;
	Manifest *manifest;
	char *pgdata, *config;
	GError *error;
};

static struct layer_entry *add(struct site *site, const char *path, enum entry_kind kind,
			       uint32_t mode)
{
	struct layer_entry *entry = g_new0(struct layer_entry, 1);

	entry->path = g_strdup(path);
	entry->kind = kind;
	entry->mode = mode;
	entry->uid = getuid();
	entry->gid = getgid();
	entry->owner = g_strdup("");
	entry->group = g_strdup("");
	g_ptr_array_add(site->entries, entry);
	return entry;
}

static struct layer_entry *add_file(struct site *site, const char *path, const char *text)
{
	struct layer_entry *entry = add(site, path, ENTRY_FILE, 0600);
	struct extent extent = {.kind = EXTENT_DATA, .length = strlen(text)};
	uint8_t digest[XXH128_SIZE];

	pack_writer_add(site->packs, text, strlen(text), &extent.place, NULL, &site->error);
	g_assert_no_error(site->error);
	entry->size = strlen(text);
	entry->extents = g_array_new(false, true, sizeof(struct extent));
	g_array_append_val(entry->extents, extent);
	xxh128(SEED(site), text, strlen(text), digest);
	content_digest_join(SEED(site), digest, 1, entry->digest);
	return entry;
}

static void add_link(struct site *site, const char *path, const char *to)
{
	add(site, path, ENTRY_SYMLINK, 0777)->link = g_strdup(to);
}

static void add_cluster(struct site *site)
{
	add(site, "pgdata", ENTRY_DIRECTORY, 0700);
	add(site, "pgdata/global", ENTRY_DIRECTORY, 0700);
	add_file(site, "pgdata/PG_VERSION", "15\n");
	add_file(site, "pgdata/global/pg_control", "control");
	add(site, "pgdata/pg_tblspc", ENTRY_DIRECTORY, 0700);
}

static void site_init(struct site *site, const void *data)
{
	struct set_part *part = g_new0(struct set_part, 1);

	(void)data;
	service_set_up(&site->service);
	site->repos = g_ptr_array_new();
	g_ptr_array_add(site->repos, site->service.repo);
	site->entries = g_ptr_array_new_with_free_func((GDestroyNotify)layer_entry_free);
	site->pgdata = g_build_filename(site->service.folder, "pgdata", NULL);
	site->config = g_build_filename(site->service.folder, "config", NULL);
	site->manifest = manifest_new();
	site->manifest->set_id = set_id_new(clock_now());
	site->manifest->backup_label = g_strdup("START WAL LOCATION: 0/2000028\n");
	part->part = g_strdup(PART_DATABASE);
	part->kind = g_strdup("full");
	part->generation = generation_id_new(clock_now());
	part->layers = g_array_new(false, true, sizeof(struct layer_ref));
	g_ptr_array_add(site->manifest->parts, part);
	site->sink = pack_sink_new(&(struct pack_sink_settings){
		.repos = site->repos,
		.recipients = site->service.recipients,
		.service_id = site->service.owner->service.id,
		.generation = part->generation,
		.pack_size = 1 << 20,
		.digest_seed = SEED(site),
	});
	site->packs = pack_writer_new(site->sink);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	g_clear_error(&site->error);
	pack_writer_free(site->packs);
	pack_sink_free(site->sink);
	manifest_free(site->manifest);
	g_ptr_array_unref(site->entries);
	g_ptr_array_unref(site->repos);
	g_free(site->pgdata);
	g_free(site->config);
	service_tear_down(&site->service);
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp((*(struct layer_entry *const *)a)->path,
		      (*(struct layer_entry *const *)b)->path);
}

static void store_set(struct site *site)
{
	struct set_part *part = site->manifest->parts->pdata[0];
	g_autoptr(LayerWriter) writer = layer_writer_new(site->packs);
	struct layer_ref ref = {0};
	const Table *table;

	g_ptr_array_sort(site->entries, compare_entries);
	for (guint i = 0; i < site->entries->len; i++)
		g_assert_true(layer_writer_add(writer, site->entries->pdata[i], &site->error));
	g_assert_true(layer_writer_finish(writer, &ref, &site->error) &&
		      pack_writer_finish(site->packs, &site->error) &&
		      pack_sink_table(site->sink, &table, &site->error) &&
		      table_store(site->repos, table, 0, ref.table, &site->error));
	g_array_append_val(part->layers, ref);
}

static bool restore_as(struct site *site, enum recovery_type type, const char *config,
		       const char *restore_command)
{
	struct restore_plan plan = {.manifest = site->manifest, .timeline = 3};
	struct restore_target target = {.type = type};
	struct restore_result result;

	if (((struct set_part *)site->manifest->parts->pdata[0])->layers->len == 0)
		store_set(site);
	bool done = restore_run(&(struct restore_request){.repo = site->service.repo,
							  .identity = site->service.identity,
							  .plan = &plan,
							  .target = &target,
							  .pgdata = site->pgdata,
							  .config_directory = config,
							  .restore_command = restore_command},
				&result, &site->error);

	restore_result_clear(&result);
	return done;
}

static bool restore(struct site *site, const char *config, const char *restore_command)
{
	return restore_as(site, RECOVERY_DEFAULT, config, restore_command);
}

static void assert_refused(struct site *site, enum odr_error code, const char *text)
{
	g_autofree char *control = g_build_filename(site->pgdata, "global/pg_control", NULL);

	g_assert_false(restore(site, site->config, NULL));
	assert_failed(site->error, code, text);
	g_clear_error(&site->error);
	g_assert_false(g_file_test(control, G_FILE_TEST_EXISTS));
}

static mode_t mode_of(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	struct stat status;

	if (lstat(path, &status) != 0)
		g_error("'%s' is not there", path);
	return status.st_mode & 07777;
}

static void folder_outside(struct site *site, const void *data)
{
	(void)data;
	add_cluster(site);
	add(site, "outside/etc/postgresql/conf.d", ENTRY_DIRECTORY, 0755);
	restore(site, NULL, NULL);
	g_assert_no_error(site->error);
}

static void folder_outside_with_config(struct site *site, const void *data)
{
	(void)data;
	add_cluster(site);
	add(site, "outside/etc/postgresql/conf.d", ENTRY_DIRECTORY, 0750);
	add_file(site, "outside/etc/postgresql/conf.d/site.conf", "port = 1\n");
	restore(site, site->config, NULL);
	g_assert_no_error(site->error);
	g_assert_cmpint(mode_of(site->config, "etc/postgresql/conf.d"), ==, 0750);
}

/* Files outside sort before the data directory. */
static void own_files(struct site *site, const void *data)
{
	(void)data;
	add_cluster(site);
	add_file(site, "outside/etc/postgresql.conf", "port = 5433\n")->mode = 0444;
	restore(site, NULL, "get %f %p");
	g_assert_no_error(site->error);
	g_assert_cmpint(mode_of(site->pgdata, "postgresql.auto.conf"), ==, 0600);
	g_assert_cmpint(mode_of(site->pgdata, "recovery.signal"), ==, 0600);
}

static void dropped_tablespace(struct site *site, const void *data)
{
	g_autofree char *place = g_build_filename(site->service.folder, "fast", NULL);

	(void)data;
	add_cluster(site);
	site->manifest->tablespace_map = g_strdup_printf("16385 %s\n", place);
	restore(site, NULL, NULL);
	g_assert_no_error(site->error);
	g_assert_true(g_file_test(place, G_FILE_TEST_IS_DIR));
}

static void through_a_link(struct site *site, const void *data)
{
	g_autofree char *elsewhere = g_build_filename(site->service.folder, "elsewhere", NULL);
	g_autofree char *evil = g_build_filename(elsewhere, "evil", NULL);

	(void)data;
	g_assert_cmpint(mkdir(elsewhere, 0700), ==, 0);
	add_cluster(site);
	add_link(site, "pgdata/log", elsewhere);
	add_file(site, "pgdata/log/evil", "evil");
	assert_refused(site, ODR_ERROR_CORRUPT, "'pgdata/log/evil' lies in no folder of the set");
	g_assert_false(g_file_test(evil, G_FILE_TEST_EXISTS));
}

static void beside_a_tablespace(struct site *site, const void *data)
{
	g_autofree char *place = g_build_filename(site->service.folder, "fast", NULL);
	g_autofree char *evil = g_build_filename(place, "authorized_keys", NULL);

	(void)data;
	add_cluster(site);
	add_link(site, "pgdata/pg_tblspc/16385", place);
	add_file(site, "pgdata/pg_tblspc/16385/authorized_keys", "evil");
	site->manifest->tablespace_map = g_strdup_printf("16385 %s\n", place);
	assert_refused(site, ODR_ERROR_CORRUPT, "authorized_keys' lies in no folder of the set");
	g_assert_false(g_file_test(evil, G_FILE_TEST_EXISTS));
}

static void tablespace(struct site *site, const void *data)
{
	g_autofree char *place = g_build_filename(site->service.folder, "fast", NULL);

	(void)data;
	add_cluster(site);
	add_link(site, "pgdata/pg_tblspc/16385", place);
	add(site, "pgdata/pg_tblspc/16385/PG_15_202209061", ENTRY_DIRECTORY, 0700);
	add_file(site, "pgdata/pg_tblspc/16385/PG_15_202209061/1", "content");
	site->manifest->tablespace_map = g_strdup_printf("16385 %s\n", place);
	restore(site, NULL, NULL);
	g_assert_no_error(site->error);
	g_assert_cmpint(mode_of(place, "PG_15_202209061/1"), ==, 0600);
}

static void tablespace_of_root(struct site *site, const void *data)
{
	g_autofree char *place = g_build_filename(site->service.folder, "fast", NULL);
	struct stat status;

	(void)data;
	if (geteuid() != 0) {
		g_test_skip("only root gives files away");
		return;
	}
	add_cluster(site);
	((struct layer_entry *)site->entries->pdata[0])->uid = 12345;
	site->manifest->tablespace_map = g_strdup_printf("16385 %s\n", place);
	restore(site, NULL, NULL);
	g_assert_no_error(site->error);
	g_assert_cmpint(stat(place, &status), ==, 0);
	g_assert_cmpint(status.st_uid, ==, 12345);
}

static void linked_settings(struct site *site, const void *data)
{
	g_autofree char *secret = g_build_filename(site->service.folder, "secret", NULL);
	g_autofree char *path = g_build_filename(site->pgdata, "postgresql.auto.conf", NULL);
	g_autofree char *text = NULL;

	(void)data;
	g_file_set_contents(secret, "secret = 1\n", -1, &site->error);
	add_cluster(site);
	add_link(site, "pgdata/postgresql.auto.conf", secret);
	restore(site, NULL, "get %f %p");
	g_assert_no_error(site->error);
	g_assert_false(g_file_test(path, G_FILE_TEST_IS_SYMLINK));
	g_file_get_contents(path, &text, NULL, &site->error);
	g_assert_null(strstr(text, "secret"));
}

static void followed_timeline(struct site *site, const void *data)
{
	g_autofree char *path = g_build_filename(site->pgdata, "postgresql.auto.conf", NULL);
	g_autofree char *text = NULL, *standby = NULL;

	(void)data;
	add_cluster(site);
	restore(site, NULL, "get %f %p");
	g_assert_no_error(site->error);
	g_file_get_contents(path, &text, NULL, &site->error);
	g_assert_nonnull(strstr(text, "recovery_target_timeline = '3'"));
	file_remove_tree(site->pgdata, &site->error);
	restore_as(site, RECOVERY_STANDBY, NULL, "get %f %p");
	g_assert_no_error(site->error);
	g_file_get_contents(path, &standby, NULL, &site->error);
	g_assert_nonnull(strstr(standby, "recovery_target_timeline = 'latest'"));
}

static void set_user_id(struct site *site, const void *data)
{
	(void)data;
	add_cluster(site);
	add_file(site, "pgdata/shell", "#!")->mode = 06755;
	restore(site, NULL, NULL);
	g_assert_no_error(site->error);
	g_assert_cmpint(mode_of(site->pgdata, "shell"), ==, 0755);
}

static void folder_in_the_way(struct site *site, const void *data)
{
	g_autofree char *inner = g_build_filename(site->config, "home/user", NULL);

	(void)data;
	g_assert_cmpint(g_mkdir_with_parents(inner, 0700), ==, 0);
	add_cluster(site);
	add_file(site, "outside/home", "evil");
	assert_refused(site, ODR_ERROR_REFUSED, "is a folder, where the set has a file");
	g_assert_true(g_file_test(inner, G_FILE_TEST_IS_DIR));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct site *site, const void *data);
	} tests[] = {
		{"a-folder-outside-is-not-looked-for-inside", folder_outside},
		{"a-folder-outside-comes-back-with-its-mode", folder_outside_with_config},
		{"its-own-files-are-like-the-data-directory", own_files},
		{"a-tablespace-dropped-during-the-backup-has-its-folder", dropped_tablespace},
		{"a-tablespace-goes-where-the-map-says", tablespace},
		{"a-tablespace's-folder-belongs-to-who-has-the-data", tablespace_of_root},
		{"recovery-keeps-to-a-timeline-and-a-standby-goes-along", followed_timeline},
		{"nothing-is-read-through-a-link-of-the-set", linked_settings},
		{"nothing-is-written-through-a-link-of-the-set", through_a_link},
		{"nothing-is-written-beside-a-tablespace's-own-folder", beside_a_tablespace},
		{"no-file-runs-as-another-user", set_user_id},
		{"no-folder-is-removed-for-a-configuration-file", folder_in_the_way},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/restore/", tests[i].name, NULL);

		g_test_add(path, struct site, NULL, site_init, tests[i].test, site_clear);
	}
	return g_test_run();
}
