/* What takes long, when the clock has stopped: the structure of relations, then, with the server shut down, its pages. */
#include "drill/check/extended.h"
#include "base/error.h"
#include "drill/engine/engine.h"

static bool check_structure(Drill *drill, const char *database, GError **error)
{
	g_autofree char *conninfo = replica_conninfo(drill->replica);
	g_autoptr(DrillCheckResult) result =
		drill_check_result_new(&extended_amcheck, NULL, database);
	usec_t from = clock_monotonic();

	if (!extended_check_structure(
		    &(struct extended_structure){.conninfo = conninfo,
						 .run_id = drill->request->run_id,
						 .sample = drill->plan->extended.sample},
		    result, error))
		return odr_context(error, "database '%s'", database);
	result->duration = clock_monotonic() - from;
	g_ptr_array_add(drill->results, g_steal_pointer(&result));
	return true;
}

static bool check_structures(Drill *drill, GError **error)
{
	if (drill->plan->extended.amcheck == PLAN_AMCHECK_OFF)
		return true;
	for (guint i = 0; i < drill->databases->len; i++) {
		const struct drill_database *database = drill->databases->pdata[i];

		if (!check_structure(drill, database->name, error))
			return false;
	}
	return true;
}

/* Its server is not needed any more, and what it has in memory is written first. */
static bool check_pages(Drill *drill, GError **error)
{
	g_autoptr(DrillCheckResult) result = NULL;
	usec_t from = clock_monotonic();

	if (!drill->plan->extended.checksums)
		return true;
	result = drill_check_result_new(&extended_pages, NULL, NULL);
	replica_shut_down(drill->replica);
	if (!extended_check_pages(&(struct extended_cluster){.pgdata = replica_data(drill->replica),
							     .database = drill->single,
							     .workers = drill->request->workers},
				  result, error))
		return false;
	result->duration = clock_monotonic() - from;
	g_ptr_array_add(drill->results, g_steal_pointer(&result));
	return true;
}

bool drill_check_extended(Drill *drill, GError **error)
{
	return check_structures(drill, error) && check_pages(drill, error);
}
