#include "repo/wal_range.h"

#include <string.h>

#define SIZE	  (16u << 20)
#define FILES_MAX 16

/* "1:5" is segment 5 of timeline 1; stored at 100, 200, … */
static GArray *ranges_of(const char *const *segments)
{
	char names[FILES_MAX][WAL_SEGMENT_NAME_SIZE];
	struct wal_stored files[FILES_MAX];
	size_t count = 0;

	for (; segments[count]; count++) {
		g_auto(GStrv) words = g_strsplit(segments[count], ":", 2);

		g_assert_cmpuint(count, <, FILES_MAX);
		wal_segment_name(g_ascii_strtoull(words[0], NULL, 10),
				 g_ascii_strtoull(words[1], NULL, 10) * SIZE, SIZE, names[count]);
		files[count] = (struct wal_stored){names[count], (usec_t)(count + 1) * 100};
	}
	return wal_ranges(files, count, SIZE);
}

/* "1:5-7@100-300" for every range: end exclusive, in segments; then the times. */
static char *describe(const GArray *ranges)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < ranges->len; i++) {
		const struct wal_range *range = &g_array_index(ranges, struct wal_range, i);

		g_string_append_printf(text, "%s%u:%u-%u@%d-%d", i ? " " : "", range->timeline,
				       (unsigned)(range->start / SIZE),
				       (unsigned)(range->end / SIZE), (int)range->first_stored,
				       (int)range->last_stored);
	}
	return g_string_free(text, FALSE);
}

static void test_ranges(void)
{
	static const struct {
		const char *segments[8];
		const char *wanted;
	} cases[] = {
		{{NULL}, ""},
		{{"1:5"}, "1:5-6@100-100"},
		{{"1:5", "1:6", "1:7"}, "1:5-8@100-300"},
		{{"1:7", "1:5", "1:6"}, "1:5-8@100-300"},
		{{"1:5", "1:7"}, "1:5-6@100-100 1:7-8@200-200"},
		{{"2:6", "1:5", "1:6"}, "1:5-7@200-300 2:6-7@100-100"},
		/* Stored again later: it was there before. */
		{{"1:5", "1:6", "1:5", "1:6"}, "1:5-7@100-200"},
		/* The middle part of the name grows. */
		{{"1:255", "1:256"}, "1:255-257@100-200"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GArray) ranges = ranges_of(cases[i].segments);
		g_autofree char *text = describe(ranges);

		g_assert_cmpstr(text, ==, cases[i].wanted);
	}
}

static void test_others_ignored(void)
{
	static const struct wal_stored files[] = {
		{"00000002.history", 1},
		{"000000010000000000000005.partial", 1},
		{"000000010000000000000005.00000028.backup", 1},
		{"000000010000000000000100", 1}, /* no such segment at 16 MiB */
		{"FFFFFFFFFFFFFFFF000000FF", 1}, /* its end is no position */
		{"junk", 1},
		{"", 1},
	};
	g_autoptr(GArray) ranges = wal_ranges(files, G_N_ELEMENTS(files), SIZE);

	g_assert_cmpuint(ranges->len, ==, 0);
}

/* All of a range is stored when the last of it is; what it reaches was written when its last segment was. */
static void test_times(void)
{
	static const struct wal_stored files[] = {
		{"000000010000000000000005", 500, 50},
		{"000000010000000000000007", 300, 70},
		{"000000010000000000000006", 900, 60},
	};
	g_autoptr(GArray) ranges = wal_ranges(files, G_N_ELEMENTS(files), SIZE);
	const struct wal_range *range = &g_array_index(ranges, struct wal_range, 0);

	g_assert_cmpuint(ranges->len, ==, 1);
	g_assert_cmpint(range->first_stored, ==, 300);
	g_assert_cmpint(range->last_stored, ==, 900);
	g_assert_cmpint(range->last_written, ==, 70);
}

#define AT(segment, offset) ((lsn_t)(segment)*SIZE + (offset))

