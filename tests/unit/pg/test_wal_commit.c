#include "pg/wal_commit.h"

#include "wal_pages.h"

#define MIB   (1u << 20)
#define START ((lsn_t)5 * MIB)
#define T(n)  ((usec_t)1795561500 * USEC_PER_SEC + (usec_t)(n)*USEC_PER_SEC)

struct site {
	struct wal_pages pages;
};

static void site_init(struct site *site, const void *data)
{
	(void)data;
	wal_pages_begin(&site->pages, START, MIB);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	g_byte_array_unref(site->pages.bytes);
}

static usec_t last(const struct site *site)
{
	const GByteArray *bytes = site->pages.bytes;
	size_t whole = (bytes->len + WAL_PAGE - 1) / WAL_PAGE * WAL_PAGE;
	g_autofree uint8_t *copy = g_malloc0(whole + 1);

	memcpy(copy, bytes->data, bytes->len);
	return wal_last_commit(copy, whole, whole).time;
}

static void nothing(struct site *site, const void *data)
{
	uint8_t zeros[WAL_PAGE] = {0};

	(void)data;
	g_assert_cmpint(wal_last_commit(zeros, sizeof(zeros), sizeof(zeros)).time, ==, 0);
	g_assert_cmpint(wal_last_commit("", 0, 0).time, ==, 0);
	wal_pages_other(&site->pages, 100);
	wal_pages_fill(&site->pages, MIB);
	g_assert_cmpint(last(site), ==, 0);
}

static void every_kind(struct site *site, const void *data)
{
	static const struct {
		uint8_t info;
		bool counts;
	} kinds[] = {{WAL_COMMIT, true},   {WAL_COMMIT | 0x80, true},
		     {WAL_PREPARE, false}, {WAL_ABORT, true},
		     {WAL_COMMIT_2, true}, {WAL_ABORT_2, true},
		     {0x50, false},	   {0x60, false}};

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		wal_pages_other(&site->pages, 33);
		wal_pages_xact(&site->pages, kinds[i].info, T(i), 5);
		wal_pages_fill(&site->pages, MIB);
		g_assert_cmpint(last(site), ==, kinds[i].counts ? T(i) : 0);
		site_clear(site, data);
		site_init(site, data);
	}
	/* The same, of another resource manager. */
	wal_pages_add(&site->pages, &(struct wal_record){.manager = 0,
							 .info = 0,
							 .body = "\xff\x08"
								 "\0\0\0\0\0\0\1\0",
							 .size = 10});
	wal_pages_fill(&site->pages, MIB);
	g_assert_cmpint(last(site), ==, 0);
}

/* Records of all lengths, so that each part of one comes to lie on the border of pages. */
static void across_pages(struct site *site, const void *data)
{
	(void)data;
	for (int i = 0; site->pages.bytes->len < MIB - 20000; i++) {
		wal_pages_other(&site->pages, (size_t)i * 7 % 300);
		wal_pages_xact(&site->pages, WAL_COMMIT, T(i), (size_t)i % 400);
		if (i % 11 == 0)
			g_assert_cmpint(last(site), ==, T(i));
	}
	wal_pages_other(&site->pages, 19000);
	wal_pages_xact(&site->pages, WAL_COMMIT, T(99999), 0);
	wal_pages_fill(&site->pages, MIB);
	g_assert_cmpint(last(site), ==, T(99999));
}

/* A record of the segment before goes on here, over several pages. */
static void begins_within_a_record(struct site *site, const void *data)
{
	static const size_t rests[] = {1, 40, 8152, 8153, 20000, MIB - 8192, MIB + 50000};

	for (size_t i = 0; i < G_N_ELEMENTS(rests); i++) {
		wal_pages_rest(&site->pages, rests[i]);
		if (rests[i] < MIB)
			wal_pages_xact(&site->pages, WAL_COMMIT, T(i), 0);
		wal_pages_fill(&site->pages, MIB);
		g_byte_array_set_size(site->pages.bytes, MIB);
		g_assert_cmpint(last(site), ==, rests[i] < MIB ? T(i) : 0);
		site_clear(site, data);
		site_init(site, data);
	}
}

