#include "site.h"
#include "store/diagnose.h"

static void test_shared_generation(struct site *site, const void *data)
{
	g_autofree char *generation = generation_id_new(DAY(30));
	const struct expire_repository *out;

	(void)data;
	for (unsigned day = 0; day < 15; day++) {
		struct wanted wanted = {
			.time = DAY(day), .segment = 10 * day + 5, .generation = generation};
		g_autofree char *set = put_set(site, &wanted);
	}
	out = expire_ok(site, DAY(14) + USEC_PER_HOUR);
	g_assert_cmpuint(count(site, "set/"), <, 15);
	g_assert_cmpuint(out->objects, ==, 0);
	g_assert_cmpuint(count(site, "pack/"), ==, 30);
	g_assert_cmpuint(count(site, "table/"), ==, 15);
}

static void test_listed_wal(struct site *site, const void *data)
{
	struct wanted wanted = {
		.time = DAY(15), .segment = 155, .listed = "000000010000000000000006"};
	g_autofree char *set = NULL;

	(void)data;
	put_days(site, 15);
	set = put_set(site, &wanted);
	put_wal(site, 155, 155, DAY(15));

	expire_ok(site, DAY(15) + USEC_PER_HOUR);
	g_assert_cmpuint(count(site, "wal/00000001/000000010000000000000006-"), ==, 1);
	g_assert_cmpuint(count(site, "wal/00000001/000000010000000000000007-"), ==, 0);
	assert_listed_sets_are_whole(site);
}

/* After a recovery to an older moment, new WAL has positions below those of the sets before it. */
static void test_young_wal(struct site *site, const void *data)
{
	static const uint8_t digest[XXH128_SIZE] = {3};
	g_autofree char *local = layout_wal("000000030000000000000003", digest);

	(void)data;
	put_days(site, 15);
	put(site, local, "young", 5, DAY(14));
	expire_ok(site, DAY(14) + 2 * USEC_PER_HOUR);
	g_assert_cmpuint(count(site, local), ==, 1);
}

static void test_abandoned(struct site *site, const void *data)
{
	usec_t now = DAY(14) + 2 * USEC_PER_HOUR;
	g_autofree char *open = generation_id_new(DAY(100));
	g_autofree char *ended = generation_id_new(DAY(10));
	g_autofree char *mixed = generation_id_new(DAY(100));
	g_autofree char *old = put_pack(site, open, now - 11 * USEC_PER_DAY);
	g_autofree char *locked_until_10 = put_pack(site, ended, DAY(9));
	g_autofree char *first = put_pack(site, mixed, now - 11 * USEC_PER_DAY);
	g_autofree char *second = put_pack(site, mixed, now - 9 * USEC_PER_DAY);
	const struct expire_repository *out;

	(void)data;
	put_days(site, 15);
	site->faults->locks = true;
	out = expire_ok(site, now);
	g_assert_cmpuint(out->abandoned, ==, 1);
	g_assert_cmpuint(count(site, locked_until_10), ==, 0);
	g_assert_cmpuint(count(site, old), ==, 1);
	/* Locks hold sets longer than their retention. */
	g_assert_cmpuint(count(site, "set/"), ==, 15);
	site->faults->locks = false;
	out = expire_ok(site, now);
	g_assert_cmpuint(out->abandoned, ==, 1);
	g_assert_cmpuint(count(site, old), ==, 0);
	g_assert_cmpuint(count(site, first), ==, 1);
	g_assert_cmpuint(count(site, second), ==, 1);
}

static void test_nothing(struct site *site, const void *data)
{
	const struct expire_repository *out;

	(void)data;
	put_wal(site, 1, 3, DAY(0));
	out = expire_ok(site, DAY(100));
	g_assert_cmpuint(out->sets->len, ==, 0);
	g_assert_cmpstr(out->floor, ==, "");
	g_assert_cmpuint(count(site, "wal/"), ==, 3);
}

static bool has_probe(struct site *site, const char *name)
{
	struct store_object object;

	return store_head(site->faults->inner, name, &object, NULL);
}

static void put_probe(struct site *site, const char *name, usec_t time)
{
	struct iovec part = {(char *)"probe", 5};
	g_autofree char *path = g_build_filename(site->service.folder, "repository", name, NULL);
	struct timespec times[2] = {{.tv_sec = time / USEC_PER_SEC},
				    {.tv_sec = time / USEC_PER_SEC}};

	g_assert_true(store_put(site->faults->inner, name, &part, 1, NULL, NULL, NULL));
	g_assert_cmpint(utimensat(AT_FDCWD, path, times, 0), ==, 0);
}

/* What a check left that may not delete; a locked one stays, and is no trouble. What is not ours stays. */
static void test_probes(struct site *site, const void *data)
{
	const struct expire_repository *out;

	(void)data;
	put_probe(site, STORE_PROBE "20260102T000000Z-00000001", DAY(1));
	put_probe(site, STORE_PROBE "20260102T000000Z-00000002-locked", DAY(1));
	put_probe(site, STORE_PROBE "20260103T000000Z-00000003", DAY(2));
	put_probe(site, STORE_PROBE "of-others", DAY(1));
	site->faults->refuse = "locked";
	out = expire_ok(site, DAY(2) + USEC_PER_HOUR);
	g_assert_cmpuint(out->refused, ==, 0);
	g_assert_cmpuint(out->troubles->len, ==, 0);
	g_assert_false(has_probe(site, STORE_PROBE "20260102T000000Z-00000001"));
	g_assert_true(has_probe(site, STORE_PROBE "20260102T000000Z-00000002-locked"));
	g_assert_true(has_probe(site, STORE_PROBE "of-others"));
	g_assert_true(has_probe(site, STORE_PROBE "20260103T000000Z-00000003"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("/expire/a-generation-goes-with-its-last-set", test_shared_generation);
	add("/expire/wal-that-a-kept-set-lists-stays", test_listed_wal);
	add("/expire/wal-younger-than-the-oldest-set-stays", test_young_wal);
	add("/expire/what-aborted-runs-left-goes-when-nothing-can-need-it", test_abandoned);
	add("/expire/without-a-set-no-wal-goes", test_nothing);
	add("/expire/probes-go-after-a-day", test_probes);
	return g_test_run();
}
