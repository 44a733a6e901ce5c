#include "cli/drill/means.h"

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/keys/kit_check.h"
#include "cli/keys/proof.h"
#include "cli/run/run.h"
#include "cli/run/trail.h"
#include "cli/site/filling.h"
#include "drill/check/check.h"

#include <string.h>

/* ---- before -------------------------------------------------------------------------------------- */

static bool has_configuration(const struct arguments *arguments)
{
	return arguments_text(arguments, "config") ||
	       g_file_test(SETTINGS_FILE, G_FILE_TEST_EXISTS);
}

/* The values stay the command line's. */
static void leave_kit_out(struct drill_means_source *source)
{
	GHashTableIter every;
	void *name, *values;

	source->own = *source->arguments;
	source->own.values = g_hash_table_new(g_str_hash, g_str_equal);
	g_hash_table_iter_init(&every, source->arguments->values);
	while (g_hash_table_iter_next(&every, &name, &values))
		if (strcmp(name, "kit") != 0)
			g_hash_table_insert(source->own.values, name, values);
}

/* A bare host has no key that signs: then it is said that the drill does not count. */
static bool open_key(struct drill_means_source *source, GError **error)
{
	Context *site = source->site;

	if (source->lab)
		return true;
	if (!site->kit || site->service->evidence_key)
		return context_evidence_key(site, error);
	log_warning("this host has no key that signs evidence: the record is not signed, and the "
		    "drill does not count");
	return true;
}

bool drill_means_begin(struct drill_means_source *source, const struct arguments *arguments,
		       const DrillPlan *plan, GError **error)
{
	const struct arguments *from = arguments;

	source->arguments = arguments;
	source->plan = plan;
	if (plan->kind == PLAN_KIT) {
		if (!arguments_text(arguments, "kit"))
			return odr_fail(error, ODR_ERROR_USAGE,
					"the plan has kind=kit, and needs the recovery kit: "
					"odrbackup drill run %s --kit FILE",
					plan->name);
		leave_kit_out(source);
		from = has_configuration(&source->own) ? &source->own : arguments;
	}
	source->site = context_open(from, plan->service, error);
	if (!source->site || !open_key(source, error))
		return false;
	source->site->lab = source->lab;
	return true;
}

void drill_means_clear(struct drill_means_source *source)
{
	context_free(source->kit);
	context_free(source->site);
	g_free(source->stores);
	g_clear_pointer(&source->own.values, g_hash_table_unref);
}

/* ---- the kit ------------------------------------------------------------------------------------- */

static DrillCheckResult *add(const struct drill_opening *opening, const char *part)
{
	DrillCheckResult *result = drill_check_result_new(&drill_kit, part, NULL);

	g_ptr_array_add(opening->results, result);
	return result;
}

static bool open_kit(struct drill_means_source *source, const struct drill_opening *opening,
		     GError **error)
{
	if (!file_make_dirs(opening->folder, 0700, error))
		return false;
	source->kit =
		context_open_kit(source->arguments, source->plan->service, opening->folder, error);
	if (source->kit)
		source->kit->lab = source->lab;
	if (!source->kit || !context_identity(source->kit, error) ||
	    !kit_owner_opens(source->kit, error))
		return odr_context(error, "the recovery kit does not open");
	trail_identity_used(source->site, source->kit);

	g_autofree char *age = duration_format(clock_now() - source->kit->kit->created);

	drill_check_pass(add(opening, "opens"),
			 "its keys open and are of one service; it is %s old", age);
	return true;
}

/* The newest set is that of the recipients and the keys there are now. */
static bool open_sets(Context *kit, const struct drill_opening *opening, GError **error)
{
	for (guint i = 0; i < kit->repos->len; i++) {
		struct proof proof = {0};

		if (!proof_open_set(kit->repos->pdata[i], kit->identity, NULL, &proof, error))
			return odr_context(error,
					   "the recovery kit is out of date, or the repository "
					   "is not the service's");
		drill_check_pass(add(opening, "newest-set"),
				 "set %s of repository %s opens with the kit", proof.set_id,
				 proof.repository);
		proof_clear(&proof);
	}
	return true;
}

/* Aside: what this host's catalog knows is not asked. */
static bool rebuild_catalog(Context *kit, const struct drill_opening *opening, GError **error)
{
	g_autoptr(GPtrArray) sets = NULL;
	g_autoptr(Catalog) catalog = NULL;
	unsigned unverified = 0;
	bool renewed;

	catalog = run_catalog(kit, &renewed, error);
	if (!catalog || !filling_rebuild(kit, catalog, &unverified, error) ||
	    !catalog_sets(catalog, kit->service->name, NULL, &sets, error))
		return odr_context(error, "cannot rebuild a catalog with the recovery kit");

	g_autofree char *known = count_format(sets->len, "set");
	DrillCheckResult *result = add(opening, "catalog");

	result->value = g_strdup_printf("%u", sets->len);
	if (unverified > 0)
		drill_check_fail(result, "%u sets do not verify with the owner key of the kit",
				 unverified);
	drill_check_pass(result, "a catalog made from the repository knows %s", known);
	return true;
}

