#include "cli/line/output.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>
#include <unistd.h>

#define SCHEMA_VERSION 1

struct table_out {
	const char *const *headings;
	size_t columns;
	GPtrArray *cells; /* char *, row after row */
};

static bool colored;

bool output_wants_color(bool terminal, bool no_color, const char *no_color_variable,
			const char *term)
{
	if (!terminal || no_color || (no_color_variable && no_color_variable[0]))
		return false;
	return term && term[0] && strcmp(term, "dumb") != 0;
}

void output_begin(const struct arguments *arguments)
{
	colored = output_wants_color(isatty(STDOUT_FILENO), arguments_flag(arguments, "no-color"),
				     g_getenv("NO_COLOR"), g_getenv("TERM"));
}

char *output_tint(const char *text, enum output_tint tint)
{
	static const char *const codes[] = {
		[TINT_OK] = "32",
		[TINT_WARNING] = "33",
		[TINT_CRITICAL] = "31;1",
	};

	return colored ? g_strdup_printf("\033[%sm%s\033[0m", codes[tint], text) : g_strdup(text);
}

void output_line(int width, const char *name, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_autofree char *safe = text_escape(text);

	printf("%-*s %s\n", width, name, safe);
}

TableOut *table_out_new(const char *const *headings)
{
	TableOut *table = g_new0(TableOut, 1);

	table->headings = headings;
	while (headings[table->columns])
		table->columns++;
	table->cells = g_ptr_array_new_with_free_func(g_free);
	return table;
}

void table_out_row(TableOut *table, ...)
{
	va_list cells;

	va_start(cells, table);
	for (size_t i = 0; i < table->columns; i++) {
		const char *cell = va_arg(cells, const char *);

		g_ptr_array_add(table->cells, text_escape(cell && *cell ? cell : "-"));
	}
	va_end(cells);
}

/* Columns on a terminal. */
static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text = g_utf8_next_char(text)) {
		gunichar character = g_utf8_get_char(text);

		width += g_unichar_iszerowidth(character) ? 0 : g_unichar_iswide(character) ? 2 : 1;
	}
	return width;
}

static bool aligns_right(const TableOut *table, size_t column)
{
	return table->headings[column][0] == '>';
}

static const char *heading(const TableOut *table, size_t column)
{
	return table->headings[column] + (aligns_right(table, column) ? 1 : 0);
}

static size_t column_width(const TableOut *table, size_t column)
{
	size_t width = text_width(heading(table, column));

	for (size_t i = column; i < table->cells->len; i += table->columns)
		width = MAX(width, text_width(table->cells->pdata[i]));
	return width;
}

static void print_cell(const TableOut *table, size_t column, size_t width, const char *text,
		       FILE *to)
{
	int padding = (int)(width - text_width(text));
	bool last = column + 1 == table->columns;

	if (aligns_right(table, column))
		fprintf(to, "%*s%s%s", padding, "", text, last ? "\n" : "  ");
	else
		fprintf(to, "%s%*s%s", text, last ? 0 : padding, "", last ? "\n" : "  ");
}

void table_out_print(TableOut *table, FILE *to)
{
	g_autofree size_t *widths = g_new(size_t, table->columns);

	for (size_t i = 0; i < table->columns; i++)
		widths[i] = column_width(table, i);
	for (size_t i = 0; to && i < table->columns; i++)
		print_cell(table, i, widths[i], heading(table, i), to);
	for (size_t i = 0; to && i < table->cells->len; i++)
		print_cell(table, i % table->columns, widths[i % table->columns],
			   table->cells->pdata[i], to);
	g_ptr_array_unref(table->cells);
	g_free(table);
}

void json_out(json_t *document)
{
	g_autofree char *text = NULL;

	json_set_int(document, "schema_version", SCHEMA_VERSION);
	text = isatty(STDOUT_FILENO) ? json_print_pretty(document) : json_print(document);
	puts(text);
	json_decref(document);
}

/* Readers of the stream look at the start of a line to know what it is. */
void json_line(const char *message_type, json_t *members)
{
	g_autofree char *text = json_print(members);

	printf("{\"message_type\":\"%s\"%s%s\n", message_type, json_object_size(members) ? "," : "",
	       text + 1);
	fflush(stdout);
	json_decref(members);
}
