#include "cli/service_status.h"

#include "cli/backup_parts.h"
#include "cli/filling.h"

bool service_status(Context *context, struct status *status, GError **error)
{
	g_autoptr(Catalog) catalog = filling_open(context, FILLING_LOCAL, error);
	g_autoptr(GPtrArray) repositories = catalog ? context_repositories(context, error) : NULL;
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autoptr(GPtrArray) parts = backup_parts_of(context);
	g_autoptr(GArray) journaled = context_journaled(context);

	if (!repositories)
		return false;
	for (guint i = 0; i < repositories->len; i++)
		g_ptr_array_add(names,
				((struct settings_repository *)repositories->pdata[i])->name);
	g_ptr_array_add(names, NULL);
	return status_read(
		&(struct status_request){.catalog = catalog,
					 .service = context->service->name,
					 .state = context->state,
					 .repositories = (const char *const *)names->pdata,
					 .journaled = journaled,
					 .parts = (const char *const *)parts->pdata,
					 .rpo = context->service->tier->rpo,
					 .backup_every = context->service->tier->backup_every,
					 .now = clock_now()},
		status, error);
}
