/* odrbackup metrics: what the catalog and the records of drills know, for Prometheus. */
#include "cli/report/metrics.h"

#include "base/file.h"
#include "cli/line/commands.h"

#include <stdio.h>
#include <string.h>

bool cmd_metrics(const struct arguments *arguments, GError **error)
{
	g_autofree char *text = NULL, *file = NULL;

	if (!metrics_gather(arguments, &text, &file, error))
		return false;
	if (file)
		return file_write(file, text, strlen(text), &(struct file_write){.mode = 0644},
				  error);
	fputs(text, stdout);
	return true;
}
