#include "pg/control.h"

#include "base/error.h"
#include "base/file.h"
#include "control_file.h"

#include <fcntl.h>
#include <unistd.h>

static void test_every_major(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(control_rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *directory = NULL;
		uint8_t file[CONTROL_FILE_SIZE];
		struct control control;

		control_file_make(file, &control_rows[i]);
		control_parse(file, sizeof(file), &control, &error);
		g_assert_no_error(error);
		g_assert_cmpint(control.major, ==, control_rows[i].major);
		g_assert_cmpuint(control.system_identifier, ==, 7711944223782957749);
		g_assert_cmpuint(control.state, ==, CONTROL_IN_PRODUCTION);
		g_assert_cmphex(control.checkpoint, ==, 0x2000060);
		g_assert_cmphex(control.redo, ==, 0x2000028);
		g_assert_cmpuint(control.timeline, ==, 3);
		g_assert_cmphex(control.minimum_recovery, ==, 0x1234);
		g_assert_cmpint(control.max_connections, ==, 100);
		g_assert_cmpint(control.max_worker_processes, ==, 8);
		g_assert_cmpint(control.max_wal_senders, ==, 10);
		g_assert_cmpint(control.max_prepared_transactions, ==, 2);
		g_assert_cmpint(control.max_locks_per_transaction, ==, 64);
		g_assert_cmpuint(control.wal_level, ==, 1);
		g_assert_cmpuint(control.wal_segment_size, ==, 16 << 20);
		g_assert_cmpuint(control.checksum_version, ==, 1);
		directory = control_tablespace_directory(&control);
		g_assert_cmpstr(directory, ==, control_rows[i].tablespace_directory);
	}
}

static void test_refused(void)
{
	static const struct {
		size_t at;
		uint32_t value;
		enum odr_error code;
		const char *message;
	} cases[] = {
		{8, 1201, ODR_ERROR_REFUSED,
		 "pg_control has the version 1201; PostgreSQL 13 to 18 have 1300, 1700 or 1800"},
		{12, 202406281, ODR_ERROR_REFUSED,
		 "pg_control has the catalog version 202406281, which is of no release of "
		 "PostgreSQL 13 to 18"},
		{16, 7, ODR_ERROR_CORRUPT, "pg_control has the unknown state 7"},
		{48, 0, ODR_ERROR_CORRUPT, "pg_control has the timeline 0"},
		{204, 4, ODR_ERROR_REFUSED,
		 "the cluster was made on a machine with another alignment or floating point "
		 "format"},
		{208, 1, ODR_ERROR_REFUSED,
		 "the cluster was made on a machine with another alignment or floating point "
		 "format"},
		{216, 4096, ODR_ERROR_REFUSED,
		 "the cluster was built with the block size 4096; only 8192 is supported"},
		{220, 1, ODR_ERROR_REFUSED,
		 "the cluster was built with the blocks per segment 1; only 131072 is supported"},
		{224, 16384, ODR_ERROR_REFUSED,
		 "the cluster was built with the WAL block size 16384; only 8192 is supported"},
		{228, 3 << 20, ODR_ERROR_CORRUPT,
		 "pg_control has the WAL segment size 3145728, which is no power of two from 1 MiB "
		 "to 1 GiB"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		uint8_t file[CONTROL_FILE_SIZE];
		struct control control = {.major = 99};

		control_file_make(file, &control_rows[2]);
		bytes_set_u32(file + cases[i].at, cases[i].value);
		control_file_sign(file, control_rows[2].crc_at);
		g_assert_false(control_parse(file, sizeof(file), &control, &error));
		g_assert_error(error, ODR_ERROR, (int)cases[i].code);
		g_assert_cmpstr(error->message, ==, cases[i].message);
		g_assert_cmpint(control.major, ==, 99);
	}
}

static void test_wrong_crc(void)
{
	g_autoptr(GError) error = NULL, short_error = NULL;
	uint8_t file[CONTROL_FILE_SIZE];
	struct control control;

	control_file_make(file, &control_rows[5]);
	file[100] ^= 1;
	g_assert_false(control_parse(file, sizeof(file), &control, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_assert_true(g_str_has_prefix(error->message, "pg_control has a wrong checksum: "));
	g_assert_false(control_parse(file, 296, &control, &short_error));
	g_assert_cmpstr(short_error->message, ==, "pg_control has 296 bytes, not 8192");
}

static char *make_pgdata(const void *file, size_t size)
{
	char *pgdata = g_dir_make_tmp("odr-control-XXXXXX", NULL);
	g_autofree char *global = g_build_filename(pgdata, "global", NULL);
	g_autofree char *path = g_build_filename(global, "pg_control", NULL);

	g_assert_true(file_make_dirs(global, 0700, NULL));
	if (file)
		g_assert_true(g_file_set_contents(path, file, (gssize)size, NULL));
	return pgdata;
}

static void test_read(void)
{
	uint8_t file[CONTROL_FILE_SIZE], read[CONTROL_FILE_SIZE];
	struct control control;

	control_file_make(file, &control_rows[4]);
	g_autofree char *pgdata = make_pgdata(file, sizeof(file));

	g_assert_true(control_read(pgdata, &control, NULL, NULL));
	g_assert_cmpint(control.major, ==, 17);
	g_assert_true(control_read(pgdata, &control, read, NULL));
	g_assert_cmpmem(read, sizeof(read), file, sizeof(file));
	file_remove_tree(pgdata, NULL);
}

static void test_read_fails(void)
{
	uint8_t file[CONTROL_FILE_SIZE];
	struct control control;

	control_file_make(file, &control_rows[4]);
	file[100] ^= 1;
	const struct {
		const void *file;
		size_t size;
		enum odr_error code;
		const char *message; /* %s: the path */
	} cases[] = {
		{NULL, 0, ODR_ERROR_NOT_FOUND, "cannot open '%s': No such file or directory"},
		{file, 100, ODR_ERROR_CORRUPT, "pg_control has 100 bytes, not 8192"},
		{file, sizeof(file), ODR_ERROR_CORRUPT, "cannot use '%s': pg_control has a wrong"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *pgdata = make_pgdata(cases[i].file, cases[i].size);
		g_autofree char *path = g_build_filename(pgdata, "global/pg_control", NULL);
		g_auto(GStrv) parts = g_strsplit(cases[i].message, "%s", 2);
		g_autofree char *message = g_strjoinv(path, parts);
		g_autoptr(GError) error = NULL;

		g_assert_false(control_read(pgdata, &control, NULL, &error));
		g_assert_error(error, ODR_ERROR, (int)cases[i].code);
		if (!strstr(error->message, message))
			g_error("'%s' is not '%s'", error->message, message);
		file_remove_tree(pgdata, NULL);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pg/control/reads-the-file-of-every-major", test_every_major);
	g_test_add_func("/pg/control/refuses-what-it-does-not-know", test_refused);
	g_test_add_func("/pg/control/notices-a-changed-bit-and-a-short-file", test_wrong_crc);
	g_test_add_func("/pg/control/reads-from-a-data-directory", test_read);
	g_test_add_func("/pg/control/says-why-it-cannot-read", test_read_fails);
	return g_test_run();
}
