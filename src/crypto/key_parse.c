#include "crypto/keys.h"

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/key_payload.h"
#include "crypto/secret.h"

#include <sodium.h>
#include <string.h>

#define GROUP	    "odrbackup-key"
#define VERSION	    1
#define TEXT_MAX    ((size_t)256 << 10)
#define NAME_LENGTH 200

/* A key file being read; its secret= line is kept apart from GKeyFile, which does not wipe. */
struct key_file {
	const char *what;
	enum key_type type;
	GKeyFile *file;
	SecretText *secret; /* NULL: has none */
	struct key_service service;
};
typedef struct key_file KeyFile;

static void key_file_free(KeyFile *file)
{
	g_clear_pointer(&file->file, g_key_file_unref);
	secret_text_free(file->secret);
	key_service_clear(&file->service);
	g_free(file);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyFile, key_file_free)

static bool damaged(const KeyFile *file, const char *name, GError **error)
{
	return odr_fail(error, ODR_ERROR_CORRUPT, "%s is damaged: '%s' is missing or wrong",
			file->what, name);
}

/* Fields. */

static char *take_text(const KeyFile *file, const char *name, GError **error)
{
	char *text = g_key_file_get_string(file->file, GROUP, name, NULL);

	if (!text)
		damaged(file, name, error);
	return text;
}

static bool take_hex(const KeyFile *file, const char *name, void *data, size_t size, GError **error)
{
	g_autofree char *text = take_text(file, name, error);

	return text && (hex_decode(text, data, size) || damaged(file, name, error));
}

/* Names are shown on terminals. */
static bool name_is_fine(const char *name)
{
	if (!*name || strlen(name) > NAME_LENGTH || !g_utf8_validate(name, -1, NULL))
		return false;
	for (; *name; name = g_utf8_next_char(name))
		if (!g_unichar_isprint(g_utf8_get_char(name)))
			return false;
	return true;
}

static char *take_name(const KeyFile *file, const char *name, GError **error)
{
	g_autofree char *text = take_text(file, name, error);

	if (!text)
		return NULL;
	if (!name_is_fine(text)) {
		damaged(file, name, error);
		return NULL;
	}
	return g_steal_pointer(&text);
}

static bool scope_parse(const char *text, enum recipient_scope *scope)
{
	if (strcmp(text, "all") == 0)
		*scope = RECIPIENT_SCOPE_ALL;
	else if (strcmp(text, "wal") == 0)
		*scope = RECIPIENT_SCOPE_WAL;
	else
		return false;
	return true;
}

/* A recipient key with a wrong digit would seal what nobody can open. */
static bool fingerprint_fits(const char *fingerprint, const uint8_t public_key[KEY_SIZE])
{
	g_autofree char *computed = key_fingerprint(public_key);

	return strcmp(fingerprint, computed) == 0;
}

static bool check_fingerprint(const KeyFile *file, const uint8_t public_key[KEY_SIZE],
			      GError **error)
{
	g_autofree char *fingerprint = take_text(file, "fingerprint", error);

	return fingerprint &&
	       (fingerprint_fits(fingerprint, public_key) || damaged(file, "fingerprint", error));
}

/* The file as a whole. */

static bool line_is_secret(const char *line)
{
	return g_str_has_prefix(line, "secret=");
}

/* Moves the first secret= line out of text. */
static char *split_secret(const char *text, SecretText **secret)
{
	const char *line = text;
	size_t length;

	while (line && !line_is_secret(line)) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!line)
		return g_strdup(text);

	length = strcspn(line, "\r\n");
	*secret = g_strndup(line + strlen("secret="), length - strlen("secret="));

	g_autofree char *before = g_strndup(text, (gsize)(line - text));

	return g_strconcat(before, line + length, NULL);
}

