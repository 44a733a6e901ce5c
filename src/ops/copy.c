#include "ops/copy.h"

#include "base/error.h"
#include "base/file.h"
#include "base/pool.h"
#include "ops/copy_steps.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

static const char *account_name(GHashTable *cache, uint32_t id, bool group)
{
	char *name = g_hash_table_lookup(cache, GUINT_TO_POINTER(id));
	char buffer[4096];

	if (name)
		return name;
	if (group) {
		struct group entry, *found = NULL;
		getgrgid_r(id, &entry, buffer, sizeof(buffer), &found);
		name = g_strdup(found ? found->gr_name : "");
	} else {
		struct passwd entry, *found = NULL;
		getpwuid_r(id, &entry, buffer, sizeof(buffer), &found);
		name = g_strdup(found ? found->pw_name : "");
	}
	g_hash_table_insert(cache, GUINT_TO_POINTER(id), name);
	return name;
}

static struct layer_entry *entry_new(struct copy *copy, const struct pgdata_file *listed)
{
	struct layer_entry *entry = g_new0(struct layer_entry, 1);

	entry->path =
		listed->path[0] ? g_strconcat("pgdata/", listed->path, NULL) : g_strdup("pgdata");
	entry->mode = listed->mode & 07777;
	entry->uid = listed->uid;
	entry->gid = listed->gid;
	entry->owner = g_strdup(account_name(copy->owners, listed->uid, false));
	entry->group = g_strdup(account_name(copy->groups, listed->gid, true));
	entry->mtime_ns = listed->mtime_ns;
	switch (listed->type) {
	case 'd':
		entry->kind = ENTRY_DIRECTORY;
		break;
	case 'l':
		entry->kind = ENTRY_SYMLINK;
		entry->link = g_strdup(listed->link);
		break;
	default:
		entry->kind = ENTRY_FILE;
		entry->extents = g_array_new(false, true, sizeof(struct extent));
		if (listed->paged)
			entry->flags |= ENTRY_PAGED;
	}
	return entry;
}

struct copy *copy_new(const struct copy_settings *settings, const GPtrArray *files)
{
	struct copy *copy = g_new0(struct copy, 1);

	copy->settings = *settings;
	copy->count = files->len;
	copy->files = g_new0(struct copy_file, files->len);
	for (size_t i = 0; i < copy->count; i++)
		copy->files[i].listed = files->pdata[i];
	copy->order = g_array_new(false, false, sizeof(guint));
	copy->outside = g_ptr_array_new_with_free_func((GDestroyNotify)layer_entry_free);
	copy->owners = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	copy->groups = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	/* Entries are made here, in one thread, because of the caches of names. */
	for (size_t i = 0; i < copy->count; i++)
		copy->files[i].entry = entry_new(copy, copy->files[i].listed);
	copy->jobs = copy_jobs_plan(files, copy->order, &copy->bytes_total);
	return copy;
}

void copy_free(struct copy *copy)
{
	if (!copy)
		return;
	for (size_t i = 0; i < copy->count; i++) {
		if (copy->files[i].entry)
			layer_entry_free(copy->files[i].entry);
		page_findings_clear(&copy->files[i].findings);
	}
	g_free(copy->files);
	g_array_unref(copy->order);
	g_array_unref(copy->jobs);
	g_clear_pointer(&copy->outside, g_ptr_array_unref);
	g_hash_table_unref(copy->owners);
	g_hash_table_unref(copy->groups);
	g_clear_error(&copy->tick_error);
	g_free(copy);
}

uint64_t copy_bytes_total(const struct copy *copy)
{
	return copy->bytes_total;
}

static void copy_tick(void *shared)
{
	struct copy *copy = shared;
	uint64_t done = __atomic_load_n(&copy->bytes_done, __ATOMIC_RELAXED);

	if (copy->settings.tick && !copy->tick_error &&
	    !copy->settings.tick(copy->settings.tick_data, done, &copy->tick_error))
		__atomic_store_n(&copy->cancelled, 1, __ATOMIC_RELAXED);
}

bool copy_run(struct copy *copy, GError **error)
{
	g_autoptr(GError) trouble_error = NULL;
	bool done = pool_run(&(struct pool_work){.workers = copy->settings.workers,
						 .jobs = copy->jobs->len,
						 .shared = copy,
						 .begin = copy_worker_begin,
						 .run = copy_worker_run,
						 .end = copy_worker_end,
						 .tick = copy_tick,
						 .tick_ms = 200},
			     &trouble_error);

	if (copy->tick_error) {
		g_propagate_error(error, g_steal_pointer(&copy->tick_error));
		return false;
	}
	if (!done)
		g_propagate_error(error, g_steal_pointer(&trouble_error));
	return done;
}

/* Content that is in memory already, as a file of its own. */
static bool store_content(struct copy *copy, struct layer_entry *entry, const void *data,
			  size_t size, GError **error)
{
	g_autoptr(PackWriter) packs = pack_writer_new(copy->settings.sink);
	uint64_t seed = copy->settings.digest_seed;
	g_autoptr(GByteArray) digests = g_byte_array_new();
	uint8_t digest[XXH128_SIZE];

	for (size_t offset = 0; offset < size || offset == 0; offset += CHUNK_MAX) {
		size_t part = MIN(size - offset, CHUNK_MAX);
		struct extent extent = {.kind = EXTENT_DATA, .length = part};

		xxh128(seed, (const uint8_t *)data + offset, part, digest);
		g_byte_array_append(digests, digest, sizeof(digest));
		if (part == 0)
			break;
		if (!pack_writer_add(packs, (const uint8_t *)data + offset, part, &extent.place,
				     NULL, error))
			return false;
		g_array_append_val(entry->extents, extent);
	}
	content_digest_join(seed, digests->data, digests->len / XXH128_SIZE, entry->digest);
	entry->size = size;
	entry->crc32c = crc32c_value(crc32c_update(crc32c_init(), data, size));
	entry->flags |= ENTRY_CRC32C;
	return pack_writer_finish(packs, error);
}

