/* The proof of the filestore: what each of Odoo's databases names is there, and right. */
#include "base/error.h"
#include "base/file.h"
#include "drill/engine/site.h"
#include "drill/measure/statistics.h"
#include "odoo/attachments.h"

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

/* What stays out of the sample is there, and has its size. */
static bool is_sampled(const struct plan_check *check)
{
	return check->sample_ppm < 1000000 || check->sample_max > 0;
}

static bool prove_files(const Drill *drill, const struct plan_check *check,
			struct drill_database *database, GError **error)
{
	static const enum proof_depth depths[] = {[PLAN_FILESTORE_EXIST] = PROOF_TO_NAME,
						  [PLAN_FILESTORE_SIZE] = PROOF_TO_SIZE,
						  [PLAN_FILESTORE_SHA1] = PROOF_TO_CONTENT};
	const struct proof_sample sample = {drill->request->run_id, check->sample_ppm,
					    check->sample_min, check->sample_max};
	g_autofree char *conninfo = replica_conninfo(drill->replica);
	g_autofree char *folder = g_build_filename(drill->files.folder, database->name, NULL);
	g_autoptr(GHashTable) baseline =
		filestore_choice_baseline(&drill->files.choice, database->name);
	g_autoptr(Session) session =
		session_open_database(conninfo, database->name, drill->request->run_id, error);

	/* Of a database of which nothing was captured all that it names is missing. */
	database->has_proof = session && file_make_dirs(folder, 0755, error) &&
			      filestore_prove(
				      &(struct filestore_proof_request){
					      .session = session,
					      .folder = folder,
					      .baseline = baseline,
					      .depth = depths[check->mode],
					      .sample = is_sampled(check) ? &sample : NULL,
					      .workers = drill->request->workers},
				      &database->proof, error);
	if (database->has_proof)
		database->lost_since = drill_files_lost_since(session, &database->proof);
	return database->has_proof;
}

static void pass_sample(DrillCheckResult *result, const struct filestore_proof *proof)
{
	double bound = statistics_damage_bound(proof->named, proof->checked);

	drill_check_pass(
		result,
		"all %" G_GUINT64_FORMAT " files are there, of their sizes; %" G_GUINT64_FORMAT
		" drawn ones were compared by hash, 0 differ: damaged share at most %.2g %% "
		"(95 %%)",
		proof->named, proof->checked, bound * 100);
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
	else if (check->mode != PLAN_FILESTORE_SHA1)
		drill_check_pass(
			result, "all %" G_GUINT64_FORMAT " files are there%s; none was read",
			proof->named, check->mode == PLAN_FILESTORE_SIZE ? ", of their sizes" : "");
	else if (proof->checked < proof->named)
		pass_sample(result, proof);
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
		 (!database->has_proof && !prove_files(drill, check, database, error)))
		return false;
	else
		judge_files(database, check, drill, result);
	result->duration = clock_monotonic() - from;
	g_ptr_array_add(drill->results, g_steal_pointer(&result));
	return true;
}

bool drill_check_files(Drill *drill, const struct plan_check *check, GError **error)
{
	for (guint i = 0; i < drill->databases->len; i++) {
		struct drill_database *database = drill->databases->pdata[i];

		if (drill_check_is_for(check, database) &&
		    !check_files_of(drill, check, database, error))
			return odr_context(error, "the filestore of database '%s'", database->name);
	}
	return true;
}
