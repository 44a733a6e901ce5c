/* Names and forms of secrets. */
#include "collect/mask.h"

#include "crypto/keys.h"

#include <fnmatch.h>
#include <string.h>

#define DIGEST_SHOWN 8 /* bytes */
#define MASK_BEFORE  "<masked "

void mask_init(struct mask *mask, const uint8_t *digest_secret, const char *const *more)
{
	static const char label[] = "odrbackup mask 1";

	hmac_sha256(digest_secret, KEY_SIZE, label, strlen(label), mask->key);
	mask->more = more;
}

/* Lower case, '_' for '-', '.' and blanks: names as all syntaxes write them. */
static char *plain_name(const char *name)
{
	char *plain = g_ascii_strdown(name, -1);

	g_strdelimit(plain, "-. ", '_');
	return plain;
}

/* A name with one of these in it is that of a secret … */
static const char *const secret_patterns[] = {
	"*password*", "*passwd*",     "*passphrase*", "*passwort*",	"pwd",
	"*_pwd",      "pass",	      "*_pass",	      "*dbpass*",	"*secret*",
	"*token*",    "*credential*", "*key*",	      "*authorization", "requirepass",
	"masterauth", "dsn",	      "*_dsn",	      "salt",		"*_salt",
};
/* … but not these, which name, count or describe one, or have the word by chance. */
static const char *const plain_patterns[] = {
	"proxy_pass",
	"*_proxy_pass",
	"*keepalive*",
	"*keyboard*",
	"*keymap*",
	"*hotkey*",
	"*monkey*",
	"*public_key*",
	"*publickey*",
	"*pubkey*",
	"*primary_key*",
	"*foreign_key*",
	"*key_type*",
	"*keytype*",
	"*keysize*",
	"*key_size*",
	"*key_len*",
	"*key_id",
	"*keyid",
	"*key_prefix*",
	"*keyspace*",
	"*keys_prefix*",
	"*passwordencryption",
	"password_encryption",
	"*_key_exchange*",
	"*secretname*",
	"*secret_name*",
	"*secretref",
	"*secretkeyref",
	"*keyref",
	"*secretstoreref",
	"*tokens_valid*",
	"*token_lifetime*",
	"*token_ttl*",
	"*servertokens*",
	"server_tokens",
	"*automountserviceaccounttoken*",
	"*topologykey*",
	"kind_secret",
	"*password_file",
	"*passwordfile",
	"passfile",
	"*_keyfile_path",
	"*token_file",
	"*secret_file",
	"*tokens_per*",
	"*password_min*",
	"*password_expir*",
	"auth_delay*",
	"*secretproviderclass*",
	"loadcredential*",
	"importcredential*",
	"keyringmode",
	"*password_policy*",
};

static bool matches_any(const char *name, const char *const *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fnmatch(patterns[i], name, 0) == 0)
			return true;
	return false;
}

bool mask_is_secret_name(const struct mask *mask, const char *name)
{
	g_autofree char *plain = plain_name(name);

	for (const char *const *more = mask->more; more && *more; more++) {
		g_autofree char *pattern = plain_name(*more);

		if (fnmatch(pattern, plain, 0) == 0)
			return true;
	}
	return matches_any(plain, secret_patterns, G_N_ELEMENTS(secret_patterns)) &&
	       !matches_any(plain, plain_patterns, G_N_ELEMENTS(plain_patterns));
}

/* Only by *key*: nothing else in the name says that it is a secret. */
static bool is_secret_by_key_alone(const char *plain)
{
	g_auto(GStrv) parts = g_strsplit(plain, "key", -1);
	g_autofree char *rest = g_strjoinv("", parts);

	return strstr(plain, "key") &&
	       !matches_any(rest, secret_patterns, G_N_ELEMENTS(secret_patterns));
}

static bool is_path_of_key(const char *plain, const char *value)
{
	static const char *const ends[] = {"*file", "*filename", "*path", "*dir", "*location"};
	static const char *const kinds[] = {"*.key", "*.pem", "*.crt", "*.cer", "*.pub"};

	return value[0] == '/' && !strpbrk(value, " \t=+") &&
	       (matches_any(plain, ends, G_N_ELEMENTS(ends)) ||
		matches_any(value, kinds, G_N_ELEMENTS(kinds)));
}

bool mask_is_plain_value(const char *name, const char *value, size_t size)
{
	g_autofree char *plain = plain_name(name);
	g_autofree char *text = g_strndup(value, size);
	static const char *const words[] = {"true", "false",	"yes",	    "no", "on",
					    "off",  "null",	"none",	    "~",  "0",
					    "1",    "required", "optional", "",	  NULL};
	g_autofree char *lower = g_ascii_strdown(text, -1);

	if (mask_length(value, value + size) == size || g_strv_contains(words, lower))
		return true;
	/* A value that is only a reference to where the secret is. */
	if ((g_str_has_prefix(text, "${") && g_str_has_suffix(text, "}")) ||
	    g_str_has_prefix(text, "/run/secrets/"))
		return true;
	if (!is_secret_by_key_alone(plain))
		return false;
	/* "key: app" names something, "key: LS0tLS1CRUdJTiBSU0E…" is one. */
	if (strcmp(plain, "key") == 0 || strcmp(plain, "keys") == 0)
		return size < 20 || strchr(text, ' ') || is_path_of_key(plain, text);
	return is_path_of_key(plain, text);
}

char *mask_value(const struct mask *mask, const char *value, size_t size)
{
	uint8_t digest[SHA256_SIZE];
	GString *text = g_string_new(MASK_BEFORE);

	hmac_sha256(mask->key, sizeof(mask->key), value, size, digest);
	for (size_t i = 0; i < DIGEST_SHOWN; i++)
		g_string_append_printf(text, "%02x", digest[i]);
	return g_string_free(g_string_append_c(text, '>'), false);
}

