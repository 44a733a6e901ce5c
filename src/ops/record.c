#include "ops/record.h"

#include "base/bytes.h"
#include "base/error.h"
#include "ops/archive/altered.h"
#include "ops/losses.h"
#include "pg/timeline.h"
#include "repo/wal_held.h"
#include "repo/wal_range.h"

#include <string.h>

static char *part_names(const Manifest *manifest)
{
	GString *names = g_string_new(NULL);

	for (guint i = 0; i < manifest->parts->len; i++) {
		const struct set_part *part = manifest->parts->pdata[i];

		g_string_append_printf(names, "%s%s", i ? "," : "", part->part);
	}
	return g_string_free(names, false);
}

/* Read without a key, a set keeps what was recorded of its sealed part before. known: by set id. */
static void keep_sealed(struct catalog_set *set, GHashTable *known)
{
	const struct catalog_set *old = g_hash_table_lookup(known, set->set_id);

	if (!old)
		return;
	set->started = old->started;
	set->stopped = old->stopped;
	set->system_identifier = old->system_identifier;
	set->pg_major = old->pg_major;
	set->damaged = old->damaged;
}

/* By the store's clock, which orders sets; a writer that may only put does not see it. */
static usec_t stored_at(const Repo *repo, const Manifest *manifest)
{
	g_autofree char *local = layout_set(manifest->set_id);
	struct store_object object = {0};

	if (manifest->stored_at)
		return manifest->stored_at;
	return repo_head((Repo *)repo, local, &object, NULL) && object.stored_at
		       ? object.stored_at
		       : manifest->created;
}

/* What kind and generation of a set are told of in one line: those of the database, if it has one. */
static const struct set_part *part_to_show(const Manifest *manifest)
{
	const struct set_part *database = manifest_part(manifest, PART_DATABASE);

	return database ? database : manifest->parts->pdata[0];
}

/* Files and configuration are as recent as the begin of their capture, if that saw all; of the database the WAL tells. */
static bool put_points(Catalog *catalog, const Repo *repo, const Manifest *manifest, usec_t stored,
		       GError **error)
{
	for (guint i = 0; i < manifest->parts->len; i++) {
		const struct set_part *part = manifest->parts->pdata[i];
		struct catalog_exposure point = {.usable_at = stored,
						 .recovery_point = part->started};

		if (part->started == 0 || strcmp(part->part, PART_DATABASE) == 0 ||
		    manifest_part_incomplete(manifest, part->part))
			continue;
		if (!catalog_exposure_add(catalog, repo->service.name, store_name(repo->store),
					  part->part, &point, error))
			return false;
	}
	return true;
}

bool record_set_over(Catalog *catalog, const Repo *repo, const Manifest *manifest,
		     GHashTable *known, GError **error)
{
	const struct set_part *main_part = part_to_show(manifest);
	usec_t stopped = manifest_part_stopped(manifest, PART_DATABASE);
	g_autofree char *parts = part_names(manifest);
	g_autofree char *writer = key_fingerprint(manifest->writer.public_key);
	g_autofree char *digest = hex_encode(manifest->sha256, SHA256_SIZE);
	struct catalog_set set = {.service = repo->service.name,
				  .repository = (char *)store_name(repo->store),
				  .set_id = manifest->set_id,
				  .kind = main_part->kind,
				  .parts = parts,
				  .generation = main_part->generation,
				  .sequence = manifest->sequence,
				  .created = manifest->created,
				  .started = manifest->started,
				  .stopped = stopped ? stopped : manifest->created,
				  .retain_until = manifest->retain_until,
				  .lock_until = manifest_lock_until(manifest),
				  .stored_at = stored_at(repo, manifest),
				  .system_identifier = manifest->system_identifier,
				  .pg_major = manifest->pg_major,
				  .damaged = manifest->damaged ? manifest->damaged->len : 0,
				  .writer = writer,
				  .manifest_sha256 = digest};

	for (guint i = 0; i < manifest->parts->len; i++) {
		const struct set_part *part = manifest->parts->pdata[i];

		set.files += part->files;
		set.bytes += part->bytes;
		set.stored += part->stored;
	}
	if (manifest->wal) {
		set.timeline = manifest->wal->timeline;
		set.segment_size = manifest->wal->segment_size;
		set.start_lsn = manifest->wal->start;
		set.stop_lsn = manifest->wal->stop;
	}
	if (known && !manifest->has_sealed)
		keep_sealed(&set, known);
	return catalog_set_put(catalog, &set, error) &&
	       put_points(catalog, repo, manifest, set.stored_at, error);
}

