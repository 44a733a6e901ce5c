/* odrbackup key endorse, and add-recipient: the bundle of a host, and to whom it seals. */
#include "base/error.h"
#include "base/file.h"
#include "cli/keys/new_key.h"
#include "cli/line/commands.h"
#include "cli/run/trail.h"
#include "cli/site/unlock.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

	if (!arguments_require(arguments, "owner", &owner_path, error) ||
	    !arguments_require(arguments, "role", &role_name, error) ||
	    !arguments_duration(arguments, "valid-for", &validity, error) ||
	    !new_key_check_free(path, error))
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

	if (!new_key_write(path, text, 0600, error))
		return false;
	trail_key_made(&(struct trail_key){.arguments = arguments, .path = path, .owner = owner},
		       AUDIT_KEY_ENDORSED);
	return new_key_tell(arguments, path, next, error);
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

	if (!rewrite(path, text, error))
		return false;
	trail_key_made(&(struct trail_key){.arguments = arguments,
					   .path = path,
					   .recipient = arguments_positional(arguments, 1)},
		       AUDIT_RECIPIENT_ADDED);
	return new_key_tell(
		arguments, path,
		"What is stored from now on opens for the new recipient too; older sets do not.\n"
		"Next: odrbackup backup",
		error);
}
