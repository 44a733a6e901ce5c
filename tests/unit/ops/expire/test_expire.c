#include "../../repo/newer.h"
#include "repo/wal_journal.h"
#include "site.h"

/* Set 0 is needed until set 1 + 10 days = day 11 + 1 h, and retains itself as long; set 3 until 14. */
static void test_expires(struct site *site, const void *data)
{
	const struct expire_repository *out;

	(void)data;
	put_days(site, 15);
	out = expire_ok(site, DAY(14) + 2 * USEC_PER_HOUR);
	g_assert_cmpuint(out->sets->len, ==, 15);
	g_assert_cmpuint(count(site, "set/"), ==, 11);
	g_assert_cmpuint(out->generations, ==, 4);
	g_assert_cmpuint(out->objects, ==, 12);
	g_assert_cmpuint(count(site, "pack/"), ==, 22);
	g_assert_cmpuint(count(site, "table/"), ==, 11);
	/* The floor is the segment at which set 4 begins. */
	g_assert_cmpstr(out->floor, ==, "00000001000000000000002D");
	g_assert_cmpuint(out->wal->len, ==, 40);
	g_assert_cmpuint(count(site, "wal/00000001/"), ==, 150 - 40);
	g_assert_cmpuint(count(site, "wal/00000002/"), ==, 1);
	g_assert_cmpuint(out->troubles->len, ==, 0);
	out = expire_ok(site, DAY(14) + 2 * USEC_PER_HOUR);
	g_assert_cmpuint(out->objects + out->wal->len, ==, 0);
	g_assert_cmpuint(count(site, "set/"), ==, 11);
}

static void test_plan(struct site *site, const void *data)
{
	g_autoptr(GError) error = NULL;
	const struct expire_repository *out;

	(void)data;
	put_days(site, 15);
	expire_at(site, DAY(14) + 2 * USEC_PER_HOUR, true, &error);
	g_assert_no_error(error);
	out = site->result.repositories->pdata[0];
	g_assert_cmpuint(out->generations, ==, 4);
	g_assert_cmpuint(out->wal->len, ==, 40);
	g_assert_cmpuint(site->faults->deletions, ==, 0);
	g_assert_cmpuint(count(site, "set/"), ==, 15);
}

/* Whatever the clock says, time passes only while sets arrive. */
static void test_clock(struct site *site, const void *data)
{
	const struct expire_repository *out;

	(void)data;
	put_days(site, 5);
	out = expire_ok(site, DAY(4000));
	g_assert_cmpint(out->now, ==, DAY(6) + USEC_PER_HOUR);
	g_assert_cmpuint(count(site, "set/"), ==, 5);
	g_assert_cmpuint(site->faults->deletions, ==, 0);
	g_assert_cmpuint(out->troubles->len, ==, 1);
	g_assert_nonnull(strstr(out->troubles->pdata[0], "nothing expires by the time since"));
}

/* Nor does a clock that went back. */
static void test_clock_back(struct site *site, const void *data)
{
	(void)data;
	put_days(site, 15);
	expire_ok(site, DAY(1));
	g_assert_cmpuint(count(site, "set/"), ==, 15);
	g_assert_cmpuint(site->faults->deletions, ==, 0);
}

/* Ended at any deletion, what is listed is whole, and the next run goes on. */
static void test_interrupted(struct site *site, const void *data)
{
	usec_t now = DAY(14) + 2 * USEC_PER_HOUR;
	unsigned ended = 0;

	(void)data;
	put_days(site, 15);
	for (;;) {
		g_autoptr(GError) error = NULL;

		site->faults->deletions = 0;
		site->faults->fail_at = ended % 3 + 1;
		if (expire_at(site, now, false, &error))
			break;
		g_assert_error(error, ODR_ERROR, ODR_ERROR_TRANSIENT);
		g_assert_nonnull(strstr(error->message, "cannot expire in repository main"));
		assert_listed_sets_are_whole(site);
		g_assert_cmpuint(++ended, <, 200);
	}
	site->faults->fail_at = 0;
	assert_listed_sets_are_whole(site);
	g_assert_cmpuint(count(site, "set/"), ==, 11);
	/* What lost its manifest to an earlier run is left over: it goes when its time has come. */
	for (unsigned day = 15; day < 40; day++) {
		struct wanted wanted = {.time = DAY(day), .segment = 10 * day + 5};
		g_autofree char *set = put_set(site, &wanted);

		put_wal(site, wanted.segment, wanted.segment, wanted.time);
	}
	expire_ok(site, DAY(39) + USEC_PER_HOUR);
	g_assert_cmpuint(count(site, "pack/"), ==, 2 * count(site, "set/"));
	g_assert_cmpuint(count(site, "table/"), ==, count(site, "set/"));
	assert_listed_sets_are_whole(site);
}

/* A set that cannot be removed keeps everything it needs. */
static void test_refused(struct site *site, const void *data)
{
	const struct expire_repository *out;

	(void)data;
	put_days(site, 15);
	site->faults->refuse = "/set/";
	out = expire_ok(site, DAY(14) + 2 * USEC_PER_HOUR);
	g_assert_cmpuint(out->refused, ==, 4);
	g_assert_cmpuint(count(site, "set/"), ==, 15);
	g_assert_cmpuint(count(site, "pack/"), ==, 30);
	g_assert_cmpstr(out->floor, ==, "000000010000000000000005");
	assert_listed_sets_are_whole(site);
}

