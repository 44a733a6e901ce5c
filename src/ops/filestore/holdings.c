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

static void moment_destroy(void *moment)
{
	moment_free(moment);
}

/* One that does not verify proves nothing, which is no reason to restore less. */
static bool read_moments(Repo *repo, struct filestore_holdings *holdings, GError **error)
{
	g_autoptr(GPtrArray) listed = NULL;

	holdings->moments = g_ptr_array_new_with_free_func(moment_destroy);
	if (!moment_list(repo, PART_FILESTORE, &listed, error))
		return false;
	while (listed->len > 0) {
		struct moment *moment = g_ptr_array_steal_index(listed, 0);
		GError *trouble = NULL;

		if (moment_load(repo, moment, &trouble)) {
			g_ptr_array_add(holdings->moments, moment);
			continue;
		}
		g_ptr_array_add(holdings->troubles, g_strdup(trouble->message));
		g_error_free(trouble);
		moment_free(moment);
	}
	return true;
}

bool filestore_holdings_read(Repo *repo, const Identity *identity,
			     struct filestore_holdings *holdings, GError **error)
{
	holdings->troubles = g_ptr_array_new_with_free_func(g_free);
	return manifest_list(repo, identity, &holdings->manifests, holdings->troubles, error) &&
	       read_moments(repo, holdings, error);
}

bool filestore_holdings_choose(const struct filestore_holdings *holdings,
			       const struct filestore_span *span, struct filestore_choice *choice,
			       GError **error)
{
	const Manifest *manifest = newest(holdings);
	bool plain = manifest && g_strcmp0(layout_of(manifest), "plain") == 0;

	return plain ? filestore_choose_exactly(holdings->manifests, span, choice, error)
		     : filestore_choose(holdings->manifests, holdings->moments, span, choice,
					error);
}
