#include "base/error.h"
#include "base/file.h"
#include "drill/incident/figures.h"

#include <glib/gstdio.h>
#include <string.h>

#define RUN "20261121T230501Z-5e7a11ce"

struct fixture {
	char *state, *other;
	Audit *audit;
	char *id;
	GPtrArray *troubles, *warnings;
};

static void set_up(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;

	fixture->state = g_dir_make_tmp("odr-incident-XXXXXX", NULL);
	fixture->other = g_dir_make_tmp("odr-incident-XXXXXX", NULL);
	fixture->audit = audit_open(fixture->state, &error);
	g_assert_no_error(error);
	fixture->troubles = g_ptr_array_new_with_free_func(g_free);
	fixture->warnings = g_ptr_array_new_with_free_func(g_free);
	incident_open(fixture->audit, "erp", "the host is gone", &fixture->id, &error);
	g_assert_no_error(error);
}

static void tear_down(struct fixture *fixture, const void *data)
{
	audit_close(fixture->audit);
	g_assert_true(file_remove_tree(fixture->state, NULL));
	g_assert_true(file_remove_tree(fixture->other, NULL));
	g_ptr_array_unref(fixture->troubles);
	g_ptr_array_unref(fixture->warnings);
	g_free(fixture->state);
	g_free(fixture->other);
	g_free(fixture->id);
}

static Incident *load(const struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	Incident *incident = NULL;

	incident_load(fixture->state, fixture->id, &incident, fixture->troubles, &error);
	g_assert_no_error(error);
	return incident;
}

static usec_t at(const char *time)
{
	g_autoptr(GError) error = NULL;
	usec_t parsed = 0;

	clock_parse(time, &parsed, &error);
	g_assert_no_error(error);
	return parsed;
}

static bool try_mark(const struct fixture *fixture, const struct incident_marking *marking,
		     GError **error)
{
	g_autoptr(Incident) incident = load(fixture);

	return incident_mark(fixture->audit, incident, marking, fixture->warnings, error);
}

static void mark_at(const struct fixture *fixture, enum incident_mark mark, const char *time)
{
	g_autoptr(GError) error = NULL;

	try_mark(fixture, &(struct incident_marking){.mark = mark, .at = at(time)}, &error);
	g_assert_no_error(error);
}

static void close_it(const struct fixture *fixture)
{
	g_autoptr(Incident) incident = load(fixture);
	g_autoptr(GError) error = NULL;

	incident_close(fixture->audit, incident, "it is over", &error);
	g_assert_no_error(error);
}

static void expect_error(const GError *error, enum odr_error code, const char *part)
{
	g_assert_error(error, ODR_ERROR, (int)code);
	if (!strstr(error->message, part))
		g_error("'%s' does not say '%s'", error->message, part);
}

/* A restore as it tells the chain of itself. */
static void restore(Audit *audit, const char *id, const char *began, const char *last_commit)
{
	g_autoptr(JsonValue) data = json_object();
	g_autoptr(JsonValue) span = json_object();
	g_autoptr(GError) error = NULL;

	json_set_string(data, "incident", id);
	json_set_string(data, "command", "restore");
	json_set_string(data, "began", began);
	audit_append(
		audit,
		&(struct audit_entry){.event = AUDIT_RESTORE_PLANNED, .run = RUN, .data = data},
		NULL, &error);
	g_assert_no_error(error);
	json_set_string(span, "phase", "base");
	json_set_string(span, "component", "database");
	json_set_string(span, "began", began);
	json_set_int(span, "mono_us", 90 * USEC_PER_SEC);
	json_set_string(span, "outcome", "ok");
	json_set(data, "spans", json_pack("[O]", span));
	json_set_string(data, "outcome", "ok");
	json_set_string(data, "target", "default");
	json_set_string(data, "last_commit", last_commit);
	json_set_string(data, "system_identifier", "7");
	audit_append(audit,
		     &(struct audit_entry){.event = AUDIT_RESTORE_ENDED, .run = RUN, .data = data},
		     NULL, &error);
	g_assert_no_error(error);
}

