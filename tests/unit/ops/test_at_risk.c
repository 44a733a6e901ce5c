#include "ops/at_risk.h"

#include "../pg/wal_pages.h"
#include "base/file.h"

#include <stdio.h>

/* A pg_wal of segments of 1 MiB, of which all before the sixth are durable. */
#define MIB	(1u << 20)
#define DURABLE ((lsn_t)6 * MIB)
#define SYSTEM	7000000000000000001
#define T(n)	((usec_t)1795561500 * USEC_PER_SEC + (usec_t)(n)*USEC_PER_SEC)

struct site {
	char *folder;
	struct wal_pages pages; /* begins with the segment before the end of what is durable */
	uint32_t timeline;
	uint64_t system;
};

static void site_init(struct site *site, const void *data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	site->folder = g_dir_make_tmp("odr-at-risk-XXXXXX", &error);
	g_assert_no_error(error);
	wal_pages_begin(&site->pages, DURABLE - MIB, MIB);
	site->timeline = 1;
	site->system = SYSTEM;
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	g_byte_array_unref(site->pages.bytes);
	file_remove_tree(site->folder, NULL);
	g_free(site->folder);
}

static char *segment_path(const struct site *site, uint32_t timeline, lsn_t start)
{
	char name[WAL_SEGMENT_NAME_SIZE];

	wal_segment_name(timeline, start, MIB, name);
	return g_build_filename(site->folder, name, NULL);
}

/* As the server would have written it by now: whole segments, the last one filled up with zeros. */
static void write_wal(struct site *site)
{
	GByteArray *bytes = site->pages.bytes;

	wal_pages_fill(&site->pages, (bytes->len + MIB - 1) / MIB * MIB);
	for (guint at = 0; at < bytes->len; at += MIB) {
		g_autofree char *path = segment_path(site, 1, site->pages.address + at);

		g_assert_true(g_file_set_contents(path, (char *)bytes->data + at, MIB, NULL));
	}
}

static void assert_since(const struct site *site, usec_t since)
{
	struct at_risk risk = at_risk_find(&(struct at_risk_source){
		.wal = site->folder, .durable = {site->timeline, MIB, DURABLE, site->system}});

	g_assert_cmpstr(risk.why, ==, NULL);
	g_assert_cmpint(risk.basis, ==, AT_RISK_WAL);
	g_assert_cmpint(risk.since, ==, since);
}

static void assert_unknown(const struct site *site, const char *why)
{
	struct at_risk risk = at_risk_find(&(struct at_risk_source){
		.wal = site->folder, .durable = {site->timeline, MIB, DURABLE, site->system}});

	g_assert_cmpint(risk.basis, ==, AT_RISK_UNKNOWN);
	g_assert_cmpint(risk.since, ==, 0);
	g_assert_nonnull(strstr(risk.why, why));
	g_free(risk.why);
}

/* Up to the end of the segment, as after a switch; what follows begins with the next one. */
static void end_segment(struct site *site)
{
	wal_pages_fill(&site->pages, (site->pages.bytes->len + MIB - 1) / MIB * MIB);
}

static void test_first(struct site *site, const void *data)
{
	(void)data;
	wal_pages_xact(&site->pages, WAL_COMMIT, T(1), 0);
	end_segment(site);
	wal_pages_other(&site->pages, 500);
	wal_pages_xact(&site->pages, WAL_ABORT, T(2), 0);
	wal_pages_xact(&site->pages, WAL_COMMIT, T(3), 0);
	wal_pages_xact(&site->pages, WAL_COMMIT, T(4), 0);
	write_wal(site);
	assert_since(site, T(3));
}

static void test_none(struct site *site, const void *data)
{
	(void)data;
	wal_pages_xact(&site->pages, WAL_COMMIT, T(1), 0);
	end_segment(site);
	wal_pages_other(&site->pages, 500);
	write_wal(site);
	assert_since(site, 0);
}

