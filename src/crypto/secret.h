#ifndef ODR_CRYPTO_SECRET_H
#define ODR_CRYPTO_SECRET_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* libsodium, once per process; also turns core dumps off when a secret is first held. */
bool crypto_init(GError **error);
/* Before all else, in a program where nobody but crypto/ uses libcrypto: the names of its algorithms, which TLS
 * looks up, are not loaded, and that takes a third of its start. */
void crypto_alone(void);
/* Where much will be checked and opened soon: libcrypto starts in a thread of its own, while the caller does
 * what does not need it. To be ended before the process forks. */
struct meanwhile *crypto_meanwhile(void);

/* Guarded, locked memory, wiped when freed. Never fails (aborts when memory is gone). */
void *secret_new(size_t size);
void secret_free(void *secret); /* NULL is fine */
void secret_wipe(void *data, size_t size);
bool secret_equal(const void *a, const void *b, size_t size); /* constant time */

#endif
