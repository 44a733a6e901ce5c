#include "crypto/secret.h"

#include "crypto/library.h"

#include <sodium.h>
#include <sys/prctl.h>

bool crypto_init(GError **error)
{
	return library_start(error);
}

/* Memory of this process can then neither be dumped nor read by other processes of its user. It is
 * not inherited by the programs we run: PostgreSQL may dump its core. */
static void forbid_dumps(void)
{
#ifndef ODR_SANITIZED /* the leak sanitizer reads the process as a debugger does */
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

void *secret_new(size_t size)
{
	g_autoptr(GError) error = NULL;
	void *secret;

	if (!library_start(&error))
		g_error("%s", error->message);
	forbid_dumps();
	secret = sodium_malloc(size);
	if (!secret)
		g_error("cannot allocate %zu bytes for a secret", size);
	sodium_memzero(secret, size);
	return secret;
}

void secret_free(void *secret)
{
	sodium_free(secret);
}

void secret_wipe(void *data, size_t size)
{
	if (data)
		sodium_memzero(data, size);
}

bool secret_equal(const void *a, const void *b, size_t size)
{
	return sodium_memcmp(a, b, size) == 0;
}
