#include "ops/record.h"

#include "../repo/sample.h"
#include "../repo/service.h"

/* A repository and the catalog of the same service. */
struct site {
	struct service service;
	Catalog *catalog;
};

static void site_set_up(struct site *site, const void *data)
{
	g_autoptr(GError) error = NULL;
	bool renewed;

	(void)data;
	service_set_up(&site->service);
	site->catalog = catalog_open(":memory:", &renewed, &error);
	g_assert_no_error(error);
}

static void site_tear_down(struct site *site, const void *data)
{
	(void)data;
	catalog_close(site->catalog);
	service_tear_down(&site->service);
}

static void put_set(struct site *site, const char *set_id)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = sample_manifest(set_id);
	g_autofree char *local = layout_set(set_id);
	g_autoptr(GBytes) object = manifest_seal(manifest, site->service.bundle, 1, &error);

	g_assert_no_error(error);
	service_put(&site->service, local, g_bytes_get_data(object, NULL),
		    g_bytes_get_size(object));
}

typedef bool (*record)(Catalog *catalog, Repo *repo, const Identity *identity, GPtrArray *troubles,
		       GError **error);

static void record_ok(struct site *site, record how, const Identity *identity)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);

	how(site->catalog, site->service.repo, identity, troubles, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(troubles->len, ==, 0);
}

/* Its ids, or of the sets of which the host's time is known only these. */
static char *recorded(struct site *site, bool only_opened)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) sets = NULL;
	GString *ids = g_string_new(NULL);

	catalog_sets(site->catalog, "erp-prod", "main", &sets, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < sets->len; i++) {
		const struct catalog_set *set = sets->pdata[i];

		if (!only_opened || set->started > 0)
			g_string_append_printf(ids, "%s%s", ids->len ? " " : "", set->set_id);
	}
	return g_string_free(ids, false);
}

static void assert_recorded(struct site *site, bool only_opened, const char *expected)
{
	g_autofree char *ids = recorded(site, only_opened);

	g_assert_cmpstr(ids, ==, expected);
}

#define ONE   "20261121T000000Z-00000001"
#define TWO   "20261122T000000Z-00000002"
#define THREE "20261123T000000Z-00000003"

static void test_update(struct site *site, const void *data)
{
	g_autofree char *one = service_path(&site->service, "set/" ONE);
	g_autofree char *two = service_path(&site->service, "set/" TWO);

	(void)data;
	put_set(site, ONE);
	put_set(site, TWO);
	record_ok(site, record_update, site->service.identity);
	assert_recorded(site, true, ONE " " TWO);

	/* Nobody reads what is known, or this would be trouble. */
	g_assert_true(g_file_set_contents(two, "no manifest", -1, NULL));
	g_assert_cmpint(remove(one), ==, 0);
	put_set(site, THREE);
	record_ok(site, record_update, site->service.identity);
	assert_recorded(site, true, TWO " " THREE);
}

static void test_rebuild(struct site *site, const void *data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *two = service_path(&site->service, "set/" TWO);

	(void)data;
	put_set(site, ONE);
	put_set(site, TWO);
	record_ok(site, record_rebuild, site->service.identity);
	g_assert_true(g_file_set_contents(two, "no manifest", -1, NULL));
	record_rebuild(site->catalog, site->service.repo, site->service.identity, troubles, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(troubles->len, ==, 1);
	assert_recorded(site, true, ONE);
}

static void test_without_key(struct site *site, const void *data)
{
	(void)data;
	put_set(site, ONE);
	record_ok(site, record_rebuild, site->service.identity);
	put_set(site, TWO);
	record_ok(site, record_rebuild, NULL);
	assert_recorded(site, false, ONE " " TWO);
	assert_recorded(site, true, ONE);
}

#define SEGMENT ((uint32_t)16 << 20)
#define SEC(n)	((usec_t)(n)*USEC_PER_SEC)

/* The database's recovery point, and since when it was one: "usable/point", in seconds. */
static void assert_points(struct site *site, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) events = NULL;
	g_autoptr(GString) found = g_string_new(NULL);

	record_exposure(site->catalog, "erp", "main", &error);
	g_assert_no_error(error);
	catalog_exposure(site->catalog, "erp", "main", PART_DATABASE, 0, &events, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < events->len; i++) {
		const struct catalog_exposure *event =
			&g_array_index(events, struct catalog_exposure, i);

		g_string_append_printf(found, "%s%d/%d", i ? " " : "",
				       (int)(event->usable_at / USEC_PER_SEC),
				       (int)(event->recovery_point / USEC_PER_SEC));
	}
	g_assert_cmpstr(found->str, ==, expected);
}

static void put_wal(struct site *site, const char *file, int stored, int written)
{
	g_autoptr(GError) error = NULL;
	struct catalog_wal wal = {(char *)file, 16, SEC(stored), SEC(written)};

	catalog_wal_put(site->catalog, "erp", "main", &wal, 1, &error);
	g_assert_no_error(error);
}

/* What is archived late brings back what was committed early. */
static void test_exposure(struct site *site, const void *data)
{
	g_autoptr(GError) error = NULL;
	struct catalog_set set = {.service = (char *)"erp",
				  .repository = (char *)"main",
				  .set_id = (char *)ONE,
				  .kind = (char *)"full",
				  .parts = (char *)PART_DATABASE,
				  .stopped = SEC(100),
				  .stored_at = SEC(110),
				  .timeline = 1,
				  .segment_size = SEGMENT,
				  .start_lsn = 5 * (uint64_t)SEGMENT + 40,
				  .stop_lsn = 5 * (uint64_t)SEGMENT + 400};

	(void)data;
	catalog_set_put(site->catalog, &set, &error);
	g_assert_no_error(error);
	put_wal(site, "000000010000000000000005", 101, 100);
	assert_points(site, "110/100");
	put_wal(site, "000000010000000000000006", 500, 200);
	assert_points(site, "110/100 500/200");
	put_wal(site, "000000010000000000000007", 510, 300);
	assert_points(site, "110/100 500/200 510/300");
	/* By the server's clock it was written after it was stored: so it was not. */
	put_wal(site, "000000010000000000000008", 520, 530);
	assert_points(site, "110/100 500/200 510/300 520/520");
	/* Of what the catalog found in the repository it is not known. */
	put_wal(site, "000000010000000000000009", 600, 0);
	assert_points(site, "110/100 500/200 510/300 520/520 600/600");
}

static void site_test(const char *path, void (*test)(struct site *, const void *))
{
	g_test_add(path, struct site, NULL, site_set_up, test, site_tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	site_test("/record/an-update-reads-only-what-the-catalog-lacks", test_update);
	site_test("/record/a-rebuild-reads-everything", test_rebuild);
	site_test("/record/what-is-archived-late-has-an-old-point", test_exposure);
	site_test("/record/what-an-identity-opened-before-is-kept", test_without_key);
	return g_test_run();
}
