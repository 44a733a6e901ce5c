#include "crypto/keys.h"

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "crypto/secret.h"

#include <sodium.h>
#include <string.h>

/* What an endorsement's signature covers of its encoding. */
#define ENDORSED_SIZE (ENDORSEMENT_SIZE - SIGNATURE_SIZE)

static const char *const role_names[] = {
	[KEY_ROLE_WRITER] = "writer",
	[KEY_ROLE_KEEPER] = "keeper",
	[KEY_ROLE_EVIDENCE] = "evidence",
};

const char *key_role_name(enum key_role role)
{
	return role < G_N_ELEMENTS(role_names) && role_names[role] ? role_names[role] : "unknown";
}

/* Endorsements. */

void endorsement_encode(const struct endorsement *endorsement, uint8_t bytes[ENDORSEMENT_SIZE])
{
	memcpy(bytes, endorsement->public_key, KEY_SIZE);
	bytes_set_u32(bytes + KEY_SIZE, endorsement->role);
	bytes_set_u64(bytes + KEY_SIZE + 4, (uint64_t)endorsement->valid_from);
	bytes_set_u64(bytes + KEY_SIZE + 12, (uint64_t)endorsement->valid_until);
	memcpy(bytes + ENDORSED_SIZE, endorsement->signature, SIGNATURE_SIZE);
}

bool endorsement_decode(const uint8_t bytes[ENDORSEMENT_SIZE], struct endorsement *endorsement)
{
	uint32_t role = bytes_u32(bytes + KEY_SIZE);
	usec_t from = (usec_t)bytes_u64(bytes + KEY_SIZE + 4);
	usec_t until = (usec_t)bytes_u64(bytes + KEY_SIZE + 12);

	if (role < KEY_ROLE_WRITER || role > KEY_ROLE_EVIDENCE || until < 0)
		return false;

	memcpy(endorsement->public_key, bytes, KEY_SIZE);
	endorsement->role = role;
	endorsement->valid_from = from;
	endorsement->valid_until = until;
	memcpy(endorsement->signature, bytes + ENDORSED_SIZE, SIGNATURE_SIZE);
	return true;
}

static GByteArray *endorsement_message(const struct endorsement *endorsement,
				       const uint8_t service_id[SERVICE_ID_SIZE])
{
	static const char label[] = "odrbackup endorsement 1"; /* with its NUL */
	GByteArray *message = g_byte_array_new();
	uint8_t bytes[ENDORSEMENT_SIZE];

	endorsement_encode(endorsement, bytes);
	bytes_put(message, label, sizeof(label));
	bytes_put(message, service_id, SERVICE_ID_SIZE);
	bytes_put(message, bytes, ENDORSED_SIZE);
	return message;
}

bool endorsement_verify(const struct endorsement *endorsement, const struct key_service *service)
{
	g_autoptr(GByteArray) message = endorsement_message(endorsement, service->id);

	return crypto_sign_verify_detached(endorsement->signature, message->data, message->len,
					   service->owner_public) == 0;
}

void endorsement_sign(struct endorsement *endorsement, const OwnerKey *owner)
{
	g_autoptr(GByteArray) message = endorsement_message(endorsement, owner->service.id);

	crypto_sign_detached(endorsement->signature, NULL, message->data, message->len,
			     owner->secret);
}

bool endorsement_covers(const struct endorsement *endorsement, usec_t stored_at)
{
	return endorsement->valid_until == 0 ||
	       stored_at - ENDORSEMENT_SLACK <= endorsement->valid_until;
}

bool bundle_check_writer(const Bundle *bundle, usec_t now, GError **error)
{
	const struct endorsement *endorsement = &bundle->endorsement;

	if (endorsement->role != KEY_ROLE_WRITER)
		return odr_fail(error, ODR_ERROR_AUTH,
				"the bundle is endorsed as %s; this needs a writer's",
				key_role_name(endorsement->role));
	if (endorsement->valid_until != 0 && now > endorsement->valid_until) {
		g_autofree char *writer = key_fingerprint(endorsement->public_key);
		g_autofree char *end = clock_format(endorsement->valid_until);

		return odr_fail(error, ODR_ERROR_AUTH,
				"the endorsement of this host's writer key %s ended %s; make a new "
				"bundle with 'odrbackup key endorse' and install it here",
				writer, end);
	}
	return true;
}

