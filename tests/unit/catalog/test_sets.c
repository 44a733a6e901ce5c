#include "catalog/catalog.h"

#include "fixture.h"

static const struct catalog_set sample = {
	.service = (char *)"erp",
	.repository = (char *)"main",
	.set_id = (char *)"20261121T230501Z-00000001",
	.kind = (char *)"full",
	.parts = (char *)"database,config",
	.generation = (char *)"20270131-00112233445566ff",
	.sequence = 7,
	.created = 11,
	.started = 12,
	.stopped = 13,
	.retain_until = 14,
	.lock_until = 15,
	.stored_at = 16,
	.timeline = 4294967295u,
	.segment_size = 1u << 24,
	.start_lsn = UINT64_MAX - 1,
	.stop_lsn = UINT64_MAX,
	.system_identifier = 18446744073709551614u,
	.pg_major = 15,
	.files = 21,
	.bytes = 22,
	.stored = 23,
	.damaged = 24,
	.writer = (char *)"0011223344556677",
	.manifest_sha256 = (char *)"aa",
};

static void put(struct fixture *fixture, const char *repository, const char *id, usec_t stored_at)
{
	struct catalog_set set = sample;

	set.repository = (char *)repository;
	set.set_id = (char *)id;
	set.stored_at = stored_at;
	DO(catalog_set_put(fixture->catalog, &set, &failure));
}

/* "id@repository …", oldest first. */
static void assert_sets(struct fixture *fixture, const char *service, const char *repository,
			const char *expected)
{
	g_autoptr(GPtrArray) sets = NULL;
	g_autoptr(GString) found = g_string_new(NULL);

	DO(catalog_sets(fixture->catalog, service, repository, &sets, &failure));
	for (guint i = 0; i < sets->len; i++) {
		const struct catalog_set *set = sets->pdata[i];

		g_string_append_printf(found, "%s%s@%s", i ? " " : "", set->set_id,
				       set->repository);
	}
	g_assert_cmpstr(found->str, ==, expected);
}

static void test_round_trip(struct fixture *fixture, const void *data)
{
	g_autoptr(GPtrArray) sets = NULL;
	const struct catalog_set *set;

	(void)data;
	DO(catalog_set_put(fixture->catalog, &sample, &failure));
	DO(catalog_sets(fixture->catalog, "erp", "main", &sets, &failure));
	g_assert_cmpuint(sets->len, ==, 1);
	set = sets->pdata[0];
	g_assert_cmpstr(set->service, ==, sample.service);
	g_assert_cmpstr(set->kind, ==, sample.kind);
	g_assert_cmpstr(set->parts, ==, sample.parts);
	g_assert_cmpstr(set->generation, ==, sample.generation);
	g_assert_cmpuint(set->sequence, ==, 7);
	g_assert_cmpint(set->created, ==, 11);
	g_assert_cmpint(set->started, ==, 12);
	g_assert_cmpint(set->stopped, ==, 13);
	g_assert_cmpint(set->retain_until, ==, 14);
	g_assert_cmpint(set->lock_until, ==, 15);
	g_assert_cmpint(set->stored_at, ==, 16);
	g_assert_cmpuint(set->timeline, ==, 4294967295u);
	g_assert_cmpuint(set->segment_size, ==, 1u << 24);
	g_assert_cmphex(set->start_lsn, ==, UINT64_MAX - 1);
	g_assert_cmphex(set->stop_lsn, ==, UINT64_MAX);
	g_assert_cmphex(set->system_identifier, ==, 18446744073709551614u);
	g_assert_cmpint(set->pg_major, ==, 15);
	g_assert_cmpuint(set->files, ==, 21);
	g_assert_cmpuint(set->bytes, ==, 22);
	g_assert_cmpuint(set->stored, ==, 23);
	g_assert_cmpuint(set->damaged, ==, 24);
	g_assert_cmpstr(set->writer, ==, sample.writer);
	g_assert_cmpstr(set->manifest_sha256, ==, sample.manifest_sha256);
}

static void test_order(struct fixture *fixture, const void *data)
{
	(void)data;
	put(fixture, "main", "c", 30);
	put(fixture, "main", "a", 40);
	put(fixture, "far", "b", 10);
	put(fixture, "main", "b", 10);
	assert_sets(fixture, "erp", "main", "b@main c@main a@main");
	assert_sets(fixture, "erp", NULL, "b@far b@main c@main a@main");
	assert_sets(fixture, "other", NULL, "");
}

static void test_put_again(struct fixture *fixture, const void *data)
{
	(void)data;
	put(fixture, "main", "a", 10);
	put(fixture, "main", "b", 20);
	put(fixture, "main", "a", 30);
	assert_sets(fixture, "erp", NULL, "b@main a@main");
}

static void assert_known(struct fixture *fixture, const char *repository, const char *id,
			 bool expected)
{
	bool known = !expected;

	DO(catalog_set_known(fixture->catalog, "erp", repository, id, &known, &failure));
	g_assert_cmpint(known, ==, expected);
}

static void test_delete(struct fixture *fixture, const void *data)
{
	(void)data;
	put(fixture, "main", "a", 10);
	put(fixture, "far", "a", 10);
	put(fixture, "main", "b", 20);
	assert_known(fixture, "main", "a", true);
	DO(catalog_set_delete(fixture->catalog, "erp", "main", "a", &failure));
	assert_known(fixture, "main", "a", false);
	assert_known(fixture, "far", "a", true);
	DO(catalog_set_delete(fixture->catalog, "erp", "main", "a", &failure));
	assert_sets(fixture, "erp", NULL, "a@far b@main");
	DO(catalog_sets_clear(fixture->catalog, "erp", "main", &failure));
	assert_sets(fixture, "erp", NULL, "a@far");
	DO(catalog_sets_clear(fixture->catalog, "other", "far", &failure));
	assert_sets(fixture, "erp", NULL, "a@far");
}

static void test_group(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	put(fixture, "main", "a", 10);
	DO(catalog_group_begin(fixture->catalog, &failure));
	put(fixture, "main", "b", 20);
	DO(catalog_sets_clear(fixture->catalog, "erp", "main", &failure));
	g_assert_false(catalog_group_end(fixture->catalog, false, &error));
	g_assert_no_error(error);
	assert_sets(fixture, "erp", NULL, "a@main");
	DO(catalog_group_begin(fixture->catalog, &failure));
	put(fixture, "main", "b", 20);
	DO(catalog_group_end(fixture->catalog, true, &failure));
	fixture_close(fixture);
	fixture_open(fixture);
	assert_sets(fixture, "erp", NULL, "a@main b@main");
}

/* Names are values, never text of a statement. */
static void test_hostile(struct fixture *fixture, const void *data)
{
	const char *name = "x'); DROP TABLE sets; --";

	(void)data;
	put(fixture, name, name, 10);
	assert_sets(fixture, "erp", name, "x'); DROP TABLE sets; --@x'); DROP TABLE sets; --");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	fixture_test("/sets/come-back-as-they-were-put", test_round_trip);
	fixture_test("/sets/are-in-order-of-the-store's-time", test_order);
	fixture_test("/sets/put-again-are-replaced", test_put_again);
	fixture_test("/sets/are-deleted-where-asked", test_delete);
	fixture_test("/sets/a-group-is-put-as-a-whole-or-not-at-all", test_group);
	fixture_test("/sets/names-are-no-statements", test_hostile);
	return g_test_run();
}
