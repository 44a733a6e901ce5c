/* What a drill looked at: checks by process, controls, files, jobs. */
#include "drill/report/report.h"
#include "drill/report/words.h"

#include <string.h>

static enum tone status_tone(const char *status, bool warning)
{
	if (g_strcmp0(status, "pass") == 0)
		return TONE_GOOD;
	if (g_strcmp0(status, "fail") == 0)
		return warning ? TONE_OPEN : TONE_BAD;
	return TONE_MUTED;
}

static void add_check(Document *document, const json_t *check)
{
	const char *status = reading_text(check, "status");
	const char *severity = reading_text(check, "severity");
	g_autofree char *took = words_duration(reading_int(check, "duration_us"));
	g_autofree char *word = status ? g_strdup(status) : NULL;
	g_autofree char *value = reading_print(check, "value");
	g_autofree char *expect = reading_print(check, "expect");
	g_autofree char *stage =
		g_strdup_printf("%s%s", reading_flag(check, "gate") ? "gate, " : "",
				reading_text(check, "stage") ? reading_text(check, "stage") : "–");

	if (word)
		g_strdelimit(word, "-", ' ');
	document_cell(document, TONE_PLAIN, reading_text(check, "name"));
	document_cell(document, status_tone(status, g_strcmp0(severity, "fail") != 0), word);
	document_cell(document, TONE_PLAIN, stage);
	document_cell(document, TONE_PLAIN, value);
	document_cell(document, TONE_PLAIN, expect);
	document_cell(document, TONE_PLAIN, took);
	document_cell(document, TONE_PLAIN, reading_text(check, "message"));
}

static bool check_is_of(const json_t *check, const char *process)
{
	const json_t *list = reading_at(check, "process");

	if (!process)
		return json_array_size(list) == 0;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (g_strcmp0(json_string_value(json_array_get(list, i)), process) == 0)
			return true;
	return false;
}

/* Every process that a check names, in their order; first NULL: the checks of all. */
static GPtrArray *processes_of(const json_t *checks)
{
	GPtrArray *processes = g_ptr_array_new();

	g_ptr_array_add(processes, NULL);
	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *list = reading_at(json_array_get(checks, i), "process");

		for (size_t k = 0; k < json_array_size(list); k++) {
			const char *name = json_string_value(json_array_get(list, k));
			bool known = name == NULL;

			for (guint m = 1; m < processes->len && !known; m++)
				known = strcmp(processes->pdata[m], name) == 0;
			if (!known)
				g_ptr_array_add(processes, (gpointer)name);
		}
	}
	return processes;
}

static const struct control_look {
	const char *status, *words;
	enum tone tone;
} control_looks[] = {{"pass", "found", TONE_GOOD},
		     {"fail", "not found", TONE_BAD},
		     {"not-assessed", "not assessed", TONE_MUTED}};

static const struct control_look *control_look(const char *status)
{
	for (size_t i = 0; i < G_N_ELEMENTS(control_looks); i++)
		if (g_strcmp0(control_looks[i].status, status) == 0)
			return &control_looks[i];
	return &control_looks[G_N_ELEMENTS(control_looks) - 1];
}

static void add_controls(Document *document, const json_t *record)
{
	static const char *const headings[] = {"Planted damage", "Check", "Its result", "Control",
					       NULL};
	const json_t *controls = reading_at(record, "controls");

	if (json_array_size(controls) == 0)
		return;
	document_heading(document, "Controls: damage that a check must find");
	document_table(document, headings);
	for (size_t i = 0; i < json_array_size(controls); i++) {
		const json_t *control = json_array_get(controls, i);
		const char *status = reading_text(control, "status");
		const struct control_look *look = control_look(status);

		document_cell(document, TONE_PLAIN, reading_text(control, "name"));
		document_cell(document, TONE_PLAIN, reading_text(control, "check"));
		document_cell(document, TONE_PLAIN, reading_text(control, "found"));
		document_cell(document, look->tone, look->words);
	}
}

void report_add_checks(Document *document, const json_t *record)
{
	static const char *const headings[] = {"Process",  "Check", "Result",  "Stage", "Found",
					       "Expected", ">Took", "Message", NULL};
	const json_t *checks = reading_at(record, "checks");
	g_autoptr(GPtrArray) processes = processes_of(checks);

	document_section(document, "Checks by business process");
	document_table(document, headings);
	for (guint i = 0; i < processes->len; i++) {
		const char *process = processes->pdata[i];

		for (size_t k = 0; k < json_array_size(checks); k++) {
			const json_t *check = json_array_get(checks, k);

			if (!check_is_of(check, process))
				continue;
			document_cell(document, TONE_PLAIN, process ? process : "all");
			add_check(document, check);
		}
	}
	if (document_table_empty(document))
		document_paragraph(document, "No check was run.");
	add_controls(document, record);
}

static void add_number(Document *document, const json_t *record, const char *name, const char *path)
{
	int64_t value = reading_int(record, path);
	g_autofree char *text = value < 0 ? NULL : words_count(value);

	document_fact(document, name, TONE_PLAIN, text);
}

void report_add_files(Document *document, const json_t *record)
{
	document_section(document, "Filestore and configuration");
	if (!reading_at(record, "filestore")) {
		document_paragraph(document, "The files were not looked at.");
	} else {
		add_number(document, record, "Files the database names", "filestore.named");
		add_number(document, record, "Compared", "filestore.checked");
		add_number(document, record, "Missing", "filestore.missing");
		add_number(document, record, "Of another size", "filestore.size_mismatch");
		add_number(document, record, "Of another checksum", "filestore.hash_mismatch");
		add_number(document, record, "Named by no row", "filestore.orphans");
		add_number(document, record, "Outside the filestore", "filestore.outside");
		document_fact(document, "Sample", TONE_PLAIN,
			      reading_flag(record, "filestore.sampled") ? "yes" : "no, every file");
	}
	document_heading(document, "Jobs and neutralization");
	add_number(document, record, "Stale jobs freed in the rehearsal", "requeue.jobs");
	document_fact(document, "Neutralized by", TONE_PLAIN,
		      reading_text(record, "neutralization.method"));
	add_number(document, record, "Ways to the outside that were left", "neutralization.left");
}
