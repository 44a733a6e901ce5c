#include "drill/report/escape.h"

#include <glib.h>

struct escape_case {
	const char *text, *escaped;
};

static void check(void (*escape)(GString *, const char *), const struct escape_case *cases,
		  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		g_autoptr(GString) out = g_string_new(NULL);

		escape(out, cases[i].text);
		g_assert_cmpstr(out->str, ==, cases[i].escaped);
	}
}

static void in_xml(void)
{
	static const struct escape_case cases[] = {
		{"", ""},
		{"Grüße, 12 €", "Grüße, 12 €"},
		{"<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"},
		{"\" onload=\"x", "&quot; onload=&quot;x"},
		{"&amp;", "&amp;amp;"},
		{"a\nb\r\nc\td", "a\nb\nc d"},
		{"\033[31mred", "\\x1b[31mred"},
		{"\xe2\x80\xaegnp.exe", "\\u{202e}gnp.exe"},
		{"\xff\xfe", "\\xff\\xfe"},
		{"]]>", "]]&gt;"},
	};

	check(escape_xml, cases, G_N_ELEMENTS(cases));
}

static void in_markdown(void)
{
	static const struct escape_case cases[] = {
		{"plain words", "plain words"},
		{"a|b", "a\\|b"},
		{"`code` *bold* _it_", "\\`code\\` \\*bold\\* \\_it\\_"},
		{"<img src=x onerror=y>", "&lt;img src=x onerror=y&gt;"},
		{"[text](http://x.example)", "\\[text\\](http\\://x.example)"},
		{"www.example.org", "www\\.example.org"},
		{"me@example.org", "me\\@example.org"},
		{"# heading", "\\# heading"},
		{"- item", "\\- item"},
		{"1. item", "1\\. item"},
		{"12) item", "12\\) item"},
		{"1.5 s", "1.5 s"},
		{"one\ntwo", "one two"},
		{"---", "\\---"},
		{"&lt;", "&amp;lt;"},
		{"back\\slash", "back\\\\slash"},
	};

	check(escape_markdown, cases, G_N_ELEMENTS(cases));
}

static void in_code(void)
{
	static const struct escape_case cases[] = {
		{"abc", "`abc`"},
		{"a`b", "``a`b``"},
		{"``x", "``` ``x ```"},
		{"a|b", "`a\\|b`"},
	};

	check(escape_code, cases, G_N_ELEMENTS(cases));
}

static void in_csv(void)
{
	static const struct escape_case cases[] = {
		{"plain", "plain"},
		{"a,b", "\"a,b\""},
		{"say \"x\"", "\"say \"\"x\"\"\""},
		{"two\nlines", "\"two\r\nlines\""},
		{"=1+2", "'=1+2"},
		{"+1", "'+1"},
		{"-1", "'-1"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""},
		{"\t=1", "\" =1\""},
		{"a=1", "a=1"},
	};

	check(escape_csv, cases, G_N_ELEMENTS(cases));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drill/report/escape/hostile-text-in-xml", in_xml);
	g_test_add_func("/drill/report/escape/hostile-text-in-markdown", in_markdown);
	g_test_add_func("/drill/report/escape/hostile-text-in-code", in_code);
	g_test_add_func("/drill/report/escape/formulas-and-quotes-in-csv", in_csv);
	return g_test_run();
}
