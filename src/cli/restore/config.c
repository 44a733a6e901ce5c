#include "cli/restore/part.h"

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/line/output.h"
#include "cli/restore/target.h"
#include "cli/run/run.h"
#include "cli/run/trail.h"
#include "cli/site/config_choice.h"
#include "cli/site/context.h"
#include "cli/views/config.h"
#include "cli/views/set.h"
#include "ops/restore/config.h"

#include <stdio.h>
#include <string.h>

/* So many sets are read at first. */
#define BATCH_FIRST 32

struct restoring {
	const struct arguments *arguments;
	const Context *context; /* the site's */
	bool has_moment;	/* of the database that it belongs to */
	usec_t moment;
	struct restore_target target;
	char *folder; /* NULL: in place */
	Manifest *manifest;
	ConfigRead *config;
	GPtrArray *placements; /* in place */
};

static void restoring_free(void *part)
{
	struct restoring *restoring = part;

	if (!restoring)
		return;
	g_clear_pointer(&restoring->placements, g_ptr_array_unref);
	g_clear_pointer(&restoring->config, config_read_free);
	g_clear_pointer(&restoring->manifest, manifest_free);
	g_free(restoring->folder);
	g_free(restoring);
}

/* ---- what is wanted -------------------------------------------------------------------------- */

static bool parse_options(struct restoring *restoring, GError **error)
{
	const struct arguments *arguments = restoring->arguments;
	bool in_place = arguments_flag(arguments, "in-place"), current;
	bool plan = arguments_flag(arguments, "plan");

	restoring->folder = arguments_path(arguments, "with-config");
	if (in_place && restoring->folder)
		return odr_fail(error, ODR_ERROR_USAGE,
				"--with-config and --in-place exclude "
				"each other");
	if (!in_place && !restoring->folder && !plan)
		return odr_fail(error, ODR_ERROR_USAGE,
				"--part config needs --with-config DIR, a new folder for it, or "
				"--in-place");
	if (!in_place && arguments_list(arguments, "item"))
		return odr_fail(error, ODR_ERROR_USAGE,
				"--item is for --in-place; odrbackup show SET --item prints one");
	return restore_target_parse(arguments, &restoring->target, &current, error);
}

/* The newest capture that is not after the moment. */
static bool suits(const struct restoring *restoring, const Manifest *manifest)
{
	const struct restore_target *target = &restoring->target;

	if (!manifest_part(manifest, PART_CONFIG))
		return false;
	if (restoring->has_moment)
		return manifest_part_stopped(manifest, PART_CONFIG) <= restoring->moment;
	if (target->set && set_id_valid(target->set))
		return strcmp(manifest->set_id, target->set) == 0;
	return target->type == RECOVERY_DEFAULT ||
	       manifest_part_stopped(manifest, PART_CONFIG) <= target->time;
}

/* Among those that were read; NULL: none of them. */
static const Manifest *choose_read(const struct restoring *restoring, const ManifestIndex *index)
{
	const GPtrArray *manifests = manifest_index_manifests(index);
	bool oldest = g_strcmp0(restoring->target.set, "oldest") == 0;

	for (guint i = 0; i < manifests->len; i++) {
		const Manifest *manifest = manifests->pdata[oldest ? i : manifests->len - 1 - i];

		if (suits(restoring, manifest))
			return manifest;
	}
	return NULL;
}

/* Whether this one must be read to know. */
static bool may_suit(const struct restoring *restoring, const char *set_id)
{
	const struct restore_target *target = &restoring->target;

	if (restoring->has_moment)
		return set_id_time(set_id) <= restoring->moment;
	if (target->set && set_id_valid(target->set))
		return strcmp(set_id, target->set) == 0;
	return target->type == RECOVERY_DEFAULT || set_id_time(set_id) <= target->time;
}

/* From the end that is wanted on, some at a time, until one is found. */
static bool search(const struct restoring *restoring, ManifestIndex *index, const Manifest **found,
		   GError **error)
{
	bool oldest = g_strcmp0(restoring->target.set, "oldest") == 0;
	g_autoptr(GArray) batch = g_array_new(FALSE, FALSE, sizeof(guint));
	guint count = manifest_index_count(index);

	for (guint i = 0, size = BATCH_FIRST; i < count && !*found; size *= 2) {
		g_array_set_size(batch, 0);
		for (; i < count && batch->len < size; i++) {
			guint position = oldest ? i : count - 1 - i;

			if (may_suit(restoring, manifest_index_set(index, position)))
				g_array_append_val(batch, position);
		}
		if (!manifest_index_read(index, batch, error))
			return false;
		*found = choose_read(restoring, index);
	}
	return true;
}

