#ifndef ODR_CRYPTO_LIBRARY_H
#define ODR_CRYPTO_LIBRARY_H

#include <glib.h>
#include <openssl/evp.h>
#include <stdbool.h>

/*
 * Inside crypto/ only: libsodium and libcrypto, each started once per process, without libcrypto's
 * configuration file. Fetching an algorithm and making a context cost more than sealing a small
 * chunk, so algorithms are fetched once and every thread keeps its contexts until it ends.
 */
struct library {
	EVP_MD *sha256, *sha1;
	EVP_CIPHER *chacha20_poly1305;
};
struct library_thread {
	EVP_MD_CTX *digest;
	EVP_CIPHER_CTX *seal, *open; /* their cipher is chosen already */
};

bool library_start(GError **error); /* libsodium alone: keys need no more */
/* These two start both if need be, and end the program where that is impossible. */
const struct library *library_get(void);
struct library_thread *library_thread(void);

#endif
