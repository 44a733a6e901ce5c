#include "ops/restore.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/process.h"
#include "base/stop.h"
#include "ops/materialize.h"
#include "pg/control.h"
#include "pg/label.h"
#include "pg/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MARK	      ".odrbackup-restore" /* in PGDATA while a restore is under way */
#define CONTROL	      "global/pg_control"
#define CONTROL_ASIDE "global/pg_control.odrbackup"
#define TABLESPACES   "pg_tblspc/"

struct restore {
	const struct restore_request *request;
	struct restore_result *result;
	const struct set_part *part;
	GPtrArray *tables;	 /* Table, one per layer */
	GPtrArray *entries;	 /* struct layer_entry, all of the set, sorted */
	GPtrArray *files;	 /* struct materialize_file: to write */
	GHashTable *tablespaces; /* OID → path, as they will be; owned strings */
	const struct layer_entry *control;
};

static char *inside(const struct restore *restore, const char *relative)
{
	return g_build_filename(restore->request->pgdata, relative, NULL);
}

static void progress(struct restore *restore, const char *phase, uint64_t done, uint64_t total)
{
	if (restore->request->progress)
		restore->request->progress(restore->request->progress_data,
					   &(struct restore_progress){.phase = phase,
								      .bytes_done = done,
								      .bytes_total = total});
}

/* ---- guards ------------------------------------------------------------------------------- */

static bool guard_running(const char *pgdata, GError **error)
{
	g_autofree char *pid = g_build_filename(pgdata, "postmaster.pid", NULL);
	struct stat status;

	if (lstat(pid, &status) == 0)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"'%s' exists: a server runs in this directory, or died in it; stop "
				"it, or remove the file if none runs",
				pid);
	return true;
}

/* Only our own half-done restore, or the same cluster, may be written over. */
static bool guard_foreign(const struct restore_request *request, GError **error)
{
	g_autofree char *mark = g_build_filename(request->pgdata, MARK, NULL);
	g_autofree char *version = g_build_filename(request->pgdata, "PG_VERSION", NULL);
	g_autoptr(GError) trouble = NULL;
	struct control control;
	struct stat status;

	if (lstat(mark, &status) == 0)
		return true;
	if (lstat(version, &status) < 0)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"'%s' is not empty and not a data directory of PostgreSQL",
				request->pgdata);
	if (!control_read(request->pgdata, &control, NULL, &trouble))
		return odr_fail(error, ODR_ERROR_REFUSED,
				"'%s' cannot be told to be the same cluster: %s", request->pgdata,
				trouble->message);
	if (control.system_identifier != request->plan->manifest->system_identifier)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"'%s' holds another cluster: its system identifier is "
				"%" G_GUINT64_FORMAT ", the set's is %" G_GUINT64_FORMAT,
				request->pgdata, control.system_identifier,
				request->plan->manifest->system_identifier);
	return true;
}

static bool set_tablespaces(const struct restore_request *request, GHashTable **paths,
			    GError **error)
{
	const char *text = request->plan->manifest->tablespace_map;
	GHashTableIter iter;
	gpointer oid, path;

	if (!tablespace_map_parse(text ? text : "", paths, error))
		return odr_context(error, "the set's tablespace_map is damaged");
	if (!request->tablespace_map)
		return true;
	g_hash_table_iter_init(&iter, request->tablespace_map);
	while (g_hash_table_iter_next(&iter, &oid, &path)) {
		if (!g_hash_table_contains(*paths, oid))
			return odr_fail(
				error, ODR_ERROR_USAGE,
				"--tablespace-map names %u, which is no tablespace of the set",
				GPOINTER_TO_UINT(oid));
		g_hash_table_replace(*paths, oid, g_strdup(path));
	}
	return true;
}

