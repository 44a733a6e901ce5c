#include "drill/draw/holdings.h"

static void set_lsn(json_t *object, const char *name, lsn_t lsn)
{
	g_autofree char *text = lsn_print(lsn);

	json_set_string(object, name, text);
}

DrawHoldings *draw_holdings_new(const struct draw_held_frame *frame)
{
	json_t *holdings = json_object();

	json_set_string(holdings, "type", DRAW_HOLDINGS_TYPE);
	json_set_string(holdings, "format", "1.0");
	json_set_int(holdings, "now_us", frame->now);
	json_set_int(holdings, "window_us", frame->window);
	json_set_int(holdings, "margin_us", frame->margin);
	json_set_string(holdings, "zone", frame->zone);
	json_set_bool(holdings, "only_anchors", frame->only_anchors);
	json_set(holdings, "sets", json_array());
	json_set(holdings, "anchors", json_array());
	return holdings;
}

void draw_holdings_add_set(DrawHoldings *holdings, const struct draw_held_set *set)
{
	g_autofree char *system = g_strdup_printf("%" G_GUINT64_FORMAT, set->system_identifier);
	json_t *entry = json_object();

	json_set_string(entry, "repository", set->repository);
	json_set_string(entry, "set", set->set);
	json_set_string(entry, "manifest_sha256", set->manifest_sha256);
	json_set_string(entry, "system_identifier", system);
	json_set_int(entry, "timeline", set->timeline);
	set_lsn(entry, "start", set->start);
	set_lsn(entry, "stop", set->stop);
	json_set_int(entry, "stopped_us", set->stopped);
	json_set_bool(entry, "opened", set->opened);
	json_set_known(entry, "end_us", set->end.time > 0 ? set->end.time : -1);
	set_lsn(entry, "end", set->end.lsn);
	json_array_append_new(json_object_get(holdings, "sets"), entry);
}

void draw_holdings_add_anchor(DrawHoldings *holdings, const struct draw_edge *anchor)
{
	json_t *entry = json_object();

	json_set_string(entry, "repository", anchor->repository);
	json_set_string(entry, "set", anchor->set);
	json_set_int(entry, "timeline", anchor->timeline);
	json_set_int(entry, "time_us", anchor->time);
	set_lsn(entry, "lsn", anchor->lsn);
	json_set_string(entry, "name", anchor->name);
	json_array_append_new(json_object_get(holdings, "anchors"), entry);
}

char *draw_holdings_print(const DrawHoldings *holdings)
{
	g_autofree char *text = json_print(holdings);

	return g_strconcat(text, "\n", NULL);
}
