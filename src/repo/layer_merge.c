#include "repo/layer_merge.h"

#include "base/error.h"

#include <string.h>

/* What is below a path is hidden in the layers before this one. */
struct hider {
	char *prefix; /* the path and a slash */
	guint layer;
};

struct layer_merge {
	bool tombstones;
	GPtrArray *cursors; /* LayerCursor, oldest first */
	GArray *hiders;	    /* struct hider: few, and only those whose paths are still to come */
	GString *path;	    /* shown last */
	bool moved;	    /* the cursors at path are to go on before the next is shown */
};

static void hider_clear(void *data)
{
	g_free(((struct hider *)data)->prefix);
}

static void cursor_release(void *data)
{
	layer_cursor_free(data);
}

LayerMerge *layer_merge_new(const struct layer_merge_settings *settings)
{
	LayerMerge *merge = g_new0(LayerMerge, 1);

	merge->tombstones = settings->tombstones;
	merge->cursors = g_ptr_array_new_with_free_func(cursor_release);
	for (guint i = 0; i < settings->files->len; i++)
		g_ptr_array_add(merge->cursors, layer_cursor_new(settings->files->pdata[i]));
	merge->hiders = g_array_new(false, false, sizeof(struct hider));
	g_array_set_clear_func(merge->hiders, hider_clear);
	merge->path = g_string_new(NULL);
	return merge;
}

void layer_merge_free(LayerMerge *merge)
{
	if (!merge)
		return;
	g_ptr_array_unref(merge->cursors);
	g_array_unref(merge->hiders);
	g_string_free(merge->path, true);
	g_free(merge);
}

bool layer_merge_seek(LayerMerge *merge, const char *path, GError **error)
{
	g_array_set_size(merge->hiders, 0);
	merge->moved = false;
	for (guint i = 0; i < merge->cursors->len; i++)
		if (!layer_cursor_seek(merge->cursors->pdata[i], path, error))
			return false;
	return true;
}

/* Those at the path that was shown last. */
static bool move_on(LayerMerge *merge, GError **error)
{
	for (guint i = 0; merge->moved && i < merge->cursors->len; i++) {
		struct local_entry local;

		if (!layer_cursor_get(merge->cursors->pdata[i], &local, error))
			return false;
		if (local.entry && strcmp(local.entry->path, merge->path->str) == 0)
			layer_cursor_next(merge->cursors->pdata[i]);
	}
	merge->moved = true;
	return true;
}

static void hide_below(LayerMerge *merge, const struct layer_entry *entry, guint layer)
{
	struct hider hider = {g_strconcat(entry->path, "/", NULL), layer};

	g_array_append_val(merge->hiders, hider);
}

/* Takes away the hiders that the path has passed. */
static bool is_hidden(LayerMerge *merge, const char *path, guint layer)
{
	bool hidden = false;

	for (guint i = merge->hiders->len; i-- > 0;) {
		const struct hider *hider = &g_array_index(merge->hiders, struct hider, i);

		if (g_str_has_prefix(path, hider->prefix))
			hidden = hidden || layer < hider->layer;
		else if (strcmp(path, hider->prefix) > 0)
			g_array_remove_index_fast(merge->hiders, i);
	}
	return hidden;
}

/* The entry of the newest layer at the least path of all. */
static bool least(LayerMerge *merge, struct merged_entry *merged, GError **error)
{
	*merged = (struct merged_entry){0};
	for (guint i = 0; i < merge->cursors->len; i++) {
		const struct layer_entry *so_far = merged->local.entry;
		struct local_entry local;

		if (!layer_cursor_get(merge->cursors->pdata[i], &local, error))
			return false;
		if (local.entry && (!so_far || strcmp(local.entry->path, so_far->path) <= 0)) {
			merged->local = local;
			merged->layer = i;
		}
	}
	return true;
}

/* Every entry at the path that is no directory hides what lies below it in the layers before its own. */
static bool note_hiders(LayerMerge *merge, const char *path, GError **error)
{
	for (guint i = 1; i < merge->cursors->len; i++) {
		struct local_entry local;

		if (!layer_cursor_get(merge->cursors->pdata[i], &local, error))
			return false;
		if (local.entry && local.entry->kind != ENTRY_DIRECTORY &&
		    strcmp(local.entry->path, path) == 0)
			hide_below(merge, local.entry, i);
	}
	return true;
}

bool layer_merge_next(LayerMerge *merge, struct merged_entry *merged, GError **error)
{
	for (;;) {
		if (!move_on(merge, error) || !least(merge, merged, error))
			return false;
		const struct layer_entry *entry = merged->local.entry;

		if (!entry)
			return true;
		g_string_assign(merge->path, entry->path);
		if (entry->flags & ENTRY_PATCH)
			return odr_fail(error, ODR_ERROR_REFUSED,
					"'%s' is a patch, which is not expected here", entry->path);
		bool hidden = is_hidden(merge, entry->path, merged->layer);

		if (!note_hiders(merge, entry->path, error))
			return false;
		if (!hidden && (entry->kind != ENTRY_TOMBSTONE || merge->tombstones))
			return true;
	}
}
