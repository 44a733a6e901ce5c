#include "cli/run/making.h"

#include "base/log.h"
#include "ops/record.h"

GPtrArray *making_known(const Run *run)
{
	const Context *context = run->context;
	Catalog *catalog = run->catalog;
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; catalog && i < context->repos->len; i++) {
		const Repo *repo = context->repos->pdata[i];
		g_autoptr(GPtrArray) marks = NULL;

		if (!catalog_marks(catalog, context->service->name, store_name(repo->store), &marks,
				   NULL))
			continue;
		for (guint k = 0; k < marks->len; k++) {
			const struct catalog_mark *mark = marks->pdata[k];

			if (mark->name)
				g_ptr_array_add(names, g_strdup(mark->name));
		}
	}
	return names;
}

struct mark_request making_request(Context *context, const Run *run, const GPtrArray *known)
{
	const struct settings_service *service = context->service;

	return (struct mark_request){.repos = context->repos,
				     .bundle = context->bundle,
				     .conninfo = service->postgres,
				     .state = context->state,
				     .run_id = run->run_id,
				     .program = PACKAGE_STRING,
				     .note = arguments_text(context->arguments, "note"),
				     .known = known,
				     .generation_length = service->tier->generation_length,
				     .retain = service->tier->retain,
				     .wait = arguments_flag(context->arguments, "wait"),
				     .timeout = context->settings->archive_check_timeout};
}

/* The mark is there whatever happens here. */
static void record(const Run *run, const struct mark *mark)
{
	const Context *context = run->context;
	Catalog *catalog = run->catalog;
	g_autoptr(GError) trouble = NULL;

	for (guint i = 0; catalog && i < context->repos->len; i++)
		if (!record_mark(catalog, context->repos->pdata[i], mark, &trouble)) {
			log_warning("the mark is made, but not in the catalog: %s",
				    trouble->message);
			return;
		}
}

void making_record(const Run *run, const struct mark_result *result)
{
	for (guint i = 0; result->notes && i < result->notes->len; i++)
		log_warning("%s", (char *)result->notes->pdata[i]);
	if (result->mark)
		record(run, result->mark);
}
