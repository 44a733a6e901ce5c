/* odrbackup hold add, release, list: sets that are kept whatever retention says. */
#include "ops/expire/hold.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/run/trail.h"
#include "cli/site/filling.h"
#include "cli/site/set_choice.h"
#include "cli/views/hold.h"
#include "cli/views/set.h"
#include "ops/record.h"

#include <stdio.h>

/* ---- what the commands share --------------------------------------------------------------------- */

struct holding {
	Context *context;
	Run *run;
	char *set_id;
};

static void holding_clear(struct holding *holding)
{
	g_clear_pointer(&holding->run, run_free);
	context_free(holding->context);
	g_free(holding->set_id);
}

static void record(Catalog *catalog, Repo *repo)
{
	g_autoptr(GError) trouble = NULL;

	if (catalog && !record_holds_update(catalog, repo, NULL, &trouble))
		log_warning(
			"the catalog does not know what is held now: %s; run odrbackup hold list",
			trouble->message);
}

/* Also of what was interrupted: what was done until then is done. */
static void note(const struct holding *holding, const struct hold_result *result)
{
	for (guint i = 0; i < result->troubles->len; i++)
		log_warning("%s", (char *)result->troubles->pdata[i]);
	for (guint i = 0; i < holding->context->repos->len; i++)
		record(holding->run->catalog, holding->context->repos->pdata[i]);
}

static json_t *result_json(const struct holding *holding, const struct hold_result *result)
{
	json_t *document = json_object();
	json_t *repositories = json_array();

	for (guint i = 0; i < result->repositories->len; i++) {
		const struct hold_repository *repository = result->repositories->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "repository", repository->name);
		json_set_bool(object, "has", repository->has);
		json_set_int(object, "holds", repository->holds);
		json_set(object, "legal_holds",
			 repository->locks ? json_integer(repository->objects) : json_null());
		json_array_append_new(repositories, object);
	}
	json_set_string(document, "service", holding->context->service->name);
	json_set_string(document, "set", holding->set_id);
	json_set(document, "repositories", repositories);
	return document;
}

static void report(const struct holding *holding, const struct hold_result *result,
		   const char *what)
{
	const struct arguments *arguments = holding->context->arguments;

	if (arguments_flag(arguments, "json")) {
		json_out(result_json(holding, result));
		return;
	}
	if (arguments_flag(arguments, "quiet"))
		return;
	printf("Set %s is %s.\n", holding->set_id, what);
	for (guint i = 0; i < result->repositories->len; i++) {
		const struct hold_repository *repository = result->repositories->pdata[i];
		g_autofree char *objects = count_format(repository->objects, "object");

		if (!repository->has)
			printf("repository %s: nothing to do\n", repository->name);
		else if (repository->locks)
			printf("repository %s: legal hold of %s changed\n", repository->name,
			       objects);
		else
			printf("repository %s: no locks, so that only expire heeds it\n",
			       repository->name);
	}
}

/* [SERVICE] SET */
static bool open_set(struct holding *holding, const struct arguments *arguments, bool with_bundle,
		     GError **error)
{
	const char *second = arguments_positional(arguments, 1);
	const char *name = second ? second : arguments_positional(arguments, 0);
	g_autoptr(Catalog) catalog = NULL;
	Context *context =
		context_open(arguments, second ? arguments_positional(arguments, 0) : NULL, error);

	holding->context = context;
	if (!context || (with_bundle && !context_bundle(context, error)))
		return false;
	catalog = filling_open(context, FILLING_ASK, error);
	if (!catalog ||
	    !set_choose(context, catalog, &(struct set_name){.name = name}, &holding->set_id,
			error) ||
	    !filling_keys(context, error) || !context_repos(context, error))
		return false;
	holding->run = run_begin(context, "hold");
	return true;
}

/* ---- add ----------------------------------------------------------------------------------------- */

static bool parse_add(const struct arguments *arguments, struct hold *hold, GError **error)
{
	const char *until = arguments_text(arguments, "until");
	const char *reason;

	if (!arguments_require(arguments, "reason", &reason, error) ||
	    !hold_reason_check(reason, error))
		return false;
	if (until && !clock_parse(until, &hold->until, error))
		return odr_context(error, "--until");
	hold->made = clock_now();
	if (until && hold->until <= hold->made)
		return odr_fail(error, ODR_ERROR_USAGE, "--until is over already");
	hold->reason = g_strdup(reason);
	hold->by = g_strdup_printf("%s@%s", g_get_user_name(), g_get_host_name());
	return true;
}

