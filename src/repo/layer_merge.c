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

static bool is_at(const struct local_entry *local, const GString *path)
{
	return local->path && local_entry_compare(local, path->str, path->len) == 0;
}

/* Those at the path that was shown last. */
static bool move_on(LayerMerge *merge, GError **error)
{
	for (guint i = 0; merge->moved && i < merge->cursors->len; i++) {
		struct local_entry local;

		if (!layer_cursor_get(merge->cursors->pdata[i], &local, error))
			return false;
		if (is_at(&local, merge->path))
			layer_cursor_next(merge->cursors->pdata[i]);
	}
	merge->moved = true;
	return true;
}

static bool starts_with(const GString *path, const char *prefix)
{
	return strncmp(path->str, prefix, strlen(prefix)) == 0;
}

/* Takes away the hiders that the path has passed. */
static bool is_hidden(LayerMerge *merge, guint layer)
{
	bool hidden = false;

	for (guint i = merge->hiders->len; i-- > 0;) {
		const struct hider *hider = &g_array_index(merge->hiders, struct hider, i);

		if (starts_with(merge->path, hider->prefix))
			hidden = hidden || layer < hider->layer;
		else if (strcmp(merge->path->str, hider->prefix) > 0)
			g_array_remove_index_fast(merge->hiders, i);
	}
	return hidden;
}

/* The entry of the newest layer at the least path of all. */
static bool least(LayerMerge *merge, struct merged_entry *merged, GError **error)
{
	*merged = (struct merged_entry){0};
	for (guint i = 0; i < merge->cursors->len; i++) {
		const struct local_entry *so_far = &merged->local;
		struct local_entry local;

		if (!layer_cursor_get(merge->cursors->pdata[i], &local, error))
			return false;
		if (local.path && (!so_far->path || local_entry_compare(&local, so_far->path,
									so_far->length) <= 0)) {
			merged->local = local;
			merged->layer = i;
		}
	}
	return true;
}

/* Every entry at the path that is no directory hides what lies below it in the layers before its own. */
static bool note_hiders(LayerMerge *merge, GError **error)
{
	for (guint i = 1; i < merge->cursors->len; i++) {
		struct local_entry local;

		if (!layer_cursor_get(merge->cursors->pdata[i], &local, error))
			return false;
		if (is_at(&local, merge->path) && local.kind != ENTRY_DIRECTORY) {
			struct hider hider = {g_strconcat(merge->path->str, "/", NULL), i};

			g_array_append_val(merge->hiders, hider);
		}
	}
	return true;
}

bool layer_merge_next(LayerMerge *merge, struct merged_entry *merged, GError **error)
{
	for (;;) {
		if (!move_on(merge, error) || !least(merge, merged, error))
			return false;
		const struct local_entry *local = &merged->local;

		if (!local->path)
			return true;
		g_string_truncate(merge->path, 0);
		g_string_append_len(merge->path, local->path, (gssize)local->length);
		if (local->flags & ENTRY_PATCH)
			return odr_fail(error, ODR_ERROR_REFUSED,
					"'%s' is a patch, which is not expected here",
					merge->path->str);
		bool hidden = is_hidden(merge, merged->layer);

		if (!note_hiders(merge, error))
			return false;
		/* A tombstone below another one is needed when that gives way to a folder again. */
		if (local->kind == ENTRY_TOMBSTONE ? merge->tombstones : !hidden)
			return true;
	}
}
