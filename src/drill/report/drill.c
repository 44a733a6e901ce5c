/* The report of one drill: what it proved, what it did not, and how one can see that it is true. */
#include "drill/report/report.h"
#include "drill/report/words.h"

#include <string.h>

static void add_duration(Document *document, const char *name, int64_t duration)
{
	g_autofree char *text = words_duration(duration);

	document_fact(document, name, TONE_PLAIN, text);
}

static void add_text(Document *document, const json_t *record, const char *name, const char *path)
{
	document_fact(document, name, TONE_PLAIN, reading_text(record, path));
}

static void add_code(Document *document, const json_t *record, const char *name, const char *path)
{
	document_fact(document, name, TONE_CODE, reading_text(record, path));
}

/* ---- verdict --------------------------------------------------------------------------------- */

/* What applies beside the outcome, which is the worst. */
static char *also_of(const json_t *record)
{
	g_autofree char *all = reading_list(record, "also");
	const char *outcome = reading_text(record, "outcome");
	const char *rest = all && g_str_has_prefix(all, outcome) ? all + strlen(outcome) : NULL;

	return rest && g_str_has_prefix(rest, ", ") ? g_strdup(rest + 2) : NULL;
}

static void add_verdict(Document *document, const json_t *record)
{
	const struct outcome_look *look = outcome_look(reading_text(record, "outcome"));
	const char *summary = reading_text(record, "summary");
	g_autofree char *also = also_of(record);
	g_autofree char *word = g_ascii_strup(look->words, -1);

	document_verdict(document, look->tone, word, "%s%s%s%s", summary ? summary : look->words,
			 also ? " (also: " : "", also ? also : "", also ? ")" : "");
	document_fact(document, "Run", TONE_CODE, reading_text(record, "run.id"));
	add_text(document, record, "Service", "source.service");
	add_text(document, record, "Plan", "plan.name");
	add_text(document, record, "Scenario", "scenario");
	add_text(document, record, "Slot", "run.slot");
	add_text(document, record, "Started by", "run.trigger");
	add_text(document, record, "Run by", "run.actor.user");
	add_text(document, record, "Approved by", "run.approver");
	add_text(document, record, "For incident", "run.incident");

	g_autofree char *began = words_time(reading_time(record, "measured.t_cmd"));

	document_fact(document, "Restore command given", TONE_PLAIN, began);
}

/* ---- objectives ------------------------------------------------------------------------------ */

static const char *kind_word(const char *kind)
{
	static const struct {
		const char *kind, *word;
	} words[] = {{"rpo", "RPO"}, {"rto", "RTO"}, {"target-gap", "target gap"}};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		if (g_strcmp0(kind, words[i].kind) == 0)
			return words[i].word;
	return kind;
}

static void add_objectives(Document *document, const json_t *record)
{
	static const char *const headings[] = {"Objective of", "Kind", ">Objective", ">Measured",
					       "State",	       "Why",  NULL};
	const json_t *objectives = reading_at(record, "objectives");

	document_section(document, "Objectives against figures");
	document_table(document, headings);
	for (size_t i = 0; i < json_array_size(objectives); i++) {
		const json_t *objective = json_array_get(objectives, i);
		g_autofree char *wanted = words_duration(reading_int(objective, "objective_us"));
		g_autofree char *measured = words_duration(reading_int(objective, "measured_us"));
		g_autofree char *reasons = reading_list(objective, "reasons");
		enum objective_state state = OBJECTIVE_NOT_ASSESSED;

		document_cell(document, TONE_PLAIN, reading_text(objective, "scope"));
		document_cell(document, TONE_PLAIN, kind_word(reading_text(objective, "kind")));
		document_cell(document, TONE_PLAIN, wanted);
		document_cell(document, TONE_PLAIN, measured);
		words_state(reading_text(objective, "state"), &state);
		document_cell(document, words_tone(state), objective_state_name(state));
		document_cell(document, TONE_PLAIN, reasons);
	}
	if (document_table_empty(document))
		document_paragraph(document, "No objective is set: NOT ASSESSED.");
}

