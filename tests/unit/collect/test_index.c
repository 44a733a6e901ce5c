#include "collect/index.h"

#include "base/error.h"

#include <string.h>

static const char *const safe[] = {"a",	  "a/b", "files/etc/odoo.conf", "a b/\xc3\xa4",
				   "...", "a/.b"};
static const char *const unsafe[] = {"",     "/a", "a/",   "a//b",  "./a",
				     "a/..", "..", "a\nb", "a\x7f", "\xff"};

static void test_paths(void)
{
	g_autofree char *longest = g_strnfill(COLLECT_PATH_MAX, 'x');
	g_autofree char *longer = g_strnfill(COLLECT_PATH_MAX + 1, 'x');

	for (size_t i = 0; i < G_N_ELEMENTS(safe); i++)
		g_assert_true(collect_path_safe(safe[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(unsafe); i++)
		g_assert_false(collect_path_safe(unsafe[i]));
	g_assert_true(collect_path_safe(longest));
	g_assert_false(collect_path_safe(longer));
}

#define REPORT                                                                                 \
 "{\"name\":\"host\",\"type\":\"host\",\"state\":\"collected\",\"required\":true,\"order\":1," \
 "\"needs\":null,\"hint\":\"h\",\"reason\":null,\"notes\":[\"n\"]}"
#define ITEM(path, more)                                                                 \
 "{\"path\":\"" path "\",\"source\":\"/etc/fstab\",\"form\":\"text\",\"in_place\":true," \
 "\"masked\":false,\"hint\":null,\"mode\":420,\"uid\":0,\"gid\":0,\"owner\":\"root\","   \
 "\"group\":\"root\",\"mtime_ns\":1,\"link\":null,\"size\":3,\"sha256\":\"" DIGEST "\"" more "}"
#define DIGEST "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define INDEX(reports, items) \
 "{\"format\":1,\"taken_us\":7,\"collectors\":[" reports "],\"items\":[" items "]}"

static bool parse(const char *text, CollectIndex **index, GError **error)
{
	return collect_index_parse(text, strlen(text), index, error);
}

static void test_round(void)
{
	static const char text[] = INDEX(REPORT, ITEM("host/files/etc/fstab", ",\"later\":1"));
	g_autoptr(CollectIndex) index = NULL, again = NULL;
	const struct collect_report *report;
	const struct collect_item *item;
	g_autoptr(GError) error = NULL;

	g_assert_true(parse(text, &index, &error));
	g_assert_no_error(error);
	g_autofree char *printed = collect_index_print(index);

	g_assert_true(parse(printed, &again, NULL));
	g_autofree char *twice = collect_index_print(again);

	g_assert_cmpstr(printed, ==, twice);
	g_assert_cmpint(index->taken, ==, 7);
	report = index->reports->pdata[0];
	g_assert_cmpstr(report->name, ==, "host");
	g_assert_cmpint(report->state, ==, COLLECT_COLLECTED);
	g_assert_cmpstr(report->notes->pdata[0], ==, "n");
	item = collect_index_item(index, "host/files/etc/fstab");
	g_assert_cmpstr(item->collector, ==, "host");
	g_assert_cmpint(item->form, ==, COLLECT_FORM_TEXT);
	g_assert_cmpuint(item->mode, ==, 0644);
	g_assert_null(collect_index_item(index, "host/files/etc"));
}

static const struct {
	const char *text, *message;
} broken[] = {
	{"[]", "the index of the configuration: member 'format' is missing or not an integer"},
	{"{\"format\":2}",
	 "the index of the configuration has format 2; this version reads format 1"},
	{INDEX("{}", ""),
	 "the index of the configuration: member 'name' is missing or not a string"},
	{INDEX(REPORT, ITEM("host", "")),
	 "the index of the configuration: 'host' is no path of an item"},
	{INDEX(REPORT, ITEM("host/../x", "")),
	 "the index of the configuration: 'host/../x' is no path of an item"},
	{INDEX(REPORT, ITEM("host/b", "") "," ITEM("host/a", "")),
	 "the index of the configuration: 'host/a' is out of order"},
	{INDEX(REPORT, ITEM("host/b", "") "," ITEM("host/b", "")),
	 "the index of the configuration: 'host/b' is out of order"},
};

static void test_broken(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
		g_autoptr(CollectIndex) index = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_false(parse(broken[i].text, &index, &error));
		g_assert_cmpstr(error->message, ==, broken[i].message);
		g_assert_null(index);
	}
}

/* One member changed into what it may not be. */
static const struct {
	const char *from, *to, *message;
} altered[] = {
	{"\"form\":\"text\"", "\"form\":\"link\"",
	 "the index of the configuration: the link 'host/x' leads nowhere"},
	{"\"link\":null", "\"link\":\"y\"",
	 "the index of the configuration: the link 'host/x' leads nowhere"},
	{"\"form\":\"text\"", "\"form\":\"odd\"",
	 "the index of the configuration: 'form' cannot be 'odd'"},
	{"\"/etc/fstab\"", "\"etc/fstab\"",
	 "the index of the configuration: 'etc/fstab' is no path to put a file back to"},
	{"\"/etc/fstab\"", "\"/etc/../fstab\"",
	 "the index of the configuration: '/etc/../fstab' is no path to put a file back to"},
	{"\"mode\":420", "\"mode\":4096", "the index of the configuration: 'mode' cannot be 4096"},
	{"\"uid\":0", "\"uid\":-1", "the index of the configuration: 'uid' cannot be -1"},
	{"ba78", "Ba78",
	 "the index of the configuration: 'Ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' "
	 "is no SHA-256"},
};

static void test_altered(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(altered); i++) {
		g_autoptr(GString) text = g_string_new(INDEX(REPORT, ITEM("host/x", "")));
		g_autoptr(CollectIndex) index = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_cmpuint(g_string_replace(text, altered[i].from, altered[i].to, 1), ==, 1);
		g_assert_false(parse(text->str, &index, &error));
		g_assert_cmpstr(error->message, ==, altered[i].message);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collect/index/knows-safe-paths", test_paths);
	g_test_add_func("/collect/index/comes-back-as-it-was-printed", test_round);
	g_test_add_func("/collect/index/refuses-what-is-broken", test_broken);
	g_test_add_func("/collect/index/refuses-what-was-altered", test_altered);
	return g_test_run();
}
