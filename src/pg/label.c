#include "pg/label.h"

#include "base/error.h"

#include <inttypes.h>
#include <string.h>

static bool label_fail(GError **error, const char *line)
{
	return odr_fail(error, ODR_ERROR_CORRUPT, "backup_label has the unreadable line '%s'",
			line);
}

/* "0/2000028 (file 000000010000000000000002)" */
static bool parse_start(const char *value, struct backup_label *label)
{
	g_auto(GStrv) words = g_strsplit(value, " (file ", 2);
	size_t length;

	if (!words[0] || !words[1] || !lsn_parse(words[0], &label->start, NULL))
		return false;
	length = strlen(words[1]);
	if (length != WAL_SEGMENT_NAME_SIZE || words[1][length - 1] != ')')
		return false;
	words[1][length - 1] = '\0';
	if (wal_file_kind(words[1], NULL) != WAL_FILE_SEGMENT)
		return false;
	memcpy(label->first_segment, words[1], WAL_SEGMENT_NAME_SIZE);
	return true;
}

static bool parse_checkpoint(const char *value, struct backup_label *label)
{
	return lsn_parse(value, &label->checkpoint, NULL);
}

/* 13 calls a primary "master". */
static bool parse_source(const char *value, struct backup_label *label)
{
	label->from_standby = strcmp(value, "standby") == 0;
	return label->from_standby || strcmp(value, "primary") == 0 || strcmp(value, "master") == 0;
}

static bool parse_timeline(const char *value, struct backup_label *label)
{
	guint64 number;

	if (!g_ascii_string_to_unsigned(value, 10, 1, UINT32_MAX, &number, NULL))
		return false;
	label->timeline = (uint32_t)number;
	return true;
}

static const struct {
	const char *name;
	bool (*parse)(const char *value, struct backup_label *label);
} label_lines[] = {
	{"START WAL LOCATION: ", parse_start},
	{"CHECKPOINT LOCATION: ", parse_checkpoint},
	{"BACKUP FROM: ", parse_source},
	{"START TIMELINE: ", parse_timeline},
};

static bool parse_label_line(const char *line, struct backup_label *label, unsigned *seen,
			     GError **error)
{
	if (g_str_has_prefix(line, "INCREMENTAL FROM"))
		return odr_fail(error, ODR_ERROR_REFUSED,
				"backup_label is of an incremental backup, which no server starts");
	for (size_t i = 0; i < G_N_ELEMENTS(label_lines); i++) {
		if (!g_str_has_prefix(line, label_lines[i].name))
			continue;
		if ((*seen & 1u << i) ||
		    !label_lines[i].parse(line + strlen(label_lines[i].name), label))
			return label_fail(error, line);
		*seen |= 1u << i;
		return true;
	}
	return true;
}

bool backup_label_parse(const char *text, struct backup_label *label, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	struct backup_label found = {0};
	uint32_t file_timeline = 0;
	unsigned seen = 0;

	for (size_t i = 0; lines[i]; i++)
		if (!parse_label_line(lines[i], &found, &seen, error))
			return false;
	for (size_t i = 0; i < G_N_ELEMENTS(label_lines); i++)
		if (!(seen & 1u << i))
			return odr_fail(error, ODR_ERROR_CORRUPT, "backup_label has no line '%s'",
					label_lines[i].name);
	wal_file_kind(found.first_segment, &file_timeline);
	if (file_timeline != found.timeline)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"backup_label names the timeline %" PRIu32
				" but a segment of timeline %" PRIu32,
				found.timeline, file_timeline);
	*label = found;
	return true;
}

/* Takes one line off *text, unescaped, NULL at the end or where the text breaks off (*broken). */
static char *map_line(const char **text, bool *broken)
{
	g_autoptr(GString) line = g_string_new(NULL);
	const char *at = *text;

	if (*at == '\0')
		return NULL;
	for (; *at && *at != '\n' && *at != '\r'; at++) {
		if (*at == '\\' && *++at == '\0')
			break;
		g_string_append_c(line, *at);
	}
	*broken = *at == '\0';
	*text = at + (*at != '\0');
	return *broken ? NULL : g_string_free(g_steal_pointer(&line), FALSE);
}

static bool map_add(GHashTable *paths, char *line, GError **error)
{
	char *path = strchr(line, ' ');
	guint64 oid;

	if (path)
		*path++ = '\0';
	if (!path || path[0] != '/' ||
	    !g_ascii_string_to_unsigned(line, 10, 1, UINT32_MAX, &oid, NULL))
		return odr_fail(
			error, ODR_ERROR_CORRUPT,
			"tablespace_map has a line that is not an OID and an absolute path");
	if (!g_hash_table_insert(paths, GUINT_TO_POINTER((guint)oid), g_strdup(path)))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"tablespace_map has two lines for the tablespace %u", (guint)oid);
	return true;
}

bool tablespace_map_parse(const char *text, GHashTable **paths, GError **error)
{
	g_autoptr(GHashTable) found = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	bool broken = false;
	char *line;

	while ((line = map_line(&text, &broken))) {
		g_autofree char *owned = line;

		/* Empty: between a carriage return and a newline. */
		if (owned[0] && !map_add(found, owned, error))
			return false;
	}
	if (broken)
		return odr_fail(error, ODR_ERROR_CORRUPT, "tablespace_map breaks off in a line");
	*paths = g_steal_pointer(&found);
	return true;
}

static int compare_oids(const void *a, const void *b)
{
	guint x = GPOINTER_TO_UINT(*(void *const *)a), y = GPOINTER_TO_UINT(*(void *const *)b);

	return (x > y) - (x < y);
}

char *tablespace_map_print(GHashTable *paths)
{
	g_autoptr(GPtrArray) oids = g_ptr_array_new();
	GString *text = g_string_new(NULL);
	GHashTableIter iter;
	void *oid;

	g_hash_table_iter_init(&iter, paths);
	while (g_hash_table_iter_next(&iter, &oid, NULL))
		g_ptr_array_add(oids, oid);
	g_ptr_array_sort(oids, compare_oids);
	for (guint i = 0; i < oids->len; i++) {
		const char *path = g_hash_table_lookup(paths, oids->pdata[i]);

		g_string_append_printf(text, "%u ", GPOINTER_TO_UINT(oids->pdata[i]));
		for (; *path; path++) {
			if (*path == '\n' || *path == '\r' || *path == '\\')
				g_string_append_c(text, '\\');
			g_string_append_c(text, *path);
		}
		g_string_append_c(text, '\n');
	}
	return g_string_free(text, FALSE);
}
