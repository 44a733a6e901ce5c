#include "collect/index.h"

#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

#define WHAT "the index of the configuration"

static const char *const state_names[] = {[COLLECT_COLLECTED] = "collected",
					  [COLLECT_ABSENT] = "absent",
					  [COLLECT_FAILED] = "failed"};
static const char *const form_names[] = {[COLLECT_FORM_BINARY] = "binary",
					 [COLLECT_FORM_TEXT] = "text",
					 [COLLECT_FORM_TABLE] = "table",
					 [COLLECT_FORM_LINK] = "link"};

const char *collect_state_name(enum collect_state state)
{
	return state_names[state];
}

void collect_item_free(struct collect_item *item)
{
	if (!item)
		return;
	g_free(item->path);
	g_free(item->source);
	g_free(item->hint);
	g_free(item->collector);
	g_free(item->owner);
	g_free(item->group);
	g_free(item->link);
	g_free(item);
}

void collect_report_free(struct collect_report *report)
{
	if (!report)
		return;
	g_free(report->name);
	g_free(report->type);
	g_free(report->needs);
	g_free(report->hint);
	g_free(report->reason);
	g_clear_pointer(&report->notes, g_ptr_array_unref);
	g_free(report);
}

CollectIndex *collect_index_new(void)
{
	CollectIndex *index = g_new0(CollectIndex, 1);

	index->reports = g_ptr_array_new_with_free_func((GDestroyNotify)collect_report_free);
	index->items = g_ptr_array_new_with_free_func((GDestroyNotify)collect_item_free);
	return index;
}

void collect_index_free(CollectIndex *index)
{
	if (!index)
		return;
	g_ptr_array_unref(index->reports);
	g_ptr_array_unref(index->items);
	g_free(index);
}

const struct collect_item *collect_index_item(const CollectIndex *index, const char *path)
{
	for (guint i = 0; i < index->items->len; i++) {
		const struct collect_item *item = index->items->pdata[i];

		if (strcmp(item->path, path) == 0)
			return item;
	}
	return NULL;
}

bool collect_path_safe(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);

	if (!path[0] || strlen(path) > COLLECT_PATH_MAX || !g_utf8_validate(path, -1, NULL))
		return false;
	for (const char *at = path; *at; at++)
		if (g_ascii_iscntrl(*at))
			return false;
	for (char **part = parts; *part; part++)
		if (!**part || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0)
			return false;
	return true;
}

/* ---- printing ------------------------------------------------------------------------------- */

static json_t *report_json(const struct collect_report *report)
{
	json_t *object = json_object();

	json_set_string(object, "name", report->name);
	json_set_string(object, "type", report->type);
	json_set_string(object, "state", state_names[report->state]);
	json_set_bool(object, "required", report->required);
	json_set_int(object, "order", report->order);
	json_set_string(object, "needs", report->needs);
	json_set_string(object, "hint", report->hint);
	json_set_string(object, "reason", report->reason);
	json_set(object, "notes", json_strings(report->notes));
	return object;
}

static json_t *item_json(const struct collect_item *item)
{
	json_t *object = json_object();
	g_autofree char *digest = hex_encode(item->sha256, SHA256_SIZE);

	json_set_string(object, "path", item->path);
	json_set_string(object, "source", item->source);
	json_set_string(object, "form", form_names[item->form]);
	json_set_bool(object, "in_place", item->in_place);
	json_set_bool(object, "masked", item->masked);
	json_set_string(object, "hint", item->hint);
	json_set_int(object, "mode", item->mode);
	json_set_int(object, "uid", item->uid);
	json_set_int(object, "gid", item->gid);
	json_set_string(object, "owner", item->owner ? item->owner : "");
	json_set_string(object, "group", item->group ? item->group : "");
	json_set_int(object, "mtime_ns", item->mtime_ns);
	json_set_string(object, "link", item->link);
	json_set_int(object, "size", (int64_t)item->size);
	json_set_string(object, "sha256", digest);
	return object;
}