static void test_end(void)
{
	static const char two[] = "1\t0/7000100\tno recovery target specified\n";
	static const char two_on_boundary[] = "1\t0/7000000\treason\n";
	/* Both switches lie in segment 7. */
	static const char three[] = "1\t0/7000100\treason\n2\t0/7000200\treason\n";
	static const struct {
		const char *what;
		uint32_t timeline;
		const char *history;
		const char *segments[10];
		lsn_t start, end;
		const char *missing;
	} cases[] = {
		{"nothing", 1, NULL, {NULL}, AT(5, 40), AT(5, 40), "000000010000000000000005"},
		{"own segment only",
		 1,
		 NULL,
		 {"1:5"},
		 AT(5, 40),
		 AT(6, 0),
		 "000000010000000000000006"},
		{"start on a boundary",
		 1,
		 NULL,
		 {"1:5"},
		 AT(5, 0),
		 AT(6, 0),
		 "000000010000000000000006"},
		{"up to a gap",
		 1,
		 NULL,
		 {"1:5", "1:6", "1:8"},
		 AT(5, 40),
		 AT(7, 0),
		 "000000010000000000000007"},
		{"start behind a gap",
		 1,
		 NULL,
		 {"1:5", "1:7"},
		 AT(7, 1),
		 AT(8, 0),
		 "000000010000000000000008"},
		{"other timelines do not help",
		 1,
		 NULL,
		 {"2:5"},
		 AT(5, 40),
		 AT(5, 40),
		 "000000010000000000000005"},
		{"over a switch",
		 2,
		 two,
		 {"1:5", "1:6", "2:7", "2:8"},
		 AT(5, 40),
		 AT(9, 0),
		 "000000020000000000000009"},
		{"the parent went on",
		 2,
		 two,
		 {"1:5", "1:6", "1:7", "1:8", "2:7"},
		 AT(5, 40),
		 AT(8, 0),
		 "000000020000000000000008"},
		{"child missing, parent leads to the switch",
		 2,
		 two,
		 {"1:5", "1:6", "1:7", "1:8"},
		 AT(5, 40),
		 AT(7, 0x100),
		 "000000020000000000000007"},
		{"child missing, parent too",
		 2,
		 two,
		 {"1:5", "1:6", "2:8"},
		 AT(5, 40),
		 AT(7, 0),
		 "000000020000000000000007"},
		{"start in the segment of the switch",
		 2,
		 two,
		 {"2:7"},
		 AT(7, 0x50),
		 AT(8, 0),
		 "000000020000000000000008"},
		{"start before the child",
		 2,
		 two,
		 {"2:5", "2:6", "2:7"},
		 AT(5, 40),
		 AT(5, 40),
		 "000000010000000000000005"},
		{"switch on a boundary",
		 2,
		 two_on_boundary,
		 {"1:5", "1:6", "2:7"},
		 AT(5, 40),
		 AT(8, 0),
		 "000000020000000000000008"},
		{"switch on a boundary, parent's next is void",
		 2,
		 two_on_boundary,
		 {"1:5", "1:6", "1:7"},
		 AT(5, 40),
		 AT(7, 0),
		 "000000020000000000000007"},
		{"two switches in a segment",
		 3,
		 three,
		 {"1:6", "3:7"},
		 AT(6, 0),
		 AT(8, 0),
		 "000000030000000000000008"},
		{"two switches, the middle one held",
		 3,
		 three,
		 {"1:6", "1:7", "2:7"},
		 AT(6, 0),
		 AT(7, 0x200),
		 "000000030000000000000007"},
		{"two switches, the first held",
		 3,
		 three,
		 {"1:6", "1:7"},
		 AT(6, 0),
		 AT(7, 0x100),
		 "000000030000000000000007"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(TimelineHistory) history =
			timeline_history_parse(cases[i].timeline, cases[i].history, &error);
		g_autoptr(GArray) ranges = ranges_of(cases[i].segments);
		char missing[WAL_SEGMENT_NAME_SIZE];
		lsn_t end;

		g_assert_no_error(error);
		end = wal_ranges_end(ranges, history, cases[i].start, SIZE, missing);
		if (end != cases[i].end || strcmp(missing, cases[i].missing) != 0)
			g_error("%s: %" G_GINT64_MODIFIER "x, missing %s", cases[i].what, end,
				missing);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wal-range/unbroken-segments-make-a-range", test_ranges);
	g_test_add_func("/wal-range/only-segments-count", test_others_ignored);
	g_test_add_func("/wal-range/have-times", test_times);
	g_test_add_func("/wal-range/ends-where-the-server-would-miss-a-segment", test_end);
	return g_test_run();
}
