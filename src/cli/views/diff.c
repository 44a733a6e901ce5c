#include "cli/views/diff.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/line/output.h"
#include "cli/views/config.h"
#include "cli/views/set.h"
#include "collect/diff.h"

#include <stdio.h>
#include <string.h>

#define NAME_WIDTH 14

static bool wants(const struct set_difference *difference, const char *part)
{
	return !difference->part || strcmp(difference->part, part) == 0;
}

static bool has_config(const struct set_difference *difference)
{
	return difference->config_before && difference->config_after;
}

/* A line as it is, but for what would steer a terminal. */
static void print_line(const char *format, ...) G_GNUC_PRINTF(1, 2);
static void print_line(const char *format, ...)
{
	g_autofree char *text = NULL, *escaped = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	escaped = text_escape(text);
	puts(escaped);
}

/* ---- database and filestore ------------------------------------------------------------------ */

/* Bytes of WAL between the ends of both sets; 0: not of one history, or not later. */
static uint64_t wal_between(const struct set_difference *difference)
{
	const Manifest *before = difference->before, *after = difference->after;

	if (!before->wal || !after->wal || before->system_identifier != after->system_identifier ||
	    after->wal->stop < before->wal->stop)
		return 0;
	return after->wal->stop - before->wal->stop;
}

static bool has_database(const Manifest *manifest, const char *name)
{
	json_t *database;
	size_t i;

	json_array_foreach(manifest->databases, i, database)
	{
		if (g_strcmp0(json_string_value(json_object_get(database, "name")), name) == 0)
			return true;
	}
	return false;
}

/* Names of databases that one has and the other lacks. */
static json_t *databases_beside(const Manifest *manifest, const Manifest *other)
{
	json_t *names = json_array(), *database;
	size_t i;

	json_array_foreach(manifest->databases, i, database)
	{
		const char *name = json_string_value(json_object_get(database, "name"));

		if (name && !has_database(other, name))
			json_array_append_new(names, json_string(name));
	}
	return names;
}

static void print_names(const char *what, json_t *names)
{
	g_autoptr(GString) text = g_string_new(NULL);
	json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
	{
		g_string_append_printf(text, "%s%s", i ? ", " : "", json_string_value(name));
	}
	if (text->len > 0)
		output_line(NAME_WIDTH, "", "%s: %s", what, text->str);
	json_decref(names);
}

static void print_cluster(const struct set_difference *difference)
{
	const Manifest *before = difference->before, *after = difference->after;
	uint64_t wal = wal_between(difference);
	g_autofree char *size = size_format(wal);

	if (before->system_identifier != after->system_identifier)
		output_line(NAME_WIDTH, "", "another cluster");
	if (before->pg_version_num != after->pg_version_num)
		output_line(NAME_WIDTH, "", "PostgreSQL %d.%d -> %d.%d", before->pg_major,
			    before->pg_version_num % 10000, after->pg_major,
			    after->pg_version_num % 10000);
	if (wal)
		output_line(NAME_WIDTH, "", "%s of WAL between the ends of both", size);
	print_names("new databases", databases_beside(after, before));
	print_names("databases that are gone", databases_beside(before, after));
}

static void print_part(const struct set_difference *difference, const char *name)
{
	const struct set_part *before = manifest_part(difference->before, name);
	const struct set_part *after = manifest_part(difference->after, name);

	if (!wants(difference, name) || (!before && !after))
		return;
	if (!before || !after) {
		output_line(NAME_WIDTH, name, "only the %s set has it",
			    before ? "first" : "second");
		return;
	}
	g_autofree char *bytes_before = size_format(before->bytes);
	g_autofree char *bytes_after = size_format(after->bytes);

	output_line(NAME_WIDTH, name,
		    "%" G_GUINT64_FORMAT " -> %" G_GUINT64_FORMAT " files, %s -> %s", before->files,
		    after->files, bytes_before, bytes_after);
	if (strcmp(name, PART_DATABASE) == 0)
		print_cluster(difference);
}

static json_t *pair(json_int_t before, json_int_t after)
{
	return json_pack("[I,I]", before, after);
}

static json_t *part_json(const struct set_difference *difference, const char *name)
{
	const struct set_part *before = manifest_part(difference->before, name);
	const struct set_part *after = manifest_part(difference->after, name);
	json_t *object;

	if (!before || !after)
		return json_null();
	object = json_object();
	json_set(object, "files", pair((json_int_t)before->files, (json_int_t)after->files));
	json_set(object, "bytes", pair((json_int_t)before->bytes, (json_int_t)after->bytes));
	if (strcmp(name, PART_DATABASE) != 0)
		return object;
	json_set_int(object, "wal_bytes", (int64_t)wal_between(difference));
	json_set(object, "pg_version_num",
		 pair(difference->before->pg_version_num, difference->after->pg_version_num));
	json_set_bool(object, "same_cluster",
		      difference->before->system_identifier ==
			      difference->after->system_identifier);
	json_set(object, "databases_added",
		 databases_beside(difference->after, difference->before));
	json_set(object, "databases_removed",
		 databases_beside(difference->before, difference->after));
	return object;
}

