#include "drill/check/sql_rows.h"

#include "base/error.h"

#include <string.h>

static void row_free(void *data)
{
	g_strfreev(data);
}

SqlRows *sql_rows_new(const char *const *columns)
{
	SqlRows *rows = g_new0(SqlRows, 1);

	rows->columns = g_strdupv((char **)columns);
	rows->width = g_strv_length(rows->columns);
	rows->rows = g_ptr_array_new();
	return rows;
}

void sql_rows_add(SqlRows *rows, const char *const *cells)
{
	char **row = g_new0(char *, rows->width);

	for (unsigned i = 0; i < rows->width; i++)
		row[i] = g_strdup(cells[i]);
	g_ptr_array_add(rows->rows, row);
}

SqlRows *sql_rows_copy(const struct sql_rows *rows)
{
	SqlRows *copy = sql_rows_new((const char *const *)rows->columns);

	for (guint i = 0; i < rows->rows->len; i++)
		sql_rows_add(copy, rows->rows->pdata[i]);
	return copy;
}

void sql_rows_free(SqlRows *rows)
{
	if (!rows)
		return;
	for (guint i = 0; i < rows->rows->len; i++) {
		char **row = rows->rows->pdata[i];

		for (unsigned k = 0; k < rows->width; k++)
			g_free(row[k]);
		g_free(row);
	}
	g_ptr_array_unref(rows->rows);
	row_free(rows->columns);
	g_free(rows);
}

int sql_rows_column(const struct sql_rows *rows, const char *name)
{
	for (unsigned i = 0; i < rows->width; i++)
		if (strcmp(rows->columns[i], name) == 0)
			return (int)i;
	return -1;
}

static json_t *text_json(const char *text)
{
	g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : NULL;

	return valid ? json_string(valid) : json_null();
}

json_t *sql_rows_json(const struct sql_rows *rows)
{
	json_t *document = json_object(), *columns = json_array(), *list = json_array();

	for (unsigned i = 0; i < rows->width; i++)
		json_array_append_new(columns, text_json(rows->columns[i]));
	for (guint i = 0; i < rows->rows->len; i++) {
		char **cells = rows->rows->pdata[i];
		json_t *row = json_array();

		for (unsigned k = 0; k < rows->width; k++)
			json_array_append_new(row, text_json(cells[k]));
		json_array_append_new(list, row);
	}
	json_set(document, "columns", columns);
	json_set(document, "rows", list);
	return document;
}

static bool read_row(SqlRows *rows, const json_t *row, const char *what, GError **error)
{
	g_autofree const char **cells = g_new0(const char *, rows->width + 1);

	if (!json_is_array(row) || json_array_size(row) != rows->width)
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s has a row that is not of %u cells",
				what, rows->width);
	for (unsigned i = 0; i < rows->width; i++) {
		const json_t *cell = json_array_get(row, i);

		if (!json_is_string(cell) && !json_is_null(cell))
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"%s has a cell that is neither text nor null", what);
		cells[i] = json_string_value(cell);
	}
	sql_rows_add(rows, cells);
	return true;
}

bool sql_rows_parse(json_t *document, const char *what, SqlRows **rows, GError **error)
{
	g_autoptr(SqlRows) parsed = NULL;
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	json_t *columns, *list;

	if (!json_is_object(document))
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s is no object", what);
	if (!json_array_member(document, what, "columns", &columns, error) ||
	    !json_array_member(document, what, "rows", &list, error))
		return false;
	if (json_array_size(columns) > 1600 || json_array_size(list) > SQL_ROWS_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s has too many columns or rows", what);
	for (size_t i = 0; i < json_array_size(columns); i++) {
		const char *name = json_string_value(json_array_get(columns, i));

		if (!name)
			return odr_fail(error, ODR_ERROR_CORRUPT, "%s has a column without a name",
					what);
		g_ptr_array_add(names, (void *)name);
	}
	g_ptr_array_add(names, NULL);
	parsed = sql_rows_new((const char *const *)names->pdata);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!read_row(parsed, json_array_get(list, i), what, error))
			return false;
	*rows = g_steal_pointer(&parsed);
	return true;
}

/* Tabs between cells; \t, \n, \\ and \N as COPY writes them. */
static void append_cell(GString *line, const char *cell)
{
	if (!cell) {
		g_string_append(line, "\\N");
		return;
	}
	for (; *cell; cell++) {
		if (*cell == '\t' || *cell == '\n' || *cell == '\r' || *cell == '\\')
			g_string_append_printf(line, "\\%c",
					       *cell == '\t'   ? 't'
					       : *cell == '\n' ? 'n'
					       : *cell == '\r' ? 'r'
							       : '\\');
		else
			g_string_append_c(line, *cell);
	}
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *sql_rows_text(const struct sql_rows *rows, bool ordered)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < rows->rows->len; i++) {
		char **cells = rows->rows->pdata[i];
		GString *line = g_string_new(NULL);

		for (unsigned k = 0; k < rows->width; k++) {
			if (k > 0)
				g_string_append_c(line, '\t');
			append_cell(line, cells[k]);
		}
		g_ptr_array_add(lines, g_string_free(line, false));
	}
	if (!ordered)
		g_ptr_array_sort(lines, by_bytes);
	for (guint i = 0; i < lines->len; i++)
		g_string_append_printf(text, "%s\n", (char *)lines->pdata[i]);
	return g_string_free(text, false);
}

char *sql_rows_sha256(const struct sql_rows *rows, bool ordered)
{
	g_autofree char *text = sql_rows_text(rows, ordered);

	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}
