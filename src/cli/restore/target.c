#include "cli/restore/target.h"

#include "base/error.h"
#include "repo/mark.h"

#include <string.h>

static bool parse_xid(const char *text, GError **error)
{
	guint64 number;

	if (g_ascii_string_to_unsigned(text, 10, 3, G_MAXUINT64, &number, NULL))
		return true;
	return odr_fail(error, ODR_ERROR_USAGE, "'%s' is not a transaction id", text);
}

static bool parse_point(const char *text, struct restore_target *target, GError **error)
{
	switch (target->type) {
	case RECOVERY_TIME:
		return clock_parse(text, &target->time, error);
	case RECOVERY_LSN:
		return lsn_parse(text, &target->lsn, error);
	case RECOVERY_XID:
		target->xid = text;
		return parse_xid(text, error);
	case RECOVERY_NAME:
		target->name = text;
		if (text[0] && strlen(text) <= 63)
			return true;
		return odr_fail(error, ODR_ERROR_USAGE,
				"the name of a restore point has 1 to 63 bytes");
	default:
		return odr_fail(error, ODR_ERROR_USAGE, "--type %s takes no --target",
				recovery_type_name(target->type));
	}
}

static bool wants_point(enum recovery_type type)
{
	return type == RECOVERY_TIME || type == RECOVERY_NAME || type == RECOVERY_LSN ||
	       type == RECOVERY_XID;
}

static bool parse_timeline(const char *text, struct restore_target *target, bool *current,
			   GError **error)
{
	guint64 number;

	*current = text && strcmp(text, "current") == 0;
	if (!text || *current || strcmp(text, "latest") == 0)
		return true;
	if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &number, NULL))
		return odr_fail(
			error, ODR_ERROR_USAGE,
			"--target-timeline is a number in decimal, current or latest, not '%s'",
			text);
	target->timeline = (uint32_t)number;
	return true;
}

bool restore_target_parse(const struct arguments *arguments, struct restore_target *target,
			  bool *current_timeline, GError **error)
{
	const char *type = arguments_text(arguments, "type");
	const char *point = arguments_text(arguments, "target");

	if (type && !recovery_type_parse(type, &target->type))
		return odr_fail(
			error, ODR_ERROR_USAGE,
			"--type is default, immediate, time, name, lsn, xid or standby, not '%s'",
			type);
	if (!type && point)
		return odr_fail(error, ODR_ERROR_USAGE,
				"--target needs --type: time, name, lsn or xid");
	if (wants_point(target->type) && !point)
		return odr_fail(error, ODR_ERROR_USAGE, "--type %s needs --target", type);
	target->exclusive = arguments_flag(arguments, "target-exclusive");
	target->set = arguments_text(arguments, "set");
	return (!point || parse_point(point, target, error)) &&
	       parse_timeline(arguments_text(arguments, "target-timeline"), target,
			      current_timeline, error);
}

bool restore_target_find(struct restore_target *target, Repo *repo, const Identity *identity,
			 GError **error)
{
	g_autoptr(Mark) mark = NULL;

	if (target->type != RECOVERY_NAME)
		return true;
	if (!mark_find(repo, identity, target->name, &mark, NULL, error))
		return false;
	if (!mark)
		return odr_fail(
			error, ODR_ERROR_NOT_FOUND,
			"there is no mark '%s' in repository %s; odrbackup list --marks shows "
			"them",
			target->name, store_name(repo->store));
	target->time = mark->made;
	return true;
}
