#include "ops/restore/restore.h"

#include "../../pg/wal_pages.h"
#include "../../repo/newer.h"

#define MIB   (1u << 20)
#define SET   "20261121T230501Z-1a2b3c4d"
#define T(n)  ((usec_t)1795561500 * USEC_PER_SEC + (usec_t)(n)*USEC_PER_SEC)
#define FIRST 5 /* segment of the set */

/* A set whose WAL begins with segment 5 of 1 MiB, and what follows it. */
struct site {
	struct service service;
	Manifest *manifest;
	GPtrArray *manifests, *histories;
	struct restore_plan plan;
	struct wal_pages pages;
	unsigned next; /* segment */
	GError *error;
};

static void site_init(struct site *site, const void *data)
{
	(void)data;
	service_set_up(&site->service);
	site->manifest = sample_manifest(SET);
	site->manifest->wal->segment_size = MIB;
	site->histories = g_ptr_array_new_with_free_func((GDestroyNotify)timeline_history_free);
	g_ptr_array_add(site->histories, timeline_history_parse(1, NULL, NULL));
	wal_pages_begin(&site->pages, (lsn_t)FIRST * MIB, MIB);
	site->next = FIRST;
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	restore_plan_clear(&site->plan);
	manifest_free(site->manifest);
	g_ptr_array_unref(site->histories);
	g_byte_array_unref(site->pages.bytes);
	g_clear_error(&site->error);
	service_tear_down(&site->service);
}

static void put_wal(struct site *site, unsigned number, const void *bytes, size_t size)
{
	g_autofree char *file = g_strdup_printf("0000000100000000%08X", number);
	struct wal_object_request request = {.bundle = site->service.bundle,
					     .file = file,
					     .content = bytes,
					     .size = size,
					     .piece = 1};
	struct wal_object object;

	wal_object_digest(site->service.bundle->digest_secret, bytes, size, request.digest);
	wal_object_seal(&request, &object, &site->error);
	g_assert_no_error(site->error);
	service_put(&site->service, object.local, object.bytes->data, object.bytes->len);
	wal_object_clear(&object);
}

/* All that was written becomes segments of the archive; the last one is filled with zeros. */
static void archive(struct site *site)
{
	GByteArray *bytes = site->pages.bytes;

	wal_pages_fill(&site->pages, (bytes->len + MIB - 1) / MIB * MIB);
	for (; (site->next - FIRST) * MIB < bytes->len; site->next++)
		put_wal(site, site->next, bytes->data + (size_t)(site->next - FIRST) * MIB, MIB);
}

static bool prove(struct site *site, enum recovery_type type, usec_t time, bool exclusive)
{
	struct restore_source source = {.histories = site->histories};
	struct restore_target target = {.type = type, .time = time, .exclusive = exclusive};

	restore_plan_clear(&site->plan);
	g_clear_error(&site->error);
	site->plan = (struct restore_plan){.manifest = site->manifest,
					   .timeline = 1,
					   .wal_start = (lsn_t)FIRST * MIB + 40,
					   .wal_end = (lsn_t)site->next * MIB,
					   .warnings = g_ptr_array_new_with_free_func(g_free)};
	return restore_plan_prove(&(struct restore_proof){.repo = site->service.repo,
							  .identity = site->service.identity,
							  .source = &source,
							  .target = &target},
				  &site->plan, &site->error);
}

static void assert_proved(struct site *site, enum recovery_type type, usec_t time, usec_t last)
{
	prove(site, type, time, false);
	g_assert_no_error(site->error);
	g_assert_cmpint(site->plan.last_commit, ==, last);
	g_assert_cmpuint(site->plan.warnings->len, ==, 0);
}

