#include "ops/restore/restore.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/stop.h"
#include "ops/attributes.h"
#include "ops/restore/steps.h"
#include "pg/pgdata.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *restore_inside(const struct restore *restore, const char *relative)
{
	return g_build_filename(restore->request->pgdata, relative, NULL);
}

char *restore_path_of(const struct restore *restore, const struct layer_entry *entry)
{
	const char *folder = restore->request->config_directory;

	if (strcmp(entry->path, "pgdata/" RESTORE_CONTROL) == 0)
		return restore_inside(restore, RESTORE_CONTROL_ASIDE);
	if (!g_str_has_prefix(entry->path, "outside/"))
		return restore_inside(restore, entry->path + strlen("pgdata"));
	return folder ? g_build_filename(folder, entry->path + strlen("outside/"), NULL) : NULL;
}

void restore_progress(struct restore *restore, const char *phase, uint64_t done, uint64_t total)
{
	if (restore->request->progress)
		restore->request->progress(restore->request->progress_data,
					   &(struct restore_progress){.phase = phase,
								      .bytes_done = done,
								      .bytes_total = total});
}

/* A relation file of another database than the one that is wanted. What initdb made stays. */
static bool is_unwanted(const struct restore *restore, const struct layer_entry *entry)
{
	uint32_t wanted = restore->request->database;
	struct pgdata_relation relation;

	return wanted != 0 && entry->kind == ENTRY_FILE &&
	       g_str_has_prefix(entry->path, "pgdata/") &&
	       pgdata_relation_parse(entry->path + strlen("pgdata/"), &relation) &&
	       relation.database >= PGDATA_FIRST_USER_DATABASE && relation.database != wanted;
}

static bool take_entry(void *data, struct layer_entry **entry, GError **error)
{
	struct restore *restore = data;

	if (!stop_check(error))
		return false;
	if (is_unwanted(restore, *entry))
		return true;
	restore->files += (*entry)->kind == ENTRY_FILE;
	restore->bytes += (*entry)->kind == ENTRY_FILE ? (*entry)->size : 0;
	return entry_list_add(restore->entries, *entry, error);
}

static bool read_set(struct restore *restore, GError **error)
{
	const struct restore_request *request = restore->request;
	const Manifest *manifest = request->plan->manifest;

	restore_progress(restore, "reading the set", 0, 0);
	restore->part = manifest_part(manifest, PART_DATABASE);
	if (restore->part->layers->len != 1)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"set %s has %u layers; this version restores full sets",
				manifest->set_id, restore->part->layers->len);
	for (guint i = 0; i < restore->part->layers->len; i++) {
		const struct layer_ref *ref =
			&g_array_index(restore->part->layers, struct layer_ref, i);
		Table *table;

		if (!layer_load(&(struct layer_source){request->repo, request->identity,
						       restore->part->generation, ref},
				&table, take_entry, restore, error))
			return odr_context(error, "cannot read set %s", manifest->set_id);
		g_ptr_array_add(restore->tables, table);
	}
	return true;
}

bool restore_remove_inside(struct restore *restore, const char *relative, GError **error)
{
	g_autofree char *path = restore_inside(restore, relative);

	if (unlink(path) < 0 && errno != ENOENT)
		return odr_fail_errno(error, errno, "cannot remove '%s'", path);
	return true;
}

