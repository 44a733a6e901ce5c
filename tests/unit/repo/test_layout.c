#include "repo/layout.h"

#include "base/clock.h"

#include <string.h>

#define SEGMENT "000000010000000A000000FF"
#define DIGEST	"00112233445566778899aabbccddeeff"
#define SHA	"abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"

static void test_set_ids_sort_by_time(void)
{
	usec_t earlier, later;
	g_autofree char *a = NULL, *b = NULL, *again = NULL;

	g_assert_true(clock_parse_compact("20261121T230501Z", &earlier));
	later = earlier + USEC_PER_SEC;
	a = set_id_new(earlier);
	b = set_id_new(later);
	again = set_id_new(earlier);
	g_assert_true(g_str_has_prefix(a, "20261121T230501Z-"));
	g_assert_cmpstr(a, <, b);
	g_assert_cmpstr(a, !=, again);
	g_assert_true(set_id_valid(a));
	g_assert_cmpint(set_id_time(a), ==, earlier);
}

static void test_refuses_other_set_ids(void)
{
	static const char *const wrong[] = {
		"",
		"20261121T230501Z",
		"20261121T230501Z-",
		"20261121T230501Z-1a2b3c4",
		"20261121T230501Z-1a2b3c4d5",
		"20261121T230501Z-1A2B3C4D",
		"20261121T230501Z_1a2b3c4d",
		"20261121T230501Z-1a2b3c4/",
		"20261321T230501Z-1a2b3c4d",
		"20260230T230501Z-1a2b3c4d",
		"20261121T240501Z-1a2b3c4d",
		"2026-121T230501Z-1a2b3c4d",
		"../../etc/passwd-1a2b3c4d",
	};

	g_assert_true(set_id_valid("20261121T230501Z-1a2b3c4d"));
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		if (set_id_valid(wrong[i]))
			g_error("'%s' passes for a set id", wrong[i]);
}

static void test_generation_says_its_lock_date(void)
{
	usec_t lock, midnight;
	g_autofree char *id = NULL;

	g_assert_true(clock_parse_compact("20261231T120000Z", &lock));
	g_assert_true(clock_parse_compact("20270101T000000Z", &midnight));
	id = generation_id_new(lock);
	g_assert_true(g_str_has_prefix(id, "20261231-"));
	g_assert_true(generation_id_valid(id));
	g_assert_cmpint(generation_lock_date(id), ==, midnight);

	g_assert_false(generation_id_valid(""));
	g_assert_false(generation_id_valid("20261231"));
	g_assert_false(generation_id_valid("20261232-0011223344556677"));
	g_assert_false(generation_id_valid("20261231-001122334455667"));
	g_assert_false(generation_id_valid("20261231-00112233445566778"));
	g_assert_false(generation_id_valid("20261231-001122334455667G"));
	g_assert_false(generation_id_valid("20261231/0011223344556677"));
}

static void test_pack_names(void)
{
	static const char good[] = "pack/20261231-0011223344556677/ab/" SHA;
	static const char *const wrong[] = {
		"pack/20261231-0011223344556677/ac/" SHA,
		"pack/20261231-0011223344556677/" SHA,
		"pack/20261231-0011223344556677/ab/" SHA "0",
		"pack/20261231-0011223344556677/ab/" SHA "/",
		"pack/20261231-001122334455667/ab/" SHA,
		"table/20261231-0011223344556677/ab/" SHA,
		"/pack/20261231-0011223344556677/ab/" SHA,
		"",
	};
	g_autofree char *generation = NULL, *again = NULL;
	uint8_t sha256[SHA256_SIZE];

	g_assert_true(layout_parse_pack(good, &generation, sha256));
	g_assert_cmpstr(generation, ==, "20261231-0011223344556677");
	again = layout_pack(generation, sha256);
	g_assert_cmpstr(again, ==, good);
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		if (layout_parse_pack(wrong[i], &generation, sha256))
			g_error("'%s' passes for a pack", wrong[i]);
}

static void test_set_and_table_names(void)
{
	g_autofree char *set = layout_set("20261121T230501Z-1a2b3c4d");
	g_autofree char *id = NULL, *table = NULL;
	uint8_t sha256[SHA256_SIZE] = {0xab, 0xcd};

	g_assert_cmpstr(set, ==, "set/20261121T230501Z-1a2b3c4d");
	g_assert_true(layout_parse_set(set, &id));
	g_assert_cmpstr(id, ==, "20261121T230501Z-1a2b3c4d");
	g_assert_false(layout_parse_set("set/", &id));
	g_assert_false(layout_parse_set("20261121T230501Z-1a2b3c4d", &id));
	g_assert_false(layout_parse_set("set/20261121T230501Z-1a2b3c4d/x", &id));
	table = layout_table(sha256);
	g_assert_true(g_str_has_prefix(table, "table/abcd00"));
	g_assert_cmpuint(strlen(table), ==, strlen("table/") + 64);
}

