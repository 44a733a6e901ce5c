#include "collect/resp.h"

#include <string.h>

static const struct {
	const char *bytes, *shown; /* NULL: broken; "": not whole */
} cases[] = {
	{"+OK\r\n", "'OK'"},
	{"-ERR no\r\n", "!ERR no"},
	{":-42\r\n", "-42"},
	{"$3\r\nabc\r\n", "'abc'"},
	{"$0\r\n\r\n", "''"},
	{"$-1\r\n", "null"},
	{"*0\r\n", "[]"},
	{"*-1\r\n", "null"},
	{"*3\r\n$1\r\na\r\n:1\r\n*1\r\n+b\r\n", "['a' 1 ['b']]"},
	{"", ""},
	{"+OK", ""},
	{"+OK\r", ""},
	{"$3\r\nab", ""},
	{"$3\r\nabc\r", ""},
	{"*2\r\n+a\r\n", ""},
	{"*1000000\r\n+a\r\n", ""},
	{"$3\r\nabcd\r\n", NULL},
	{"$x\r\n", NULL},
	{"$99999999999\r\n", NULL},
	{"$-2\r\n", NULL},
	{":1x\r\n", NULL},
	{"HTTP/1.1 400\r\n", NULL},
	{"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n+a\r\n", NULL},
};

static void show(const Resp *reply, GString *text)
{
	switch (reply->kind) {
	case RESP_TEXT:
		g_string_append_printf(text, "'%s'", reply->text);
		break;
	case RESP_ERROR:
		g_string_append_printf(text, "!%s", reply->text);
		break;
	case RESP_INTEGER:
		g_string_append_printf(text, "%d", (int)reply->number);
		break;
	case RESP_NULL:
		g_string_append(text, "null");
		break;
	case RESP_ARRAY:
		g_string_append_c(text, '[');
		for (guint i = 0; i < reply->items->len; i++) {
			g_string_append(text, i ? " " : "");
			show(reply->items->pdata[i], text);
		}
		g_string_append_c(text, ']');
	}
}

static void test_replies(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *more = g_strconcat(cases[i].bytes, "+next", NULL);
		bool whole = cases[i].shown && *cases[i].shown;
		g_autoptr(GString) text = g_string_new(NULL);
		g_autoptr(Resp) reply = NULL;
		size_t used = 0;
		enum resp_outcome outcome =
			resp_parse(whole ? more : cases[i].bytes,
				   strlen(whole ? more : cases[i].bytes), &reply, &used);

		g_test_message("%s", cases[i].bytes);
		g_assert_cmpint(outcome, ==,
				whole		 ? RESP_WHOLE
				: cases[i].shown ? RESP_MORE
						 : RESP_BROKEN);
		if (!whole)
			continue;
		show(reply, text);
		g_assert_cmpstr(text->str, ==, cases[i].shown);
		g_assert_cmpuint(used, ==, strlen(cases[i].bytes));
	}
}

static void test_command(void)
{
	const char *const words[] = {"CONFIG", "GET", "*", NULL};
	g_autoptr(GString) text = g_string_new(NULL);

	resp_command(text, words);
	g_assert_cmpstr(text->str, ==, "*3\r\n$6\r\nCONFIG\r\n$3\r\nGET\r\n$1\r\n*\r\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collect/resp/replies", test_replies);
	g_test_add_func("/collect/resp/a-command", test_command);
	return g_test_run();
}
