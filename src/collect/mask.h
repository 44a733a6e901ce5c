#ifndef ODR_COLLECT_MASK_H
#define ODR_COLLECT_MASK_H

#include "base/json.h"
#include "crypto/digest.h"

/*
 * What must not leave the host. A value is masked where its name is that of a secret (admin_passwd,
 * *password*, *secret*, *token*, *key* …), or where it is one by its form whatever it is called: a private
 * key in PEM, the password of a URL, a hashed password, a bearer token. In its place stands
 * "<masked 0123456789abcdef>": a digest keyed with a secret of the service, so that a change can be seen,
 * and the value not be guessed from the repository. Whatever is in doubt is masked.
 */
struct mask {
	uint8_t key[SHA256_SIZE];
	const char *const *more; /* further names, with * and ?; NULL-terminated or NULL */
};
#define MASK_TEXT_MAX ((size_t)16 << 20)

void mask_init(struct mask *mask, const uint8_t *digest_secret, const char *const *more);

bool mask_is_secret_name(const struct mask *mask, const char *name);
/* Of a name that is secret by *key* alone: whether the value is rather a place or a name. */
bool mask_is_plain_value(const char *name, const char *value, size_t size);
/* "<masked 0123456789abcdef>"; g_free. */
char *mask_value(const struct mask *mask, const char *value, size_t size);
/* Bytes of one that begins at `at`; 0: none. What is masked is not masked again. */
size_t mask_length(const char *at, const char *end);
/* Files that are secrets as a whole, by their names: private keys, key stores, .pgpass. */
bool mask_is_secret_file(const char *path);

/* Lines of any configuration: ini, environment, YAML, TOML, JSON, command lines, redis.conf … g_free.
 * Lines stay lines; *count (or NULL) gets the number of masked values. */
char *mask_text(const struct mask *mask, const char *text, size_t size, unsigned *count);
/* A line that begins another document of the same text: "---". */
bool mask_document_begins(const char *start, const char *end);
/* Whether the document that begins here has a Secret of Kubernetes: then all data in it are secret, whatever they are called. */
bool mask_document_has_secret(const char *at);
/* In place, everywhere in the value. Returns the number of masked values. */
unsigned mask_json(const struct mask *mask, json_t *value);

/* The forms: masks within one value or line; NULL where there is nothing to mask. g_free. */
char *mask_forms(const struct mask *mask, const char *text, size_t size, unsigned *count);

#endif
