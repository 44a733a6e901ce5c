/* Items on their way from collectors to the sink and into the index. */
#include "collect/collector.h"

#include "base/error.h"

#include <string.h>
#include <unistd.h>

#define NOTES_MAX 100

bool collection_absent(struct collection *collection, const char *format, ...)
{
	struct collect_report *report = collection->report;
	va_list arguments;

	va_start(arguments, format);
	g_free(report->reason);
	report->reason = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	report->state = COLLECT_ABSENT;
	return true;
}

void collection_note(struct collection *collection, const char *format, ...)
{
	GPtrArray *notes = collection->report->notes;
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	if (notes->len < NOTES_MAX)
		g_ptr_array_add(notes, g_utf8_make_valid(text, -1));
	else if (notes->len == NOTES_MAX)
		g_ptr_array_add(notes, g_strdup("there is more to say than fits here"));
}

bool collection_has(const struct collection *collection, const char *path)
{
	return g_hash_table_contains(collection->paths, path);
}

/* What broke in the sink, or a stop, is not the collector's failure. */
static bool broken(struct collection *collection)
{
	collection->broken = true;
	return false;
}

bool collection_open(struct collection *collection, struct collect_item *item, GError **error)
{
	g_autofree char *relative = g_steal_pointer(&item->path);

	g_assert(!collection->item);
	item->path = g_strdup_printf("%s/%s", collection->report->name, relative);
	item->collector = g_strdup(collection->report->name);
	collection->item = item;
	sha256_reset(collection->digest);
	if (!collect_path_safe(item->path)) {
		odr_fail(error, ODR_ERROR_SYSTEM,
			 "'%s' cannot be a path of an item: it has control "
			 "characters, is not UTF-8, or is too long",
			 relative);
	} else if (!g_hash_table_add(collection->paths, g_strdup(item->path))) {
		odr_fail(error, ODR_ERROR_EXISTS, "there is an item '%s' already", relative);
	} else if (collection->sink->begin(collection->sink->data, error)) {
		return true;
	} else {
		broken(collection);
	}
	g_clear_pointer(&collection->item, collect_item_free);
	return false;
}

bool collection_begin(struct collection *collection, const struct collection_item *item,
		      GError **error)
{
	struct collect_item *made = g_new0(struct collect_item, 1);

	made->path = g_strdup(item->path);
	made->source = g_utf8_make_valid(item->source, -1);
	made->hint = g_strdup(item->hint);
	made->mode = 0600;
	made->uid = (uint32_t)geteuid();
	made->gid = (uint32_t)getegid();
	made->owner = g_strdup("");
	made->group = g_strdup("");
	made->mtime_ns = clock_now() * 1000;
	return collection_open(collection, made, error);
}

bool collection_write(struct collection *collection, const void *bytes, size_t size, GError **error)
{
	struct collect_item *item = collection->item;
	uint64_t limit = collection->settings->limit;

	if (size > limit - item->size) {
		g_autofree char *most = size_format(limit);

		return odr_fail(
			error, ODR_ERROR_NO_SPACE,
			"'%s' has more than %s: raise limit= of the collector, or leave it out",
			item->source, most);
	}
	if (size > collection->total_limit - collection->total) {
		g_autofree char *most = size_format(collection->total_limit);

		return odr_fail(error, ODR_ERROR_NO_SPACE,
				"the configuration has more than %s: raise config-limit= of the "
				"service, or leave something out",
				most);
	}
	item->size += size;
	collection->total += size;
	sha256_update(collection->digest, bytes, size);
	return collection->sink->write(collection->sink->data, bytes, size, error) ||
	       broken(collection);
}

bool collection_end(struct collection *collection, GError **error)
{
	struct collect_item *item = g_steal_pointer(&collection->item);

	sha256_final(collection->digest, item->sha256);
	g_ptr_array_add(collection->index->items, item);
	return collection->sink->end(collection->sink->data, item, error) || broken(collection);
}

void collection_drop(struct collection *collection)
{
	if (!collection->item)
		return;
	collection->total -= collection->item->size;
	g_hash_table_remove(collection->paths, collection->item->path);
	g_clear_pointer(&collection->item, collect_item_free);
	collection->sink->drop(collection->sink->data);
}

static bool all_at_once(struct collection *collection, const void *bytes, size_t size,
			GError **error)
{
	if (collection_write(collection, bytes, size, error))
		return collection_end(collection, error);
	collection_drop(collection);
	return false;
}

bool collection_content(struct collection *collection, const char *text, size_t size,
			GError **error)
{
	unsigned count = 0;
	g_autofree char *masked = NULL;

	if (memchr(text, '\0', size))
		return all_at_once(collection, text, size, error);
	if (g_utf8_validate(text, (gssize)size, NULL))
		collection->item->form = COLLECT_FORM_TEXT;
	if (collection->settings->sealed)
		return all_at_once(collection, text, size, error);
	masked = mask_text(&collection->mask, text, size, &count);
	collection->item->masked = count > 0;
	return all_at_once(collection, masked, strlen(masked), error);
}

bool collection_text(struct collection *collection, const struct collection_item *item,
		     const char *text, size_t size, GError **error)
{
	return collection_begin(collection, item, error) &&
	       collection_content(collection, text, size, error);
}

bool collection_table(struct collection *collection, const struct collection_item *item,
		      json_t *rows, GError **error)
{
	g_autoptr(JsonValue) owned = rows;
	g_autofree char *text = json_print_pretty(owned);

	if (!collection_begin(collection, item, error))
		return false;
	collection->item->form = COLLECT_FORM_TABLE;
	return all_at_once(collection, text, strlen(text), error);
}

json_t *table_row(json_t *rows, const char *name)
{
	g_autofree char *valid = g_utf8_make_valid(name, -1);
	json_t *row = json_object();

	json_object_set_new(rows, valid, row);
	return row;
}

char *collection_value(const struct collection *collection, const char *name, const char *value)
{
	const struct mask *mask = &collection->mask;

	if (!value || collection->settings->sealed)
		return g_strdup(value);
	if (mask_is_secret_name(mask, name) && !mask_is_plain_value(name, value, strlen(value)))
		return mask_value(mask, value, strlen(value));
	return mask_text(mask, value, strlen(value), NULL);
}
