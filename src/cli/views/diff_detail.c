#include "base/text_diff.h"
#include "cli/views/diff.h"
#include "collect/diff.h"

#define DETAIL_MAX ((uint64_t)16 << 20)

void diff_detail_clear(struct diff_detail *detail)
{
	g_clear_pointer(&detail->text, g_free);
	g_clear_pointer(&detail->rows, g_ptr_array_unref);
}

static bool compare(const struct collect_change *change, GBytes *before, GBytes *after,
		    struct diff_detail *detail, GError **error)
{
	gsize before_size, after_size;
	const char *a = g_bytes_get_data(before, &before_size);
	const char *b = g_bytes_get_data(after, &after_size);

	if (change->after->form == COLLECT_FORM_TABLE)
		return collect_diff_tables(a, before_size, b, after_size, &detail->rows, error);
	detail->text = text_diff(a ? a : "", before_size, b ? b : "", after_size);
	return true;
}

bool diff_detail_read(const struct set_difference *difference, const struct collect_change *change,
		      struct diff_detail *detail, GError **error)
{
	const struct collect_item *before = change->before, *after = change->after;
	g_autoptr(GBytes) a = NULL, b = NULL;

	*detail = (struct diff_detail){0};
	if (change->kind != COLLECT_CHANGED || before->form != after->form ||
	    (after->form != COLLECT_FORM_TEXT && after->form != COLLECT_FORM_TABLE))
		return true;
	if (before->size > DETAIL_MAX || after->size > DETAIL_MAX) {
		detail->too_large = true;
		return true;
	}
	return config_read_item(difference->config_before, before, DETAIL_MAX, &a, error) &&
	       config_read_item(difference->config_after, after, DETAIL_MAX, &b, error) &&
	       compare(change, a, b, detail, error);
}
