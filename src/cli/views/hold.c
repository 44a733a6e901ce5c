#include "cli/views/hold.h"

#include "base/text.h"
#include "cli/line/output.h"
#include "cli/views/set.h"
#include "ops/record.h"

#include <stdio.h>
#include <string.h>

char *hold_view_words(const struct hold *hold)
{
	g_autofree char *until = hold->until ? clock_format(hold->until) : NULL;
	g_autofree char *reason = text_escape(hold->reason ? hold->reason : "it does not verify");
	g_autofree char *by = text_escape(hold->by ? hold->by : "?");

	return g_strdup_printf("%s%s: %s (%s)", until ? "until " : "without end",
			       until ? until : "", reason, by);
}

json_t *hold_view_json(const GPtrArray *holds, const char *set_id)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	json_t *list = json_array();

	for (guint i = 0; holds && i < holds->len; i++) {
		const struct hold *hold = holds->pdata[i];

		if ((!set_id || strcmp(hold->set_id, set_id) == 0) &&
		    g_hash_table_add(seen, hold->name))
			json_array_append_new(list, record_hold_json(hold));
	}
	return list;
}

static void print_list(const GPtrArray *holds)
{
	static const char *const headings[] = {"set", "held since", "until", "by", "reason", NULL};
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	TableOut *table = table_out_new(headings);

	for (guint i = 0; i < holds->len; i++) {
		const struct hold *hold = holds->pdata[i];
		g_autofree char *made = hold->made ? time_with_age(hold->made) : NULL;
		g_autofree char *until = hold->until ? time_with_age(hold->until) : NULL;
		g_autofree char *by = text_escape(hold->by ? hold->by : "?");
		g_autofree char *reason =
			text_escape(hold->reason ? hold->reason : "it does not verify");

		if (g_hash_table_add(seen, hold->name))
			table_out_row(table, hold->set_id, made, until ? until : "it is released",
				      by, reason);
	}
	table_out_print(table, holds->len > 0 ? stdout : NULL);
	if (holds->len == 0)
		puts("No set is held.");
}

void hold_view_list(const struct arguments *arguments, const char *service, const GPtrArray *holds)
{
	json_t *document;

	if (!arguments_flag(arguments, "json")) {
		print_list(holds);
		return;
	}
	document = json_object();
	json_set_string(document, "service", service);
	json_set(document, "holds", hold_view_json(holds, NULL));
	json_out(document);
}
