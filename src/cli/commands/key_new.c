/* odrbackup key new …: the owner key, and what it endorses for people. */
#include "base/error.h"
#include "base/keyfile.h"
#include "cli/keys/new_key.h"
#include "cli/line/commands.h"
#include "cli/run/trail.h"
#include "cli/site/unlock.h"
#include "crypto/secret.h"

#include <string.h>
#include <unistd.h>

bool cmd_key_new_owner(const struct arguments *arguments, GError **error)
{
	const char *path = arguments_positional(arguments, 0);
	const char *service;
	char *passphrase;

	if (!arguments_require(arguments, "service", &service, error) ||
	    !new_key_check_free(path, error))
		return false;
	if (!keyfile_name_valid(service))
		return odr_fail(
			error, ODR_ERROR_USAGE,
			"'%s' is no name of a service; names are of A-Z, a-z, 0-9, '.', '_' "
			"and '-', and begin with a letter or digit",
			service);
	if (!new_key_passphrase(arguments, path, &passphrase, error))
		return false;

	g_autoptr(OwnerKey) owner = owner_key_new(service);
	g_autoptr(KeyText) text = owner_key_print(owner, passphrase);
	g_autofree char *next = g_strdup_printf(
		"This key belongs into a safe: whoever has it can make keys that are trusted.\n"
		"Next: odrbackup key new identity FILE --owner %s",
		path);

	secret_free(passphrase);
	if (!new_key_write(path, text, 0600, error))
		return false;
	trail_key_made(&(struct trail_key){.arguments = arguments, .path = path},
		       AUDIT_KEY_CREATED);
	return new_key_tell(arguments, path, next, error);
}

static enum recipient_scope scope_of(const struct arguments *arguments)
{
	return g_strcmp0(arguments_text(arguments, "scope"), "wal") == 0 ? RECIPIENT_SCOPE_WAL
									 : RECIPIENT_SCOPE_ALL;
}

/* The public part first: without it the identity is of no use, and it can be written again. */
static bool write_identity(const Identity *identity, const char *path, const char *public_path,
			   const char *passphrase, GError **error)
{
	g_autofree char *public_text = recipient_print(&identity->recipient, &identity->service);
	g_autoptr(KeyText) text = identity_print(identity, passphrase);

	if (!new_key_write(public_path, public_text, 0644, error))
		return false;
	if (!new_key_write(path, text, 0600, error)) {
		unlink(public_path);
		return false;
	}
	return true;
}

bool cmd_key_new_identity(const struct arguments *arguments, GError **error)
{
	const char *path = arguments_positional(arguments, 0);
	const char *name = arguments_text(arguments, "name");
	g_autofree char *public_path = g_strconcat(path, ".pub", NULL);
	g_autofree char *base = g_path_get_basename(path);
	struct passphrase_source source = {.arguments = arguments};
	g_autoptr(OwnerKey) owner = NULL;
	g_autoptr(Identity) identity = NULL;
	const char *owner_path;
	char *passphrase;
	bool written;

	if (!arguments_require(arguments, "owner", &owner_path, error) ||
	    !new_key_check_free(path, error) || !new_key_check_free(public_path, error))
		return false;
	owner = unlock_owner(&source, owner_path, error);
	if (!owner || !new_key_passphrase(arguments, path, &passphrase, error))
		return false;
	identity = identity_new(owner, name ? name : base, scope_of(arguments));
	written = write_identity(identity, path, public_path, passphrase, error);
	secret_free(passphrase);
	if (!written)
		return false;
	trail_key_made(&(struct trail_key){.arguments = arguments, .path = path, .owner = owner},
		       AUDIT_KEY_CREATED);

	g_autofree char *next = g_strdup_printf(
		"Keep it away from the database host; %s is public.\n"
		"Next: odrbackup key endorse BUNDLE --owner %s --role writer --recipient %s",
		public_path, owner_path, public_path);

	return new_key_tell(arguments, path, next, error);
}

/* What others verify with first, as of an identity. */
static bool write_evidence(const EvidenceKey *key, const char *path, const char *passphrase,
			   GError **error)
{
	const uint8_t *public_key = key->endorsement.public_key;
	g_autofree char *signify_path = g_strconcat(path, ".pub", NULL);
	g_autofree char *pem_path = g_strconcat(path, ".pem", NULL);
	g_autofree char *signify = evidence_key_signify(public_key);
	g_autofree char *pem = evidence_key_pem(public_key);
	g_autoptr(KeyText) text = evidence_key_print(key, passphrase);

	if (!new_key_write(signify_path, signify, 0644, error))
		return false;
	if (new_key_write(pem_path, pem, 0644, error)) {
		if (new_key_write(path, text, 0600, error))
			return true;
		unlink(pem_path);
	}
	unlink(signify_path);
	return false;
}

static bool check_evidence_free(const char *path, GError **error)
{
	g_autofree char *signify_path = g_strconcat(path, ".pub", NULL);
	g_autofree char *pem_path = g_strconcat(path, ".pem", NULL);

	return new_key_check_free(path, error) && new_key_check_free(signify_path, error) &&
	       new_key_check_free(pem_path, error);
}

bool cmd_key_new_evidence(const struct arguments *arguments, GError **error)
{
	const char *path = arguments_positional(arguments, 0);
	struct passphrase_source source = {.arguments = arguments};
	g_autoptr(OwnerKey) owner = NULL;
	g_autoptr(EvidenceKey) key = NULL;
	const char *owner_path;
	usec_t validity = 0;
	char *passphrase;
	bool written;

	if (!arguments_require(arguments, "owner", &owner_path, error) ||
	    !arguments_duration(arguments, "valid-for", &validity, error) ||
	    !check_evidence_free(path, error))
		return false;
	owner = unlock_owner(&source, owner_path, error);
	if (!owner || !new_key_passphrase(arguments, path, &passphrase, error))
		return false;
	key = evidence_key_new(owner, clock_now(), validity);
	written = write_evidence(key, path, passphrase, error);
	secret_free(passphrase);
	if (!written)
		return false;
	trail_key_made(&(struct trail_key){.arguments = arguments, .path = path, .owner = owner},
		       AUDIT_KEY_ENDORSED);

	g_autofree char *absolute = g_canonicalize_filename(path, NULL);
	g_autofree char *next = g_strdup_printf(
		"Give %s.pub or %s.pem to whoever verifies evidence, and not by way of the repository.\n"
		"Next: evidence-key=%s in the configuration of the host that drills",
		path, path, absolute);

	return new_key_tell(arguments, path, next, error);
}