/* A figure for each component, or business process. */
static void add_each(Document *document, const json_t *record, const char *path, const char *before)
{
	json_t *figures = (json_t *)reading_at(record, path);
	const char *of;
	json_t *value;

	json_object_foreach(figures, of, value)
	{
		g_autofree char *title = g_strconcat(before, of, NULL);

		add_duration(document, title,
			     json_is_integer(value) ? json_integer_value(value) : READING_ABSENT);
	}
}

static void add_figures(Document *document, const json_t *record)
{
	static const struct {
		const char *path, *name;
	} figures[] = {
		{"measured.rta_restore_only_us", "Fetch to startup (rta_restore_only)"},
		{"measured.rta_db_ready_us", "Database ready (rta_db_ready)"},
		{"measured.rta_service_ready_us", "Service ready (rta_service_ready)"},
		{"measured.rta_wall_us", "All of the drill (rta_wall)"},
		{"measured.rta_with_assumptions_us", "With assumptions (rta_with_assumptions)"},
		{"measured.achieved_rpo_us", "Achieved RPO"},
		{"measured.target_gap_us", "Target gap"},
		{"measured.filestore_gap_us", "Filestore gap"},
	};
	g_autofree char *worst = words_duration(reading_int(record, "worst_case.estimate_us"));
	const char *label = reading_text(record, "worst_case.label");
	g_autofree char *estimate = worst ? g_strdup_printf("%s, an estimate: %s", worst,
							    label ? label : "no basis named")
					  : NULL;

	document_heading(document, "Figures");
	for (size_t i = 0; i < G_N_ELEMENTS(figures); i++)
		add_duration(document, figures[i].name, reading_int(record, figures[i].path));
	add_each(document, record, "measured.rta_component", "Ready: ");
	add_each(document, record, "measured.rta_process", "Back, with assumptions: process ");
	document_fact(document, "Worst case", TONE_PLAIN, estimate);
}

void report_add_assumption_rows(Document *document, const json_t *assumptions)
{
	for (size_t i = 0; i < json_array_size(assumptions); i++) {
		const json_t *assumption = json_array_get(assumptions, i);
		g_autofree char *duration = words_duration(reading_int(assumption, "duration_us"));

		document_cell(document, TONE_PLAIN, reading_text(assumption, "name"));
		document_cell(document, TONE_PLAIN, duration);
		document_cell(document, TONE_PLAIN, reading_text(assumption, "owner"));
		document_cell(document, TONE_PLAIN, reading_text(assumption, "date"));
	}
}

bool report_add_unassumed(Document *document, const json_t *assumptions)
{
	for (size_t i = 0; i < json_array_size(assumptions); i++)
		if (reading_int(json_array_get(assumptions, i), "duration_us") > 0)
			return false;
	document_item(document, "No time is assumed for detection, decision and cutover: recovery "
				"times are those of the technical part alone.");
	return true;
}

static void add_assumptions(Document *document, const json_t *record)
{
	static const char *const headings[] = {"Assumption", ">Duration", "Owner", "Date", NULL};
	const json_t *assumptions = reading_at(record, "assumptions");

	if (json_array_size(assumptions) == 0)
		return;
	document_heading(document, "Assumptions");
	document_table(document, headings);
	report_add_assumption_rows(document, assumptions);
}

/* ---- moment ------------------------------------------------------------------- */

/* Where several sets led to the moment, and one of them was drawn. */
static void add_set_choice(Document *document, const json_t *record)
{
	int64_t among = reading_int(record, "draw.set_among");
	const char *nearest = reading_text(record, "draw.nearest_set");
	g_autofree char *text = among > 0 && nearest
					? g_strdup_printf("one of %" G_GINT64_FORMAT
							  " that lead there; the nearest is %s",
							  among, nearest)
					: NULL;

	if (text)
		document_fact(document, "Set drawn", TONE_PLAIN, text);
}

