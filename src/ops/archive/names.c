#include "ops/archive/names.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "repo/wal_held.h"

/* A line: "<stored at, µs> <local name> <version, or -> <repository>". */
#define NAMES_MAX ((size_t)16 << 20)

struct archive_names {
	GString *text;
};

ArchiveNames *archive_names_new(void)
{
	ArchiveNames *names = g_new0(ArchiveNames, 1);

	names->text = g_string_new(NULL);
	return names;
}

void archive_names_free(ArchiveNames *names)
{
	if (!names)
		return;
	g_string_free(names->text, true);
	g_free(names);
}

ArchiveNames *archive_names_load(const char *spool)
{
	g_autofree char *path = g_build_filename(spool, ARCHIVE_NAMES_FILE, NULL);
	g_autofree char *text = NULL;
	ArchiveNames *names = archive_names_new();

	if (file_read_text(path, NAMES_MAX, &text, NULL))
		g_string_assign(names->text, text);
	return names;
}

void archive_names_add(ArchiveNames *names, const char *repository, const GPtrArray *held)
{
	for (guint i = 0; i < held->len; i++) {
		const struct wal_held *one = held->pdata[i];

		for (guint k = 0; one->complete && k < one->locals->len; k++) {
			const struct store_object *listed = one->listed->pdata[k];

			g_string_append_printf(names->text, "%" G_GINT64_FORMAT " %s %s %s\n",
					       listed->stored_at, (char *)one->locals->pdata[k],
					       listed->version[0] ? listed->version : "-",
					       repository);
		}
	}
}

/* Not synced: what a crash takes away is listed again. */
bool archive_names_save(const ArchiveNames *names, const char *spool, GError **error)
{
	g_autofree char *path = g_build_filename(spool, ARCHIVE_NAMES_FILE, NULL);
	g_autoptr(GError) cause = NULL;

	return g_file_set_contents_full(path, names->text->str, (gssize)names->text->len,
					G_FILE_SET_CONTENTS_CONSISTENT, 0600, &cause) ||
	       odr_fail(error, ODR_ERROR_SYSTEM, "%s", cause->message);
}

static void add_line(WalGathering *gathering, const char *line, size_t length,
		     const char *repository)
{
	g_autofree char *copy = g_strndup(line, length);
	g_auto(GStrv) words = g_strsplit(copy, " ", 4);
	struct store_object object = {0};

	if (g_strv_length(words) != 4 || strcmp(words[3], repository) != 0 ||
	    !g_ascii_string_to_signed(words[0], 10, 0, G_MAXINT64, &object.stored_at, NULL))
		return;
	object.name = words[1];
	if (strcmp(words[2], "-") != 0)
		g_strlcpy(object.version, words[2], sizeof(object.version));
	wal_gathering_add(gathering, &object);
}

GPtrArray *archive_names_find(const ArchiveNames *names, const char *repository, const char *file)
{
	WalGathering *gathering = wal_gathering_new(file, file);
	g_autofree char *local = layout_wal_prefix(file);
	const char *at = names->text->str, *found;

	while ((found = strstr(at, local))) {
		const char *line = found, *end = strchrnul(found, '\n');

		while (line > at && line[-1] != '\n')
			line--;
		add_line(gathering, line, (size_t)(end - line), repository);
		at = end;
	}
	return wal_gathering_end(gathering);
}
