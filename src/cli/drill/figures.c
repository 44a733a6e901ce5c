#include "cli/drill/figures.h"

#include "base/error.h"
#include "base/file.h"

#include <string.h>

#define TYPE	 "odrbackup-figures"
#define FORMAT	 "1.0"
#define FILE_MAX ((size_t)64 << 20)

struct drill_figures_file {
	GHashTable *rows;	/* name of a query → SqlRows */
	GHashTable *references; /* the same → struct drill_reference */
};

DrillFigures *drill_figures_new(void)
{
	DrillFigures *figures = g_new0(DrillFigures, 1);

	figures->rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      (GDestroyNotify)sql_rows_free);
	figures->references = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return figures;
}

void drill_figures_free(DrillFigures *figures)
{
	if (!figures)
		return;
	g_hash_table_unref(figures->references);
	g_hash_table_unref(figures->rows);
	g_free(figures);
}

static void add(DrillFigures *figures, const char *query, SqlRows *rows)
{
	struct drill_reference *reference = g_new0(struct drill_reference, 1);

	*reference =
		(struct drill_reference){.basis = DRILL_BASIS_EXACT, .before = rows, .after = rows};
	g_hash_table_insert(figures->rows, g_strdup(query), rows);
	g_hash_table_insert(figures->references, g_strdup(query), reference);
}

void drill_figures_keep(void *data, const char *database, const char *query,
			const struct sql_rows *rows)
{
	(void)database;
	add(data, query, sql_rows_copy(rows));
}

const struct drill_reference *drill_figures_find(void *data, const struct drill_question *question)
{
	const DrillFigures *figures = data;

	/* Whatever the database is called: a copy may be called otherwise. */
	return question->kind == DRILL_REFERENCE_SOURCE
		       ? NULL
		       : g_hash_table_lookup(figures->references, question->query);
}

static bool read_queries(DrillFigures *figures, const char *path, json_t *queries, GError **error)
{
	const char *name;
	json_t *value;

	json_object_foreach(queries, name, value)
	{
		SqlRows *rows;

		if (!sql_rows_parse(value, name, &rows, error))
			return odr_context(error, "'%s'", path);
		add(figures, name, rows);
	}
	return true;
}

DrillFigures *drill_figures_load(const char *path, GError **error)
{
	g_autoptr(DrillFigures) figures = drill_figures_new();
	g_autofree char *text = NULL;
	g_autoptr(JsonValue) document = NULL;
	const char *type, *format;
	json_t *queries;

	if (!file_read_text(path, FILE_MAX, &text, error) ||
	    !json_parse(text, strlen(text), path, &document, error) ||
	    !json_string_member(document, path, "type", &type, error) ||
	    !json_string_member(document, path, "format", &format, error) ||
	    !json_object_member(document, path, "queries", &queries, error))
		return NULL;
	if (strcmp(type, TYPE) != 0 || !g_str_has_prefix(format, "1.")) {
		odr_fail(error, ODR_ERROR_CORRUPT, "'%s' holds no figures of this version", path);
		return NULL;
	}
	return read_queries(figures, path, queries, error) ? g_steal_pointer(&figures) : NULL;
}

bool drill_figures_save(const DrillFigures *figures, const char *path, GError **error)
{
	g_autoptr(JsonValue) document = json_object();
	json_t *queries = json_object();
	g_autofree char *text = NULL;
	GHashTableIter iterator;
	gpointer query, rows;

	g_hash_table_iter_init(&iterator, figures->rows);
	while (g_hash_table_iter_next(&iterator, &query, &rows))
		json_set(queries, query, sql_rows_json(rows));
	json_set_string(document, "type", TYPE);
	json_set_string(document, "format", FORMAT);
	json_set(document, "queries", queries);
	text = json_print_pretty(document);
	return file_write(path, text, strlen(text), NULL, error);
}
