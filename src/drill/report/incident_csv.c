/* An incident as CSV: kind, name, value, unit, state, note. */
#include "drill/report/csv_line.h"
#include "drill/report/incident_parts.h"

static void add_text(GString *out, const char *id, struct csv_line line)
{
	line.number = READING_ABSENT;
	csv_add(out, id, &line);
}

static void add_duration(GString *out, const char *id, struct csv_line line, usec_t duration)
{
	line.number = duration >= 0 ? duration : READING_ABSENT;
	line.unit = "us";
	csv_add(out, id, &line);
}

static void add_marks(GString *out, const Incident *incident)
{
	for (int i = 0; i < INCIDENT_MARKS; i++) {
		const struct incident_entry *entry = incident->marks[i];
		usec_t time = incident_mark_time(incident, (enum incident_mark)i);
		g_autofree char *when = time > 0 ? clock_format(time) : NULL;
		g_autofree char *recorded = entry ? clock_format(entry->recorded) : NULL;

		add_text(out, incident->id,
			 (struct csv_line){.kind = "mark",
					   .name = incident_mark_name((enum incident_mark)i),
					   .text = when,
					   .unit = when ? "time" : NULL,
					   .state = !entry	    ? NULL
						    : entry->stated ? "stated"
								    : "recorded",
					   .note = recorded});
	}
}

static void add_figures(GString *out, const struct incident_report *report)
{
	const struct incident_figures *figures = report->figures;
	const char *id = report->incident->id;
	struct incident_objective objectives[INCIDENT_OBJECTIVES];

	add_duration(out, id,
		     (struct csv_line){
			     .kind = "figure", .name = "incident_rpo", .note = figures->rpo_why},
		     figures->rpo);
	for (int i = 0; i < INCIDENT_INTERVALS; i++) {
		const struct incident_interval *interval = &figures->intervals[i];

		add_duration(
			out, id,
			(struct csv_line){.kind = "interval",
					  .name = interval->name,
					  .state = interval->took >= 0
							   ? incident_basis_name(interval->basis)
							   : NULL,
					  .note = interval->why},
			interval->took);
	}
	incident_objectives(report, objectives);
	for (size_t i = 0; i < INCIDENT_OBJECTIVES; i++)
		add_duration(out, id,
			     (struct csv_line){.kind = "objective",
					       .name = objectives[i].short_name,
					       .state = objective_state_name(objectives[i].state)},
			     objectives[i].objective ? objectives[i].objective : -1);
}

static void add_restores(GString *out, const Incident *incident)
{
	for (guint i = 0; i < incident->restores->len; i++) {
		const struct incident_restore *restore = incident->restores->pdata[i];

		add_text(out, incident->id,
			 (struct csv_line){.kind = "restore",
					   .name = restore->run,
					   .text = restore->set,
					   .unit = restore->set ? "set" : NULL,
					   .state = restore->outcome,
					   .note = restore->type});
		for (guint k = 0; k < restore->spans->len; k++) {
			const struct incident_span *span =
				&g_array_index(restore->spans, struct incident_span, k);

			add_duration(out, incident->id,
				     (struct csv_line){.kind = "phase",
						       .name = span->phase,
						       .state = span->failed ? "failed" : "ok",
						       .note = restore->run},
				     span->took);
		}
	}
}

static void add_entries(GString *out, const Incident *incident)
{
	for (guint i = 0; i < incident->entries->len; i++) {
		const struct incident_entry *entry = incident->entries->pdata[i];
		g_autofree char *time = clock_format(incident_entry_time(entry));
		g_autofree char *words = incident_entry_words(entry);

		add_text(out, incident->id,
			 (struct csv_line){.kind = "entry",
					   .name = incident_kind_name(entry->kind),
					   .text = time,
					   .unit = "time",
					   .state = entry->user,
					   .note = words});
	}
}

char *report_incident_csv(const Incident *incident, const struct incident_promise *promise)
{
	GString *out = g_string_new("incident," CSV_COLUMNS);
	struct incident_figures figures;

	incident_figures_compute(incident, &figures);
	add_text(out, incident->id,
		 (struct csv_line){.kind = "incident",
				   .name = incident->service,
				   .text = incident->title,
				   .state = incident->closed ? "closed" : "open",
				   .note = incident->summary});
	add_marks(out, incident);
	add_figures(out, &(struct incident_report){incident, &figures, promise, 0});
	add_restores(out, incident);
	add_entries(out, incident);
	incident_figures_clear(&figures);
	return g_string_free(out, FALSE);
}
