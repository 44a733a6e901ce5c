#include "ops/expire/hold.h"

#include "site.h"

#define NOW (DAY(14) + 2 * USEC_PER_HOUR) /* sets 0 to 3 would go */

/* The id of the set of a day. */
static char *set_of(struct site *site, unsigned day)
{
	g_autoptr(GPtrArray) manifests = NULL;
	g_autoptr(GError) error = NULL;

	manifest_list(site->service.repo, NULL, &manifests, NULL, &error);
	g_assert_no_error(error);
	return g_strdup(((const Manifest *)manifests->pdata[day])->set_id);
}

static struct hold *hold_new(const char *set_id, usec_t until)
{
	struct hold *hold = g_new0(struct hold, 1);

	hold->set_id = g_strdup(set_id);
	hold->made = DAY(2);
	hold->until = until;
	hold->reason = g_strdup("lawsuit");
	hold->by = g_strdup("alice@db1");
	return hold;
}

static void hold_set(struct site *site, const char *set_id, usec_t until)
{
	const struct hold_request request = {site->repos, set_id, NOW};
	struct hold *hold = hold_new(set_id, until);
	struct hold_result result = {0};
	g_autoptr(GError) error = NULL;

	hold_add(&request, site->service.bundle, hold, &result, &error);
	g_assert_no_error(error);
	hold_result_clear(&result);
	hold_free(hold);
}

static bool has_set(struct site *site, const char *set_id)
{
	g_autofree char *local = layout_set(set_id);

	return count(site, local) == 1;
}

/* With its content, and the WAL from it on. */
static void test_held(struct site *site, const void *data)
{
	const struct expire_repository *out;
	g_autofree char *set_id = NULL;

	(void)data;
	put_days(site, 15);
	set_id = set_of(site, 1);
	hold_set(site, set_id, 0);
	out = expire_ok(site, NOW);
	g_assert_true(has_set(site, set_id));
	g_assert_cmpstr(((const struct expire_set *)out->sets->pdata[1])->reason, ==, "held");
	g_assert_cmpuint(count(site, "set/"), ==, 12);
	g_assert_cmpuint(count(site, "pack/"), ==, 24);
	g_assert_cmpuint(count(site, "table/"), ==, 12);
	g_assert_cmpstr(out->floor, ==, "00000001000000000000000F");
	g_assert_cmpuint(out->troubles->len, ==, 0);
	assert_listed_sets_are_whole(site);
}

static void test_released(struct site *site, const void *data)
{
	struct hold_result result = {0};
	g_autofree char *set_id = NULL;
	g_autoptr(GError) error = NULL;

	(void)data;
	put_days(site, 15);
	set_id = set_of(site, 1);
	hold_set(site, set_id, 0);
	hold_set(site, set_id, DAY(1000));
	expire_ok(site, NOW);
	hold_release(&(struct hold_request){site->repos, set_id, NOW}, &result, &error);
	g_assert_no_error(error);
	hold_result_clear(&result);
	g_assert_cmpuint(count(site, "hold/"), ==, 0);
	expire_ok(site, NOW);
	g_assert_false(has_set(site, set_id));
	g_assert_false(
		hold_release(&(struct hold_request){site->repos, set_id, NOW}, &result, &error));
	g_assert_true(odr_error_is(error, ODR_ERROR_NOT_FOUND));
	hold_result_clear(&result);
}

/* One that is over keeps nothing, and goes; not by a clock alone. */
static void test_over(struct site *site, const void *data)
{
	g_autofree char *over = NULL, *not_yet = NULL;

	(void)data;
	put_days(site, 15);
	over = set_of(site, 1);
	not_yet = set_of(site, 2);
	hold_set(site, over, NOW);
	hold_set(site, not_yet, DAY(100));
	expire_ok(site, NOW);
	g_assert_false(has_set(site, over));
	g_assert_true(has_set(site, not_yet));
	g_assert_cmpuint(count(site, "hold/"), ==, 1);
	expire_ok(site, DAY(4000));
	g_assert_true(has_set(site, not_yet));
	g_assert_cmpuint(count(site, "hold/"), ==, 1);
}

/* Whoever damages a hold, or puts one that nobody signed, makes nothing expire. */
static void test_unverified(struct site *site, const void *data)
{
	const struct expire_repository *out;
	g_autofree char *set_id = NULL, *name = NULL, *local = NULL;

	(void)data;
	put_days(site, 15);
	set_id = set_of(site, 1);
	name = set_id_new(DAY(2));
	local = layout_hold(set_id, name);
	put(site, local, "nothing that was signed", 23, DAY(2));
	out = expire_ok(site, NOW);
	g_assert_true(has_set(site, set_id));
	g_assert_cmpuint(out->troubles->len, ==, 1);
	g_assert_nonnull(strstr(out->troubles->pdata[0], "its set is held all the same"));
	g_assert_cmpuint(out->unverified, ==, 0);
}

/* What would go is only said. */
static void test_plan(struct site *site, const void *data)
{
	g_autofree char *set_id = NULL;
	g_autoptr(GError) error = NULL;

	(void)data;
	put_days(site, 15);
	set_id = set_of(site, 1);
	hold_set(site, set_id, NOW);
	expire_at(site, NOW, true, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(count(site, "hold/"), ==, 1);
	g_assert_cmpuint(site->faults->deletions, ==, 0);
}

static void test_absent(struct site *site, const void *data)
{
	const struct hold_request request = {site->repos, "20200101T000000Z-00000000", NOW};
	struct hold *hold = hold_new(request.set_id, 0);
	struct hold_result result = {0};
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_false(hold_add(&request, site->service.bundle, hold, &result, &error));
	g_assert_cmpstr(error->message, ==, "there is no set 20200101T000000Z-00000000");
	g_assert_cmpuint(count(site, "hold/"), ==, 0);
	hold_result_clear(&result);
	hold_free(hold);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("/expire/hold/what-is-held-stays-whole", test_held);
	add("/expire/hold/what-was-released-goes", test_released);
	add("/expire/hold/one-that-is-over-goes", test_over);
	add("/expire/hold/one-that-does-not-verify-holds", test_unverified);
	add("/expire/hold/a-plan-removes-none", test_plan);
	add("/expire/hold/of-no-set", test_absent);
	return g_test_run();
}
