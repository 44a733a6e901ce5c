#include "crypto/evidence_key.h"

#include "base/bytes.h"
#include "crypto/key_payload.h"
#include "crypto/secret.h"

#include <string.h>

#define GROUP	"odrbackup-key"
#define VERSION 1

static const char *const scope_names[] = {
	[RECIPIENT_SCOPE_ALL] = "all",
	[RECIPIENT_SCOPE_WAL] = "wal",
};

static void put_hex(GKeyFile *file, const char *name, const void *data, size_t size)
{
	g_autofree char *hex = hex_encode(data, size);

	g_key_file_set_string(file, GROUP, name, hex);
}

static GKeyFile *file_new(enum key_type type, const struct key_service *service,
			  const uint8_t public_key[KEY_SIZE])
{
	GKeyFile *file = g_key_file_new();
	g_autofree char *fingerprint = key_fingerprint(public_key);

	g_key_file_set_integer(file, GROUP, "version", VERSION);
	g_key_file_set_string(file, GROUP, "type", key_type_name(type));
	g_key_file_set_string(file, GROUP, "service-name", service->name);
	put_hex(file, "service", service->id, SERVICE_ID_SIZE);
	put_hex(file, "owner", service->owner_public, KEY_SIZE);
	g_key_file_set_string(file, GROUP, "fingerprint", fingerprint);
	return file;
}

static void put_recipient(GKeyFile *file, const struct recipient *recipient)
{
	g_key_file_set_string(file, GROUP, "name", recipient->name);
	g_key_file_set_string(file, GROUP, "scope", scope_names[recipient->scope]);
	put_hex(file, "public", recipient->public_key, KEY_SIZE);
}

/* The secret is a line of its own at the end, and never in the hands of GKeyFile, which does not
 * wipe. */
static char *print_secret(GKeyFile *file, const char *comment, struct key_payload *payload,
			  const uint8_t *key, const uint8_t *digest_secret, const char *passphrase)
{
	g_autoptr(SecretMemory) bytes = secret_new(KEY_PAYLOAD_MAX);
	size_t key_size = key_payload_key_size(payload->type);
	g_autofree char *protection = NULL, *facts = NULL;
	g_autoptr(SecretText) secret = NULL;

	payload->bytes = bytes;
	memcpy(payload->bytes, key, key_size);
	if (digest_secret)
		memcpy(payload->bytes + key_size, digest_secret, KEY_SIZE);
	key_payload_encode(payload, passphrase, &protection, &secret);
	g_key_file_set_value(file, GROUP, "protection", protection);
	facts = g_key_file_to_data(file, NULL, NULL);
	return g_strconcat("# ", comment, "\n", facts, "secret=", secret, "\n", NULL);
}

char *owner_key_print(const OwnerKey *owner, const char *passphrase)
{
	struct key_payload payload = {
		.type = KEY_OWNER,
		.service = &owner->service,
		.public_key = owner->service.owner_public,
	};
	g_autoptr(GKeyFile) file = file_new(KEY_OWNER, payload.service, payload.public_key);

	return print_secret(file, "Secret. Belongs into the recovery kit, and on no host.",
			    &payload, owner->secret, owner->digest_secret, passphrase);
}

char *identity_print(const Identity *identity, const char *passphrase)
{
	struct key_payload payload = {
		.type = KEY_IDENTITY,
		.service = &identity->service,
		.public_key = identity->recipient.public_key,
		.scope = identity->recipient.scope,
	};
	g_autoptr(GKeyFile) file = file_new(KEY_IDENTITY, payload.service, payload.public_key);

	put_recipient(file, &identity->recipient);
	return print_secret(file, "Secret. Opens what was sealed to it: without it, no restore.",
			    &payload, identity->secret, identity->digest_secret, passphrase);
}

char *recipient_print(const struct recipient *recipient, const struct key_service *service)
{
	g_autoptr(GKeyFile) file = file_new(KEY_RECIPIENT, service, recipient->public_key);
	g_autofree char *facts = NULL;

	put_recipient(file, recipient);
	facts = g_key_file_to_data(file, NULL, NULL);
	return g_strconcat("# Public. Seals, and cannot open.\n", facts, NULL);
}

static void put_listed_recipient(GKeyFile *file, guint number, const struct recipient *recipient)
{
	g_autofree char *key = g_strdup_printf("recipient-%u", number);
	g_autofree char *hex = hex_encode(recipient->public_key, KEY_SIZE);
	g_autofree char *fingerprint = key_fingerprint(recipient->public_key);
	const char *const words[] = {recipient->name, scope_names[recipient->scope], hex,
				     fingerprint};

	g_key_file_set_string_list(file, GROUP, key, words, G_N_ELEMENTS(words));
}

static void put_endorsement(GKeyFile *file, const struct endorsement *endorsement)
{
	uint8_t bytes[ENDORSEMENT_SIZE];
	g_autofree char *base64 = NULL;

	endorsement_encode(endorsement, bytes);
	base64 = g_base64_encode(bytes, sizeof(bytes));
	g_key_file_set_string(file, GROUP, "endorsement", base64);
}

char *bundle_print(const Bundle *bundle)
{
	struct key_payload payload = {
		.type = KEY_BUNDLE,
		.service = &bundle->service,
		.public_key = bundle->endorsement.public_key,
	};
	g_autoptr(GKeyFile) file = file_new(KEY_BUNDLE, payload.service, payload.public_key);
	g_autofree char *comment = NULL;

	put_endorsement(file, &bundle->endorsement);
	g_key_file_set_integer(file, GROUP, "recipients", (int)bundle->recipients->len);
	for (guint i = 0; i < bundle->recipients->len; i++)
		put_listed_recipient(file, i + 1, bundle->recipients->pdata[i]);

	comment = g_strdup_printf("Secret. Lets a host sign as %s; opens nothing.",
				  key_role_name(bundle->endorsement.role));
	return print_secret(file, comment, &payload, bundle->secret, bundle->digest_secret, NULL);
}

char *evidence_key_print(const EvidenceKey *key, const char *passphrase)
{
	struct key_payload payload = {
		.type = KEY_EVIDENCE,
		.service = &key->service,
		.public_key = key->endorsement.public_key,
	};
	g_autoptr(GKeyFile) file = file_new(KEY_EVIDENCE, payload.service, payload.public_key);

	put_endorsement(file, &key->endorsement);
	return print_secret(file, "Secret. Signs evidence, and nothing else.", &payload,
			    key->secret, NULL, passphrase);
}
