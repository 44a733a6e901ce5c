#include "ops/copy/pages.h"

#include "base/bytes.h"
#include "pg/page.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* A page that does not verify is damaged only where nothing will bring it in order. */
#define START ((lsn_t)0x5000000)
#define PAGES 40

struct site {
	char *path;
	int fd;
	uint8_t data[PAGES * PAGE_SIZE_PG];
	struct control control;
	struct pgdata_relation relation;
	struct page_findings findings;
};

static void set_u16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static void page_make(uint8_t *page, uint32_t block, lsn_t lsn)
{
	memset(page, 0, PAGE_SIZE_PG);
	bytes_set_u32(page, (uint32_t)(lsn >> 32));
	bytes_set_u32(page + 4, (uint32_t)lsn);
	set_u16(page + 12, 40);		      /* lower */
	set_u16(page + 14, 4096);	      /* upper */
	set_u16(page + 16, PAGE_SIZE_PG);     /* special */
	set_u16(page + 18, PAGE_SIZE_PG | 4); /* size and version */
	for (size_t i = 4096; i < PAGE_SIZE_PG; i++)
		page[i] = (uint8_t)(i * 7 + block);
	set_u16(page + 8, page_checksum(page, block));
}

static uint8_t *page_at(struct site *site, unsigned number)
{
	return site->data + (size_t)number * PAGE_SIZE_PG;
}

static void site_init(struct site *site, const void *data)
{
	GError *error = NULL;

	(void)data;
	site->fd = g_file_open_tmp("odr-pages-XXXXXX", &site->path, &error);
	g_assert_no_error(error);
	site->control.checksum_version = 1;
	g_assert_true(pgdata_relation_parse("base/5/16384", &site->relation));
	for (unsigned i = 0; i < PAGES; i++)
		page_make(page_at(site, i), i, START - 1000);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	page_findings_clear(&site->findings);
	close(site->fd);
	g_unlink(site->path);
	g_free(site->path);
}

/* What is on disk is what was read. */
static void check(struct site *site)
{
	struct page_context context = {.control = &site->control,
				       .backup_start = START,
				       .relation = &site->relation,
				       .fd = site->fd};
	GError *error = NULL;

	g_assert_true(copy_pages_check(&context, site->data, sizeof(site->data), 0, &site->findings,
				       &error));
	g_assert_no_error(error);
}

static void save(struct site *site)
{
	g_assert_cmpint(pwrite(site->fd, site->data, sizeof(site->data), 0), ==,
			sizeof(site->data));
}

static void good(struct site *site, const void *data)
{
	(void)data;
	memset(page_at(site, 3), 0, PAGE_SIZE_PG);
	page_make(page_at(site, 7), 7, START + 5000);
	save(site);
	check(site);
	g_assert_null(site->findings.text);
	g_assert_cmpuint(site->findings.newest_lsn, ==, START + 5000);
}

static void damaged_before_the_backup(struct site *site, const void *data)
{
	(void)data;
	page_at(site, 9)[5000] ^= 1;
	save(site);
	check(site);
	g_assert_cmpuint(site->findings.bad_pages, ==, 1);
	g_assert_cmpstr(site->findings.text->str, ==, "block 9 has a wrong checksum");
}

/* Written since the backup began: replay restores it from its full image. */
static void torn_since(struct site *site, const void *data)
{
	(void)data;
	page_make(page_at(site, 9), 9, START + 1);
	page_at(site, 9)[5000] ^= 1;
	save(site);
	check(site);
	g_assert_null(site->findings.text);
}

/* The bytes change under us: the server is writing, and what the second reading gave is kept. */
static void written_meanwhile(struct site *site, const void *data)
{
	uint8_t whole[PAGE_SIZE_PG];

	(void)data;
	page_make(page_at(site, 9), 9, START - 1);
	save(site);
	memcpy(whole, page_at(site, 9), sizeof(whole));
	page_at(site, 9)[6000] ^= 1;
	check(site);
	g_assert_null(site->findings.text);
	g_assert_cmpmem(page_at(site, 9), PAGE_SIZE_PG, whole, sizeof(whole));
}

static void truncated_meanwhile(struct site *site, const void *data)
{
	(void)data;
	page_at(site, PAGES - 1)[5000] ^= 1;
	save(site);
	g_assert_cmpint(ftruncate(site->fd, (PAGES - 1) * PAGE_SIZE_PG), ==, 0);
	check(site);
	g_assert_null(site->findings.text);
}

static void many_damaged(struct site *site, const void *data)
{
	(void)data;
	for (unsigned i = 0; i < 20; i++)
		page_at(site, 2 * i)[5000] ^= 1;
	save(site);
	check(site);
	g_assert_cmpuint(site->findings.bad_pages, ==, 20);
	g_assert_nonnull(strstr(site->findings.text->str, "block 8 has a wrong checksum"));
	g_assert_null(strstr(site->findings.text->str, "block 12 has"));
	g_assert_true(g_str_has_suffix(site->findings.text->str, "and more blocks"));
}

/* A block is counted in its relation, whose second file begins with block 131072. */
static void second_segment(struct site *site, const void *data)
{
	(void)data;
	g_assert_true(pgdata_relation_parse("base/5/16384.1", &site->relation));
	for (unsigned i = 0; i < PAGES; i++)
		page_make(page_at(site, i), PAGES_PER_SEGMENT + i, START - 1000);
	page_at(site, 1)[5000] ^= 1;
	save(site);
	check(site);
	g_assert_cmpstr(site->findings.text->str, ==, "block 131073 has a wrong checksum");
}

static void without_checksums(struct site *site, const void *data)
{
	(void)data;
	site->control.checksum_version = 0;
	page_at(site, 9)[5000] ^= 1;
	set_u16(page_at(site, 11) + 14, 60000); /* upper beyond the page */
	save(site);
	check(site);
	g_assert_cmpstr(site->findings.text->str, ==, "block 11 has a broken header");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct site *site, const void *data);
	} tests[] = {
		{"good", good},
		{"damaged-before-the-backup", damaged_before_the_backup},
		{"torn-since", torn_since},
		{"written-meanwhile", written_meanwhile},
		{"truncated-meanwhile", truncated_meanwhile},
		{"many-damaged", many_damaged},
		{"second-segment", second_segment},
		{"without-checksums", without_checksums},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/copy-pages/", tests[i].name, NULL);

		g_test_add(path, struct site, NULL, site_init, tests[i].test, site_clear);
	}
	return g_test_run();
}
