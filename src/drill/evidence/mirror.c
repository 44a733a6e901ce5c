#include "drill/evidence/mirror.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "crypto/digest.h"

#include <string.h>

#define MIRROR_MAX ((size_t)1 << 30) /* the chain only grows */
#define NO_RUN	   "-"

static Catalog *open_catalog(const char *folder, GError **error)
{
	g_autofree char *path = g_build_filename(folder, "catalog.db", NULL);
	bool renewed;

	return catalog_open(path, &renewed, error);
}

bool mirror_add(const char *state, const GPtrArray *lines, GError **error)
{
	g_autoptr(Catalog) catalog = open_catalog(state, error);

	if (!catalog)
		return false;
	for (guint i = 0; i < lines->len; i++)
		if (!catalog_audit_put(catalog, lines->pdata[i], error))
			return false;
	return true;
}

static bool read_catalog(const char *folder, GPtrArray *lines, GError **error)
{
	g_autofree char *path = g_build_filename(folder, "catalog.db", NULL);
	g_autoptr(Catalog) catalog = NULL;
	g_autoptr(GPtrArray) found = NULL;

	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return true;
	catalog = open_catalog(folder, error);
	if (!catalog || !catalog_audit(catalog, &found, error))
		return false;
	g_ptr_array_extend_and_steal(lines, g_steal_pointer(&found));
	return true;
}

static bool parse_line(const char *text, GPtrArray *lines)
{
	g_auto(GStrv) words = g_strsplit(text, "\t", 5);
	struct catalog_audit *line;
	guint64 seq;

	if (g_strv_length(words) != 4 ||
	    !g_ascii_string_to_unsigned(words[0], 10, 1, G_MAXINT64, &seq, NULL) ||
	    strlen(words[1]) != 2 * SHA256_SIZE || !hex_is_digits(words[1], 2 * SHA256_SIZE))
		return false;
	line = g_new0(struct catalog_audit, 1);
	line->seq = seq;
	line->sha256 = g_strdup(words[1]);
	line->event = g_strdup(words[2]);
	line->run = strcmp(words[3], NO_RUN) == 0 ? NULL : g_strdup(words[3]);
	g_ptr_array_add(lines, line);
	return true;
}

static bool read_export(const char *folder, GPtrArray *lines, GError **error)
{
	g_autofree char *path = g_build_filename(folder, MIRROR_FILE, NULL);
	g_autoptr(GBytes) content = NULL;
	g_auto(GStrv) texts = NULL;
	g_autofree char *all = NULL;
	gsize size;

	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return true;
	if (!file_read(path, MIRROR_MAX, &content, error))
		return false;
	all = g_strndup(g_bytes_get_data(content, NULL), g_bytes_get_size(content));
	size = strlen(all);
	texts = g_strsplit(all, "\n", -1);
	for (guint i = 0; texts[i]; i++)
		if ((texts[i][0] || texts[i + 1]) && !parse_line(texts[i], lines))
			return odr_fail(error, ODR_ERROR_CORRUPT, "line %u of '%s' is none", i + 1,
					path);
	return size == g_bytes_get_size(content) ||
	       odr_fail(error, ODR_ERROR_CORRUPT, "'%s' is no text", path);
}

bool mirror_read(const char *folder, GPtrArray **lines, GError **error)
{
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_audit_free);

	if (!read_catalog(folder, found, error) || !read_export(folder, found, error))
		return false;
	*lines = g_steal_pointer(&found);
	return true;
}

char *mirror_print(const GPtrArray *lines)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < lines->len; i++) {
		const struct catalog_audit *line = lines->pdata[i];

		g_string_append_printf(text, "%" G_GUINT64_FORMAT "\t%s\t%s\t%s\n", line->seq,
				       line->sha256, line->event, line->run ? line->run : NO_RUN);
	}
	return g_string_free(text, FALSE);
}