static void reachable(struct site *site, const void *data)
{
	(void)data;
	wal_pages_xact(&site->pages, WAL_COMMIT, T(10), 0);
	archive(site);
	wal_pages_xact(&site->pages, WAL_COMMIT, T(20), 0);
	archive(site);
	/* Checkpoints and the like. */
	wal_pages_other(&site->pages, 100);
	archive(site);
	wal_pages_other(&site->pages, 100);
	archive(site);
	assert_proved(site, RECOVERY_TIME, T(10), T(20));
	assert_proved(site, RECOVERY_TIME, T(20) - 1, T(20));
	assert_proved(site, RECOVERY_DEFAULT, 0, T(20));
	/* Where to stop is not a matter of time. */
	assert_proved(site, RECOVERY_LSN, 0, 0);
	assert_proved(site, RECOVERY_IMMEDIATE, 0, 0);
	g_assert_true(prove(site, RECOVERY_TIME, T(20), true));
	g_assert_false(prove(site, RECOVERY_TIME, T(20), false));
	assert_failed(site->error, ODR_ERROR_NOT_FOUND,
		      "the last one in the archive ended 2026-11-24T23:05:20Z");
	assert_failed(site->error, ODR_ERROR_NOT_FOUND, "at the end of the archive, 0/900000");
	g_assert_false(prove(site, RECOVERY_TIME, T(20) + 1, true));
}

static void idle_since_the_set(struct site *site, const void *data)
{
	(void)data;
	wal_pages_other(&site->pages, 100);
	archive(site);
	assert_proved(site, RECOVERY_DEFAULT, 0, 0);
	g_assert_false(prove(site, RECOVERY_TIME, T(20), false));
	assert_failed(site->error, ODR_ERROR_NOT_FOUND,
		      "no transaction ended since the set was begun");
}

static void record_over_the_border(struct site *site, const void *data)
{
	(void)data;
	while (site->pages.bytes->len < MIB - 5000)
		wal_pages_other(&site->pages, 4000);
	wal_pages_other(&site->pages, MIB - site->pages.bytes->len - 100);
	wal_pages_xact(&site->pages, WAL_COMMIT, T(30), 1000);
	g_assert_cmpuint(site->pages.bytes->len, >, MIB);
	archive(site);
	assert_proved(site, RECOVERY_TIME, T(20), T(30));
}

/* Looked through is no more than 128 MiB, and what is wrong with one file is said. */
static void not_known(struct site *site, const void *data)
{
	(void)data;
	wal_pages_xact(&site->pages, WAL_COMMIT, T(10), 0);
	archive(site);
	put_wal(site, site->next++, "no WAL at all", 13);
	g_assert_true(prove(site, RECOVERY_TIME, T(5), false));
	g_assert_cmpint(site->plan.last_commit, ==, T(10));

	newer_put_wal(&site->service, "000000010000000000000007", "a later version's", true);
	site->next++;
	g_assert_true(prove(site, RECOVERY_TIME, T(5), false));
	g_assert_cmpint(site->plan.last_commit, ==, 0);
	g_assert_cmpuint(site->plan.warnings->len, ==, 1);
	g_assert_true(g_str_has_prefix(site->plan.warnings->pdata[0],
				       "when the last transaction ended is not known: "));
}

static void too_far_back(struct site *site, const void *data)
{
	(void)data;
	wal_pages_xact(&site->pages, WAL_COMMIT, T(10), 0);
	wal_pages_fill(&site->pages, MIB);
	for (unsigned i = 0; i < 130; i++) {
		wal_pages_other(&site->pages, 100);
		wal_pages_fill(&site->pages, (size_t)(i + 2) * MIB);
	}
	archive(site);
	g_assert_true(prove(site, RECOVERY_TIME, T(5), false));
	g_assert_cmpuint(site->plan.warnings->len, ==, 1);
	g_assert_nonnull(strstr(site->plan.warnings->pdata[0],
				"'recovery ended before configured recovery target was reached'"));
}

static void gone(struct site *site, const void *data)
{
	(void)data;
	site->next = FIRST + 1;
	g_assert_false(prove(site, RECOVERY_DEFAULT, 0, false));
	assert_failed(site->error, ODR_ERROR_TRANSIENT, "000000010000000000000005 is gone");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct site *site, const void *data);
	} tests[] = {
		{"a-moment-needs-a-later-commit", reachable},
		{"nothing-since-the-set", idle_since_the_set},
		{"a-commit-across-two-segments", record_over_the_border},
		{"what-cannot-be-read-is-a-warning", not_known},
		{"looks-back-128-mib", too_far_back},
		{"a-segment-that-vanishes", gone},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/restore-commit/", tests[i].name, NULL);

		g_test_add(path, struct site, NULL, site_init, tests[i].test, site_clear);
	}
	return g_test_run();
}
