/* The report of an incident: what was lost, how long it took, what is not known, and how one can see that it was so. */
#include "drill/report/incident.h"

#include "drill/report/incident_parts.h"
#include "drill/report/words.h"

#include <string.h>

/* ---- objectives -------------------------------------------------------------------------------- */

static enum objective_state judge(usec_t objective, usec_t measured)
{
	if (objective == 0)
		return OBJECTIVE_NOT_ASSESSED;
	if (measured < 0)
		return OBJECTIVE_NOT_PROVEN;
	return measured <= objective ? OBJECTIVE_MET : OBJECTIVE_MISSED;
}

void incident_objectives(const struct incident_report *report,
			 struct incident_objective objectives[INCIDENT_OBJECTIVES])
{
	const struct incident_figures *figures = report->figures;
	const struct incident_interval *outage = &figures->intervals[INCIDENT_OUTAGE];
	const struct incident_promise *promise = report->promise;

	objectives[0] = (struct incident_objective){
		.name = "RPO: from the newest recovered commit to the loss",
		.short_name = "RPO",
		.objective = promise ? promise->rpo : 0,
		.measured = figures->rpo,
		.basis = figures->rpo_basis,
		.why = figures->rpo_why};
	objectives[1] = (struct incident_objective){
		.name = "RTO: from the loss until users were served again",
		.short_name = "RTO",
		.objective = promise ? promise->rto : 0,
		.measured = outage->took,
		.basis = outage->basis,
		.why = outage->why ? outage->why : "the marks loss and cutover"};
	for (size_t i = 0; i < INCIDENT_OBJECTIVES; i++)
		objectives[i].state = judge(objectives[i].objective, objectives[i].measured);
}

static enum objective_state worst_of(const struct incident_report *report)
{
	struct incident_objective objectives[INCIDENT_OBJECTIVES];
	enum objective_state states[INCIDENT_OBJECTIVES];

	incident_objectives(report, objectives);
	for (size_t i = 0; i < INCIDENT_OBJECTIVES; i++)
		states[i] = objectives[i].state;
	return objective_roll_up(states, INCIDENT_OBJECTIVES);
}

static void add_objectives(Document *document, const struct incident_report *report)
{
	static const char *const headings[] = {"Objective", ">Objective", ">This incident",
					       "State",	    "Known as",	  "Stands on",
					       NULL};
	struct incident_objective objectives[INCIDENT_OBJECTIVES];

	incident_objectives(report, objectives);
	document_section(document, "Objectives against figures");
	document_table(document, headings);
	for (size_t i = 0; i < INCIDENT_OBJECTIVES; i++) {
		const struct incident_objective *objective = &objectives[i];
		g_autofree char *wanted =
			objective->objective ? words_duration(objective->objective) : NULL;
		g_autofree char *measured = words_duration(objective->measured);

		document_cell(document, TONE_PLAIN, objective->name);
		document_cell(document, TONE_PLAIN, wanted);
		document_cell(document, TONE_PLAIN, measured);
		document_cell(document, words_tone(objective->state),
			      objective_state_name(objective->state));
		document_cell(document, TONE_PLAIN,
			      measured ? incident_basis_name(objective->basis) : NULL);
		document_cell(document, TONE_PLAIN, objective->why);
	}
	if (!report->promise)
		document_paragraph(document,
				   "The configuration at hand does not have this service: what was "
				   "promised is not known.");
}

/* ---- what an executive reads ------------------------------------------------------------------- */

static char *loss_words(const struct incident_report *report)
{
	g_autofree char *lost = words_duration(report->figures->rpo);

	return lost ? g_strdup_printf("%s of committed work was lost", lost)
		    : g_strdup("how much work was lost is not known");
}

static char *outage_words(const struct incident_report *report)
{
	const struct incident_figures *figures = report->figures;
	g_autofree char *outage = words_duration(figures->intervals[INCIDENT_OUTAGE].took);
	g_autofree char *service = words_duration(figures->intervals[INCIDENT_SERVICE].took);

	if (outage)
		return g_strdup_printf("users were served again %s after the loss", outage);
	if (service)
		return g_strdup_printf(
			"the service was ready %s after the restore command; how long "
			"users were without it is not known",
			service);
	return g_strdup("how long users were without it is not known");
}

static void add_verdict(Document *document, const struct incident_report *report)
{
	const Incident *incident = report->incident;
	enum objective_state state = worst_of(report);
	g_autofree char *loss = loss_words(report);
	g_autofree char *outage = outage_words(report);
	const char *service = incident->service ? incident->service : "–";

	if (incident->broken)
		document_verdict(document, TONE_BAD, "CHAIN BROKEN",
				 "What is told here may not be what was written down.");
	else if (incident->closed == 0)
		document_verdict(document, TONE_OPEN, "OPEN", "%s, so far: %s; %s.", service, loss,
				 outage);
	else
		document_verdict(document, words_tone(state), objective_state_name(state),
				 "%s: %s; %s.", service, loss, outage);
}

static void add_facts(Document *document, const struct incident_report *report)
{
	const Incident *incident = report->incident;
	g_autofree char *opened = words_time(incident->opened);
	g_autofree char *closed = words_time(incident->closed);
	g_autofree char *written = words_time(report->now);

	document_fact(document, "Incident", TONE_CODE, incident->id);
	document_fact(document, "Service", TONE_PLAIN, incident->service);
	document_fact(document, "Tier", TONE_PLAIN, report->promise ? report->promise->tier : NULL);
	document_fact(document, "What happened", TONE_PLAIN, incident->title);
	document_fact(document, "What became of it", TONE_PLAIN, incident->summary);
	document_fact(document, "Opened", TONE_PLAIN, opened);
	document_fact(document, "Closed", TONE_PLAIN, closed);
	document_fact(document, "Report written", TONE_PLAIN, written);
}

