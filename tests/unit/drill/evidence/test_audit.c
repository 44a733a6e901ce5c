#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/audit.h"
#include "drill/evidence/audit_line.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN	  "20261121T230501Z-5e7a11ce"
#define OTHER_RUN "20261122T230501Z-0ddba115"

struct fixture {
	char *state, *path;
	Audit *audit;
};

static void set_up(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;

	fixture->state = g_dir_make_tmp("odr-audit-XXXXXX", NULL);
	fixture->path = audit_path(fixture->state);
	fixture->audit = audit_open(fixture->state, &error);
	g_assert_no_error(error);
}

static void tear_down(struct fixture *fixture, const void *data)
{
	audit_close(fixture->audit);
	g_assert_true(file_remove_tree(fixture->state, NULL));
	g_free(fixture->state);
	g_free(fixture->path);
}

static void append(Audit *audit, enum audit_event event, const char *run)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonValue) data = json_object();

	json_set_string(data, "state", "paused");
	audit_append(audit, &(struct audit_entry){.event = event, .run = run, .data = data}, NULL,
		     &error);
	g_assert_no_error(error);
}

static char *content(const struct fixture *fixture)
{
	char *text;

	g_assert_true(g_file_get_contents(fixture->path, &text, NULL, NULL));
	return text;
}

static void replace(const struct fixture *fixture, const char *text)
{
	g_assert_true(g_file_set_contents(fixture->path, text, -1, NULL));
}

/* "LINE: what" of each finding, a line each. */
static char *findings(const struct fixture *fixture, struct audit_report *report)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	audit_read(fixture->path, NULL, NULL, report, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < report->findings->len; i++) {
		const struct audit_finding *finding = report->findings->pdata[i];

		g_string_append_printf(text, "%" G_GUINT64_FORMAT ": %s\n", finding->line,
				       finding->what);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void expect_findings(const struct fixture *fixture, const char *expected, bool broken)
{
	struct audit_report report;
	g_autofree char *found = findings(fixture, &report);

	g_assert_cmpstr(found, ==, expected);
	g_assert_cmpint(report.broken, ==, broken);
	audit_report_clear(&report);
}

static void lines_are_chained(struct fixture *fixture, const void *data)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	char digest[AUDIT_DIGEST_SIZE];

	append(fixture->audit, AUDIT_DRILL_DRAWN, RUN);
	append(fixture->audit, AUDIT_DRILL_CLOSED, RUN);
	text = content(fixture);
	lines = g_strsplit(text, "\n", 0);
	g_assert_cmpuint(g_strv_length(lines), ==, 4);
	g_assert_true(g_str_has_prefix(
		lines[0], "{\"seq\":1,\"prev\":\"00000000000000000000000000000000000000000000000000"
			  "00000000000000\",\"ts\":\"2"));
	g_assert_nonnull(strstr(lines[0], "\"event\":\"audit.begun\",\"actor\":{\"host\":"));
	g_assert_true(
		g_str_has_suffix(lines[1], "\"run\":\"" RUN "\",\"data\":{\"state\":\"paused\"}}"));

	g_autofree char *second = g_strconcat(lines[1], "\n", NULL);
	g_autofree char *start = NULL;

	audit_digest(second, strlen(second), digest);
	start = g_strdup_printf("{\"seq\":3,\"prev\":\"%s\",", digest);
	g_assert_true(g_str_has_prefix(lines[2], start));
	expect_findings(fixture, "", false);
}

static void alterations_are_found(struct fixture *fixture, const void *data)
{
	g_autofree char *good = NULL;
	g_auto(GStrv) lines = NULL;
	g_autofree char *text = NULL;

	for (int i = 0; i < 3; i++)
		append(fixture->audit, AUDIT_DRILL_ENTERED, RUN);
	good = content(fixture);
	lines = g_strsplit(good, "\n", 0);

	/* A changed word. */
	text = g_strdup(good);
	memcpy(strstr(text, "paused"), "passed", 6);
	replace(fixture, text);
	expect_findings(fixture,
			"3: prev is not the SHA-256 of the line before it: that line was altered\n",
			true);
	g_free(text);

	/* A removed line. */
	text = g_strjoin("\n", lines[0], lines[1], lines[3], "", NULL);
	replace(fixture, text);
	expect_findings(fixture,
			"3: seq is 4, due is 3: lines are missing, or were put in\n"
			"3: prev is not the SHA-256 of the line before it: that line was altered\n",
			true);
	g_free(text);

	/* A line that is none, passed off as torn. */
	text = g_strjoin("\n", lines[0], "{}", lines[2], "", NULL);
	replace(fixture, text);
	expect_findings(
		fixture,
		"3: seq is 3, due is 2: lines are missing, or were put in\n"
		"3: 3 bytes before it are no line, and it does not say that a crash tore them\n",
		true);
	g_free(text);

	/* The first line. */
	text = g_strjoin("\n", lines[1], lines[2], "", NULL);
	replace(fixture, text);
	expect_findings(fixture,
			"1: seq is 2, due is 1: lines are missing, or were put in\n"
			"1: prev is not the SHA-256 of the line before it: that line was altered\n",
			true);
}

