/* odrbackup anchor create, list, show. */
#include "cli/views/anchor.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/drill/anchor_plans.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/run/making.h"
#include "cli/run/trail.h"
#include "cli/site/filling.h"
#include "drill/anchor/take.h"

#include <stdio.h>
#include <string.h>

#define NOT_WHOLE 3

/* ---- create -------------------------------------------------------------------------------------- */

static void tell_missing(const Anchor *anchor)
{
	for (guint i = 0; i < anchor->figures->len; i++) {
		const struct anchor_figure *figure = anchor->figures->pdata[i];

		if (figure->problem)
			log_warning("%s of database '%s' could not be taken: %s", figure->query,
				    figure->database, figure->problem);
	}
}

static void report(const Arguments *arguments, const struct anchor_result *result)
{
	const Anchor *anchor = result->anchor;
	g_autofree char *summary = anchor_summary(anchor);
	g_autofree char *time = clock_format(anchor->mark.made);

	tell_missing(anchor);
	if (arguments_flag(arguments, "json")) {
		json_t *document = anchor_json(anchor);

		json_set_bool(document, "durable", result->mark.durable);
		json_out(document);
		return;
	}
	if (arguments_flag(arguments, "quiet"))
		return;
	printf("Anchor '%s': %s, %s%s.\n", anchor->mark.name, time, summary,
	       result->mark.durable ? "; its WAL is durable"
				    : "; its WAL is durable when it is archived");
	printf("A drill goes there with: odrbackup drill run PLAN --target anchor:%s\n",
	       anchor->mark.id);
}

static bool make(Context *context, const Run *run, const char *name, const GPtrArray *plans,
		 GError **error)
{
	g_autoptr(GPtrArray) known = making_known(run);
	struct anchor_result result = {0};
	struct anchor_request request = {.mark = making_request(context, run, known),
					 .service = context->service->name};
	bool done;

	request.mark.name = name;
	request.plans = plans;
	done = anchor_make(&request, &result, error);
	making_record(run, &result.mark);
	if (done)
		report(context->arguments, &result);
	if (done && result.missed > 0)
		*context->arguments->exit_status = NOT_WHOLE;
	anchor_result_clear(&result);
	return done;
}

static bool check_cluster(const Context *context, GError **error)
{
	return context->service->postgres ||
	       odr_fail(error, ODR_ERROR_USAGE,
			"service '%s' has no cluster (postgres=), and so no figures",
			context->service->name);
}

bool cmd_anchor_create(const struct arguments *arguments, GError **error)
{
	const char *given = arguments_positional(arguments, 1);
	g_autofree char *now = clock_format_compact(clock_now());
	g_autofree char *name = given ? g_strdup(given) : g_strconcat("anchor-", now, NULL);
	g_autoptr(Context) context = NULL;
	g_autoptr(GPtrArray) plans = NULL;

	if (!mark_name_check(name, error))
		return false;
	context = context_open(arguments, arguments_positional(arguments, 0), error);
	if (!context || !check_cluster(context, error) || !context_bundle(context, error) ||
	    !anchor_plans(context, &plans, error) || !context_repos_to_write(context, error))
		return false;
	g_autoptr(Run) run = run_begin(context, "anchor");
	bool done = make(context, run, name, plans, error);

	run_finish(run, done ? NULL : *error,
		   &(struct run_result){.exit_status = *arguments->exit_status});
	return done;
}

/* ---- list and show ------------------------------------------------------------------------------- */

/* Of every repository; each once. */
static bool gather_from(const Context *context, Repo *repo, GHashTable *seen, GPtrArray *anchors,
			bool *altered, GError **error)
{
	g_autoptr(GPtrArray) ids = NULL;

	if (!anchor_list(repo, &ids, error))
		return odr_context(error, "repository %s", store_name(repo->store));
	for (guint i = 0; i < ids->len; i++) {
		g_autoptr(GError) cause = NULL;
		Anchor *anchor;

		if (g_hash_table_contains(seen, ids->pdata[i]))
			continue;
		if (anchor_load(repo, context->identity, ids->pdata[i], &anchor, &cause)) {
			g_ptr_array_add(anchors, anchor);
			g_hash_table_add(seen, anchor->mark.id);
			continue;
		}
		if (!repo_concerns_one(cause)) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		*altered = true;
		log_warning("repository %s: %s", store_name(repo->store), cause->message);
	}
	return true;
}

static gint by_id(gconstpointer a, gconstpointer b)
{
	return strcmp((*(Anchor *const *)a)->mark.id, (*(Anchor *const *)b)->mark.id);
}

static bool gather(Context *context, GPtrArray **anchors, bool *altered, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)anchor_free);

	if (!context_repos(context, error))
		return false;
	for (guint i = 0; i < context->repos->len; i++)
		if (!gather_from(context, context->repos->pdata[i], seen, found, altered, error))
			return false;
	g_ptr_array_sort(found, by_id);
	*anchors = g_steal_pointer(&found);
	return true;
}

/* What was altered is told, and no reason to believe the rest is all there was. */
static void set_status(const Arguments *arguments, bool altered)
{
	if (altered)
		*arguments->exit_status = NOT_WHOLE;
}

static json_t *list_json(const Context *context, const GPtrArray *anchors)
{
	json_t *document = json_object(), *list = json_array();

	for (guint i = 0; i < anchors->len; i++)
		json_array_append_new(list, anchor_json(anchors->pdata[i]));
	json_set_string(document, "service", context->service->name);
	json_set(document, "anchors", list);
	return document;
}

static void tell_none(const Context *context)
{
	const char *service = context->service->name;

	log_info("there is no anchor of service %s: odrbackup anchor create %s makes one", service,
		 service);
}

bool cmd_anchor_list(const struct arguments *arguments, GError **error)
{
	g_autoptr(Context) context =
		context_open(arguments, arguments_positional(arguments, 0), error);
	g_autoptr(GPtrArray) anchors = NULL;
	bool altered = false;

	if (!context || !filling_keys(context, error) ||
	    !gather(context, &anchors, &altered, error))
		return false;
	if (arguments_flag(arguments, "json"))
		json_out(list_json(context, anchors));
	else
		anchor_list_print(anchors);
	if (anchors->len == 0 && !altered)
		tell_none(context);
	set_status(arguments, altered);
	return true;
}

static const Anchor *choose(const GPtrArray *anchors, const char *which)
{
	bool latest = strcmp(which, "latest") == 0;

	for (guint i = anchors->len; i-- > 0;) {
		const Anchor *anchor = anchors->pdata[i];

		if (latest || strcmp(anchor->mark.id, which) == 0 ||
		    strcmp(anchor->mark.name, which) == 0)
			return anchor;
	}
	return NULL;
}

bool cmd_anchor_show(const struct arguments *arguments, GError **error)
{
	const char *second = arguments_positional(arguments, 1);
	const char *which = second ? second : arguments_positional(arguments, 0);
	g_autoptr(Context) context =
		context_open(arguments, second ? arguments_positional(arguments, 0) : NULL, error);
	g_autoptr(GPtrArray) anchors = NULL;
	const Anchor *anchor;
	bool altered = false;

	if (!context || !trail_identity(context, error) ||
	    !gather(context, &anchors, &altered, error))
		return false;
	if (anchors->len == 0 && !altered)
		return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no anchor of service %s",
				context->service->name);
	anchor = choose(anchors, which);
	if (!anchor)
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"there is no anchor '%s' that can be believed; odrbackup anchor "
				"list shows them",
				which);
	if (arguments_flag(arguments, "json"))
		json_out(anchor_json(anchor));
	else
		anchor_print(anchor);
	return true;
}
