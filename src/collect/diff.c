#include "collect/diff.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

const char *collect_change_name(enum collect_change_kind kind)
{
	static const char *const names[] = {[COLLECT_ADDED] = "added",
					    [COLLECT_REMOVED] = "removed",
					    [COLLECT_CHANGED] = "changed",
					    [COLLECT_ATTRIBUTES] = "attributes"};

	return names[kind];
}

/* ---- items ----------------------------------------------------------------------------------- */

static bool same_content(const struct collect_item *before, const struct collect_item *after)
{
	return before->form == after->form && before->size == after->size &&
	       memcmp(before->sha256, after->sha256, SHA256_SIZE) == 0 &&
	       g_strcmp0(before->link, after->link) == 0;
}

/* What collectors make themselves belongs to whoever ran them. */
static bool same_attributes(const struct collect_item *before, const struct collect_item *after)
{
	return !before->in_place || !after->in_place ||
	       (before->mode == after->mode && before->uid == after->uid &&
		before->gid == after->gid);
}

static void add_change(GPtrArray *changes, const struct collect_item *before,
		       const struct collect_item *after)
{
	struct collect_change change = {.before = before, .after = after};

	if (!before) {
		change.kind = COLLECT_ADDED;
	} else if (!after) {
		change.kind = COLLECT_REMOVED;
	} else {
		change.attributes = !same_attributes(before, after);
		change.kind = COLLECT_ATTRIBUTES;
		if (!same_content(before, after))
			change.kind = COLLECT_CHANGED;
		else if (!change.attributes)
			return;
	}
	g_ptr_array_add(changes, g_memdup2(&change, sizeof(change)));
}

/* Both lists ascend. */
GPtrArray *collect_diff_items(const CollectIndex *before, const CollectIndex *after)
{
	GPtrArray *changes = g_ptr_array_new_with_free_func(g_free);
	guint i = 0, k = 0;

	while (i < before->items->len || k < after->items->len) {
		const struct collect_item *a =
			i < before->items->len ? before->items->pdata[i] : NULL;
		const struct collect_item *b =
			k < after->items->len ? after->items->pdata[k] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->path, b->path);

		add_change(changes, order <= 0 ? a : NULL, order >= 0 ? b : NULL);
		i += order <= 0;
		k += order >= 0;
	}
	return changes;
}

/* ---- collectors ------------------------------------------------------------------------------ */

static const char *state_of(const CollectIndex *index, const char *name)
{
	for (guint i = 0; i < index->reports->len; i++) {
		const struct collect_report *report = index->reports->pdata[i];

		if (strcmp(report->name, name) == 0)
			return collect_state_name(report->state);
	}
	return NULL;
}

static void add_state(GArray *changes, const char *name, const CollectIndex *before,
		      const CollectIndex *after)
{
	struct collect_state_change change = {name, state_of(before, name), state_of(after, name)};

	if (g_strcmp0(change.before, change.after) != 0)
		g_array_append_val(changes, change);
}

GArray *collect_diff_states(const CollectIndex *before, const CollectIndex *after)
{
	GArray *changes = g_array_new(false, false, sizeof(struct collect_state_change));

	for (guint i = 0; i < after->reports->len; i++) {
		const struct collect_report *report = after->reports->pdata[i];

		add_state(changes, report->name, before, after);
	}
	for (guint i = 0; i < before->reports->len; i++) {
		const struct collect_report *report = before->reports->pdata[i];

		if (!state_of(after, report->name))
			add_state(changes, report->name, before, after);
	}
	return changes;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void row_change_free(void *data)
{
	struct collect_row_change *change = data;

	g_free(change->row);
	g_free(change->fact);
	json_decref(change->before);
	json_decref(change->after);
	g_free(change);
}

static void add_row_change(GPtrArray *changes, const char *row, const char *fact, json_t *before,
			   json_t *after)
{
	struct collect_row_change *change = g_new0(struct collect_row_change, 1);

	change->row = g_strdup(row);
	change->fact = g_strdup(fact);
	change->before = json_incref(before);
	change->after = json_incref(after);
	g_ptr_array_add(changes, change);
}

/* The names of both objects, each once, ascending. */
static GPtrArray *names_of(json_t *before, json_t *after)
{
	GPtrArray *names = g_ptr_array_new();
	const char *name;
	json_t *value;

	json_object_foreach(before, name, value)
	{
		g_ptr_array_add(names, (char *)name);
	}
	json_object_foreach(after, name, value)
	{
		if (!json_object_get(before, name))
			g_ptr_array_add(names, (char *)name);
	}
	g_ptr_array_sort(names, text_compare);
	return names;
}

static void compare_rows(GPtrArray *changes, const char *row, json_t *before, json_t *after)
{
	g_autoptr(GPtrArray) facts = NULL;

	if (before && after && json_equal(before, after))
		return;
	if (!json_is_object(before) || !json_is_object(after)) {
		add_row_change(changes, row, NULL, before, after);
		return;
	}
	facts = names_of(before, after);
	for (guint i = 0; i < facts->len; i++) {
		json_t *a = json_object_get(before, facts->pdata[i]);
		json_t *b = json_object_get(after, facts->pdata[i]);

		if (!a || !b || !json_equal(a, b))
			add_row_change(changes, row, facts->pdata[i], a, b);
	}
}

static bool parse_table(const char *text, size_t size, json_t **table, GError **error)
{
	if (!json_parse(text, size, "the table", table, error))
		return false;
	return json_is_object(*table) ||
	       odr_fail(error, ODR_ERROR_CORRUPT, "the table is no JSON object");
}

bool collect_diff_tables(const char *before, size_t before_size, const char *after,
			 size_t after_size, GPtrArray **changes, GError **error)
{
	g_autoptr(JsonValue) a = NULL, b = NULL;
	g_autoptr(GPtrArray) names = NULL;

	if (!parse_table(before, before_size, &a, error) ||
	    !parse_table(after, after_size, &b, error))
		return false;
	*changes = g_ptr_array_new_with_free_func(row_change_free);
	names = names_of(a, b);
	for (guint i = 0; i < names->len; i++)
		compare_rows(*changes, names->pdata[i], json_object_get(a, names->pdata[i]),
			     json_object_get(b, names->pdata[i]));
	return true;
}

char *collect_value_text(const json_t *value)
{
	g_autoptr(GPtrArray) names = NULL;
	GString *text;

	if (json_is_string(value))
		return g_strdup(json_string_value(value));
	if (!json_is_object(value))
		return json_print(value);
	names = names_of((json_t *)value, NULL);
	text = g_string_new(NULL);
	for (guint i = 0; i < names->len; i++) {
		json_t *member = json_object_get(value, names->pdata[i]);
		g_autofree char *shown = json_is_string(member)
						 ? g_strdup(json_string_value(member))
						 : json_print(member);

		g_string_append_printf(text, "%s%s %s", i ? ", " : "", (char *)names->pdata[i],
				       shown);
	}
	return g_string_free(text, false);
}
