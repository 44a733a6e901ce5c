#ifndef ODR_CLI_RESTORE_CONFIG_H
#define ODR_CLI_RESTORE_CONFIG_H

#include "cli/arguments.h"

/* restore --part config: into the folder of --with-config, or with --in-place to where files were. */
bool restore_config_command(const struct arguments *arguments, GError **error);

#endif
