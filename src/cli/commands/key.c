/* odrbackup key …: key files are text, written once and never replaced; only a bundle may get recipients. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/keyfile.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/proof.h"
#include "cli/unlock.h"
#include "crypto/secret.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_new(const char *path, const char *text, mode_t mode, GError **error)
{
	return file_write(path, text, strlen(text),
			  &(struct file_write){.mode = mode, .exclusive = true}, error);
}

static bool is_quiet(const struct arguments *arguments)
{
	return arguments_flag(arguments, "quiet");
}

/* What was made: one document, or a few lines with the fingerprint and what comes next. */
static bool tell(const struct arguments *arguments, const char *path, const char *next,
		 GError **error)
{
	g_autoptr(KeyText) text = NULL;
	struct key_facts facts;

	if (!file_read_text(path, KEY_TEXT_MAX, &text, error) ||
	    !key_facts_read(text, path, &facts, error))
		return false;
	if (arguments_flag(arguments, "json")) {
		json_t *document = json_object();

		json_set_string(document, "file", path);
		json_set_string(document, "type", facts.type);
		json_set_string(document, "service", facts.service_name);
		json_set_string(document, "service_id", facts.service_id);
		json_set_string(document, "fingerprint", facts.fingerprint);
		json_set_string(document, "owner_fingerprint", facts.owner_fingerprint);
		json_out(document);
	} else if (!is_quiet(arguments)) {
		g_autofree char *detail = text_escape(facts.detail);

		printf("%s\n  %s of service %s, fingerprint %s\n  %s\n%s\n", path, facts.type,
		       facts.service_name, facts.fingerprint, detail, next);
	}
	key_facts_clear(&facts);
	return true;
}

static bool new_passphrase(const struct arguments *arguments, const char *path, char **passphrase,
			   GError **error)
{
	g_autofree char *what = g_strdup_printf("'%s'", path);

	return passphrase_choose(arguments, what, passphrase, error);
}

static bool require(const struct arguments *arguments, const char *option, const char **value,
		    GError **error)
{
	*value = arguments_text(arguments, option);
	if (*value)
		return true;
	return odr_fail(error, ODR_ERROR_USAGE, "--%s is missing; usage: odrbackup %s %s", option,
			arguments->command->name, arguments->command->synopsis);
}

/* Before anything is asked for. */
static bool check_free(const char *path, GError **error)
{
	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return true;
	return odr_fail(error, ODR_ERROR_EXISTS,
			"'%s' is there already; a key file is never overwritten", path);
}

