/* Sections that say how it was done, what it is good for, and who answers for it. */
#include "drill/report/quarter_parts.h"
#include "drill/report/report.h"
#include "drill/report/words.h"

static void add_exclusions(Document *document, const Quarter *quarter)
{
	const struct quarter_attempt *attempt;
	bool any = false;

	document_heading(document, "Not counted");
	for (guint i = 0; (attempt = quarter_attempt_at(quarter, i)); i++) {
		if (attempt->counted)
			continue;
		document_item(document, "%s: %s.", reading_text(attempt->reading->record, "run.id"),
			      attempt->why_not);
		any = true;
	}
	if (!any)
		document_paragraph(document, "Every attempt was counted.");
	document_blank(document, "Exclusions and exemptions, reason, approver");
}

void quarter_add_method(Document *document, const Quarter *quarter)
{
	document_section(document, "Method");
	document_item(document,
		      "Counted: attempts whose moment was drawn or fixed by the plan, the "
		      "first of each slot, of the regime that is in force. Others raise no "
		      "state; their failures lower it.");
	document_item(document,
		      "A regime is a version of the program, major version of PostgreSQL, "
		      "plan, class of host, repository and key that sets are signed with.");
	document_item(document,
		      "Bounds are one-sided at 95 %%, after Clopper and Pearson. Draws are "
		      "taken as independent; they are weighted, so that shares are about.");
	document_item(document, "Exposure: the best repository of a service counts.");
	document_item(document,
		      "A roll-up is its worst member; what is exempt counts only where all is.");
	add_exclusions(document, quarter);
	document_heading(document, "Definitions");
	report_add_definitions(document);
}

void quarter_add_standards(Document *document)
{
	static const char *const headings[] = {"Text", "Supports", "Does not show", NULL};
	static const struct {
		const char *text, *supports, *lacks;
	} rows[] = {
		{"DORA 11(6), 12(2), 12(3)",
		 "tests yearly and after changes, restoration on segregated systems: run, isolation",
		 "that systems outside this platform were tested"},
		{"DORA 12(6), 12(7)",
		 "objectives for each function, checks and reconciliation: objectives, checks",
		 "the agreement of objectives with the business"},
		{"RTS 2024/1774 Art. 25, 40",
		 "documented results, deficiencies: findings, sign-off",
		 "that deficiencies were reported upward"},
		{"NIS2 CIR 2024/2690 4.2",
		 "recovery times, retention, integrity: measured, checks, source.lock",
		 "approval of the backup plan"},
		{"SOC 2 A1.2, A1.3", "a tested plan, completeness of backups: run.actor, checks",
		 "controls outside backup and recovery"},
		{"ISO 22301 8.5; ISO 27001 A.8.13", "exercises with reports: scenario, findings",
		 "exercises of people and sites"},
		{"NIST SP 800-53 CP-4, CP-9(1), (2)", "tests of recovery: checks, spans",
		 "the contingency plan itself"},
		{"PCI DSS 12.10.1, 12.10.2",
		 "a tested recovery procedure, and real recoveries: scenario, run, incidents",
		 "the whole incident response plan"},
	};

	document_section(document, "What it supports");
	document_paragraph(document,
			   "Drills and their records support these texts; they do not take the "
			   "place of an assessment. Compare the articles with the official "
			   "text.");
	document_table(document, headings);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		document_cell(document, TONE_PLAIN, rows[i].text);
		document_cell(document, TONE_PLAIN, rows[i].supports);
		document_cell(document, TONE_PLAIN, rows[i].lacks);
	}
}

void quarter_add_signatures(Document *document)
{
	document_section(document, "Sign-off");
	document_blank(document, "Prepared by, date");
	document_blank(document, "Reviewed by, date");
	document_blank(document, "Presented to, date");
}