static bool type_parse(KeyFile *file, GError **error)
{
	g_autofree char *name = take_text(file, "type", error);

	if (!name)
		return false;
	for (enum key_type type = 0; type < KEY_TYPES; type++) {
		if (strcmp(name, key_type_name(type)) == 0) {
			file->type = type;
			return true;
		}
	}
	return damaged(file, "type", error);
}

static bool version_check(const KeyFile *file, GError **error)
{
	g_autofree char *text = take_text(file, "version", error);
	guint64 version;

	if (!text)
		return false;
	if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &version, NULL))
		return damaged(file, "version", error);
	if (version != VERSION)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"%s was written in format version %s, this program reads version "
				"%d",
				file->what, text, VERSION);
	return true;
}

static bool facts_parse(KeyFile *file, GError **error)
{
	if (!version_check(file, error) || !type_parse(file, error) ||
	    !take_hex(file, "service", file->service.id, SERVICE_ID_SIZE, error) ||
	    !take_hex(file, "owner", file->service.owner_public, KEY_SIZE, error))
		return false;
	file->service.name = take_name(file, "service-name", error);
	if (!file->service.name)
		return false;
	if (g_key_file_has_key(file->file, GROUP, "secret", NULL) ||
	    !file->secret != (file->type == KEY_RECIPIENT))
		return damaged(file, "secret", error);
	return true;
}

/* A key file of any type: readable, and its common fields are right. */
static KeyFile *key_file_load(const char *text, const char *what, GError **error)
{
	g_autoptr(KeyFile) file = g_new0(KeyFile, 1);
	g_autofree char *facts = NULL;

	file->what = what;
	if (strlen(text) > TEXT_MAX) {
		odr_fail(error, ODR_ERROR_CORRUPT, "%s is too long for a key file", what);
		return NULL;
	}
	file->file = g_key_file_new();
	facts = split_secret(text, &file->secret);
	if (!g_key_file_load_from_data(file->file, facts, strlen(facts), G_KEY_FILE_NONE, NULL) ||
	    !g_key_file_has_group(file->file, GROUP)) {
		odr_fail(error, ODR_ERROR_USAGE, "%s is not a key file of odrbackup", what);
		return NULL;
	}
	return facts_parse(file, error) ? g_steal_pointer(&file) : NULL;
}

static KeyFile *key_file_load_type(const char *text, const char *what, enum key_type type,
				   GError **error)
{
	g_autoptr(KeyFile) file = key_file_load(text, what, error);

	if (!file)
		return NULL;
	if (file->type != type) {
		odr_fail(error, ODR_ERROR_AUTH,
			 "%s is a key file of type %s; needed is one of type %s", what,
			 key_type_name(file->type), key_type_name(type));
		return NULL;
	}
	return g_steal_pointer(&file);
}