/* Services and recipients. */

void key_service_clear(struct key_service *service)
{
	g_free(service->name);
	*service = (struct key_service){0};
}

void key_service_copy(struct key_service *to, const struct key_service *from)
{
	*to = *from;
	to->name = g_strdup(from->name);
}

struct recipient *recipient_copy(const struct recipient *recipient)
{
	struct recipient *copy = g_memdup2(recipient, sizeof(*recipient));

	copy->name = g_strdup(recipient->name);
	return copy;
}

void recipient_free(struct recipient *recipient)
{
	if (!recipient)
		return;
	g_free(recipient->name);
	g_free(recipient);
}

/* Keys. */

OwnerKey *owner_key_new(const char *service_name)
{
	OwnerKey *owner = g_new0(OwnerKey, 1);

	owner->secret = secret_new(KEY_SECRET_SIZE);
	owner->digest_secret = secret_new(KEY_SIZE);
	crypto_sign_keypair(owner->service.owner_public, owner->secret);
	random_bytes(owner->digest_secret, KEY_SIZE);
	random_bytes(owner->service.id, SERVICE_ID_SIZE);
	owner->service.name = g_strdup(service_name);
	return owner;
}

Identity *identity_new(const OwnerKey *owner, const char *name, enum recipient_scope scope)
{
	Identity *identity = g_new0(Identity, 1);

	key_service_copy(&identity->service, &owner->service);
	identity->secret = secret_new(KEY_SIZE);
	identity->digest_secret = secret_new(KEY_SIZE);
	random_bytes(identity->secret, KEY_SIZE);
	memcpy(identity->digest_secret, owner->digest_secret, KEY_SIZE);
	crypto_scalarmult_base(identity->recipient.public_key, identity->secret);
	identity->recipient.scope = scope;
	identity->recipient.name = g_strdup(name);
	return identity;
}

Bundle *bundle_new(const OwnerKey *owner, enum key_role role, usec_t now, usec_t validity,
		   const GPtrArray *recipients)
{
	Bundle *bundle = g_new0(Bundle, 1);
	struct endorsement *endorsement = &bundle->endorsement;

	key_service_copy(&bundle->service, &owner->service);
	bundle->secret = secret_new(KEY_SECRET_SIZE);
	bundle->digest_secret = secret_new(KEY_SIZE);
	memcpy(bundle->digest_secret, owner->digest_secret, KEY_SIZE);
	bundle->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
	for (guint i = 0; i < recipients->len; i++)
		g_ptr_array_add(bundle->recipients, recipient_copy(recipients->pdata[i]));

	crypto_sign_keypair(endorsement->public_key, bundle->secret);
	endorsement->role = role;
	endorsement->valid_from = now;
	endorsement->valid_until = validity ? now + validity : 0;
	endorsement_sign(endorsement, owner);
	return bundle;
}

void owner_key_free(OwnerKey *owner)
{
	if (!owner)
		return;
	key_service_clear(&owner->service);
	secret_free(owner->secret);
	secret_free(owner->digest_secret);
	g_free(owner);
}

void identity_free(Identity *identity)
{
	if (!identity)
		return;
	key_service_clear(&identity->service);
	g_free(identity->recipient.name);
	secret_free(identity->secret);
	secret_free(identity->digest_secret);
	g_free(identity);
}

void bundle_free(Bundle *bundle)
{
	if (!bundle)
		return;
	key_service_clear(&bundle->service);
	secret_free(bundle->secret);
	secret_free(bundle->digest_secret);
	g_clear_pointer(&bundle->recipients, g_ptr_array_unref);
	g_free(bundle);
}

/* Derived values. */

char *key_fingerprint(const uint8_t public_key[KEY_SIZE])
{
	uint8_t digest[32];

	crypto_generichash(digest, sizeof(digest), public_key, KEY_SIZE, NULL, 0);
	return hex_encode(digest, FINGERPRINT_SIZE);
}

uint64_t digest_seed(const uint8_t digest_secret[KEY_SIZE], const char *label)
{
	g_autofree char *message = g_strconcat("odrbackup digest seed 1 ", label, NULL);
	uint8_t digest[32];

	crypto_generichash(digest, sizeof(digest), (const uint8_t *)message, strlen(message),
			   digest_secret, KEY_SIZE);
	return bytes_u64(digest);
}
