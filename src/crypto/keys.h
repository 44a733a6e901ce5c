#ifndef ODR_CRYPTO_KEYS_H
#define ODR_CRYPTO_KEYS_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Key files: text in GKeyFile syntax with one group [odrbackup-key], readable by people except for
 * the secret. Four types: owner (Ed25519; endorses), identity (X25519; opens), recipient (the public
 * part of an identity, signed by nobody), bundle (what a host of a role needs: its signing key, the
 * endorsement, recipients, digest seed; opens nothing). odrbackup-format(7) specifies the fields.
 * Secrets are protected by a passphrase (Argon2id) or, on request, not; a bundle never is.
 */
#define KEY_SIZE	 32
#define KEY_SECRET_SIZE	 64 /* Ed25519 */
#define SIGNATURE_SIZE	 64
#define SERVICE_ID_SIZE	 16
#define RECIPIENTS_MAX	 16
#define FINGERPRINT_SIZE 8 /* shown as 16 hex digits */

enum key_role { KEY_ROLE_WRITER = 1, KEY_ROLE_KEEPER = 2, KEY_ROLE_EVIDENCE = 3 };
const char *key_role_name(enum key_role role);

enum recipient_scope { RECIPIENT_SCOPE_ALL = 1, RECIPIENT_SCOPE_WAL = 2 };

struct recipient {
	uint8_t public_key[KEY_SIZE];
	enum recipient_scope scope;
	char *name;
};

/* What every key file of a service knows. */
struct key_service {
	uint8_t id[SERVICE_ID_SIZE];
	char *name;
	uint8_t owner_public[KEY_SIZE];
};

/* The owner's word: this public key signs in this role for this service until then. The signature
 * covers "odrbackup endorsement 1" NUL · service id · the encoding up to the signature. */
struct endorsement {
	uint8_t public_key[KEY_SIZE];
	enum key_role role;
	usec_t valid_from, valid_until; /* valid_until 0: without end */
	uint8_t signature[SIGNATURE_SIZE];
};
#define ENDORSEMENT_SIZE 116 /* public key, u32 role, i64 from, i64 until, signature */
void endorsement_encode(const struct endorsement *endorsement, uint8_t bytes[ENDORSEMENT_SIZE]);
bool endorsement_decode(const uint8_t bytes[ENDORSEMENT_SIZE], struct endorsement *endorsement);
/* True if the owner signed it for this service. Time and role are the caller's to judge. */
bool endorsement_verify(const struct endorsement *endorsement, const struct key_service *service);

/* What was stored at this time (0: unknown) was stored while the endorsement held, or at most this much
 * later: clocks differ, and a writer may be at work when it ends. */
#define ENDORSEMENT_SLACK USEC_PER_DAY
bool endorsement_covers(const struct endorsement *endorsement, usec_t stored_at);

typedef struct owner_key OwnerKey;
typedef struct identity Identity;
typedef struct bundle Bundle;

struct owner_key {
	struct key_service service;
	uint8_t *secret;	/* secret_new, KEY_SECRET_SIZE */
	uint8_t *digest_secret; /* KEY_SIZE: digest seeds of the service are derived from it */
};
struct identity {
	struct key_service service;
	struct recipient recipient; /* its public part */
	uint8_t *secret;	    /* secret_new, KEY_SIZE */
	uint8_t *digest_secret;
};
struct bundle {
	struct key_service service;
	struct endorsement endorsement;
	uint8_t *secret; /* Ed25519 signing key */
	uint8_t *digest_secret;
	GPtrArray *recipients; /* struct recipient, owned */
};

void owner_key_free(OwnerKey *owner);
void identity_free(Identity *identity);
void bundle_free(Bundle *bundle);
void recipient_free(struct recipient *recipient);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OwnerKey, owner_key_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Identity, identity_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bundle, bundle_free)

/* New keys. The service id is drawn with the owner key. */
OwnerKey *owner_key_new(const char *service_name);
Identity *identity_new(const OwnerKey *owner, const char *name, enum recipient_scope scope);
/* Copies the recipients. validity 0: without end. */
Bundle *bundle_new(const OwnerKey *owner, enum key_role role, usec_t now, usec_t validity,
		   const GPtrArray *recipients);
/* Signs the endorsement's public key, role and validity. */
void endorsement_sign(struct endorsement *endorsement, const OwnerKey *owner);
struct recipient *recipient_copy(const struct recipient *recipient);

/* AUTH unless it is a writer's and its endorsement holds now: readers would refuse what it signs. */
bool bundle_check_writer(const Bundle *bundle, usec_t now, GError **error);

/* Text of the files. passphrase NULL: unprotected. g_free (wiped by secret_wipe before). */
char *owner_key_print(const OwnerKey *owner, const char *passphrase);
char *identity_print(const Identity *identity, const char *passphrase);
char *bundle_print(const Bundle *bundle);
char *recipient_print(const struct recipient *recipient, const struct key_service *service);

/* A passphrase is asked for (by the callback) only where the file is protected. The callback gives a
 * secret_new'ed string, or NULL with error. what names the file in messages. Wrong passphrase: AUTH;
 * wrong type of file: USAGE; damage: CORRUPT. */
typedef char *(*passphrase_ask)(void *data, const char *what, GError **error);
struct key_unlock {
	passphrase_ask ask; /* NULL: a protected file is refused with AUTH */
	void *data;
};
OwnerKey *owner_key_parse(const char *text, const char *what, const struct key_unlock *unlock,
			  GError **error);
Identity *identity_parse(const char *text, const char *what, const struct key_unlock *unlock,
			 GError **error);
Bundle *bundle_parse(const char *text, const char *what, GError **error);
/* Of an identity file: its public part, which needs no passphrase. */
struct recipient *recipient_parse(const char *text, const char *what, struct key_service *service,
				  GError **error); /* service: filled; key_service_clear */
/* The service that any key file says it is of, and nothing else of it. */
bool key_service_read(const char *text, const char *what, struct key_service *service,
		      GError **error); /* service: filled; key_service_clear */
void key_service_clear(struct key_service *service);
void key_service_copy(struct key_service *to, const struct key_service *from);

/* Public facts of any key file without unlocking it: for `key list`. */
struct key_facts {
	char *type;			       /* owner, identity, recipient, bundle, evidence */
	char *service_name, *service_id;       /* hex */
	char *fingerprint, *owner_fingerprint; /* 16 hex digits, see key_fingerprint */
	usec_t endorsed; /* when its owner did; 0: nobody endorses such a key */
	char *detail; /* "role writer, 2 recipients, valid until …"; "passphrase-protected" … */
};
bool key_facts_read(const char *text, const char *what, struct key_facts *facts, GError **error);
void key_facts_clear(struct key_facts *facts);
/* The first 8 bytes of the BLAKE2b-256 of the public key, in hex; g_free. */
char *key_fingerprint(const uint8_t public_key[KEY_SIZE]);

/* Seeds of the service, by label ("wal", "content", "page"): the first 8 bytes, little-endian, of
 * BLAKE2b-256, keyed by the digest secret, over "odrbackup digest seed 1 " and the label. */
uint64_t digest_seed(const uint8_t digest_secret[KEY_SIZE], const char *label);

#endif
