/* A document as Markdown: tables of GitHub's flavour, no HTML. */
#include "base/text.h"
#include "drill/report/document.h"
#include "drill/report/escape.h"

static void print_cell(GString *out, const struct cell *cell)
{
	g_string_append_c(out, ' ');
	if (!cell->text || !*cell->text)
		g_string_append(out, "–");
	else if (cell->tone == TONE_CODE)
		escape_code(out, cell->text);
	else
		escape_markdown(out, cell->text);
	g_string_append(out, " |");
}

static void print_table(GString *out, const struct block *block)
{
	if (block->cells->len == 0)
		return;
	g_string_append(out, "\n|");
	for (unsigned i = 0; i < block->columns; i++) {
		g_string_append_c(out, ' ');
		escape_markdown(out, block->headings[i] + (block->headings[i][0] == '>'));
		g_string_append(out, " |");
	}
	g_string_append(out, "\n|");
	for (unsigned i = 0; i < block->columns; i++)
		g_string_append(out, block->headings[i][0] == '>' ? "---:|" : "---|");
	for (guint i = 0; i < block->cells->len; i++) {
		if (i % block->columns == 0)
			g_string_append(out, "\n|");
		print_cell(out, &g_array_index(block->cells, struct cell, i));
	}
	g_string_append(out, "\n");
}

static void print_fact(GString *out, const struct block *block)
{
	const struct cell cell = {block->tone, block->text};

	g_string_append(out, "- ");
	escape_markdown(out, block->name);
	g_string_append_c(out, ':');
	print_cell(out, &cell);
	g_string_truncate(out, out->len - 2);
	g_string_append_c(out, '\n');
}

static void print_line(GString *out, const char *before, const char *text, const char *after)
{
	g_string_append(out, before);
	escape_markdown(out, text);
	g_string_append(out, after);
}

/* In an indented block nothing is markup. */
static void print_command(GString *out, const char *text, bool follows)
{
	g_autofree char *safe = text_escape(text);

	g_string_append_printf(out, "%s    %s\n", follows ? "" : "\n", safe);
}

static void print_block(GString *out, const struct block *block, enum block_kind previous)
{
	bool follows = previous == block->kind;

	switch (block->kind) {
	case BLOCK_VERDICT:
		print_line(out, "\n**", block->name, "**");
		print_line(out, ": ", block->text, "\n");
		break;
	case BLOCK_SECTION:
		print_line(out, "\n## ", block->text, "\n");
		break;
	case BLOCK_HEADING:
		print_line(out, "\n### ", block->text, "\n");
		break;
	case BLOCK_PARAGRAPH:
		print_line(out, "\n", block->text, "\n");
		break;
	case BLOCK_ITEM:
		print_line(out, follows ? "- " : "\n- ", block->text, "\n");
		break;
	case BLOCK_FACT:
		if (!follows)
			g_string_append_c(out, '\n');
		print_fact(out, block);
		break;
	case BLOCK_COMMAND:
		print_command(out, block->text, follows);
		break;
	case BLOCK_BLANK:
		if (!follows)
			g_string_append_c(out, '\n');
		print_line(out, "- ", block->name, ": ");
		g_string_append(out, "\\_\\_\\_\\_\\_\\_\\_\\_\n");
		break;
	case BLOCK_TABLE:
		print_table(out, block);
		break;
	case BLOCK_CHART:
		print_line(out, "\n### ", block->name, "\n");
		break;
	}
}

static bool has_data(const Document *document, guint chart)
{
	const struct block *next =
		chart + 1 < document->blocks->len ? document->blocks->pdata[chart + 1] : NULL;

	return next && next->kind == BLOCK_TABLE && next->cells->len > 0;
}

char *document_markdown(const Document *document)
{
	GString *out = g_string_new(NULL);
	enum block_kind previous = BLOCK_SECTION;

	print_line(out, "# ", document->kind, ": ");
	print_line(out, "", document->title, "\n");
	for (guint i = 0; i < document->blocks->len; i++) {
		const struct block *block = document->blocks->pdata[i];

		/* Of a chart there is its data, or nothing. */
		if (block->kind == BLOCK_CHART && !has_data(document, i))
			continue;
		print_block(out, block, previous);
		previous = block->kind;
	}
	return g_string_free(out, FALSE);
}
