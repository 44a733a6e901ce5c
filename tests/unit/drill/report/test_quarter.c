#include "drill/report/quarter.h"

#include "base/error.h"

#include <string.h>

static void names(void)
{
	static const struct {
		const char *name, *from, *to; /* from NULL: refused */
	} cases[] = {
		{"2026-Q4", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{"2024-Q1", "2024-01-01T00:00:00Z", "2024-04-01T00:00:00Z"},
		{"2026-Q5", NULL, NULL},
		{"2026Q4", NULL, NULL},
		{"", NULL, NULL},
		{"20x6-Q4", NULL, NULL},
		{"2026-q4", NULL, NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		usec_t from, to;

		if (!cases[i].from) {
			g_assert_false(quarter_parse(cases[i].name, &from, &to, &error));
			g_assert_true(odr_error_is(error, ODR_ERROR_USAGE));
			continue;
		}
		g_assert_true(quarter_parse(cases[i].name, &from, &to, &error));

		g_autofree char *begins = clock_format(from), *ends = clock_format(to);
		g_autofree char *name = quarter_name(to - 1);

		g_assert_cmpstr(begins, ==, cases[i].from);
		g_assert_cmpstr(ends, ==, cases[i].to);
		g_assert_cmpstr(name, ==, cases[i].name);
	}
}

static void release(void *reading)
{
	reading_free(reading);
}

static void store(Reading *reading)
{
	static const struct stored_copy same = {.same = true};

	reading->copies = g_ptr_array_new_with_free_func(stored_copy_free);
	g_ptr_array_add(reading->copies, g_memdup2(&same, sizeof(same)));
}

/* The sample record with other words in place of some. */
static void add(GPtrArray *readings, const char *file, const char *id, const char *day,
		const char *slot)
{
	const char *source = g_getenv("ODR_SRC");
	g_autofree char *path =
		g_build_filename(source ? source : ".", "tests/drill/records", file, NULL);
	g_autofree char *text = NULL;
	g_autoptr(GString) changed = NULL;
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(Reading) original = NULL;
	g_autofree char *old_slot = NULL, *new_slot = NULL, *old_day = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	content = g_bytes_new(text, strlen(text));
	original = reading_parse(content, file, &error);
	g_assert_no_error(error);
	old_slot = g_strdup_printf("\"slot\": \"%s\"", reading_text(original->record, "run.slot"));
	new_slot = slot ? g_strdup_printf("\"slot\": \"%s\"", slot) : g_strdup("\"slot\": null");
	old_day = g_strndup(
		reading_text(json_array_get(reading_at(original->record, "spans"), 0), "start"),
		10);
	changed = g_string_new(text);
	g_string_replace(changed, reading_text(original->record, "run.id"), id, 0);
	g_string_replace(changed, old_slot, new_slot, 0);
	g_string_replace(changed, old_day, day, 0);
	g_bytes_unref(content);
	content = g_bytes_new(changed->str, changed->len);
	g_ptr_array_add(readings, reading_parse(content, file, &error));
	g_assert_no_error(error);
	store(readings->pdata[readings->len - 1]);
}

struct site {
	struct quarter_service service;
	GPtrArray *services, *readings;
	struct quarter_request request;
};

static void site_init(struct site *site)
{
	struct catalog_exposure event = {0};

	*site = (struct site){0};
	site->service = (struct quarter_service){.name = "erp-prod",
						 .tier = "gold",
						 .rpo = {5 * USEC_PER_MIN},
						 .rto = 2 * USEC_PER_HOUR,
						 .has = {true},
						 .max_drill_age = 60 * USEC_PER_DAY,
						 .min_drills = 1};
	site->readings = g_ptr_array_new_with_free_func(release);
	site->services = g_ptr_array_new();
	g_ptr_array_add(site->services, &site->service);
	site->request.name = "2026-Q4";
	g_assert_true(quarter_parse("2026-Q4", &site->request.from, &site->request.to, NULL));
	site->request.now = site->request.from + 60 * USEC_PER_DAY;
	site->request.services = site->services;
	site->request.readings = site->readings;
	/* A point every four minutes from before the quarter. */
	site->service.events[QUARTER_DATABASE] =
		g_array_new(FALSE, FALSE, sizeof(struct catalog_exposure));
	for (event.usable_at = site->request.from - USEC_PER_HOUR;
	     event.usable_at < site->request.now; event.usable_at += 4 * USEC_PER_MIN) {
		event.recovery_point = event.usable_at - USEC_PER_SEC;
		g_array_append_val(site->service.events[QUARTER_DATABASE], event);
	}
}

static void site_clear(struct site *site)
{
	g_array_unref(site->service.events[QUARTER_DATABASE]);
	g_ptr_array_unref(site->services);
	g_ptr_array_unref(site->readings);
}

static void has_states(const Quarter *quarter, enum objective_state rpo, enum objective_state rto)
{
	const struct quarter_result *result = quarter->results->pdata[0];

	g_assert_cmpint(result->verdicts[QUARTER_RPO].state, ==, rpo);
	g_assert_cmpint(result->verdicts[QUARTER_RTO].state, ==, rto);
}

static void without_drills(void)
{
	struct site site;

	site_init(&site);
	g_autoptr(Quarter) quarter = quarter_compute(&site.request);
	g_autoptr(Document) document = quarter_document(quarter, NULL);
	g_autofree char *text = document_markdown(document);

	has_states(quarter, OBJECTIVE_NOT_PROVEN, OBJECTIVE_NOT_PROVEN);
	g_assert_cmpint(quarter_state(quarter), ==, OBJECTIVE_NOT_PROVEN);
	g_assert_nonnull(strstr(text, "**NOT PROVEN**"));
	g_assert_nonnull(strstr(text, "No drill was attempted in this period"));
	for (int section = 1; section <= 15; section++) {
		g_autofree char *heading = g_strdup_printf("\n## %d · ", section);

		g_assert_nonnull(strstr(text, heading));
	}
	site_clear(&site);
}

static void has_integrity(const Quarter *quarter, const char *name, enum objective_state state)
{
	for (guint i = 0; i < quarter->processes->len; i++) {
		const struct quarter_process *process = quarter->processes->pdata[i];

		if (strcmp(process->name, name) == 0)
			g_assert_cmpint(process->verdicts[QUARTER_INTEGRITY].state, ==, state);
	}
}

static void drills_are_counted(void)
{
	static const struct {
		const char *file, *id, *day, *slot;
	} attempts[] = {
		{"passed.json", "20261010T030000Z-00000001", "2026-10-10", "2026-W41"},
		{"failed.json", "20260810T030000Z-00000002", "2026-08-10", "2026-W33"}, /* before */
		{"passed.json", "20261011T030000Z-00000003", "2026-10-11",
		 "2026-W41"}, /* a repeat */
		{"passed.json", "20261012T030000Z-00000004", "2026-10-12", NULL},
		{"passed.json", "20261017T030000Z-00000005", "2026-10-17", "2026-W42"},
	};
	struct site site;

	site_init(&site);
	for (size_t i = 0; i < G_N_ELEMENTS(attempts); i++)
		add(site.readings, attempts[i].file, attempts[i].id, attempts[i].day,
		    attempts[i].slot);
	g_autoptr(Quarter) quarter = quarter_compute(&site.request);
	const struct quarter_result *result = quarter->results->pdata[0];

	g_assert_cmpuint(result->attempts->len, ==, 4);
	g_assert_cmpuint(result->drills.counted, ==, 2);
	g_assert_cmpuint(result->drills.failed, ==, 0);
	has_states(quarter, OBJECTIVE_MET, OBJECTIVE_MET);

	/* A failure lowers the state, though it is a repeat. */
	add(site.readings, "failed.json", "20261018T030000Z-00000006", "2026-10-18", "2026-W42");
	g_autoptr(Quarter) lowered = quarter_compute(&site.request);

	g_assert_cmpuint(((struct quarter_result *)lowered->results->pdata[0])->drills.counted, ==,
			 2);
	has_states(lowered, OBJECTIVE_MISSED, OBJECTIVE_MISSED);
	g_assert_cmpint(((struct quarter_result *)lowered->results->pdata[0])
				->verdicts[QUARTER_INTEGRITY]
				.state,
			==, OBJECTIVE_MISSED);
	has_integrity(quarter, "invoicing", OBJECTIVE_MET);
	has_integrity(lowered, "invoicing", OBJECTIVE_MISSED);
	site_clear(&site);
}

/* What was not stored, a repeat of a slot that began in the quarter before, and what came to no moment. */
static void what_does_not_count(void)
{
	static const struct {
		const char *id, *day, *slot, *why;
		bool unstored, forged;
		const char *state;
	} cases[] = {
		{"20260930T030000Z-00000001", "2026-09-30", "2026-W40", NULL, false, false, NULL},
		{"20261002T030000Z-00000002", "2026-10-02", "2026-W40", "a repeat in its slot",
		 false, false, NULL},
		{"20261010T030000Z-00000003", "2026-10-10", "2026-W41", "its record was not stored",
		 true, false, NULL},
		{"20261010T040000Z-00000006", "2026-10-10", "2026-W41", "its record was not stored",
		 false, true, NULL},
		{"20261011T030000Z-00000004", "2026-10-11", "2026-W41", "", false, false, NULL},
		{"20261018T030000Z-00000005", "2026-10-18", "2026-W42",
		 "ended before its moment was drawn", false, false, "opening"},
	};
	struct site site;

	site_init(&site);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		add(site.readings, "passed.json", cases[i].id, cases[i].day, cases[i].slot);
		Reading *reading = site.readings->pdata[i];

		if (cases[i].unstored)
			g_ptr_array_set_size(reading->copies, 0);
		if (cases[i].forged)
			reading->proof = STORED_WRONG;
		if (cases[i].state)
			json_object_set_new(reading->record, "failure",
					    json_pack("{s:s}", "state", cases[i].state));
	}
	g_autoptr(Quarter) quarter = quarter_compute(&site.request);
	const struct quarter_result *result = quarter->results->pdata[0];

	g_assert_cmpuint(result->drills.counted, ==, 1);
	for (guint i = 0; i < result->attempts->len; i++)
		g_assert_cmpstr(g_array_index(result->attempts, struct quarter_attempt, i).why_not,
				==, cases[i + 1].why);
	site_clear(&site);
}

/* A quarter that has just begun: the newest pass is as old as it is. */
static void age_crosses_quarters(void)
{
	struct site site;

	site_init(&site);
	add(site.readings, "passed.json", "20260929T030000Z-00000001", "2026-09-29", "2026-W40");
	site.request.now = site.request.from + 2 * USEC_PER_DAY;
	g_autoptr(Quarter) quarter = quarter_compute(&site.request);

	has_states(quarter, OBJECTIVE_MET, OBJECTIVE_NOT_PROVEN);
	site.service.max_drill_age = USEC_PER_DAY;
	g_autoptr(Quarter) old = quarter_compute(&site.request);

	has_states(old, OBJECTIVE_NOT_PROVEN, OBJECTIVE_NOT_PROVEN);
	site_clear(&site);
}

/* A drill that restores nothing measures no recovery, and does not make up for one that would. */
static void only_measured_times_count(void)
{
	static const char *const slots[] = {"2026-W41", "2026-W42"};
	struct site site;

	site_init(&site);
	site.service.min_drills = 2;
	add(site.readings, "passed.json", "20261010T030000Z-00000001", "2026-10-10", slots[0]);
	add(site.readings, "passed.json", "20261017T030000Z-00000002", "2026-10-17", slots[1]);
	g_autoptr(Quarter) both = quarter_compute(&site.request);

	has_states(both, OBJECTIVE_MET, OBJECTIVE_MET);
	json_object_set_new(
		json_object_get(((Reading *)site.readings->pdata[1])->record, "measured"),
		"rta_with_assumptions_us", json_null());
	g_autoptr(Quarter) one = quarter_compute(&site.request);

	has_states(one, OBJECTIVE_MET, OBJECTIVE_NOT_PROVEN);
	site_clear(&site);
}

static void estimate(const struct site *site, guint reading, usec_t time, const char *label,
		     bool chosen)
{
	json_t *record = ((Reading *)site->readings->pdata[reading])->record;

	json_object_set_new(record, "worst_case",
			    json_pack("{s:I,s:s,s:f}", "estimate_us", (json_int_t)time, "label",
				      label, "factor", 2.5));
	json_object_set_new(json_object_get(record, "draw"), "operator_chosen",
			    json_boolean(chosen));
}

/* An operator cannot raise a state by choosing what is measured. */
static void worst_case_of_counted(void)
{
	struct site site;

	site_init(&site);
	add(site.readings, "passed.json", "20261010T030000Z-00000001", "2026-10-10", "2026-W41");
	add(site.readings, "passed.json", "20261011T030000Z-00000002", "2026-10-11", "2026-W41");
	estimate(&site, 0, USEC_PER_HOUR, "extrapolated", false);
	estimate(&site, 1, USEC_PER_MIN, "measured", true);
	g_autoptr(Quarter) quarter = quarter_compute(&site.request);
	const struct quarter_result *result = quarter->results->pdata[0];
	g_autoptr(Document) document = quarter_document(quarter, NULL);
	g_autofree char *text = document_markdown(document);

	g_assert_cmpint(result->worst_case, ==, USEC_PER_HOUR);
	g_assert_cmpint(result->verdicts[QUARTER_RTO].state, ==, OBJECTIVE_NOT_PROVEN);
	g_assert_nonnull(strstr(text, "1 h, extrapolated to 2.50 times the largest that was "
				      "drilled, which evidence does not support"));
	site_clear(&site);
}

static void has_process(const Quarter *quarter, const char *name, enum objective_state rpo,
			enum objective_state rto, enum objective_state integrity)
{
	for (guint i = 0; i < quarter->processes->len; i++) {
		const struct quarter_process *process = quarter->processes->pdata[i];

		if (strcmp(process->name, name) != 0)
			continue;
		g_assert_cmpint(process->verdicts[QUARTER_RPO].state, ==, rpo);
		g_assert_cmpint(process->verdicts[QUARTER_RTO].state, ==, rto);
		g_assert_cmpint(process->verdicts[QUARTER_INTEGRITY].state, ==, integrity);
		return;
	}
	g_assert_not_reached();
}

/* A process is as good as what it rests on and its checks; a service no better than its processes. */
static void processes_are_judged(void)
{
	char *checks[] = {(char *)"invoices-balanced", (char *)"login", NULL};
	char *lacking[] = {(char *)"login", NULL}, *none[] = {NULL};
	struct quarter_business invoicing = {.name = "invoicing",
					     .components = "database",
					     .rpo = 5 * USEC_PER_MIN,
					     .rto = 90 * USEC_PER_MIN,
					     .checks = checks,
					     .lacking = none};
	struct site site;

	site_init(&site);
	add(site.readings, "passed.json", "20261010T030000Z-00000001", "2026-10-10", "2026-W41");
	invoicing.events = site.service.events[QUARTER_DATABASE];
	site.service.businesses = g_ptr_array_new();
	g_ptr_array_add(site.service.businesses, &invoicing);
	checks[1] = NULL;
	g_autoptr(Quarter) quarter = quarter_compute(&site.request);

	has_process(quarter, "invoicing", OBJECTIVE_MET, OBJECTIVE_MET, OBJECTIVE_MET);

	/* A check that no plan has. */
	checks[1] = (char *)"login";
	invoicing.lacking = lacking;
	g_autoptr(Quarter) lacks = quarter_compute(&site.request);

	has_process(lacks, "invoicing", OBJECTIVE_MET, OBJECTIVE_MET, OBJECTIVE_NOT_PROVEN);

	/* One that a plan has, and no drill. */
	invoicing.lacking = none;
	g_autoptr(Quarter) unseen = quarter_compute(&site.request);

	has_process(unseen, "invoicing", OBJECTIVE_MET, OBJECTIVE_MET, OBJECTIVE_NOT_PROVEN);

	/* Tighter than what the service is measured by. */
	invoicing.rpo = 2 * USEC_PER_MIN;
	invoicing.rto = 60 * USEC_PER_MIN;
	checks[1] = NULL;
	g_autoptr(Quarter) tight = quarter_compute(&site.request);

	has_process(tight, "invoicing", OBJECTIVE_MISSED, OBJECTIVE_MISSED, OBJECTIVE_MET);
	has_states(tight, OBJECTIVE_MET, OBJECTIVE_MET);
	g_assert_cmpint(quarter_service_state(tight, "erp-prod", QUARTER_RTO), ==,
			OBJECTIVE_MISSED);
	g_assert_cmpint(quarter_tier_state(tight, "gold", QUARTER_RPO), ==, OBJECTIVE_MISSED);
	g_ptr_array_unref(site.service.businesses);
	site_clear(&site);
}

static void exemptions_are_applied(void)
{
	static const struct quarter_exemption exemption = {
		.kind = QUARTER_COVERAGE,
		.exemption = {"no second site yet", "head of IT", G_MAXINT64 / 2}};
	struct site site;

	site_init(&site);
	site.service.exemptions = g_array_new(FALSE, FALSE, sizeof(struct quarter_exemption));
	g_array_append_val(site.service.exemptions, exemption);
	g_autoptr(Quarter) quarter = quarter_compute(&site.request);

	g_assert_cmpint(quarter_service_state(quarter, "erp-prod", QUARTER_COVERAGE), ==,
			OBJECTIVE_EXEMPT);
	g_assert_cmpint(quarter_service_state(quarter, "erp-prod", QUARTER_INTEGRITY), ==,
			OBJECTIVE_NOT_PROVEN);
	g_array_unref(site.service.exemptions);
	site_clear(&site);
}

static void exposure_is_judged(void)
{
	struct site site;
	struct catalog_exposure late;

	site_init(&site);
	add(site.readings, "passed.json", "20261010T030000Z-00000001", "2026-10-10", "2026-W41");
	/* Nothing new for the last ten minutes. */
	g_array_set_size(site.service.events[QUARTER_DATABASE],
			 site.service.events[QUARTER_DATABASE]->len - 2);
	late = g_array_index(site.service.events[QUARTER_DATABASE], struct catalog_exposure,
			     site.service.events[QUARTER_DATABASE]->len - 1);
	g_assert_cmpint(site.request.now - late.recovery_point, >, 5 * USEC_PER_MIN);
	g_autoptr(Quarter) quarter = quarter_compute(&site.request);
	const struct quarter_result *result = quarter->results->pdata[0];

	has_states(quarter, OBJECTIVE_MISSED, OBJECTIVE_MET);
	g_assert_cmpuint(result->exposure[QUARTER_DATABASE].episodes->len, ==, 1);
	site_clear(&site);
}

/* What was found to be lost in the last half hour is said, in words and in JSON. */
static void revision_is_said(void)
{
	struct site site;
	struct catalog_exposure last;

	site_init(&site);
	last = g_array_index(site.service.events[QUARTER_DATABASE], struct catalog_exposure,
			     site.service.events[QUARTER_DATABASE]->len - 1);
	last.usable_at = site.request.now - USEC_PER_MIN;
	last.recovery_point = site.request.now - 40 * USEC_PER_MIN;
	last.revises = site.request.now - 31 * USEC_PER_MIN;
	g_array_append_val(site.service.events[QUARTER_DATABASE], last);

	GArray *claimed = site.service.events[QUARTER_DATABASE];

	site.service.events[QUARTER_DATABASE] = exposure_revise(claimed);
	g_array_unref(claimed);
	g_autoptr(Quarter) quarter = quarter_compute(&site.request);
	g_autoptr(Document) document = quarter_document(quarter, NULL);
	g_autofree char *text = document_markdown(document);

	has_states(quarter, OBJECTIVE_MISSED, OBJECTIVE_NOT_PROVEN);
	g_assert_nonnull(strstr(text, "Revised for 30 min of the database: what was stored turned "
				      "out to be lost"));
	site_clear(&site);
}

static void mark(Incident *incident, enum incident_mark which, usec_t time)
{
	struct incident_entry *entry = g_new0(struct incident_entry, 1);

	entry->kind = INCIDENT_MARKED;
	entry->mark = which;
	entry->recorded = entry->stated = time;
	g_ptr_array_add(incident->entries, entry);
	incident->marks[which] = entry;
}

/* Lost at a time; what was recovered ends before that, and users were served again after it. 0: not known. */
static Incident *incident_of(usec_t loss, usec_t lost, usec_t outage)
{
	Incident *incident = g_new0(Incident, 1);

	incident->id = g_strdup("20261020T090000Z-00000001");
	incident->service = g_strdup("erp-prod");
	incident->opened = incident->closed = loss + USEC_PER_HOUR;
	incident->entries = g_ptr_array_new_with_free_func(g_free);
	incident->restores = g_ptr_array_new();
	mark(incident, INCIDENT_LOSS, loss);
	if (outage > 0)
		mark(incident, INCIDENT_CUTOVER, loss + outage);
	incident->server.asked = loss;
	incident->server.last_replayed = lost > 0 ? loss - lost : 0;
	return incident;
}

/* One that went well raises nothing, one beyond the objective is a miss, and what is not known is not proven. */
static void incidents_are_judged(void)
{
	static const struct {
		usec_t lost, outage;
		enum objective_state rpo, rto;
		const char *reason; /* the first of RPO */
	} cases[] = {
		{USEC_PER_MIN, USEC_PER_HOUR, OBJECTIVE_MET, OBJECTIVE_MET, NULL},
		{6 * USEC_PER_MIN, USEC_PER_HOUR, OBJECTIVE_MISSED, OBJECTIVE_MET,
		 "the loss of incident 20261020T090000Z-00000001 was 6 min, the objective is 5 min"},
		{USEC_PER_MIN, 3 * USEC_PER_HOUR, OBJECTIVE_MET, OBJECTIVE_MISSED, NULL},
		{0, 0, OBJECTIVE_NOT_PROVEN, OBJECTIVE_NOT_PROVEN,
		 "the loss of incident 20261020T090000Z-00000001 is not known"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) incidents = g_ptr_array_new();
		struct site site;

		site_init(&site);
		add(site.readings, "passed.json", "20261010T030000Z-00000001", "2026-10-10",
		    "2026-W41");
		Incident *incident = incident_of(site.request.from + 19 * USEC_PER_DAY,
						 cases[i].lost, cases[i].outage);

		g_ptr_array_add(incidents, incident);
		site.service.incidents = incidents;
		g_autoptr(Quarter) quarter = quarter_compute(&site.request);
		const struct quarter_result *result = quarter->results->pdata[0];

		has_states(quarter, cases[i].rpo, cases[i].rto);
		if (cases[i].reason)
			g_assert_cmpstr(result->verdicts[QUARTER_RPO].reasons->pdata[0], ==,
					cases[i].reason);

		/* Of another period it says nothing of this one. */
		incident->marks[INCIDENT_LOSS] = NULL;
		incident->opened = site.request.from - 1;
		g_autoptr(Quarter) other = quarter_compute(&site.request);

		has_states(other, OBJECTIVE_MET, OBJECTIVE_MET);
		incident_free(incident);
		site_clear(&site);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drill/report/quarter/what-does-not-count", what_does_not_count);
	g_test_add_func("/drill/report/quarter/age-crosses-quarters", age_crosses_quarters);
	g_test_add_func("/drill/report/quarter/only-measured-times-count",
			only_measured_times_count);
	g_test_add_func("/drill/report/quarter/worst-case-of-counted", worst_case_of_counted);
	g_test_add_func("/drill/report/quarter/names", names);
	g_test_add_func("/drill/report/quarter/without-drills-is-not-proven", without_drills);
	g_test_add_func("/drill/report/quarter/drills-are-counted", drills_are_counted);
	g_test_add_func("/drill/report/quarter/exposure-is-judged", exposure_is_judged);
	g_test_add_func("/drill/report/quarter/what-was-revised-is-said", revision_is_said);
	g_test_add_func("/drill/report/quarter/incidents-are-judged", incidents_are_judged);
	g_test_add_func("/drill/report/quarter/processes-are-judged", processes_are_judged);
	g_test_add_func("/drill/report/quarter/exemptions-are-applied", exemptions_are_applied);
	return g_test_run();
}
