/* odrbackup mark; and the marks there are. */
#include "cli/views/mark.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/line/commands.h"
#include "cli/line/next_command.h"
#include "cli/line/output.h"
#include "cli/run/making.h"
#include "cli/run/run.h"
#include "cli/site/filling.h"
#include "cli/views/set.h"
#include "ops/mark.h"
#include "ops/record.h"

#include <stdio.h>

static void report(const Context *context, const struct mark_result *result)
{
	const struct arguments *arguments = context->arguments;
	const struct mark *mark = result->mark;
	const char *words[] = {"restore",  context->service->name,
			       "--type",   "name",
			       "--target", mark->name,
			       "--plan",   NULL};
	g_autofree char *next = next_command(arguments, words);
	g_autofree char *time = clock_format(mark->made);
	g_autofree char *lsn = lsn_print(mark->lsn);

	if (arguments_flag(arguments, "json")) {
		json_t *document = json_object();

		json_set_string(document, "name", mark->name);
		json_set_string(document, "mark", mark->id);
		json_set_time(document, "made", mark->made);
		json_set_string(document, "lsn", mark->timeline ? lsn : NULL);
		json_set_int(document, "timeline", mark->timeline);
		json_set_string(document, "segment", result->segment[0] ? result->segment : NULL);
		json_set_bool(document, "durable", result->durable);
		json_out(document);
		return;
	}
	if (arguments_flag(arguments, "quiet"))
		return;
	if (mark->timeline)
		printf("Mark '%s': %s, %s on timeline %u%s.\n", mark->name, time, lsn,
		       mark->timeline,
		       result->durable ? "; its WAL is durable"
				       : "; its WAL is durable when it is archived");
	else
		printf("Mark '%s': %s.\n", mark->name, time);
	printf("What coming back to it takes: %s\n", next);
}

static bool make(Context *context, const Run *run, const char *name, GError **error)
{
	g_autoptr(GPtrArray) known = making_known(run);
	struct mark_request request = making_request(context, run, known);
	struct mark_result result = {0};
	bool done;

	request.name = name;
	done = mark_make(&request, &result, error);
	making_record(run, &result);
	if (done)
		report(context, &result);
	mark_result_clear(&result);
	return done;
}

bool cmd_mark(const struct arguments *arguments, GError **error)
{
	const char *second = arguments_positional(arguments, 1);
	const char *name = second ? second : arguments_positional(arguments, 0);
	g_autoptr(Context) context = NULL;

	if (!mark_name_check(name, error))
		return false;
	context =
		context_open(arguments, second ? arguments_positional(arguments, 0) : NULL, error);
	if (!context || !context_bundle(context, error) || !context_repos_to_write(context, error))
		return false;
	g_autoptr(Run) run = run_begin(context, "mark");
	bool done = make(context, run, name, error);

	run_finish(run, done ? NULL : *error, &(struct run_result){0});
	return done;
}

/* ---- list --marks ---------------------------------------------------------------------------- */

static bool ask_repositories(Context *context, Catalog *catalog, GError **error)
{
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);

	if (!filling_keys(context, error) || !context_repos(context, error))
		return false;
	for (guint i = 0; i < context->repos->len; i++)
		if (!record_marks(catalog, context->repos->pdata[i], context->identity, troubles,
				  error))
			return false;
	for (guint i = 0; i < troubles->len; i++)
		log_warning("%s", (char *)troubles->pdata[i]);
	return true;
}

static gint by_time(gconstpointer a, gconstpointer b)
{
	const struct catalog_mark *x = *(struct catalog_mark *const *)a;
	const struct catalog_mark *y = *(struct catalog_mark *const *)b;

	return x->made < y->made ? -1 : x->made > y->made;
}

/* Of every repository; each mark once. */
static bool gather(const Context *context, Catalog *catalog, GPtrArray *marks, GError **error)
{
	g_autoptr(GPtrArray) repositories = context_repositories(context, error);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; repositories && i < repositories->len; i++) {
		const struct settings_repository *repository = repositories->pdata[i];
		g_autoptr(GPtrArray) some = NULL;

		if (!catalog_marks(catalog, context->service->name, repository->name, &some, error))
			return false;
		while (some->len > 0) {
			struct catalog_mark *mark = g_ptr_array_steal_index(some, 0);

			if (g_hash_table_add(seen, g_strdup(mark->mark_id)))
				g_ptr_array_add(marks, mark);
			else
				catalog_mark_free(mark);
		}
	}
	g_ptr_array_sort(marks, by_time);
	return repositories != NULL;
}

bool mark_list_read(Context *context, GPtrArray **marks, GError **error)
{
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_mark_free);
	g_autoptr(GError) trouble = NULL;
	bool renewed;
	g_autoptr(Catalog) catalog = run_catalog(context, &renewed, error);

	if (!catalog)
		return false;
	if (!ask_repositories(context, catalog, &trouble))
		log_warning("this is what the catalog knows, which may not be all: %s",
			    trouble->message);
	if (!gather(context, catalog, found, error))
		return false;
	*marks = g_steal_pointer(&found);
	return true;
}
