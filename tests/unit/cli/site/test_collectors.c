#include "cli/site/collectors.h"

#include "base/error.h"

#include <string.h>

#define HEAD "[repository main]\npath=/r\n[service erp]\nrepositories=main\nconfig=c\n"

/* The configuration's list of types, which the small program reads too, is that of the collectors. */
static void test_types(void)
{
	g_auto(GStrv) types = g_strsplit(SETTINGS_COLLECT_TYPES, ";", -1);

	for (char **type = types; *type; type++) {
		g_assert_nonnull(collect_class_of(*type));
		g_assert_true(!type[1] || strcmp(type[0], type[1]) < 0);
	}
	g_assert_null(collect_class_at(g_strv_length(types)));
	g_assert_nonnull(collect_class_at(g_strv_length(types) - 1));
}

/* Keys that collectors have are keys of the configuration. */
static void test_keys(void)
{
	const struct collect_class *class;
	size_t count;
	const struct settings_key *keys = settings_keys_of("collect", &count);

	for (size_t i = 0; (class = collect_class_at(i)) != NULL; i++) {
		g_auto(GStrv) names = g_strsplit(class->keys, ";", -1);

		for (char **name = names; *name; name++) {
			bool known = false;

			for (size_t k = 0; k < count; k++)
				known = known || strcmp(keys[k].name, *name) == 0;
			g_assert_true(known);
		}
	}
}

static const struct {
	const char *group, *message; /* NULL: fine */
} cases[] = {
	{"type=host\n", NULL},
	{"type=files\npaths=/x\n", NULL},
	{"type=command\ncommand=true\n", NULL},
	{"type=postgresql\ndatabases=a;b\n", NULL},
	{"type=host\npaths=/x\n", "test.conf:8: paths= is not for collectors of type host"},
	{"type=files\npaths=/x\ncommand=true\n",
	 "test.conf:9: command= is not for collectors of type files"},
	{"type=files\n",
	 "[collect c] needs paths=: a collector of type files takes nothing by itself"},
	{"type=command\n",
	 "[collect c] needs command=: a collector of type command takes nothing by itself"},
};

static void test_check(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(HEAD "[collect c]\n", cases[i].group, NULL);
		g_autoptr(GError) error = NULL;
		g_autoptr(Settings) settings =
			settings_parse(text, strlen(text), "test.conf", &error);

		g_assert_no_error(error);
		bool fine = collectors_check(settings, settings->collects->pdata[0], &error);

		g_assert_cmpstr(error ? error->message : NULL, ==, cases[i].message);
		g_assert_true(fine == !cases[i].message);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collectors/types-are-those-of-the-configuration", test_types);
	g_test_add_func("/collectors/keys-are-those-of-the-configuration", test_keys);
	g_test_add_func("/collectors/keys-that-do-not-fit-are-refused", test_check);
	return g_test_run();
}
