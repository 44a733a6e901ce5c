#include "drill/report/document.h"

static void cell_clear(void *data)
{
	g_free(((struct cell *)data)->text);
}

static void block_free(void *data)
{
	struct block *block = data;

	if (block->cells)
		g_array_unref(block->cells);
	g_free(block->name);
	g_free(block->text);
	g_free(block);
}

Document *document_new(const char *kind, const char *title)
{
	Document *document = g_new0(Document, 1);

	document->kind = g_strdup(kind);
	document->title = g_strdup(title);
	document->blocks = g_ptr_array_new_with_free_func(block_free);
	return document;
}

void document_free(Document *document)
{
	if (!document)
		return;
	g_ptr_array_unref(document->blocks);
	g_free(document->kind);
	g_free(document->title);
	g_free(document);
}

static struct block *last_block(const Document *document)
{
	g_assert(document->blocks->len > 0);
	return document->blocks->pdata[document->blocks->len - 1];
}

static struct block *add(Document *document, enum block_kind kind)
{
	struct block *block = g_new0(struct block, 1);

	block->kind = kind;
	g_ptr_array_add(document->blocks, block);
	return block;
}

void document_verdict(Document *document, enum tone tone, const char *word, const char *format, ...)
{
	struct block *block = add(document, BLOCK_VERDICT);
	va_list arguments;

	va_start(arguments, format);
	block->text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	block->tone = tone;
	block->name = g_strdup(word);
}

void document_number_sections(Document *document)
{
	document->numbered = true;
}

void document_section(Document *document, const char *title)
{
	document->sections++;
	add(document, BLOCK_SECTION)->text =
		document->numbered ? g_strdup_printf("%u · %s", document->sections, title)
				   : g_strdup(title);
}

void document_heading(Document *document, const char *title)
{
	add(document, BLOCK_HEADING)->text = g_strdup(title);
}

void document_paragraph(Document *document, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(document, BLOCK_PARAGRAPH)->text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
}

void document_item(Document *document, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(document, BLOCK_ITEM)->text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
}

void document_fact(Document *document, const char *name, enum tone tone, const char *text)
{
	struct block *block = add(document, BLOCK_FACT);

	block->tone = text ? tone : TONE_PLAIN;
	block->name = g_strdup(name);
	block->text = g_strdup(text);
}

void document_command(Document *document, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(document, BLOCK_COMMAND)->text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
}

void document_blank(Document *document, const char *name)
{
	add(document, BLOCK_BLANK)->name = g_strdup(name);
}

void document_table(Document *document, const char *const *headings)
{
	bool of_chart = document->blocks->len > 0 && last_block(document)->kind == BLOCK_CHART;
	struct block *block = add(document, BLOCK_TABLE);

	block->headings = headings;
	block->of_chart = of_chart;
	while (headings[block->columns])
		block->columns++;
	block->cells = g_array_new(FALSE, FALSE, sizeof(struct cell));
	g_array_set_clear_func(block->cells, cell_clear);
}

void document_cell(Document *document, enum tone tone, const char *text)
{
	struct block *block = last_block(document);
	struct cell cell = {text ? tone : TONE_PLAIN, g_strdup(text)};

	g_assert(block->kind == BLOCK_TABLE);
	g_array_append_val(block->cells, cell);
}

void document_cellf(Document *document, enum tone tone, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	document_cell(document, tone, text);
}

bool document_table_empty(const Document *document)
{
	return last_block(document)->cells->len == 0;
}

void document_chart(Document *document, const char *title, char *svg)
{
	struct block *block = add(document, BLOCK_CHART);

	block->name = g_strdup(title);
	block->text = svg;
}