static bool guard_tablespaces(const struct restore_request *request, GError **error)
{
	g_autoptr(GHashTable) paths = NULL;
	GHashTableIter iter;
	gpointer oid, path;

	if (!set_tablespaces(request, &paths, error))
		return false;
	g_hash_table_iter_init(&iter, paths);
	while (g_hash_table_iter_next(&iter, &oid, &path)) {
		if (!g_path_is_absolute(path))
			return odr_fail(error, ODR_ERROR_USAGE,
					"tablespace %u would go to '%s', which is no absolute path",
					GPOINTER_TO_UINT(oid), (char *)path);
		if (!request->delta && !file_is_empty_dir(path))
			return odr_fail(
				error, ODR_ERROR_REFUSED,
				"tablespace %u would go to '%s', which is not empty; map it "
				"elsewhere with --tablespace-map %u=DIR",
				GPOINTER_TO_UINT(oid), (char *)path, GPOINTER_TO_UINT(oid));
	}
	return true;
}

static bool guard_space(const struct restore_request *request, GError **error)
{
	g_autofree char *folder = g_strdup(request->pgdata);
	const struct set_part *part = manifest_part(request->plan->manifest, PART_DATABASE);
	struct statvfs space;

	while (statvfs(folder, &space) < 0) {
		char *parent = g_path_get_dirname(folder);

		if (errno != ENOENT || strcmp(parent, folder) == 0) {
			g_free(parent);
			return odr_fail_errno(error, errno, "cannot look at '%s'", folder);
		}
		g_free(folder);
		folder = parent;
	}
	uint64_t available = (uint64_t)space.f_bavail * space.f_frsize;

	if (!request->delta && !request->plan->manifest->tablespace_map &&
	    part->bytes > available) {
		g_autofree char *need = size_format(part->bytes);
		g_autofree char *have = size_format(available);

		return odr_fail(error, ODR_ERROR_NO_SPACE, "the set needs %s, '%s' has %s", need,
				folder, have);
	}
	return true;
}

bool restore_guard(const struct restore_request *request, GError **error)
{
	if (!g_path_is_absolute(request->pgdata))
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is no absolute path",
				request->pgdata);
	if (!guard_running(request->pgdata, error))
		return false;
	if (!file_is_empty_dir(request->pgdata)) {
		if (!guard_foreign(request, error))
			return false;
		if (!request->delta)
			return odr_fail(error, ODR_ERROR_REFUSED,
					"'%s' is not empty; with --delta what is there is compared "
					"and made equal to the set",
					request->pgdata);
	}
	return guard_tablespaces(request, error) && guard_space(request, error);
}

/* ---- reading the set ----------------------------------------------------------------------- */

static bool take_entry(void *data, struct layer_entry **entry, GError **error)
{
	struct restore *restore = data;

	if (!stop_check(error))
		return false;
	g_ptr_array_add(restore->entries, g_steal_pointer(entry));
	return true;
}

static bool read_set(struct restore *restore, GError **error)
{
	const struct restore_request *request = restore->request;
	const Manifest *manifest = request->plan->manifest;

	progress(restore, "reading the set", 0, 0);
	restore->part = manifest_part(manifest, PART_DATABASE);
	if (restore->part->layers->len != 1)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"set %s has %u layers; this version restores full sets",
				manifest->set_id, restore->part->layers->len);
	for (guint i = 0; i < restore->part->layers->len; i++) {
		const struct layer_ref *ref =
			&g_array_index(restore->part->layers, struct layer_ref, i);
		Table *table;

		if (!table_load(request->repo, ref->table, &table, error))
			return odr_context(error, "cannot read set %s", manifest->set_id);
		g_ptr_array_add(restore->tables, table);
		if (strcmp(table->generation, restore->part->generation) != 0)
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"a table of set %s belongs to another generation",
					manifest->set_id);
		if (!layer_read(request->repo, request->identity, ref, table, take_entry, restore,
				error))
			return odr_context(error, "cannot read set %s", manifest->set_id);
	}
	return true;
}

/* ---- the directory before content ---------------------------------------------------------- */

static bool remove_inside(struct restore *restore, const char *relative, GError **error)
{
	g_autofree char *path = inside(restore, relative);

	if (unlink(path) < 0 && errno != ENOENT)
		return odr_fail_errno(error, errno, "cannot remove '%s'", path);
	return true;
}

