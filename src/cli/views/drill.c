#include "cli/views/drill.h"

#include "base/text.h"
#include "cli/line/output.h"

#include <string.h>

static char *origin_of(const DrillPlan *plan, const struct plan_value *value)
{
	return value->line ? g_strdup_printf("%s:%u", plan->path, value->line)
			   : g_strdup(value->origin);
}

void drill_plan_print(const DrillPlan *plan)
{
	const char *group = NULL;

	for (guint i = 0; i < plan->values->len; i++) {
		const struct plan_value *value = plan->values->pdata[i];
		g_autofree char *origin = origin_of(plan, value);
		g_autofree char *shown_origin = text_escape(origin);
		g_autofree char *text = value->value ? text_escape(value->value) : NULL;

		if (!group || strcmp(group, value->group) != 0)
			printf("%s[%s]\n", group ? "\n" : "", value->group);
		group = value->group;
		printf("# %s\n", shown_origin);
		if (text)
			printf("%s = %s\n", value->key, text);
		else
			printf("#%s =\n", value->key);
	}

	g_autofree char *digests = drill_plan_digests(plan);
	g_auto(GStrv) lines = g_strsplit(digests, "\n", -1);

	puts("\n# Its files, as sha256sum prints them:");
	for (char **line = lines; *line && **line; line++)
		printf("# %s\n", *line);
	printf("# hash of the plan: %s\n", plan->hash);
}

json_t *drill_plan_json(const DrillPlan *plan)
{
	json_t *document = json_object(), *values = json_array(), *files = json_array();

	for (guint i = 0; i < plan->values->len; i++) {
		const struct plan_value *value = plan->values->pdata[i];
		g_autofree char *origin = origin_of(plan, value);
		json_t *object = json_object();

		json_set_string(object, "group", value->group);
		json_set_string(object, "key", value->key);
		json_set_string(object, "value", value->value);
		json_set_string(object, "origin", origin);
		json_array_append_new(values, object);
	}
	for (guint i = 0; i < plan->files->len; i++) {
		const struct plan_file *file = plan->files->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "name", file->name);
		json_set_string(object, "sha256", file->sha256);
		json_array_append_new(files, object);
	}
	json_set_string(document, "name", plan->name);
	json_set_string(document, "service", plan->service);
	json_set_string(document, "hash", plan->hash);
	json_set(document, "values", values);
	json_set(document, "files", files);
	return document;
}

static char *status_of(const DrillCheckResult *result)
{
	if (result->status == DRILL_CHECK_PASS && !result->warned)
		return output_tint("pass", TINT_OK);
	if (result->status == DRILL_CHECK_PASS)
		return output_tint("warning", TINT_WARNING);
	return output_tint(drill_check_status_name(result->status),
			   result->status == DRILL_CHECK_FAIL ? TINT_CRITICAL : TINT_WARNING);
}

void drill_results_print(const GPtrArray *results)
{
	static const char *const headings[] = {"check",	 "database",	   "process", "",
					       "result", "what was found", NULL};
	TableOut *table = table_out_new(headings);

	for (guint i = 0; i < results->len; i++) {
		const DrillCheckResult *result = results->pdata[i];
		g_autofree char *status = status_of(result);
		g_autofree char *process = g_strjoinv(", ", result->check->process);
		g_autofree char *name =
			result->part ? g_strdup_printf("%s %s", result->check->name, result->part)
				     : g_strdup(result->check->name);

		table_out_row(table, name, result->database, process,
			      result->check->gate ? "gate" : "", status, result->message);
	}
	table_out_print(table, results->len > 0 ? stdout : NULL);
}

json_t *drill_results_json(const GPtrArray *results)
{
	json_t *list = json_array();

	for (guint i = 0; i < results->len; i++)
		json_array_append_new(list, drill_check_result_json(results->pdata[i], NULL));
	return list;
}

char *drill_results_summary(const GPtrArray *results)
{
	struct drill_check_counts counts = drill_check_count(results);

	return g_strdup_printf(
		"%u passed, %u failed, %u not assessed, %u of these gates; %u warnings",
		counts.passed, counts.failed, counts.unassessed, counts.gates_unassessed,
		counts.warnings);
}