/* The server has just ended its segment, and the file for the next is one it used before, or is not made yet. */
static void test_nothing_written(struct site *site, const void *data)
{
	g_autofree char *next = segment_path(site, 1, DURABLE);

	(void)data;
	wal_pages_xact(&site->pages, WAL_COMMIT, T(1), 0);
	write_wal(site);
	assert_since(site, 0);
	g_assert_true(g_file_set_contents(next, (char *)site->pages.bytes->data, MIB, NULL));
	assert_since(site, 0);
}

static void test_over_the_end(struct site *site, const void *data)
{
	const GByteArray *bytes = site->pages.bytes;

	(void)data;
	while (bytes->len < MIB - 6000)
		wal_pages_other(&site->pages, 4000);
	wal_pages_other(&site->pages, MIB - bytes->len - 100);
	wal_pages_xact(&site->pages, WAL_COMMIT, T(7), 300);
	wal_pages_xact(&site->pages, WAL_COMMIT, T(8), 0);
	write_wal(site);
	assert_since(site, T(7));
}

static void test_later_segment(struct site *site, const void *data)
{
	(void)data;
	wal_pages_xact(&site->pages, WAL_COMMIT, T(1), 0);
	end_segment(site);
	for (int i = 0; i < 2; i++) {
		wal_pages_other(&site->pages, 500);
		end_segment(site);
	}
	wal_pages_xact(&site->pages, WAL_COMMIT, T(5), 0);
	write_wal(site);
	assert_since(site, T(5));
}

static void test_unknown(struct site *site, const void *data)
{
	g_autofree char *before = segment_path(site, 1, DURABLE - MIB);
	g_autofree char *behind = segment_path(site, 1, DURABLE);
	g_autofree char *other = segment_path(site, 2, DURABLE);

	(void)data;
	assert_unknown(site, "there is no WAL in");
	wal_pages_xact(&site->pages, WAL_COMMIT, T(1), 0);
	end_segment(site);
	wal_pages_xact(&site->pages, WAL_COMMIT, T(2), 0);
	end_segment(site);
	wal_pages_xact(&site->pages, WAL_COMMIT, T(3), 0);
	write_wal(site);
	site->system++;
	assert_unknown(site, "is of another cluster");
	site->system = 0;
	assert_since(site, T(2));
	g_assert_true(g_file_set_contents(other, "", 0, NULL));
	assert_unknown(site, "the server is on timeline 2, of which nothing is archived yet");
	g_assert_cmpint(remove(other) + remove(before) + remove(behind), ==, 0);
	assert_unknown(site, "has no WAL from the end of what is durable on");
}

static void test_nowhere(void)
{
	struct at_risk_source source = {.durable = {1, MIB, 0, SYSTEM}};
	struct at_risk risk = at_risk_find(&source);

	g_assert_cmpint(risk.basis, ==, AT_RISK_UNKNOWN);
	g_assert_cmpstr(risk.why, ==, "no WAL is known to be durable");
	g_free(risk.why);
	source.durable.end = DURABLE;
	risk = at_risk_find(&source);
	g_assert_cmpstr(risk.why, ==, "it is not known where the server's WAL is");
	g_free(risk.why);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct site *site, const void *data);
	} tests[] = {
		{"the-oldest-commit-that-is-not-durable", test_first},
		{"no-commit-is-nothing-at-risk", test_none},
		{"what-is-not-written-is-nothing-at-risk", test_nothing_written},
		{"a-commit-that-ends-behind-the-end-is-at-risk", test_over_the_end},
		{"segments-that-were-ended-early-are-passed", test_later_segment},
		{"what-cannot-be-told-says-why", test_unknown},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/at-risk/", tests[i].name, NULL);

		g_test_add(path, struct site, NULL, site_init, tests[i].test, site_clear);
	}
	g_test_add_func("/at-risk/without-an-end-or-a-place-nothing-is-told", test_nowhere);
	return g_test_run();
}
