#ifndef ODR_CLI_SETTINGS_RESOLVE_H
#define ODR_CLI_SETTINGS_RESOLVE_H

#include "base/keyfile.h"
#include "cli/settings/settings.h"

/* Replaces the names that services hold by what they mean, and what a service leaves open by the global
 * values. The second half of settings_parse. */
bool settings_resolve(Settings *settings, const Keyfile *keyfile, GError **error);
/* Whether a repository has what its type needs, and nothing it has no use for. */
bool settings_check_repository(const Keyfile *keyfile, const struct settings_repository *repository,
			       GError **error);
/* The same of a [notify NAME]. */
bool settings_check_notify(const Keyfile *keyfile, const struct settings_notify *notify,
			   GError **error);
/* A collector of that type and name, with the defaults of all keys (settings.c). */
struct settings_collect *settings_add_collect(Settings *settings, const Keyfile *keyfile,
					      const char *name);

#endif