static void a_torn_line_is_kept_and_told(struct fixture *fixture, const void *data)
{
	g_autofree char *good = NULL;
	g_autofree char *text = NULL;

	append(fixture->audit, AUDIT_DRILL_DRAWN, RUN);
	good = content(fixture);
	text = g_strndup(good, strlen(good) - 10);
	replace(fixture, text);
	g_autofree char *expected = g_strdup_printf(
		"2: the last %zu bytes are no line: torn by a crash, unless somebody altered them; "
		"the next command that appends says so\n",
		strlen(strchr(text, '\n') + 1));

	expect_findings(fixture, expected, false);
	append(fixture->audit, AUDIT_DRILL_DRAWN, OTHER_RUN);
	g_free(expected);
	expected = g_strdup_printf("3: %zu bytes before it were torn by a crash\n",
				   strlen(strchr(text, '\n') + 1) + 1);
	expect_findings(fixture, expected, false);

	/* Its bytes are still there, and bound. */
	g_free(text);
	text = content(fixture);
	g_assert_nonnull(strstr(text, "\"event\":\"audit.torn\""));
	*strstr(strchr(text, '\n'), RUN) = '3';
	replace(fixture, text);
	expect_findings(fixture, "3: what it says of the torn lines before it is not so\n", true);
}

/* Blocks reach the disk in any order: the newline may be there, and zeros before it. */
static void a_hole_is_torn_as_well(struct fixture *fixture, const void *data)
{
	static const char hole[] = "\0\0\0\0\0ject\"}}\n{\"seq\":";
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autofree char *good = NULL;

	append(fixture->audit, AUDIT_DRILL_DRAWN, RUN);
	good = content(fixture);
	g_byte_array_append(bytes, (const uint8_t *)good, (guint)strlen(good));
	g_byte_array_append(bytes, (const uint8_t *)hole, sizeof(hole) - 1);
	g_assert_true(
		g_file_set_contents(fixture->path, (const char *)bytes->data, bytes->len, NULL));
	append(fixture->audit, AUDIT_DRILL_CLOSED, RUN);
	expect_findings(fixture, "5: 21 bytes before it were torn by a crash\n", false);
}

static void nothing_but_torn_lines(struct fixture *fixture, const void *data)
{
	replace(fixture, "{\"seq\":1,\"pre");
	append(fixture->audit, AUDIT_DRILL_DRAWN, RUN);
	expect_findings(fixture, "2: 14 bytes before it were torn by a crash\n", false);
}