/* ---- marks ------------------------------------------------------------------------------------- */

static void test_names(void)
{
	for (int i = 0; i < INCIDENT_MARKS; i++) {
		enum incident_mark mark = INCIDENT_MARKS;

		g_assert_true(incident_mark_parse(incident_mark_name((enum incident_mark)i), &mark,
						  NULL));
		g_assert_cmpint(mark, ==, i);
	}
	enum incident_mark mark;
	g_autoptr(GError) error = NULL;

	g_assert_false(incident_mark_parse("db-redy", &mark, &error));
	expect_error(error, ODR_ERROR_USAGE, "did you mean 'db-ready'?");
}

static void test_states_and_records(struct fixture *fixture, const void *data)
{
	usec_t before = clock_now();

	mark_at(fixture, INCIDENT_LOSS, "2026-11-20T10:00:00+01:00");
	g_autoptr(Incident) incident = load(fixture);
	const struct incident_entry *entry = incident->marks[INCIDENT_LOSS];

	g_assert_cmpstr(incident->title, ==, "the host is gone");
	g_assert_cmpstr(incident->service, ==, "erp");
	g_assert_cmpint(entry->stated, ==, at("2026-11-20T09:00:00Z"));
	g_assert_cmpint(entry->recorded, >=, before);
	g_assert_cmpint(incident_mark_time(incident, INCIDENT_LOSS), ==, entry->stated);
	g_assert_cmpint(incident_mark_time(incident, INCIDENT_CUTOVER), ==, 0);
	g_assert_cmpuint(fixture->troubles->len, ==, 0);
}

static void test_keeps_what_it_corrects(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL, empty = NULL;
	struct incident_marking again = {.mark = INCIDENT_DETECTED,
					 .at = at("2026-11-20T09:01:00Z")};
	struct incident_marking nothing = {.mark = INCIDENT_CUTOVER, .correct = "so"};

	mark_at(fixture, INCIDENT_DETECTED, "2026-11-20T09:05:00Z");
	g_assert_false(try_mark(fixture, &again, &error));
	expect_error(error, ODR_ERROR_EXISTS, "is marked already, at 2026-11-20T09:05:00Z");
	g_assert_false(try_mark(fixture, &nothing, &empty));
	expect_error(empty, ODR_ERROR_USAGE, "there is nothing to correct");
	again.correct = "the alert was earlier";
	g_assert_true(try_mark(fixture, &again, NULL));

	g_autoptr(Incident) incident = load(fixture);
	const struct incident_entry *first = incident->entries->pdata[1];

	g_assert_cmpuint(incident->entries->len, ==, 3);
	g_assert_false(first->counts);
	g_assert_cmpint(first->stated, ==, at("2026-11-20T09:05:00Z"));
	g_assert_cmpint(incident_mark_time(incident, INCIDENT_DETECTED), ==, again.at);
}

static void test_refuses_what_is_to_come(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(try_mark(fixture,
				&(struct incident_marking){.mark = INCIDENT_CUTOVER,
							   .at = clock_now() + USEC_PER_HOUR},
				&error));
	expect_error(error, ODR_ERROR_USAGE, "the time is still to come");
}

static void test_warns_of_order(struct fixture *fixture, const void *data)
{
	mark_at(fixture, INCIDENT_DB_READY, "2026-11-20T09:30:00Z");
	mark_at(fixture, INCIDENT_DECISION, "2026-11-20T09:10:00Z");
	g_assert_cmpuint(fixture->warnings->len, ==, 0);
	mark_at(fixture, INCIDENT_CUTOVER, "2026-11-20T09:20:00Z");
	g_assert_cmpuint(fixture->warnings->len, ==, 1);
	g_assert_true(g_str_has_prefix(fixture->warnings->pdata[0],
				       "cutover is now before db-ready, which is at "
				       "2026-11-20T09:30:00Z"));
}

