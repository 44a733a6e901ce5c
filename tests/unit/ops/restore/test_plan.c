#include "plan_examples.h"

#include <string.h>

static Manifest *manifest_of(const struct set *set)
{
	Manifest *manifest = manifest_new();
	struct set_part *part = g_new0(struct set_part, 1);

	part->part = g_strdup(PART_DATABASE);
	part->kind = g_strdup("full");
	part->layers = g_array_new(false, false, sizeof(struct layer_ref));
	g_ptr_array_add(manifest->parts, part);
	manifest->set_id = g_strdup(set->id);
	manifest->has_sealed = !set->closed;
	manifest->stopped = set->closed ? 0 : SEC(set->stopped);
	manifest->wal = g_new0(struct set_wal, 1);
	manifest->wal->timeline = set->timeline;
	manifest->wal->segment_size = SEGMENT;
	manifest->wal->start = set->start;
	manifest->wal->stop = set->stop;
	manifest->wal->objects = g_ptr_array_new();
	wal_segment_name(set->timeline, set->start, SEGMENT, manifest->wal->first);
	wal_segment_name(set->timeline, set->stop - 1, SEGMENT, manifest->wal->last);
	json_set_int(manifest->server, "next_xid", set->next_xid);
	return manifest;
}

struct holdings {
	GPtrArray *manifests, *histories;
	GArray *ranges;
};

static void holdings_of(const struct example *example, struct holdings *holdings)
{
	g_autoptr(GError) error = NULL;

	holdings->manifests = g_ptr_array_new_with_free_func((GDestroyNotify)manifest_free);
	holdings->histories = g_ptr_array_new_with_free_func((GDestroyNotify)timeline_history_free);
	holdings->ranges = g_array_new(false, false, sizeof(struct wal_range));
	g_ptr_array_add(holdings->histories, timeline_history_parse(1, NULL, &error));
	for (guint i = 0; i < MAXIMUM; i++) {
		const struct range *from = &example->ranges[i];
		struct wal_range range = {from->timeline, from->start, from->end, SEC(1),
					  SEC(from->stored)};

		if (example->sets[i].id)
			g_ptr_array_add(holdings->manifests, manifest_of(&example->sets[i]));
		if (from->timeline)
			g_array_append_val(holdings->ranges, range);
		if (example->histories[i])
			g_ptr_array_add(
				holdings->histories,
				timeline_history_parse(i + 2, example->histories[i], &error));
		g_assert_no_error(error);
	}
}

static void holdings_clear(struct holdings *holdings)
{
	g_ptr_array_unref(holdings->manifests);
	g_ptr_array_unref(holdings->histories);
	g_array_unref(holdings->ranges);
}

static void assert_warning(const GPtrArray *warnings, const char *text)
{
	if (!text) {
		if (warnings->len > 0)
			g_error("a warning too many: %s", (char *)warnings->pdata[0]);
		return;
	}
	for (guint i = 0; i < warnings->len; i++)
		if (strstr(warnings->pdata[i], text))
			return;
	g_error("no warning says '%s'; the last of %u: %s", text, warnings->len,
		warnings->len ? (char *)warnings->pdata[warnings->len - 1] : "-");
}

static void assert_plan(const struct example *example, const struct restore_plan *plan)
{
	g_assert_cmpstr(plan->manifest->set_id, ==, example->set);
	g_assert_cmpuint(plan->timeline, ==, example->timeline);
	g_assert_cmphex(plan->wal_end, ==, example->end);
	g_assert_cmpint(plan->wal_end_stored, ==, SEC(example->stored));
	g_assert_cmpstr(plan->missing, ==, example->missing);
	g_assert_cmpuint(plan->segments, ==, example->segments);
	g_assert_cmpstr(plan->first_segment, ==, example->first);
	g_assert_cmpstr(plan->last_segment, ==, example->last);
	if (!g_str_has_prefix(plan->point, example->point))
		g_error("'%s' does not begin with '%s'", plan->point, example->point);
	assert_warning(plan->warnings, example->warning);
}

static void test_example(const void *data)
{
	const struct example *example = data;
	g_autoptr(GError) error = NULL;
	struct restore_plan plan = {0};
	struct holdings holdings;

	holdings_of(example, &holdings);

	struct restore_source source = {holdings.manifests, holdings.ranges, holdings.histories};
	bool planned = restore_plan(&source, &example->target, &plan, &error);

	if (example->set) {
		g_assert_no_error(error);
		g_assert_true(planned);
		assert_plan(example, &plan);
	} else {
		g_assert_false(planned);
		g_assert_error(error, ODR_ERROR, (gint)example->code);
		g_assert_cmpstr(error->message, ==, example->message);
	}
	restore_plan_clear(&plan);
	holdings_clear(&holdings);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(examples); i++) {
		g_autofree char *path = g_strdup_printf("/restore-plan/%s", examples[i].promise);

		g_test_add_data_func(path, &examples[i], test_example);
	}
	return g_test_run();
}
