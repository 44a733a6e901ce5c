#include "cli/views/mark.h"

#include "cli/line/output.h"
#include "cli/views/set.h"
#include "pg/wal.h"

static char *position_of(const struct catalog_mark *mark)
{
	char lsn[LSN_FORMAT_SIZE];

	if (mark->timeline == 0)
		return NULL;
	return g_strdup_printf("%s, timeline %u", lsn_format(mark->lsn, lsn), mark->timeline);
}

void mark_list_print(const GPtrArray *marks)
{
	static const char *const headings[] = {"mark", "made", "WAL", "note", NULL};
	TableOut *table = table_out_new(headings);

	for (guint i = 0; i < marks->len; i++) {
		const struct catalog_mark *mark = marks->pdata[i];
		g_autofree char *made = time_with_age(mark->made);
		g_autofree char *position = position_of(mark);

		table_out_row(table, mark->name ? mark->name : "(sealed)", made, position,
			      mark->note);
	}
	table_out_print(table, marks->len > 0 ? stdout : NULL);
}

json_t *mark_list_json(const char *service, const GPtrArray *marks)
{
	json_t *document = json_object(), *array = json_array();

	for (guint i = 0; i < marks->len; i++) {
		const struct catalog_mark *mark = marks->pdata[i];
		char lsn[LSN_FORMAT_SIZE];
		json_t *object = json_object();

		json_set_string(object, "mark", mark->mark_id);
		json_set_string(object, "name", mark->name);
		json_set_string(object, "note", mark->note);
		json_set_time(object, "made", mark->made);
		json_set_string(object, "lsn", mark->timeline ? lsn_format(mark->lsn, lsn) : NULL);
		json_set_int(object, "timeline", mark->timeline);
		json_array_append_new(array, object);
	}
	json_set_string(document, "service", service);
	json_set(document, "marks", array);
	return document;
}
