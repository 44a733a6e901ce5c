#include "crypto/evidence_key.h"

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/key_file.h"
#include "crypto/secret.h"

#include <sodium.h>
#include <string.h>

/* Reads the secret into new secret memory: the key, and the digest secret where the type has one. */
static bool take_secret(const KeyFile *file, const uint8_t *public_key, uint32_t scope,
			const struct key_unlock *unlock, uint8_t **key, uint8_t **digest_secret,
			GError **error)
{
	g_autofree char *protection = key_file_text(file, "protection", error);
	g_autoptr(SecretMemory) bytes = secret_new(KEY_PAYLOAD_MAX);
	size_t key_size = key_payload_key_size(file->type);
	struct key_payload payload = {
		.type = file->type,
		.service = &file->service,
		.public_key = public_key,
		.scope = scope,
		.bytes = bytes,
	};

	if (!protection ||
	    !key_payload_decode(&payload, protection, file->secret, file->what, unlock, error))
		return false;

	*key = secret_new(key_size);
	memcpy(*key, payload.bytes, key_size);
	if (key_payload_has_digest_secret(file->type)) {
		*digest_secret = secret_new(KEY_SIZE);
		memcpy(*digest_secret, payload.bytes + key_size, KEY_SIZE);
	}
	return true;
}

/* Both halves of an Ed25519 secret, and the public key beside it, must be of one key. */
static bool signing_key_fits(const uint8_t secret[KEY_SECRET_SIZE],
			     const uint8_t public_key[KEY_SIZE])
{
	g_autoptr(SecretMemory) again = secret_new(KEY_SECRET_SIZE);
	uint8_t computed[KEY_SIZE];

	crypto_sign_seed_keypair(computed, again, secret);
	return memcmp(computed, public_key, KEY_SIZE) == 0 &&
	       secret_equal(again, secret, KEY_SECRET_SIZE);
}

OwnerKey *owner_key_parse(const char *text, const char *what, const struct key_unlock *unlock,
			  GError **error)
{
	g_autoptr(KeyFile) file = key_file_load_type(text, what, KEY_OWNER, error);
	g_autoptr(OwnerKey) owner = g_new0(OwnerKey, 1);

	if (!file || !key_file_fingerprint(file, file->service.owner_public, error) ||
	    !take_secret(file, file->service.owner_public, 0, unlock, &owner->secret,
			 &owner->digest_secret, error))
		return NULL;
	if (!signing_key_fits(owner->secret, file->service.owner_public)) {
		key_file_damaged(file, "secret", error);
		return NULL;
	}
	key_service_copy(&owner->service, &file->service);
	return g_steal_pointer(&owner);
}

Identity *identity_parse(const char *text, const char *what, const struct key_unlock *unlock,
			 GError **error)
{
	g_autoptr(KeyFile) file = key_file_load_type(text, what, KEY_IDENTITY, error);
	g_autoptr(Identity) identity = g_new0(Identity, 1);
	struct recipient *recipient = &identity->recipient;
	uint8_t computed[KEY_SIZE];

	if (!file || !key_file_recipient(file, recipient, error) ||
	    !take_secret(file, recipient->public_key, recipient->scope, unlock, &identity->secret,
			 &identity->digest_secret, error))
		return NULL;
	crypto_scalarmult_base(computed, identity->secret);
	if (memcmp(computed, recipient->public_key, KEY_SIZE) != 0) {
		key_file_damaged(file, "secret", error);
		return NULL;
	}
	key_service_copy(&identity->service, &file->service);
	return g_steal_pointer(&identity);
}

struct recipient *recipient_parse(const char *text, const char *what, struct key_service *service,
				  GError **error)
{
	g_autoptr(KeyFile) file = key_file_load(text, what, error);
	struct recipient recipient = {0};

	if (!file)
		return NULL;
	if (file->type != KEY_RECIPIENT && file->type != KEY_IDENTITY) {
		odr_fail(error, ODR_ERROR_USAGE,
			 "%s is a key file of type %s; needed is a recipient, or an identity", what,
			 key_type_name(file->type));
		return NULL;
	}
	if (!key_file_recipient(file, &recipient, error))
		return NULL;
	key_service_copy(service, &file->service);
	return g_memdup2(&recipient, sizeof(recipient));
}

