/* odrbackup metrics: what the catalog and the records of drills know, for Prometheus. */
#include "cli/metrics.h"

#include "cli/commands.h"

#include <stdio.h>

bool cmd_metrics(const struct arguments *arguments, GError **error)
{
	g_autoptr(GPtrArray) contexts = context_open_all(arguments, NULL, error);
	g_autofree char *text = contexts ? metrics_gather(contexts, error) : NULL;

	if (!text)
		return false;
	if (((const Context *)contexts->pdata[0])->settings->metrics_file)
		return metrics_write(arguments, error);
	fputs(text, stdout);
	return true;
}
