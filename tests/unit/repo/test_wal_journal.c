#include "repo/wal_journal.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

static char *folder;

static void set_up(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *top = g_dir_make_tmp("odr-journal-XXXXXX", &error);

	g_assert_no_error(error);
	folder = g_build_filename(top, "erp-prod", "wal", NULL);
}

static void tear_down(void)
{
	g_autofree char *service = g_path_get_dirname(folder);
	g_autofree char *top = g_path_get_dirname(service);

	file_remove_tree(top, NULL);
	g_clear_pointer(&folder, g_free);
}

/* A repository without an id has the place that follows from its name. */
static struct wal_repository repository(const char *name, char id)
{
	struct wal_repository one = {.name = name};

	memset(one.place, 'a' + (char)(strlen(name) % 6), STORE_PLACE_SIZE - 1);
	if (id)
		memset(one.id, id, REPO_ID_SIZE - 1);
	return one;
}

static void append_to(const struct wal_repository *to, const char *file, usec_t stored_at)
{
	g_autoptr(GError) error = NULL;
	struct wal_record record = {
		.file = (char *)file,
		.digest = {1, 2, 3, 255},
		.size = 16777216,
		.repository = *to,
		.stored_at = stored_at,
		.written_at = 4711,
	};

	wal_journal_append(folder, &record, 1, &error);
	g_assert_no_error(error);
}

static void append(const char *file, const char *name, usec_t stored_at)
{
	struct wal_repository to = repository(name, 0);

	append_to(&to, file, stored_at);
}

static GPtrArray *find(const char *file)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *records = NULL;

	wal_journal_find(folder, file, &records, &error);
	g_assert_no_error(error);
	return records;
}

static guint found(const char *file)
{
	g_autoptr(GPtrArray) records = find(file);

	return records->len;
}

static char *journal(const char *name)
{
	return g_build_filename(folder, name, NULL);
}

static void test_round_trip(void)
{
	set_up();
	g_assert_cmpuint(found("000000010000000000000001"), ==, 0);
	append("000000010000000000000001", "main", 5);
	append("000000010000000000000002", "main", 6);
	append("000000010000000000000001", "offsite", 7);

	g_autoptr(GPtrArray) records = find("000000010000000000000001");
	const struct wal_record *one = records->pdata[0], *two = records->pdata[1];
	static const uint8_t digest[XXH128_SIZE] = {1, 2, 3, 255};

	g_assert_cmpuint(records->len, ==, 2);
	g_assert_cmpstr(one->file, ==, "000000010000000000000001");
	g_assert_cmpmem(one->digest, XXH128_SIZE, digest, XXH128_SIZE);
	g_assert_cmpuint(one->size, ==, 16777216);
	g_assert_cmpstr(one->repository.name, ==, "main");
	g_assert_cmpint(one->stored_at, ==, 5);
	g_assert_cmpstr(two->repository.name, ==, "offsite");
	tear_down();
}

static void test_line(void)
{
	g_autofree char *path = NULL, *text = NULL;
	g_autoptr(GError) error = NULL;

	set_up();
	append("00000002.history", "main", 1795561501000000);
	path = journal("other");
	g_file_get_contents(path, &text, NULL, &error);
	g_assert_no_error(error);
	g_assert_true(g_str_has_prefix(text, "v3 00000002.history 010203ff000000000000000000000000 "
					     "16777216 1795561501000000 - "
					     "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee main 4711 "));
	g_assert_cmpuint(strlen(strrchr(text, ' ')), ==, 1 + 8 + 1);
	g_assert_true(g_str_has_suffix(text, "\n"));
	tear_down();
}

/* Of version 2, which did not tell when a file was written. */
static void test_version_2(void)
{
	static const char line[] =
		"v2 000000010000000000000001 010203ff000000000000000000000000 16777216 7 - "
		"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee main";
	g_autofree char *path = NULL;
	g_autofree char *text = g_strdup_printf(
		"%s %08x\n", line, crc32c_value(crc32c_update(crc32c_init(), line, strlen(line))));
	g_autoptr(GPtrArray) records = NULL;

	set_up();
	append("000000010000000000000002", "main", 6);
	path = journal("0000000100000000");
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	append("000000010000000000000001", "main", 8);
	records = find("000000010000000000000001");
	g_assert_cmpuint(records->len, ==, 2);
	g_assert_cmpint(((struct wal_record *)records->pdata[0])->stored_at, ==, 7);
	g_assert_cmpint(((struct wal_record *)records->pdata[0])->written_at, ==, 0);
	g_assert_cmpint(((struct wal_record *)records->pdata[1])->written_at, ==, 4711);
	tear_down();
}

