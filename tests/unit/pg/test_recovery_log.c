#include "pg/recovery_log.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <string.h>

static usec_t utc(const char *text)
{
	usec_t time;

	g_assert_true(clock_parse(text, &time, NULL));
	return time;
}

/* The hour that a clock change repeats is told by its abbreviation. */
static void times(void)
{
	static const struct {
		const char *line, *time; /* NULL: none */
	} cases[] = {
		{"2026-11-28 03:14:37.123 UTC [12] LOG:  x", "2026-11-28T03:14:37.123Z"},
		{"2026-11-28 03:14:37 GMT [12] LOG:  x", "2026-11-28T03:14:37Z"},
		{"2026-11-28 04:14:37.123 CET [12] LOG:  x", "2026-11-28T03:14:37.123Z"},
		{"2026-10-25 02:30:00.000 CEST [12] LOG:  x", "2026-10-25T00:30:00Z"},
		{"2026-10-25 02:30:00.000 CET [12] LOG:  x", "2026-10-25T01:30:00Z"},
		{"2026-11-28 03:14:37.123 EST [12] LOG:  x", NULL},
		{"2026-11-28 03:14:37", NULL},
		{"2026-13-28 03:14:37.123 UTC [12] LOG:  x", NULL},
		{"\tat character 15", NULL},
		{"", NULL},
	};
	g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("Europe/Vienna");

	g_assert_nonnull(zone);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(recovery_log_time(cases[i].line, zone), ==,
				cases[i].time ? utc(cases[i].time) : 0);
}

#define STARTED "2026-11-28 03:00:00 UTC [7] LOG:  starting PostgreSQL 17.2 on x86_64\n"
#define STOPPING \
 "2026-11-28 03:01:00 UTC [9] LOG:  recovery stopping before commit of transaction 7\n"
#define DONE	 "2026-11-28 03:05:00 UTC [9] LOG:  redo done at 0/3000060 system usage: x\n"
#define COMPLETE "2026-11-28 03:05:01 UTC [9] LOG:  archive recovery complete\n"
#define READY	 "2026-11-28 03:05:02 UTC [7] LOG:  database system is ready to accept connections\n"
#define LATER                                                             \
 "2026-11-28 04:00:00 UTC [8] LOG:  starting PostgreSQL 17.2 on x86_64\n" \
 "2026-11-28 04:00:01 UTC [8] LOG:  database system is ready to accept connections\n"
#define CRASHED                                                               \
 "2026-11-28 04:00:00 UTC [9] LOG:  redo done at 0/4000060 system usage: x\n" \
 "2026-11-28 04:00:01 UTC [7] LOG:  database system is ready to accept connections\n"

/* All of them are of the same recovery, whatever came after it. */
static void recoveries(void)
{
	static const struct {
		const char *text;
		const char *replayed; /* NULL: there is none */
		const char *trouble;
	} cases[] = {
		{STARTED DONE COMPLETE READY, "2026-11-28T03:05:00Z", NULL},
		{STARTED STOPPING DONE COMPLETE READY, "2026-11-28T03:01:00Z", NULL},
		{STARTED STOPPING DONE COMPLETE READY LATER, "2026-11-28T03:01:00Z", NULL},
		{STARTED STOPPING DONE COMPLETE READY CRASHED, "2026-11-28T03:01:00Z", NULL},
		{STARTED STOPPING, NULL, "tells of no recovery"},
		{STARTED DONE READY, NULL, "tells of no recovery"},
		{LATER, NULL, "tells of no recovery"},
		{"LOG:  starting PostgreSQL 17.2\n", NULL, "no line of"},
		{"", NULL, "no line of"},
	};
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("recovery-log-XXXXXX", &path, NULL);

	g_assert_cmpint(fd, >=, 0);
	g_close(fd, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		struct recovery_log log;

		g_assert_true(g_file_set_contents(path, cases[i].text, -1, NULL));
		if (!cases[i].replayed) {
			g_assert_false(recovery_log_read(path, NULL, &log, &error));
			g_assert_true(odr_error_is(error, ODR_ERROR_NOT_FOUND));
			g_assert_nonnull(strstr(error->message, cases[i].trouble));
			continue;
		}
		g_assert_true(recovery_log_read(path, NULL, &log, &error));
		g_assert_cmpint(log.began, ==, utc("2026-11-28T03:00:00Z"));
		g_assert_cmpint(log.replayed, ==, utc(cases[i].replayed));
		g_assert_cmpint(log.resumed, ==, utc("2026-11-28T03:05:00Z"));
		g_assert_cmpint(log.ready, ==, utc("2026-11-28T03:05:02Z"));
	}
	g_unlink(path);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pg/recovery-log/times", times);
	g_test_add_func("/pg/recovery-log/recoveries", recoveries);
	return g_test_run();
}