static void test_end(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) marked = NULL, noted = NULL;

	close_it(fixture);
	g_assert_false(
		try_mark(fixture, &(struct incident_marking){.mark = INCIDENT_CUTOVER}, &marked));
	expect_error(marked, ODR_ERROR_REFUSED, "--later");
	g_autoptr(Incident) incident = load(fixture);
	struct incident_note note = {.text = "INV/2026/1204", .lost = true};

	g_assert_false(incident_note(fixture->audit, incident, &note, &noted));
	expect_error(noted, ODR_ERROR_REFUSED, "was closed at");
	note.later = true;
	g_assert_true(incident_note(fixture->audit, incident, &note, NULL));
	g_assert_cmpstr(incident->summary, ==, "it is over");
}

/* Whatever another program appended: what was marked after the end does not count. */
static void test_marks_behind_the_end(struct fixture *fixture, const void *data)
{
	g_autoptr(Incident) open = load(fixture);

	close_it(fixture);
	g_assert_true(incident_mark(fixture->audit, open,
				    &(struct incident_marking){.mark = INCIDENT_CUTOVER},
				    fixture->warnings, NULL));
	g_autoptr(Incident) incident = load(fixture);

	g_assert_null(incident->marks[INCIDENT_CUTOVER]);
	g_assert_cmpuint(incident->entries->len, ==, 3);
}

static void test_texts(void)
{
	g_autofree char *longer = g_strnfill(INCIDENT_TEXT_MAX + 1, 'x');
	const struct {
		const char *text, *error;
	} cases[] = {{"", "--title is empty"},
		     {"\xff", "--title is not UTF-8"},
		     {longer, "--title is longer than 4000 bytes: write several notes"}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(incident_text_check("--title", cases[i].text, &error));
		g_assert_cmpstr(error->message, ==, cases[i].error);
	}
}

/* ---- which one --------------------------------------------------------------------------------- */

static void test_chooses(struct fixture *fixture, const void *data)
{
	g_autoptr(Incident) only = NULL, none = NULL, latest = NULL;
	g_autoptr(GError) several = NULL, closed = NULL, unknown = NULL, wrong = NULL;
	g_autofree char *second = NULL;

	g_assert_true(incident_load_open(fixture->state, &only, fixture->troubles, NULL));
	g_assert_cmpstr(only->id, ==, fixture->id);
	g_assert_true(incident_open(fixture->audit, "crm", "slow", &second, NULL));
	g_assert_false(incident_load_open(fixture->state, &none, fixture->troubles, &several));
	expect_error(several, ODR_ERROR_USAGE, "several incidents are open: name one of");
	close_it(fixture);
	g_assert_true(incident_load_open(fixture->state, &none, fixture->troubles, NULL));
	g_assert_cmpstr(none->id, ==, second);
	g_assert_true(incident_close(fixture->audit, none, NULL, NULL));
	g_assert_false(incident_load_open(fixture->state, &latest, fixture->troubles, &closed));
	expect_error(closed, ODR_ERROR_REFUSED, "no incident is open");
	g_assert_false(incident_load(fixture->state, RUN, &latest, fixture->troubles, &unknown));
	expect_error(unknown, ODR_ERROR_NOT_FOUND, "there is no incident " RUN);
	g_assert_false(incident_load(fixture->state, "../x", &latest, fixture->troubles, &wrong));
	expect_error(wrong, ODR_ERROR_USAGE, "'../x' is no id of an incident");
}

/* ---- restores and other hosts ------------------------------------------------------------------ */