/* Where it failed, too: in some of the repositories it may be done. */
static json_t *what_was_done(const struct holding *holding, const char *reason, bool done)
{
	json_t *data = trail_of(holding->context, "set", holding->set_id);

	json_set_string(data, "reason", reason);
	json_set_string(data, "outcome", done ? "ok" : "failed");
	return data;
}

static void tell_added(const struct holding *holding, const struct hold *hold, bool done)
{
	json_t *data = what_was_done(holding, hold->reason, done);

	json_set_known_time(data, "until", hold->until);
	trail_add(holding->context, AUDIT_HOLD_ADDED, holding->run->run_id, data);
}

static bool add(struct holding *holding, struct hold *hold, GError **error)
{
	struct hold_result result = {0};
	const struct hold_request request = {holding->context->repos, holding->set_id, clock_now()};
	bool done;

	hold->set_id = g_strdup(holding->set_id);
	done = hold_add(&request, holding->context->bundle, hold, &result, error);
	note(holding, &result);
	tell_added(holding, hold, done);
	if (done)
		report(holding, &result, "held");
	hold_result_clear(&result);
	return done;
}

bool cmd_hold_add(const struct arguments *arguments, GError **error)
{
	struct holding holding = {0};
	struct hold *hold = g_new0(struct hold, 1);
	bool done = parse_add(arguments, hold, error) && open_set(&holding, arguments, true, error);

	if (done) {
		done = add(&holding, hold, error);
		run_finish(holding.run, done ? NULL : *error,
			   &(struct run_result){.set_id = holding.set_id});
	}
	hold_free(hold);
	holding_clear(&holding);
	return done;
}

/* ---- release ------------------------------------------------------------------------------------- */

static bool release(struct holding *holding, GError **error)
{
	const char *reason = arguments_text(holding->context->arguments, "reason");
	g_autofree char *question = g_strdup_printf(
		"Set %s will be kept no longer than retention says.", holding->set_id);
	struct hold_result result = {0};
	const struct hold_request request = {holding->context->repos, holding->set_id, clock_now()};
	bool done;

	if ((reason && !hold_reason_check(reason, error)) ||
	    !context_confirm(holding->context, question, error))
		return false;
	done = hold_release(&request, &result, error);
	note(holding, &result);
	trail_add(holding->context, AUDIT_HOLD_RELEASED, holding->run->run_id,
		  what_was_done(holding, reason, done));
	if (done)
		report(holding, &result, "released");
	hold_result_clear(&result);
	return done;
}

bool cmd_hold_release(const struct arguments *arguments, GError **error)
{
	struct holding holding = {0};
	bool done = open_set(&holding, arguments, false, error);

	if (done) {
		done = release(&holding, error);
		run_finish(holding.run, done ? NULL : *error,
			   &(struct run_result){.set_id = holding.set_id});
	}
	holding_clear(&holding);
	return done;
}

/* ---- list ---------------------------------------------------------------------------------------- */

/* Of every repository, as it is now; what is learnt is noted. */
static bool gather(const Context *context, Catalog *catalog, GPtrArray *holds, GError **error)
{
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < context->repos->len; i++) {
		g_autoptr(GPtrArray) some = NULL;

		if (!hold_list(context->repos->pdata[i], NULL, &some, troubles, error))
			return false;
		record(catalog, context->repos->pdata[i]);
		while (some->len > 0)
			g_ptr_array_add(holds, g_ptr_array_steal_index(some, 0));
	}
	for (guint i = 0; i < troubles->len; i++)
		log_warning("%s", (char *)troubles->pdata[i]);
	return true;
}

bool cmd_hold_list(const struct arguments *arguments, GError **error)
{
	g_autoptr(Context) context =
		context_open(arguments, arguments_positional(arguments, 0), error);
	g_autoptr(GPtrArray) holds = g_ptr_array_new_with_free_func((GDestroyNotify)hold_free);
	g_autoptr(Catalog) catalog = NULL;
	bool renewed;

	if (!context || !filling_keys(context, error) || !context_repos(context, error) ||
	    !(catalog = run_catalog(context, &renewed, error)) ||
	    !gather(context, catalog, holds, error))
		return false;
	hold_view_list(arguments, context->service->name, holds);
	return true;
}
