#include "ops/restore/restore.h"

#include "../../repo/newer.h"

#define SET "20261121T230501Z-1a2b3c4d"

struct site {
	struct service service;
	struct restore_holdings holdings;
	GError *error;
};

static void site_init(struct site *site, const void *data)
{
	(void)data;
	service_set_up(&site->service);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	restore_holdings_clear(&site->holdings);
	g_clear_error(&site->error);
	service_tear_down(&site->service);
}

static void put_set(struct site *site, const char *set_id)
{
	g_autoptr(Manifest) manifest = sample_manifest(set_id);
	g_autofree char *local = layout_set(set_id);
	g_autoptr(GBytes) object = manifest_seal(manifest, site->service.bundle, 1, &site->error);

	g_assert_no_error(site->error);
	service_put(&site->service, local, g_bytes_get_data(object, NULL),
		    g_bytes_get_size(object));
}

/* The WAL from the start to the stop of the set: names are enough for a plan. */
static void put_segments(struct site *site)
{
	for (unsigned i = 5; i <= 7; i++) {
		g_autofree char *file = g_strdup_printf("0000000200000000%08X", i);

		newer_put_wal(&site->service, file, "a segment", false);
	}
	newer_put_wal(&site->service, "00000002.history", "1\t0/4000000\tno reason\n", false);
}

static void read_holdings(struct site *site)
{
	restore_holdings_read(site->service.repo, site->service.identity, &site->holdings,
			      &site->error);
	g_assert_no_error(site->error);
}

static void assert_planned(struct site *site)
{
	struct restore_source source = {.manifests = site->holdings.manifests,
					.ranges = site->holdings.ranges,
					.histories = site->holdings.histories};
	struct restore_target target = {.type = RECOVERY_IMMEDIATE};
	struct restore_plan plan = {0};

	restore_plan(&source, &target, &plan, &site->error);
	g_assert_no_error(site->error);
	g_assert_cmpstr(plan.manifest->set_id, ==, SET);
	restore_plan_clear(&plan);
}

static void everything(struct site *site, const void *data)
{
	(void)data;
	put_set(site, SET);
	put_segments(site);
	read_holdings(site);
	g_assert_cmpuint(site->holdings.manifests->len, ==, 1);
	g_assert_cmpuint(site->holdings.ranges->len, ==, 1);
	g_assert_cmpuint(site->holdings.histories->len, ==, 2);
	g_assert_cmpuint(site->holdings.troubles->len, ==, 0);
	assert_planned(site);
}

/* What a later program stored is said, and ends nothing. */
static void newer(struct site *site, const void *data)
{
	(void)data;
	for (enum newer how = 0; how < NEWERS; how++) {
		g_autofree char *set_id = g_strdup_printf("20261122T00000%dZ-00000001", how);

		newer_put_set(&site->service, set_id, how);
	}
	newer_put_wal(&site->service, "00000003.history", "2\t0/8000000\tno reason\n", true);
	newer_put_wal(&site->service, "000000030000000000000008", "a segment", true);
	put_set(site, SET);
	put_segments(site);
	read_holdings(site);
	g_assert_cmpuint(site->holdings.manifests->len, ==, 1);
	g_assert_cmpuint(site->holdings.histories->len, ==, 2);
	g_assert_cmpuint(site->holdings.troubles->len, ==, NEWERS + 1);
	g_assert_nonnull(strstr(site->holdings.troubles->pdata[NEWERS], "00000003.history"));
	g_assert_nonnull(strstr(site->holdings.troubles->pdata[NEWERS], "format version 2"));
	assert_planned(site);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define HOLDINGS_TEST(name, function) \
 g_test_add("/restore-holdings/" name, struct site, NULL, site_init, function, site_clear)
	HOLDINGS_TEST("sets-wal-and-histories", everything);
	HOLDINGS_TEST("what-a-newer-version-stored-ends-no-plan", newer);
	return g_test_run();
}