/* ---- what was lost ----------------------------------------------------------------------------- */

static void add_named(Document *document, const Incident *incident)
{
	bool any = false;

	document_heading(document, "Named as lost");
	for (guint i = 0; i < incident->entries->len; i++) {
		const struct incident_entry *entry = incident->entries->pdata[i];

		if (entry->kind != INCIDENT_NOTED || !entry->lost)
			continue;
		document_item(document, "%s%s", entry->text,
			      entry->later ? " (written later)" : "");
		any = true;
	}
	if (!any)
		document_paragraph(document,
				   "Nothing was named: that says nothing of whether there was "
				   "something.");
}

static void add_loss(Document *document, const struct incident_report *report)
{
	const struct incident_figures *figures = report->figures;
	usec_t lost = incident_mark_time(report->incident, INCIDENT_LOSS);
	g_autofree char *loss = words_time(lost);
	g_autofree char *recovered = words_time(figures->recovered);
	g_autofree char *rpo = words_duration(figures->rpo);
	g_autofree char *asked = words_time(report->incident->server.asked);

	document_section(document, "What was lost");
	document_fact(document, "Loss", TONE_PLAIN, loss);
	document_fact(document, "Newest recovered commit", TONE_PLAIN, recovered);
	document_fact(document, "Incident RPO", TONE_PLAIN, rpo);
	document_fact(document, rpo ? "Stands on" : "Not known", TONE_PLAIN, figures->rpo_why);
	document_fact(document, "Recovered server asked", TONE_PLAIN, asked);
	add_named(document, report->incident);
	document_paragraph(document,
			   "Systems of partners were not rolled back: between the newest recovered "
			   "commit and the loss they may have got messages that the recovered "
			   "database knows nothing of.");
}

/* ---- what is not known ------------------------------------------------------------------------- */

static void add_unmarked(Document *document, const Incident *incident)
{
	g_autofree char *names = incident_unmarked(incident);

	if (*names)
		document_item(document, "Never marked: %s.", names);
}

static void add_stated(Document *document, const Incident *incident)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (int i = 0; i < INCIDENT_MARKS; i++)
		if (incident->marks[i] && incident->marks[i]->stated)
			g_string_append_printf(names, "%s%s", names->len ? ", " : "",
					       incident_mark_name((enum incident_mark)i));
	if (names->len > 0)
		document_item(document,
			      "On people's word, and not observed by the program: when %s was.",
			      names->str);
}

static void add_open_questions(Document *document, const struct incident_report *report)
{
	const Incident *incident = report->incident;
	const struct incident_figures *figures = report->figures;

	document_section(document, "What is not known");
	if (figures->rpo < 0)
		document_item(document, "How much was lost: %s.", figures->rpo_why);
	add_unmarked(document, incident);
	add_stated(document, incident);
	for (guint i = 0; i < figures->contradictions->len; i++)
		document_item(document, "A contradiction: %s; no figure is made of it.",
			      (char *)figures->contradictions->pdata[i]);
	if (incident->restores->len == 0)
		document_item(document,
			      "No restore is known to have been made for it: how long the "
			      "steps of the recovery took was not measured.");
	document_item(
		document,
		"Whether what came back is right: no check was run by this report; those of a "
		"drill can be (odrbackup-drill(1)).");
}

static void add_definitions(Document *document)
{
	static const struct {
		const char *word, *meaning;
	} words[] = {
		{"Incident RPO",
		 "from the newest recovered commit to the loss, in a real recovery"},
		{"Loss", "from here on nothing of the source counted: gone, or taken out of use"},
		{"measured", "by a restore, or by the recovered server"},
		{"recorded", "people marked it when it happened, at the time of this clock"},
		{"stated", "people said afterwards when it was"},
		{"MET, MISSED", "the figure of this incident is within its objective, or is not"},
		{"NOT PROVEN", "there is an objective, and the figure is not known"},
		{"NOT ASSESSED", "there is no objective"},
	};

	document_section(document, "Definitions");
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		document_fact(document, words[i].word, TONE_PLAIN, words[i].meaning);
}

static void add_people(Document *document)
{
	document_section(document, "For people to fill in");
	document_blank(document, "Root cause");
	document_blank(document, "Corrective actions, owner, due");
	document_blank(document, "Reported to, date");
	document_blank(document, "Reviewed by, date");
}

enum objective_state report_incident_state(const Incident *incident,
					   const struct incident_promise *promise)
{
	struct incident_figures figures;
	enum objective_state state;

	incident_figures_compute(incident, &figures);
	state = worst_of(&(struct incident_report){incident, &figures, promise, 0});
	incident_figures_clear(&figures);
	return state;
}

Document *report_incident(const Incident *incident, const struct incident_promise *promise,
			  usec_t now)
{
	usec_t loss = incident_mark_time(incident, INCIDENT_LOSS);
	g_autofree char *day = words_day(loss > 0 ? loss : incident->opened);
	g_autofree char *title =
		g_strdup_printf("%s, %s", incident->service ? incident->service : "–", day);
	Document *document = document_new("Incident report", title);
	struct incident_figures figures;
	struct incident_report report = {incident, &figures, promise, now};

	incident_figures_compute(incident, &figures);
	add_verdict(document, &report);
	add_facts(document, &report);
	add_objectives(document, &report);
	incident_add_time(document, &report);
	add_loss(document, &report);
	incident_add_restores(document, &report);
	incident_add_timeline(document, &report);
	add_open_questions(document, &report);
	incident_add_verification(document, &report);
	add_people(document);
	add_definitions(document);
	incident_figures_clear(&figures);
	return document;
}
