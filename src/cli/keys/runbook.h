#ifndef ODR_CLI_KEYS_RUNBOOK_H
#define ODR_CLI_KEYS_RUNBOOK_H

#include "cli/site/context.h"

/* The printable page that goes with a recovery kit. Holds no secret; g_free. */
char *runbook_print(const Context *context, const Kit *kit, const OwnerKey *owner,
		    const char *path);

#endif