/* From here until pg_control is renamed in, no server starts in this directory. */
static bool disarm(struct restore *restore, GError **error)
{
	const struct restore_request *request = restore->request;
	g_autofree char *global = inside(restore, "global");
	g_autofree char *mark = inside(restore, MARK);
	g_autofree char *text = g_strdup_printf("%s\n", request->plan->manifest->set_id);
	static const char *const stale[] = {"backup_label",   "tablespace_map",	 "recovery.signal",
					    "standby.signal", "backup_manifest", CONTROL_ASIDE};

	if (!file_make_dirs(request->pgdata, 0700, error) ||
	    !file_write(mark, text, strlen(text), &(struct file_write){0}, error))
		return false;
	if (!remove_inside(restore, CONTROL, error))
		return false;
	if (g_file_test(global, G_FILE_TEST_IS_DIR) && !file_sync_dir(global, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(stale); i++)
		if (!remove_inside(restore, stale[i], error))
			return false;
	return fault_point("step", "disarmed", error);
}

/* "pgdata/pg_tblspc/<oid>" → true and the OID. */
static bool tablespace_link(const char *relative, guint *oid)
{
	guint64 number;

	if (!g_str_has_prefix(relative, TABLESPACES) ||
	    !g_ascii_string_to_unsigned(relative + strlen(TABLESPACES), 10, 1, G_MAXUINT32, &number,
					NULL))
		return false;
	*oid = (guint)number;
	return true;
}

static bool make_link(const char *path, const char *to, GError **error)
{
	g_autofree char *now = g_file_read_link(path, NULL);

	if (g_strcmp0(now, to) == 0)
		return true;
	if (!file_remove_tree(path, error))
		return false;
	if (symlink(to, path) < 0)
		return odr_fail_errno(error, errno, "cannot link '%s'", path);
	return true;
}

static bool make_folder(const char *path, GError **error)
{
	struct stat status;

	if (lstat(path, &status) == 0 && !S_ISDIR(status.st_mode) && !file_remove_tree(path, error))
		return false;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return odr_fail_errno(error, errno, "cannot create '%s'", path);
	return true;
}

static bool place_tablespace(struct restore *restore, guint oid, const char *path, GError **error)
{
	const char *to = g_hash_table_lookup(restore->tablespaces, GUINT_TO_POINTER(oid));

	if (!to)
		return odr_fail(
			error, ODR_ERROR_CORRUPT,
			"the set links tablespace %u but its tablespace_map does not have it", oid);
	if (!file_make_dirs(to, 0700, error))
		return odr_context(error, "cannot make tablespace %u", oid);
	return make_link(path, to, error);
}

static void add_file(struct restore *restore, const struct layer_entry *entry, char *path)
{
	struct materialize_file *file = g_new0(struct materialize_file, 1);

	file->entry = entry;
	file->path = path;
	g_ptr_array_add(restore->files, file);
}

/* Files from outside PGDATA: into a folder of their own, or not at all. */
static bool lay_outside(struct restore *restore, const struct layer_entry *entry, GError **error)
{
	const char *folder = restore->request->config_directory;

	if (!folder || entry->kind != ENTRY_FILE)
		return true;
	char *path = g_build_filename(folder, entry->path + strlen("outside/"), NULL);
	g_autofree char *parent = g_path_get_dirname(path);

	add_file(restore, entry, path);
	return file_make_dirs(parent, 0700, error) && file_remove_tree(path, error);
}

static bool lay_entry(struct restore *restore, const struct layer_entry *entry, GError **error)
{
	const char *relative = entry->path + strlen("pgdata");
	g_autofree char *path = NULL;
	guint oid;

	if (g_str_has_prefix(entry->path, "outside/"))
		return lay_outside(restore, entry, error);
	if (!g_str_has_prefix(entry->path, "pgdata") || (relative[0] && relative[0] != '/'))
		return odr_fail(error, ODR_ERROR_CORRUPT, "the set has an unknown path '%s'",
				entry->path);
	relative += relative[0] == '/';
	path = inside(restore, relative);
	switch (entry->kind) {
	case ENTRY_DIRECTORY:
		return make_folder(path, error);
	case ENTRY_SYMLINK:
		if (tablespace_link(relative, &oid))
			return place_tablespace(restore, oid, path, error);
		return make_link(path, entry->link, error);
	case ENTRY_FILE:
		if (strcmp(relative, CONTROL) == 0) {
			restore->control = entry;
			g_free(path);
			path = inside(restore, CONTROL_ASIDE);
		}
		add_file(restore, entry, g_steal_pointer(&path));
		return true;
	default:
		return odr_fail(error, ODR_ERROR_CORRUPT, "a full set has a tombstone for '%s'",
				entry->path);
	}
}

static bool lay_out(struct restore *restore, GError **error)
{
	for (guint i = 0; i < restore->entries->len; i++)
		if (!lay_entry(restore, restore->entries->pdata[i], error))
			return false;
	if (!restore->control)
		return odr_fail(error, ODR_ERROR_CORRUPT, "the set has no pg_control");
	return fault_point("step", "laid out", error);
}

/* ---- delta --------------------------------------------------------------------------------- */

/* Removes what the set does not have. wanted holds full paths. */
static bool prune(GHashTable *wanted, const char *folder, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		struct stat status;

		if (!g_hash_table_contains(wanted, path)) {
			if (!file_remove_tree(path, error))
				return false;
		} else if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
			if (!prune(wanted, path, error))
				return false;
		}
	}
	return true;
}

