#include "ops/accounts.h"

#include <stdint.h>

/* Every host has root; none has these. */
#define NOBODY_HERE   "no-such-account"
#define NUMBER_UNUSED ((uint32_t)4000000123)

static void names(void)
{
	g_autoptr(Accounts) accounts = accounts_new();

	/* Asked again, they are remembered. */
	for (int i = 0; i < 2; i++) {
		g_assert_cmpstr(accounts_user_name(accounts, 0), ==, "root");
		g_assert_cmpstr(accounts_group_name(accounts, 0), ==, "root");
		g_assert_cmpstr(accounts_user_name(accounts, NUMBER_UNUSED), ==, "");
		g_assert_cmpstr(accounts_group_name(accounts, NUMBER_UNUSED), ==, "");
	}
}

static void numbers(void)
{
	g_autoptr(Accounts) accounts = accounts_new();

	for (uint32_t i = 0; i < 2; i++) {
		g_assert_cmpuint(accounts_user(accounts, "root", 77 + i), ==, 0);
		g_assert_cmpuint(accounts_group(accounts, "root", 77 + i), ==, 0);
		g_assert_cmpuint(accounts_user(accounts, NOBODY_HERE, 77 + i), ==, 77 + i);
		g_assert_cmpuint(accounts_group(accounts, NOBODY_HERE, 77 + i), ==, 77 + i);
		g_assert_cmpuint(accounts_user(accounts, "", 77 + i), ==, 77 + i);
		g_assert_cmpuint(accounts_group(accounts, NULL, 77 + i), ==, 77 + i);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/accounts/names-of-numbers", names);
	g_test_add_func("/accounts/a-name-goes-before-its-number", numbers);
	return g_test_run();
}