static void add_moment(Document *document, const json_t *record)
{
	g_autofree char *bytes = words_size(reading_int(record, "source.wal.bytes"));
	g_autofree char *version = words_pg_version(reading_int(record, "source.pg_version"));
	const char *first = reading_text(record, "source.wal.first");
	const char *last = reading_text(record, "source.wal.last");
	g_autofree char *wal =
		first && last ? g_strdup_printf("%s to %s, %s", first, last, bytes ? bytes : "–")
			      : NULL;

	document_section(document, "The moment, and how it was drawn");
	document_fact(document, "Chosen", TONE_PLAIN,
		      !reading_at(record, "draw")		     ? NULL
		      : reading_flag(record, "draw.operator_chosen") ? "by the operator"
								     : "drawn");
	add_text(document, record, "Method", "draw.method");
	add_text(document, record, "Drawn", "draw.drawn");
	add_text(document, record, "Target", "draw.target");
	add_text(document, record, "Drawn by", "draw.effective");
	add_text(document, record, "Newest recovered commit", "measured.last_commit");
	add_text(document, record, "Stopped at", "arrival.lsn");
	add_code(document, record, "Stratum", "draw.stratum");
	add_set_choice(document, record);
	add_code(document, record, "Checkpoint", "draw.checkpoint");
	add_code(document, record, "Seed", "draw.seed");
	add_code(document, record, "Population", "draw.population_sha256");
	add_text(document, record, "Nonce of an auditor", "draw.nonce");
	add_code(document, record, "Plan", "plan.hash");
	document_paragraph(
		document, "Whoever controls the audit chain before the checkpoint could try seeds; "
			  "a nonce that an auditor hands over afterwards removes that.");
	document_heading(document, "Source");
	add_code(document, record, "Set", "source.set");
	add_code(document, record, "Manifest", "source.manifest_sha256");
	add_text(document, record, "Repository", "source.repository");
	document_fact(document, "WAL", TONE_PLAIN, wal);
	add_text(document, record, "Lock", "source.lock.mode");
	add_text(document, record, "Locked until", "source.lock.until");
	document_fact(document, "PostgreSQL", TONE_PLAIN, version);
	add_text(document, record, "Odoo", "source.odoo_version");
	if (reading_text(record, "source.database"))
		add_text(document, record, "Only database", "source.database");
}

/* ---- isolation, findings, verification -------------------------------------------------------- */

/* What the copy could take, as the kernel kept to it. */
static void add_limits(Document *document, const json_t *record)
{
	const json_t *limits = reading_at(record, "sandbox.limits");

	for (size_t i = 0; i < json_array_size(limits); i++) {
		const json_t *limit = json_array_get(limits, i);
		const char *name = reading_text(limit, "name");
		const char *by = reading_text(limit, "by");
		int64_t asked = reading_int(limit, "asked");
		g_autofree char *size = g_strcmp0(name, "memory") == 0
						? words_size(asked)
						: g_strdup_printf("%" G_GINT64_FORMAT, asked);
		g_autofree char *text = g_strdup_printf("%s, %s", size ? size : "-",
							!by ? "which did not hold"
							: g_strcmp0(by, "group") == 0
								? "of all its processes together"
								: "of each of its processes alone");
		g_autofree char *title = g_strdup_printf("Limit: %s", name ? name : "-");

		document_fact(document, title, TONE_PLAIN, text);
	}
}

static void add_isolation(Document *document, const json_t *record)
{
	static const char *const headings[] = {"Address or socket", "Answer from inside", NULL};
	const json_t *probes = reading_at(record, "isolation.probes");

	g_autofree char *user = reading_print(record, "isolation.user");

	document_section(document, "Isolation");
	document_fact(document, "Proved", TONE_PLAIN,
		      !reading_at(record, "isolation")		   ? NULL
		      : reading_flag(record, "isolation.verified") ? "yes, by trying"
								   : "no");
	document_fact(document, "Ran as user", TONE_PLAIN, user);
	add_text(document, record, "Credential", "isolation.credential_class");
	add_text(document, record, "Host", "target.host");
	add_code(document, record, "Host class", "target.host_class");
	add_text(document, record, "File system", "target.filesystem");
	add_limits(document, record);
	document_table(document, headings);
	for (size_t i = 0; i < json_array_size(probes); i++) {
		const json_t *probe = json_array_get(probes, i);
		int64_t number = reading_int(probe, "errno");

		g_autofree char *answer = number > 0 ? g_strdup(g_strerror((int)number))
						     : reading_print(probe, "errno");

		document_cell(document, TONE_PLAIN, reading_text(probe, "to"));
		document_cell(document, TONE_PLAIN, answer);
	}
}