static void test_torn(void)
{
	g_autofree char *path = NULL, *text = NULL;
	g_autoptr(GError) error = NULL;
	size_t size;

	set_up();
	append("000000010000000000000001", "main", 1);
	append("000000010000000000000002", "main", 2);
	path = journal("0000000100000000");
	g_file_get_contents(path, &text, &size, &error);
	g_assert_no_error(error);
	/* Torn at every byte of the last line: the first stays, what follows is whole. */
	for (size_t cut = size / 2 + 1; cut < size; cut++) {
		g_file_set_contents(path, text, cut, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(found("000000010000000000000001"), ==, 1);
		g_assert_cmpuint(found("000000010000000000000002"), ==, 0);
		append("000000010000000000000003", "main", 3);
		g_assert_cmpuint(found("000000010000000000000001"), ==, 1);
		g_assert_cmpuint(found("000000010000000000000003"), ==, 1);
	}
	tear_down();
}

static void test_altered(void)
{
	g_autofree char *path = NULL, *text = NULL;
	g_autoptr(GError) error = NULL;
	size_t size;

	set_up();
	append("000000010000000000000001", "main", 1);
	path = journal("0000000100000000");
	g_file_get_contents(path, &text, &size, &error);
	g_assert_no_error(error);
	for (size_t i = 0; i < size; i++) {
		text[i] ^= 1;
		g_file_set_contents(path, text, size, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(found("000000010000000000000001"), ==, 0);
		text[i] ^= 1;
	}
	tear_down();
}

static void test_processes(void)
{
	enum { PROCESSES = 8, RECORDS = 50 };
	pid_t children[PROCESSES];

	set_up();
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i] > 0)
			continue;
		for (int k = 0; k < RECORDS; k++)
			append("000000010000000000000001", "main", i * 1000 + k);
		_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		g_assert_cmpint(waitpid(children[i], &status, 0), ==, children[i]);
		g_assert_cmpint(status, ==, 0);
	}
	g_assert_cmpuint(found("000000010000000000000001"), ==, PROCESSES * RECORDS);
	tear_down();
}

