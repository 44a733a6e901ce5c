#include "cli/views/config.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "cli/line/output.h"
#include "cli/views/set.h"

#include <string.h>

char *config_view_mode(const struct collect_item *item)
{
	return g_strdup_printf("%04o", item->mode);
}

char *config_view_owner(const struct collect_item *item)
{
	g_autofree char *user =
		item->owner[0] ? g_strdup(item->owner) : g_strdup_printf("%u", item->uid);
	g_autofree char *group =
		item->group[0] ? g_strdup(item->group) : g_strdup_printf("%u", item->gid);

	return g_strdup_printf("%s:%s", user, group);
}

static unsigned items_of(const CollectIndex *index, const char *collector)
{
	unsigned count = 0;

	for (guint i = 0; i < index->items->len; i++) {
		const struct collect_item *item = index->items->pdata[i];

		count += strcmp(item->collector, collector) == 0;
	}
	return count;
}

static char *tinted_state(const struct collect_report *report)
{
	enum output_tint tint = report->state == COLLECT_COLLECTED ? TINT_OK
				: report->state == COLLECT_FAILED && report->required
					? TINT_CRITICAL
					: TINT_WARNING;

	return output_tint(collect_state_name(report->state), tint);
}

static void print_collectors(const CollectIndex *index)
{
	static const char *const headings[] = {">order",   "collector", "state", ">items",
					       "required", "why",	NULL};
	TableOut *table = table_out_new(headings);

	for (guint i = 0; i < index->reports->len; i++) {
		const struct collect_report *report = index->reports->pdata[i];
		g_autofree char *state = tinted_state(report);
		g_autofree char *order = g_strdup_printf("%u", report->order);
		g_autofree char *items = g_strdup_printf("%u", items_of(index, report->name));

		table_out_row(table, order, report->name, state, items,
			      report->required ? "yes" : "no", report->reason);
	}
	table_out_print(table, stdout);
}

static void print_notes(const CollectIndex *index)
{
	for (guint i = 0; i < index->reports->len; i++) {
		const struct collect_report *report = index->reports->pdata[i];

		for (guint k = 0; k < report->notes->len; k++)
			output_line(2, "-", "%s: %s", report->name,
				    (char *)report->notes->pdata[k]);
	}
}

static char *about(const struct collect_item *item)
{
	if (item->form == COLLECT_FORM_LINK)
		return g_strdup_printf("-> %s", item->link);
	return g_strdup(item->masked ? "masked" : "");
}

static void print_items(const CollectIndex *index)
{
	static const char *const headings[] = {"item", ">size", "mode", "owner", "", NULL};
	TableOut *table = table_out_new(headings);

	for (guint i = 0; i < index->items->len; i++) {
		const struct collect_item *item = index->items->pdata[i];
		g_autofree char *size = size_format(item->size);
		g_autofree char *mode = item->in_place ? config_view_mode(item) : NULL;
		g_autofree char *owner = item->in_place ? config_view_owner(item) : NULL;
		g_autofree char *more = about(item);

		table_out_row(table, item->path, size, mode, owner, *more ? more : " ");
	}
	table_out_print(table, stdout);
}

void config_view_print(const char *set_id, const CollectIndex *index)
{
	g_autofree char *taken = time_with_age(index->taken);

	output_line(14, "set", "%s", set_id);
	output_line(14, "configuration", "of %s", taken);
	printf("\n");
	print_collectors(index);
	printf("\n");
	print_items(index);
	for (guint i = 0; i < index->reports->len; i++)
		if (((const struct collect_report *)index->reports->pdata[i])->notes->len > 0) {
			printf("\nNotes:\n");
			break;
		}
	print_notes(index);
}

/* As the index on the store, with times for people, and the set it is of. */
json_t *config_view_json(const char *set_id, const CollectIndex *index)
{
	g_autofree char *text = collect_index_print(index);
	json_t *document = NULL;
	bool parsed = json_parse(text, strlen(text), "the index", &document, NULL);

	g_assert(parsed);
	json_object_del(document, "format");
	json_object_del(document, "taken_us");
	json_set_time(document, "taken", index->taken);
	json_set_string(document, "set", set_id);
	json_set_string(document, "part", "config");
	return document;
}
