#ifndef ODR_CLI_SITE_UNLOCK_H
#define ODR_CLI_SITE_UNLOCK_H

#include "cli/line/arguments.h"
#include "crypto/evidence_key.h"

/*
 * Key files of people and hosts. A passphrase comes from --passphrase-file (mode checked), else from the
 * systemd credential odrbackup-passphrase, else it is asked for on the terminal, unless --no-input. It is
 * never an option's value and never comes from the environment.
 */
struct passphrase_source {
	const struct arguments *arguments;
	bool used; /* a passphrase was needed */
};
/* As key_unlock wants it; data: struct passphrase_source. */
char *passphrase_ask_terminal(void *data, const char *what, GError **error);
/* For a new file: from --new-passphrase-file where the command has it, else as above, asked for twice; at
 * least 8 bytes. NULL with --unprotected. secret_free. */
bool passphrase_choose(const struct arguments *arguments, const char *what, char **passphrase,
		       GError **error);
/* True if passphrases come from where a program can read them again. */
bool passphrase_is_given(const struct arguments *arguments);

/* Files without a passphrase are refused if others can read them. In place of an owner key, an identity or a
 * recipient a recovery kit will do, in place of a recipient also an identity: nothing is unlocked for it. */
OwnerKey *unlock_owner(struct passphrase_source *source, const char *path, GError **error);
Identity *unlock_identity(struct passphrase_source *source, const char *path, GError **error);
EvidenceKey *unlock_evidence(struct passphrase_source *source, const char *path, GError **error);
Bundle *unlock_bundle(const char *path, GError **error);
/* In these service is filled; key_service_clear. The first is of any key file or kit, of which nothing is unlocked, the
 * second takes nothing else from the bundle. */
bool unlock_service(const char *path, struct key_service *service, GError **error);
bool unlock_bundle_service(const char *path, struct key_service *service, GError **error);
struct recipient *unlock_recipient(const char *path, struct key_service *service, GError **error);

/* Text that holds a secret: wiped when freed. */
typedef char KeyText;
void key_text_free(KeyText *text);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyText, key_text_free)
#define KEY_TEXT_MAX ((size_t)64 << 10)
/* Text of a key file or kit; refused if it is unprotected and others can read it. */
bool key_text_read(const char *path, KeyText **text, GError **error);

#endif
