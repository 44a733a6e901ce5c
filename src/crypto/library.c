#include "crypto/library.h"

#include "base/error.h"
#include "base/thread.h"
#include "crypto/secret.h"

#include <openssl/crypto.h>
#include <sodium.h>

static struct once sodium_once = {ONCE_INIT}, libcrypto_once = {ONCE_INIT};
static struct thread_slot thread_contexts;
static struct library library;
static const char *failed; /* what could not be started */
static bool alone;	   /* see crypto_alone */

static void thread_free(void *data)
{
	struct library_thread *thread = data;

	EVP_MD_CTX_free(thread->digest);
	EVP_CIPHER_CTX_free(thread->seal);
	EVP_CIPHER_CTX_free(thread->open);
	g_free(thread);
}

static void start_sodium(void)
{
	if (sodium_init() < 0)
		failed = "libsodium";
}

void crypto_alone(void)
{
	alone = true;
}

/* Takes half a millisecond or more: not for those who only read keys. */
static void start_libcrypto(void)
{
	/* What it would free when the program ends, the system frees faster. */
	uint64_t options = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT;

	if (alone)
		options |= OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS;
	once_run(&sodium_once, start_sodium);
	thread_slot_make(&thread_contexts, thread_free);
	if (!OPENSSL_init_crypto(options, NULL)) {
		failed = "libcrypto";
		return;
	}
	library.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	library.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	library.chacha20_poly1305 = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
	if (!library.sha256 || !library.sha1 || !library.chacha20_poly1305)
		failed = "libcrypto (SHA-256, SHA-1 or ChaCha20-Poly1305)";
}

static void start_early(void)
{
	once_run(&libcrypto_once, start_libcrypto);
}

struct meanwhile *crypto_meanwhile(void)
{
	return meanwhile_begin(start_early);
}

bool library_start(GError **error)
{
	once_run(&sodium_once, start_sodium);
	if (failed)
		return odr_fail(error, ODR_ERROR_SYSTEM, "cannot start %s", failed);
	return true;
}

const struct library *library_get(void)
{
	once_run(&libcrypto_once, start_libcrypto);
	if (failed)
		g_error("cannot start %s", failed);
	return &library;
}

struct library_thread *library_thread(void)
{
	const struct library *started = library_get();
	struct library_thread *thread = thread_slot_get(&thread_contexts);

	if (thread)
		return thread;

	thread = g_new0(struct library_thread, 1);
	thread->digest = EVP_MD_CTX_new();
	thread->seal = EVP_CIPHER_CTX_new();
	thread->open = EVP_CIPHER_CTX_new();
	if (!thread->digest || !thread->seal || !thread->open ||
	    !EVP_EncryptInit_ex2(thread->seal, started->chacha20_poly1305, NULL, NULL, NULL) ||
	    !EVP_DecryptInit_ex2(thread->open, started->chacha20_poly1305, NULL, NULL, NULL))
		g_error("cannot make the contexts of libcrypto: out of memory");
	thread_slot_set(&thread_contexts, thread);
	return thread;
}