/* ---- configuration for people ---------------------------------------------------------------- */

static const struct collect_item *either(const struct collect_change *change)
{
	return change->after ? change->after : change->before;
}

static void print_attributes(const struct collect_change *change)
{
	g_autofree char *mode_before = config_view_mode(change->before);
	g_autofree char *mode_after = config_view_mode(change->after);
	g_autofree char *owner_before = config_view_owner(change->before);
	g_autofree char *owner_after = config_view_owner(change->after);

	if (strcmp(mode_before, mode_after) != 0)
		print_line("  mode %s -> %s", mode_before, mode_after);
	if (strcmp(owner_before, owner_after) != 0)
		print_line("  owner %s -> %s", owner_before, owner_after);
}

static void print_rows(const GPtrArray *rows)
{
	for (guint i = 0; i < rows->len; i++) {
		const struct collect_row_change *row = rows->pdata[i];
		g_autofree char *before = row->before ? collect_value_text(row->before) : NULL;
		g_autofree char *after = row->after ? collect_value_text(row->after) : NULL;
		g_autofree char *name = g_strdup_printf("%s%s%s", row->row, row->fact ? " " : "",
							row->fact ? row->fact : "");

		if (before && after)
			print_line("  %s: %s -> %s", name, before, after);
		else
			print_line("  %s %s: %s", after ? "+" : "-", name, after ? after : before);
	}
}

static void print_hunks(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++)
		if (**line || line[1])
			print_line("%s", *line);
}

static void print_content(const struct collect_change *change, const struct diff_detail *detail)
{
	const struct collect_item *before = change->before, *after = change->after;

	if (after->link || before->link) {
		print_line("  -> %s is now -> %s", before->link ? before->link : "no link",
			   after->link ? after->link : "no link");
		return;
	}
	if (detail->rows) {
		print_rows(detail->rows);
		return;
	}
	if (detail->text) {
		print_hunks(detail->text);
		return;
	}
	g_autofree char *size_before = size_format(before->size);
	g_autofree char *size_after = size_format(after->size);

	print_line("  %s: %s -> %s", detail->too_large ? "too large to compare" : "not text",
		   size_before, size_after);
}

static bool print_change(const struct set_difference *difference,
			 const struct collect_change *change, GError **error)
{
	static const char letters[] = {[COLLECT_ADDED] = 'A',
				       [COLLECT_REMOVED] = 'D',
				       [COLLECT_CHANGED] = 'M',
				       [COLLECT_ATTRIBUTES] = 'M'};
	struct diff_detail detail;

	print_line("%c %s", letters[change->kind], either(change)->path);
	if (difference->brief)
		return true;
	if (change->attributes)
		print_attributes(change);
	if (change->kind != COLLECT_CHANGED)
		return true;
	if (!diff_detail_read(difference, change, &detail, error))
		return false;
	print_content(change, &detail);
	diff_detail_clear(&detail);
	return true;
}

static void print_states(const struct set_difference *difference)
{
	g_autoptr(GArray) states = collect_diff_states(config_read_index(difference->config_before),
						       config_read_index(difference->config_after));

	for (guint i = 0; i < states->len; i++) {
		const struct collect_state_change *change =
			&g_array_index(states, struct collect_state_change, i);

		output_line(NAME_WIDTH, "", "collector %s: %s -> %s", change->name,
			    change->before ? change->before : "not there",
			    change->after ? change->after : "not there");
	}
}

static void print_counts(const GPtrArray *changes)
{
	unsigned counts[COLLECT_ATTRIBUTES + 1] = {0};

	for (guint i = 0; i < changes->len; i++)
		counts[((const struct collect_change *)changes->pdata[i])->kind]++;
	if (changes->len == 0)
		output_line(NAME_WIDTH, PART_CONFIG, "the same");
	else
		output_line(NAME_WIDTH, PART_CONFIG, "%u added, %u removed, %u changed",
			    counts[COLLECT_ADDED], counts[COLLECT_REMOVED],
			    counts[COLLECT_CHANGED] + counts[COLLECT_ATTRIBUTES]);
}

static bool print_config(const struct set_difference *difference, GError **error)
{
	g_autoptr(GPtrArray) changes = NULL;

	if (!has_config(difference)) {
		print_part(difference, PART_CONFIG);
		return true;
	}
	changes = collect_diff_items(config_read_index(difference->config_before),
				     config_read_index(difference->config_after));
	print_counts(changes);
	print_states(difference);
	if (changes->len > 0)
		printf("\n");
	for (guint i = 0; i < changes->len; i++)
		if (!print_change(difference, changes->pdata[i], error))
			return false;
	return true;
}

