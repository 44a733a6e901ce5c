#include "pg/recovery.h"

#include <inttypes.h>
#include <string.h>

#define REMARK "# Recovery settings written by odrbackup restore:"

static const char *const type_names[] = {
	[RECOVERY_DEFAULT] = "default", [RECOVERY_IMMEDIATE] = "immediate",
	[RECOVERY_TIME] = "time",	[RECOVERY_NAME] = "name",
	[RECOVERY_LSN] = "lsn",		[RECOVERY_XID] = "xid",
	[RECOVERY_STANDBY] = "standby",
};
static const char *const action_names[] = {
	[RECOVERY_PAUSE] = "pause",
	[RECOVERY_PROMOTE] = "promote",
	[RECOVERY_SHUTDOWN] = "shutdown",
};
/* At most one of them may be set. */
static const char *const target_names[] = {
	[RECOVERY_IMMEDIATE] = "recovery_target", [RECOVERY_TIME] = "recovery_target_time",
	[RECOVERY_NAME] = "recovery_target_name", [RECOVERY_LSN] = "recovery_target_lsn",
	[RECOVERY_XID] = "recovery_target_xid",
};
/* What an older restore or a standby left behind. */
static const char *const recovery_names[] = {
	"archive_cleanup_command",  "primary_conninfo",	      "primary_slot_name",
	"promote_trigger_file",	    "recovery_end_command",   "recovery_min_apply_delay",
	"recovery_target",	    "recovery_target_action", "recovery_target_inclusive",
	"recovery_target_lsn",	    "recovery_target_name",   "recovery_target_time",
	"recovery_target_timeline", "recovery_target_xid",    "restore_command",
};

bool recovery_type_parse(const char *text, enum recovery_type *type)
{
	for (size_t i = 0; i < G_N_ELEMENTS(type_names); i++) {
		if (strcmp(text, type_names[i]) == 0) {
			*type = (enum recovery_type)i;
			return true;
		}
	}
	return false;
}

const char *recovery_type_name(enum recovery_type type)
{
	return type_names[type];
}

const char *recovery_signal_file(enum recovery_type type)
{
	return type == RECOVERY_STANDBY ? "standby.signal" : "recovery.signal";
}

static void append_quoted(GString *text, const char *value)
{
	g_string_append_c(text, '\'');
	for (; *value; value++) {
		switch (*value) {
		case '\n':
			g_string_append(text, "\\n");
			break;
		case '\r':
			g_string_append(text, "\\r");
			break;
		case '\'':
		case '\\':
			g_string_append_c(text, *value);
			/* fall through */
		default:
			g_string_append_c(text, *value);
		}
	}
	g_string_append_c(text, '\'');
}

char *recovery_quote(const char *value)
{
	GString *text = g_string_new(NULL);

	append_quoted(text, value);
	return g_string_free(text, FALSE);
}

static void append_setting(GString *text, const char *name, const char *value)
{
	g_string_append_printf(text, "%s = ", name);
	append_quoted(text, value ? value : "");
	g_string_append_c(text, '\n');
}

/* The name a line sets, in whatever case it is written. */
static bool is_recovery_line(const char *line)
{
	size_t length;

	line += strspn(line, " \t");
	length = strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
	for (size_t i = 0; i < G_N_ELEMENTS(recovery_names); i++)
		if (strlen(recovery_names[i]) == length &&
		    g_ascii_strncasecmp(line, recovery_names[i], length) == 0)
			return true;
	return strcmp(line, REMARK) == 0;
}

static void append_others(GString *text, const char *auto_conf)
{
	g_auto(GStrv) lines = g_strsplit(auto_conf, "\n", -1);

	for (size_t i = 0; lines[i]; i++) {
		bool is_end = !lines[i + 1] && lines[i][0] == '\0';

		if (!is_end && !is_recovery_line(lines[i]))
			g_string_append_printf(text, "%s\n", lines[i]);
	}
}

/* An offset, not "Z": abbreviations of zones are not known yet when the server reads this. */
static char *time_text(usec_t time)
{
	g_autofree char *text = clock_format(time);

	text[10] = ' ';
	text[strlen(text) - 1] = '\0';
	return g_strconcat(text, "+00", NULL);
}

static char *target_value(const struct recovery_settings *settings)
{
	switch (settings->type) {
	case RECOVERY_IMMEDIATE:
		return g_strdup("immediate");
	case RECOVERY_TIME:
		return time_text(settings->time);
	case RECOVERY_NAME:
		return g_strdup(settings->name);
	case RECOVERY_LSN:
		return lsn_print(settings->lsn);
	case RECOVERY_XID:
		return g_strdup(settings->xid);
	default:
		return NULL;
	}
}

/* The empty ones first: the server takes them in this order and allows one target at a time. */
static void append_target(GString *text, const struct recovery_settings *settings)
{
	g_autofree char *value = target_value(settings);

	for (size_t i = 0; i < G_N_ELEMENTS(target_names); i++)
		if (target_names[i] && (!value || i != settings->type))
			append_setting(text, target_names[i], "");
	if (!value)
		return;
	append_setting(text, target_names[settings->type], value);
	append_setting(text, "recovery_target_inclusive", settings->exclusive ? "off" : "on");
	append_setting(text, "recovery_target_action", action_names[settings->action]);
}

/* In decimal: the server reads a leading zero as octal. */
static void append_timeline(GString *text, const struct recovery_settings *settings)
{
	g_autofree char *number = g_strdup_printf("%" PRIu32, settings->timeline);

	append_setting(text, "recovery_target_timeline",
		       settings->timeline_current ? "current"
		       : settings->timeline	  ? number
						  : "latest");
}

char *recovery_auto_conf(const char *auto_conf, const struct recovery_settings *settings)
{
	GString *text = g_string_new(NULL);

	append_others(text, auto_conf);
	g_string_append(text, REMARK "\n");
	append_setting(text, "restore_command", settings->restore_command);
	append_setting(text, "recovery_end_command", settings->recovery_end_command);
	append_setting(text, "archive_cleanup_command", "");
	append_setting(text, "recovery_min_apply_delay", "0");
	append_target(text, settings);
	append_timeline(text, settings);
	return g_string_free(text, FALSE);
}