size_t mask_length(const char *at, const char *end)
{
	size_t before = strlen(MASK_BEFORE), length = before + 2 * DIGEST_SHOWN + 1;

	if ((size_t)(end - at) < length || strncmp(at, MASK_BEFORE, before) != 0 ||
	    strspn(at + before, "0123456789abcdef") < 2 * DIGEST_SHOWN || at[length - 1] != '>')
		return 0;
	return length;
}

bool mask_is_secret_file(const char *path)
{
	static const char *const names[] = {
		"*.key",	 "*.p12",      "*.pfx",	   "*.jks",	  "*.keystore", "*.kdbx",
		"*.gpg",	 "*.asc",      "*.keytab", "id_rsa",	  "id_dsa",	"id_ecdsa",
		"id_ed25519",	 ".pgpass",    "*.pgpass", "pgpass.conf", ".netrc",	".htpasswd",
		"htpasswd",	 "*.htpasswd", "*.writer", "*.owner",	  "*.identity", "*.kit",
		"*.credentials", ".my.cnf",    "shadow",   "gshadow",
	};
	g_autofree char *name = g_path_get_basename(path);

	return matches_any(name, names, G_N_ELEMENTS(names)) &&
	       !g_str_has_suffix(name, ".pub.asc") && !g_str_has_suffix(name, ".pub.gpg");
}

/* ---- forms ----------------------------------------------------------------------------------- */

/* A secret by its form: what stands before it, and how far it goes. */
struct form {
	const char *before;   /* literally */
	const char *alphabet; /* beside letters and digits */
	size_t least;	      /* characters */
	bool keep_before;     /* only what follows is the secret */
};
static const struct form forms[] = {
	{"SCRAM-SHA-256$", "+/=$:", 40, false},
	{"$apr1$", "./$", 20, false},
	{"$2a$", "./$", 40, false},
	{"$2b$", "./$", 40, false},
	{"$2y$", "./$", 40, false},
	{"$5$", "./$=", 30, false},
	{"$6$", "./$=", 60, false},
	{"$y$", "./$", 40, false},
	{"$argon2", "./$+=,", 40, false},
	{"$pbkdf2", "./$+-", 40, false},
	{"{SHA}", "+/=", 20, false},
	{"{SSHA}", "+/=", 20, false},
	{"Bearer ", "._~+/=-", 16, true},
	{"bearer ", "._~+/=-", 16, true},
	{"eyJ", "._-", 60, false}, /* JSON web token */
	{"glpat-", "_-", 16, false},
	{"ghp_", "", 30, false},
	{"github_pat_", "_", 30, false},
	{"hvs.", "_-", 20, false}, /* Vault */
	{"AGE-SECRET-KEY-", "", 40, false},
};

static size_t form_length(const struct form *form, const char *at)
{
	size_t length = 0;

	while (at[length] && (g_ascii_isalnum(at[length]) || strchr(form->alphabet, at[length])))
		length++;
	return length;
}

/* "md5" and 32 hex digits, as PostgreSQL stores old passwords. */
static bool is_md5_password(const char *at)
{
	return strncmp(at, "md5", 3) == 0 && strspn(at + 3, "0123456789abcdef") == 32;
}

/* "://user:" → where the password begins, and its length; 0: none. */
static size_t url_password(const char *at, const char **password)
{
	size_t user, length;

	if (strncmp(at, "://", 3) != 0)
		return 0;
	user = strcspn(at + 3, ":/@?# \t\n\"'");
	if (at[3 + user] != ':')
		return 0;
	*password = at + 3 + user + 1;
	/* Passwords with '/' are written so, though they should not. */
	length = strcspn(*password, "@ \t\n\"'<>");
	if ((*password)[length] != '@' || length == 0 || g_str_has_prefix(*password, "${"))
		return 0;
	return length;
}

/* A secret that begins here: where, and its length; 0: none. */
static size_t secret_at(const char *at, bool word_begins, const char **secret)
{
	size_t length = at[0] == ':' ? url_password(at, secret) : 0;

	if (length)
		return length;
	*secret = at;
	if (word_begins && is_md5_password(at))
		return 35;
	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		const struct form *form = &forms[i];
		size_t before = strlen(form->before);

		if (at[0] != form->before[0] || strncmp(at, form->before, before) != 0 ||
		    (!word_begins && g_ascii_isalpha(at[0])))
			continue;
		length = form_length(form, at + before);
		if (length < form->least)
			continue;
		*secret = form->keep_before ? at + before : at;
		return form->keep_before ? length : before + length;
	}
	return 0;
}

char *mask_forms(const struct mask *mask, const char *text, size_t size, unsigned *count)
{
	g_autofree char *copy = g_strndup(text, size);
	g_autoptr(GString) out = NULL;
	const char *taken = copy;

	for (const char *at = copy; *at;) {
		bool word_begins = at == copy || !g_ascii_isalnum(at[-1]);
		const char *secret;
		size_t length = secret_at(at, word_begins, &secret);

		if (!length) {
			at++;
			continue;
		}
		g_autofree char *masked = mask_value(mask, secret, length);

		if (!out)
			out = g_string_new(NULL);
		g_string_append_len(out, taken, secret - taken);
		g_string_append(out, masked);
		at = taken = secret + length;
		if (count)
			++*count;
	}
	if (!out)
		return NULL;
	g_string_append(out, taken);
	return g_string_free(g_steal_pointer(&out), false);
}