static bool choose_from(struct restoring *restoring, Repo *repo, Manifest **chosen, GError **error)
{
	g_autoptr(ManifestIndex) index = NULL;
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	const Manifest *found = NULL;

	if (!restoring->has_moment &&
	    !restore_target_find(&restoring->target, repo, restoring->context->identity, error))
		return false;
	index = manifest_index_open(repo, restoring->context->identity, troubles, error);
	if (!index || !search(restoring, index, &found, error))
		return false;
	for (guint i = 0; i < troubles->len; i++)
		log_warning("%s", (char *)troubles->pdata[i]);
	if (!found)
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"there is no capture of the configuration in repository %s that "
				"suits",
				store_name(repo->store));
	*chosen = manifest_index_take(index, found);
	return true;
}

static bool open_config(void *part, Repo *repo, GError **error)
{
	struct restoring *restoring = part;

	g_clear_pointer(&restoring->manifest, manifest_free);
	if (choose_from(restoring, repo, &restoring->manifest, error))
		restoring->config = config_read_open(repo, restoring->context->identity,
						     restoring->manifest, error);
	return restoring->config != NULL;
}

/* ---- the plan -------------------------------------------------------------------------------- */

/* The items of --item; NULL: all. */
static bool chosen_items(const struct restoring *restoring, GPtrArray **items, GError **error)
{
	const GPtrArray *names = arguments_list(restoring->arguments, "item");
	const CollectIndex *index = config_read_index(restoring->config);

	*items = names ? g_ptr_array_new() : NULL;
	for (guint i = 0; names && i < names->len; i++) {
		const struct collect_item *item;

		if (!config_choose(index, names->pdata[i], &item, error))
			return false;
		if (!item->in_place)
			return odr_fail(error, ODR_ERROR_USAGE,
					"'%s' was no file: it has no place to be put back to",
					item->path);
		g_ptr_array_add(*items, (gpointer)item);
	}
	return true;
}

static bool plan_in_place(struct restoring *restoring, GError **error)
{
	GPtrArray *items = NULL;
	bool done = chosen_items(restoring, &items, error) &&
		    restore_config_plan(restoring->config, items, &restoring->placements, error);

	if (items)
		g_ptr_array_unref(items);
	return done;
}

static json_t *placements_json(const GPtrArray *placements)
{
	json_t *array = json_array();

	for (guint i = 0; i < placements->len; i++) {
		const struct config_placement *placement = placements->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "file", placement->item->source);
		json_set_string(object, "item", placement->item->path);
		json_set_string(object, "change", config_change_name(placement->change));
		json_array_append_new(array, object);
	}
	return array;
}

static void show_placements(const GPtrArray *placements)
{
	static const char *const headings[] = {"change", "file", "mode", "owner", NULL};
	TableOut *table = table_out_new(headings);
	unsigned same = 0, shown = 0;

	for (guint i = 0; i < placements->len; i++) {
		const struct config_placement *placement = placements->pdata[i];
		g_autofree char *mode = config_view_mode(placement->item);
		g_autofree char *owner = config_view_owner(placement->item);

		if (placement->change == CONFIG_SAME) {
			same++;
			continue;
		}
		shown++;
		table_out_row(table, config_change_name(placement->change), placement->item->source,
			      mode, owner);
	}
	table_out_print(table, shown ? stdout : NULL);
	if (same) {
		g_autofree char *files = count_format(same, "file");

		printf("%s %s as captured.\n", files, same == 1 ? "is" : "are");
	}
}