static bool prune_all(struct restore *restore, GError **error)
{
	g_autoptr(GHashTable) wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iter;
	gpointer oid, target;

	g_hash_table_add(wanted, inside(restore, MARK));
	for (guint i = 0; i < restore->entries->len; i++) {
		const struct layer_entry *entry = restore->entries->pdata[i];
		const char *relative = entry->path + strlen("pgdata");

		if (g_str_has_prefix(entry->path, "pgdata/"))
			g_hash_table_add(wanted, inside(restore, relative + 1));
	}
	if (!prune(wanted, restore->request->pgdata, error))
		return false;
	/* Tablespaces: their entries are known by the path through the link. */
	g_hash_table_iter_init(&iter, restore->tablespaces);
	while (g_hash_table_iter_next(&iter, &oid, &target)) {
		g_autofree char *link = g_strdup_printf(
			"%s/" TABLESPACES "%u", restore->request->pgdata, GPOINTER_TO_UINT(oid));

		if (!prune(wanted, link, error))
			return false;
	}
	return true;
}

static bool keep_equal(struct restore *restore, const struct materialize_settings *settings,
		       GError **error)
{
	g_autofree bool *kept = g_new0(bool, restore->files->len);
	g_autoptr(GPtrArray) left =
		g_ptr_array_new_with_free_func((GDestroyNotify)materialize_file_free);

	progress(restore, "comparing", 0, restore->part->bytes);
	if (!prune_all(restore, error) ||
	    !materialize_compare(settings, restore->files, kept, error))
		return false;
	for (guint i = 0; i < restore->files->len; i++) {
		struct materialize_file *file = restore->files->pdata[i];

		if (kept[i]) {
			restore->result->kept++;
			continue;
		}
		if (!file_remove_tree(file->path, error))
			return false;
		g_ptr_array_add(left, file);
		restore->files->pdata[i] = NULL;
	}
	g_ptr_array_set_free_func(restore->files, NULL);
	for (guint i = 0; i < restore->files->len; i++)
		if (restore->files->pdata[i])
			materialize_file_free(restore->files->pdata[i]);
	g_ptr_array_unref(restore->files);
	restore->files = g_steal_pointer(&left);
	return true;
}

/* ---- content ------------------------------------------------------------------------------- */

static void content_tick(void *data, uint64_t done)
{
	struct restore *restore = data;

	progress(restore, "restoring", done, restore->result->written);
}

static bool write_content(struct restore *restore, GError **error)
{
	const struct restore_request *request = restore->request;
	struct materialize_settings settings = {
		.repo = request->repo,
		.identity = request->identity,
		.tables = restore->tables,
		.digest_seed = digest_seed(request->identity->digest_secret, "content"),
		.workers = MAX(request->workers, 1),
		.set_owner = geteuid() == 0,
		.tick = content_tick,
		.tick_data = restore};

	if (request->delta && !keep_equal(restore, &settings, error))
		return false;
	for (guint i = 0; i < restore->files->len; i++) {
		const struct materialize_file *file = restore->files->pdata[i];

		restore->result->written += file->entry->size;
	}
	return materialize(&settings, restore->files, error) &&
	       fault_point("step", "content written", error);
}

