#include "pg/heartbeat.h"

#include "base/error.h"
#include "base/json.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/site/context.h"

#include <stdio.h>

static void report(const struct arguments *arguments, const struct heartbeat *heartbeat)
{
	g_autofree char *time = clock_format(heartbeat->time);
	g_autofree char *lsn = lsn_print(heartbeat->lsn);

	if (arguments_flag(arguments, "json")) {
		json_t *document = json_object();

		json_set_string(document, "kind", heartbeat->row ? "row" : "message");
		if (heartbeat->row)
			json_set_int(document, "sequence", heartbeat->sequence);
		else
			json_set_string(document, "sequence", NULL);
		json_set_time(document, "time", heartbeat->time);
		json_set_string(document, "lsn", lsn);
		json_out(document);
	} else if (arguments_flag(arguments, "quiet")) {
		return;
	} else if (heartbeat->row) {
		printf("Heartbeat %" G_GINT64_FORMAT " of %s, at %s.\n", heartbeat->sequence, time,
		       lsn);
	} else {
		printf("Heartbeat of %s, at %s: a message. A row could be read after a recovery: "
		       "odrbackup heartbeat --create makes a database for it.\n",
		       time, lsn);
	}
}

bool cmd_heartbeat(const struct arguments *arguments, GError **error)
{
	g_autoptr(Context) context =
		context_open(arguments, arguments_positional(arguments, 0), error);
	struct heartbeat heartbeat;

	if (!context)
		return false;
	if (!context->service->postgres)
		return odr_fail(error, ODR_ERROR_USAGE, "service %s has no database",
				context->service->name);
	if (!heartbeat_beat(
		    &(struct heartbeat_settings){.conninfo = context->service->postgres,
						 .run_id = "heartbeat",
						 .create = arguments_flag(arguments, "create")},
		    &heartbeat, error))
		return false;
	report(arguments, &heartbeat);
	return true;
}
