#ifndef ODR_CLI_RESTORE_TENANT_H
#define ODR_CLI_RESTORE_TENANT_H

#include "cli/line/arguments.h"

/* restore --database: one database beside production, as a dump or under another name. */
bool restore_tenant(const struct arguments *arguments, GError **error);

#endif
