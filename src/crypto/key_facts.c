#include "crypto/evidence_key.h"

#include "base/bytes.h"
#include "crypto/key_file.h"

#include <string.h>

static const char *protection_detail(const KeyFile *file)
{
	g_autofree char *protection = key_file_text(file, "protection", NULL);

	return g_strcmp0(protection, "none") == 0 ? "not protected by a passphrase"
						  : "passphrase-protected";
}

static bool owner_facts(const KeyFile *file, const char *text, struct key_facts *facts,
			GError **error)
{
	facts->fingerprint = key_fingerprint(file->service.owner_public);
	facts->detail = g_strdup(protection_detail(file));
	return key_file_fingerprint(file, file->service.owner_public, error);
}

static const char *scope_detail(enum recipient_scope scope)
{
	return scope == RECIPIENT_SCOPE_ALL ? "everything" : "WAL only";
}

static bool recipient_facts(const KeyFile *file, const char *text, struct key_facts *facts,
			    GError **error)
{
	struct recipient recipient = {0};

	if (!key_file_recipient(file, &recipient, error))
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
	facts->endorsed = bundle->endorsement.valid_from;
	facts->fingerprint = key_fingerprint(bundle->endorsement.public_key);
	facts->detail = g_strdup_printf(
		"role %s, %u recipient%s, %s", key_role_name(bundle->endorsement.role),
		bundle->recipients->len, bundle->recipients->len == 1 ? "" : "s", validity);
	return true;
}

static bool evidence_facts(const KeyFile *file, const char *text, struct key_facts *facts,
			   GError **error)
{
	struct endorsement endorsement;
	char name[EVIDENCE_KEY_NAME_SIZE];
	g_autofree char *validity = NULL;

	if (!key_file_endorsement(file, &endorsement, error))
		return false;
	evidence_key_name(endorsement.public_key, name);
	validity = validity_detail(endorsement.valid_until);
	facts->endorsed = endorsement.valid_from;
	facts->fingerprint = key_fingerprint(endorsement.public_key);
	facts->detail =
		g_strdup_printf("SPKI SHA-256 %s, %s, %s", name, validity, protection_detail(file));
	return true;
}

bool key_facts_read(const char *text, const char *what, struct key_facts *facts, GError **error)
{
	static bool (*const read[KEY_TYPES])(const KeyFile *, const char *, struct key_facts *,
					     GError **) = {
		[KEY_OWNER] = owner_facts,	   [KEY_IDENTITY] = recipient_facts,
		[KEY_RECIPIENT] = recipient_facts, [KEY_BUNDLE] = bundle_facts,
		[KEY_EVIDENCE] = evidence_facts,
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

bool key_service_read(const char *text, const char *what, struct key_service *service,
		      GError **error)
{
	g_autoptr(KeyFile) file = key_file_load(text, what, error);

	if (file)
		key_service_copy(service, &file->service);
	return file != NULL;
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
