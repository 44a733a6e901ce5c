/* What is looked at: the cluster while it rests at its moment, and what becomes of it once it may be written. */
#include "base/error.h"
#include "base/stop.h"
#include "drill/check/sql.h"
#include "drill/engine/code.h"
#include "drill/engine/engine.h"
#include "odoo/attachments.h"

#include <string.h>

/* ---- the place of checks ------------------------------------------------------------------------- */

struct site {
	char *conninfo, *target, *lsn;
	struct drill_check_site site;
};

static void site_clear(struct site *site)
{
	g_free(site->conninfo);
	g_free(site->target);
	g_free(site->lsn);
}

static void site_make(Drill *drill, const char *database, struct site *site)
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
		struct site site;
		bool done;

		if (!is_looked_at(drill, database))
			continue;
		site_make(drill, database->name, &site);
		done = drill_checks_on_database(drill->plan, stage, &site.site, drill->results,
						error);
		site_clear(&site);
		if (!done)
			return odr_context(error, "database '%s'", database->name);
	}
	return true;
}

static bool check_cluster(Drill *drill, enum plan_stage stage, GError **error)
{
	const Manifest *manifest = drill->restore.manifest;
	const struct restore_target *target = &drill->target.target;
	struct site site;
	bool done;

	site_make(drill, "template1", &site);
	done = drill_checks_on_cluster(
		drill->plan, stage, &site.site,
		&(struct drill_cluster_facts){
			.system_identifier = manifest->system_identifier,
			.timeline = stage == PLAN_STAGE_PAUSED ? drill->restore.timeline : 0,
			.lsn = stage == PLAN_STAGE_PAUSED ? drill->arrival.lsn : 0,
			.target = target->type == RECOVERY_TIME ? target->time : 0,
			.database = drill->plan->select.database},
		drill->results, error);
	site_clear(&site);
	return done;
}

/* ---- the filestore ------------------------------------------------------------------------------- */

static bool count_elsewhere(const Drill *drill, struct drill_database *database, GError **error)
{
	g_autofree char *conninfo = replica_conninfo(drill->replica);
	struct attachments attachments = {0};

	if (!attachments_count(&(struct attachments_source){.conninfo = conninfo,
							    .database = database->name,
							    .run_id = drill->request->run_id},
			       &attachments, error))
		return false;
	database->elsewhere = attachments_elsewhere(&attachments);
	attachments_clear(&attachments);
	return true;
}

static bool prove_files(const Drill *drill, struct drill_database *database, GError **error)
{
	g_autofree char *conninfo = replica_conninfo(drill->replica);
	g_autofree char *folder = g_build_filename(drill->files.folder, database->name, NULL);
	g_autoptr(GHashTable) baseline =
		filestore_choice_baseline(&drill->files.choice, database->name);
	g_autoptr(Session) session =
		session_open_database(conninfo, database->name, drill->request->run_id, error);

	database->has_proof =
		session &&
		filestore_prove(
			&(struct filestore_proof_request){.session = session,
							  .folder = folder,
							  .baseline = baseline,
							  .workers = drill->request->workers},
			&database->proof, error);
	return database->has_proof;
}

static void judge_files(const struct drill_database *database, const struct plan_check *check,
			const Drill *drill, DrillCheckResult *result)
{
	const struct filestore_proof *proof = &database->proof;
	uint64_t wrong = filestore_proof_new_damage(proof);
	const struct proof_finding *first = NULL;

	for (guint i = 0; !first && i < proof->findings->len; i++) {
		const struct proof_finding *finding = proof->findings->pdata[i];

		if (!finding->baseline && !finding->regenerable)
			first = finding;
	}
	result->value = g_strdup_printf("%" G_GUINT64_FORMAT, wrong);
	result->expect = g_strdup_printf("at most %u", check->allow_missing);
	if (proof->named == 0)
		drill_check_unassessed(result, "the database names no file");
	else if (wrong > check->allow_missing)
		drill_check_fail(result,
				 "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
				 " files are missing or damaged; %s is %s (%s %" G_GINT64_FORMAT
				 ")%s%s",
				 wrong, proof->named, first ? first->name : "?",
				 first ? proof_trouble_name(first->trouble) : "?",
				 first && *first->model ? first->model : "attachment",
				 first ? first->first_id : 0, drill->files.choice.gap ? "; " : "",
				 drill->files.choice.gap ? drill->files.choice.gap : "");
	else if (proof->baseline > 0)
		drill_check_warn(result,
				 "%" G_GUINT64_FORMAT
				 " files are as damaged as they were at the source",
				 proof->baseline);
	else
		drill_check_pass(result, "all %" G_GUINT64_FORMAT " files are there and right",
				 proof->named);
	if (database->elsewhere)
		drill_check_warn(result, "not covered: %s", database->elsewhere);
}

