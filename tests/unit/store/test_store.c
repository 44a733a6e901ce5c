#include "store/store.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void test_names(void)
{
	g_autofree char *component = g_strnfill(200, 'a');
	g_autofree char *long_component = g_strnfill(201, 'a');
	g_autofree char *long_name = g_strdup_printf("%s/%s/%s", component, component, component);
	const struct {
		const char *name;
		bool valid;
	} cases[] = {
		{"repository", true},
		{"0a/set/20261121T230501Z-0123abcd", true},
		{"0a/wal/00000001/0000000100000000000000A1.part/0-512-x_y", true},
		{component, true},
		{"", false},
		{"/a", false},
		{"a/", false},
		{"a//b", false},
		{".", false},
		{"..", false},
		{"a/../b", false},
		{"a/.hidden", false},
		{"a b", false},
		{"a\\b", false},
		{"\303\266", false},
		{"a\n", false},
		{long_component, false},
		{long_name, false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(store_name_valid(cases[i].name), ==, cases[i].valid);
}

static void test_place(void)
{
	static const struct {
		struct store_settings one, two;
		bool same;
	} cases[] = {
		{{.path = "/a"}, {.path = "/a", .name = "other", .type = "posix"}, true},
		{{.path = "/a"}, {.path = "/a/"}, true},
		{{.path = "/a"}, {.path = "/b"}, false},
		{{.path = "/a"}, {.endpoint = "/a"}, false},
		{{.endpoint = "https://s3", .bucket = "b", .prefix = "erp"},
		 {.endpoint = "https://s3/", .bucket = "b", .prefix = "erp/", .credentials = "c"},
		 true},
		{{.bucket = "b", .prefix = "erp"}, {.bucket = "b", .prefix = "shop"}, false},
		{{.bucket = "b", .prefix = ""}, {.bucket = "b"}, true},
		{{.bucket = "ab"}, {.bucket = "a", .prefix = "b"}, false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		char one[STORE_PLACE_SIZE], two[STORE_PLACE_SIZE];

		store_settings_place(&cases[i].one, one);
		store_settings_place(&cases[i].two, two);
		g_assert_cmpuint(strlen(one), ==, STORE_PLACE_SIZE - 1);
		g_assert_cmpint(strcmp(one, two) == 0, ==, cases[i].same);
	}
}

static char *recall_with(const struct store_settings *settings, const char *note)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Store) store = store_open(settings, &error);

	g_assert_no_error(error);
	if (note)
		store_note(store, "locks", note);
	return store_recall(store, "locks");
}

/* What one credential may not see, another may. */
static void test_memory(void)
{
	g_autofree char *path = g_build_filename(g_get_tmp_dir(), "odr-store-XXXXXX", NULL);
	const struct store_settings one = {
		.name = "main",
		.type = "s3",
		.bucket = "box",
		.credentials_from = "web-identity",
		.credentials_endpoint = "http://127.0.0.1:1",
		.role_arn = "arn:aws:iam:::role/writer",
		.memory = path,
		.memory_age = USEC_PER_HOUR,
	};
	struct store_settings others[] = {one, one, one};

	close(g_mkstemp(path));
	others[0].role_arn = "arn:aws:iam:::role/keeper";
	others[1].credentials_from = "container";
	others[2].lock = STORE_LOCK_COMPLIANCE;
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autofree char *noted = recall_with(&one, "hidden");
		g_autofree char *same = recall_with(&one, NULL);
		g_autofree char *other = recall_with(&others[i], NULL);

		g_assert_cmpstr(noted, ==, "hidden");
		g_assert_cmpstr(same, ==, "hidden");
		g_assert_null(other);
	}
	g_unlink(path);
}

static void test_unknown_type(void)
{
	const struct store_settings settings = {.name = "main", .type = "tape"};
	g_autoptr(GError) error = NULL;

	g_assert_null(store_open(&settings, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	g_assert_cmpstr(error->message, ==, "repository 'main' has unknown type 'tape'");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/names/are-plain", test_names);
	g_test_add_func("/store/a-place-is-what-its-settings-say", test_place);
	g_test_add_func("/store/what-is-remembered-is-of-one-credential", test_memory);
	g_test_add_func("/store/refuses-an-unknown-type", test_unknown_type);
	return g_test_run();
}
