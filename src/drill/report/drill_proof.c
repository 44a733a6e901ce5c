/* What a drill proved, and what it did not. */
#include "drill/measure/statistics.h"
#include "drill/report/report.h"
#include "drill/report/words.h"

static size_t count_of(const json_t *record, const char *path)
{
	return json_array_size(reading_at(record, path));
}

struct check_counts {
	unsigned passed, failed, unassessed, gates;
};

static struct check_counts count_checks(const json_t *record)
{
	const json_t *checks = reading_at(record, "checks");
	struct check_counts counts = {0};

	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *check = json_array_get(checks, i);
		const char *status = reading_text(check, "status");

		if (g_strcmp0(status, "pass") == 0)
			counts.passed++;
		else if (g_strcmp0(status, "fail") == 0)
			counts.failed++;
		else
			counts.unassessed++;
		counts.gates += reading_flag(check, "gate");
	}
	return counts;
}

static void prove_restore(Document *document, const json_t *record)
{
	const char *set = reading_text(record, "source.set");
	const char *commit = reading_text(record, "measured.last_commit");
	const char *repository = reading_text(record, "source.repository");
	g_autofree char *version = words_pg_version(reading_int(record, "source.pg_version"));

	if (!set || !commit)
		return;
	document_item(document,
		      "Set %s of repository %s and its WAL led a PostgreSQL %s server to the "
		      "target; its newest commit is of %s.",
		      set, repository ? repository : "–", version ? version : "–", commit);
}

static void prove_files(Document *document, const json_t *record)
{
	int64_t named = reading_int(record, "filestore.named");
	int64_t checked = reading_int(record, "filestore.checked");
	int64_t bad = reading_int(record, "filestore.missing");
	int64_t mismatch = reading_int(record, "filestore.hash_mismatch");
	int64_t size = reading_int(record, "filestore.size_mismatch");

	if (named <= 0 || checked <= 0 || bad != 0 || mismatch != 0 || size != 0)
		return;

	g_autofree char *of = words_count(named), *done = words_count(checked);
	g_autofree char *bound = words_at_most(
		statistics_damage_bound((uint64_t)named, (uint64_t)MIN(checked, named)));

	if (checked >= named)
		document_item(document,
			      "All %s files that the restored database names were compared with "
			      "their checksums; none is missing, none differs.",
			      of);
	else
		document_item(document,
			      "%s of %s files compared by hash, 0 differ; damaged share ≤ %s "
			      "(95 %%).",
			      done, of, bound);
}

static void prove_time(Document *document, const json_t *record)
{
	g_autofree char *ready =
		words_duration(reading_int(record, "measured.rta_service_ready_us"));
	g_autofree char *all =
		words_duration(reading_int(record, "measured.rta_with_assumptions_us"));

	if (ready && g_strcmp0(ready, all) == 0)
		document_item(document, "The service was ready %s after the command, measured.",
			      ready);
	else if (ready && all)
		document_item(document,
			      "The service was ready %s after the command, measured; %s with the "
			      "assumed times for detection, decision and cutover.",
			      ready, all);
}

void report_add_proven(Document *document, const json_t *record)
{
	struct check_counts counts = count_checks(record);

	document_section(document, "Proven by this drill");
	prove_restore(document, record);
	if (counts.passed > 0)
		document_item(document, "%u of %u checks passed, %u of all are gates.",
			      counts.passed, counts.passed + counts.failed + counts.unassessed,
			      counts.gates);
	prove_files(document, record);
	prove_time(document, record);
	if (reading_flag(record, "isolation.verified"))
		document_item(
			document,
			"From where the restored server ran, none of %zu addresses and sockets "
			"of this host could be reached.",
			count_of(record, "isolation.probes"));
	if (((struct block *)document->blocks->pdata[document->blocks->len - 1])->kind !=
	    BLOCK_ITEM)
		document_paragraph(document,
				   "Nothing: the drill ended before anything was proven.");
}

static void add_unproven_checks(Document *document, const json_t *record)
{
	const json_t *checks = reading_at(record, "checks");

	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *check = json_array_get(checks, i);
		const char *status = reading_text(check, "status");
		const char *name = reading_text(check, "name");
		const char *message = reading_text(check, "message");

		if (g_strcmp0(status, "pass") != 0)
			document_item(document, "%s %s: %s.", name ? name : "a check",
				      g_strcmp0(status, "fail") == 0 ? "failed"
								     : "was not assessed",
				      message ? message : "no reason is recorded");
	}
}

/* What the plan names as out of reach; checks that could not be assessed are told already. */
static void add_left_out(Document *document, const json_t *record)
{
	const json_t *list = reading_at(record, "not_assessed");
	const json_t *checks = reading_at(record, "checks");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *what = json_is_string(entry) ? json_string_value(entry)
							 : reading_text(entry, "what");
		const char *reason = reading_text(entry, "reason");
		bool told = what == NULL;

		for (size_t k = 0; k < json_array_size(checks) && !told; k++)
			told = g_strcmp0(reading_text(json_array_get(checks, k), "name"), what) ==
			       0;
		if (!told)
			document_item(document, "Not assessed: %s%s%s.", what, reason ? ": " : "",
				      reason ? reason : "");
	}
}

void report_add_not_proven(Document *document, const json_t *record)
{
	const char *outside = reading_text(record, "target.host_class");

	document_section(document, "Not proven");
	if (reading_text(record, "failure.message"))
		document_item(document, "The drill ended early, in state %s: %s.",
			      reading_text(record, "failure.state"),
			      reading_text(record, "failure.message"));
	add_unproven_checks(document, record);
	add_left_out(document, record);
	if (!report_add_unassumed(document, reading_at(record, "assumptions")))
		document_item(document,
			      "Detection, decision and cutover are assumptions, named below.");
	if (reading_int(record, "filestore.outside") > 0)
		document_item(document,
			      "Attachments outside the filestore: %" G_GINT64_FORMAT
			      ", counted and not looked at.",
			      reading_int(record, "filestore.outside"));
	if (reading_flag(record, "draw.operator_chosen"))
		document_item(document,
			      "The moment was chosen by the operator, not drawn: the drill "
			      "raises no state.");
	document_item(document,
		      "Systems of partners were not rolled back: what they received after "
		      "the recovery point is not undone.");
	document_item(document, "Other hardware than this host%s%s.", outside ? ", of class " : "",
		      outside ? outside : "");
	document_item(document, "One drill bounds the failure probability by no more than 95.0 %% "
				"(95 %%, n=1); the quarterly report adds them up.");
}
