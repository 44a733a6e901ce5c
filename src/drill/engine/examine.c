/* What is looked at: the cluster, its databases and what belongs to them, in each stage of a drill. */
#include "base/error.h"
#include "base/stop.h"
#include "drill/engine/code.h"
#include "drill/engine/site.h"

#include <string.h>

/* Databases of Odoo's are always looked at, others where a check names them. */
static bool is_looked_at(const Drill *drill, const struct drill_database *database)
{
	if (database->odoo)
		return true;
	for (guint i = 0; i < drill->plan->checks->len; i++) {
		const struct plan_check *check = drill->plan->checks->pdata[i];

		if (g_strcmp0(check->database, database->name) == 0)
			return true;
	}
	return false;
}

static bool check_databases(Drill *drill, enum plan_stage stage, GError **error)
{
	for (guint i = 0; i < drill->databases->len; i++) {
		const struct drill_database *database = drill->databases->pdata[i];
		struct drill_site site;
		bool done;

		if (!is_looked_at(drill, database))
			continue;
		drill_site_make(drill, database->name, &site);
		done = drill_checks_on_database(drill->plan, stage, &site.site, drill->results,
						error);
		drill_site_clear(&site);
		if (!done)
			return odr_context(error, "database '%s'", database->name);
	}
	return true;
}

static bool check_cluster(Drill *drill, enum plan_stage stage, GError **error)
{
	const Manifest *manifest = drill->restore.manifest;
	const struct restore_target *target = &drill->target.target;
	struct drill_site site;
	bool done;

	drill_site_make(drill, "template1", &site);
	done = drill_checks_on_cluster(
		drill->plan, stage, &site.site,
		&(struct drill_cluster_facts){
			.system_identifier = manifest->system_identifier,
			.timeline = stage == PLAN_STAGE_PAUSED ? drill->restore.timeline : 0,
			.lsn = stage == PLAN_STAGE_PAUSED ? drill->arrival.lsn : 0,
			.target = target->type == RECOVERY_TIME ? target->time : 0,
			.database = drill->plan->select.database},
		drill->results, error);
	drill_site_clear(&site);
	return done;
}

/* ---- at rest ------------------------------------------------------------------------------------- */

/* What runs in every plan runs where the service has what it looks at; what a plan names itself runs anyway. */
static bool is_due(const Drill *drill, const struct plan_check *check)
{
	if (check->line != 0)
		return true;
	if (check->type == PLAN_CHECK_CONFIG)
		return drill_has_configuration(drill);
	return check->type != PLAN_CHECK_FILESTORE || drill->files.wanted;
}

/* In stage app a command on one of Odoo's databases waits until Odoo is there for that. */
static bool has_its_turn(const Drill *drill, const struct plan_check *check)
{
	if (check->stage != PLAN_STAGE_APP || g_strcmp0(check->database, drill->serving) == 0)
		return true;
	for (guint i = 0; check->database && i < drill->databases->len; i++) {
		const struct drill_database *database = drill->databases->pdata[i];

		if (database->odoo && strcmp(database->name, check->database) == 0)
			return false;
	}
	return true;
}

bool drill_check_commands(Drill *drill, GError **error)
{
	for (guint i = 0; i < drill->plan->checks->len; i++) {
		const struct plan_check *check = drill->plan->checks->pdata[i];

		if (check->type == PLAN_CHECK_COMMAND && check->stage == PLAN_STAGE_APP &&
		    g_strcmp0(check->database, drill->serving) == 0 &&
		    !drill_check_by_command(drill, check, error))
			return false;
	}
	return true;
}

/* What asks no database by SQL alone. */
static bool check_others(Drill *drill, enum plan_stage stage, GError **error)
{
	for (guint i = 0; i < drill->plan->checks->len; i++) {
		const struct plan_check *check = drill->plan->checks->pdata[i];

		if (check->stage != stage || !is_due(drill, check))
			continue;
		if (!stop_check(error))
			return false;
		if (check->type == PLAN_CHECK_FILESTORE && !drill_check_files(drill, check, error))
			return false;
		if (check->type == PLAN_CHECK_COMMAND && has_its_turn(drill, check) &&
		    !drill_check_by_command(drill, check, error))
			return false;
		if (check->type == PLAN_CHECK_CONFIG)
			drill_check_configuration(drill, check);
	}
	return true;
}

/* Apart from the cluster itself. */
static bool check_contents(Drill *drill, enum plan_stage stage, GError **error)
{
	if (!check_databases(drill, stage, error) || !check_others(drill, stage, error))
		return false;
	drill_checks_unmet(drill->plan, stage, drill->results);
	return true;
}

bool drill_check_stage(Drill *drill, enum plan_stage stage, GError **error)
{
	return check_cluster(drill, stage, error) && check_contents(drill, stage, error);
}

bool drill_check_moment(Drill *drill, GError **error)
{
	usec_t from = drill_span_begin();
	bool done;

	drill_find_anchor(drill);
	done = check_contents(drill, PLAN_STAGE_PAUSED, error);
	drill_check_code(drill);
	drill_span_end(drill, PHASE_GATE, "", from, false);
	drill->gated = clock_monotonic();
	return done;
}

bool drill_check_paused(Drill *drill, GError **error)
{
	usec_t from;
	bool done;

	if (!drill_code_prepare(drill, error))
		return false;
	from = drill_span_begin();
	done = check_cluster(drill, PLAN_STAGE_PAUSED, error);
	drill_span_end(drill, PHASE_GATE, "database", from, false);
	return done && (drill->locked || drill_check_moment(drill, error));
}
