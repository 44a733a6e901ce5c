#include "collect/diff.h"

#include "base/error.h"

#include <string.h>

static struct collect_item *add(CollectIndex *index, const char *path, uint8_t digest,
				uint32_t mode)
{
	struct collect_item *item = g_new0(struct collect_item, 1);

	item->path = g_strdup(path);
	item->in_place = true;
	item->mode = mode;
	item->sha256[0] = digest;
	g_ptr_array_add(index->items, item);
	return item;
}

static void test_items(void)
{
	g_autoptr(CollectIndex) before = collect_index_new(), after = collect_index_new();
	g_autoptr(GString) text = g_string_new(NULL);

	add(before, "a/gone", 1, 0644);
	add(before, "b/both", 2, 0644);
	add(after, "b/both", 3, 0600);
	add(before, "b/mode", 4, 0644);
	add(after, "b/mode", 4, 0640);
	add(before, "b/same", 5, 0644)->mtime_ns = 7;
	add(after, "b/same", 5, 0644);
	add(before, "c/link", 0, 0777)->link = g_strdup("x");
	add(after, "c/link", 0, 0777)->link = g_strdup("y");
	add(before, "d/made", 6, 0600)->in_place = false;
	add(after, "d/made", 6, 0600)->in_place = false;
	((struct collect_item *)after->items->pdata[after->items->len - 1])->uid = 99;
	add(after, "e/new", 7, 0644);

	g_autoptr(GPtrArray) changes = collect_diff_items(before, after);

	for (guint i = 0; i < changes->len; i++) {
		const struct collect_change *change = changes->pdata[i];

		g_string_append_printf(text, "%s %s%s\n", collect_change_name(change->kind),
				       (change->before ? change->before : change->after)->path,
				       change->attributes ? " *" : "");
	}
	g_assert_cmpstr(text->str, ==,
			"removed a/gone\nchanged b/both *\nattributes b/mode *\nchanged c/link\n"
			"added e/new\n");
}

static void report(CollectIndex *index, const char *name, enum collect_state state)
{
	struct collect_report *made = g_new0(struct collect_report, 1);

	made->name = g_strdup(name);
	made->state = state;
	g_ptr_array_add(index->reports, made);
}

static void test_states(void)
{
	g_autoptr(CollectIndex) before = collect_index_new(), after = collect_index_new();
	g_autoptr(GString) text = g_string_new(NULL);

	report(before, "same", COLLECT_COLLECTED);
	report(after, "same", COLLECT_COLLECTED);
	report(before, "worse", COLLECT_COLLECTED);
	report(after, "worse", COLLECT_FAILED);
	report(before, "gone", COLLECT_ABSENT);
	report(after, "new", COLLECT_COLLECTED);
	g_autoptr(GArray) changes = collect_diff_states(before, after);

	for (guint i = 0; i < changes->len; i++) {
		const struct collect_state_change *change =
			&g_array_index(changes, struct collect_state_change, i);

		g_string_append_printf(text, "%s %s %s\n", change->name,
				       change->before ? change->before : "-",
				       change->after ? change->after : "-");
	}
	g_assert_cmpstr(text->str, ==, "worse collected failed\nnew - collected\ngone absent -\n");
}

static const struct {
	const char *before, *after, *shown;
} tables[] = {
	{"{}", "{}", ""},
	{"{\"libc\":\"1\",\"old\":\"2\"}", "{\"libc\":\"3\",\"new\":\"4\"}",
	 "libc: 1 -> 3\nnew: (none) -> 4\nold: 2 -> (none)\n"},
	{"{\"work_mem\":{\"setting\":\"4\",\"unit\":\"kB\"}}",
	 "{\"work_mem\":{\"setting\":\"8\",\"unit\":\"kB\",\"file\":null}}",
	 "work_mem/file: (none) -> null\nwork_mem/setting: 4 -> 8\n"},
	{"{}", "{\"cert\":{\"ends\":\"x\",\"ca\":true}}", "cert: (none) -> ca true, ends x\n"},
	{"{\"a\":1}", "{\"a\":{\"b\":2}}", "a: 1 -> b 2\n"},
	{"{\"a\":[1,2]}", "{\"a\":[1,2]}", ""},
};

static char *value(const json_t *json)
{
	return json ? collect_value_text(json) : g_strdup("(none)");
}

static void test_tables(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		g_autoptr(GPtrArray) changes = NULL;

		g_assert_true(collect_diff_tables(tables[i].before, strlen(tables[i].before),
						  tables[i].after, strlen(tables[i].after),
						  &changes, NULL));
		for (guint k = 0; k < changes->len; k++) {
			const struct collect_row_change *change = changes->pdata[k];
			g_autofree char *before = value(change->before);
			g_autofree char *after = value(change->after);

			g_string_append_printf(text, "%s%s%s: %s -> %s\n", change->row,
					       change->fact ? "/" : "",
					       change->fact ? change->fact : "", before, after);
		}
		g_assert_cmpstr(text->str, ==, tables[i].shown);
	}
}

static void test_broken(void)
{
	g_autoptr(GPtrArray) changes = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_false(collect_diff_tables("{}", 2, "[]", 2, &changes, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_clear_error(&error);
	g_assert_false(collect_diff_tables("{", 1, "{}", 2, &changes, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collect/diff/items", test_items);
	g_test_add_func("/collect/diff/collectors", test_states);
	g_test_add_func("/collect/diff/rows-and-facts-of-tables", test_tables);
	g_test_add_func("/collect/diff/what-is-no-table", test_broken);
	return g_test_run();
}
