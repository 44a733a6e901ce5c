/* odrbackup notify unit: what systemd runs when a unit failed (OnFailure=). */
#include "cli/run/notify.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/drill/plan.h"
#include "cli/line/commands.h"

/* systemd tells who is started by OnFailure= what failed, from version 251 on (systemd.exec(5), $MONITOR_…). */
struct failed_unit {
	const char *name;
	const char *result;	/* "exit-code", "timeout"; NULL: not known, as are these */
	const char *ended;	/* "exited", "killed", "dumped" */
	const char *status;	/* of its main process: a number, or the name of a signal */
	const char *invocation; /* id of the run that failed */
};

static const char *told(const char *variable)
{
	const char *value = g_getenv(variable);

	return value && *value ? value : NULL;
}

static int exit_status_of(const struct failed_unit *unit)
{
	guint64 status;

	return g_strcmp0(unit->ended, "exited") == 0 && unit->status &&
			       g_ascii_string_to_unsigned(unit->status, 10, 0, 255, &status, NULL)
		       ? (int)status
		       : NOTIFY_STATUS_UNKNOWN;
}

/* How its lines are found; g_free. */
static char *journal_command(const struct failed_unit *unit)
{
	return unit->invocation
		       ? g_strdup_printf("journalctl _SYSTEMD_INVOCATION_ID=%s", unit->invocation)
		       : g_strdup_printf("journalctl --unit=%s", unit->name);
}

static char *summary_of(const struct failed_unit *unit)
{
	GString *summary = g_string_new(NULL);
	g_autofree char *journal = journal_command(unit);

	g_string_append_printf(summary, "%s failed", unit->name);
	if (unit->result)
		g_string_append_printf(summary, ": %s", unit->result);
	if (unit->status)
		g_string_append_printf(summary, " (%s, %s)", unit->ended ? unit->ended : "ended",
				       unit->status);
	g_string_append_printf(summary, "; its log: %s", journal);
	return g_string_free(summary, FALSE);
}

static bool tell(const Settings *settings, const struct failed_unit *unit, const char *summary,
		 GError **error)
{
	g_autoptr(GPtrArray) chosen = notify_of_units(settings);
	const struct notify_message message = {.unit = unit->name,
					       .result = unit->result,
					       .invocation = unit->invocation,
					       .outcome = NOTIFY_UNIT_FAILED,
					       .exit_status = exit_status_of(unit),
					       .summary = summary};
	guint untold = notify_tell(chosen, &message);

	if (chosen->len == 0)
		log_info("nobody else is told: on-unit-failure= of [odrbackup] names nobody");
	return untold == 0 || odr_fail(error, ODR_ERROR_PARTIAL, "%u of %u were not told of %s",
				       untold, chosen->len, unit->name);
}

/* The log is told first: a configuration that cannot be read may be why the unit failed. */
bool cmd_notify_unit(const struct arguments *arguments, GError **error)
{
	const struct failed_unit unit = {.name = arguments_positional(arguments, 0),
					 .result = told("MONITOR_SERVICE_RESULT"),
					 .ended = told("MONITOR_EXIT_CODE"),
					 .status = told("MONITOR_EXIT_STATUS"),
					 .invocation = told("MONITOR_INVOCATION_ID")};
	g_autofree char *summary = summary_of(&unit);
	g_autoptr(Settings) settings = NULL;

	log_write(LOG_LEVEL_ERROR, &(struct log_event){.name = "unit.failed"}, "%s", summary);
	if (!drill_settings(arguments, &settings, error))
		return odr_context(error, "nobody else is told");
	if (settings)
		return tell(settings, &unit, summary, error);
	log_info("nobody else is told: there is no configuration");
	return true;
}
