/* What was written down of an incident, line by line, and how one can see that it was. */
#include "drill/report/incident_parts.h"
#include "drill/report/words.h"

char *incident_clock(usec_t time)
{
	g_autoptr(GDateTime) date =
		time > 0 ? g_date_time_new_from_unix_utc(time / USEC_PER_SEC) : NULL;

	return date ? g_date_time_format(date, "%Y-%m-%d %H:%M:%S") : NULL;
}

void incident_add_timeline(Document *document, const struct incident_report *report)
{
	static const char *const headings[] = {"When (UTC)", "Recorded (UTC)", "What",
					       "By",	     ">Line",	       NULL};
	const GPtrArray *entries = report->incident->entries;

	document_section(document, "Timeline");
	document_table(document, headings);
	for (guint i = 0; i < entries->len; i++) {
		const struct incident_entry *entry = entries->pdata[i];
		g_autofree char *when = incident_clock(entry->stated);
		g_autofree char *recorded = incident_clock(entry->recorded);
		g_autofree char *words = incident_entry_words(entry);

		document_cell(document, TONE_WHOLE, when);
		document_cell(document, TONE_WHOLE, recorded);
		document_cell(document, TONE_PLAIN, words);
		document_cellf(document, TONE_CODE, "%s@%s", entry->user ? entry->user : "?",
			       entry->host ? entry->host : "?");
		document_cellf(document, TONE_PLAIN, "%s%" G_GUINT64_FORMAT,
			       entry->chain ? "other host, " : "", entry->seq);
	}
	document_paragraph(document,
			   "When: as people state it; a dash is when it was recorded. What was "
			   "corrected stays, and does not count. Line: of the audit chain.");
}

/* The last lines of each chain: what is before them, they hold. */
static const struct incident_entry *last_of_own(const Incident *incident)
{
	for (guint i = incident->entries->len; i-- > 0;) {
		const struct incident_entry *entry = incident->entries->pdata[i];

		if (!entry->chain)
			return entry;
	}
	return NULL;
}

static void add_chains(Document *document, const Incident *incident)
{
	const struct incident_entry *last = last_of_own(incident);

	if (last) {
		g_autofree char *name =
			g_strdup_printf("Line %" G_GUINT64_FORMAT " of audit.log", last->seq);

		document_fact(document, name, TONE_CODE, last->sha256);
	}
	for (guint i = 0; i < incident->entries->len; i++) {
		const struct incident_entry *entry = incident->entries->pdata[i];

		if (entry->kind == INCIDENT_JOINED)
			document_fact(document, "Chain of another host", TONE_CODE, entry->text);
	}
}

static void add_commands(Document *document, const Incident *incident)
{
	const struct incident_entry *last = last_of_own(incident);

	document_command(document, "odrbackup audit verify");
	if (last)
		document_command(document, "sed -n %" G_GUINT64_FORMAT "p audit.log | sha256sum",
				 last->seq);
	for (guint i = 0; i < incident->entries->len; i++) {
		const struct incident_entry *entry = incident->entries->pdata[i];

		if (entry->kind == INCIDENT_JOINED)
			document_command(document, "sha256sum incidents/%s/%s/audit.log",
					 incident->id, entry->text);
	}
}

static void add_standards(Document *document)
{
	static const char *const headings[] = {"Text", "Supports", "Does not show", NULL};
	static const struct {
		const char *text, *supports, *lacks;
	} rows[] = {
		{"PCI DSS 12.10.1, 12.10.2",
		 "that recovery in an incident is recorded, step by step",
		 "the whole incident response plan, or that it is tested yearly"},
		{"NIS2 CIR 2024/2690 4.2", "recovery times, as they were in a real recovery",
		 "approval of the backup plan"},
		{"DORA 12(6)", "recovery time and point against what was agreed",
		 "the agreement of objectives with the business"},
	};

	document_heading(document, "What it supports");
	document_table(document, headings);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		document_cell(document, TONE_PLAIN, rows[i].text);
		document_cell(document, TONE_PLAIN, rows[i].supports);
		document_cell(document, TONE_PLAIN, rows[i].lacks);
	}
	document_paragraph(document, "It does not take the place of an assessment. Compare the "
				     "articles with the official text.");
}

void incident_add_verification(Document *document, const struct incident_report *report)
{
	const Incident *incident = report->incident;

	document_section(document, "How to verify");
	document_paragraph(
		document,
		"This report derives from lines of the audit chain, each of which has the SHA-256 "
		"of the one before it. That shows whether a line was altered, as long as the end is "
		"held by something that cannot be written on this host: a checkpoint that is "
		"signed, and stored under lock. Who can write here, and holds the signing key, "
		"can sign anything that was not stored before.");
	document_fact(document, "Chains", incident->broken ? TONE_BAD : TONE_PLAIN,
		      incident->broken ? "BROKEN" : "hold, when this report was written");
	add_chains(document, incident);
	add_commands(document, incident);
	add_standards(document);
}