static void test_links_a_restore(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) absent = NULL, twice = NULL, error = NULL;
	g_autoptr(Incident) before = load(fixture);

	g_assert_false(incident_link(fixture->audit, fixture->state, before, RUN, &absent));
	expect_error(absent, ODR_ERROR_NOT_FOUND, "no restore or export " RUN);
	restore(fixture->audit, NULL, "2026-11-20T09:12:00Z", "2026-11-20T08:58:00Z");
	g_assert_true(incident_link(fixture->audit, fixture->state, before, RUN, &error));
	g_autoptr(Incident) incident = load(fixture);
	const struct incident_restore *linked = incident->restores->pdata[0];

	g_assert_cmpuint(incident->restores->len, ==, 1);
	g_assert_true(linked->linked);
	g_assert_cmpuint(linked->spans->len, ==, 1);
	g_assert_cmpint(g_array_index(linked->spans, struct incident_span, 0).took, ==,
			90 * USEC_PER_SEC);
	g_assert_false(incident_link(fixture->audit, fixture->state, incident, RUN, &twice));
	expect_error(twice, ODR_ERROR_EXISTS, "belongs to incident");
}

static void test_joins_another_host(struct fixture *fixture, const void *data)
{
	g_autoptr(Audit) audit = audit_open(fixture->other, NULL);
	g_autoptr(GError) nothing = NULL, error = NULL, again = NULL, broken = NULL;

	restore(audit, NULL, "2026-11-20T09:10:00Z", NULL);
	g_assert_false(incident_join(fixture->audit, fixture->state, fixture->id, fixture->other,
				     &nothing));
	expect_error(nothing, ODR_ERROR_NOT_FOUND, "knows nothing of");
	restore(audit, fixture->id, "2026-11-20T09:12:00Z", "2026-11-20T08:58:00Z");
	g_assert_true(
		incident_join(fixture->audit, fixture->state, fixture->id, fixture->other, &error));
	g_assert_false(
		incident_join(fixture->audit, fixture->state, fixture->id, fixture->other, &again));
	expect_error(again, ODR_ERROR_EXISTS, "is here already");
	g_autoptr(Incident) incident = load(fixture);

	g_assert_cmpuint(incident->restores->len, ==, 1);
	g_assert_cmpuint(incident->entries->len, ==, 4);
	g_assert_false(incident->broken);

	g_autofree char *path = audit_path(fixture->other);
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	strstr(text, "restore.ended")[0] = 'R';
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_assert_false(incident_join(fixture->audit, fixture->state, fixture->id, fixture->other,
				     &broken));
	expect_error(broken, ODR_ERROR_CORRUPT, "does not hold");
}

/* What this host restored is told by its own chain, whatever a joined one says of the same run. */
static void test_believes_itself(struct fixture *fixture, const void *data)
{
	g_autoptr(Audit) audit = audit_open(fixture->other, NULL);

	restore(fixture->audit, fixture->id, "2026-11-20T09:12:00Z", "2026-11-20T08:58:00Z");
	restore(audit, fixture->id, "2026-11-20T05:00:00Z", "2026-11-20T08:59:59Z");
	g_assert_true(
		incident_join(fixture->audit, fixture->state, fixture->id, fixture->other, NULL));
	g_autoptr(Incident) incident = load(fixture);
	const struct incident_restore *own = incident->restores->pdata[0];

	g_assert_cmpuint(incident->restores->len, ==, 1);
	g_assert_cmpint(own->began, ==, at("2026-11-20T09:12:00Z"));
	g_assert_cmpint(own->last_commit, ==, at("2026-11-20T08:58:00Z"));
}

/* The copy of a chain that is altered, or taken away, does not go unnoticed. */
static void test_sees_a_copy_that_is_gone(struct fixture *fixture, const void *data)
{
	g_autoptr(Audit) audit = audit_open(fixture->other, NULL);
	g_autofree char *copies = g_build_filename(fixture->state, "incidents", NULL);

	restore(audit, fixture->id, "2026-11-20T09:12:00Z", NULL);
	g_assert_true(
		incident_join(fixture->audit, fixture->state, fixture->id, fixture->other, NULL));
	g_assert_true(file_remove_tree(copies, NULL));
	g_autoptr(Incident) incident = load(fixture);

	g_assert_true(incident->broken);
	g_assert_cmpuint(fixture->troubles->len, ==, 1);
	g_assert_true(g_str_has_prefix(fixture->troubles->pdata[0], "a chain that was joined"));
}

