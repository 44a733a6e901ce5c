#include "base/error.h"
#include "ops/expire/steps.h"
#include "repo/layout.h"

/* Marks, anchors and moments from before the oldest set that stays: no restore can begin early enough to reach them. */
struct old_ones {
	usec_t before;
	GPtrArray *objects; /* struct store_object */
};

/* 0: no set stays. What a set says of its time, the store can only make older. */
static usec_t oldest_that_stays(const struct expire *expire)
{
	usec_t oldest = 0;

	for (guint i = 0; i < expire->manifests->len; i++) {
		const Manifest *manifest = expire->manifests->pdata[i];
		const struct expire_set *set = expire->out->sets->pdata[i];
		usec_t time = MIN(set_id_time(manifest->set_id), manifest->stored_at);

		if (!set->removed && (oldest == 0 || time < oldest))
			oldest = time;
	}
	return oldest;
}

static bool is_one(const char *name)
{
	uint8_t digest[MARK_DIGEST_SIZE];
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;

	return layout_parse_mark(name, &first, digest) || layout_parse_anchor(name, &first) ||
	       layout_parse_moment(name, &first, &second);
}

static bool note_old(void *data, const struct store_object *object)
{
	struct old_ones *old = data;

	if (object->stored_at < old->before && is_one(object->name))
		g_ptr_array_add(old->objects, store_object_copy(object));
	return true;
}

static bool remove_old(struct expire *expire, const char *prefix, unsigned *count, GError **error)
{
	g_autoptr(GPtrArray) objects =
		g_ptr_array_new_with_free_func((GDestroyNotify)store_object_free);
	struct old_ones old = {oldest_that_stays(expire), objects};
	g_autofree bool *removed = NULL;
	bool done;

	if (!repo_list(expire->repo, prefix, note_old, &old, error))
		return false;
	removed = g_new0(bool, objects->len + 1);
	done = expire_remove(expire, objects, removed, error);
	for (guint i = 0; i < objects->len; i++)
		*count += removed[i];
	return done;
}

bool expire_marks(struct expire *expire, GError **error)
{
	return expire->out->unverified > 0 ||
	       (remove_old(expire, "mark/", &expire->out->marks, error) &&
		remove_old(expire, "anchor/", &expire->out->anchors, error) &&
		remove_old(expire, "moment/", &expire->out->moments, error));
}
