#include "cli/views/drill_record.h"

#include "base/text.h"
#include "cli/line/output.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 12 /* of the names in front */

static const char *text_of(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "-";
}

/* ---- the verdict --------------------------------------------------------------------------------- */

static void print_verdict(json_t *record)
{
	const char *outcome = text_of(record, "outcome");
	bool passed = g_str_has_prefix(outcome, "pass");
	enum output_tint tint = strcmp(outcome, "pass") == 0		       ? TINT_OK
				: passed || strcmp(outcome, "incomplete") == 0 ? TINT_WARNING
									       : TINT_CRITICAL;
	g_autofree char *word = output_tint(outcome, tint);
	g_autofree char *summary = text_escape(text_of(record, "summary"));

	printf("%s  %s\n\n", word, summary);
}

static void print_moment(json_t *record)
{
	json_t *draw = json_object_get(record, "draw");
	json_t *source = json_object_get(record, "source");
	json_t *arrival = json_object_get(record, "arrival");
	bool chosen = json_is_true(json_object_get(draw, "operator_chosen"));

	output_line(WIDTH, "Plan", "%s, run %s", text_of(json_object_get(record, "plan"), "name"),
		    text_of(json_object_get(record, "run"), "id"));
	if (json_is_string(json_object_get(json_object_get(record, "run"), "incident")))
		output_line(WIDTH, "For", "incident %s",
			    text_of(json_object_get(record, "run"), "incident"));
	if (json_is_string(json_object_get(draw, "target")))
		output_line(WIDTH, "Moment", "%s%s", text_of(draw, "target"),
			    chosen ? ", chosen by the operator: never counted"
			    : json_object_get(draw, "method") ? ", drawn"
							      : "");
	if (json_is_string(json_object_get(source, "set")))
		output_line(WIDTH, "From", "set %s of repository %s%s", text_of(source, "set"),
			    text_of(source, "repository"),
			    json_object_get(draw, "set_among") ? ", drawn of those that lead there"
							       : "");
	if (json_is_string(json_object_get(arrival, "reason")))
		output_line(WIDTH, "Reached", "%s; newest commit %s", text_of(arrival, "reason"),
			    text_of(arrival, "last_commit"));
}

/* Of a drill of one database: which, and what it says nothing of. */
static void print_database(json_t *record)
{
	json_t *source = json_object_get(record, "source");
	json_t *databases = json_object_get(record, "databases");
	g_autoptr(GString) left = g_string_new(NULL);
	json_t *database;
	size_t i;

	if (!json_is_string(json_object_get(source, "database")))
		return;
	json_array_foreach(databases, i, database)
	{
		if (!json_is_true(json_object_get(database, "recovered")))
			g_string_append_printf(left, "%s%s", left->len ? ", " : "; not recovered: ",
					       text_of(database, "name"));
	}
	output_line(WIDTH, "Only", "database %s%s", text_of(source, "database"), left->str);
}

/* ---- figures ------------------------------------------------------------------------------------- */

static void print_figure(json_t *measured, const char *member, const char *name)
{
	const json_t *value = json_object_get(measured, member);
	g_autofree char *text =
		json_is_integer(value) ? duration_format(json_integer_value(value)) : NULL;

	if (text)
		output_line(WIDTH, name, "%s", text);
}

static void print_figures(json_t *record)
{
	json_t *measured = json_object_get(record, "measured");

	print_figure(measured, "rta_db_ready_us", "Database");
	print_figure(measured, "rta_service_ready_us", "Service");
	print_figure(measured, "rta_with_assumptions_us", "Assumed");
	print_figure(measured, "achieved_rpo_us", "Lost");
	print_figure(measured, "target_gap_us", "Target gap");
	printf("\n");
}

static void print_objectives(json_t *record)
{
	json_t *objectives = json_object_get(record, "objectives");
	json_t *objective;
	size_t i;

	json_array_foreach(objectives, i, objective)
	{
		const json_t *limit = json_object_get(objective, "objective_us");
		const json_t *value = json_object_get(objective, "measured_us");

		if (!json_is_integer(limit) || !json_is_integer(value))
			continue;
		g_autofree char *wanted = duration_format(json_integer_value(limit));
		g_autofree char *got = duration_format(json_integer_value(value));

		printf("%s %s of the %s: %s, objective %s\n", text_of(objective, "kind"),
		       text_of(objective, "state"), text_of(objective, "scope"), got, wanted);
	}
}

/* ---- checks -------------------------------------------------------------------------------------- */

static void print_checks(json_t *record)
{
	static const char *const headings[] = {"Check", "Database", "Status", "Says", NULL};
	json_t *checks = json_object_get(record, "checks");
	TableOut *table;
	json_t *check;
	size_t i;

	if (json_array_size(checks) == 0)
		return;
	table = table_out_new(headings);
	json_array_foreach(checks, i, check)
		table_out_row(table, text_of(check, "name"), text_of(check, "database"),
			      text_of(check, "status"), text_of(check, "message"));
	table_out_print(table, stdout);
}

void drill_record_print(json_t *record)
{
	print_verdict(record);
	print_moment(record);
	print_database(record);
	print_figures(record);
	print_objectives(record);
	print_checks(record);
}
