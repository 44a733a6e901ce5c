#include "ops/restore/restore.h"

#include "base/error.h"
#include "base/task.h"
#include "repo/wal_held.h"

#include <string.h>

/* So many sets are read at first. */
#define BATCH_FIRST 32

void restore_holdings_clear(struct restore_holdings *holdings)
{
	holdings->manifests = NULL;
	g_clear_pointer(&holdings->index, manifest_index_free);
	g_clear_pointer(&holdings->order, g_array_unref);
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

static bool add_histories(Repo *repo, const Identity *identity, struct restore_holdings *holdings,
			  GError **error)
{
	const GPtrArray *held = holdings->held;

	g_ptr_array_add(holdings->histories, timeline_history_parse(1, NULL, NULL));
	for (guint i = 0; i < held->len; i++) {
		const struct wal_held *file = held->pdata[i];
		g_autoptr(GError) trouble = NULL;

		if (!file->complete || add_history(repo, identity, file, holdings, &trouble))
			continue;
		if (!concerns_one_file(trouble)) {
			g_propagate_error(error, g_steal_pointer(&trouble));
			return false;
		}
		g_ptr_array_add(holdings->troubles, g_strdup(trouble->message));
	}
	return true;
}

/* Once a set tells how long segments are. */
static void add_ranges(struct restore_holdings *holdings)
{
	g_autoptr(GArray) stored = g_array_new(false, false, sizeof(struct wal_stored));
	uint32_t size = segment_size(holdings->manifests);

	if (holdings->ranges->len > 0 || size == 0)
		return;
	for (guint i = 0; i < holdings->held->len; i++) {
		const struct wal_held *file = holdings->held->pdata[i];
		struct wal_stored one = {.file = file->file, .stored_at = file->stored_at};

		if (file->complete)
			g_array_append_val(stored, one);
	}
	g_array_unref(holdings->ranges);
	holdings->ranges =
		wal_ranges((const struct wal_stored *)(void *)stored->data, stored->len, size);
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
	bool done;

	if (listed)
		holdings->index = manifest_index_open(repo, identity, holdings->troubles, error);
	done = holdings->index != NULL;
	if (!task_wait(listed, &trouble) && done) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		done = false;
	}
	holdings->held = listing.held;
	return done;
}

/* Where they were stored at the same time, a set's own number says which is newer: they are read together. */
static gint by_stored(gconstpointer a, gconstpointer b, gpointer data)
{
	usec_t one = manifest_index_stored(data, *(const guint *)a);
	usec_t two = manifest_index_stored(data, *(const guint *)b);

	return one < two ? -1 : one > two;
}

/* No set that was begun later than this can have stopped by then; INT64_MAX: any may be wanted. */
static usec_t latest_begin(const struct restore_target *target)
{
	return target->type == RECOVERY_TIME ||
			       (target->type == RECOVERY_NAME && target->mark_timeline != 0)
		       ? target->time
		       : INT64_MAX;
}

static bool is_named(const struct restore_target *target, const char *set_id)
{
	return target->set && strcmp(target->set, set_id) == 0;
}

/* What is needed last comes first. */
static void put_in_order(struct restore_holdings *holdings, const struct restore_target *target)
{
	usec_t latest = latest_begin(target);
	GArray *sorted = g_array_new(false, false, sizeof(guint));
	guint count = manifest_index_count(holdings->index);

	holdings->order = g_array_new(false, false, sizeof(guint));
	for (guint i = 0; i < count; i++)
		g_array_append_val(sorted, i);
	g_array_sort_with_data(sorted, by_stored, holdings->index);
	for (int round = 0; round < 3; round++)
		for (guint i = 0; i < count; i++) {
			guint position = g_array_index(sorted, guint, i);
			const char *set_id = manifest_index_set(holdings->index, position);
			int needed = is_named(target, set_id)	     ? 2
				     : set_id_time(set_id) <= latest ? 1
								     : 0;

			if (needed == round)
				g_array_append_val(holdings->order, position);
		}
	g_array_unref(sorted);
}

/* At least so many of those that are needed first. */
static GArray *take_batch(struct restore_holdings *holdings, guint least)
{
	GArray *batch = g_array_new(false, false, sizeof(guint));
	GArray *order = holdings->order;

	while (order->len > 0) {
		guint position = g_array_index(order, guint, order->len - 1);
		guint last = batch->len ? g_array_index(batch, guint, batch->len - 1) : 0;

		if (batch->len >= least && manifest_index_stored(holdings->index, position) !=
						   manifest_index_stored(holdings->index, last))
			break;
		g_array_append_val(batch, position);
		g_array_set_size(order, order->len - 1);
	}
	return batch;
}

static bool read_batch(struct restore_holdings *holdings, guint least, GError **error)
{
	g_autoptr(GArray) batch = take_batch(holdings, least);

	if (!manifest_index_read(holdings->index, batch, error))
		return false;
	holdings->manifests = manifest_index_manifests(holdings->index);
	add_ranges(holdings);
	return true;
}

bool restore_holdings_begin(Repo *repo, const Identity *identity,
			    const struct restore_target *target, struct restore_holdings *holdings,
			    GError **error)
{
	bool oldest = g_strcmp0(target->set, "oldest") == 0;
	struct restore_holdings read = {
		.ranges = g_array_new(false, false, sizeof(struct wal_range)),
		.histories = g_ptr_array_new_with_free_func((GDestroyNotify)timeline_history_free),
		.troubles = g_ptr_array_new_with_free_func(g_free)};

	if (read_lists(repo, identity, &read, error)) {
		put_in_order(&read, target);
		if (read_batch(&read, oldest ? G_MAXUINT : BATCH_FIRST, error) &&
		    add_histories(repo, identity, &read, error)) {
			*holdings = read;
			return true;
		}
	}
	restore_holdings_clear(&read);
	return false;
}

bool restore_holdings_read_on(struct restore_holdings *holdings, bool *more, GError **error)
{
	*more = holdings->order->len > 0;
	/* Twice as many each time. */
	return read_batch(holdings, MAX(holdings->manifests->len, BATCH_FIRST), error);
}

bool restore_holdings_read(Repo *repo, const Identity *identity, struct restore_holdings *holdings,
			   GError **error)
{
	return restore_holdings_begin(
		repo, identity, &(struct restore_target){.set = (char *)"oldest"}, holdings, error);
}
