#ifndef ODR_DRILL_REPORT_DOCUMENT_H
#define ODR_DRILL_REPORT_DOCUMENT_H

#include <glib.h>
#include <stdbool.h>

/*
 * A report without its format: sections of sentences, facts, tables and charts, written once and printed as HTML and as
 * Markdown. All text is plain, and escaped where it is printed.
 */
typedef struct document Document;
Document *document_new(const char *kind, const char *title); /* "Drill report", "erp-weekly, …" */
void document_free(Document *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Document, document_free)

/* How a word that tells a state looks; the word is always there too. */
enum tone {
	TONE_PLAIN,
	TONE_GOOD,
	TONE_BAD,
	TONE_OPEN,  /* not proven, not complete */
	TONE_MUTED, /* not assessed, not run */
	TONE_EXEMPT,
	TONE_CODE,  /* digests, names of objects: not a state */
	TONE_WHOLE, /* stays in one line, as a time does: not a state either */
};

/* What stands on top, large: the word of the state, and a sentence. */
void document_verdict(Document *document, enum tone tone, const char *word, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
/* Numbered from 1 on where the document is. */
void document_number_sections(Document *document);
void document_section(Document *document, const char *title);
void document_heading(Document *document, const char *title); /* within a section */
void document_paragraph(Document *document, const char *format, ...) G_GNUC_PRINTF(2, 3);
void document_item(Document *document, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A name and what is known of it: NULL is a dash. */
void document_fact(Document *document, const char *name, enum tone tone, const char *text);
void document_command(Document *document, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A line that people fill in. */
void document_blank(Document *document, const char *name);
/* headings: ends with NULL; '>' in front aligns right. Then cells, row after row; NULL is a dash. */
void document_table(Document *document, const char *const *headings);
void document_cell(Document *document, enum tone tone, const char *text);
void document_cellf(Document *document, enum tone tone, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
bool document_table_empty(const Document *document); /* of the last table */
/* svg: made by chart.h; taken. The next table is its data, which Markdown has instead of it. */
void document_chart(Document *document, const char *title, char *svg);

/* g_free. HTML: one file, no script, no reference to anything outside. */
char *document_html(const Document *document);
char *document_markdown(const Document *document);

/* For the printers. */
enum block_kind {
	BLOCK_VERDICT,
	BLOCK_SECTION,
	BLOCK_HEADING,
	BLOCK_PARAGRAPH,
	BLOCK_ITEM,
	BLOCK_FACT,
	BLOCK_COMMAND,
	BLOCK_BLANK,
	BLOCK_TABLE,
	BLOCK_CHART,
};
struct cell {
	enum tone tone;
	char *text; /* NULL: a dash */
};
struct block {
	enum block_kind kind;
	enum tone tone;
	char *name, *text;
	const char *const *headings;
	unsigned columns;
	GArray *cells; /* struct cell; of a table */
	bool of_chart; /* a table that is the data of the chart before it */
};
struct document {
	char *kind, *title;
	bool numbered;
	unsigned sections;
	GPtrArray *blocks; /* struct block */
};

#endif