bool record_set(Catalog *catalog, const Repo *repo, const Manifest *manifest, GError **error)
{
	return record_set_over(catalog, repo, manifest, NULL, error);
}

bool record_moment(Catalog *catalog, const Repo *repo, const struct moment *moment, GError **error)
{
	usec_t stored = moment->stored_at ? moment->stored_at : set_id_time(moment->name);
	struct catalog_exposure point = {.usable_at = MAX(stored, moment->started),
					 .recovery_point = moment->started};

	return catalog_exposure_add(catalog, repo->service.name, store_name(repo->store),
				    moment->part, &point, error);
}

/* The last 16 digits of a segment's name are its position, whatever its timeline. */
#define POSITION_AT 8

static char *floor_name(const char *service, const char *repository)
{
	return g_strdup_printf("wal-floor.%s.%s", service, repository);
}

static bool lies_below(const char *file, const char *floor)
{
	enum wal_file_kind kind = wal_file_kind(file, NULL);

	return floor && kind != WAL_FILE_UNKNOWN && kind != WAL_FILE_HISTORY &&
	       strncmp(file + POSITION_AT, floor + POSITION_AT,
		       WAL_SEGMENT_NAME_SIZE - 1 - POSITION_AT) < 0;
}

bool record_wal_removed(Catalog *catalog, const char *service, const char *repository,
			const GPtrArray *files, const char *floor, GError **error)
{
	g_autofree char *name = floor_name(service, repository);

	return catalog_fact_set(catalog, name, floor, error) &&
	       catalog_wal_delete(catalog, service, repository, (const char *const *)files->pdata,
				  files->len, error);
}

/* The journal still knows what expire removed: it is trimmed in large steps. */
static bool put_journaled(Catalog *catalog, const char *service, const char *repository,
			  const GArray *list, GError **error)
{
	g_autoptr(GArray) files = g_array_new(false, false, sizeof(struct catalog_wal));
	g_autofree char *name = floor_name(service, repository);
	g_autofree char *floor = NULL;

	if (!catalog_fact(catalog, name, &floor, error))
		return false;
	for (guint i = 0; i < list->len; i++) {
		const struct catalog_wal *file = &g_array_index(list, struct catalog_wal, i);

		if (!lies_below(file->file, floor))
			g_array_append_vals(files, file, 1);
	}
	return catalog_wal_put(catalog, service, repository,
			       (const struct catalog_wal *)(void *)files->data, files->len, error);
}

/* struct catalog_wal that refer to the records. */
static GArray *journaled_in(const GPtrArray *records, const struct wal_repository *repository)
{
	GArray *files = g_array_new(false, false, sizeof(struct catalog_wal));

	for (guint i = 0; i < records->len; i++) {
		const struct wal_record *record = records->pdata[i];
		struct catalog_wal file = {.file = record->file,
					   .size = record->size,
					   .stored_at = record->stored_at,
					   .written_at = record->written_at};

		if (wal_record_is_of(record, repository))
			g_array_append_val(files, file);
	}
	return files;
}

bool record_wal_journal(Catalog *catalog, const struct record_journal *journal, GError **error)
{
	g_autofree char *folder = g_build_filename(journal->state, "wal", NULL);
	g_autoptr(GPtrArray) records = NULL;

	if (!wal_journal_read_all(folder, &records, error))
		return false;
	for (guint i = 0; i < journal->repositories->len; i++) {
		const struct wal_repository *repository =
			&g_array_index(journal->repositories, struct wal_repository, i);
		g_autoptr(GArray) files = journaled_in(records, repository);

		if (!put_journaled(catalog, journal->service, repository->name, files, error))
			return false;
	}
	return true;
}

GArray *recorded_ranges(const GPtrArray *files, uint32_t segment_size)
{
	g_autofree struct wal_stored *stored = g_new0(struct wal_stored, files->len + 1);

	for (guint i = 0; i < files->len; i++) {
		const struct catalog_wal *file = files->pdata[i];

		stored[i] = (struct wal_stored){.file = file->file,
						.stored_at = file->stored_at,
						.written_at = file->written_at};
	}
	return wal_ranges(stored, files->len, segment_size);
}

static const struct catalog_set *newest_database_set(const GPtrArray *sets)
{
	for (guint i = sets->len; i > 0; i--) {
		const struct catalog_set *set = sets->pdata[i - 1];

		if (set->segment_size != 0)
			return set;
	}
	return NULL;
}