/* Locks of a store outlive what retention keeps: no trouble, as long as they have not ended. */
static void test_locked(struct site *site, const void *data)
{
	usec_t now = DAY(14) + 2 * USEC_PER_HOUR;
	const struct expire_repository *out;

	(void)data;
	put_days(site, 15);
	site->faults->refuse = "/wal/";
	site->faults->locked_until = now + USEC_PER_HOUR;
	out = expire_ok(site, now);
	g_assert_cmpuint(out->locked, >, 0);
	g_assert_cmpuint(out->refused, ==, 0);
	g_assert_cmpuint(out->troubles->len, ==, 0);
	site->faults->locked_until = now;
	expire_result_clear(&site->result);
	out = expire_ok(site, now);
	g_assert_cmpuint(out->locked, ==, 0);
	g_assert_cmpuint(out->refused, >, 0);
	assert_listed_sets_are_whole(site);
}

/* One object named as a set that cannot be read, beside fifteen sets. */
static void expire_beside(struct site *site, const char *local)
{
	const struct expire_repository *out = expire_ok(site, DAY(14) + 2 * USEC_PER_HOUR);

	g_assert_cmpuint(out->unverified, ==, 1);
	g_assert_nonnull(strstr(out->troubles->pdata[0], local));
	g_assert_cmpuint(out->sets->len, ==, 15);
	g_assert_cmpuint(count(site, local), ==, 1);
	g_assert_cmpuint(count(site, "pack/"), ==, 30);
	g_assert_cmpuint(count(site, "wal/00000001/"), ==, 150);
	assert_listed_sets_are_whole(site);
}

static void test_unverified(struct site *site, const void *data)
{
	g_autofree char *id = set_id_new(DAY(1));
	g_autofree char *local = layout_set(id);

	(void)data;
	put_days(site, 15);
	put(site, local, "this is no set", 14, DAY(1));
	expire_beside(site, local);
}

/* A set of a later program may need packs and WAL: nobody here can read which. */
static void test_newer(struct site *site, const void *data)
{
	for (enum newer how = 0; how < NEWERS; how++) {
		g_autofree char *id = set_id_new(DAY(1));
		g_autofree char *local = layout_set(id);

		put_days(site, 15);
		newer_put_set(&site->service, id, how);
		expire_beside(site, local);
		expire_result_clear(&site->result);
		site_clear(site, data);
		*site = (struct site){0};
		site_init(site, data);
	}
}

static void test_lock(struct site *site, const void *data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(site->state, "filestore.lock", NULL);
	struct file_lock lock = {0};

	(void)data;
	file_lock_take(&lock, path, 0, &error);
	g_assert_no_error(error);
	g_assert_false(expire_at(site, DAY(1), false, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_BUSY);
	g_clear_error(&error);
	expire_at(site, DAY(1), true, &error);
	g_assert_no_error(error);
	file_lock_release(&lock);
}

static bool journal_has(const char *folder, const char *file)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) records = NULL;

	wal_journal_find(folder, file, &records, &error);
	g_assert_no_error(error);
	return records->len > 0;
}

/* Journals hold 256 segments each: those that lie wholly below the floor go. */
static void test_journal(struct site *site, const void *data)
{
	g_autofree char *folder = g_build_filename(site->state, "wal", NULL);
	g_autoptr(GError) error = NULL;
	struct wal_repository main = {"main", "", "00112233445566778899aabbccddeeff"};
	struct wal_record records[] = {
		{(char *)"0000000100000000000000FF", {1}, 1, main, DAY(0), false},
		{(char *)"000000010000000100000000", {1}, 1, main, DAY(0), false},
		{(char *)"00000002.history", {1}, 1, main, DAY(0), false},
	};

	(void)data;
	wal_journal_append(folder, records, G_N_ELEMENTS(records), &error);
	g_assert_no_error(error);
	for (unsigned day = 0; day < 15; day++) {
		struct wanted wanted = {.time = DAY(day), .segment = 250 + 10 * day};
		g_autofree char *set = put_set(site, &wanted);
	}
	expire_ok(site, DAY(14) + USEC_PER_HOUR);
	g_assert_false(journal_has(folder, records[0].file));
	g_assert_true(journal_has(folder, records[1].file));
	g_assert_true(journal_has(folder, records[2].file));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("/expire/sets-go-with-their-packs-and-the-wal-below-the-rest", test_expires);
	add("/expire/a-plan-removes-nothing", test_plan);
	add("/expire/a-clock-that-jumped-ahead-removes-nothing", test_clock);
	add("/expire/a-clock-that-went-back-removes-nothing", test_clock_back);
	add("/expire/ended-anywhere-listed-sets-are-whole", test_interrupted);
	add("/expire/a-set-that-cannot-go-keeps-what-it-needs", test_refused);
	add("/expire/what-is-locked-goes-another-time", test_locked);
	add("/expire/what-does-not-verify-is-neither-kept-nor-removed", test_unverified);
	add("/expire/what-a-newer-version-stored-ends-no-expiry", test_newer);
	add("/expire/waits-for-no-run-longer-than-told", test_lock);
	add("/expire/the-journal-is-trimmed", test_journal);
	return g_test_run();
}