/* ---- what makes it a recovery --------------------------------------------------------------- */

static bool write_inside(struct restore *restore, const char *relative, const char *text,
			 GError **error)
{
	const struct layer_entry *root = restore->entries->pdata[0];
	g_autofree char *path = inside(restore, relative);

	if (!file_write(path, text, strlen(text), &(struct file_write){.mode = root->mode & 0640},
			error))
		return false;
	if (geteuid() != 0)
		return true;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct layer_entry like = *root;

	like.mode = root->mode & 0640;
	like.mtime_ns = g_get_real_time() * 1000;
	bool done = fd >= 0 && materialize_attributes(fd, path, &like, true, error);

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", path);
	close(fd);
	return done;
}

static bool write_label(struct restore *restore, GError **error)
{
	const Manifest *manifest = restore->request->plan->manifest;
	g_autofree char *map = tablespace_map_print(restore->tablespaces);

	if (!manifest->backup_label)
		return odr_fail(error, ODR_ERROR_CORRUPT, "set %s has no backup_label",
				manifest->set_id);
	if (!write_inside(restore, "backup_label", manifest->backup_label, error))
		return false;
	return map[0] == '\0' || write_inside(restore, "tablespace_map", map, error);
}

#define AUTO_CONF_MAX ((size_t)4 << 20)