/* What follows the newest set without a hole. Whether a timeline branched off from where the stretch so
 * far has WAL shows only in history files, which the catalog does not read: it is assumed. */
void recorded_wal_find(const GPtrArray *sets, const GPtrArray *files, struct recorded_wal *result)
{
	const struct catalog_set *set = newest_database_set(sets);
	struct recorded_wal wal = {0};
	lsn_t reach = 0;

	*result = wal;
	if (!set)
		return;

	g_autoptr(GArray) ranges = recorded_ranges(files, set->segment_size);

	for (guint i = 0; i < ranges->len; i++) {
		const struct wal_range *range = &g_array_index(ranges, struct wal_range, i);
		bool follows = range->timeline == set->timeline
				       ? range->start <= set->start_lsn
				       : range->timeline > wal.timeline && range->start <= reach;

		if (range->timeline < set->timeline || range->end <= set->start_lsn)
			continue;
		if (!follows) {
			wal.gaps++;
			continue;
		}
		wal.timeline = range->timeline;
		wal.end = range->end;
		wal.stored_at = range->last_stored;
		wal.written_at = range->last_written;
		reach = MAX(reach, range->end);
	}
	wal.set_stopped = set->stopped;
	wal.set_stored = set->stored_at;
	*result = wal;
}

usec_t recorded_wal_point(const struct recorded_wal *wal)
{
	usec_t wal_point = wal->written_at ? MIN(wal->written_at, wal->stored_at) : wal->stored_at;

	return wal->set_stored == 0 ? 0 : MAX(wal_point, wal->set_stopped);
}

bool record_wal_end(Catalog *catalog, const char *service, const char *repository,
		    struct recorded_wal *result, GError **error)
{
	g_autoptr(GPtrArray) sets = NULL;
	g_autoptr(GPtrArray) files = NULL;

	g_autoptr(GHashTable) losses = NULL;

	if (!catalog_sets(catalog, service, repository, &sets, error) ||
	    !catalog_wal(catalog, service, repository, &files, error) ||
	    !catalog_losses(catalog, service, repository, &losses, error))
		return false;
	losses_leave_out(losses, sets, files);
	recorded_wal_find(sets, files, result);
	return true;
}

bool record_exposure(Catalog *catalog, const char *service, const char *repository, GError **error)
{
	struct recorded_wal wal;

	if (!record_wal_end(catalog, service, repository, &wal, error))
		return false;
	if (wal.set_stored == 0)
		return true;
	usec_t point = recorded_wal_point(&wal);

	return catalog_exposure_add(
		catalog, service, repository, PART_DATABASE,
		&(struct catalog_exposure){.usable_at =
						   MAX(MAX(wal.stored_at, point), wal.set_stored),
					   .recovery_point = point},
		error);
}

static bool put_alteration(Catalog *catalog, const char *service, const char *repository,
			   const struct store_alteration *one, GError **error)
{
	struct catalog_alteration row = {
		.name = one->name,
		.hidden = one->hidden,
		.what = one->what,
		.first_at = one->found_at,
		.last_at = one->found_at,
	};

	return catalog_alteration_put(catalog, service, repository, &row, error);
}

bool record_alterations(Catalog *catalog, const Repo *repo, GPtrArray **found, GError **error)
{
	g_autoptr(GPtrArray) taken = store_alterations_take(repo->store);

	for (guint i = 0; catalog && i < taken->len; i++)
		if (!put_alteration(catalog, repo->service.name, store_name(repo->store),
				    taken->pdata[i], error))
			return false;
	if (found)
		*found = g_steal_pointer(&taken);
	return true;
}

char *record_protection_fact(const char *service, const char *repository)
{
	return g_strdup_printf("protection.%s.%s", service, repository);
}

char *record_read_back_fact(const char *service, const char *repository)
{
	return g_strdup_printf("read-back.%s.%s", service, repository);
}

char *record_data_directory_fact(const char *service)
{
	return g_strdup_printf("data-directory.%s", service);
}

bool record_kept_alterations(Catalog *catalog, const char *service, const char *state,
			     GError **error)
{
	g_autoptr(GPtrArray) kept = archive_altered_take(state);

	for (guint i = 0; i < kept->len; i++) {
		const struct archive_altered *one = kept->pdata[i];

		if (!put_alteration(catalog, service, one->repository, &one->found, error))
			return false;
	}
	return true;
}
