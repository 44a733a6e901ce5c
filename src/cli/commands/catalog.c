#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/report/service_status.h"
#include "cli/run/run.h"
#include "cli/run/trail.h"
#include "cli/site/filling.h"
#include "cli/views/hold.h"
#include "cli/views/mark.h"
#include "cli/views/set.h"
#include "cli/views/status.h"
#include "ops/record.h"
#include "repo/manifest.h"

#include <stdio.h>
#include <string.h>

/* One service's document as it is, those of several as {"services": […]}. Takes the reference. */
static void print_documents(json_t *documents)
{
	json_t *document;

	if (json_array_size(documents) == 1) {
		json_out(json_incref(json_array_get(documents, 0)));
		json_decref(documents);
		return;
	}
	document = json_object();
	json_set(document, "services", documents);
	json_out(document);
}

static bool read_holds(const Context *context, Catalog *catalog, GPtrArray **holds, GError **error)
{
	g_autoptr(GPtrArray) repositories = context_repositories(context, error);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; repositories && i < repositories->len; i++)
		g_ptr_array_add(names,
				((struct settings_repository *)repositories->pdata[i])->name);
	g_ptr_array_add(names, NULL);
	return repositories && recorded_holds(catalog, context->service->name,
					      (const char *const *)names->pdata, holds, error);
}

static void print_held(const GPtrArray *sets, const GPtrArray *holds)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < sets->len; i++) {
		const struct catalog_set *set = sets->pdata[i];
		const struct hold *hold = hold_of(holds, set->set_id, clock_now());
		g_autofree char *words = hold ? hold_view_words(hold) : NULL;

		if (hold && g_hash_table_add(seen, hold->name))
			printf("Set %s is held %s\n", set->set_id, words);
	}
}

static json_t *list_json(const char *service, const GPtrArray *sets, const GPtrArray *holds)
{
	json_t *document = set_list_json(service, sets);

	json_set(document, "holds", hold_view_json(holds, NULL));
	return document;
}

static bool list_sets(Context *context, json_t *documents, GError **error)
{
	const char *service = context->service->name;
	g_autoptr(Catalog) catalog = filling_open(context, FILLING_ASK, error);
	g_autoptr(GPtrArray) sets = NULL, holds = NULL;

	if (!catalog ||
	    !catalog_sets(catalog, service, arguments_text(context->arguments, "repository"), &sets,
			  error) ||
	    !read_holds(context, catalog, &holds, error))
		return false;
	if (documents) {
		json_array_append_new(documents, list_json(service, sets, holds));
		return true;
	}
	set_list_print(sets, context->service->repositories->len > 1);
	print_held(sets, holds);
	if (sets->len == 0 && context->as_of)
		log_info("there was no set of service %s at that time", service);
	else if (sets->len == 0)
		log_info("there is no set of service %s yet: odrbackup backup %s", service,
			 service);
	return true;
}

static bool list_marks(Context *context, json_t *documents, GError **error)
{
	const char *service = context->service->name;
	g_autoptr(GPtrArray) marks = NULL;

	if (!mark_list_read(context, &marks, error))
		return false;
	if (documents) {
		json_array_append_new(documents, mark_list_json(service, marks));
		return true;
	}
	mark_list_print(marks);
	if (marks->len == 0)
		log_info("there is no mark of service %s: odrbackup mark %s NAME makes one",
			 service, service);
	return true;
}

bool cmd_list(const struct arguments *arguments, GError **error)
{
	g_autoptr(GPtrArray) contexts =
		context_open_all(arguments, arguments_positional(arguments, 0), error);
	bool json = arguments_flag(arguments, "json"), marks = arguments_flag(arguments, "marks");
	g_autoptr(JsonValue) documents = json_array();

	for (guint i = 0; contexts && i < contexts->len; i++) {
		Context *context = contexts->pdata[i];

		if (!json && contexts->len > 1)
			printf("%s%s\n", i > 0 ? "\n" : "", context->service->name);
		if (!(marks ? list_marks : list_sets)(context, json ? documents : NULL, error))
			return false;
	}
	if (json && contexts)
		print_documents(json_incref(documents));
	return contexts != NULL;
}

/* What counts for the exit status, kept beyond the status it is of. */
static void keep_findings(const struct status *status, GPtrArray *findings)
{
	for (guint i = 0; i < status->findings->len; i++) {
		const struct finding *finding = status->findings->pdata[i];

		findings_add(findings, finding->severity, finding->code, NULL, NULL, NULL)->kind =
			finding->kind;
	}
}

bool cmd_status(const struct arguments *arguments, GError **error)
{
	g_autoptr(GPtrArray) contexts =
		context_open_all(arguments, arguments_positional(arguments, 0), error);
	bool json = arguments_flag(arguments, "json");
	g_autoptr(JsonValue) documents = json_array();
	g_autoptr(GPtrArray) findings = findings_new();

	for (guint i = 0; contexts && i < contexts->len; i++) {
		struct status status = {0};

		if (!service_status(contexts->pdata[i], &status, error))
			return false;
		if (!json && i > 0)
			printf("\n");
		if (json)
			json_array_append_new(documents, status_json(&status));
		else
			status_print(&status);
		keep_findings(&status, findings);
		status_clear(&status);
	}
	if (!contexts)
		return false;
	if (json)
		print_documents(json_incref(documents));
	if (arguments_flag(arguments, "strict"))
		*arguments->exit_status = findings_exit_status(findings, true);
	return true;
}

bool cmd_catalog_rebuild(const struct arguments *arguments, GError **error)
{
	g_autoptr(Context) context =
		context_open(arguments, arguments_positional(arguments, 0), error);
	g_autoptr(Catalog) catalog = NULL;
	g_autoptr(GPtrArray) sets = NULL, holds = NULL;
	unsigned unverified;
	bool renewed;

	if (!context || !context_identity_optional(context, error) ||
	    (!context->identity && !context_bundle(context, error)) ||
	    !context_repos(context, error))
		return false;
	catalog = run_catalog(context, &renewed, error);
	if (!catalog || !filling_rebuild(context, catalog, &unverified, error) ||
	    !catalog_sets(catalog, context->service->name, NULL, &sets, error) ||
	    !read_holds(context, catalog, &holds, error))
		return false;
	trail_identity_used(context, context);
	trail_add(context, AUDIT_CATALOG_REBUILT, NULL,
		  trail_of(context, "repository", arguments_text(arguments, "repository")));
	if (!context->identity)
		log_info("without an identity only what is public is known: see odrbackup show -h");

	g_autofree char *known = count_format(sets->len, "set");

	if (arguments_flag(arguments, "json"))
		json_out(list_json(context->service->name, sets, holds));
	else
		log_info("the catalog knows %s of service %s", known, context->service->name);
	g_autofree char *bad = count_format(unverified, "set");

	if (unverified > 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s %s not verify: not in the catalog",
				bad, unverified == 1 ? "does" : "do");
	return true;
}
