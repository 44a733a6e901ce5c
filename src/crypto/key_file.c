#include "crypto/key_file.h"

#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

#define GROUP	    "odrbackup-key"
#define VERSION	    1
#define TEXT_MAX    ((size_t)256 << 10)
#define NAME_LENGTH 200

void key_file_free(KeyFile *file)
{
	g_clear_pointer(&file->file, g_key_file_unref);
	secret_text_free(file->secret);
	key_service_clear(&file->service);
	g_free(file);
}

bool key_file_damaged(const KeyFile *file, const char *name, GError **error)
{
	return odr_fail(error, ODR_ERROR_CORRUPT, "%s is damaged: '%s' is missing or wrong",
			file->what, name);
}

/* Fields. */

char *key_file_text(const KeyFile *file, const char *name, GError **error)
{
	char *text = g_key_file_get_string(file->file, GROUP, name, NULL);

	if (!text)
		key_file_damaged(file, name, error);
	return text;
}

char **key_file_list(const KeyFile *file, const char *name, gsize *count)
{
	return g_key_file_get_string_list(file->file, GROUP, name, count, NULL);
}

bool key_file_hex(const KeyFile *file, const char *name, void *data, size_t size, GError **error)
{
	g_autofree char *text = key_file_text(file, name, error);

	return text && (hex_decode(text, data, size) || key_file_damaged(file, name, error));
}

bool key_name_is_fine(const char *name)
{
	if (!*name || strlen(name) > NAME_LENGTH || !g_utf8_validate(name, -1, NULL))
		return false;
	for (; *name; name = g_utf8_next_char(name))
		if (!g_unichar_isprint(g_utf8_get_char(name)))
			return false;
	return true;
}

char *key_file_name(const KeyFile *file, const char *name, GError **error)
{
	g_autofree char *text = key_file_text(file, name, error);

	if (!text)
		return NULL;
	if (!key_name_is_fine(text)) {
		key_file_damaged(file, name, error);
		return NULL;
	}
	return g_steal_pointer(&text);
}

bool recipient_scope_parse(const char *text, enum recipient_scope *scope)
{
	if (strcmp(text, "all") == 0)
		*scope = RECIPIENT_SCOPE_ALL;
	else if (strcmp(text, "wal") == 0)
		*scope = RECIPIENT_SCOPE_WAL;
	else
		return false;
	return true;
}

bool key_fingerprint_fits(const char *fingerprint, const uint8_t public_key[KEY_SIZE])
{
	g_autofree char *computed = key_fingerprint(public_key);

	return strcmp(fingerprint, computed) == 0;
}

bool key_file_fingerprint(const KeyFile *file, const uint8_t public_key[KEY_SIZE], GError **error)
{
	g_autofree char *fingerprint = key_file_text(file, "fingerprint", error);

	return fingerprint && (key_fingerprint_fits(fingerprint, public_key) ||
			       key_file_damaged(file, "fingerprint", error));
}

bool key_file_endorsement(const KeyFile *file, struct endorsement *endorsement, GError **error)
{
	g_autofree char *text = key_file_text(file, "endorsement", error);
	g_autofree uint8_t *bytes = NULL;
	gsize size;

	if (!text)
		return false;
	bytes = g_base64_decode(text, &size);
	if (size != ENDORSEMENT_SIZE || !endorsement_decode(bytes, endorsement))
		return key_file_damaged(file, "endorsement", error);
	if (!endorsement_verify(endorsement, &file->service))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"%s is not endorsed by the owner of service '%s': was it made for "
				"another service, or altered?",
				file->what, file->service.name);
	return key_file_fingerprint(file, endorsement->public_key, error);
}

bool key_file_recipient(const KeyFile *file, struct recipient *recipient, GError **error)
{
	g_autofree char *name = key_file_name(file, "name", error);
	g_autofree char *scope = name ? key_file_text(file, "scope", error) : NULL;

	if (!scope)
		return false;
	if (!recipient_scope_parse(scope, &recipient->scope))
		return key_file_damaged(file, "scope", error);
	if (!key_file_hex(file, "public", recipient->public_key, KEY_SIZE, error) ||
	    !key_file_fingerprint(file, recipient->public_key, error))
		return false;
	recipient->name = g_steal_pointer(&name);
	return true;
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
	g_autofree char *name = key_file_text(file, "type", error);

	if (!name)
		return false;
	for (enum key_type type = 0; type < KEY_TYPES; type++) {
		if (strcmp(name, key_type_name(type)) == 0) {
			file->type = type;
			return true;
		}
	}
	return key_file_damaged(file, "type", error);
}

static bool version_check(const KeyFile *file, GError **error)
{
	g_autofree char *text = key_file_text(file, "version", error);
	guint64 version;

	if (!text)
		return false;
	if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &version, NULL))
		return key_file_damaged(file, "version", error);
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
	    !key_file_hex(file, "service", file->service.id, SERVICE_ID_SIZE, error) ||
	    !key_file_hex(file, "owner", file->service.owner_public, KEY_SIZE, error))
		return false;
	file->service.name = key_file_name(file, "service-name", error);
	if (!file->service.name)
		return false;
	if (g_key_file_has_key(file->file, GROUP, "secret", NULL) ||
	    !file->secret != (file->type == KEY_RECIPIENT))
		return key_file_damaged(file, "secret", error);
	return true;
}

KeyFile *key_file_load(const char *text, const char *what, GError **error)
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

KeyFile *key_file_load_type(const char *text, const char *what, enum key_type type, GError **error)
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
