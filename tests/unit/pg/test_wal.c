#include "pg/wal.h"

#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

#define MIB (1u << 20)

static void test_lsn_round_trip(void)
{
	static const struct {
		const char *text;
		lsn_t lsn;
	} cases[] = {
		{"0/0", 0},
		{"0/2000028", 0x2000028},
		{"16/B374D848", 0x16B374D848},
		{"FFFFFFFF/FFFFFFFF", UINT64_MAX},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		char text[LSN_FORMAT_SIZE];
		g_autofree char *printed = lsn_print(cases[i].lsn);
		lsn_t lsn = 1;

		g_assert_true(lsn_parse(cases[i].text, &lsn, NULL));
		g_assert_cmphex(lsn, ==, cases[i].lsn);
		g_assert_cmpstr(lsn_format(lsn, text), ==, cases[i].text);
		g_assert_cmpstr(printed, ==, cases[i].text);
	}
}

static void test_lsn_refused(void)
{
	static const char *const wrong[] = {
		"",	"/",	       "0",	      "0/",  "/0",   "0/0/0", "0/0 ",
		" 0/0", "000000000/0", "0/000000000", "g/0", "-1/0", "0x1/0",
	};
	lsn_t lsn = 7;

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *message =
			g_strdup_printf("'%s' is not a WAL position such as 16/B374D848", wrong[i]);

		g_assert_false(lsn_parse(wrong[i], &lsn, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
		g_assert_cmpstr(error->message, ==, message);
		g_assert_cmpuint(lsn, ==, 7);
	}
}

static void test_segment_names(void)
{
	static const struct {
		uint32_t timeline, segment_size;
		lsn_t start;
		const char *name;
	} cases[] = {
		{1, 16 * MIB, 0, "000000010000000000000000"},
		{1, 16 * MIB, 0xFF000000, "0000000100000000000000FF"},
		/* With 16 MiB 256 segments make one step of the middle part. */
		{1, 16 * MIB, 0x100000000, "000000010000000100000000"},
		{0xA, 16 * MIB, 0x16B3000000, "0000000A00000016000000B3"},
		{1, MIB, 0xFFF00000, "000000010000000000000FFF"},
		{1, 1024 * MIB, 0x1C0000000, "000000010000000100000003"},
		{UINT32_MAX, 16 * MIB, 0xFFFFFFFFFF000000, "FFFFFFFFFFFFFFFF000000FF"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		char name[WAL_SEGMENT_NAME_SIZE];
		uint32_t timeline;
		lsn_t start;

		wal_segment_name(cases[i].timeline, cases[i].start, cases[i].segment_size, name);
		g_assert_cmpstr(name, ==, cases[i].name);
		wal_segment_name(cases[i].timeline, cases[i].start + cases[i].segment_size - 1,
				 cases[i].segment_size, name);
		g_assert_cmpstr(name, ==, cases[i].name);
		g_assert_true(wal_segment_parse(name, cases[i].segment_size, &timeline, &start));
		g_assert_cmpuint(timeline, ==, cases[i].timeline);
		g_assert_cmphex(start, ==, cases[i].start);
	}
}

static void test_impossible_segments(void)
{
	static const struct {
		const char *name;
		uint32_t segment_size;
	} cases[] = {
		{"000000010000000000000100", 16 * MIB}, /* 256 segments: 00 to FF */
		{"000000010000000000000004", 1024 * MIB},
		{"000000010000000000000001", 16 * MIB + 1},
		{"000000010000000000000001", 0},
		{"000000000000000000000001", 16 * MIB}, /* no timeline 0 */
		{"00000001000000000000000a", 16 * MIB},
		{"000000010000000000000001.partial", 16 * MIB},
		{"", 16 * MIB},
	};
	uint32_t timeline;
	lsn_t start;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (wal_segment_parse(cases[i].name, cases[i].segment_size, &timeline, &start))
			g_error("'%s' passes for a segment", cases[i].name);
}

static void test_end_on_boundary(void)
{
	static const struct {
		lsn_t end;
		uint64_t number;
	} cases[] = {{0, 0}, {1, 0}, {16 * MIB, 0}, {16 * MIB + 1, 1}, {32 * MIB, 1}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpuint(wal_segment_number_of_end(cases[i].end, 16 * MIB), ==,
				 cases[i].number);
}

static void test_segment_sizes(void)
{
	g_assert_true(wal_segment_size_valid(MIB));
	g_assert_true(wal_segment_size_valid(1024 * MIB));
	g_assert_false(wal_segment_size_valid(0));
	g_assert_false(wal_segment_size_valid(MIB / 2));
	g_assert_false(wal_segment_size_valid(3 * MIB));
	g_assert_false(wal_segment_size_valid((uint64_t)2048 * MIB));
}

static void test_file_kinds(void)
{
	static const struct {
		const char *name;
		enum wal_file_kind kind;
		uint32_t timeline;
	} cases[] = {
		{"0000000A00000016000000B3", WAL_FILE_SEGMENT, 10},
		{"0000000A00000016000000B3.partial", WAL_FILE_PARTIAL, 10},
		{"0000000A00000016000000B3.00000028.backup", WAL_FILE_BACKUP, 10},
		{"00000002.history", WAL_FILE_HISTORY, 2},
		{"", WAL_FILE_UNKNOWN, 0},
		{"00000000.history", WAL_FILE_UNKNOWN, 0},
		{"0000000a.history", WAL_FILE_UNKNOWN, 0},
		{"00000002.history.gz", WAL_FILE_UNKNOWN, 0},
		{"0000000A00000016000000B", WAL_FILE_UNKNOWN, 0},
		{"0000000A00000016000000B33", WAL_FILE_UNKNOWN, 0},
		{"0000000A00000016000000B3.part", WAL_FILE_UNKNOWN, 0},
		{"0000000A00000016000000B3.0000028.backup", WAL_FILE_UNKNOWN, 0},
		{"0000000A00000016000000B3.00000028.backup.gz", WAL_FILE_UNKNOWN, 0},
		{"../../0000000A00000016000000B3", WAL_FILE_UNKNOWN, 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		uint32_t timeline = 0;

		g_assert_cmpint(wal_file_kind(cases[i].name, &timeline), ==, cases[i].kind);
		g_assert_cmpuint(timeline, ==, cases[i].timeline);
		g_assert_cmpint(wal_file_kind(cases[i].name, NULL), ==, cases[i].kind);
	}
}

/* The first page of 000000020000000000000005 of a PostgreSQL 15 cluster with 16 MiB segments. */
static void make_page(uint8_t page[WAL_HEADER_SIZE])
{
	memset(page, 0, WAL_HEADER_SIZE);
	page[0] = 0x10;
	page[1] = 0xD1;
	page[2] = 0x06;
	bytes_set_u32(page + 4, 2);
	bytes_set_u64(page + 8, 5 * 16 * MIB);
	bytes_set_u64(page + 24, 7711944223782957749);
	bytes_set_u32(page + 32, 16 * MIB);
	bytes_set_u32(page + 36, 8192);
}

static void test_header_read(void)
{
	static const struct {
		uint8_t low;
		int major;
	} cases[] = {{0x06, 13}, {0x0D, 14}, {0x10, 15}, {0x13, 16}, {0x16, 17}, {0x18, 18}};
	uint8_t page[WAL_HEADER_SIZE];
	struct wal_header header;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		make_page(page);
		page[0] = cases[i].low;
		g_assert_true(wal_header_parse(page, sizeof(page), &header, NULL));
		g_assert_cmpint(header.major, ==, cases[i].major);
	}
	g_assert_cmpuint(header.timeline, ==, 2);
	g_assert_cmphex(header.address, ==, 0x5000000);
	g_assert_cmpuint(header.system_identifier, ==, 7711944223782957749);
	g_assert_cmpuint(header.segment_size, ==, 16 * MIB);
	g_assert_cmpuint(header.block_size, ==, 8192);
}

static void test_header_damage(void)
{
	static const struct {
		size_t at, size;
		uint8_t value;
		const char *message;
	} cases[] = {
		{0, 39, 0x10, "39 bytes are too few for the header of a WAL segment"},
		{0, 40, 0x11,
		 "it does not begin like a WAL segment of PostgreSQL 13 to 18: its magic number is "
		 "D111"},
		{2, 40, 0x04, "its first page has the flags 0004, which no segment begins with"},
		{2, 40, 0x12, "its first page has the flags 0012, which no segment begins with"},
		{4, 40, 0x00, "its first page is of timeline 0"},
		{34, 40, 0x30,
		 "its header has the segment size 19922944, which is no power of two from 1 MiB to "
		 "1 GiB"},
		{37, 40, 0x10, "its header has the WAL block size 4096, not 8192"},
		{8, 40, 0x28, "its first page has the address 0/5000028, where no segment begins"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		uint8_t page[WAL_HEADER_SIZE];
		struct wal_header header;

		make_page(page);
		page[cases[i].at] = cases[i].value;
		if (cases[i].at == 34)
			page[35] = 0x01;
		g_assert_false(wal_header_parse(page, cases[i].size, &header, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

#define GOOD_NAME "000000020000000000000005"

static void test_foreign_segments(void)
{
	static const struct {
		struct wal_expect expect;
		const char *message; /* NULL: it belongs to the cluster */
	} cases[] = {
		{{GOOD_NAME, 16 * MIB, 7711944223782957749, 16 * MIB, 15}, NULL},
		{{"000000020000000000000005.partial", 16 * MIB, 0, 0, 0}, NULL},
		/* A new timeline's first segment begins as a copy of the old one's. */
		{{"000000030000000000000005", 16 * MIB, 0, 16 * MIB, 15}, NULL},
		{{GOOD_NAME, 16 * MIB, 42, 16 * MIB, 15},
		 "it belongs to the cluster 7711944223782957749, not to 42"},
		{{GOOD_NAME, 16 * MIB, 0, 16 * MIB, 17},
		 "it was written by PostgreSQL 15 (magic number D110), not 17 (D116)"},
		{{GOOD_NAME, 16 * MIB, 0, MIB, 15},
		 "its header has the segment size 16777216, the cluster has 1048576"},
		{{GOOD_NAME, 100, 0, 16 * MIB, 15},
		 "the file has 100 bytes, a segment has 16777216"},
		{{"000000020000000000000006", 16 * MIB, 0, 16 * MIB, 15},
		 "by its name it begins at 0/6000000, by its content at 0/5000000"},
		{{"000000010000000000000005", 16 * MIB, 0, 16 * MIB, 15},
		 "by its name it is of timeline 1, by its content of timeline 2"},
		{{"000000020000000000000105", 16 * MIB, 0, 16 * MIB, 15},
		 "there is no segment of that name where segments have 16777216 bytes"},
	};
	uint8_t page[WAL_HEADER_SIZE];
	struct wal_header header;

	make_page(page);
	g_assert_true(wal_header_parse(page, sizeof(page), &header, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_true(wal_header_check(&header, &cases[i].expect, &error) ==
			      !cases[i].message);
		g_assert_cmpstr(error ? error->message : NULL, ==, cases[i].message);
		if (error)
			g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	}
}

static void test_other_names_refused(void)
{
	g_autoptr(GError) error = NULL;
	uint8_t page[WAL_HEADER_SIZE];
	struct wal_header header;

	make_page(page);
	g_assert_true(wal_header_parse(page, sizeof(page), &header, NULL));
	g_assert_false(wal_header_check(
		&header, &(struct wal_expect){.name = "00000002.history", .file_size = 16 * MIB},
		&error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	g_assert_cmpstr(error->message, ==, "'00000002.history' is not the name of a WAL segment");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pg/wal/positions-print-as-they-were-read", test_lsn_round_trip);
	g_test_add_func("/pg/wal/refuses-other-positions", test_lsn_refused);
	g_test_add_func("/pg/wal/a-segment-has-one-name", test_segment_names);
	g_test_add_func("/pg/wal/refuses-impossible-segments", test_impossible_segments);
	g_test_add_func("/pg/wal/an-end-on-a-boundary-is-of-the-segment-before",
			test_end_on_boundary);
	g_test_add_func("/pg/wal/segment-sizes-are-powers-of-two", test_segment_sizes);
	g_test_add_func("/pg/wal/tells-files-apart-by-name", test_file_kinds);
	g_test_add_func("/pg/wal/reads-the-header-of-every-major", test_header_read);
	g_test_add_func("/pg/wal/says-what-is-wrong-with-a-header", test_header_damage);
	g_test_add_func("/pg/wal/refuses-segments-of-another-cluster-or-place",
			test_foreign_segments);
	g_test_add_func("/pg/wal/refuses-names-of-other-files", test_other_names_refused);
	return g_test_run();
}
