#include "cli/views/set.h"

#include "base/bytes.h"
#include "base/json.h"
#include "cli/line/output.h"
#include "ops/status.h"

#include <string.h>

#define NAME_WIDTH 14

#define DAMAGED_SHOWN 20

static char *time_short(usec_t time)
{
	char *text = clock_format(time - time % USEC_PER_SEC);

	text[strlen("2026-11-21")] = ' ';
	return text;
}

char *time_with_age(usec_t time)
{
	g_autofree char *text = time_short(time);
	g_autofree char *age = status_age(clock_now(), time);

	return g_strdup_printf("%s (%s)", text, age);
}

/* By set id: "main, second", of the repositories that have it. */
static GHashTable *repositories_of(const GPtrArray *sets)
{
	GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);

	for (guint i = 0; i < sets->len; i++) {
		const struct catalog_set *set = sets->pdata[i];
		const char *others = g_hash_table_lookup(names, set->set_id);

		g_hash_table_insert(names, set->set_id,
				    others ? g_strconcat(others, ", ", set->repository, NULL)
					   : g_strdup(set->repository));
	}
	return names;
}

static char *notes_of(const struct catalog_set *set)
{
	if (set->damaged == 0)
		return g_strdup("");

	g_autofree char *files = count_format(set->damaged, "file");

	return g_strdup_printf("source damaged: %s", files);
}

static char *wal_of(const struct catalog_set *set)
{
	char start[LSN_FORMAT_SIZE], stop[LSN_FORMAT_SIZE];

	if (set->segment_size == 0)
		return NULL;
	return g_strdup_printf("%s to %s, timeline %u", lsn_format(set->start_lsn, start),
			       lsn_format(set->stop_lsn, stop), set->timeline);
}

static bool any_damaged(const GPtrArray *sets)
{
	for (guint i = 0; i < sets->len; i++)
		if (((const struct catalog_set *)sets->pdata[i])->damaged > 0)
			return true;
	return false;
}

static bool any_other_part(const GPtrArray *sets)
{
	for (guint i = 0; i < sets->len; i++)
		if (strcmp(((const struct catalog_set *)sets->pdata[i])->parts, PART_DATABASE) != 0)
			return true;
	return false;
}

/* "database, filestore" */
static char *parts_of(const struct catalog_set *set)
{
	g_auto(GStrv) parts = g_strsplit(set->parts, ",", -1);

	return g_strjoinv(", ", parts);
}

/* The last three columns appear where they tell something. */
void set_list_print(const GPtrArray *sets, bool with_repositories)
{
	const char *headings[10] = {"set", "kind", "finished", ">size", ">stored", "WAL"};
	bool with_parts = any_other_part(sets);
	size_t columns = 6;

	if (with_parts)
		headings[columns++] = "parts";
	if (with_repositories)
		headings[columns++] = "repository";
	if (any_damaged(sets))
		headings[columns++] = "notes";

	TableOut *table = table_out_new(headings);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) repositories = repositories_of(sets);

	for (guint i = 0; i < sets->len; i++) {
		const struct catalog_set *set = sets->pdata[i];
		g_autofree char *finished = time_with_age(set->stopped);
		g_autofree char *size = size_format(set->bytes);
		g_autofree char *stored = size_format(set->stored);
		g_autofree char *wal = wal_of(set);
		g_autofree char *notes = notes_of(set);
		g_autofree char *parts = parts_of(set);

		if (!g_hash_table_add(seen, set->set_id))
			continue;
		const char *more[3] = {notes, notes, notes};
		size_t count = 0;

		if (with_parts)
			more[count++] = parts;
		if (with_repositories)
			more[count++] = g_hash_table_lookup(repositories, set->set_id);
		table_out_row(table, set->set_id, set->kind, finished, size, stored, wal, more[0],
			      more[1], more[2]);
	}
	table_out_print(table, sets->len > 0 ? stdout : NULL);
}

static void set_lsn(json_t *object, const char *name, lsn_t lsn)
{
	char text[LSN_FORMAT_SIZE];

	json_set_string(object, name, lsn_format(lsn, text));
}

static json_t *words(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);
	json_t *array = json_array();

	for (char **part = parts; *part; part++)
		json_array_append_new(array, json_string(*part));
	return array;
}

/* A 64-bit identifier is no quantity: as text it survives readers that know only doubles. */
static void set_identifier(json_t *object, uint64_t identifier)
{
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, identifier);

	json_set_string(object, "system_identifier", identifier ? text : NULL);
}