void report_add_finding_cells(Document *document, const json_t *finding, const char *status)
{
	document_cell(document, TONE_CODE, reading_text(finding, "id"));
	document_cell(document, TONE_PLAIN, reading_text(finding, "severity"));
	document_cell(document, TONE_PLAIN, reading_text(finding, "text"));
	document_cell(document, TONE_PLAIN, reading_text(finding, "owner"));
	document_cell(document, TONE_PLAIN, reading_text(finding, "due"));
	document_cell(document, TONE_PLAIN, status);
}

static void add_findings(Document *document, const json_t *record)
{
	static const char *const headings[] = {"Finding", "Severity", "What", "Owner",
					       "Due",	  "Status",   NULL};
	const json_t *deviations = reading_at(record, "deviations");
	const json_t *findings = reading_at(record, "findings");

	document_section(document, "Deviations and findings");
	for (size_t i = 0; i < json_array_size(deviations); i++) {
		const char *text = json_string_value(json_array_get(deviations, i));

		if (text)
			document_item(document, "%s.", text);
	}
	if (json_array_size(deviations) == 0)
		document_paragraph(document, "No deviation from the plan is recorded.");
	document_table(document, headings);
	for (size_t i = 0; i < json_array_size(findings); i++)
		report_add_finding_cells(document, json_array_get(findings, i),
					 reading_text(json_array_get(findings, i), "status"));
	if (document_table_empty(document))
		document_paragraph(document, "No finding is recorded.");
}

static void add_verification(Document *document, const Reading *reading)
{
	const json_t *record = reading->record;
	g_autofree char *offset = words_duration(reading_int(record, "clock.offset_us"));

	document_section(document, "How to verify");
	report_add_verification(document, reading_text(record, "run.id"), reading->sha256);
	document_fact(document, "Signed with key", reading->signer ? TONE_CODE : TONE_OPEN,
		      reading->signer ? reading->signer : "not signed");
	document_heading(document, "Software and clock");
	add_text(document, record, "odrbackup", "software.version");
	add_code(document, record, "Commit", "software.commit");
	document_fact(document, "Clock", TONE_PLAIN,
		      reading_flag(record, "clock.synchronized") ? "synchronized"
								 : "not known to be synchronized");
	document_fact(document, "Offset", TONE_PLAIN, offset);
	add_code(document, record, "Record before this one", "previous_record_sha256");
	add_code(document, record, "Regime", "regime");
	document_heading(document, "Sign-off");
	document_blank(document, "Reviewed by, date");
	document_blank(document, "Remediation, owner, due");
}

Document *report_drill(const Reading *reading)
{
	const json_t *record = reading->record;
	const char *service = reading_text(record, "source.service");
	const char *plan = reading_text(record, "plan.name");
	g_autofree char *day = words_day(reading->time);
	g_autofree char *title = g_strdup_printf("%s, %s, %s", service ? service : "–",
						 plan ? plan : "–", day ? day : "–");
	Document *document = document_new("Drill report", title);

	add_verdict(document, record);
	report_add_proven(document, record);
	report_add_not_proven(document, record);
	add_objectives(document, record);
	add_figures(document, record);
	add_assumptions(document, record);
	report_add_timeline(document, record);
	add_moment(document, record);
	report_add_checks(document, record);
	report_add_files(document, record);
	add_isolation(document, record);
	add_findings(document, record);
	add_verification(document, reading);
	document_section(document, "Definitions");
	report_add_definitions(document);
	return document;
}
