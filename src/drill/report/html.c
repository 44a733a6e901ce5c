/* A document as one HTML file: no script, nothing from outside, light and dark, on a screen and on paper. */
#include "drill/report/document.h"
#include "drill/report/escape.h"

#include <string.h>

static const char style[] =
	":root{color-scheme:light dark;--ink:#1b2430;--soft:#5a6675;--line:#d8dee6;--page:#fff;"
	"--panel:#f6f8fa;--accent:#1f5fa8;--good:#1a6b3c;--good-b:#e2f3e8;--bad:#a3201d;"
	"--bad-b:#fbe5e3;--open:#7a4d00;--open-b:#fdf0d5;--muted:#4d5866;--muted-b:#e9edf1;"
	"--exempt:#5a3d8a;--exempt-b:#eee7f8;--s0:#1f5fa8;--s1:#3f8ec4;--s2:#6a5aa8;--s3:#2f8f83;"
	"--s4:#a8692b;--s5:#8a97a6}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#e3e8ee;--soft:#a3afbd;--line:#38424e;"
	"--page:#14191f;--panel:#1c232b;--accent:#7db4ee;--good:#8fdcab;--good-b:#173624;"
	"--bad:#ffaca6;--bad-b:#4a1c1a;--open:#f2cc80;--open-b:#40300d;--muted:#b8c2ce;"
	"--muted-b:#2b343e;--exempt:#cdb6f2;--exempt-b:#35264f;--s0:#6ba6e6;--s1:#8cc6ea;"
	"--s2:#ab9ee0;--s3:#6cc7ba;--s4:#dba468;--s5:#77838f}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0;background:var(--page);color:var(--ink);"
	"font:15px/1.5 system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}\n"
	"main{max-width:62rem;margin:0 auto;padding:2rem 1.5rem 4rem}\n"
	"header p{margin:0;color:var(--soft);font-size:.87rem;letter-spacing:.06em;"
	"text-transform:uppercase}\n"
	"h1{margin:.1rem 0 1rem;font-size:1.75rem;line-height:1.25;overflow-wrap:anywhere}\n"
	"h2{margin:2.4rem 0 .7rem;padding-bottom:.3rem;border-bottom:2px solid var(--line);"
	"font-size:1.2rem;line-height:1.3}\n"
	"h3{margin:1.5rem 0 .5rem;font-size:1rem}\n"
	"p,li,dd{overflow-wrap:anywhere}p{margin:.5rem 0;max-width:52rem}\n"
	"ul{margin:.4rem 0;padding-left:1.2rem}li{margin:.2rem 0;max-width:52rem}\n"
	".verdict{display:flex;gap:1rem;align-items:center;margin:1rem 0 1.4rem;padding:1rem "
	"1.2rem;border-left:.4rem solid;border-radius:.3rem}\n"
	".verdict strong{font-size:1.15rem;white-space:nowrap}.verdict p{margin:0;color:var(--ink)}"
	"\n"
	".badge{display:inline-block;padding:.05rem .45rem;border-radius:.25rem;font-size:.85em;"
	"font-weight:600;white-space:nowrap}\n"
	".good{color:var(--good);background:var(--good-b)}.bad{color:var(--bad);"
	"background:var(--bad-b)}.open{color:var(--open);background:var(--open-b)}"
	".muted{color:var(--muted);background:var(--muted-b)}.exempt{color:var(--exempt);"
	"background:var(--exempt-b)}\n"
	"code,pre{font-family:ui-monospace,'DejaVu Sans Mono',monospace;font-size:.85em}"
	"code{overflow-wrap:anywhere}.n{white-space:nowrap}\n"
	"pre{margin:.6rem 0;padding:.7rem .9rem;background:var(--panel);border:1px solid "
	"var(--line);border-radius:.3rem;white-space:pre-wrap;overflow-wrap:anywhere}\n"
	"dl{display:grid;grid-template-columns:minmax(9rem,15rem) 1fr;gap:.25rem 1.2rem;margin:.6rem "
	"0}dt{color:var(--soft)}dd{margin:0}\n"
	".scroll{overflow-x:auto;margin:.7rem 0}\n"
	"table{border-collapse:collapse;width:100%;font-size:.92em}\n"
	"th,td{padding:.35rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid "
	"var(--line)}\n"
	"th{color:var(--soft);font-weight:600;border-bottom:2px solid var(--line);"
	"vertical-align:bottom}th,td.r{white-space:nowrap}\n"
	"td{font-variant-numeric:tabular-nums;overflow-wrap:break-word}.r{text-align:right}\n"
	"figure{margin:1rem 0}figcaption{font-weight:600;margin-bottom:.3rem}\n"
	"svg{display:block;width:100%;min-width:36rem;height:auto;font:11px system-ui,'DejaVu "
	"Sans',sans-serif}\n"
	"svg text{fill:var(--ink)}svg .soft{fill:var(--soft)}svg .grid{stroke:var(--line)}"
	"svg .axis{stroke:var(--soft)}svg .mark{stroke:var(--ink)}svg .stated{stroke-dasharray:3 3}"
	"svg .mark-text{paint-order:stroke;stroke:var(--page);stroke-width:3px}"
	"svg .limit{stroke:var(--bad);stroke-dasharray:5 3;"
	"stroke-width:1.5}svg .limit-text{fill:var(--bad);paint-order:stroke;stroke:var(--page);stroke-width:3px}\n"
	"svg .s0{fill:var(--s0)}svg .s1{fill:var(--s1)}svg .s2{fill:var(--s2)}svg "
	".s3{fill:var(--s3)}svg .s4{fill:var(--s4)}svg .s5{fill:var(--s5)}svg "
	".faint{opacity:.35}svg .line{fill:none;stroke:var(--s0);stroke-width:1.5}svg "
	".area{fill:var(--s0);opacity:.25}\n"
	"svg .t-good{fill:var(--good-b);stroke:var(--good)}svg .t-bad{fill:var(--bad-b);"
	"stroke:var(--bad)}svg .t-open{fill:var(--open-b);stroke:var(--open)}svg "
	".t-muted{fill:var(--muted-b);stroke:var(--muted)}svg .unknown{fill:var(--muted-b)}svg "
	".assumed{fill:var(--muted-b);stroke:var(--soft);stroke-dasharray:3 2}\n"
	"details{margin:.4rem 0;color:var(--soft)}summary{cursor:pointer;font-size:.87rem}"
	"details table{color:var(--ink)}\n"
	".blank{display:flex;gap:.8rem;align-items:end;margin:1.1rem 0}.blank "
	"i{flex:1;border-bottom:1px solid var(--soft)}\n"
	"@media(max-width:40rem){main{padding:1rem .9rem 3rem}h1{font-size:1.35rem}"
	".verdict{display:block}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}"
	"table{min-width:36rem}table.fit{min-width:0;font-size:.78em}.fit .badge{white-space:normal;padding:.05rem .2rem}"
	".fit th,.fit td{padding:.3rem .2rem}}\n"
	"@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--line:#bbb;--page:#fff;"
	"--panel:#f6f6f6;--accent:#1f5fa8;--good:#1a6b3c;--good-b:#e2f3e8;--bad:#a3201d;"
	"--bad-b:#fbe5e3;--open:#7a4d00;--open-b:#fdf0d5;--muted:#4d5866;--muted-b:#e9edf1;"
	"--exempt:#5a3d8a;--exempt-b:#eee7f8;--s0:#1f5fa8;--s1:#3f8ec4;--s2:#6a5aa8;--s3:#2f8f83;"
	"--s4:#a8692b;--s5:#8a97a6}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}"
	"body{font-size:9.5pt;line-height:1.4}main{max-width:none;padding:0}h1{font-size:17pt}"
	"h2{font-size:12pt;margin:14pt 0 5pt}h3{margin:9pt 0 3pt}p{margin:3pt 0}"
	".verdict{margin:6pt 0 9pt}ul{margin:2pt 0}li{margin:1pt 0}dl{row-gap:1pt;margin:3pt 0}.blank{margin:7pt 0}"
	"th,td{padding:2.5pt 4pt}h2,h3,figcaption{break-after:avoid}"
	"tr,figure,.verdict,pre,.blank,dl{break-inside:avoid}thead{display:table-header-group}"
	".scroll{overflow:visible}svg{min-width:0}details{display:none}@page{size:A4;margin:16mm "
	"15mm}}\n";