static json_t *listed_json(const struct catalog_set *set)
{
	json_t *object = json_object();
	json_t *wal = json_object();

	json_set_string(object, "set", set->set_id);
	json_set_string(object, "repository", set->repository);
	json_set_string(object, "kind", set->kind);
	json_set(object, "parts", words(set->parts));
	json_set_string(object, "generation", set->generation);
	json_set_int(object, "sequence", (int64_t)set->sequence);
	json_set_known_time(object, "started", set->started);
	json_set_known_time(object, "stopped", set->stopped);
	json_set_known_time(object, "stored_at", set->stored_at);
	json_set_known_time(object, "retain_until", set->retain_until);
	json_set_int(object, "files", (int64_t)set->files);
	json_set_int(object, "bytes", (int64_t)set->bytes);
	json_set_int(object, "stored", (int64_t)set->stored);
	json_set_int(object, "damaged", (int64_t)set->damaged);
	json_set_string(object, "writer", set->writer);
	json_set_string(object, "manifest_sha256", set->manifest_sha256);
	if (set->pg_major)
		json_set_int(object, "pg_major", set->pg_major);
	set_identifier(object, set->system_identifier);
	json_set_int(wal, "timeline", set->timeline);
	json_set_int(wal, "segment_size", set->segment_size);
	set_lsn(wal, "start", set->start_lsn);
	set_lsn(wal, "stop", set->stop_lsn);
	if (set->segment_size)
		json_set(object, "wal", wal);
	else
		json_decref(wal);
	return object;
}

json_t *set_list_json(const char *service, const GPtrArray *sets)
{
	json_t *document = json_object();
	json_t *array = json_array();

	for (guint i = 0; i < sets->len; i++)
		json_array_append_new(array, listed_json(sets->pdata[i]));
	json_set_string(document, "service", service);
	json_set(document, "sets", array);
	return document;
}

static char *joined(const GPtrArray *names)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < names->len; i++)
		g_string_append_printf(text, "%s%s", i ? ", " : "", (char *)names->pdata[i]);
	return g_string_free(text, false);
}

static void print_part(const struct set_part *part)
{
	g_autofree char *bytes = size_format(part->bytes);
	g_autofree char *stored = size_format(part->stored);
	g_autofree char *files = count_format(part->files, "file");
	g_autofree char *layers = count_format(part->layers->len, "layer");

	output_line(NAME_WIDTH, part->part, "%s, %s of %s, %s stored, generation %s, %s",
		    part->kind, files, bytes, stored, part->generation, layers);
}

static void print_wal(const struct set_wal *wal)
{
	char start[LSN_FORMAT_SIZE], stop[LSN_FORMAT_SIZE];
	bool several = strcmp(wal->first, wal->last) != 0;
	g_autofree char *objects = count_format(wal->objects->len, "object");

	output_line(NAME_WIDTH, "WAL", "%s to %s on timeline %u", lsn_format(wal->start, start),
		    lsn_format(wal->stop, stop), wal->timeline);
	output_line(NAME_WIDTH, "", "segment%s %s%s%s of %u MiB; the manifest lists %s",
		    several ? "s" : "", wal->first, several ? " to " : "", several ? wal->last : "",
		    wal->segment_size >> 20, objects);
}

static void print_cluster(const Manifest *manifest)
{
	g_autoptr(GString) databases = g_string_new(NULL);
	size_t i;
	json_t *database;

	output_line(NAME_WIDTH, "cluster",
		    "PostgreSQL %d.%d, system identifier %" G_GUINT64_FORMAT
		    ", page checksums %s, from %s",
		    manifest->pg_major, manifest->pg_version_num % 10000,
		    manifest->system_identifier, manifest->checksums ? "on" : "off",
		    manifest->data_directory);
	json_array_foreach(manifest->databases, i, database)
	{
		const char *name = json_string_value(json_object_get(database, "name"));

		g_string_append_printf(databases, "%s%s", i ? ", " : "", name ? name : "?");
	}
	output_line(NAME_WIDTH, "databases", "%s", databases->str);
	if (manifest->tablespace_map && *manifest->tablespace_map)
		output_line(NAME_WIDTH, "tablespaces", "%s", g_strchomp(manifest->tablespace_map));
}

static void print_sealed(const Manifest *manifest)
{
	g_autofree char *took = duration_format(manifest->stopped - manifest->started);

	output_line(NAME_WIDTH, "capture", "on %s, took %s, label '%s'", manifest->host, took,
		    manifest->label ? manifest->label : "");
	if (manifest_part(manifest, PART_DATABASE))
		print_cluster(manifest);
	if (manifest->damaged->len == 0)
		output_line(NAME_WIDTH, "damage", "none was found");
	for (guint i = 0; i < manifest->damaged->len && i < DAMAGED_SHOWN; i++) {
		const struct damage *damage = manifest->damaged->pdata[i];

		output_line(NAME_WIDTH, i ? "" : "damage", "%s: %s", damage->path, damage->what);
	}
	if (manifest->damaged->len > DAMAGED_SHOWN) {
		g_autofree char *more =
			count_format(manifest->damaged->len - DAMAGED_SHOWN, "more file");

		output_line(NAME_WIDTH, "", "and %s; --json shows all", more);
	}
}

