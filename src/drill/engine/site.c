#include "drill/engine/site.h"

void drill_site_clear(struct drill_site *site)
{
	g_free(site->conninfo);
	g_free(site->target);
	g_free(site->lsn);
}

void drill_site_make(Drill *drill, const char *database, struct drill_site *site)
{
	const struct restore_target *target = &drill->target.target;
	usec_t moment = target->type == RECOVERY_TIME ? target->time : drill->arrival.last_commit;

	site->conninfo = replica_conninfo(drill->replica);
	site->target = clock_format(moment);
	site->lsn = lsn_print(drill->arrival.lsn);
	site->site = (struct drill_check_site){.conninfo = site->conninfo,
					       .run_id = drill->request->run_id,
					       .database = database,
					       .target = site->target,
					       .target_lsn = site->lsn,
					       .service = drill->request->service,
					       .reference = drill_reference,
					       .past = drill_past,
					       .data = drill};
}

bool drill_check_is_for(const struct plan_check *check, const struct drill_database *database)
{
	return database->odoo && (!check->database || strcmp(check->database, database->name) == 0);
}