char *collect_index_print(const CollectIndex *index)
{
	g_autoptr(JsonValue) document = json_object();
	json_t *reports = json_array();
	json_t *items = json_array();

	json_set_int(document, "format", COLLECT_INDEX_FORMAT);
	json_set_int(document, "taken_us", index->taken);
	for (guint i = 0; i < index->reports->len; i++)
		json_array_append_new(reports, report_json(index->reports->pdata[i]));
	for (guint i = 0; i < index->items->len; i++)
		json_array_append_new(items, item_json(index->items->pdata[i]));
	json_set(document, "collectors", reports);
	json_set(document, "items", items);
	return json_print_pretty(document);
}

/* ---- parsing -------------------------------------------------------------------------------- */

static bool take_string(json_t *object, const char *name, char **value, GError **error)
{
	const char *text = NULL;

	if (!json_string_optional(object, WHAT, name, &text, error))
		return false;
	*value = g_strdup(text);
	return true;
}

static bool need_string(json_t *object, const char *name, char **value, GError **error)
{
	const char *text;

	if (!json_string_member(object, WHAT, name, &text, error))
		return false;
	*value = g_strdup(text);
	return true;
}

static bool need_number(json_t *object, const char *name, int64_t maximum, int64_t *value,
			GError **error)
{
	if (!json_int_member(object, WHAT, name, value, error))
		return false;
	if (*value < 0 || *value > maximum)
		return odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": '%s' cannot be %" G_GINT64_FORMAT,
				name, *value);
	return true;
}

static bool need_name(json_t *object, const char *name, const char *const *names, size_t count,
		      unsigned *value, GError **error)
{
	const char *text;

	if (!json_string_member(object, WHAT, name, &text, error))
		return false;
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(names[i], text) == 0) {
			*value = i;
			return true;
		}
	}
	return odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": '%s' cannot be '%s'", name, text);
}

static bool parse_notes(json_t *object, struct collect_report *report, GError **error)
{
	json_t *notes, *note;
	size_t i;

	report->notes = g_ptr_array_new_with_free_func(g_free);
	if (!json_array_member(object, WHAT, "notes", &notes, error))
		return false;
	json_array_foreach(notes, i, note)
	{
		if (!json_is_string(note))
			return odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": a note is not text");
		g_ptr_array_add(report->notes, g_strdup(json_string_value(note)));
	}
	return true;
}

static bool parse_report(json_t *object, struct collect_report *report, GError **error)
{
	unsigned state;
	int64_t order;

	if (!need_string(object, "name", &report->name, error) ||
	    !need_string(object, "type", &report->type, error) ||
	    !need_name(object, "state", state_names, G_N_ELEMENTS(state_names), &state, error) ||
	    !json_bool_member(object, WHAT, "required", &report->required, error) ||
	    !need_number(object, "order", 1000, &order, error) ||
	    !take_string(object, "needs", &report->needs, error) ||
	    !take_string(object, "hint", &report->hint, error) ||
	    !take_string(object, "reason", &report->reason, error))
		return false;
	report->state = state;
	report->order = (unsigned)order;
	return parse_notes(object, report, error);
}

static bool parse_digest(json_t *object, uint8_t digest[SHA256_SIZE], GError **error)
{
	const char *text;

	if (!json_string_member(object, WHAT, "sha256", &text, error))
		return false;
	return hex_decode(text, digest, SHA256_SIZE) ||
	       odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": '%s' is no SHA-256", text);
}