static const char *const tone_class[] = {
	[TONE_PLAIN] = NULL,	[TONE_GOOD] = "good",	  [TONE_BAD] = "bad", [TONE_OPEN] = "open",
	[TONE_MUTED] = "muted", [TONE_EXEMPT] = "exempt", [TONE_CODE] = NULL, [TONE_WHOLE] = NULL,
};

static void print_text(GString *out, const char *before, const char *text, const char *after)
{
	g_string_append(out, before);
	escape_xml(out, text);
	g_string_append(out, after);
}

/* Names of runs stay in one piece; digests are too long for that. */
#define CODE_UNBROKEN 32

static void print_toned(GString *out, enum tone tone, const char *text)
{
	if (!text || !*text) {
		g_string_append(out, "–");
		return;
	}
	if (tone_class[tone])
		g_string_append_printf(out, "<span class=\"badge %s\">", tone_class[tone]);
	if (tone == TONE_CODE)
		print_text(out, strlen(text) > CODE_UNBROKEN ? "<code>" : "<code class=\"n\">",
			   text, "</code>");
	else if (tone == TONE_WHOLE)
		print_text(out, "<span class=\"n\">", text, "</span>");
	else
		print_text(out, "", text, "");
	if (tone_class[tone])
		g_string_append(out, "</span>");
}

