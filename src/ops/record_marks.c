#include "base/error.h"
#include "ops/record.h"

#include <string.h>

bool record_mark(Catalog *catalog, const Repo *repo, const struct mark *mark, GError **error)
{
	return catalog_mark_put(catalog, repo->service.name, store_name(repo->store),
				&(struct catalog_mark){.mark_id = mark->id,
						       .name = mark->name,
						       .note = mark->note,
						       .made = mark->made,
						       .timeline = mark->timeline,
						       .lsn = mark->lsn},
				error);
}

/* What the catalog has of it, or NULL. */
static const struct catalog_mark *known_mark(const GPtrArray *known, const char *mark_id)
{
	for (guint i = 0; i < known->len; i++) {
		const struct catalog_mark *mark = known->pdata[i];

		if (strcmp(mark->mark_id, mark_id) == 0)
			return mark;
	}
	return NULL;
}

static bool learn(Catalog *catalog, Repo *repo, const Identity *identity, const char *mark_id,
		  GPtrArray *troubles, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(Mark) mark = NULL;

	if (mark_load(repo, identity, mark_id, &mark, &cause))
		return record_mark(catalog, repo, mark, error);
	if (!repo_concerns_one(cause) && !odr_error_is(cause, ODR_ERROR_AUTH)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	g_ptr_array_add(troubles, g_strdup(cause->message));
	return true;
}

static bool forget_gone(Catalog *catalog, Repo *repo, const GPtrArray *known, const GPtrArray *ids,
			GError **error)
{
	for (guint i = 0; i < known->len; i++) {
		const char *mark_id = ((const struct catalog_mark *)known->pdata[i])->mark_id;

		if (!g_ptr_array_find_with_equal_func((GPtrArray *)ids, mark_id, g_str_equal,
						      NULL) &&
		    !catalog_mark_delete(catalog, repo->service.name, store_name(repo->store),
					 mark_id, error))
			return false;
	}
	return true;
}

bool record_marks(Catalog *catalog, Repo *repo, const Identity *identity, GPtrArray *troubles,
		  GError **error)
{
	g_autoptr(GPtrArray) known = NULL, ids = NULL;

	if (!mark_list(repo, NULL, &ids, error) ||
	    !catalog_marks(catalog, repo->service.name, store_name(repo->store), &known, error))
		return false;
	for (guint i = 0; i < ids->len; i++) {
		const struct catalog_mark *mark = known_mark(known, ids->pdata[i]);

		if (mark && (mark->name || !identity))
			continue;
		if (!learn(catalog, repo, identity, ids->pdata[i], troubles, error))
			return false;
	}
	return forget_gone(catalog, repo, known, ids, error);
}
