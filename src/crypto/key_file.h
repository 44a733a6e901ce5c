#ifndef ODR_CRYPTO_KEY_FILE_H
#define ODR_CRYPTO_KEY_FILE_H

#include "crypto/key_payload.h"

/*
 * Inside crypto/ only: a key file of any type being read, field by field. Where a field is missing or
 * wrong, the error says so by name (CORRUPT).
 */
struct key_file {
	const char *what; /* names it in messages; borrowed */
	enum key_type type;
	GKeyFile *file;
	SecretText *secret; /* kept apart from GKeyFile, which does not wipe; NULL: has none */
	struct key_service service;
};
typedef struct key_file KeyFile;

void key_file_free(KeyFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyFile, key_file_free)

/* A key file of any type, and of one: readable, and its common fields are right. */
KeyFile *key_file_load(const char *text, const char *what, GError **error);
KeyFile *key_file_load_type(const char *text, const char *what, enum key_type type, GError **error);

/* Fails: this field is missing or wrong. */
bool key_file_damaged(const KeyFile *file, const char *name, GError **error);

char *key_file_text(const KeyFile *file, const char *name, GError **error);
/* Text that is fit for a terminal. */
char *key_file_name(const KeyFile *file, const char *name, GError **error);
bool key_file_hex(const KeyFile *file, const char *name, void *data, size_t size, GError **error);
/* Value `name` of several, as GKeyFile lists them; NULL: missing. */
char **key_file_list(const KeyFile *file, const char *name, gsize *count);
/* The field "fingerprint" is that of the key. */
bool key_file_fingerprint(const KeyFile *file, const uint8_t public_key[KEY_SIZE], GError **error);
/* The owner's endorsement: CORRUPT if it is not this owner's, for this service. */
bool key_file_endorsement(const KeyFile *file, struct endorsement *endorsement, GError **error);
/* Fills recipient from name=, scope=, public=. */
bool key_file_recipient(const KeyFile *file, struct recipient *recipient, GError **error);

/* What fields are made of. Names are shown on terminals. */
bool key_name_is_fine(const char *name);
bool recipient_scope_parse(const char *text, enum recipient_scope *scope);
/* A recipient key with a wrong digit would seal what nobody can open. */
bool key_fingerprint_fits(const char *fingerprint, const uint8_t public_key[KEY_SIZE]);

#endif