static bool write_recovery(struct restore *restore, GError **error)
{
	const struct restore_request *request = restore->request;
	const struct restore_target *target = request->target;
	g_autofree char *path = inside(restore, "postgresql.auto.conf");
	g_autofree char *old = NULL;
	g_autoptr(GError) trouble = NULL;

	if (!request->restore_command)
		return true;
	if (!file_read_text(path, AUTO_CONF_MAX, &old, &trouble) &&
	    !odr_error_is(trouble, ODR_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	g_autofree char *text = recovery_auto_conf(
		old ? old : "",
		&(struct recovery_settings){.major = request->plan->manifest->pg_major,
					    .type = target->type,
					    .time = target->time,
					    .name = target->name,
					    .lsn = target->lsn,
					    .xid = target->xid,
					    .exclusive = target->exclusive,
					    .action = request->action,
					    .timeline = request->plan->timeline,
					    .restore_command = request->restore_command,
					    .recovery_end_command = request->recovery_end_command});

	return write_inside(restore, "postgresql.auto.conf", text, error) &&
	       write_inside(restore, recovery_signal_file(target->type), "", error);
}

static uint32_t crc_of(const char *text)
{
	return crc32c_value(crc32c_update(crc32c_init(), text, strlen(text)));
}

/* PostgreSQL's own manifest says what was read at the source; its own tool judges what we wrote. */
static bool write_pg_manifest(struct restore *restore, GError **error)
{
	const Manifest *manifest = restore->request->plan->manifest;
	g_autoptr(PgManifest) list = pg_manifest_new();
	g_autofree char *map = tablespace_map_print(restore->tablespaces);

	for (guint i = 0; i < restore->entries->len; i++) {
		const struct layer_entry *entry = restore->entries->pdata[i];

		if (entry->kind == ENTRY_FILE && g_str_has_prefix(entry->path, "pgdata/"))
			pg_manifest_add(list, entry->path + strlen("pgdata/"), entry->size,
					entry->mtime_ns / 1000000000, entry->crc32c);
	}
	pg_manifest_add(list, "backup_label", strlen(manifest->backup_label),
			manifest->stopped / USEC_PER_SEC, crc_of(manifest->backup_label));
	if (map[0])
		pg_manifest_add(list, "tablespace_map", strlen(map),
				manifest->stopped / USEC_PER_SEC, crc_of(map));
	g_autofree char *text = pg_manifest_finish(list, manifest->wal->timeline,
						   manifest->wal->start, manifest->wal->stop);

	return write_inside(restore, "backup_manifest", text, error);
}

static bool run_verifier(struct restore *restore, GError **error)
{
	const char *program = restore->request->verify_with;
	const char *const arguments[] = {program,
					 "--no-parse-wal",
					 "--ignore=" MARK,
					 "--ignore=" CONTROL,
					 "--ignore=" CONTROL_ASIDE,
					 restore->request->pgdata,
					 NULL};
	struct process_result result = {0};

	progress(restore, "verifying", 0, 0);
	if (!process_run(&(struct process_request){.argv = arguments}, &result, error))
		return odr_context(error, "cannot run %s", program);
	bool passed = result.status == 0;

	if (!passed) {
		g_strchomp(result.err);
		odr_fail(error, ODR_ERROR_FAILED, "%s found: %s", program,
			 result.err[0] ? result.err : result.out);
	}
	process_result_clear(&result);
	return passed;
}

/* ---- durable, then startable ---------------------------------------------------------------- */

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

static bool finish_folders(struct restore *restore, GError **error)
{
	/* Deepest first, so that times of folders stay. */
	for (guint i = restore->entries->len; i > 0; i--) {
		const struct layer_entry *entry = restore->entries->pdata[i - 1];

		if (entry->kind != ENTRY_DIRECTORY)
			continue;
		g_autofree char *path = g_build_filename(restore->request->pgdata,
							 entry->path + strlen("pgdata"), NULL);
		int fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);

		if (fd < 0)
			return odr_fail_errno(error, errno, "cannot open '%s'", path);
		bool done = materialize_attributes(fd, path, entry, geteuid() == 0, error);

		close(fd);
		if (!done)
			return false;
	}
	return true;
}

static bool make_durable(struct restore *restore, GError **error)
{
	GHashTableIter iter;
	gpointer oid, path;

	progress(restore, "syncing", 0, 0);
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
	g_autofree char *aside = inside(restore, CONTROL_ASIDE);
	g_autofree char *control = inside(restore, CONTROL);
	g_autofree char *global = inside(restore, "global");

	if (!stop_check(error) || !fault_point("file.rename", control, error))
		return false;
	if (rename(aside, control) < 0)
		return odr_fail_errno(error, errno, "cannot put '%s' in place", control);
	return file_sync_dir(global, error) && remove_inside(restore, MARK, error) &&
	       file_sync_dir(restore->request->pgdata, error);
}

static bool restore_steps(struct restore *restore, GError **error)
{
	const struct restore_request *request = restore->request;

	if (!restore_guard(request, error) ||
	    !set_tablespaces(request, &restore->tablespaces, error) || !read_set(restore, error) ||
	    !disarm(restore, error) || !lay_out(restore, error) || !write_content(restore, error) ||
	    !write_label(restore, error))
		return false;
	if (request->verify_with &&
	    (!write_pg_manifest(restore, error) || !run_verifier(restore, error)))
		return false;
	if (!write_recovery(restore, error) || !finish_folders(restore, error) ||
	    !make_durable(restore, error))
		return false;

	/* No server could start here so far; this makes it a data directory. */
	return arm(restore, error);
}

bool restore_run(const struct restore_request *request, struct restore_result *result,
		 GError **error)
{
	struct restore restore = {
		.request = request,
		.result = result,
		.tables = g_ptr_array_new_with_free_func((GDestroyNotify)table_free),
		.entries = g_ptr_array_new_with_free_func((GDestroyNotify)layer_entry_free),
		.files = g_ptr_array_new_with_free_func((GDestroyNotify)materialize_file_free)};

	*result = (struct restore_result){.notes = g_ptr_array_new_with_free_func(g_free)};
	bool done = restore_steps(&restore, error);

	if (restore.part) {
		result->files = restore.part->files;
		result->bytes = restore.part->bytes;
	}
	g_ptr_array_unref(restore.tables);
	g_ptr_array_unref(restore.files);
	g_ptr_array_unref(restore.entries);
	g_clear_pointer(&restore.tablespaces, g_hash_table_unref);
	return done;
}

void restore_result_clear(struct restore_result *result)
{
	g_clear_pointer(&result->notes, g_ptr_array_unref);
}
