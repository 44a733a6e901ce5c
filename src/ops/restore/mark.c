#include "repo/mark.h"
#include "ops/restore/restore.h"

bool restore_target_find_mark(Repo *repo, const Identity *identity, struct restore_target *target,
			      GPtrArray *troubles, GError **error)
{
	g_autoptr(Mark) mark = NULL;

	if (target->type != RECOVERY_NAME)
		return true;
	target->mark_timeline = 0;
	if (!mark_find(repo, identity, target->name, &mark, troubles, error))
		return false;
	if (!mark)
		return true;
	target->time = mark->made;
	target->lsn = mark->lsn;
	target->mark_timeline = mark->timeline;
	return true;
}
