#include "ops/restore/filestore.h"

#include "base/error.h"

#include <string.h>

void filestore_holdings_clear(struct filestore_holdings *holdings)
{
	holdings->manifests = NULL;
	g_clear_pointer(&holdings->index, manifest_index_free);
	g_clear_pointer(&holdings->moments, g_ptr_array_unref);
	g_clear_pointer(&holdings->troubles, g_ptr_array_unref);
}

static const char *layout_of(const Manifest *manifest)
{
	const json_t *facts = json_object_get(manifest->facts, PART_FILESTORE);

	return json_string_value(json_object_get(facts, "layout"));
}

/* ---- sets ---------------------------------------------------------------------------------------- */

/* So many are read at a time at first, then twice as many. */
#define BATCH_FIRST 32
/* Clocks of hosts and stores differ by less. */
#define CLOCKS_APART USEC_PER_HOUR

static const Manifest *captured(const struct filestore_holdings *holdings, guint position)
{
	const Manifest *manifest = manifest_index_manifest(holdings->index, position);

	return manifest && manifest_part(manifest, PART_FILESTORE) ? manifest : NULL;
}

static usec_t begun(const struct filestore_holdings *holdings, guint position)
{
	return set_id_time(manifest_index_set(holdings->index, position));
}

static bool read_positions(struct filestore_holdings *holdings, const GArray *positions,
			   GError **error)
{
	if (!manifest_index_read(holdings->index, positions, error))
		return false;
	holdings->manifests = manifest_index_manifests(holdings->index);
	return true;
}

/* Whether it ends the walk; manifest is one of a filestore. */
typedef bool walk_end(const Manifest *manifest, const struct filestore_span *span);

static bool ended_before(const Manifest *manifest, const struct filestore_span *span)
{
	return manifest_part_stopped(manifest, PART_FILESTORE) <= span->from;
}

static bool began_behind(const Manifest *manifest, const struct filestore_span *span)
{
	return manifest_part_started(manifest, PART_FILESTORE) > span->to &&
	       !manifest_part_incomplete(manifest, PART_FILESTORE);
}

static bool any_capture(const Manifest *manifest, const struct filestore_span *span)
{
	(void)manifest, (void)span;
	return true;
}

struct walk {
	guint from;    /* the first position that is read */
	bool backward; /* to what was begun before */
	walk_end *ends;
	const struct filestore_span *span;
	const Manifest *found; /* which ended it; NULL: none did */
};

/* The next positions, as many as least; what there is. */
static GArray *next_batch(const struct filestore_holdings *holdings, struct walk *walk, guint least)
{
	GArray *batch = g_array_new(false, false, sizeof(guint));

	while (batch->len < least && walk->from < manifest_index_count(holdings->index)) {
		g_array_append_val(batch, walk->from);
		/* Before the first lies none. */
		walk->from = walk->backward ? walk->from - 1 : walk->from + 1;
	}
	return batch;
}

static bool walk_through(struct filestore_holdings *holdings, struct walk *walk, GError **error)
{
	for (guint least = BATCH_FIRST;; least *= 2) {
		g_autoptr(GArray) batch = next_batch(holdings, walk, least);

		if (batch->len == 0)
			return true;
		if (!read_positions(holdings, batch, error))
			return false;
		for (guint i = 0; i < batch->len && !walk->found; i++) {
			const Manifest *manifest =
				captured(holdings, g_array_index(batch, guint, i));

			if (manifest && walk->ends(manifest, walk->span))
				walk->found = manifest;
		}
		if (walk->found)
			return true;
	}
}