static void test_read_all(void)
{
	static const char *const wanted[] = {"000000010000000000000001", "000000010000000100000000",
					     "000000010000000100000000.00000028.backup",
					     "00000002.history", "000000020000000100000000"};
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) records = NULL;
	g_autofree char *junk = NULL;

	set_up();
	wal_journal_read_all(folder, &records, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(records->len, ==, 0);
	g_clear_pointer(&records, g_ptr_array_unref);
	for (size_t i = G_N_ELEMENTS(wanted); i-- > 0;)
		append(wanted[i], "main", i);
	junk = journal("0000000100000000.tmp");
	g_file_set_contents(junk, "v1", 2, NULL);
	wal_journal_read_all(folder, &records, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(records->len, ==, G_N_ELEMENTS(wanted));
	for (guint i = 0; i < records->len; i++)
		g_assert_cmpstr(((struct wal_record *)records->pdata[i])->file, ==, wanted[i]);
	tear_down();
}

static void test_trim(void)
{
	static const struct {
		const char *file;
		bool stays;
	} cases[] = {
		{"000000010000000400000001", false}, {"000000020000000400000001", false},
		{"000000010000000500000000", true},  {"000000020000000500000003", true},
		{"000000010000000600000000", true},  {"00000002.history", true},
	};
	g_autoptr(GError) error = NULL;

	set_up();
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		append(cases[i].file, "main", 1);
	wal_journal_trim(folder, "000000020000000500000002", &error);
	g_assert_no_error(error);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpuint(found(cases[i].file), ==, cases[i].stays ? 1 : 0);
	g_assert_false(wal_journal_trim(folder, "00000002.history", &error));
	g_assert_true(odr_error_is(error, ODR_ERROR_USAGE));
	tear_down();
}

static void test_refuses(void)
{
	g_autoptr(GError) error = NULL;
	struct wal_record record = {.file = (char *)"000000010000000000000001",
				    .repository = repository("a b", 0)};

	set_up();
	g_assert_false(wal_journal_append(folder, &record, 1, &error));
	g_assert_true(odr_error_is(error, ODR_ERROR_USAGE));
	g_assert_cmpuint(found("000000010000000000000001"), ==, 0);
	tear_down();
}

/* Whether the records of one segment say that it is in this repository. */
static bool says(const char *file, struct wal_repository of)
{
	g_autoptr(GPtrArray) records = find(file);
	bool any = false;

	for (guint i = 0; i < records->len; i++)
		any = any || wal_record_is_of(records->pdata[i], &of);
	return any;
}

#define ONE   "000000010000000000000001"
#define TWO   "000000010000000000000002"
#define THREE "000000010000000000000003"

/* By its id a repository is known under another name and at another place, and no other at its own. */
static void test_by_id(void)
{
	struct wal_repository main = repository("main", '1');

	set_up();
	append_to(&main, ONE, 1);
	g_assert_true(says(ONE, main));
	g_assert_true(says(ONE, repository("renamed and moved", '1')));
	g_assert_false(says(ONE, repository("main", '2')));
	/* Who does not know what lies there takes it for what lay there. */
	g_assert_true(says(ONE, repository("main", 0)));
	g_assert_false(says(ONE, repository("elsewhere", 0)));
	tear_down();
}

static void test_by_place(void)
{
	set_up();
	append(ONE, "main", 1);
	g_assert_true(says(ONE, repository("main", 0)));
	g_assert_true(says(ONE, repository("main", '1')));
	g_assert_true(says(ONE, repository("moin", 0)));
	g_assert_false(says(ONE, repository("elsewhere", 0)));
	g_assert_false(says(ONE, repository("elsewhere", '1')));
	tear_down();
}

/* Another disk was mounted at the place: what the first one holds the second does not. */
static void test_superseded(void)
{
	struct wal_repository first = repository("main", '1'), second = repository("main", '2');

	set_up();
	append_to(&first, ONE, 1);
	g_assert_true(says(ONE, repository("main", 0)));
	append_to(&second, TWO, 2);
	g_assert_false(says(ONE, repository("main", 0)));
	g_assert_true(says(TWO, repository("main", 0)));
	g_assert_true(says(ONE, first));
	g_assert_false(says(ONE, second));
	append_to(&first, THREE, 3);
	g_assert_true(says(ONE, repository("main", 0)));
	g_assert_false(says(TWO, repository("main", 0)));
	tear_down();
}

/* As version 1 wrote it. */
static void append_old(const char *file, const char *name)
{
	g_autofree char *line =
		g_strdup_printf("v1 %s 010203ff000000000000000000000000 16777216 7 %s", file, name);
	uint32_t check = crc32c_value(crc32c_update(crc32c_init(), line, strlen(line)));
	g_autofree char *path = g_build_filename(folder, "0000000100000000", NULL);
	FILE *journal_file = fopen(path, "a");

	g_assert_nonnull(journal_file);
	fprintf(journal_file, "%s %08x\n", line, check);
	g_assert_cmpint(fclose(journal_file), ==, 0);
}

static void adopt(void)
{
	struct wal_repository now[] = {repository("main", 0), repository("offsite", '5')};
	g_autoptr(GError) error = NULL;

	wal_journal_adopt(folder, now, G_N_ELEMENTS(now), &error);
	g_assert_no_error(error);
}

static void test_adopts(void)
{
	set_up();
	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	append_old(ONE, "main");
	append_old(ONE, "offsite");
	append_old(TWO, "gone");
	append(THREE, "main", 9);
	g_assert_false(says(ONE, repository("main", 0)));
	adopt();
	g_assert_true(says(ONE, repository("main", 0)));
	g_assert_true(says(ONE, repository("anywhere", '5')));
	g_assert_false(says(ONE, repository("anywhere", 0)));
	g_assert_false(says(TWO, repository("gone", 0)));
	g_assert_true(says(THREE, repository("main", 0)));

	g_autoptr(GPtrArray) records = find(ONE);
	const struct wal_record *one = records->pdata[0];

	g_assert_cmpuint(records->len, ==, 2);
	g_assert_cmpint(one->stored_at, ==, 7);
	g_assert_cmpstr(one->repository.name, ==, "main");
	tear_down();
}

/* The name may be another repository's by the time an older version comes back. */
static void test_adopts_once(void)
{
	g_autofree char *before = NULL, *after = NULL, *path = NULL;

	set_up();
	adopt();
	append(ONE, "main", 1);
	append_old(TWO, "main");
	path = journal("0000000100000000");
	g_assert_true(g_file_get_contents(path, &before, NULL, NULL));
	adopt();
	g_assert_true(g_file_get_contents(path, &after, NULL, NULL));
	g_assert_cmpstr(before, ==, after);
	g_assert_true(says(ONE, repository("main", 0)));
	g_assert_false(says(TWO, repository("main", 0)));
	tear_down();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wal-journal/what-was-recorded-is-found", test_round_trip);
	g_test_add_func("/wal-journal/a-record-is-a-line", test_line);
	g_test_add_func("/wal-journal/what-an-older-version-wrote-is-read", test_version_2);
	g_test_add_func("/wal-journal/a-torn-line-costs-only-itself", test_torn);
	g_test_add_func("/wal-journal/an-altered-line-is-ignored", test_altered);
	g_test_add_func("/wal-journal/processes-do-not-tear-each-others-lines", test_processes);
	g_test_add_func("/wal-journal/all-records-come-sorted-by-file", test_read_all);
	g_test_add_func("/wal-journal/trims-what-lies-before-on-every-timeline", test_trim);
	g_test_add_func("/wal-journal/knows-a-repository-by-its-id", test_by_id);
	g_test_add_func("/wal-journal/without-an-id-by-its-place", test_by_place);
	g_test_add_func("/wal-journal/another-repository-at-the-place-is-another", test_superseded);
	g_test_add_func("/wal-journal/adopts-what-an-older-version-wrote", test_adopts);
	g_test_add_func("/wal-journal/adopts-only-once", test_adopts_once);
	g_test_add_func("/wal-journal/refuses-what-would-break-a-line", test_refuses);
	return g_test_run();
}