static void test_moment_names(void)
{
	static const char *const wrong[] = {
		"moment/filestore",
		"moment/filestore/",
		"moment//20261121T230501Z-1a2b3c4d",
		"moment/filestore/20261121T230501Z",
		"moment/filestore/20261121T230501Z-1a2b3c4d/x",
		"set/filestore/20261121T230501Z-1a2b3c4d",
	};
	g_autofree char *name = layout_moment("filestore", "20261121T230501Z-1a2b3c4d");
	g_autofree char *part = NULL;
	g_autofree char *time = NULL;

	g_assert_cmpstr(name, ==, "moment/filestore/20261121T230501Z-1a2b3c4d");
	g_assert_true(layout_parse_moment(name, &part, &time));
	g_assert_cmpstr(part, ==, "filestore");
	g_assert_cmpstr(time, ==, "20261121T230501Z-1a2b3c4d");
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_false(layout_parse_moment(wrong[i], &part, &time));
}

static void test_mark_names(void)
{
	static const char *const wrong[] = {
		"mark/",
		"mark/20261121T230501Z",
		"mark/20261121T230501Z-1a2b3c4d",
		"mark/20261121T230501Z-0011223344556677/x",
		"mark/20261121T230501Z_0011223344556677",
		"mark/20261321T230501Z-0011223344556677",
		"set/20261121T230501Z-0011223344556677",
	};
	static const uint8_t digest[MARK_DIGEST_SIZE] = {0x00, 0x11, 0x22, 0x33,
							 0x44, 0x55, 0x66, 0x77};
	uint8_t again[MARK_DIGEST_SIZE];
	g_autofree char *id = NULL, *name = NULL, *made = NULL, *unset = NULL;
	usec_t time;

	g_assert_true(clock_parse_compact("20261121T230501Z", &time));
	made = mark_id_of(time, digest);
	name = layout_mark(made);
	g_assert_cmpstr(name, ==, "mark/20261121T230501Z-0011223344556677");
	g_assert_true(layout_parse_mark(name, &id, again));
	g_assert_cmpstr(id, ==, made);
	g_assert_cmpmem(again, sizeof(again), digest, sizeof(digest));
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		if (layout_parse_mark(wrong[i], &unset, again))
			g_error("'%s' passes for a mark", wrong[i]);
}

static void test_wal_names(void)
{
	static const char *const files[] = {
		SEGMENT,
		SEGMENT ".partial",
		SEGMENT ".00000028.backup",
		"00000001.history",
	};
	static const char *const wrong[] = {
		"wal/00000002/" SEGMENT "-" DIGEST,
		"wal/00000001/" SEGMENT "-" DIGEST "0",
		"wal/00000001/" SEGMENT "." DIGEST,
		"wal/00000001/" SEGMENT DIGEST,
		"wal/00000001/-" DIGEST,
		"wal/00000001/x/" SEGMENT "-" DIGEST,
		"wal/00000001/pg_control-" DIGEST,
		"wal/" SEGMENT "-" DIGEST,
		SEGMENT "-" DIGEST,
		"-" DIGEST,
		"",
	};
	g_autofree char *unset = NULL;
	uint8_t digest[XXH128_SIZE];

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *name = g_strdup_printf("wal/00000001/%s-%s", files[i], DIGEST);
		g_autofree char *prefix = layout_wal_prefix(files[i]);
		g_autofree char *file = NULL, *again = NULL;

		g_assert_true(layout_parse_wal(name, &file, digest));
		g_assert_cmpstr(file, ==, files[i]);
		again = layout_wal(file, digest);
		g_assert_cmpstr(again, ==, name);
		g_assert_true(g_str_has_prefix(name, prefix));
		g_assert_true(g_str_has_suffix(prefix, "-"));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		if (layout_parse_wal(wrong[i], &unset, digest))
			g_error("'%s' passes for a WAL object", wrong[i]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/repo/layout/set-ids-sort-by-time", test_set_ids_sort_by_time);
	g_test_add_func("/repo/layout/refuses-other-set-ids", test_refuses_other_set_ids);
	g_test_add_func("/repo/layout/a-generation-says-its-lock-date",
			test_generation_says_its_lock_date);
	g_test_add_func("/repo/layout/pack-names-have-one-spelling", test_pack_names);
	g_test_add_func("/repo/layout/set-and-table-names", test_set_and_table_names);
	g_test_add_func("/layout/names-of-moments", test_moment_names);
	g_test_add_func("/repo/layout/names-of-marks", test_mark_names);
	g_test_add_func("/repo/layout/wal-names-have-one-spelling", test_wal_names);
	return g_test_run();
}
