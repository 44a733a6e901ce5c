#ifndef ODR_CLI_SERVICE_STATUS_H
#define ODR_CLI_SERVICE_STATUS_H

#include "cli/context.h"
#include "ops/status.h"

/* The status of the context's service, from the catalog and the local journal; status_clear. */
bool service_status(Context *context, struct status *status, GError **error);

#endif