/* ---- figures ----------------------------------------------------------------------------------- */

static void test_measures(struct fixture *fixture, const void *data)
{
	static const struct {
		enum incident_mark mark;
		const char *time;
	} marks[] = {{INCIDENT_LOSS, "2026-11-20T09:00:00Z"},
		     {INCIDENT_DETECTED, "2026-11-20T09:05:00Z"},
		     {INCIDENT_DB_READY, "2026-11-20T09:32:00Z"},
		     {INCIDENT_SERVICE_READY, "2026-11-20T09:40:00Z"},
		     {INCIDENT_CUTOVER, "2026-11-20T09:45:00Z"}};
	static const int minutes[INCIDENT_INTERVALS] = {
		[INCIDENT_DETECT] = 5,	    [INCIDENT_DECIDE] = 7, [INCIDENT_DATABASE] = 20,
		[INCIDENT_APPLICATION] = 8, [INCIDENT_SWITCH] = 5, [INCIDENT_SERVICE] = 28,
		[INCIDENT_OUTAGE] = 45,	    [INCIDENT_AFTER] = -1};
	struct incident_figures figures;

	for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
		mark_at(fixture, marks[i].mark, marks[i].time);
	restore(fixture->audit, fixture->id, "2026-11-20T09:12:00Z", "2026-11-20T08:58:30Z");
	g_autoptr(Incident) incident = load(fixture);

	incident_figures_compute(incident, &figures);
	for (int i = 0; i < INCIDENT_INTERVALS; i++)
		g_assert_cmpint(figures.intervals[i].took, ==,
				minutes[i] < 0 ? -1 : minutes[i] * USEC_PER_MIN);
	g_assert_cmpstr(figures.intervals[INCIDENT_AFTER].why, ==, "all-clear is not marked");
	g_assert_cmpint(figures.command_basis, ==, INCIDENT_MEASURED);
	g_assert_cmpint(figures.rpo, ==, 90 * USEC_PER_SEC);
	g_assert_true(strstr(figures.rpo_why, "the server was not asked") != NULL);
	g_assert_cmpuint(figures.contradictions->len, ==, 0);
	incident_figures_clear(&figures);
}

/* Of the configuration alone, later: the loss is still that of the database. */
static void test_loss_is_of_the_database(struct fixture *fixture, const void *data)
{
	g_autoptr(JsonValue) files = json_object();
	struct incident_figures figures;

	mark_at(fixture, INCIDENT_LOSS, "2026-11-20T09:00:00Z");
	restore(fixture->audit, fixture->id, "2026-11-20T09:12:00Z", "2026-11-20T08:58:30Z");
	json_set_string(files, "incident", fixture->id);
	json_set_string(files, "command", "restore");
	json_set_string(files, "began", "2026-11-20T09:40:00Z");
	json_set_string(files, "outcome", "ok");
	g_assert_true(audit_append(fixture->audit,
				   &(struct audit_entry){.event = AUDIT_RESTORE_ENDED,
							 .run = "20261121T234501Z-5e7a11ce",
							 .data = files},
				   NULL, NULL));
	g_autoptr(Incident) incident = load(fixture);

	g_assert_cmpuint(incident->restores->len, ==, 2);
	incident_figures_compute(incident, &figures);
	g_assert_cmpint(figures.rpo, ==, 90 * USEC_PER_SEC);
	incident_figures_clear(&figures);
}

static void ask(const struct fixture *fixture, const char *replayed, const char *identifier)
{
	struct incident_server server = {.asked = 1,
					 .last_replayed = replayed ? at(replayed) : 0,
					 .system_identifier = (char *)identifier};

	g_assert_true(try_mark(fixture,
			       &(struct incident_marking){.mark = INCIDENT_DB_READY,
							  .correct = NULL,
							  .server = &server},
			       NULL));
}