static bool check_files_of(Drill *drill, const struct plan_check *check,
			   struct drill_database *database, GError **error)
{
	g_autoptr(DrillCheckResult) result = drill_check_result_new(check, NULL, database->name);
	usec_t from = clock_monotonic();

	if (!drill->files.wanted)
		drill_check_unassessed(result, "the repository has no capture of a filestore");
	else if (!count_elsewhere(drill, database, error) ||
		 (!database->has_proof && !prove_files(drill, database, error)))
		return false;
	else
		judge_files(database, check, drill, result);
	result->duration = clock_monotonic() - from;
	g_ptr_array_add(drill->results, g_steal_pointer(&result));
	return true;
}

static bool is_for(const struct plan_check *check, const struct drill_database *database)
{
	return database->odoo && (!check->database || strcmp(check->database, database->name) == 0);
}

static bool check_files(Drill *drill, const struct plan_check *check, GError **error)
{
	for (guint i = 0; i < drill->databases->len; i++) {
		struct drill_database *database = drill->databases->pdata[i];

		if (is_for(check, database) && !check_files_of(drill, check, database, error))
			return odr_context(error, "the filestore of database '%s'", database->name);
	}
	return true;
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
		if (check->type == PLAN_CHECK_FILESTORE && !check_files(drill, check, error))
			return false;
		if (check->type == PLAN_CHECK_COMMAND && has_its_turn(drill, check) &&
		    !drill_check_by_command(drill, check, error))
			return false;
		if (check->type == PLAN_CHECK_CONFIG)
			drill_check_configuration(drill, check);
	}
	return true;
}

bool drill_check_stage(Drill *drill, enum plan_stage stage, GError **error)
{
	if (!check_cluster(drill, stage, error) || !check_databases(drill, stage, error) ||
	    !check_others(drill, stage, error))
		return false;
	drill_checks_unmet(drill->plan, stage, drill->results);
	return true;
}

bool drill_check_paused(Drill *drill, GError **error)
{
	usec_t from;
	bool done;

	if (!drill_code_prepare(drill, error))
		return false;
	from = drill_span_begin();
	drill_find_anchor(drill);
	done = drill_check_stage(drill, PLAN_STAGE_PAUSED, error);
	drill_check_code(drill);
	drill_span_end(drill, PHASE_GATE, "", from, false);
	drill->gated = clock_monotonic();
	return done;
}

/* ---- jobs ---------------------------------------------------------------------------------------- */

struct rehearsal {
	const char *database;
	json_t *ids;
	uint64_t jobs;
};

#define IDS_MAX 1000

static bool take_job(void *data, const char *const *values, GError **error)
{
	struct rehearsal *rehearsal = data;

	(void)error;
	rehearsal->jobs++;
	if (json_array_size(rehearsal->ids) < IDS_MAX)
		json_array_append_new(rehearsal->ids,
				      json_pack("{s:s,s:s}", "database", rehearsal->database, "id",
						values[0] ? values[0] : ""));
	return true;
}

/* Counted, and rolled back: what a real recovery would do before Odoo starts. */
static bool rehearse(Drill *drill, const struct drill_database *database, const char *sql,
		     struct rehearsal *rehearsal, GError **error)
{
	g_autofree char *conninfo = replica_conninfo(drill->replica);
	g_autofree char *has_jobs = NULL;
	g_autoptr(Session) session =
		session_open_database(conninfo, database->name, drill->request->run_id, error);