/* A record that reaches into the next segment counts with the one in which it begins. */
static void reaches_over_the_end(struct site *site, const void *data)
{
	const GByteArray *bytes = site->pages.bytes;

	(void)data;
	while (bytes->len < MIB - 6000)
		wal_pages_other(&site->pages, 4000);
	wal_pages_other(&site->pages, MIB - bytes->len - 100);
	wal_pages_xact(&site->pages, WAL_COMMIT, T(7), 300);
	wal_pages_xact(&site->pages, WAL_COMMIT, T(8), 0);
	wal_pages_fill(&site->pages, MIB + WAL_PAGE);
	g_assert_cmpint(wal_last_commit(bytes->data, MIB, MIB).time, ==, 0);
	g_assert_cmpint(wal_last_commit(bytes->data, bytes->len, MIB).time, ==, T(7));
	g_assert_cmpint(wal_last_commit(bytes->data, bytes->len, bytes->len).time, ==, T(8));
}

/* The server died while it wrote a record, and went on in the next page. */
static void broken_off(struct site *site, const void *data)
{
	uint8_t body[500] = {0};

	(void)data;
	wal_pages_xact(&site->pages, WAL_COMMIT, T(1), 0);
	wal_pages_other(&site->pages, 8000);
	wal_pages_add(&site->pages,
		      &(struct wal_record){
			      .manager = 10, .body = body, .size = sizeof(body), .only = 40});
	wal_pages_xact(&site->pages, WAL_COMMIT, T(2), 0);
	wal_pages_fill(&site->pages, MIB);
	g_assert_cmpint(last(site), ==, T(2));
}

static void many_subtransactions(struct site *site, const void *data)
{
	(void)data;
	wal_pages_xact(&site->pages, WAL_COMMIT, T(3), 300000);
	wal_pages_fill(&site->pages, MIB);
	g_assert_cmpint(last(site), ==, T(3));
}

static void damage(struct site *site, const void *data)
{
	struct wal_record wrong = {.manager = WAL_XACT,
				   .body = "\xff\x08"
					   "\0\0\0\0\0\0\1\0",
				   .size = 10,
				   .wrong_crc = true};
	struct wal_record cut = {.manager = WAL_XACT,
				 .body = "\xff\x08"
					 "\0\0\0\0",
				 .size = 6};
	guint page;

	(void)data;
	wal_pages_xact(&site->pages, WAL_COMMIT, T(1), 0);
	wal_pages_add(&site->pages, &wrong);
	wal_pages_add(&site->pages, &cut);
	wal_pages_other(&site->pages, 20000);
	wal_pages_xact(&site->pages, WAL_COMMIT, T(2), 0);
	wal_pages_fill(&site->pages, MIB);
	g_assert_cmpint(last(site), ==, T(2));
	/* A page of what the file held before is none of this segment. */
	page = 2 * WAL_PAGE;
	site->pages.bytes->data[page + 10] ^= 1;
	g_assert_cmpint(last(site), ==, T(1));
}

/* The first commit of those that end behind a place, which no abort is. */
static void first(struct site *site, const void *data)
{
	const GByteArray *bytes = site->pages.bytes;
	size_t before;

	(void)data;
	wal_pages_other(&site->pages, 100);
	wal_pages_xact(&site->pages, WAL_ABORT, T(1), 0);
	wal_pages_xact(&site->pages, WAL_COMMIT, T(2), 0);
	wal_pages_other(&site->pages, 9000);
	before = bytes->len;
	wal_pages_xact(&site->pages, WAL_COMMIT_2, T(3), 20);
	wal_pages_xact(&site->pages, WAL_COMMIT, T(4), 0);
	wal_pages_fill(&site->pages, MIB);
	g_assert_cmpint(wal_first_commit(bytes->data, MIB, 0), ==, T(2));
	g_assert_cmpint(wal_first_commit(bytes->data, MIB, before), ==, T(3));
	/* One of which but the end lies behind it is not whole before it. */
	g_assert_cmpint(wal_first_commit(bytes->data, MIB, before + 40), ==, T(3));
	g_assert_cmpint(wal_first_commit(bytes->data, MIB, MIB - WAL_PAGE), ==, 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct site *site, const void *data);
	} tests[] = {
		{"none-is-none", nothing},
		{"commits-and-aborts-count", every_kind},
		{"records-lie-across-pages", across_pages},
		{"a-segment-begins-within-a-record", begins_within_a_record},
		{"a-record-reaches-over-the-end", reaches_over_the_end},
		{"a-record-was-broken-off", broken_off},
		{"many-subtransactions", many_subtransactions},
		{"the-first-behind-a-place", first},
		{"what-is-damaged-does-not-count", damage},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/wal-commit/", tests[i].name, NULL);

		g_test_add(path, struct site, NULL, site_init, tests[i].test, site_clear);
	}
	return g_test_run();
}
