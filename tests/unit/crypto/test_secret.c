#include "crypto/secret.h"

#include <glib.h>
#include <string.h>

static void test_memory(void)
{
	static const char zeros[32];
	char *secret = secret_new(32);

	g_assert_cmpmem(secret, 32, zeros, 32);
	memset(secret, 'x', 32);
	g_assert_false(secret_equal(secret, zeros, 32));
	secret_wipe(secret, 32);
	g_assert_true(secret_equal(secret, zeros, 32));
	secret_free(secret);
	secret_free(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_true(crypto_init(NULL));
	g_test_add_func("/secret/begins-empty-and-is-wiped", test_memory);
	return g_test_run();
}
