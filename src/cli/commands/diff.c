/* odrbackup diff: what changed between two sets. */
#include "cli/views/diff.h"
#include "base/error.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/run/trail.h"
#include "cli/site/filling.h"
#include "cli/site/set_choice.h"

#include <string.h>

struct comparing {
	const struct arguments *arguments;
	Context *context;
	struct set_found before, after;
	struct set_difference difference;
};

static void comparing_clear(struct comparing *comparing)
{
	g_clear_pointer(&comparing->difference.config_before, config_read_free);
	g_clear_pointer(&comparing->difference.config_after, config_read_free);
	set_found_clear(&comparing->before);
	set_found_clear(&comparing->after);
	context_free(comparing->context);
}

static bool parse(struct comparing *comparing, GError **error)
{
	static const char *const known[] = {PART_DATABASE, PART_FILESTORE, PART_CONFIG, NULL};
	const GPtrArray *parts = arguments_list(comparing->arguments, "part");
	const char *part = parts ? parts->pdata[0] : NULL;

	if (parts && parts->len > 1)
		return odr_fail(error, ODR_ERROR_USAGE, "compare one part at a time, or all");
	if (part && !g_strv_contains(known, part))
		return odr_fail(error, ODR_ERROR_USAGE,
				"there is no part '%s'; parts are database, filestore and config",
				part);
	comparing->difference.part = part;
	comparing->difference.brief = arguments_flag(comparing->arguments, "brief");
	return true;
}

static bool choose(struct comparing *comparing, Catalog *catalog, const char *name, char **set_id,
		   GError **error)
{
	return set_choose(comparing->context, catalog,
			  &(struct set_name){.name = name, .part = comparing->difference.part},
			  set_id, error);
}

static bool load(struct comparing *comparing, GError **error)
{
	const struct arguments *arguments = comparing->arguments;
	bool named = arguments->positional->len > 2;
	g_autofree char *before = NULL, *after = NULL;
	g_autoptr(Catalog) catalog = NULL;
	Context *context =
		context_open(arguments, named ? arguments_positional(arguments, 0) : NULL, error);

	comparing->context = context;
	if (!context)
		return false;
	catalog = filling_open(context, FILLING_ASK, error);
	if (!catalog ||
	    !choose(comparing, catalog, arguments_positional(arguments, named), &before, error) ||
	    !choose(comparing, catalog, arguments_positional(arguments, named + 1), &after, error))
		return false;
	/* What lies in a set takes the key. */
	return trail_identity(context, error) && context_repos(context, error) &&
	       set_load(context, before, &comparing->before, error) &&
	       set_load(context, after, &comparing->after, error);
}

static bool open_configs(struct comparing *comparing, GError **error)
{
	const Identity *identity = comparing->context->identity;
	struct set_difference *difference = &comparing->difference;

	difference->before = comparing->before.manifest;
	difference->after = comparing->after.manifest;
	if ((difference->part && strcmp(difference->part, PART_CONFIG) != 0) ||
	    !manifest_part(difference->before, PART_CONFIG) ||
	    !manifest_part(difference->after, PART_CONFIG))
		return true;
	difference->config_before =
		config_read_open(comparing->before.repo, identity, difference->before, error);
	if (!difference->config_before)
		return false;
	difference->config_after =
		config_read_open(comparing->after.repo, identity, difference->after, error);
	return difference->config_after != NULL;
}

static bool show(const struct comparing *comparing, GError **error)
{
	json_t *document;

	if (!arguments_flag(comparing->arguments, "json"))
		return diff_view_print(&comparing->difference, error);
	if (!diff_view_json(&comparing->difference, &document, error))
		return false;
	json_out(document);
	return true;
}

bool cmd_diff(const struct arguments *arguments, GError **error)
{
	struct comparing comparing = {.arguments = arguments};
	bool done = parse(&comparing, error) && load(&comparing, error) &&
		    open_configs(&comparing, error) && show(&comparing, error);

	comparing_clear(&comparing);
	return done;
}
