#ifndef ODR_CLI_KEYS_KIT_H
#define ODR_CLI_KEYS_KIT_H

#include "base/clock.h"
#include "cli/settings/settings.h"

#include <glib.h>
#include <stdbool.h>

/*
 * The recovery kit: one text file that suffices on a new host. First the settings of the service, as in
 * odrbackup.conf(5), so that people can see and correct where the repository is; then the group
 * [odrbackup-kit] with version, service, time, and the texts of an identity file and an owner key file,
 * protected by the kit's passphrase or, on request, not.
 */
#define KIT_VERSION 1
typedef struct kit Kit;
struct kit {
	char *settings; /* text */
	char *service;
	usec_t created;
	char *identity, *owner; /* texts of key files; wiped when freed */
};
void kit_free(Kit *kit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Kit, kit_free)
/* What a host that never saw the service has to know of its configuration: repositories, service and tier,
 * without the paths of keys. */
GKeyFile *kit_settings(const Settings *settings, const struct settings_service *service);
char *kit_print(const Kit *kit); /* holds secrets: wipe */
/* Refuses a kit of a newer version. */
Kit *kit_parse(const char *text, const char *file, GError **error);
Kit *kit_load(const char *file, GError **error);
/* True if this text is a kit, not a key file. */
bool kit_is(const char *text);

#endif
