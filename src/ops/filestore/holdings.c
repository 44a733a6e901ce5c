#include "ops/restore/filestore.h"

#include "base/error.h"

#include <string.h>

void filestore_holdings_clear(struct filestore_holdings *holdings)
{
	g_clear_pointer(&holdings->manifests, g_ptr_array_unref);
	g_clear_pointer(&holdings->moments, g_ptr_array_unref);
	g_clear_pointer(&holdings->troubles, g_ptr_array_unref);
}

static const char *layout_of(const Manifest *manifest)
{
	const json_t *facts = json_object_get(manifest->facts, PART_FILESTORE);

	return json_string_value(json_object_get(facts, "layout"));
}

static const Manifest *newest(const struct filestore_holdings *holdings)
{
	for (guint i = holdings->manifests->len; i > 0; i--)
		if (manifest_part(holdings->manifests->pdata[i - 1], PART_FILESTORE))
			return holdings->manifests->pdata[i - 1];
	return NULL;
}

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

bool filestore_holdings_read(Repo *repo, const Identity *identity,
			     struct filestore_holdings *holdings, GError **error)
{
	g_autoptr(GPtrArray) listed = NULL;

	holdings->repo = repo;
	holdings->troubles = g_ptr_array_new_with_free_func(g_free);
	if (!manifest_list(repo, identity, &holdings->manifests, holdings->troubles, error) ||
	    !moment_list(repo, PART_FILESTORE, &listed, error))
		return false;
	g_ptr_array_sort(listed, by_name);
	holdings->moments = g_steal_pointer(&listed);
	return true;
}

bool filestore_holdings_choose(struct filestore_holdings *holdings,
			       const struct filestore_span *span, struct filestore_choice *choice,
			       GError **error)
{
	const Manifest *manifest = newest(holdings);
	g_autoptr(GPtrArray) moments = g_ptr_array_new();

	if (manifest && g_strcmp0(layout_of(manifest), "plain") == 0)
		return filestore_choose_exactly(holdings->manifests, span, choice, error);
	load_neighbours(holdings, span, moments);
	return filestore_choose(holdings->manifests, moments, span, choice, error);
}
