#include "repo/table.h"

#include "base/bytes.h"
#include "fixture.h"

#define GENERATION "20261231-0011223344556677"

static Table *table_of(guint rows)
{
	Table *table = table_new(GENERATION);

	for (guint i = 0; i < rows; i++) {
		struct pack_row row = {.size = 1000 + i};

		random_bytes(row.name, sizeof(row.name));
		random_bytes(row.header, sizeof(row.header));
		g_array_append_val(table->rows, row);
	}
	return table;
}

static void assert_same(const Table *a, const Table *b)
{
	g_assert_cmpstr(a->generation, ==, b->generation);
	g_assert_cmpuint(a->rows->len, ==, b->rows->len);
	for (guint i = 0; i < a->rows->len; i++) {
		const struct pack_row *x = &g_array_index(a->rows, struct pack_row, i);
		const struct pack_row *y = &g_array_index(b->rows, struct pack_row, i);

		g_assert_cmpmem(x->name, SHA256_SIZE, y->name, SHA256_SIZE);
		g_assert_cmpuint(x->size, ==, y->size);
		g_assert_cmpmem(x->header, SHA256_SIZE, y->header, SHA256_SIZE);
	}
}

static void test_round_trip(void)
{
	static const guint sizes[] = {0, 1, 2, 1000};

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Table) table = table_of(sizes[i]);
		g_autoptr(GByteArray) bytes = table_encode(table);
		g_autoptr(Table) again = NULL;

		table_parse(bytes->data, bytes->len, &again, &error);
		g_assert_no_error(error);
		assert_same(table, again);
	}
}

static void test_cut_short(void)
{
	g_autoptr(Table) table = table_of(2);
	g_autoptr(GByteArray) bytes = table_encode(table);
	g_autoptr(Table) again = NULL;

	for (guint size = 0; size < bytes->len; size++) {
		g_autoptr(GError) error = NULL;
		g_autofree uint8_t *exact = g_memdup2(bytes->data, size);

		g_assert_false(table_parse(exact, size, &again, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	}
	g_assert_null(again);
}

/* Offsets: magic 0, version 8, unused 10, features 12, length 20, generation 22, count 47, rows 51. */
static void test_refuses(void)
{
	static const struct {
		const char *name;
		guint offset;
		uint8_t value;
		const char *message;
		bool newer; /* written by a newer version */
	} cases[] = {
		{"magic", 0, 'X', "this is not a table of packs"},
		{"version", 8, 2, "the table has version 2, this program knows version 1", true},
		{"no version", 8, 0, "the table is damaged at its start"},
		{"unused", 10, 1, "the table is damaged at its start"},
		{"features", 13, 1, "the table has features 0x100 that this program does not know",
		 true},
		{"generation", 22, '.', "the table names no valid generation"},
		{"NUL in generation", 46, 0, "the table names no valid generation"},
		{"count", 47, 3, "the table does not have the length of its 3 rows"},
		{"huge count", 50, 0xff,
		 "the table does not have the length of its 4278190082 rows"},
		{"row size", 51 + 32 + 7, 1,
		 "row 0 of the table gives a pack of 72057594037928936 bytes"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Table) table = table_of(2);
		g_autoptr(GByteArray) bytes = table_encode(table);
		g_autoptr(Table) again = NULL;

		g_test_message("%s", cases[i].name);
		bytes->data[cases[i].offset] = cases[i].value;
		g_assert_false(table_parse(bytes->data, bytes->len, &again, &error));
		g_assert_true(odr_error_is(error,
					   cases[i].newer ? ODR_ERROR_REFUSED : ODR_ERROR_CORRUPT));
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

/* Bits 32 to 63. */
static void test_ignores_what_may_be_unknown(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Table) table = table_of(2);
	g_autoptr(GByteArray) bytes = table_encode(table);
	g_autoptr(Table) again = NULL;

	bytes->data[16] = 1;
	table_parse(bytes->data, bytes->len, &again, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(again->rows->len, ==, 2);
}

static void test_store_and_load(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Table) table = table_of(3);
	g_autoptr(Table) again = NULL;
	struct fixture fixture;
	uint8_t sha256[SHA256_SIZE], second[SHA256_SIZE];

	fixture_init(&fixture);
	table_store(fixture.repos, table, 0, sha256, &error);
	g_assert_no_error(error);
	table_store(fixture.repos, table, 0, second, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(sha256, SHA256_SIZE, second, SHA256_SIZE);
	table_load(fixture.repo, sha256, &again, &error);
	g_assert_no_error(error);
	assert_same(table, again);
	fixture_clear(&fixture);
}

static void test_altered(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Table) table = table_of(3);
	g_autoptr(Table) again = NULL;
	g_autofree char *local = NULL;
	g_autoptr(GByteArray) bytes = NULL;
	struct fixture fixture;
	uint8_t sha256[SHA256_SIZE];

	fixture_init(&fixture);
	table_store(fixture.repos, table, 0, sha256, &error);
	g_assert_no_error(error);
	local = layout_table(sha256);
	bytes = fixture_read(&fixture, local);
	bytes->data[60] ^= 1;
	fixture_replace(&fixture, local, bytes->data, bytes->len);
	assert_failed(table_load(fixture.repo, sha256, &again, &error), error, ODR_ERROR_CORRUPT,
		      "in repository main: its content does not have the SHA-256 of its name");
	fixture_clear(&fixture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/repo/table/round-trip", test_round_trip);
	g_test_add_func("/repo/table/refuses-one-cut-short-anywhere", test_cut_short);
	g_test_add_func("/repo/table/refuses-what-it-does-not-know", test_refuses);
	g_test_add_func("/repo/table/ignores-what-may-be-unknown",
			test_ignores_what_may_be_unknown);
	g_test_add_func("/repo/table/store-and-load", test_store_and_load);
	g_test_add_func("/repo/table/an-altered-one-is-noticed", test_altered);
	return g_test_run();
}