static char *sentence_of(GPtrArray *list)
{
	g_ptr_array_add(list, NULL);
	return g_strjoinv("; ", (char **)list->pdata);
}

static void compare_settings(const struct drill_means_source *source,
			     const struct drill_opening *opening)
{
	g_autoptr(GPtrArray) wrong = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) older = g_ptr_array_new_with_free_func(g_free);
	DrillCheckResult *result = add(opening, "up-to-date");

	if (source->site->kit) {
		drill_check_warn(result, "this host has no configuration to compare it with");
		return;
	}
	kit_outdated(source->kit, source->site, wrong, older);

	bool is_wrong = wrong->len > 0, is_older = older->len > 0;
	g_autofree char *what = sentence_of(is_wrong ? wrong : older);

	if (is_wrong)
		drill_check_fail(result, "out of date: %s; make a new one: odrbackup kit create",
				 what);
	else if (is_older)
		drill_check_warn(result, "older than the configuration: %s", what);
	else
		drill_check_pass(result, "it has the repositories and the tier of the "
					 "configuration");
}

static void look_for_lacks(const struct drill_means_source *source,
			   const struct drill_opening *opening)
{
	g_autoptr(GPtrArray) lacking = g_ptr_array_new_with_free_func(g_free);
	DrillCheckResult *result = add(opening, "complete");

	kit_lacks(source->kit, lacking);

	bool lacks = lacking->len > 0;
	g_autofree char *what = sentence_of(lacking);

	if (lacks)
		drill_check_warn(result,
				 "a new host needs more than the kit: %s; this one has it already",
				 what);
	else
		drill_check_pass(result, "it names nothing that only this host has");
}

static bool prove_kit(struct drill_means_source *source, const struct drill_opening *opening,
		      GError **error)
{
	if (!open_kit(source, opening, error))
		return false;
	compare_settings(source, opening);
	look_for_lacks(source, opening);
	return context_repos(source->kit, error) && open_sets(source->kit, opening, error) &&
	       rebuild_catalog(source->kit, opening, error);
}

/* ---- the drill's --------------------------------------------------------------------------------- */

static bool open_stores(struct drill_means_source *source, const Context *from, GError **error)
{
	g_autoptr(GPtrArray) repositories = context_repositories(from, error);

	if (!repositories)
		return false;
	source->stores = context_stores(repositories);
	for (guint i = 0; i < repositories->len; i++)
		source->stores[i].lab = source->lab;
	return true;
}

/* Of a bare host the kit's own repositories take nothing: it signs nothing. */
static bool open_site(struct drill_means_source *source, const struct drill_opening *opening,
		      GError **error)
{
	Context *site = source->site;

	if (!site->evidence_key)
		return true;
	if (!context_repos(site, error))
		return false;
	opening->means->evidence_repos = site->repos;
	return true;
}

bool drill_means_open(void *data, const struct drill_opening *opening, GError **error)
{
	struct drill_means_source *source = data;
	bool by_kit = source->plan->kind == PLAN_KIT;
	Context *from;

	/* The evidence has to tell of a kit that does not open, too. */
	if (!open_site(source, opening, error) || (by_kit && !prove_kit(source, opening, error)))
		return false;
	from = by_kit ? source->kit : source->site;
	if (!trail_identity(from, error) || !context_repos(from, error) ||
	    !open_stores(source, from, error))
		return false;
	*opening->means = (struct drill_means){.repos = from->repos,
					       .stores = source->stores,
					       .identity = from->identity,
					       .evidence_repos = opening->means->evidence_repos};
	return true;
}

/* ---- what is claimed of it ----------------------------------------------------------------------- */

bool drill_means_claim(void *data, const char *repository, usec_t time,
		       char segment[WAL_SEGMENT_NAME_SIZE], GError **error)
{
	const struct drill_means_source *source = data;
	g_autoptr(GPtrArray) files = NULL;
	g_autoptr(Catalog) catalog = NULL;
	bool renewed;

	segment[0] = '\0';
	/* A kit stands for a host that has no catalog. */
	if (source->plan->kind == PLAN_KIT)
		return true;
	catalog = run_catalog(source->site, &renewed, error);
	if (!catalog ||
	    !catalog_wal(catalog, source->site->service->name, repository, &files, error))
		return false;
	for (guint i = 0; i < files->len; i++) {
		const struct catalog_wal *file = files->pdata[i];

		if (wal_file_kind(file->file, NULL) == WAL_FILE_SEGMENT && file->stored_at <= time)
			g_strlcpy(segment, file->file, WAL_SEGMENT_NAME_SIZE);
	}
	return true;
}