static bool is_right(const struct block *block, guint column)
{
	return block->headings[column][0] == '>';
}

/* Of what the longest word is: cells that stay in one line are one. */
static glong width_of(const struct cell *cell, bool whole)
{
	g_auto(GStrv) words = g_strsplit(cell->text ? cell->text : "", " ", -1);
	glong longest = 0;

	if (whole || cell->tone == TONE_CODE || cell->tone == TONE_WHOLE)
		return cell->text ? g_utf8_strlen(cell->text, -1) : 1;
	for (char **word = words; *word; word++)
		longest = MAX(longest, g_utf8_strlen(*word, -1));
	return longest;
}

#define NARROW 50 /* letters that a telephone has in a line, in a table with padding */

/* It need not be moved to and fro on a narrow screen. */
static bool fits_narrow(const struct block *block)
{
	glong width = 0;

	for (unsigned column = 0; column < block->columns; column++) {
		glong widest = g_utf8_strlen(block->headings[column], -1);

		for (guint i = column; i < block->cells->len; i += block->columns)
			widest = MAX(widest, width_of(&g_array_index(block->cells, struct cell, i),
						      is_right(block, column)));
		width += widest;
	}
	return width <= NARROW;
}

static void print_table(GString *out, const struct block *block)
{
	if (block->cells->len == 0)
		return;
	if (block->of_chart)
		g_string_append(out, "<details><summary>Data of the chart</summary>");
	g_string_append_printf(out, "<div class=\"scroll\"><table%s>\n<thead><tr>",
			       fits_narrow(block) ? " class=\"fit\"" : "");
	for (unsigned i = 0; i < block->columns; i++) {
		g_string_append(out, is_right(block, i) ? "<th scope=\"col\" class=\"r\">"
							: "<th scope=\"col\">");
		print_text(out, "", block->headings[i] + is_right(block, i), "</th>");
	}
	g_string_append(out, "</tr></thead>\n<tbody>");
	for (guint i = 0; i < block->cells->len; i++) {
		const struct cell *cell = &g_array_index(block->cells, struct cell, i);
		guint column = i % block->columns;

		if (column == 0)
			g_string_append(out, i > 0 ? "</tr>\n<tr>" : "\n<tr>");
		g_string_append(out, is_right(block, column) ? "<td class=\"r\">" : "<td>");
		print_toned(out, cell->tone, cell->text);
		g_string_append(out, "</td>");
	}
	g_string_append(out, "</tr>\n</tbody></table></div>");
	g_string_append(out, block->of_chart ? "</details>\n" : "\n");
}