bool cmd_key_new_owner(const struct arguments *arguments, GError **error)
{
	const char *path = arguments_positional(arguments, 0);
	const char *service;
	char *passphrase;

	if (!require(arguments, "service", &service, error) || !check_free(path, error))
		return false;
	if (!keyfile_name_valid(service))
		return odr_fail(
			error, ODR_ERROR_USAGE,
			"'%s' is no name of a service; names are of A-Z, a-z, 0-9, '.', '_' "
			"and '-', and begin with a letter or digit",
			service);
	if (!new_passphrase(arguments, path, &passphrase, error))
		return false;

	g_autoptr(OwnerKey) owner = owner_key_new(service);
	g_autoptr(KeyText) text = owner_key_print(owner, passphrase);
	g_autofree char *next = g_strdup_printf(
		"This key belongs into a safe: whoever has it can make keys that are trusted.\n"
		"Next: odrbackup key new identity FILE --owner %s",
		path);

	secret_free(passphrase);
	return write_new(path, text, 0600, error) && tell(arguments, path, next, error);
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

	if (!write_new(public_path, public_text, 0644, error))
		return false;
	if (!write_new(path, text, 0600, error)) {
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

	if (!require(arguments, "owner", &owner_path, error) || !check_free(path, error) ||
	    !check_free(public_path, error))
		return false;
	owner = unlock_owner(&source, owner_path, error);
	if (!owner || !new_passphrase(arguments, path, &passphrase, error))
		return false;
	identity = identity_new(owner, name ? name : base, scope_of(arguments));
	written = write_identity(identity, path, public_path, passphrase, error);
	secret_free(passphrase);
	if (!written)
		return false;

	g_autofree char *next = g_strdup_printf(
		"Keep it away from the database host; %s is public.\n"
		"Next: odrbackup key endorse BUNDLE --owner %s --role writer --recipient %s",
		public_path, owner_path, public_path);

	return tell(arguments, path, next, error);
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

	if (!write_new(signify_path, signify, 0644, error))
		return false;
	if (write_new(pem_path, pem, 0644, error)) {
		if (write_new(path, text, 0600, error))
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

	return check_free(path, error) && check_free(signify_path, error) &&
	       check_free(pem_path, error);
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

	if (!require(arguments, "owner", &owner_path, error) ||
	    !arguments_duration(arguments, "valid-for", &validity, error) ||
	    !check_evidence_free(path, error))
		return false;
	owner = unlock_owner(&source, owner_path, error);
	if (!owner || !new_passphrase(arguments, path, &passphrase, error))
		return false;
	key = evidence_key_new(owner, clock_now(), validity);
	written = write_evidence(key, path, passphrase, error);
	secret_free(passphrase);
	if (!written)
		return false;

	g_autofree char *absolute = g_canonicalize_filename(path, NULL);
	g_autofree char *next = g_strdup_printf(
		"Give %s.pub or %s.pem to whoever verifies evidence, and not by way of the repository.\n"
		"Next: evidence-key=%s in the configuration of the host that drills",
		path, path, absolute);

	return tell(arguments, path, next, error);
}

static void recipient_release(void *recipient)
{
	recipient_free(recipient);
}

static const struct recipient *find_recipient(const GPtrArray *recipients,
					      const struct recipient *wanted)
{
	for (guint i = 0; i < recipients->len; i++) {
		const struct recipient *recipient = recipients->pdata[i];

		if (memcmp(recipient->public_key, wanted->public_key, KEY_SIZE) == 0)
			return recipient;
	}
	return NULL;
}

/* Reads a recipient of this service into the list. */
static bool add_recipient(GPtrArray *recipients, const struct key_service *service,
			  const char *path, GError **error)
{
	struct key_service of = {0};
	struct recipient *recipient = unlock_recipient(path, &of, error);
	bool same = recipient && memcmp(of.id, service->id, SERVICE_ID_SIZE) == 0;
	bool ok = false;

	if (recipient && !same)
		odr_fail(error, ODR_ERROR_REFUSED,
			 "'%s' is a recipient of another owner key (service '%s'), not of service "
			 "'%s'",
			 path, of.name, service->name);
	else if (recipient && find_recipient(recipients, recipient))
		odr_fail(error, ODR_ERROR_EXISTS, "the recipient of '%s' is there already", path);
	else if (recipient && recipients->len == RECIPIENTS_MAX)
		odr_fail(error, ODR_ERROR_USAGE, "there are at most %d recipients", RECIPIENTS_MAX);
	else if (recipient)
		ok = true;
	if (ok)
		g_ptr_array_add(recipients, recipient);
	else if (recipient)
		recipient_free(recipient);
	key_service_clear(&of);
	return ok;
}

static bool parse_role(const char *text, enum key_role *role)
{
	static const enum key_role roles[] = {KEY_ROLE_WRITER, KEY_ROLE_KEEPER};

	for (size_t i = 0; i < G_N_ELEMENTS(roles); i++) {
		if (strcmp(text, key_role_name(roles[i])) == 0) {
			*role = roles[i];
			return true;
		}
	}
	return false;
}

static unsigned count_scope_all(const GPtrArray *recipients)
{
	unsigned count = 0;

	for (guint i = 0; i < recipients->len; i++)
		count += ((struct recipient *)recipients->pdata[i])->scope == RECIPIENT_SCOPE_ALL;
	return count;
}

static bool read_recipients(const struct arguments *arguments, const OwnerKey *owner,
			    enum key_role role, GPtrArray *recipients, GError **error)
{
	const GPtrArray *paths = arguments_list(arguments, "recipient");

	for (guint i = 0; paths && i < paths->len; i++) {
		if (!add_recipient(recipients, &owner->service, paths->pdata[i], error))
			return false;
	}
	if (role == KEY_ROLE_WRITER && count_scope_all(recipients) == 0)
		return odr_fail(error, ODR_ERROR_USAGE,
				"a writer needs --recipient with an identity of scope all: nobody "
				"could open its sets");
	return true;
}

bool cmd_key_endorse(const struct arguments *arguments, GError **error)
{
	const char *path = arguments_positional(arguments, 0);
	g_autoptr(GPtrArray) recipients = g_ptr_array_new_with_free_func(recipient_release);
	struct passphrase_source source = {.arguments = arguments};
	g_autoptr(OwnerKey) owner = NULL;
	const char *owner_path, *role_name;
	enum key_role role;
	usec_t validity = 0;

	if (!require(arguments, "owner", &owner_path, error) ||
	    !require(arguments, "role", &role_name, error) ||
	    !arguments_duration(arguments, "valid-for", &validity, error) ||
	    !check_free(path, error))
		return false;
	if (!parse_role(role_name, &role))
		return odr_fail(error, ODR_ERROR_USAGE, "there is no role '%s'", role_name);
	owner = unlock_owner(&source, owner_path, error);
	if (!owner || !read_recipients(arguments, owner, role, recipients, error))
		return false;

	g_autoptr(Bundle) bundle = bundle_new(owner, role, clock_now(), validity, recipients);
	g_autoptr(KeyText) text = bundle_print(bundle);
	g_autofree char *absolute = g_canonicalize_filename(path, NULL);
	g_autofree char *next = g_strdup_printf(
		"Bring it to the host, owned by the user that runs odrbackup there, mode 0600.\n"
		"Next: writer-bundle=%s in the configuration, then odrbackup init %s",
		absolute, owner->service.name);

	return write_new(path, text, 0600, error) && tell(arguments, path, next, error);
}

/* The bundle stays the file of whom it was: PostgreSQL's user reads it. */
static bool rewrite(const char *path, const char *text, GError **error)
{
	struct stat before;

	if (stat(path, &before) != 0)
		return odr_fail(error, ODR_ERROR_SYSTEM, "cannot look at '%s'", path);
	if (!file_write(path, text, strlen(text),
			&(struct file_write){.mode = before.st_mode & 0700}, error))
		return false;
	if (before.st_uid != geteuid() && chown(path, before.st_uid, before.st_gid) != 0)
		return odr_fail(error, ODR_ERROR_SYSTEM, "cannot give '%s' back to its owner",
				path);
	return true;
}

bool cmd_key_add_recipient(const struct arguments *arguments, GError **error)
{
	const char *path = arguments_positional(arguments, 0);
	g_autoptr(Bundle) bundle = unlock_bundle(path, error);

	if (!bundle || !add_recipient(bundle->recipients, &bundle->service,
				      arguments_positional(arguments, 1), error))
		return false;

	g_autoptr(KeyText) text = bundle_print(bundle);

	return rewrite(path, text, error) &&
	       tell(arguments, path,
		    "What is stored from now on opens for the new recipient too; older sets do not.\n"
		    "Next: odrbackup backup",
		    error);
}

/* Of a kit: the facts of the identity in it. */
static bool read_facts(const char *path, struct key_facts *facts, GError **error)
{
	g_autoptr(KeyText) text = NULL;
	g_autoptr(Kit) kit = NULL;

	if (!file_read_text(path, KEY_TEXT_MAX, &text, error))
		return false;
	if (kit_is(text)) {
		kit = kit_parse(text, path, error);
		if (!kit || !key_facts_read(kit->identity, path, facts, error))
			return false;
		g_free(facts->type);
		facts->type = g_strdup("kit");
		return true;
	}
	return key_facts_read(text, path, facts, error);
}

static json_t *facts_document(const char *path, const struct key_facts *facts)
{
	json_t *key = json_object();

	json_set_string(key, "file", path);
	json_set_string(key, "type", facts->type);
	json_set_string(key, "service", facts->service_name);
	json_set_string(key, "service_id", facts->service_id);
	json_set_string(key, "fingerprint", facts->fingerprint);
	json_set_string(key, "owner_fingerprint", facts->owner_fingerprint);
	json_set_string(key, "detail", facts->detail);
	return key;
}

bool cmd_key_list(const struct arguments *arguments, GError **error)
{
	static const char *const headings[] = {"type", "service", "fingerprint", "owner",
					       "file", "detail",  NULL};
	TableOut *table = table_out_new(headings);
	json_t *keys = json_array();
	g_autoptr(GError) first = NULL;

	for (guint i = 0; i < arguments->positional->len; i++) {
		const char *path = arguments->positional->pdata[i];
		g_autoptr(GError) trouble = NULL;
		struct key_facts facts = {0};

		if (!read_facts(path, &facts, &trouble)) {
			if (first)
				log_error("%s", first->message);
			g_clear_error(&first);
			first = g_steal_pointer(&trouble);
			continue;
		}
		json_array_append_new(keys, facts_document(path, &facts));
		table_out_row(table, facts.type, facts.service_name, facts.fingerprint,
			      facts.owner_fingerprint, path, facts.detail);
		key_facts_clear(&facts);
	}
	if (arguments_flag(arguments, "json")) {
		json_t *document = json_object();

		json_set(document, "keys", keys);
		json_out(document);
		table_out_print(table, NULL);
	} else {
		json_decref(keys);
		table_out_print(table, stdout);
	}
	if (!first)
		return true;
	g_propagate_error(error, g_steal_pointer(&first));
	return false;
}

/* The tested file takes the place of --identity, or of --kit. */
static bool borrow_option(struct arguments *arguments, const char *path, GError **error)
{
	g_autoptr(KeyText) text = NULL;
	GPtrArray *values;

	if (!file_read_text(path, KEY_TEXT_MAX, &text, error))
		return false;
	values = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(values, g_strdup(path));
	g_hash_table_insert(arguments->values, (void *)(kit_is(text) ? "kit" : "identity"), values);
	return true;
}

static bool test_repository(const struct context *context, Repo *repo, const char *set_id,
			    json_t *results, GError **error)
{
	struct proof proof = {0};
	bool opened = proof_open_set(repo, context->identity, set_id, &proof, error);
	json_t *result;

	if (!opened)
		return false;
	if (!arguments_flag(context->arguments, "json") && !is_quiet(context->arguments)) {
		g_autofree char *fingerprint =
			key_fingerprint(context->identity->recipient.public_key);
		g_autofree char *size = size_format(proof.bytes);
		g_autofree char *path = text_escape(proof.path ? proof.path : "(no content)");

		printf("key %s opens set %s of repository %s\n  manifest, and %s of '%s'\n",
		       fingerprint, proof.set_id, proof.repository, size, path);
	}
	result = json_object();
	json_set_string(result, "repository", proof.repository);
	json_set_string(result, "set", proof.set_id);
	json_set_time(result, "created", proof.created);
	json_set_string(result, "path", proof.path);
	json_set_int(result, "bytes", (int64_t)proof.bytes);
	json_array_append_new(results, result);
	proof_clear(&proof);
	return true;
}

/* IDENTITY [SERVICE] [SET]: what looks like a set's id is one. */
bool cmd_key_test(const struct arguments *given, GError **error)
{
	struct arguments arguments = *given;
	const char *second = arguments_positional(given, 1);
	const char *third = arguments_positional(given, 2);
	bool second_is_set = second && !third && set_id_valid(second);
	g_autoptr(Context) context = NULL;
	g_autoptr(JsonValue) results = json_array();

	if (!borrow_option(&arguments, arguments_positional(given, 0), error))
		return false;
	context = context_open(&arguments, second_is_set ? NULL : second, error);
	if (!context || !context_identity(context, error) || !context_repos(context, error))
		return false;
	for (guint i = 0; i < context->repos->len; i++) {
		if (!test_repository(context, context->repos->pdata[i],
				     second_is_set ? second : third, results, error))
			return false;
	}
	if (arguments_flag(&arguments, "json")) {
		json_t *document = json_object();

		json_set(document, "opened", json_incref(results));
		json_out(document);
	} else if (!is_quiet(&arguments)) {
		printf("Next: odrbackup restore %s --plan\n", context->service->name);
	}
	return true;
}
