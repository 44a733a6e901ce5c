#include "ops/copy/copy.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/pool.h"
#include "ops/copy/steps.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

void copy_file_init(struct copy_file *file, const struct pgdata_file *listed, Accounts *accounts)
{
	struct layer_entry *entry = g_new0(struct layer_entry, 1);

	*file = (struct copy_file){.entry = entry};
	entry->path =
		listed->path[0] ? g_strconcat("pgdata/", listed->path, NULL) : g_strdup("pgdata");
	entry->mode = listed->mode & 07777;
	entry->uid = listed->uid;
	entry->gid = listed->gid;
	entry->owner = g_strdup(accounts_user_name(accounts, listed->uid));
	entry->group = g_strdup(accounts_group_name(accounts, listed->gid));
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
}

void copy_file_clear(struct copy_file *file)
{
	layer_entry_free(file->entry);
	page_findings_clear(&file->findings);
}

/* What is kept of a file: u64 newest position of its pages · u32 length and text of what was found · entry */
bool copy_keep(struct copy *copy, const struct copy_file *file, GError **error)
{
	g_autoptr(GByteArray) value = g_byte_array_new();
	const GString *text = file->findings.text;

	bytes_put_u64(value, file->findings.newest_lsn);
	bytes_put_u32(value, text ? (uint32_t)text->len : 0);
	if (text)
		bytes_put(value, text->str, text->len);
	layer_entry_encode(file->entry, value);
	return sorter_add(copy->kept,
			  &(struct sorter_record){.key = file->entry->path,
						  .key_size = (uint32_t)strlen(file->entry->path),
						  .value = value->data,
						  .value_size = value->len},
			  error);
}

static bool recall(const struct sorter_record *record, struct copy_file *file, GError **error)
{
	g_autoptr(GPtrArray) entries = NULL;
	struct bytes_reader reader;
	size_t length;

	bytes_reader_init(&reader, record->value, record->value_size);
	*file = (struct copy_file){.findings.newest_lsn = bytes_get_u64(&reader)};
	length = bytes_get_u32(&reader);

	const char *text = (const char *)bytes_get(&reader, length);
	size_t left = bytes_reader_left(&reader);

	if (!bytes_reader_ok(&reader) ||
	    !layer_entries_parse(bytes_get(&reader, left), left, UINT32_MAX, &entries, error))
		return odr_context(error, "the list of entries was damaged");
	if (length > 0)
		file->findings.text = g_string_new_len(text, (gssize)length);
	file->entry = g_steal_pointer(&entries->pdata[0]);
	return true;
}

struct copy *copy_new(const struct copy_settings *settings, const GPtrArray *files)
{
	struct copy *copy = g_new0(struct copy, 1);

	copy->settings = *settings;
	copy->files = files;
	copy->order = g_array_new(false, false, sizeof(guint));
	copy->jobs = copy_jobs_plan(files, copy->order, &copy->bytes_total);
	copy->kept = sorter_new(settings->spool);
	copy->accounts = accounts_new();
	return copy;
}

void copy_free(struct copy *copy)
{
	if (!copy)
		return;
	g_array_unref(copy->order);
	g_array_unref(copy->jobs);
	sorter_free(copy->kept);
	accounts_free(copy->accounts);
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

/* content NULL: it has none. path, unless NULL, is its own in the set. */
static bool keep_listed(struct copy *copy, const struct pgdata_file *listed, const char *path,
			GBytes *content, GError **error)
{
	struct copy_file file;
	gsize size = 0;
	const void *data = content ? g_bytes_get_data(content, &size) : NULL;

	copy_file_init(&file, listed, copy->accounts);
	if (path) {
		g_free(file.entry->path);
		file.entry->path = g_strdup(path);
	}
	bool done = (!content || store_content(copy, file.entry, data, size, error)) &&
		    copy_keep(copy, &file, error);

	copy_file_clear(&file);
	return done;
}

bool copy_last(struct copy *copy, GError **error)
{
	for (guint i = 0; i < copy->files->len; i++) {
		const struct pgdata_file *listed = copy->files->pdata[i];
		uint8_t bytes[CONTROL_FILE_SIZE];
		struct control control;

		if (!listed->last)
			continue;
		if (!control_read(copy->settings.pgdata, &control, bytes, error))
			return false;
		if (control.system_identifier != copy->settings.control->system_identifier)
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"the data directory changed into another cluster's while "
					"it was copied");
		g_autoptr(GBytes) content = g_bytes_new(bytes, sizeof(bytes));

		if (!keep_listed(copy, listed, NULL, content, error))
			return false;
	}
	return true;
}

#define OUTSIDE_MAX ((size_t)16 << 20)

bool copy_outside(struct copy *copy, const char *path, GError **error)
{
	g_autofree char *inside = g_strconcat("outside", path, NULL);
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
	return keep_listed(copy, &listed, inside, content, error);
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
	file->entry->flags |= ENTRY_DAMAGED;
	damage_add(damaged, file->entry->path, "%s", findings->text->str);
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
	for (guint i = 0; i < copy->files->len; i++) {
		const struct pgdata_file *listed = copy->files->pdata[i];
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

/* Folders and links: all that is no file. */
static bool keep_others(struct copy *copy, GError **error)
{
	for (guint i = 0; i < copy->files->len; i++) {
		const struct pgdata_file *listed = copy->files->pdata[i];

		if (listed->type != 'f' && !keep_listed(copy, listed, NULL, NULL, error))
			return false;
	}
	return true;
}

static bool is_inside(const struct layer_entry *entry, GHashTable *tablespaces)
{
	guint oid = g_str_has_prefix(entry->path, "pgdata/")
			    ? tablespace_of(entry->path + strlen("pgdata/"))
			    : 0;

	return oid != 0 && g_hash_table_contains(tablespaces, GUINT_TO_POINTER(oid));
}

bool copy_finish(struct copy *copy, const struct copy_end *end, const struct copy_gather *gather,
		 GError **error)
{
	g_autoptr(GHashTable) created = g_hash_table_new(NULL, NULL);

	if (!find_new_tablespaces(copy, end->tablespaces, created, error) ||
	    !keep_others(copy, error) || !sorter_sort(copy->kept, error))
		return false;
	for (bool done = true;;) {
		struct sorter_record record;
		struct copy_file file;

		if (!sorter_next(copy->kept, &record, error))
			return false;
		if (!record.key)
			return true;
		if (!recall(&record, &file, error))
			return false;
		if (!is_inside(file.entry, created)) {
			note_damage(&file, end->stop, gather->damaged);
			done = gather->each(gather->data, &file.entry, error);
		}
		copy_file_clear(&file);
		if (!done)
			return false;
	}
}
