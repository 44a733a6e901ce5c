/* What was captured of the configuration of the source. */
#include "base/error.h"
#include "drill/engine/engine.h"
#include "ops/backup/config_drift.h"
#include "ops/config/read.h"

#include <string.h>

bool drill_has_configuration(const Drill *drill)
{
	for (guint i = 0; i < drill->holdings.manifests->len; i++)
		if (manifest_part(drill->holdings.manifests->pdata[i], PART_CONFIG))
			return true;
	return false;
}

const Manifest *drill_configuration_at(const Drill *drill)
{
	usec_t moment = drill->arrival.last_commit > 0 ? drill->arrival.last_commit : drill->t_loss;
	const Manifest *found = NULL;

	for (guint i = 0; i < drill->holdings.manifests->len; i++) {
		const Manifest *manifest = drill->holdings.manifests->pdata[i];

		if (manifest_part(manifest, PART_CONFIG) &&
		    manifest_part_stopped(manifest, PART_CONFIG) <= moment)
			found = manifest;
	}
	return found;
}

static bool was_collected(const CollectIndex *index, const char *collector)
{
	for (guint i = 0; i < index->reports->len; i++) {
		const struct collect_report *report = index->reports->pdata[i];

		if (report->state == COLLECT_COLLECTED &&
		    (strcmp(report->name, collector) == 0 || strcmp(report->type, collector) == 0))
			return true;
	}
	return false;
}

static void judge_configuration(const struct plan_check *check, const CollectIndex *index,
				DrillCheckResult *result)
{
	for (char **name = check->require; name && *name; name++)
		if (!was_collected(index, *name))
			drill_check_fail(result, "nothing was captured by collector '%s'", *name);
	drill_check_pass(result, "%u items can be read", index->items->len);
}

/* ---- secrets that are kept elsewhere -------------------------------------------------------------- */

#define REFERENCES     "/references.json"
#define REFERENCES_MAX ((uint64_t)16 << 20)

static char *no_process[] = {NULL};
/* Apart from the gate: the copy has no way to where they are. */
static const struct plan_check looked_for = {.name = (char *)"secrets-elsewhere",
					     .title = (char *)"secrets that are only named",
					     .process = no_process,
					     .type = PLAN_CHECK_CONFIG,
					     .severity = PLAN_SEVERITY_WARN};

static bool is_list_of_references(const CollectIndex *index, const struct collect_item *item)
{
	for (guint i = 0; i < index->reports->len; i++) {
		const struct collect_report *report = index->reports->pdata[i];

		if (strcmp(report->type, "references") == 0 &&
		    strcmp(report->name, item->collector) == 0)
			return g_str_has_suffix(item->path, REFERENCES);
	}
	return false;
}

static bool count_references(ConfigRead *config, const struct collect_item *item, size_t *count,
			     GError **error)
{
	g_autoptr(GBytes) content = NULL;
	g_autoptr(JsonValue) rows = NULL;
	const char *text;
	gsize size;

	if (!config_read_item(config, item, REFERENCES_MAX, &content, error))
		return false;
	text = g_bytes_get_data(content, &size);
	if (!json_parse(text ? text : "", size, item->path, &rows, error))
		return false;
	*count += json_object_size(rows);
	return true;
}

/* What was not looked for is told. */
static void judge_references(Drill *drill, const struct plan_check *check, ConfigRead *config)
{
	const CollectIndex *index = config_read_index(config);
	g_autoptr(DrillCheckResult) result = NULL;
	g_autoptr(GError) trouble = NULL;
	size_t count = 0;

	for (guint i = 0; i < index->items->len; i++) {
		const struct collect_item *item = index->items->pdata[i];

		if (is_list_of_references(index, item) &&
		    !count_references(config, item, &count, &trouble))
			break;
	}
	if (count == 0 && !trouble)
		return;
	result = drill_check_result_new(&looked_for, NULL, NULL);
	result->value = g_strdup_printf("%zu", count);
	if (trouble)
		drill_check_fail(result, "%s", trouble->message);
	else if (check->references == PLAN_REFERENCES_LIST)
		drill_check_pass(result,
				 "%zu secrets are named that are kept elsewhere; they are listed",
				 count);
	else
		drill_check_unassessed(
			result,
			"%zu secrets are named that are kept elsewhere, where the "
			"copy has no way to: whether they are there was not looked at",
			count);
	g_ptr_array_add(drill->results, g_steal_pointer(&result));
}

void drill_check_configuration(Drill *drill, const struct plan_check *check)
{
	g_autoptr(DrillCheckResult) result = drill_check_result_new(check, NULL, NULL);
	const Manifest *manifest = drill_configuration_at(drill);
	g_autoptr(GError) trouble = NULL;
	usec_t from = clock_monotonic();

	if (!manifest) {
		drill_check_unassessed(result,
				       "no capture of the configuration is as old as the moment");
	} else {
		g_autoptr(ConfigRead) config =
			config_read_open(drill->repo, drill->means.identity, manifest, &trouble);

		if (config) {
			judge_configuration(check, config_read_index(config), result);
			judge_references(drill, check, config);
		} else if (odr_error_is(trouble, ODR_ERROR_UNREACHABLE) ||
			   odr_error_is(trouble, ODR_ERROR_TRANSIENT))
			drill_check_unassessed(result, "%s", trouble->message);
		else
			drill_check_fail(result, "%s", trouble->message);
	}
	result->duration = clock_monotonic() - from;
	g_ptr_array_add(drill->results, g_steal_pointer(&result));
}

/* ---- what it drifts from ------------------------------------------------------------------------- */

static const Manifest *newest_configuration(const Drill *drill)
{
	for (guint i = drill->holdings.manifests->len; i-- > 0;)
		if (manifest_part(drill->holdings.manifests->pdata[i], PART_CONFIG))
			return drill->holdings.manifests->pdata[i];
	return NULL;
}

/* This host may have captured nothing itself. */
static bool note_newest(const Drill *drill, const char *state, GError **error)
{
	const Identity *identity = drill->means.identity;
	const Manifest *manifest = newest_configuration(drill);
	g_autoptr(ConfigRead) config = config_read_open(drill->repo, identity, manifest, error);

	return config && config_drift_captured(state,
					       &(struct config_captured){manifest->set_id,
									 config_read_index(config),
									 identity->digest_secret},
					       error);
}

static bool note_drilled(const Drill *drill, const char *state, const Manifest *manifest,
			 GError **error)
{
	const Identity *identity = drill->means.identity;
	g_autoptr(ConfigRead) config = config_read_open(drill->repo, identity, manifest, error);

	return config && config_drift_drilled(state,
					      &(struct config_drilled){drill->request->run_id,
								       drill->begun,
								       {manifest->set_id,
									config_read_index(config),
									identity->digest_secret}},
					      error);
}

void drill_note_configuration(Drill *drill)
{
	g_autofree char *state =
		g_build_filename(drill->request->state, drill->request->service, NULL);
	bool passed = drill->outcome == OUTCOME_PASS || drill->outcome == OUTCOME_WARNINGS;
	const Manifest *manifest =
		passed && drill->holdings.manifests ? drill_configuration_at(drill) : NULL;
	g_autoptr(GError) trouble = NULL;

	if (manifest && (!note_drilled(drill, state, manifest, &trouble) ||
			 !note_newest(drill, state, &trouble)))
		g_ptr_array_add(drill->notes,
				g_strdup_printf("what changes of the configuration from now on is "
						"not known: %s",
						trouble->message));
}