static void print_verdict(GString *out, const struct block *block)
{
	g_string_append_printf(out, "<div class=\"verdict %s\">",
			       tone_class[block->tone] ? tone_class[block->tone] : "muted");
	print_text(out, "<strong>", block->name, "</strong>");
	print_text(out, "<p>", block->text, "</p></div>\n");
}

/* What blocks of one kind that follow each other stand in. */
static const char *const group_begins[] = {[BLOCK_ITEM] = "<ul>\n",
					   [BLOCK_FACT] = "<dl>\n",
					   [BLOCK_COMMAND] = "<pre>",
					   [BLOCK_CHART] = NULL};
static const char *const group_ends[] = {[BLOCK_ITEM] = "</ul>\n",
					 [BLOCK_FACT] = "</dl>\n",
					 [BLOCK_COMMAND] = "</pre>\n",
					 [BLOCK_CHART] = NULL};

static void print_block(GString *out, const struct block *block, bool follows)
{
	switch (block->kind) {
	case BLOCK_VERDICT:
		print_verdict(out, block);
		break;
	case BLOCK_SECTION:
		print_text(out, "<h2>", block->text, "</h2>\n");
		break;
	case BLOCK_HEADING:
		print_text(out, "<h3>", block->text, "</h3>\n");
		break;
	case BLOCK_PARAGRAPH:
		print_text(out, "<p>", block->text, "</p>\n");
		break;
	case BLOCK_ITEM:
		print_text(out, "<li>", block->text, "</li>\n");
		break;
	case BLOCK_FACT:
		print_text(out, "<dt>", block->name, "</dt><dd>");
		print_toned(out, block->tone, block->text);
		g_string_append(out, "</dd>\n");
		break;
	case BLOCK_COMMAND:
		print_text(out, follows ? "\n" : "", block->text, "");
		break;
	case BLOCK_BLANK:
		print_text(out, "<div class=\"blank\"><span>", block->name,
			   "</span><i></i></div>\n");
		break;
	case BLOCK_TABLE:
		print_table(out, block);
		break;
	case BLOCK_CHART:
		print_text(out, "<figure><figcaption>", block->name, "</figcaption>");
		g_string_append_printf(out, "<div class=\"scroll\">%s</div></figure>\n",
				       block->text);
		break;
	}
}

static const char *group_text(const char *const *texts, size_t count, int kind)
{
	return kind >= 0 && (size_t)kind < count && texts[kind] ? texts[kind] : "";
}

char *document_html(const Document *document)
{
	GString *out = g_string_new("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
				    "<meta charset=\"utf-8\">\n"
				    "<meta http-equiv=\"Content-Security-Policy\" "
				    "content=\"default-src 'none'; style-src 'unsafe-inline'; "
				    "img-src data:\">\n"
				    "<meta name=\"viewport\" content=\"width=device-width, "
				    "initial-scale=1\">\n");
	int open = -1; /* kind of the group that is open */

	print_text(out, "<title>", document->kind, ": ");
	print_text(out, "", document->title, "</title>\n");
	g_string_append_printf(out, "<style>\n%s</style>\n</head>\n<body>\n<main>\n", style);
	print_text(out, "<header><p>", document->kind, "</p>");
	print_text(out, "<h1>", document->title, "</h1></header>\n");
	for (guint i = 0; i < document->blocks->len; i++) {
		const struct block *block = document->blocks->pdata[i];
		bool follows = (int)block->kind == open;

		if (!follows) {
			g_string_append(out,
					group_text(group_ends, G_N_ELEMENTS(group_ends), open));
			g_string_append(out, group_text(group_begins, G_N_ELEMENTS(group_begins),
							(int)block->kind));
		}
		print_block(out, block, follows);
		open = (int)block->kind;
	}
	g_string_append(out, group_text(group_ends, G_N_ELEMENTS(group_ends), open));
	g_string_append(out, "</main>\n</body>\n</html>\n");
	return g_string_free(out, FALSE);
}