void set_print(const Manifest *manifest, const GPtrArray *repositories)
{
	g_autofree char *stopped =
		time_with_age(manifest->has_sealed ? manifest->stopped : manifest->created);
	g_autofree char *retain = time_with_age(manifest->retain_until);
	g_autofree char *writer = key_fingerprint(manifest->writer.public_key);
	g_autofree char *names = joined(repositories);

	output_line(NAME_WIDTH, "set", "%s", manifest->set_id);
	output_line(NAME_WIDTH, "finished", "%s", stopped);
	output_line(NAME_WIDTH, "kept until", "%s at least", retain);
	output_line(NAME_WIDTH, "repository", "%s", names);
	output_line(NAME_WIDTH, "written by",
		    "%s, key %s, set %" G_GUINT64_FORMAT " of its chain%s%s", manifest->program,
		    writer, manifest->sequence, manifest->previous_set ? ", after " : "",
		    manifest->previous_set ? manifest->previous_set : "");
	for (guint i = 0; i < manifest->parts->len; i++)
		print_part(manifest->parts->pdata[i]);
	if (manifest->wal)
		print_wal(manifest->wal);
	if (manifest->has_sealed)
		print_sealed(manifest);
	else
		output_line(NAME_WIDTH, "more",
			    "is sealed: give --identity FILE or --kit FILE to see it");
}

static json_t *part_json(const struct set_part *part)
{
	json_t *object = json_object();
	json_t *layers = json_array();

	json_set_string(object, "part", part->part);
	json_set_string(object, "kind", part->kind);
	json_set_string(object, "generation", part->generation);
	json_set_known_time(object, "lock_until", part->lock_until);
	json_set_known_time(object, "started", part->started);
	json_set_known_time(object, "stopped", part->stopped);
	json_set_int(object, "files", (int64_t)part->files);
	json_set_int(object, "bytes", (int64_t)part->bytes);
	json_set_int(object, "stored", (int64_t)part->stored);
	for (guint i = 0; i < part->layers->len; i++) {
		const struct layer_ref *ref = &g_array_index(part->layers, struct layer_ref, i);
		g_autofree char *root = hex_encode(ref->root, SHA256_SIZE);
		g_autofree char *table = hex_encode(ref->table, SHA256_SIZE);
		json_t *layer = json_object();

		json_set_string(layer, "root", root);
		json_set_string(layer, "table", table);
		json_array_append_new(layers, layer);
	}
	json_set(object, "layers", layers);
	return object;
}

static json_t *wal_json(const struct set_wal *wal)
{
	json_t *object = json_object();

	json_set_int(object, "timeline", wal->timeline);
	json_set_int(object, "segment_size", wal->segment_size);
	set_lsn(object, "start", wal->start);
	set_lsn(object, "stop", wal->stop);
	json_set_string(object, "first", wal->first);
	json_set_string(object, "last", wal->last);
	json_set(object, "objects", json_strings(wal->objects));
	return object;
}

static void set_cluster(json_t *object, const Manifest *manifest)
{
	json_set_int(object, "pg_major", manifest->pg_major);
	json_set_int(object, "pg_version_num", manifest->pg_version_num);
	set_identifier(object, manifest->system_identifier);
	json_set_bool(object, "checksums", manifest->checksums);
	json_set_string(object, "data_directory", manifest->data_directory);
	json_set_string(object, "backup_label", manifest->backup_label);
	json_set_string(object, "tablespace_map", manifest->tablespace_map);
	json_set(object, "databases", json_incref(manifest->databases));
	json_set(object, "server", json_incref(manifest->server));
}

static json_t *sealed_json(const Manifest *manifest)
{
	json_t *object = json_object();

	json_set_time(object, "started", manifest->started);
	json_set_time(object, "stopped", manifest->stopped);
	json_set_string(object, "host", manifest->host);
	json_set_string(object, "label", manifest->label);
	if (manifest_part(manifest, PART_DATABASE))
		set_cluster(object, manifest);
	json_set(object, "facts", json_incref(manifest->facts));
	json_set(object, "damaged", damage_json(manifest->damaged));
	return object;
}

json_t *set_json(const Manifest *manifest, const GPtrArray *repositories)
{
	json_t *document = json_object();
	json_t *parts = json_array();
	g_autofree char *writer = key_fingerprint(manifest->writer.public_key);
	g_autofree char *digest = hex_encode(manifest->sha256, SHA256_SIZE);

	for (guint i = 0; i < manifest->parts->len; i++)
		json_array_append_new(parts, part_json(manifest->parts->pdata[i]));
	json_set_string(document, "set", manifest->set_id);
	json_set(document, "repositories", json_strings(repositories));
	json_set_int(document, "sequence", (int64_t)manifest->sequence);
	json_set_string(document, "previous_set", manifest->previous_set);
	json_set_time(document, "created", manifest->created);
	json_set_known_time(document, "stored_at", manifest->stored_at);
	json_set_time(document, "retain_until", manifest->retain_until);
	json_set_string(document, "program", manifest->program);
	json_set_string(document, "writer", writer);
	json_set_string(document, "manifest_sha256", digest);
	json_set(document, "parts", parts);
	json_set(document, "wal", manifest->wal ? wal_json(manifest->wal) : json_null());
	json_set(document, "sealed", manifest->has_sealed ? sealed_json(manifest) : json_null());
	return document;
}
