#include "cli/keys/kit_check.h"

#include "base/error.h"

#include <string.h>

bool kit_keys_agree(const Context *context, const OwnerKey *owner, GError **error)
{
	const Identity *identity = context->identity;

	if (memcmp(owner->service.id, identity->service.id, SERVICE_ID_SIZE) != 0 ||
	    memcmp(owner->service.owner_public, identity->service.owner_public, KEY_SIZE) != 0)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"identity and owner key are of different services ('%s', '%s')",
				identity->service.name, owner->service.name);
	if (identity->recipient.scope != RECIPIENT_SCOPE_ALL)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the identity '%s' opens WAL only; a recovery kit needs one of "
				"scope all",
				identity->recipient.name);
	return true;
}

bool kit_owner_opens(Context *context, GError **error)
{
	struct key_unlock unlock = {passphrase_ask_terminal, &context->passphrase};
	g_autoptr(OwnerKey) owner = NULL;

	/* Asking a second time would prove nothing new: both are of one passphrase. */
	if (context->passphrase.used && !passphrase_is_given(context->arguments))
		return true;
	owner = owner_key_parse(context->kit->owner, "the owner key of the kit", &unlock, error);
	return owner && kit_keys_agree(context, owner, error);
}

/* ---- against the configuration in force ---------------------------------------------------------- */

static void compare_key(const char *group, const char *key, GKeyFile *kit, const char *value,
			GPtrArray *differing)
{
	g_autofree char *old = g_key_file_get_string(kit, group, key, NULL);

	if (g_strcmp0(old, value) == 0)
		return;
	g_ptr_array_add(
		differing,
		old ? g_strdup_printf("[%s] has %s=%s, the kit %s", group, key, value, old)
		    : g_strdup_printf("[%s] has %s=%s, which the kit lacks", group, key, value));
}

static void compare_group(GKeyFile *site, GKeyFile *kit, const char *group, GPtrArray *differing)
{
	g_auto(GStrv) keys = g_key_file_get_keys(site, group, NULL, NULL);

	for (char **key = keys; key && *key; key++) {
		g_autofree char *value = g_key_file_get_string(site, group, *key, NULL);

		compare_key(group, *key, kit, value, differing);
	}
}

void kit_outdated(const Context *kit, const Context *site, GPtrArray *wrong, GPtrArray *older)
{
	g_autoptr(GKeyFile) now = kit_settings(site->settings, site->service);
	g_autoptr(GKeyFile) then = kit_settings(kit->settings, kit->service);
	g_auto(GStrv) groups = g_key_file_get_groups(now, NULL);

	for (char **group = groups; *group; group++)
		compare_group(now, then, *group,
			      g_str_has_prefix(*group, "repository ") ? wrong : older);
}

void kit_lacks(const Context *kit, GPtrArray *lacking)
{
	const GPtrArray *repositories = kit->service->repositories;

	for (guint i = 0; i < repositories->len; i++) {
		const struct settings_repository *repository = repositories->pdata[i];
		const struct {
			const char *key, *file;
		} named[] = {{"credentials", repository->credentials},
			     {"credential-process", repository->credential_process},
			     {"token-file", repository->token_file},
			     {"ca-file", repository->ca_file}};

		for (size_t k = 0; k < G_N_ELEMENTS(named); k++)
			if (named[k].file)
				g_ptr_array_add(lacking,
						g_strdup_printf("'%s' (%s of [repository %s])",
								named[k].file, named[k].key,
								repository->name));
	}
}
