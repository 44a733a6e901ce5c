#include "ops/filestore/scan.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/stop.h"
#include "repo/manifest.h"

#include <string.h>

/* So much is one worker's at a time. */
#define JOB_FILES 256
#define JOB_BYTES ((uint64_t)2 << 20)

void filestore_scan_init(struct filestore_scan *scan,
			 const struct filestore_scan_settings *settings)
{
	*scan = (struct filestore_scan){
		.settings = settings,
		.started = clock_now(),
		.merge = layer_merge_new(&(struct layer_merge_settings){.files = settings->known}),
		.record = g_byte_array_new(),
		.news = spool_new(settings->spool),
		.jobs = g_array_new(false, false, sizeof(struct filestore_job)),
		.changes = spool_new(settings->spool),
		.looks = g_array_new(false, true, sizeof(struct folder_look)),
		.damaged = g_ptr_array_new_with_free_func((GDestroyNotify)damage_free),
		.omissions = g_ptr_array_new_with_free_func(g_free),
	};
}

void filestore_scan_clear(struct filestore_scan *scan)
{
	layer_merge_free(scan->merge);
	g_clear_pointer(&scan->record, g_byte_array_unref);
	spool_free(scan->news);
	g_clear_pointer(&scan->jobs, g_array_unref);
	spool_free(scan->changes);
	g_clear_pointer(&scan->looks, g_array_unref);
	g_clear_pointer(&scan->damaged, g_ptr_array_unref);
	g_clear_pointer(&scan->omissions, g_ptr_array_unref);
	*scan = (struct filestore_scan){0};
}

char *filestore_path(const struct filestore_tree *tree, const char *name)
{
	return name ? g_strconcat("filestore/", tree->name, "/", name, NULL)
		    : g_strconcat("filestore/", tree->name, NULL);
}

int64_t filestore_time(struct timespec time)
{
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void filestore_scan_omit(struct filestore_scan *scan, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(scan->omissions, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

struct layer_entry *filestore_entry_of(Accounts *accounts, const char *path,
				       const struct stat *status)
{
	struct layer_entry *entry = g_new0(struct layer_entry, 1);

	entry->path = g_strdup(path);
	entry->kind = S_ISDIR(status->st_mode) ? ENTRY_DIRECTORY : ENTRY_SYMLINK;
	entry->mode = status->st_mode & 07777;
	entry->uid = status->st_uid;
	entry->gid = status->st_gid;
	entry->owner = g_strdup(accounts_user_name(accounts, status->st_uid));
	entry->group = g_strdup(accounts_group_name(accounts, status->st_gid));
	entry->mtime_ns = filestore_time(status->st_mtim);
	return entry;
}

bool filestore_same_attributes(const struct layer_entry *entry, const struct stat *status)
{
	return entry->mode == (status->st_mode & 07777) && entry->uid == status->st_uid &&
	       entry->gid == status->st_gid;
}

bool filestore_scan_change(struct filestore_scan *scan, const struct layer_entry *entry,
			   int64_t ctime_ns, GError **error)
{
	GByteArray *record = scan->record;

	g_byte_array_set_size(record, 0);
	bytes_put_u32(record, 0);
	bytes_put_u64(record, (uint64_t)ctime_ns);
	layer_entry_encode(entry, record);
	bytes_set_u32(record->data, record->len);
	scan->changed++;
	return spool_append(scan->changes, record->data, record->len, error);
}

bool filestore_change_read(const struct filestore_scan *scan, uint64_t *offset,
			   struct layer_entry **entry, int64_t *ctime_ns, GError **error)
{
	g_autoptr(GPtrArray) entries = NULL;
	uint8_t head[12];

	*entry = NULL;
	if (*offset == spool_size(scan->changes))
		return true;
	if (!spool_read(scan->changes, *offset, head, sizeof(head), error))
		return false;
	size_t size = bytes_u32(head) - sizeof(head);
	g_autofree uint8_t *bytes = g_malloc(size);

	if (!spool_read(scan->changes, *offset + sizeof(head), bytes, size, error) ||
	    !layer_entries_parse(bytes, size, TABLE_ROWS_MAX, &entries, error))
		return false;
	*offset += bytes_u32(head);
	*ctime_ns = (int64_t)bytes_u64(head + 4);
	*entry = g_ptr_array_steal_index(entries, 0);
	return true;
}

/* The list's last job takes it, or a new one begins. */
bool filestore_scan_news(struct filestore_scan *scan, const struct filestore_news *news,
			 GError **error)
{
	struct filestore_job *last =
		scan->jobs->len
			? &g_array_index(scan->jobs, struct filestore_job, scan->jobs->len - 1)
			: NULL;

	g_byte_array_set_size(scan->record, 0);
	filestore_news_encode(news, scan->record);
	if (!last || last->files >= JOB_FILES || last->bytes >= JOB_BYTES) {
		struct filestore_job job = {.offset = spool_size(scan->news)};

		g_array_append_val(scan->jobs, job);
		last = &g_array_index(scan->jobs, struct filestore_job, scan->jobs->len - 1);
	}
	last->length += scan->record->len;
	last->files++;
	last->bytes += news->size;
	scan->files++;
	scan->bytes += news->size;
	return spool_append(scan->news, scan->record->data, scan->record->len, error);
}

bool filestore_scan_gone(struct filestore_scan *scan, const struct local_entry *local,
			 GError **error)
{
	struct layer_entry *known;
	bool done;

	if (!local_entry_decode(local, &known, error))
		return false;
	if (known->kind == ENTRY_FILE) {
		scan->gone_files++;
		scan->gone_bytes += known->size;
	}
	known->kind = ENTRY_TOMBSTONE;
	done = stop_check(error) && filestore_scan_change(scan, known, 0, error);
	layer_entry_free(known);
	return done;
}

void filestore_scan_unsure(struct filestore_scan *scan, const char *name)
{
	const char *slash = strchr(name, '/');

	for (guint i = 0; slash && i < scan->looks->len; i++) {
		struct folder_look *look = &g_array_index(scan->looks, struct folder_look, i);

		if (strncmp(look->name, name, (size_t)(slash - name)) == 0 &&
		    look->name[slash - name] == '\0') {
			scan->looks_moved = scan->looks_moved || !look->unsure;
			look->unsure = true;
		}
	}
}
