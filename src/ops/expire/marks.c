#include "base/error.h"
#include "ops/expire/steps.h"
#include "repo/mark.h"

/* Those from before the oldest set that stays: no restore can begin early enough to reach them. */
struct old_marks {
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

static bool note_mark(void *data, const struct store_object *object)
{
	struct old_marks *old = data;
	uint8_t digest[MARK_DIGEST_SIZE];
	g_autofree char *id = NULL;

	if (layout_parse_mark(object->name, &id, digest) && object->stored_at < old->before)
		g_ptr_array_add(old->objects, store_object_copy(object));
	return true;
}

bool expire_marks(struct expire *expire, GError **error)
{
	g_autoptr(GPtrArray) objects =
		g_ptr_array_new_with_free_func((GDestroyNotify)store_object_free);
	struct old_marks old = {oldest_that_stays(expire), objects};
	g_autofree bool *removed = NULL;
	bool done;

	if (expire->out->unverified > 0)
		return true;
	if (!repo_list(expire->repo, "mark/", note_mark, &old, error))
		return false;
	removed = g_new0(bool, objects->len + 1);
	done = expire_remove(expire, objects, removed, error);
	for (guint i = 0; i < objects->len; i++)
		expire->out->marks += removed[i];
	return done;
}
