#include "ops/durable.h"

#include "base/error.h"
#include "repo/wal_journal.h"

#define POLL_US 20000

static bool in_every_repository(const GPtrArray *repos, const GPtrArray *records)
{
	for (guint i = 0; i < repos->len; i++) {
		struct wal_repository repository = wal_repository_of(repos->pdata[i]);
		bool there = false;

		for (guint k = 0; k < records->len && !there; k++)
			there = wal_record_is_of(records->pdata[k], &repository);
		if (!there)
			return false;
	}
	return true;
}

bool durable_file(const char *state, const GPtrArray *repos, const char *file, bool *durable,
		  GError **error)
{
	g_autofree char *folder = g_build_filename(state, "wal", NULL);
	g_autoptr(GPtrArray) records = NULL;

	if (!wal_journal_find(folder, file, &records, error))
		return false;
	*durable = in_every_repository(repos, records);
	return true;
}

/* The first segment from *at on that is not durable everywhere; "" when all are. */
static bool first_missing(const struct durable_wait *wait, uint32_t timeline, lsn_t last, lsn_t *at,
			  char name[WAL_SEGMENT_NAME_SIZE], GError **error)
{
	for (; *at <= last; *at += wait->segment_size) {
		bool durable;

		wal_segment_name(timeline, *at, wait->segment_size, name);
		if (!durable_file(wait->state, wait->repos, name, &durable, error))
			return false;
		if (!durable)
			return true;
	}
	name[0] = '\0';
	return true;
}

bool durable_wait(const struct durable_wait *wait, GError **error)
{
	usec_t since = clock_monotonic();
	uint32_t timeline, last_timeline;
	lsn_t at, last, reached;
	char missing[WAL_SEGMENT_NAME_SIZE];

	if (!wal_segment_parse(wait->first, wait->segment_size, &timeline, &at) ||
	    !wal_segment_parse(wait->last, wait->segment_size, &last_timeline, &last) ||
	    timeline != last_timeline)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"the server named '%s' and '%s' as WAL segments", wait->first,
				wait->last);
	reached = at;
	for (;;) {
		if (!first_missing(wait, timeline, last, &at, missing, error))
			return false;
		if (!missing[0])
			return true;
		if (at > reached) {
			reached = at;
			since = clock_monotonic();
		}
		if (clock_monotonic() - since > wait->timeout) {
			g_autofree char *time = duration_format(wait->timeout);

			return odr_fail(error, ODR_ERROR_TRANSIENT,
					"WAL segment %s was not pushed within %s", missing, time);
		}
		if (wait->tick && !wait->tick(wait->tick_data, error))
			return false;
		g_usleep(POLL_US);
	}
}

bool durable_check_present(const char *state, const char *segment, GError **error)
{
	g_autofree char *folder = g_build_filename(state, "wal", NULL);
	g_autoptr(GPtrArray) records = NULL;

	if (!wal_journal_find(folder, segment, &records, error))
		return false;
	if (records->len > 0)
		return odr_fail(
			error, ODR_ERROR_REFUSED,
			"WAL segment %s, which the server is still writing, was archived before: "
			"the data directory was set back to an earlier state without a recovery "
			"(a snapshot?), and goes on differently; recover it with odrbackup "
			"restore, which begins a new timeline, or make a new service for it",
			segment);
	return true;
}

/* Whether a manifest lists a file of this name: history files are few, and needed from the first. */
static bool is_listed(const char *file, const struct set_wal *wal, lsn_t first)
{
	uint32_t timeline;
	lsn_t start;

	if (wal_segment_parse(file, wal->segment_size, &timeline, &start))
		return start >= first && start < wal->stop;
	return wal_file_kind(file, NULL) == WAL_FILE_HISTORY;
}

/* Records by the objects they are of, in order: arrays of records, by name. */
static GPtrArray *group_by_object(const GPtrArray *records, GPtrArray *locals)
{
	GPtrArray *groups = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	g_autoptr(GHashTable) by_local = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < records->len; i++) {
		struct wal_record *record = records->pdata[i];
		char *local = layout_wal(record->file, record->digest);
		GPtrArray *group = g_hash_table_lookup(by_local, local);

		if (!group) {
			group = g_ptr_array_new();
			g_ptr_array_add(groups, group);
			g_ptr_array_add(locals, local);
			g_hash_table_insert(by_local, local, group);
		} else {
			g_free(local);
		}
		g_ptr_array_add(group, record);
	}
	return groups;
}

bool durable_objects(const struct durable_query *query, GPtrArray **objects, GError **error)
{
	const struct set_wal *wal = query->wal;
	g_autofree char *folder = g_build_filename(query->state, "wal", NULL);
	g_autoptr(GPtrArray) records = NULL;
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	lsn_t first = wal->start - wal->start % wal->segment_size;

	if (query->since != 0 && query->since < first)
		first = query->since - query->since % wal->segment_size;
	if (!wal_journal_read_all(folder, &records, error))
		return false;

	g_autoptr(GPtrArray) locals = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) groups = group_by_object(records, locals);

	for (guint i = 0; i < groups->len; i++) {
		const GPtrArray *group = groups->pdata[i];
		const struct wal_record *record = group->pdata[0];

		if (is_listed(record->file, wal, first) && in_every_repository(query->repos, group))
			g_ptr_array_add(list, g_strdup(locals->pdata[i]));
	}
	*objects = g_steal_pointer(&list);
	return true;
}