bool diff_view_print(const struct set_difference *difference, GError **error)
{
	g_autofree char *before = time_with_age(difference->before->stopped);
	g_autofree char *after = time_with_age(difference->after->stopped);

	output_line(NAME_WIDTH, "from", "%s of %s", difference->before->set_id, before);
	output_line(NAME_WIDTH, "to", "%s of %s", difference->after->set_id, after);
	print_part(difference, PART_DATABASE);
	print_part(difference, PART_FILESTORE);
	return !wants(difference, PART_CONFIG) || print_config(difference, error);
}

/* ---- configuration as JSON ------------------------------------------------------------------- */

static json_t *item_facts(const struct collect_item *item)
{
	json_t *facts = json_object();

	if (!item) {
		json_decref(facts);
		return json_null();
	}
	json_set_int(facts, "size", (int64_t)item->size);
	json_set_int(facts, "mode", item->mode);
	json_set_string(facts, "owner", item->owner);
	json_set_string(facts, "group", item->group);
	json_set_string(facts, "link", item->link);
	json_set_bool(facts, "masked", item->masked);
	return facts;
}

static json_t *rows_json(const GPtrArray *rows)
{
	json_t *array = json_array();

	for (guint i = 0; i < rows->len; i++) {
		const struct collect_row_change *row = rows->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "row", row->row);
		json_set_string(object, "fact", row->fact);
		json_set(object, "before", row->before ? json_incref(row->before) : json_null());
		json_set(object, "after", row->after ? json_incref(row->after) : json_null());
		json_array_append_new(array, object);
	}
	return array;
}

static bool change_json(const struct set_difference *difference,
			const struct collect_change *change, json_t *items, GError **error)
{
	struct diff_detail detail;
	json_t *object;

	if (!diff_detail_read(difference, change, &detail, error))
		return false;
	object = json_object();
	json_set_string(object, "path", either(change)->path);
	json_set_string(object, "source", either(change)->source);
	json_set_string(object, "change", collect_change_name(change->kind));
	json_set(object, "before", item_facts(change->before));
	json_set(object, "after", item_facts(change->after));
	json_set_string(object, "text", detail.text);
	json_set(object, "rows", detail.rows ? rows_json(detail.rows) : json_null());
	json_array_append_new(items, object);
	diff_detail_clear(&detail);
	return true;
}

static json_t *states_json(const struct set_difference *difference)
{
	g_autoptr(GArray) states = collect_diff_states(config_read_index(difference->config_before),
						       config_read_index(difference->config_after));
	json_t *array = json_array();

	for (guint i = 0; i < states->len; i++) {
		const struct collect_state_change *change =
			&g_array_index(states, struct collect_state_change, i);
		json_t *object = json_object();

		json_set_string(object, "name", change->name);
		json_set_string(object, "before", change->before);
		json_set_string(object, "after", change->after);
		json_array_append_new(array, object);
	}
	return array;
}

static bool config_json(const struct set_difference *difference, json_t *parts, GError **error)
{
	g_autoptr(GPtrArray) changes = NULL;
	json_t *object, *items;

	if (!has_config(difference)) {
		json_set(parts, PART_CONFIG, json_null());
		return true;
	}
	changes = collect_diff_items(config_read_index(difference->config_before),
				     config_read_index(difference->config_after));
	object = json_object();
	items = json_array();
	json_set(parts, PART_CONFIG, object);
	json_set(object, "collectors", states_json(difference));
	json_set(object, "items", items);
	for (guint i = 0; i < changes->len; i++)
		if (!change_json(difference, changes->pdata[i], items, error))
			return false;
	return true;
}

static json_t *end_json(const Manifest *manifest)
{
	json_t *object = json_object();

	json_set_string(object, "set", manifest->set_id);
	json_set_time(object, "stopped", manifest->stopped);
	return object;
}

bool diff_view_json(const struct set_difference *difference, json_t **document, GError **error)
{
	static const char *const summarized[] = {PART_DATABASE, PART_FILESTORE};
	g_autoptr(JsonValue) object = json_object();
	json_t *parts = json_object();

	json_set(object, "before", end_json(difference->before));
	json_set(object, "after", end_json(difference->after));
	json_set(object, "parts", parts);
	for (size_t i = 0; i < G_N_ELEMENTS(summarized); i++)
		if (wants(difference, summarized[i]))
			json_set(parts, summarized[i], part_json(difference, summarized[i]));
	if (wants(difference, PART_CONFIG) && !config_json(difference, parts, error))
		return false;
	*document = json_incref(object);
	return true;
}