/* "name;scope;public key;fingerprint" */
static bool listed_recipient_parse(char *const *words, gsize count, struct recipient *recipient)
{
	return count == 4 && key_name_is_fine(words[0]) &&
	       recipient_scope_parse(words[1], &recipient->scope) &&
	       hex_decode(words[2], recipient->public_key, KEY_SIZE) &&
	       key_fingerprint_fits(words[3], recipient->public_key);
}

static bool recipients_add(GPtrArray *recipients, const struct recipient *recipient)
{
	for (guint i = 0; i < recipients->len; i++) {
		const struct recipient *other = recipients->pdata[i];

		if (memcmp(other->public_key, recipient->public_key, KEY_SIZE) == 0)
			return false;
	}
	g_ptr_array_add(recipients, recipient_copy(recipient));
	return true;
}

static bool take_listed_recipient(const KeyFile *file, guint64 number, GPtrArray *recipients,
				  GError **error)
{
	g_autofree char *name = g_strdup_printf("recipient-%" G_GUINT64_FORMAT, number);
	gsize count = 0;
	g_auto(GStrv) words = key_file_list(file, name, &count);
	struct recipient recipient = {0};

	if (!words || !listed_recipient_parse(words, count, &recipient))
		return key_file_damaged(file, name, error);
	recipient.name = words[0];
	return recipients_add(recipients, &recipient) || key_file_damaged(file, name, error);
}

static bool take_recipients(const KeyFile *file, GPtrArray *recipients, GError **error)
{
	g_autofree char *text = key_file_text(file, "recipients", error);
	guint64 count;

	if (!text)
		return false;
	if (!g_ascii_string_to_unsigned(text, 10, 0, RECIPIENTS_MAX, &count, NULL))
		return key_file_damaged(file, "recipients", error);
	for (guint64 number = 1; number <= count; number++)
		if (!take_listed_recipient(file, number, recipients, error))
			return false;
	return true;
}

Bundle *bundle_parse(const char *text, const char *what, GError **error)
{
	g_autoptr(KeyFile) file = key_file_load_type(text, what, KEY_BUNDLE, error);
	g_autoptr(Bundle) bundle = g_new0(Bundle, 1);
	const uint8_t *public_key = bundle->endorsement.public_key;

	bundle->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
	if (!file || !key_file_endorsement(file, &bundle->endorsement, error) ||
	    !take_recipients(file, bundle->recipients, error) ||
	    !take_secret(file, public_key, 0, NULL, &bundle->secret, &bundle->digest_secret, error))
		return NULL;
	if (!signing_key_fits(bundle->secret, public_key)) {
		key_file_damaged(file, "secret", error);
		return NULL;
	}
	key_service_copy(&bundle->service, &file->service);
	return g_steal_pointer(&bundle);
}

EvidenceKey *evidence_key_parse(const char *text, const char *what, const struct key_unlock *unlock,
				GError **error)
{
	g_autoptr(KeyFile) file = key_file_load_type(text, what, KEY_EVIDENCE, error);
	g_autoptr(EvidenceKey) key = g_new0(EvidenceKey, 1);
	const uint8_t *public_key = key->endorsement.public_key;

	if (!file || !key_file_endorsement(file, &key->endorsement, error))
		return NULL;
	if (key->endorsement.role != KEY_ROLE_EVIDENCE) {
		key_file_damaged(file, "endorsement", error);
		return NULL;
	}
	if (!take_secret(file, public_key, 0, unlock, &key->secret, NULL, error))
		return NULL;
	if (!signing_key_fits(key->secret, public_key)) {
		key_file_damaged(file, "secret", error);
		return NULL;
	}
	key_service_copy(&key->service, &file->service);
	return g_steal_pointer(&key);
}

bool evidence_public_parse(const char *text, const char *what, uint8_t public_key[KEY_SIZE],
			   GError **error)
{
	g_autoptr(KeyFile) file = NULL;
	struct endorsement endorsement;

	if (evidence_public_read(text, public_key))
		return true;
	file = key_file_load_type(text, what, KEY_EVIDENCE, error);
	if (!file || !key_file_endorsement(file, &endorsement, error))
		return odr_context(error,
				   "%s is neither a public key of evidence, as signify or PEM, nor "
				   "the key itself",
				   what);
	memcpy(public_key, endorsement.public_key, KEY_SIZE);
	return true;
}