static bool parse_file_facts(json_t *object, struct collect_item *item, GError **error)
{
	int64_t mode, uid, gid, size;

	if (!need_number(object, "mode", 07777, &mode, error) ||
	    !need_number(object, "uid", G_MAXUINT32, &uid, error) ||
	    !need_number(object, "gid", G_MAXUINT32, &gid, error) ||
	    !need_number(object, "size", G_MAXINT64, &size, error) ||
	    !need_string(object, "owner", &item->owner, error) ||
	    !need_string(object, "group", &item->group, error) ||
	    !json_int_member(object, WHAT, "mtime_ns", &item->mtime_ns, error) ||
	    !take_string(object, "link", &item->link, error))
		return false;
	item->mode = (uint32_t)mode;
	item->uid = (uint32_t)uid;
	item->gid = (uint32_t)gid;
	item->size = (uint64_t)size;
	return true;
}

static bool check_item(const struct collect_item *item, GError **error)
{
	if (!collect_path_safe(item->path) || !strchr(item->path, '/'))
		return odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": '%s' is no path of an item",
				item->path);
	if (item->in_place &&
	    (!g_path_is_absolute(item->source) || !collect_path_safe(item->source + 1)))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				WHAT ": '%s' is no path to put a file back to", item->source);
	if ((item->form == COLLECT_FORM_LINK) != (item->link != NULL) ||
	    (item->link && (!item->link[0] || strlen(item->link) > COLLECT_PATH_MAX)))
		return odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": the link '%s' leads nowhere",
				item->path);
	return true;
}

static bool parse_item(json_t *object, struct collect_item *item, GError **error)
{
	unsigned form;

	if (!need_string(object, "path", &item->path, error) ||
	    !need_string(object, "source", &item->source, error) ||
	    !need_name(object, "form", form_names, G_N_ELEMENTS(form_names), &form, error) ||
	    !json_bool_member(object, WHAT, "in_place", &item->in_place, error) ||
	    !json_bool_member(object, WHAT, "masked", &item->masked, error) ||
	    !take_string(object, "hint", &item->hint, error) ||
	    !parse_file_facts(object, item, error) || !parse_digest(object, item->sha256, error))
		return false;
	item->form = form;
	if (!check_item(item, error))
		return false;
	item->collector = g_strndup(item->path, (gsize)(strchr(item->path, '/') - item->path));
	return true;
}

static bool parse_reports(json_t *array, GPtrArray *reports, GError **error)
{
	json_t *object;
	size_t i;

	json_array_foreach(array, i, object)
	{
		struct collect_report *report = g_new0(struct collect_report, 1);

		g_ptr_array_add(reports, report);
		if (!parse_report(object, report, error))
			return false;
	}
	return true;
}

static bool parse_items(json_t *array, GPtrArray *items, GError **error)
{
	json_t *object;
	size_t i;

	json_array_foreach(array, i, object)
	{
		struct collect_item *item = g_new0(struct collect_item, 1);
		const struct collect_item *before = i ? items->pdata[i - 1] : NULL;

		g_ptr_array_add(items, item);
		if (!parse_item(object, item, error))
			return false;
		if (before && strcmp(before->path, item->path) >= 0)
			return odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": '%s' is out of order",
					item->path);
	}
	return true;
}

bool collect_index_parse(const char *text, size_t size, CollectIndex **index, GError **error)
{
	g_autoptr(CollectIndex) parsed = collect_index_new();
	g_autoptr(JsonValue) document = NULL;
	json_t *reports, *items;
	int64_t format;

	if (!json_parse(text, size, WHAT, &document, error) ||
	    !json_int_member(document, WHAT, "format", &format, error))
		return false;
	if (format != COLLECT_INDEX_FORMAT)
		return odr_fail(error, ODR_ERROR_REFUSED,
				WHAT " has format %" G_GINT64_FORMAT
				     "; this version reads format %d",
				format, COLLECT_INDEX_FORMAT);
	if (!need_number(document, "taken_us", G_MAXINT64, &parsed->taken, error) ||
	    !json_array_member(document, WHAT, "collectors", &reports, error) ||
	    !json_array_member(document, WHAT, "items", &items, error) ||
	    !parse_reports(reports, parsed->reports, error) ||
	    !parse_items(items, parsed->items, error))
		return false;
	*index = g_steal_pointer(&parsed);
	return true;
}