static void what_is_too_long_is_refused(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonValue) long_data = json_object();
	g_autofree char *text = g_strnfill(AUDIT_LINE_MAX, 'x');

	json_set_string(long_data, "text", text);
	g_assert_false(
		audit_append(fixture->audit,
			     &(struct audit_entry){.event = AUDIT_DRILL_ENTERED, .data = long_data},
			     NULL, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	g_assert_cmpstr(error->message, ==,
			"what drill.entered has to say is too long for the audit chain");
}

static void head_is_what_a_reader_finds(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;
	struct audit_report report;
	struct audit_head head;

	audit_append(fixture->audit, &(struct audit_entry){.event = AUDIT_KEY_CREATED}, &head,
		     &error);
	g_assert_no_error(error);
	audit_read(fixture->path, NULL, NULL, &report, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(head.seq, ==, 2);
	g_assert_cmpuint(report.head.seq, ==, 2);
	g_assert_cmpstr(report.head.sha256, ==, head.sha256);
	audit_report_clear(&report);
}

static void expect_open(const struct fixture *fixture, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) runs = NULL;
	g_autoptr(GString) found = g_string_new(NULL);

	audit_open_runs(fixture->path, &runs, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < runs->len; i++)
		g_string_append_printf(found, "%s ", (char *)runs->pdata[i]);
	g_assert_cmpstr(found->str, ==, expected);
}

static void open_runs_are_abandoned(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) runs = NULL;
	g_autoptr(Audit) other = audit_open(fixture->state, &error);

	expect_open(fixture, "");
	append(fixture->audit, AUDIT_DRILL_SCHEDULED, RUN);
	append(fixture->audit, AUDIT_DRILL_DRAWN, RUN);
	append(fixture->audit, AUDIT_DRILL_SCHEDULED, OTHER_RUN);
	expect_open(fixture, RUN " " OTHER_RUN " ");

	/* One is still at work. */
	g_assert_true(audit_hold(fixture->audit, OTHER_RUN, &error));
	g_assert_true(audit_abandon(other, &runs, &error));
	g_assert_cmpuint(runs->len, ==, 1);
	g_assert_cmpstr(runs->pdata[0], ==, RUN);
	expect_open(fixture, OTHER_RUN " ");
	g_clear_pointer(&runs, g_ptr_array_unref);
	g_assert_true(audit_abandon(fixture->audit, &runs, &error));
	g_assert_cmpuint(runs->len, ==, 0);

	append(fixture->audit, AUDIT_DRILL_CLOSED, OTHER_RUN);
	audit_release(fixture->audit, OTHER_RUN);
	expect_open(fixture, "");
	expect_findings(fixture, "", false);
}

static void several_processes_append(struct fixture *fixture, const void *data)
{
	struct audit_report report;

	for (int child = 0; child < 4; child++) {
		if (fork() == 0) {
			for (int i = 0; i < 10; i++)
				append(fixture->audit, AUDIT_DRILL_ENTERED, RUN);
			_exit(0);
		}
	}
	for (int child = 0; child < 4; child++) {
		int status;

		g_assert_cmpint(wait(&status), >, 0);
		g_assert_cmpint(status, ==, 0);
	}

	g_autofree char *found = findings(fixture, &report);

	g_assert_cmpstr(found, ==, "");
	g_assert_cmpuint(report.lines, ==, 41);
	audit_report_clear(&report);
}

static void every_event_has_a_name(void)
{
	for (enum audit_event event = 0; event < AUDIT_EVENTS; event++)
		g_assert_nonnull(audit_event_name(event));
}

/* What nobody could read back would count as torn for ever. */
static void what_is_no_line_is_refused(struct fixture *fixture, const void *data)
{
	static const char *const runs[] = {"", "latest", RUN "\",\"data\":{},\"x\":\"", "../" RUN};
	struct audit_report report;
	g_autoptr(GError) trouble = NULL;

	append(fixture->audit, AUDIT_DRILL_SCHEDULED, RUN);
	for (size_t i = 0; i < G_N_ELEMENTS(runs); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(audit_append(
			fixture->audit,
			&(struct audit_entry){.event = AUDIT_DRILL_CLOSED, .run = runs[i]}, NULL,
			&error));
		g_assert_true(g_str_has_prefix(error->message,
					       "drill.closed cannot be told the audit chain: "));
	}
	audit_read(fixture->path, NULL, NULL, &report, &trouble);
	g_assert_no_error(trouble);
	g_assert_cmpuint(report.lines, ==, 2);
	g_assert_cmpuint(report.findings->len, ==, 0);
	audit_report_clear(&report);
}

#define ADD(name, test) g_test_add("/audit/" name, struct fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("lines-are-chained", lines_are_chained);
	ADD("alterations-are-found", alterations_are_found);
	ADD("a-torn-line-is-kept-and-told", a_torn_line_is_kept_and_told);
	ADD("a-hole-is-torn-as-well", a_hole_is_torn_as_well);
	ADD("nothing-but-torn-lines", nothing_but_torn_lines);
	ADD("what-is-too-long-is-refused", what_is_too_long_is_refused);
	ADD("what-is-no-line-is-refused", what_is_no_line_is_refused);
	ADD("head-is-what-a-reader-finds", head_is_what_a_reader_finds);
	ADD("open-runs-are-abandoned", open_runs_are_abandoned);
	ADD("several-processes-append", several_processes_append);
	g_test_add_func("/audit/every-event-has-a-name", every_event_has_a_name);
	return g_test_run();
}