/* The first that was begun later. */
static guint first_behind(const struct filestore_holdings *holdings, usec_t time)
{
	guint low = 0, high = manifest_index_count(holdings->index);

	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (begun(holdings, middle) <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What was begun before, and stored since: it may have been under way then, however long ago it was begun. */
static bool read_under_way(struct filestore_holdings *holdings, guint behind, usec_t since,
			   GError **error)
{
	g_autoptr(GArray) positions = g_array_new(false, false, sizeof(guint));

	for (guint i = 0; i < behind; i++)
		if (manifest_index_stored(holdings->index, i) >= since - CLOCKS_APART)
			g_array_append_val(positions, i);
	return read_positions(holdings, positions, error);
}

static bool any_complete(const struct filestore_holdings *holdings)
{
	for (guint i = 0; i < holdings->manifests->len; i++) {
		const Manifest *manifest = holdings->manifests->pdata[i];

		if (manifest_part(manifest, PART_FILESTORE) &&
		    !manifest_part_incomplete(manifest, PART_FILESTORE))
			return true;
	}
	return false;
}

/* All that filestore_choose can want for the span: from the last capture that ended before it up to the first complete
 * one that began behind it, and what was under way between. */
static bool read_around(struct filestore_holdings *holdings, const struct filestore_span *span,
			GError **error)
{
	guint behind = first_behind(holdings, span->to);
	struct walk before = {.from = first_behind(holdings, span->from) - 1,
			      .backward = true,
			      .ends = ended_before,
			      .span = span};
	struct walk after = {.from = behind, .ends = began_behind, .span = span};

	if (!walk_through(holdings, &before, error) || !walk_through(holdings, &after, error))
		return false;
	if (before.found &&
	    !read_under_way(holdings, behind, manifest_part_stopped(before.found, PART_FILESTORE),
			    error))
		return false;
	if (before.found && any_complete(holdings))
		return true;
	return read_under_way(holdings, manifest_index_count(holdings->index), INT64_MIN / 2,
			      error);
}

/* Those that moments tell of. */
static bool read_sets_of(struct filestore_holdings *holdings, const GPtrArray *moments,
			 GError **error)
{
	g_autoptr(GArray) positions = g_array_new(false, false, sizeof(guint));

	for (guint i = 0; i < manifest_index_count(holdings->index); i++)
		for (guint k = 0; k < moments->len; k++)
			if (strcmp(manifest_index_set(holdings->index, i),
				   ((const struct moment *)moments->pdata[k])->set_id) == 0)
				g_array_append_val(positions, i);
	return read_positions(holdings, positions, error);
}

static bool find_end(struct filestore_holdings *holdings, bool oldest, const Manifest **manifest,
		     GError **error)
{
	struct walk walk = {.from = oldest ? 0 : manifest_index_count(holdings->index) - 1,
			    .backward = !oldest,
			    .ends = any_capture};

	if (!walk_through(holdings, &walk, error))
		return false;
	*manifest = walk.found;
	return true;
}

static bool find_named(struct filestore_holdings *holdings, const char *set_id,
		       const Manifest **manifest, GError **error)
{
	g_autoptr(GArray) positions = g_array_new(false, false, sizeof(guint));

	for (guint i = 0; i < manifest_index_count(holdings->index); i++)
		if (strcmp(manifest_index_set(holdings->index, i), set_id) == 0)
			g_array_append_val(positions, i);
	if (!read_positions(holdings, positions, error))
		return false;
	*manifest = positions->len ? captured(holdings, g_array_index(positions, guint, 0)) : NULL;
	return true;
}

bool filestore_holdings_set(struct filestore_holdings *holdings, const char *wanted,
			    const Manifest **manifest, GError **error)
{
	if (!(set_id_valid(wanted)
		      ? find_named(holdings, wanted, manifest, error)
		      : find_end(holdings, strcmp(wanted, "oldest") == 0, manifest, error)))
		return false;
	return *manifest || odr_fail(error, ODR_ERROR_NOT_FOUND,
				     "there is no capture of the filestore in '%s'", wanted);
}

/* ---- moments ------------------------------------------------------------------------------------- */

/* One that does not verify proves nothing, which is no reason to restore less. */
static bool load(struct filestore_holdings *holdings, struct moment *moment)
{
	g_autoptr(GError) trouble = NULL;

	if (moment_load(holdings->repo, moment, &trouble))
		return true;
	g_ptr_array_add(holdings->troubles, g_strdup(trouble->message));
	return false;
}

/* A name has whole seconds, and is made when the looking is over: that began before this. */
static bool began_before(const struct moment *moment, usec_t time)
{
	return set_id_time(moment->name) + USEC_PER_SEC <= time;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct moment *const *)a)->name, (*(struct moment *const *)b)->name);
}

/* There may be one for each minute of a month. What counts is the last before the span, and the first behind it: those
 * within it tell nothing that the sets do not. */
static void load_neighbours(struct filestore_holdings *holdings, const struct filestore_span *span,
			    GPtrArray *moments)
{
	const GPtrArray *listed = holdings->moments;
	guint behind = 0;
	bool found = false;

	while (behind < listed->len && began_before(listed->pdata[behind], span->from))
		behind++;
	for (guint i = behind; i > 0 && !found; i--) {
		found = load(holdings, listed->pdata[i - 1]);
		if (found)
			g_ptr_array_add(moments, listed->pdata[i - 1]);
	}
	found = false;
	for (guint i = behind; i < listed->len && !found; i++) {
		struct moment *moment = listed->pdata[i];

		if (began_before(moment, span->to) || !load(holdings, moment))
			continue;
		g_ptr_array_add(moments, moment);
		found = moment->started > span->to;
	}
}

/* ---- both ---------------------------------------------------------------------------------------- */

bool filestore_holdings_read(Repo *repo, const Identity *identity,
			     struct filestore_holdings *holdings, GError **error)
{
	g_autoptr(GPtrArray) listed = NULL;

	holdings->repo = repo;
	holdings->troubles = g_ptr_array_new_with_free_func(g_free);
	holdings->index = manifest_index_open(repo, identity, holdings->troubles, error);
	if (!holdings->index || !moment_list(repo, PART_FILESTORE, &listed, error))
		return false;
	holdings->manifests = manifest_index_manifests(holdings->index);
	g_ptr_array_sort(listed, by_name);
	holdings->moments = g_steal_pointer(&listed);
	return true;
}

bool filestore_holdings_choose(struct filestore_holdings *holdings,
			       const struct filestore_span *span, struct filestore_choice *choice,
			       GError **error)
{
	g_autoptr(GPtrArray) moments = g_ptr_array_new();
	const Manifest *newest = NULL;

	if (!find_end(holdings, false, &newest, error) || !read_around(holdings, span, error))
		return false;
	if (newest && g_strcmp0(layout_of(newest), "plain") == 0)
		return filestore_choose_exactly(holdings->manifests, span, choice, error);
	load_neighbours(holdings, span, moments);
	return read_sets_of(holdings, moments, error) &&
	       filestore_choose(holdings->manifests, moments, span, choice, error);
}
