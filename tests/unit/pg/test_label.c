#include "pg/label.h"

#include "base/error.h"

#define START	   "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\n"
#define CHECKPOINT "CHECKPOINT LOCATION: 0/2000060\n"
#define METHOD	   "BACKUP METHOD: streamed\n"
#define FROM	   "BACKUP FROM: primary\n"
#define REST	   "START TIME: 2026-11-25 03:22:40 UTC\nLABEL: odrbackup try\n"
#define TIMELINE   "START TIMELINE: 1\n"

static void test_label(void)
{
	static const struct {
		const char *from;
		bool from_standby;
	} cases[] = {{"primary", false}, {"master", false}, {"standby", true}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf(
			START CHECKPOINT METHOD "BACKUP FROM: %s\n" REST TIMELINE, cases[i].from);
		struct backup_label label;

		g_assert_true(backup_label_parse(text, &label, NULL));
		g_assert_cmphex(label.start, ==, 0x2000028);
		g_assert_cmphex(label.checkpoint, ==, 0x2000060);
		g_assert_cmpstr(label.first_segment, ==, "000000010000000000000002");
		g_assert_cmpuint(label.timeline, ==, 1);
		g_assert_true(label.from_standby == cases[i].from_standby);
	}
}

static void test_label_damage(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "backup_label has no line 'START WAL LOCATION: '"},
		{START CHECKPOINT METHOD REST TIMELINE, "backup_label has no line 'BACKUP FROM: '"},
		{START CHECKPOINT METHOD FROM REST, "backup_label has no line 'START TIMELINE: '"},
		{"START WAL LOCATION: 0/2000028\n",
		 "backup_label has the unreadable line 'START WAL LOCATION: 0/2000028'"},
		{"START WAL LOCATION: 0/2000028 (file 00000002.history)\n",
		 "backup_label has the unreadable line 'START WAL LOCATION: 0/2000028 (file "
		 "00000002.history)'"},
		{"CHECKPOINT LOCATION: 2000060\n",
		 "backup_label has the unreadable line 'CHECKPOINT LOCATION: 2000060'"},
		{"BACKUP FROM: elsewhere\n",
		 "backup_label has the unreadable line 'BACKUP FROM: elsewhere'"},
		{"START TIMELINE: 0\n", "backup_label has the unreadable line 'START TIMELINE: 0'"},
		{CHECKPOINT CHECKPOINT,
		 "backup_label has the unreadable line 'CHECKPOINT LOCATION: 0/2000060'"},
		{START CHECKPOINT METHOD FROM REST "START TIMELINE: 2\n",
		 "backup_label names the timeline 2 but a segment of timeline 1"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		struct backup_label label = {.timeline = 9};

		g_assert_false(backup_label_parse(cases[i].text, &label, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
		g_assert_cmpstr(error->message, ==, cases[i].message);
		g_assert_cmpuint(label.timeline, ==, 9);
	}
}

static void test_incremental(void)
{
	g_autoptr(GError) error = NULL;
	struct backup_label label;

	g_assert_false(backup_label_parse(START CHECKPOINT METHOD FROM REST TIMELINE
					  "INCREMENTAL FROM LSN: 0/1000028\n",
					  &label, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
	g_assert_cmpstr(error->message, ==,
			"backup_label is of an incremental backup, which no server starts");
}

static void test_map_round_trip(void)
{
	static const char *const cases[] = {
		"",
		"16384 /srv/fast\n",
		"16384 /srv/with blank\n16385 /srv/new\\\nline\n4294967295 /srv/back\\\\slash\\\r\n",
		"16384 /srv/\xff\xfe\n",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GHashTable) paths = NULL;
		g_autofree char *printed = NULL;

		g_assert_true(tablespace_map_parse(cases[i], &paths, NULL));
		printed = tablespace_map_print(paths);
		g_assert_cmpstr(printed, ==, cases[i]);
	}
}

static void test_map_escapes(void)
{
	g_autoptr(GHashTable) paths = NULL;
	g_autofree char *printed = NULL;

	g_assert_true(tablespace_map_parse("20 /b\\\nc\r\n3 /a\\\\\n", &paths, NULL));
	g_assert_cmpstr(g_hash_table_lookup(paths, GUINT_TO_POINTER(20)), ==, "/b\nc");
	g_assert_cmpstr(g_hash_table_lookup(paths, GUINT_TO_POINTER(3)), ==, "/a\\");
	printed = tablespace_map_print(paths);
	g_assert_cmpstr(printed, ==, "3 /a\\\\\n20 /b\\\nc\n");
}

static void test_map_damage(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"16384 /srv/fast", "tablespace_map breaks off in a line"},
		{"16384 /srv/fast\\", "tablespace_map breaks off in a line"},
		{"16384\n", "tablespace_map has a line that is not an OID and an absolute path"},
		{"0 /srv\n", "tablespace_map has a line that is not an OID and an absolute path"},
		{"4294967296 /srv\n",
		 "tablespace_map has a line that is not an OID and an absolute path"},
		{"16384 srv\n",
		 "tablespace_map has a line that is not an OID and an absolute path"},
		{"5 /a\n5 /b\n", "tablespace_map has two lines for the tablespace 5"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		GHashTable *paths = NULL;

		g_assert_false(tablespace_map_parse(cases[i].text, &paths, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
		g_assert_cmpstr(error->message, ==, cases[i].message);
		g_assert_null(paths);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pg/label/reads-the-label-of-every-major", test_label);
	g_test_add_func("/pg/label/says-what-is-wrong-with-a-label", test_label_damage);
	g_test_add_func("/pg/label/refuses-incremental-backups", test_incremental);
	g_test_add_func("/pg/label/a-map-prints-as-it-was-read", test_map_round_trip);
	g_test_add_func("/pg/label/a-map-escapes-and-sorts", test_map_escapes);
	g_test_add_func("/pg/label/says-what-is-wrong-with-a-map", test_map_damage);
	return g_test_run();
}
