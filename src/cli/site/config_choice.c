#include "cli/site/config_choice.h"

#include "base/error.h"

#include <string.h>

#define NAMED_MAX 10 /* in a message */

static bool is_named(const struct collect_item *item, const char *name)
{
	return strcmp(item->path, name) == 0 || (item->in_place && strcmp(item->source, name) == 0);
}

/* "odoo.conf", "odoo/odoo.conf": whole components. */
static bool ends_with(const struct collect_item *item, const char *name)
{
	g_autofree char *end = g_strconcat("/", name, NULL);

	return g_str_has_suffix(item->path, end);
}

static GPtrArray *matching(const CollectIndex *index, const char *name,
			   bool (*matches)(const struct collect_item *item, const char *name))
{
	GPtrArray *found = g_ptr_array_new();

	for (guint i = 0; i < index->items->len; i++)
		if (matches(index->items->pdata[i], name))
			g_ptr_array_add(found, index->items->pdata[i]);
	return found;
}

static bool fail_ambiguous(const GPtrArray *found, const char *name, GError **error)
{
	g_autoptr(GString) list = g_string_new(NULL);

	for (guint i = 0; i < found->len && i < NAMED_MAX; i++)
		g_string_append_printf(list, "%s%s", i ? ", " : "",
				       ((const struct collect_item *)found->pdata[i])->path);
	return odr_fail(error, ODR_ERROR_USAGE, "'%s' can be %s%s", name, list->str,
			found->len > NAMED_MAX ? " and others" : "");
}

bool config_choose(const CollectIndex *index, const char *name, const struct collect_item **item,
		   GError **error)
{
	g_autoptr(GPtrArray) exact = matching(index, name, is_named);
	g_autoptr(GPtrArray) ends = matching(index, name, ends_with);
	const GPtrArray *found = exact->len > 0 ? exact : ends;

	if (found->len == 0)
		return odr_fail(
			error, ODR_ERROR_NOT_FOUND,
			"there is no item '%s'; odrbackup show SET --part config lists them", name);
	/* Two collectors may have taken the same file: it is the same. */
	for (guint i = 1; i < found->len; i++) {
		const struct collect_item *first = found->pdata[0], *other = found->pdata[i];

		if (memcmp(first->sha256, other->sha256, SHA256_SIZE) != 0 ||
		    first->form != other->form)
			return fail_ambiguous(found, name, error);
	}
	*item = found->pdata[0];
	return true;
}
