#include "pg/timeline.h"

#include "base/error.h"

static const char HISTORY[] = "1\t0/5000000\tno recovery target specified\n"
			      "\n"
			      "# a comment\n"
			      "  2\t1/0\tbefore 2026-11-21 23:05:01+00\n";

static void test_lsn_belongs(void)
{
	static const struct {
		lsn_t lsn;
		uint32_t timeline;
	} cases[] = {{0, 1},	      {0x4FFFFFF, 1},	{0x5000000, 2},
		     {0xFFFFFFFF, 2}, {0x100000000, 4}, {UINT64_MAX, 4}};
	g_autoptr(TimelineHistory) history = timeline_history_parse(4, HISTORY, NULL);

	g_assert_nonnull(history);
	g_assert_cmpuint(history->entries->len, ==, 3);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpuint(timeline_at(history, cases[i].lsn), ==, cases[i].timeline);
}

static void test_reachable(void)
{
	static const struct {
		uint32_t timeline;
		lsn_t stop;
		bool reachable;
	} cases
		[] =
			{
				{1, 0x4000000, true},
				{1, 0x5000000, true}, /* stop is an end: the switch is still on the way */
				{1, 0x5000001, false},
				{2, 0x5000000, false},
				{2, 0x5000001, true},
				{2, 0x100000001, false},
				{3, 0x6000000, false}, /* a sister */
				{4, 0x200000000, true},
				{5, 0x200000000, false},
			};
	g_autoptr(TimelineHistory) history = timeline_history_parse(4, HISTORY, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_true(timeline_reachable(history, cases[i].timeline, cases[i].stop) ==
			      cases[i].reachable);
}

static void test_first_has_no_parents(void)
{
	g_autoptr(TimelineHistory) history = timeline_history_parse(1, NULL, NULL);

	g_assert_nonnull(history);
	g_assert_cmpuint(timeline_at(history, 0), ==, 1);
	g_assert_true(timeline_reachable(history, 1, UINT64_MAX));
}

/* Recovery along 2 stopped at 0/3000000, before 2 had left 1 at 0/5000000. */
static void test_skipped_parent(void)
{
	static const char text[] = "1\t0/5000000\tx\n2\t0/3000000\tx\n";
	g_autoptr(TimelineHistory) history = timeline_history_parse(3, text, NULL);

	g_assert_cmpuint(timeline_at(history, 0x2FFFFFF), ==, 1);
	g_assert_cmpuint(timeline_at(history, 0x3000000), ==, 3);
	g_assert_cmpuint(timeline_at(history, 0x4000000), ==, 3);
	g_assert_false(timeline_reachable(history, 2, 0x4000000));
	g_assert_false(timeline_reachable(history, 1, 0x4000000));
}

static void test_last_line_without_newline(void)
{
	g_autoptr(TimelineHistory) history = timeline_history_parse(2, "1 0/3000000", NULL);

	g_assert_nonnull(history);
	g_assert_cmpuint(timeline_at(history, 0x3000000), ==, 2);
}

static void test_damage(void)
{
	static const struct {
		uint32_t timeline;
		const char *text, *message;
	} cases[] = {
		{0, NULL, "there is no timeline 0"},
		{2, "x\t0/1\tr\n",
		 "line 1 of the history of timeline 2: it does not begin with a timeline"},
		{2, "0\t0/1\tr\n",
		 "line 1 of the history of timeline 2: it does not begin with a timeline"},
		{2, "4294967296\t0/1\tr\n",
		 "line 1 of the history of timeline 2: it does not begin with a timeline"},
		{2, "1\n",
		 "line 1 of the history of timeline 2: no WAL position follows the timeline"},
		{2, "\n1\tnowhere\tr\n",
		 "line 2 of the history of timeline 2: no WAL position follows the timeline"},
		{2, "2\t0/1\tr\n",
		 "line 1 of the history of timeline 2: timeline 2 is no ancestor of timeline 2"},
		{4, "2\t0/1\tr\n1\t0/2\tr\n",
		 "line 2 of the history of timeline 4: the timelines do not ascend"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(timeline_history_parse(cases[i].timeline, cases[i].text, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

static void test_file_name(void)
{
	char name[17];

	timeline_history_name(0x1F, name);
	g_assert_cmpstr(name, ==, "0000001F.history");
	timeline_history_free(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pg/timeline/every-position-is-on-one-timeline", test_lsn_belongs);
	g_test_add_func("/pg/timeline/tells-which-backups-lead-here", test_reachable);
	g_test_add_func("/pg/timeline/the-first-has-no-parents", test_first_has_no_parents);
	g_test_add_func("/pg/timeline/a-parent-skipped-by-recovery-is-not-on-the-way",
			test_skipped_parent);
	g_test_add_func("/pg/timeline/the-last-line-may-lack-its-newline",
			test_last_line_without_newline);
	g_test_add_func("/pg/timeline/says-what-is-wrong-with-a-history", test_damage);
	g_test_add_func("/pg/timeline/names-history-files", test_file_name);
	return g_test_run();
}