	rehearsal->database = database->name;
	if (!session ||
	    !session_value(session, "SELECT to_regclass('public.queue_job') IS NOT NULL", &has_jobs,
			   error))
		return false;
	if (strcmp(has_jobs, "t") != 0)
		return true;
	return session_script(session, "BEGIN; SET LOCAL search_path = public, pg_catalog",
			      error) &&
	       session_rows(session, sql, take_job, rehearsal, error) &&
	       session_script(session, "ROLLBACK", error);
}

bool drill_requeue(Drill *drill, GError **error)
{
	g_autofree char *sql = drill_plan_text(drill, drill->plan->requeue.sql);
	struct rehearsal rehearsal = {.ids = json_array()};
	usec_t from = drill_span_begin();
	bool done = true;

	if (drill->plan->requeue.mode == PLAN_REQUEUE_OFF || !sql) {
		json_decref(rehearsal.ids);
		return true;
	}
	for (guint i = 0; done && i < drill->databases->len; i++) {
		const struct drill_database *database = drill->databases->pdata[i];

		if (database->odoo)
			done = rehearse(drill, database, sql, &rehearsal, error);
	}
	drill->requeue = json_object();
	json_set_string(drill->requeue, "mode", "rehearse");
	json_set_int(drill->requeue, "jobs", (int64_t)rehearsal.jobs);
	json_set(drill->requeue, "ids", rehearsal.ids);
	drill_span_end(drill, PHASE_APPLICATION, plan_component_name(PLAN_INTEGRATION), from,
		       false);
	drill->requeued = clock_monotonic();
	return done;
}

/* ---- damage that is planted ---------------------------------------------------------------------- */

static void note_control(Drill *drill, const struct plan_control *control,
			 const DrillCheckResult *result, const char *database)
{
	json_t *object = json_object();
	bool found = result->status == DRILL_CHECK_FAIL;

	json_set_string(object, "name", control->name);
	json_set_string(object, "check", control->check);
	json_set_string(object, "database", database);
	json_set_string(object, "status", found ? "pass" : "fail");
	json_set_string(object, "found", drill_check_status_name(result->status));
	json_set_string(object, "message", result->message);
	json_array_append_new(drill->controls, object);
	drill->controls_passed += !found;
}

static bool run_control(Drill *drill, const struct plan_control *control,
			const struct drill_database *database, GError **error)
{
	g_autofree char *damage = drill_plan_text(drill, control->sql);
	g_autoptr(DrillCheckResult) result =
		drill_check_result_new(control->of, NULL, database->name);
	struct site site;
	bool done;

	site_make(drill, database->name, &site);
	g_autoptr(Session) session =
		session_open_database(site.conninfo, database->name, drill->request->run_id, error);

	done = session &&
	       session_script(session, "BEGIN; SET LOCAL search_path = public, pg_catalog",
			      error) &&
	       session_script(session, damage ? damage : "", error) &&
	       drill_check_sql(drill->plan, control->of, session, &site.site, result, error) &&
	       session_script(session, "ROLLBACK", error);
	site_clear(&site);
	if (done)
		note_control(drill, control, result, database->name);
	return done ||
	       odr_context(error, "control '%s' on database '%s'", control->name, database->name);
}

bool drill_control(Drill *drill, GError **error)
{
	usec_t from = drill_span_begin();
	bool done = true;

	drill->controls = json_array();
	for (guint i = 0; done && i < drill->plan->controls->len; i++) {
		const struct plan_control *control = drill->plan->controls->pdata[i];

		for (guint k = 0; done && k < drill->databases->len; k++) {
			const struct drill_database *database = drill->databases->pdata[k];

			if (is_for(control->of, database))
				done = run_control(drill, control, database, error);
		}
	}
	done = done && drill_check_stage(drill, PLAN_STAGE_EXTENDED, error) &&
	       drill_check_extended(drill, error);
	drill_span_end(drill, PHASE_EXTENDED, "", from, true);
	if (done)
		drill_check_figures(drill);
	return done;
}