/* Reads the secret into new secret memory: the key, and the digest secret. */
static bool take_secret(const KeyFile *file, const uint8_t *public_key, uint32_t scope,
			const struct key_unlock *unlock, uint8_t **key, uint8_t **digest_secret,
			GError **error)
{
	g_autofree char *protection = take_text(file, "protection", error);
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
	*digest_secret = secret_new(KEY_SIZE);
	memcpy(*key, payload.bytes, key_size);
	memcpy(*digest_secret, payload.bytes + key_size, KEY_SIZE);
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

/* The types. */

OwnerKey *owner_key_parse(const char *text, const char *what, const struct key_unlock *unlock,
			  GError **error)
{
	g_autoptr(KeyFile) file = key_file_load_type(text, what, KEY_OWNER, error);
	g_autoptr(OwnerKey) owner = g_new0(OwnerKey, 1);

	if (!file || !check_fingerprint(file, file->service.owner_public, error) ||
	    !take_secret(file, file->service.owner_public, 0, unlock, &owner->secret,
			 &owner->digest_secret, error))
		return NULL;
	if (!signing_key_fits(owner->secret, file->service.owner_public)) {
		damaged(file, "secret", error);
		return NULL;
	}
	key_service_copy(&owner->service, &file->service);
	return g_steal_pointer(&owner);
}

/* Fills recipient from name=, scope=, public=. */
static bool take_recipient(const KeyFile *file, struct recipient *recipient, GError **error)
{
	g_autofree char *name = take_name(file, "name", error);
	g_autofree char *scope = name ? take_text(file, "scope", error) : NULL;

	if (!scope)
		return false;
	if (!scope_parse(scope, &recipient->scope))
		return damaged(file, "scope", error);
	if (!take_hex(file, "public", recipient->public_key, KEY_SIZE, error) ||
	    !check_fingerprint(file, recipient->public_key, error))
		return false;
	recipient->name = g_steal_pointer(&name);
	return true;
}

Identity *identity_parse(const char *text, const char *what, const struct key_unlock *unlock,
			 GError **error)
{
	g_autoptr(KeyFile) file = key_file_load_type(text, what, KEY_IDENTITY, error);
	g_autoptr(Identity) identity = g_new0(Identity, 1);
	struct recipient *recipient = &identity->recipient;
	uint8_t computed[KEY_SIZE];

	if (!file || !take_recipient(file, recipient, error) ||
	    !take_secret(file, recipient->public_key, recipient->scope, unlock, &identity->secret,
			 &identity->digest_secret, error))
		return NULL;
	crypto_scalarmult_base(computed, identity->secret);
	if (memcmp(computed, recipient->public_key, KEY_SIZE) != 0) {
		damaged(file, "secret", error);
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
	if (!take_recipient(file, &recipient, error))
		return NULL;
	key_service_copy(service, &file->service);
	return g_memdup2(&recipient, sizeof(recipient));
}

/* "name;scope;public key;fingerprint" */
static bool listed_recipient_parse(char *const *words, gsize count, struct recipient *recipient)
{
	return count == 4 && name_is_fine(words[0]) && scope_parse(words[1], &recipient->scope) &&
	       hex_decode(words[2], recipient->public_key, KEY_SIZE) &&
	       fingerprint_fits(words[3], recipient->public_key);
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
	g_auto(GStrv) words = g_key_file_get_string_list(file->file, GROUP, name, &count, NULL);
	struct recipient recipient = {0};

	if (!words || !listed_recipient_parse(words, count, &recipient))
		return damaged(file, name, error);
	recipient.name = words[0];
	return recipients_add(recipients, &recipient) || damaged(file, name, error);
}

static bool take_recipients(const KeyFile *file, GPtrArray *recipients, GError **error)
{
	g_autofree char *text = take_text(file, "recipients", error);
	guint64 count;

	if (!text)
		return false;
	if (!g_ascii_string_to_unsigned(text, 10, 0, RECIPIENTS_MAX, &count, NULL))
		return damaged(file, "recipients", error);
	for (guint64 number = 1; number <= count; number++)
		if (!take_listed_recipient(file, number, recipients, error))
			return false;
	return true;
}

static bool take_endorsement(const KeyFile *file, struct endorsement *endorsement, GError **error)
{
	g_autofree char *text = take_text(file, "endorsement", error);
	g_autofree uint8_t *bytes = NULL;
	gsize size;

	if (!text)
		return false;
	bytes = g_base64_decode(text, &size);
	if (size != ENDORSEMENT_SIZE || !endorsement_decode(bytes, endorsement))
		return damaged(file, "endorsement", error);
	if (!endorsement_verify(endorsement, &file->service))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"%s is not endorsed by the owner of service '%s': was it made for "
				"another service, or altered?",
				file->what, file->service.name);
	return check_fingerprint(file, endorsement->public_key, error);
}

Bundle *bundle_parse(const char *text, const char *what, GError **error)
{
	g_autoptr(KeyFile) file = key_file_load_type(text, what, KEY_BUNDLE, error);
	g_autoptr(Bundle) bundle = g_new0(Bundle, 1);
	const uint8_t *public_key = bundle->endorsement.public_key;

	bundle->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
	if (!file || !take_endorsement(file, &bundle->endorsement, error) ||
	    !take_recipients(file, bundle->recipients, error) ||
	    !take_secret(file, public_key, 0, NULL, &bundle->secret, &bundle->digest_secret, error))
		return NULL;
	if (!signing_key_fits(bundle->secret, public_key)) {
		damaged(file, "secret", error);
		return NULL;
	}
	key_service_copy(&bundle->service, &file->service);
	return g_steal_pointer(&bundle);
}

/* Facts. */

static const char *protection_detail(const KeyFile *file)
{
	g_autofree char *protection = g_key_file_get_string(file->file, GROUP, "protection", NULL);

	return g_strcmp0(protection, "none") == 0 ? "not protected by a passphrase"
						  : "passphrase-protected";
}

static bool owner_facts(const KeyFile *file, const char *text, struct key_facts *facts,
			GError **error)
{
	facts->fingerprint = key_fingerprint(file->service.owner_public);
	facts->detail = g_strdup(protection_detail(file));
	return check_fingerprint(file, file->service.owner_public, error);
}

static const char *scope_detail(enum recipient_scope scope)
{
	return scope == RECIPIENT_SCOPE_ALL ? "everything" : "WAL only";
}

static bool recipient_facts(const KeyFile *file, const char *text, struct key_facts *facts,
			    GError **error)
{
	struct recipient recipient = {0};

	if (!take_recipient(file, &recipient, error))
		return false;
	facts->fingerprint = key_fingerprint(recipient.public_key);
	facts->detail = g_strdup_printf("'%s', %s%s%s", recipient.name,
					scope_detail(recipient.scope), file->secret ? ", " : "",
					file->secret ? protection_detail(file) : "");
	g_free(recipient.name);
	return true;
}

static char *validity_detail(usec_t until)
{
	g_autofree char *time = until ? clock_format(until) : NULL;

	return time ? g_strconcat("valid until ", time, NULL) : g_strdup("valid without end");
}

static bool bundle_facts(const KeyFile *file, const char *text, struct key_facts *facts,
			 GError **error)
{
	g_autoptr(Bundle) bundle = bundle_parse(text, file->what, error);
	g_autofree char *validity = NULL;

	if (!bundle)
		return false;
	validity = validity_detail(bundle->endorsement.valid_until);
	facts->fingerprint = key_fingerprint(bundle->endorsement.public_key);
	facts->detail = g_strdup_printf(
		"role %s, %u recipient%s, %s", key_role_name(bundle->endorsement.role),
		bundle->recipients->len, bundle->recipients->len == 1 ? "" : "s", validity);
	return true;
}

bool key_facts_read(const char *text, const char *what, struct key_facts *facts, GError **error)
{
	static bool (*const read[KEY_TYPES])(const KeyFile *, const char *, struct key_facts *,
					     GError **) = {
		[KEY_OWNER] = owner_facts,
		[KEY_IDENTITY] = recipient_facts,
		[KEY_RECIPIENT] = recipient_facts,
		[KEY_BUNDLE] = bundle_facts,
	};
	g_autoptr(KeyFile) file = key_file_load(text, what, error);
	struct key_facts found = {0};

	if (!file)
		return false;
	if (!read[file->type](file, text, &found, error)) {
		key_facts_clear(&found);
		return false;
	}
	found.type = g_strdup(key_type_name(file->type));
	found.service_name = g_strdup(file->service.name);
	found.service_id = hex_encode(file->service.id, SERVICE_ID_SIZE);
	found.owner_fingerprint = key_fingerprint(file->service.owner_public);
	*facts = found;
	return true;
}

void key_facts_clear(struct key_facts *facts)
{
	g_free(facts->type);
	g_free(facts->service_name);
	g_free(facts->service_id);
	g_free(facts->fingerprint);
	g_free(facts->owner_fingerprint);
	g_free(facts->detail);
	*facts = (struct key_facts){0};
}