/* What the server says is worth more than what the archive had; what is not known is said to be that. */
static void test_loss(void)
{
	static const struct {
		const char *loss, *replayed, *identifier;
		int64_t rpo;
		const char *why;
	} cases[] = {
		{"2026-11-20T09:00:00Z", "2026-11-20T08:59:00Z", "7", 60,
		 "the recovered server said what it replayed last"},
		{NULL, "2026-11-20T08:59:00Z", "7", -1, "when the source was lost is not marked"},
		{"2026-11-20T09:00:00Z", "2026-11-20T09:01:00Z", "7", -1,
		 "the newest recovered commit is after the loss"},
		{"2026-11-20T09:00:00Z", "2026-11-20T08:59:00Z", "8", -1,
		 "another server than the restored one was asked"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct fixture fixture = {0};
		struct incident_figures figures;

		set_up(&fixture, NULL);
		restore(fixture.audit, fixture.id, "2026-11-20T09:12:00Z", "2026-11-20T08:58:30Z");
		if (cases[i].loss)
			mark_at(&fixture, INCIDENT_LOSS, cases[i].loss);
		ask(&fixture, cases[i].replayed, cases[i].identifier);
		Incident *incident = load(&fixture);

		incident_figures_compute(incident, &figures);
		g_assert_cmpint(figures.rpo, ==,
				cases[i].rpo < 0 ? -1 : cases[i].rpo * USEC_PER_SEC);
		g_assert_cmpstr(figures.rpo_why, ==, cases[i].why);
		incident_figures_clear(&figures);
		incident_free(incident);
		tear_down(&fixture, NULL);
	}
}

static void test_contradictions(struct fixture *fixture, const void *data)
{
	struct incident_figures figures;

	mark_at(fixture, INCIDENT_RESTORE_START, "2026-11-20T09:30:00Z");
	mark_at(fixture, INCIDENT_DB_READY, "2026-11-20T09:20:00Z");
	g_autoptr(Incident) incident = load(fixture);

	incident_figures_compute(incident, &figures);
	g_assert_cmpint(figures.intervals[INCIDENT_DATABASE].took, ==, -1);
	g_assert_cmpstr(figures.intervals[INCIDENT_DATABASE].why, ==,
			"db-ready is before restore-start");
	g_assert_cmpuint(figures.contradictions->len, ==, 1);
	g_assert_cmpstr(figures.contradictions->pdata[0], ==,
			"db-ready is marked before restore-start");
	incident_figures_clear(&figures);
}

#define ADD(name, test) \
 g_test_add("/drill/incident/" name, struct fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drill/incident/every-mark-has-a-name", test_names);
	g_test_add_func("/drill/incident/texts-have-limits", test_texts);
	ADD("a-mark-is-stated-and-recorded", test_states_and_records);
	ADD("a-correction-keeps-what-it-corrects", test_keeps_what_it_corrects);
	ADD("a-time-to-come-is-refused", test_refuses_what_is_to_come);
	ADD("marks-out-of-order-are-told", test_warns_of_order);
	ADD("after-the-end-only-later-notes", test_end);
	ADD("a-mark-behind-the-end-does-not-count", test_marks_behind_the_end);
	ADD("the-open-one-needs-no-name", test_chooses);
	ADD("a-restore-is-linked-with-its-spans", test_links_a_restore);
	ADD("the-chain-of-another-host-is-joined", test_joins_another_host);
	ADD("what-it-restored-itself-is-its-own-word", test_believes_itself);
	ADD("a-copy-that-is-gone-is-told", test_sees_a_copy_that_is_gone);
	ADD("intervals-follow-from-marks", test_measures);
	ADD("the-loss-is-of-the-database", test_loss_is_of_the_database);
	ADD("marks-that-contradict-give-no-figure", test_contradictions);
	g_test_add_func("/drill/incident/what-was-lost", test_loss);
	return g_test_run();
}
