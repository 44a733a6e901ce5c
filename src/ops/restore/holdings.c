#include "ops/restore/restore.h"

#include "base/error.h"
#include "base/task.h"
#include "repo/wal_held.h"

void restore_holdings_clear(struct restore_holdings *holdings)
{
	g_clear_pointer(&holdings->manifests, g_ptr_array_unref);
	g_clear_pointer(&holdings->held, g_ptr_array_unref);
	g_clear_pointer(&holdings->ranges, g_array_unref);
	g_clear_pointer(&holdings->histories, g_ptr_array_unref);
	g_clear_pointer(&holdings->troubles, g_ptr_array_unref);
}

static uint32_t segment_size(const GPtrArray *manifests)
{
	for (guint i = manifests->len; i > 0; i--) {
		const Manifest *manifest = manifests->pdata[i - 1];

		if (manifest->wal)
			return manifest->wal->segment_size;
	}
	return 0;
}

static bool add_history(Repo *repo, const Identity *identity, const struct wal_held *held,
			struct restore_holdings *holdings, GError **error)
{
	g_autoptr(GByteArray) content = NULL;
	struct wal_facts facts = {0};
	uint32_t timeline;
	TimelineHistory *history;

	if (wal_file_kind(held->file, &timeline) != WAL_FILE_HISTORY)
		return true;
	for (guint i = 0; i < holdings->histories->len; i++)
		if (((TimelineHistory *)holdings->histories->pdata[i])->timeline == timeline)
			return true; /* the oldest valid one counts */
	if (!wal_fetch(repo, identity, held, 1, &content, &facts, error))
		return odr_context(error, "cannot read '%s'", held->file);
	wal_facts_clear(&facts);
	g_byte_array_append(content, (const guint8 *)"", 1);
	history = timeline_history_parse(timeline, (const char *)content->data, error);
	if (!history)
		return odr_context(error, "cannot read '%s'", held->file);
	g_ptr_array_add(holdings->histories, history);
	return true;
}

/* One history file that cannot be used must not keep sets on other timelines from being restored. */
static bool concerns_one_file(const GError *error)
{
	return odr_error_is(error, ODR_ERROR_CORRUPT) || odr_error_is(error, ODR_ERROR_REFUSED) ||
	       odr_error_is(error, ODR_ERROR_AUTH);
}

static bool add_archive(Repo *repo, const Identity *identity, struct restore_holdings *holdings,
			GError **error)
{
	const GPtrArray *held = holdings->held;
	g_autoptr(GArray) stored = g_array_new(false, false, sizeof(struct wal_stored));
	uint32_t size = segment_size(holdings->manifests);

	g_ptr_array_add(holdings->histories, timeline_history_parse(1, NULL, NULL));
	for (guint i = 0; i < held->len; i++) {
		const struct wal_held *file = held->pdata[i];
		g_autoptr(GError) trouble = NULL;

		if (!file->complete)
			continue;
		struct wal_stored one = {.file = file->file, .stored_at = file->stored_at};

		g_array_append_val(stored, one);
		if (!add_history(repo, identity, file, holdings, &trouble)) {
			if (!concerns_one_file(trouble)) {
				g_propagate_error(error, g_steal_pointer(&trouble));
				return false;
			}
			g_ptr_array_add(holdings->troubles, g_strdup(trouble->message));
		}
	}
	holdings->ranges = size ? wal_ranges((const struct wal_stored *)(void *)stored->data,
					     stored->len, size)
				: g_array_new(false, false, sizeof(struct wal_range));
	return true;
}

/* WAL is listed while the sets are read. */
struct wal_listing {
	Repo *repo;
	GPtrArray *held;
};

static bool list_wal(void *data, GError **error)
{
	struct wal_listing *listing = data;

	return wal_list(listing->repo, &listing->held, error);
}

static bool read_lists(Repo *repo, const Identity *identity, struct restore_holdings *holdings,
		       GError **error)
{
	struct wal_listing listing = {.repo = repo};
	struct task *listed = task_start(list_wal, &listing, error);
	g_autoptr(GError) trouble = NULL;
	bool done = listed &&
		    manifest_list(repo, identity, &holdings->manifests, holdings->troubles, error);

	if (!task_wait(listed, &trouble) && done) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		done = false;
	}
	holdings->held = listing.held;
	return done;
}

bool restore_holdings_read(Repo *repo, const Identity *identity, struct restore_holdings *holdings,
			   GError **error)
{
	struct restore_holdings read = {
		.histories = g_ptr_array_new_with_free_func((GDestroyNotify)timeline_history_free),
		.troubles = g_ptr_array_new_with_free_func(g_free)};

	if (!read_lists(repo, identity, &read, error) ||
	    !add_archive(repo, identity, &read, error)) {
		restore_holdings_clear(&read);
		return false;
	}
	*holdings = read;
	return true;
}