static void show(const void *part, const struct restore_site *site)
{
	const struct restoring *restoring = part;
	const CollectIndex *index = config_read_index(restoring->config);
	bool json = arguments_flag(restoring->arguments, "json");

	if (json) {
		json_t *plan = json_object();

		json_set_string(plan, "set", restoring->manifest->set_id);
		json_set_time(plan, "taken", index->taken);
		json_set_int(plan, "items", index->items->len);
		json_set_string(plan, "folder", restoring->folder);
		json_set(plan, "files",
			 restoring->placements ? placements_json(restoring->placements)
					       : json_null());
		json_set_string(plan, "part", PART_CONFIG);
		restore_part_json(site, plan);
		return;
	}
	g_autofree char *taken = time_with_age(index->taken);
	g_autofree char *items = count_format(index->items->len, "item");

	output_line(14, "set", "%s", restoring->manifest->set_id);
	output_line(14, "configuration", "of %s, %s", taken, items);
	if (restoring->folder)
		output_line(14, "into", "%s", restoring->folder);
	if (restoring->placements)
		show_placements(restoring->placements);
}

/* ---- carrying out ---------------------------------------------------------------------------- */

static bool changes_anything(const GPtrArray *placements)
{
	for (guint i = 0; i < placements->len; i++) {
		enum config_change change =
			((const struct config_placement *)placements->pdata[i])->change;

		if (change != CONFIG_SAME && change != CONFIG_MASKED)
			return true;
	}
	return false;
}

static void report(const struct restoring *restoring, const struct restore_config_result *result)
{
	g_autofree char *files = count_format(result->files, "file");

	for (guint i = 0; i < result->notes->len; i++)
		log_warning("%s", (char *)result->notes->pdata[i]);
	if (arguments_flag(restoring->arguments, "json")) {
		json_t *summary = json_object();

		json_set_string(summary, "part", PART_CONFIG);
		json_set_string(summary, "set", restoring->manifest->set_id);
		json_set_string(summary, "folder", restoring->folder);
		json_set_int(summary, "files", (int64_t)result->files);
		json_set_int(summary, "bytes", (int64_t)result->bytes);
		json_line("summary", summary);
	} else if (!arguments_flag(restoring->arguments, "quiet") && restoring->folder) {
		printf("\nRestored %s. What to do with them, in order: %s/" RESTORE_CONFIG_LIST
		       "\n",
		       files, restoring->folder);
	} else if (!arguments_flag(restoring->arguments, "quiet") && result->files > 0) {
		printf("\nPut %s in place; what was there has " RESTORE_CONFIG_BEFORE
		       " at the end of its name.\n",
		       files);
	}
}

static bool run(void *part, const struct restore_site *site, GError **error)
{
	struct restoring *restoring = part;
	struct restore_config_result result = {0};
	bool done;

	if (restoring->placements && changes_anything(restoring->placements) &&
	    !trail_confirm(site->run, "The files listed will be put in place on this host.", error))
		return false;
	done = restoring->folder
		       ? restore_config_folder(restoring->config, restoring->folder, &result, error)
		       : restore_config_in_place(restoring->config, restoring->placements, &result,
						 error);
	if (done)
		report(restoring, &result);
	restore_config_result_clear(&result);
	return done;
}

static void *parse(const struct restore_site *site, GError **error)
{
	struct restoring *restoring = g_new0(struct restoring, 1);

	restoring->arguments = site->arguments;
	if (parse_options(restoring, error))
		return restoring;
	restoring_free(restoring);
	return NULL;
}

/* Of the time in which the database's moment lies the beginning: no capture after it is taken. */
static bool plan(void *part, struct restore_site *site, GError **error)
{
	struct restoring *restoring = part;

	restoring->context = site->context;
	restoring->has_moment = site->has_moment;
	restoring->moment = site->moment.from;
	return restore_part_from(site->context, open_config, restoring, error) &&
	       (!arguments_flag(site->arguments, "in-place") || plan_in_place(restoring, error));
}

static struct run_result result_of(const void *part)
{
	const Manifest *manifest = ((const struct restoring *)part)->manifest;

	return (struct run_result){.set_id = manifest->set_id,
				   .bytes = manifest_part(manifest, PART_CONFIG)->bytes};
}

static void tell(const void *part, json_t *facts)
{
	json_set_string(facts, "config_set", ((const struct restoring *)part)->manifest->set_id);
}

const struct restore_part_class restore_config_part = {.name = PART_CONFIG,
						       .parse = parse,
						       .plan = plan,
						       .show = show,
						       .run = run,
						       .result = result_of,
						       .tell = tell,
						       .free = restoring_free};
