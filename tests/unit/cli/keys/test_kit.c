#include "cli/keys/kit.h"

#include "base/error.h"

#include <string.h>

static char *sample(void)
{
	g_autoptr(Kit) kit = g_new0(Kit, 1);

	kit->settings = g_strdup("[repository main]\npath=/srv/backup\n");
	kit->service = g_strdup("erp-prod");
	kit->created = INT64_C(1795302301) * USEC_PER_SEC;
	kit->identity = g_strdup("[odrbackup-key]\ntype=identity\nprotection=argon2id\n");
	kit->owner = g_strdup("[odrbackup-key]\ntype=owner\n");
	return kit_print(kit);
}

static void test_what_is_printed_is_parsed(void)
{
	g_autofree char *text = sample();
	g_autoptr(GError) error = NULL;
	g_autoptr(Kit) kit = kit_parse(text, "erp.kit", &error);

	g_assert_no_error(error);
	g_assert_true(kit_is(text));
	g_assert_cmpstr(kit->service, ==, "erp-prod");
	g_assert_cmpint(kit->created, ==, INT64_C(1795302301) * USEC_PER_SEC);
	g_assert_cmpstr(kit->identity, ==, "[odrbackup-key]\ntype=identity\nprotection=argon2id\n");
	g_assert_cmpstr(kit->owner, ==, "[odrbackup-key]\ntype=owner\n");
	g_assert_nonnull(strstr(kit->settings, "[repository main]\npath=/srv/backup\n"));
	g_assert_null(strstr(kit->settings, "[odrbackup-kit]"));
}

static void test_refuses_what_is_no_kit(void)
{
	static const struct {
		const char *text, *message;
		enum odr_error code;
	} cases[] = {
		{"[odrbackup-key]\nx=1\n", "'erp.kit' is no recovery kit", ODR_ERROR_USAGE},
		{"\n[odrbackup-kit]\nservice=x\n", "the recovery kit 'erp.kit' is damaged",
		 ODR_ERROR_CORRUPT},
		{"\n[odrbackup-kit]\nversion=1\nservice=x\n",
		 "the recovery kit 'erp.kit' is damaged", ODR_ERROR_CORRUPT},
		{"\n[odrbackup-kit]\nversion=2\n",
		 "the recovery kit 'erp.kit' has version 2, this program knows version 1",
		 ODR_ERROR_REFUSED},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(kit_parse(cases[i].text, "erp.kit", &error));
		g_assert_error(error, ODR_ERROR, (int)cases[i].code);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kit/what-is-printed-is-parsed", test_what_is_printed_is_parsed);
	g_test_add_func("/kit/refuses-what-is-no-kit", test_refuses_what_is_no_kit);
	return g_test_run();
}