bool copy_last(struct copy *copy, GError **error)
{
	for (size_t i = 0; i < copy->count; i++) {
		struct copy_file *file = &copy->files[i];
		uint8_t bytes[CONTROL_FILE_SIZE];
		struct control control;

		if (!file->listed->last)
			continue;
		if (!control_read(copy->settings.pgdata, &control, bytes, error))
			return false;
		if (control.system_identifier != copy->settings.control->system_identifier)
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"the data directory changed into another cluster's while "
					"it was copied");
		if (!store_content(copy, file->entry, bytes, sizeof(bytes), error))
			return false;
	}
	return true;
}

#define OUTSIDE_MAX ((size_t)16 << 20)

bool copy_outside(struct copy *copy, const char *path, GError **error)
{
	g_autoptr(GBytes) content = NULL;
	struct stat status;
	struct pgdata_file listed = {.path = (char *)path};

	if (stat(path, &status) < 0)
		return odr_fail_errno(error, errno, "cannot look at '%s'", path);
	if (!S_ISDIR(status.st_mode) && !file_read(path, OUTSIDE_MAX, &content, error))
		return false;
	listed.type = content ? 'f' : 'd';
	listed.mode = status.st_mode;
	listed.uid = status.st_uid;
	listed.gid = status.st_gid;
	listed.mtime_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;

	struct layer_entry *entry = entry_new(copy, &listed);

	g_free(entry->path);
	entry->path = g_strconcat("outside", path, NULL);
	g_ptr_array_add(copy->outside, entry);
	return !content || store_content(copy, entry, g_bytes_get_data(content, NULL),
					 g_bytes_get_size(content), error);
}

static void note_damage(struct copy_file *file, lsn_t backup_stop, GPtrArray *damaged)
{
	struct page_findings *findings = &file->findings;

	if (findings->newest_lsn > backup_stop) {
		char found[LSN_FORMAT_SIZE], stop[LSN_FORMAT_SIZE];

		page_findings_add(
			findings, "a page has the position %s, past the end of the backup at %s",
			lsn_format(findings->newest_lsn, found), lsn_format(backup_stop, stop));
	}
	if (!findings->text)
		return;
	struct damage *damage = g_new0(struct damage, 1);

	damage->path = g_strdup(file->entry->path);
	damage->what = g_strdup(findings->text->str);
	file->entry->flags |= ENTRY_DAMAGED;
	g_ptr_array_add(damaged, damage);
}

static int compare_entries(const void *a, const void *b)
{
	const struct layer_entry *x = *(struct layer_entry *const *)a;
	const struct layer_entry *y = *(struct layer_entry *const *)b;

	return strcmp(x->path, y->path);
}

/* Number of the tablespace that a path names or lies in; 0: none. */
static guint tablespace_of(const char *path)
{
	static const char folder[] = "pg_tblspc/";

	if (!g_str_has_prefix(path, folder))
		return 0;
	return (guint)g_ascii_strtoull(path + strlen(folder), NULL, 10);
}

/*
 * A tablespace that was created after the start of the backup is not in its map. Replay makes it, and its
 * folder must then be as for any CREATE TABLESPACE: it is not part of the set. One that is older and not
 * in the map is one that the server could not read: without it there is no set.
 */
static bool find_new_tablespaces(const struct copy *copy, GHashTable *map, GHashTable *created,
				 GError **error)
{
	for (size_t i = 0; i < copy->count; i++) {
		const struct pgdata_file *listed = copy->files[i].listed;
		guint oid = tablespace_of(listed->path);

		if (listed->type != 'l' || oid == 0 ||
		    g_hash_table_contains(map, GUINT_TO_POINTER(oid)))
			continue;
		if (listed->mtime_ns / 1000 < copy->settings.started - USEC_PER_SEC)
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"the server's map of tablespaces does not have '%s', which "
					"is older than the backup: see the server's log",
					listed->path);
		g_hash_table_add(created, GUINT_TO_POINTER(oid));
	}
	return true;
}

bool copy_finish(struct copy *copy, const struct copy_end *end, GPtrArray **entries,
		 GPtrArray *damaged, GError **error)
{
	g_autoptr(GPtrArray) list =
		g_ptr_array_new_with_free_func((GDestroyNotify)layer_entry_free);
	g_autoptr(GHashTable) created = g_hash_table_new(NULL, NULL);

	if (!find_new_tablespaces(copy, end->tablespaces, created, error))
		return false;
	for (size_t i = 0; i < copy->count; i++) {
		struct copy_file *file = &copy->files[i];
		guint oid = tablespace_of(file->listed->path);

		if (!file->entry) {
			if (strcmp(file->listed->path, "PG_VERSION") == 0)
				return odr_fail(error, ODR_ERROR_CORRUPT,
						"PG_VERSION vanished from the data directory");
			continue;
		}
		if (oid != 0 && g_hash_table_contains(created, GUINT_TO_POINTER(oid)))
			continue;
		note_damage(file, end->stop, damaged);
		g_ptr_array_add(list, g_steal_pointer(&file->entry));
	}
	g_ptr_array_extend_and_steal(list, g_steal_pointer(&copy->outside));
	g_ptr_array_sort(list, compare_entries);
	*entries = g_steal_pointer(&list);
	return true;
}