/* Not by way of a file aside: whatever we die of, the folder is empty or marked as ours. */
static bool write_mark(const struct restore *restore, GError **error)
{
	const struct restore_request *request = restore->request;
	g_autofree char *mark = restore_inside(restore, RESTORE_MARK);
	g_autofree char *text = g_strdup_printf("%s\n", request->plan->manifest->set_id);
	int fd = open(mark, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot create '%s'", mark);
	bool done = file_pwrite(fd, text, strlen(text), 0, error) &&
		    fault_point("file.fsync", mark, error);

	if (done && fsync(fd) != 0)
		done = odr_fail_errno(error, errno, "cannot sync '%s'", mark);
	close(fd);
	return done ? file_sync_dir(request->pgdata, error)
		    : odr_context(error, "cannot write '%s'", mark);
}

/* From here until pg_control is renamed in, no server starts in this directory. */
static bool disarm(struct restore *restore, GError **error)
{
	const struct restore_request *request = restore->request;
	g_autofree char *global = restore_inside(restore, "global");
	static const char *const stale[] = {"backup_label",    "tablespace_map",
					    "recovery.signal", "standby.signal",
					    "backup_manifest", RESTORE_CONTROL_ASIDE};

	if (!file_make_dirs(request->pgdata, 0700, error) || !write_mark(restore, error))
		return false;
	if (!restore_remove_inside(restore, RESTORE_CONTROL, error))
		return false;
	if (g_file_test(global, G_FILE_TEST_IS_DIR) && !file_sync_dir(global, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(stale); i++)
		if (!restore_remove_inside(restore, stale[i], error))
			return false;
	return fault_point("step", "disarmed", error);
}

static void content_tick(void *data, uint64_t done)
{
	struct restore *restore = data;

	restore_progress(restore, "restoring", done, restore->result->written);
}

struct writing {
	struct restore *restore;
	Materializer *files;
	const bool *kept; /* NULL: nothing is there yet */
	uint64_t number;  /* of the next entry */
};

static bool add_file(void *data, struct layer_entry **entry, GError **error)
{
	struct writing *writing = data;
	struct restore_result *result = writing->restore->result;
	uint64_t number = writing->number++;
	g_autofree char *path = NULL;

	if ((*entry)->kind == ENTRY_FILE)
		path = restore_path_of(writing->restore, *entry);
	if (!path)
		return true;
	if (writing->kept && writing->kept[number]) {
		result->kept++;
		return true;
	}
	if (writing->kept && !file_remove_tree(path, error))
		return false;
	result->written += (*entry)->size;
	return materializer_add(writing->files, *entry, path, error);
}

static bool write_content(struct restore *restore, GError **error)
{
	const struct restore_request *request = restore->request;
	g_autofree bool *kept = NULL;
	struct materialize_settings settings = {
		.repo = request->repo,
		.identity = request->identity,
		.tables = restore->tables,
		.digest_seed = digest_seed(request->identity->digest_secret, "content"),
		.workers = MAX(request->workers, 1),
		.set_owner = restore->accounts != NULL,
		.spool = restore->spool,
		.tick = content_tick,
		.tick_data = restore};
	g_autoptr(Materializer) files = materializer_new(&settings);

	if (request->delta) {
		kept = g_new0(bool, entry_list_count(restore->entries));
		if (!restore_keep_equal(restore, &settings, kept, error))
			return false;
	}
	struct writing writing = {.restore = restore, .files = files, .kept = kept};

	return entry_list_each(restore->entries, add_file, &writing, error) &&
	       materializer_run(files, error) && fault_point("step", "content written", error);
}

static bool sync_file_system(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", path);
	int failed = syncfs(fd);
	int saved = errno;

	close(fd);
	return failed == 0 || odr_fail_errno(error, saved, "cannot sync '%s'", path);
}

static bool finish_folder(struct restore *restore, const char *path,
			  const struct layer_entry *entry, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", path);
	bool done = attributes_apply(fd, path, entry, restore->accounts, error);

	close(fd);
	return done;
}

/* A set has no more of a tablespace's own folder than the link to it. The server must get into it. */
static bool finish_places(struct restore *restore, GError **error)
{
	GHashTableIter iter;
	gpointer oid, path;

	if (!restore->accounts)
		return true;
	g_hash_table_iter_init(&iter, restore->tablespaces);
	while (g_hash_table_iter_next(&iter, &oid, &path))
		if (!finish_folder(restore, path, restore->root, error))
			return false;
	return true;
}

static bool finish_block(struct restore *restore, const struct entry_block *block, GError **error)
{
	for (guint i = block->entries->len; i > 0; i--) {
		const struct layer_entry *entry = block->entries->pdata[i - 1];

		if (entry->kind != ENTRY_DIRECTORY)
			continue;
		g_autofree char *path = restore_path_of(restore, entry);

		if (path && !finish_folder(restore, path, entry, error))
			return false;
	}
	return true;
}

static bool finish_folders(struct restore *restore, GError **error)
{
	/* Deepest first, so that times of folders stay. */
	for (size_t i = entry_list_blocks(restore->entries); i > 0; i--) {
		struct entry_block block;
		bool done;

		if (!entry_list_block(restore->entries, i - 1, &block, error))
			return false;
		done = finish_block(restore, &block, error);
		entry_block_clear(&block);
		if (!done)
			return false;
	}
	return finish_places(restore, error);
}

static bool make_durable(struct restore *restore, GError **error)
{
	GHashTableIter iter;
	gpointer oid, path;

	restore_progress(restore, "syncing", 0, 0);
	if (!sync_file_system(restore->request->pgdata, error))
		return false;
	g_hash_table_iter_init(&iter, restore->tablespaces);
	while (g_hash_table_iter_next(&iter, &oid, &path))
		if (!sync_file_system(path, error))
			return false;
	if (restore->request->config_directory &&
	    g_file_test(restore->request->config_directory, G_FILE_TEST_IS_DIR) &&
	    !sync_file_system(restore->request->config_directory, error))
		return false;
	return fault_point("step", "durable", error);
}

static bool arm(struct restore *restore, GError **error)
{
	g_autofree char *aside = restore_inside(restore, RESTORE_CONTROL_ASIDE);
	g_autofree char *control = restore_inside(restore, RESTORE_CONTROL);
	g_autofree char *global = restore_inside(restore, "global");

	if (!stop_check(error) || !fault_point("file.rename", control, error))
		return false;
	if (rename(aside, control) < 0)
		return odr_fail_errno(error, errno, "cannot put '%s' in place", control);
	return file_sync_dir(global, error) &&
	       restore_remove_inside(restore, RESTORE_MARK, error) &&
	       file_sync_dir(restore->request->pgdata, error);
}

static bool restore_steps(struct restore *restore, GError **error)
{
	const struct restore_request *request = restore->request;

	if (!restore_guard(request, error) ||
	    !restore_tablespaces(request, &restore->tablespaces, error) ||
	    !read_set(restore, error) ||
	    (request->database && !restore_guard_space(request, restore->bytes, error)) ||
	    !disarm(restore, error) || !restore_lay_out(restore, error) ||
	    !write_content(restore, error) || !restore_write_label(restore, error))
		return false;
	if (request->verify_with && !restore_verify(restore, error))
		return false;
	if (!restore_write_recovery(restore, error) || !finish_folders(restore, error) ||
	    (!request->throw_away && !make_durable(restore, error)))
		return false;

	/* No server could start here so far; this makes it a data directory. */
	return arm(restore, error);
}

/* A new host may not have the folder of the configuration, or not for us: the one that is restored into
 * has room. */
static const char *spool_of(const struct restore_request *request)
{
	return request->spool && access(request->spool, W_OK | X_OK) == 0 ? request->spool
									  : request->pgdata;
}

bool restore_run(const struct restore_request *request, struct restore_result *result,
		 GError **error)
{
	struct restore restore = {
		.request = request,
		.result = result,
		.spool = spool_of(request),
		.tables = g_ptr_array_new_with_free_func((GDestroyNotify)table_free),
		.entries = entry_list_new(spool_of(request)),
		.accounts = geteuid() == 0 ? accounts_new() : NULL};

	*result = (struct restore_result){.notes = g_ptr_array_new_with_free_func(g_free)};
	bool done = restore_steps(&restore, error);

	if (restore.part) {
		result->files = request->database ? restore.files : restore.part->files;
		result->bytes = request->database ? restore.bytes : restore.part->bytes;
	}
	g_ptr_array_unref(restore.tables);
	entry_list_free(restore.entries);
	accounts_free(restore.accounts);
	layer_entry_free(restore.root);
	g_clear_pointer(&restore.tablespaces, g_hash_table_unref);
	return done;
}

void restore_result_clear(struct restore_result *result)
{
	g_clear_pointer(&result->notes, g_ptr_array_unref);
}
