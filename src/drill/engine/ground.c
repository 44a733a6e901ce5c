/* A network that leads nowhere and was made by whoever started the drill: what is left to make, and what has to be proven instead. */
#include "base/confine.h"
#include "base/error.h"
#include "base/socket_search.h"
#include "drill/engine/engine.h"
#include "pg/label.h"

#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

bool drill_ground_is_given(const DrillPlan *plan)
{
	return plan->isolation.namespace == PLAN_NAMESPACE_SERVICE ||
	       plan->isolation.namespace == PLAN_NAMESPACE_CONTAINER;
}

const char *drill_ground_maker(const DrillPlan *plan)
{
	if (plan->isolation.network == PLAN_NETWORK_HOST)
		return NULL;
	if (!drill_ground_is_given(plan))
		return "odrbackup";
	return plan->isolation.namespace == PLAN_NAMESPACE_SERVICE ? "service" : "container";
}

/* ---- without a file system of its own ------------------------------------------------------------ */

static bool check_read_only(const char *why, GError **error)
{
	struct statvfs system;

	if (statvfs("/", &system) == 0 && (system.f_flag & ST_RDONLY))
		return true;
	return odr_fail(
		error, ODR_ERROR_REFUSED,
		"the server of the drill cannot be given a view of the files of its own (%s), "
		"and here they can be written: replay could touch what is not the copy's; allow "
		"this user namespaces, or start the drill where the root is read-only "
		"(ProtectSystem=strict, or --read-only of the container)",
		why);
}

/* Replay makes and removes files where the source has its tablespaces, if it can. */
static bool check_tablespaces(const Drill *drill, GError **error)
{
	const char *text = drill->restore.manifest->tablespace_map;
	g_autoptr(GHashTable) paths = NULL;
	GHashTableIter each;
	gpointer path;

	if (!text || !*text)
		return true;
	if (!tablespace_map_parse(text, &paths, error))
		return false;
	g_hash_table_iter_init(&each, paths);
	while (g_hash_table_iter_next(&each, NULL, &path))
		if (access(path, W_OK) == 0)
			return odr_fail(
				error, ODR_ERROR_REFUSED,
				"'%s', where the source has a tablespace, can be written by this "
				"drill, whose server sees the files of its host; keep it out of "
				"sight",
				(const char *)path);
	return true;
}

static bool stand_bare(Drill *drill, const char *why, GError **error)
{
	if (!check_read_only(why, error) || !check_tablespaces(drill, error))
		return false;
	drill->ground.bare = true;
	g_atomic_int_set(&drill->unconfined, 1);
	drill_deviate(
		drill,
		"the server had no view of the files of its own (%s): that it wrote nowhere else "
		"rests on a root that is read-only, and on the rights of user %u",
		why, geteuid());
	return true;
}

/* ---- the whole ----------------------------------------------------------------------------------- */

bool drill_ground_find(Drill *drill, GError **error)
{
	const char *own[] = {drill->sandbox.root, NULL};
	int number;

	drill->sockets = g_ptr_array_new_with_free_func(g_free);
	if (!sockets_search("/", own, drill->sockets, error))
		return false;
	g_ptr_array_add(drill->sockets, NULL);
	drill->ground.sockets = (const char *const *)drill->sockets->pdata;
	drill->given = &drill->ground;
	number = confinement_try(own);
	return number == 0 || stand_bare(drill, g_strerror(number), error);
}
