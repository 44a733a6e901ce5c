#include "pg/page.h"

#include "base/bytes.h"

#include <string.h>

#define RUN 5

static void set_u16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

/* A page as the server would write it: sane header, some content, its checksum. */
static void make_page(uint8_t *page, uint32_t block)
{
	memset(page, 0, PAGE_SIZE_PG);
	bytes_set_u32(page, 0x16);
	bytes_set_u32(page + 4, 0xB374D848);
	set_u16(page + 10, 0x0004);
	set_u16(page + 12, 28);
	set_u16(page + 14, 8000);
	set_u16(page + 16, PAGE_SIZE_PG);
	set_u16(page + 18, 0x2004);
	memset(page + 8000, (int)(block + 1), 192);
	set_u16(page + 8, page_checksum(page, block));
}

/* Computed with PostgreSQL's own code. */
static void test_vectors(void)
{
	static const struct {
		unsigned factor, offset;
		uint32_t block;
		uint16_t checksum;
	} cases[] = {
		{1, 0, 0, 0xE706}, {1, 0, 1, 0xE707}, {1, 0, 131072, 0xE708},
		{7, 3, 0, 0xAA4C}, {7, 3, 7, 0xAA49},
	};
	uint8_t page[PAGE_SIZE_PG];

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		for (unsigned at = 0; at < PAGE_SIZE_PG; at++)
			page[at] = (uint8_t)(cases[i].factor * at + cases[i].offset);
		g_assert_cmphex(page_checksum(page, cases[i].block), ==, cases[i].checksum);
	}
}

static void test_stored_does_not_count(void)
{
	uint8_t page[PAGE_SIZE_PG] = {0};

	set_u16(page + 14, 8192);
	g_assert_cmphex(page_checksum(page, 0), ==, 0x1F94);
	set_u16(page + 8, 0xABCD);
	g_assert_cmphex(page_checksum(page, 0), ==, 0x1F94);
	g_assert_cmphex(page_stored_checksum(page), ==, 0xABCD);
}

static void test_lsn(void)
{
	uint8_t page[PAGE_SIZE_PG];

	make_page(page, 0);
	g_assert_cmphex(page_lsn(page), ==, 0x16B374D848);
}

static void test_judgement(void)
{
	static const struct {
		size_t at;
		unsigned value;
		enum page_state with, without; /* checksums; header changes get a new checksum */
	} cases[] = {
		{4096, 0x0101, PAGE_BAD_CHECKSUM, PAGE_GOOD},
		{8, 0x0000, PAGE_BAD_CHECKSUM, PAGE_GOOD},
		{10, 0x0008, PAGE_BAD_HEADER, PAGE_BAD_HEADER},
		{12, 8001, PAGE_BAD_HEADER, PAGE_BAD_HEADER},
		{14, 8193, PAGE_BAD_HEADER, PAGE_BAD_HEADER},
		{14, 0, PAGE_BAD_HEADER, PAGE_BAD_HEADER},
		{16, 8188, PAGE_BAD_HEADER, PAGE_BAD_HEADER},
		{16, 7992, PAGE_BAD_HEADER, PAGE_BAD_HEADER},
		{12, 24, PAGE_GOOD, PAGE_GOOD},
	};
	uint8_t page[PAGE_SIZE_PG];

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		make_page(page, 7);
		set_u16(page + cases[i].at, cases[i].value);
		if (cases[i].at >= 10 && cases[i].at < 24)
			set_u16(page + 8, page_checksum(page, 7));
		g_assert_cmpint(page_check(page, 7, true), ==, cases[i].with);
		g_assert_cmpint(page_check(page, 7, false), ==, cases[i].without);
	}
}

static void test_new_pages(void)
{
	static const size_t at[] = {0, 8, 20, 4095, 8191};
	uint8_t page[PAGE_SIZE_PG] = {0};

	g_assert_cmpint(page_check(page, 3, true), ==, PAGE_NEW);
	g_assert_cmpint(page_check(page, 3, false), ==, PAGE_NEW);
	for (size_t i = 0; i < G_N_ELEMENTS(at); i++) {
		page[at[i]] = 1;
		g_assert_cmpint(page_check(page, 3, true), ==, PAGE_BAD_HEADER);
		g_assert_cmpint(page_check(page, 3, false), ==, PAGE_BAD_HEADER);
		page[at[i]] = 0;
	}
}

static void test_wrong_place(void)
{
	uint8_t page[PAGE_SIZE_PG];

	make_page(page, PAGES_PER_SEGMENT + 5);
	g_assert_cmpint(page_check(page, PAGES_PER_SEGMENT + 5, true), ==, PAGE_GOOD);
	g_assert_cmpint(page_check(page, 5, true), ==, PAGE_BAD_CHECKSUM);
}

/* At every alignment: what a file is read into need not lie on a boundary. */
static void test_runs(void)
{
	for (size_t shift = 0; shift < 4; shift++) {
		g_autofree uint8_t *buffer = g_malloc0(RUN * PAGE_SIZE_PG + shift);
		uint8_t *pages = buffer + shift;

		for (uint32_t i = 0; i < RUN; i++)
			if (i != 1) /* a new page */
				make_page(pages + i * PAGE_SIZE_PG, 100 + i);
		g_assert_cmpuint(page_check_run(pages, 0, 100, true), ==, 0);
		g_assert_cmpuint(page_check_run(pages, RUN, 100, true), ==, RUN);
		g_assert_cmpuint(page_check_run(pages, RUN, 101, true), ==, 0);
		g_assert_cmpuint(page_check_run(pages, RUN, 101, false), ==, RUN);
		for (size_t i = RUN; i-- > 0;) {
			pages[i * PAGE_SIZE_PG + 5000] ^= 0x20;
			g_assert_cmpuint(page_check_run(pages, RUN, 100, true), ==, i);
		}
		g_assert_cmpuint(page_check_run(pages, RUN, 100, false), ==, 1);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pg/page/computes-what-postgresql-computes", test_vectors);
	g_test_add_func("/pg/page/the-stored-checksum-does-not-count", test_stored_does_not_count);
	g_test_add_func("/pg/page/reads-the-lsn-high-half-first", test_lsn);
	g_test_add_func("/pg/page/judges-checksum-and-header", test_judgement);
	g_test_add_func("/pg/page/a-new-page-is-all-zero", test_new_pages);
	g_test_add_func("/pg/page/a-page-at-another-place-is-wrong", test_wrong_place);
	g_test_add_func("/pg/page/a-run-ends-at-the-first-bad-page", test_runs);
	return g_test_run();
}
