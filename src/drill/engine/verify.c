/* A drill without a server: everything that a recovery to its moment would read is read, opened and compared. */
#include "base/error.h"
#include "drill/engine/engine.h"
#include "ops/check/check.h"
#include "repo/wal_held.h"

#include <string.h>

static char *no_process[] = {NULL};
static const struct plan_check objects = {.name = (char *)"objects",
					  .title = (char *)"every object can be read back",
					  .process = no_process,
					  .type = PLAN_CHECK_REPOSITORY,
					  .gate = true};
static const struct plan_check source = {.name = (char *)"source-damage",
					 .title = (char *)"what was damaged when it was captured",
					 .process = no_process,
					 .type = PLAN_CHECK_REPOSITORY};

struct verifying {
	Drill *drill;
	GPtrArray *manifests; /* Manifest, each once */
	GPtrArray *held;      /* struct wal_held */
	GHashTable *tables;   /* as check_objects has it */
	GPtrArray *findings;
	unsigned damaged;
	char *first; /* what is damaged, or NULL */
};

/* ---- what would be read -------------------------------------------------------------------------- */

static void add_manifest(struct verifying *verifying, const Manifest *manifest)
{
	for (guint i = 0; manifest && i < verifying->manifests->len; i++) {
		const Manifest *known = verifying->manifests->pdata[i];

		if (strcmp(known->set_id, manifest->set_id) == 0)
			return;
	}
	if (manifest)
		g_ptr_array_add(verifying->manifests, (void *)manifest);
}

static const Manifest *newest_configuration(const Drill *drill)
{
	const GPtrArray *manifests = drill->holdings.manifests;

	for (guint i = manifests->len; i > 0; i--)
		if (manifest_part(manifests->pdata[i - 1], PART_CONFIG))
			return manifests->pdata[i - 1];
	return NULL;
}

static bool gather(struct verifying *verifying, GError **error)
{
	const Drill *drill = verifying->drill;
	const struct filestore_choice *choice = &drill->files.choice;

	add_manifest(verifying, drill->restore.manifest);
	add_manifest(verifying, drill->files.wanted ? choice->base : NULL);
	for (guint i = 0; drill->files.wanted && i < choice->later->len; i++)
		add_manifest(verifying, choice->later->pdata[i]);
	add_manifest(verifying, newest_configuration(drill));
	return wal_find_between(drill->repo, drill->restore.first_segment,
				drill->restore.last_segment, &verifying->held, error);
}

/* ---- reading it ---------------------------------------------------------------------------------- */

static void on_progress(void *data, uint64_t bytes_done, uint64_t bytes_total)
{
	drill_progress(data,
		       &(struct restore_progress){"reading objects", bytes_done, bytes_total});
}

static bool read_all(struct verifying *verifying, const char *where, GError **error)
{
	Drill *drill = verifying->drill;
	struct check_request request = {.service = drill->request->service,
					.identity = drill->means.identity,
					.workers = drill->request->workers,
					.progress = on_progress,
					.progress_data = drill};
	int64_t unlocked; /* a finding says so */

	return check_objects(drill->repo, verifying->manifests, where, verifying->tables,
			     verifying->findings, error) &&
	       check_scan(&request, drill->repo, verifying->manifests, verifying->held,
			  verifying->tables, where, verifying->findings, &unlocked, error);
}

/* ---- what came of it ----------------------------------------------------------------------------- */

static void add_finding(struct verifying *verifying, const struct finding *finding)
{
	DrillCheckResult *result = drill_check_result_new(&objects, finding->code, NULL);

	if (finding->severity == FINDING_OK)
		drill_check_pass(result, "%s", finding->text);
	else if (finding->severity == FINDING_WARNING)
		drill_check_unassessed(result, "%s", finding->text);
	else
		drill_check_fail(result, "%s", finding->text);
	if (finding->severity == FINDING_CRITICAL && verifying->damaged++ == 0)
		verifying->first = g_strdup(finding->text);
	g_ptr_array_add(verifying->drill->results, result);
}

/* Pages were compared with their checksums when they were captured; content that has not changed since needs no more. */
static void add_source_damage(struct verifying *verifying)
{
	const Manifest *manifest = verifying->drill->restore.manifest;
	DrillCheckResult *result = drill_check_result_new(&source, NULL, NULL);
	guint count = manifest->damaged ? manifest->damaged->len : 0;
	const struct damage *first = count > 0 ? manifest->damaged->pdata[0] : NULL;

	if (first)
		drill_check_warn(result, "%u files were damaged at the source: %s has %s", count,
				 first->path, first->what);
	else
		drill_check_pass(result, "no page was damaged when set %s was made",
				 manifest->set_id);
	g_ptr_array_add(verifying->drill->results, result);
}

static bool judge(struct verifying *verifying, GError **error)
{
	for (guint i = 0; i < verifying->findings->len; i++)
		add_finding(verifying, verifying->findings->pdata[i]);
	add_source_damage(verifying);
	return verifying->damaged == 0 ||
	       odr_fail(error, ODR_ERROR_CORRUPT,
			"%u objects that a recovery needs are damaged or missing; the first: %s",
			verifying->damaged, verifying->first);
}

bool drill_verify(Drill *drill, GError **error)
{
	g_autofree char *where = g_strdup_printf("repository %s", store_name(drill->repo->store));
	struct verifying verifying = {.drill = drill,
				      .manifests = g_ptr_array_new(),
				      .tables =
					      g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
								    (GDestroyNotify)table_free),
				      .findings = findings_new()};
	usec_t from = drill_span_begin();
	bool done = gather(&verifying, error) && read_all(&verifying, where, error) &&
		    judge(&verifying, error);

	drill_span_end(drill, PHASE_FETCH, "", from, false);
	g_clear_pointer(&verifying.held, g_ptr_array_unref);
	g_ptr_array_unref(verifying.manifests);
	g_ptr_array_unref(verifying.findings);
	g_hash_table_unref(verifying.tables);
	g_free(verifying.first);
	return done;
}
