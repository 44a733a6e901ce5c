/* A drill as CSV: kind, name, value, unit, state, note. */
#include "drill/report/csv_line.h"
#include "drill/report/report.h"

/* "rta_process", with the name of one as a note. */
static void add_each(GString *out, const char *run, const char *figure, json_t *figures)
{
	const char *of;
	json_t *value;

	json_object_foreach(figures, of, value)
	{
		csv_add(out, run,
			&(struct csv_line){.kind = "figure",
					   .name = figure,
					   .number = json_is_integer(value)
							     ? json_integer_value(value)
							     : READING_ABSENT,
					   .unit = "us",
					   .note = of});
	}
}

static void add_figures(GString *out, const char *run, const json_t *record)
{
	json_t *measured = (json_t *)reading_at(record, "measured");
	const char *name;
	json_t *value;

	json_object_foreach(measured, name, value)
	{
		bool number = json_is_integer(value);

		if (g_str_has_prefix(name, "rta_") && json_is_object(value))
			add_each(out, run, name, value);
		if (json_is_object(value))
			continue;
		csv_add(out, run,
			&(struct csv_line){.kind = "figure",
					   .name = name,
					   .number = number ? json_integer_value(value)
							    : READING_ABSENT,
					   .text = json_string_value(value),
					   .unit = g_str_has_suffix(name, "_us") ? "us" : NULL});
	}
}

static void add_phases(GString *out, const char *run, const json_t *record)
{
	const json_t *spans = reading_at(record, "spans");

	for (size_t i = 0; i < json_array_size(spans); i++) {
		const json_t *span = json_array_get(spans, i);

		csv_add(out, run,
			&(struct csv_line){.kind = "phase",
					   .name = reading_text(span, "phase"),
					   .number = reading_int(span, "mono_us"),
					   .unit = "us",
					   .state = reading_text(span, "outcome"),
					   .note = reading_text(span, "component")});
	}
}

static void add_objectives(GString *out, const char *run, const json_t *record)
{
	const json_t *objectives = reading_at(record, "objectives");

	for (size_t i = 0; i < json_array_size(objectives); i++) {
		const json_t *objective = json_array_get(objectives, i);
		const char *scope = reading_text(objective, "scope");
		const char *kind = reading_text(objective, "kind");
		g_autofree char *name =
			g_strdup_printf("%s %s", scope ? scope : "", kind ? kind : "");
		g_autofree char *reasons = reading_list(objective, "reasons");

		csv_add(out, run,
			&(struct csv_line){.kind = "objective",
					   .name = name,
					   .number = reading_int(objective, "measured_us"),
					   .unit = "us",
					   .state = reading_text(objective, "state"),
					   .note = reasons});
	}
}

static void add_checks(GString *out, const char *run, const json_t *record)
{
	const json_t *checks = reading_at(record, "checks");

	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *check = json_array_get(checks, i);
		g_autofree char *value = reading_print(check, "value");

		csv_add(out, run,
			&(struct csv_line){.kind = "check",
					   .name = reading_text(check, "name"),
					   .number = READING_ABSENT,
					   .text = value,
					   .state = reading_text(check, "status"),
					   .note = reading_text(check, "message")});
	}
}

static void add_findings(GString *out, const char *run, const json_t *record)
{
	const json_t *findings = reading_at(record, "findings");

	for (size_t i = 0; i < json_array_size(findings); i++) {
		const json_t *finding = json_array_get(findings, i);

		csv_add(out, run,
			&(struct csv_line){.kind = "finding",
					   .name = reading_text(finding, "id"),
					   .number = READING_ABSENT,
					   .text = reading_text(finding, "severity"),
					   .state = reading_text(finding, "status"),
					   .note = reading_text(finding, "text")});
	}
}

char *report_drill_csv(const Reading *reading)
{
	const json_t *record = reading->record;
	const char *run = reading_text(record, "run.id");
	GString *out = g_string_new("run," CSV_COLUMNS);

	csv_add(out, run,
		&(struct csv_line){.kind = "outcome",
				   .name = reading_text(record, "plan.name"),
				   .number = READING_ABSENT,
				   .text = reading->sha256,
				   .unit = "sha256",
				   .state = reading_text(record, "outcome"),
				   .note = reading_text(record, "summary")});
	add_figures(out, run, record);
	add_phases(out, run, record);
	add_objectives(out, run, record);
	add_checks(out, run, record);
	add_findings(out, run, record);
	return g_string_free(out, FALSE);
}
