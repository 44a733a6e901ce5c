#include "ops/durable.h"

#include "../repo/fixture.h"
#include "repo/wal_journal.h"

#define MIB ((uint32_t)1 << 20)

struct site {
	struct fixture fixture, other;
	GPtrArray *repos;
	char *state, *folder;
	unsigned ticks;
	const char *arrives; /* recorded by the first tick */
};

static void site_init(struct site *site, const void *data)
{
	GError *error = NULL;

	(void)data;
	fixture_init(&site->fixture);
	fixture_init(&site->other);
	/* The second repository of the same service. */
	repo_free(site->other.repo);
	site->other.repo = repo_new(fixture_store("offsite", site->other.folder),
				    &site->fixture.owner->service);
	site->repos = g_ptr_array_new();
	g_ptr_array_add(site->repos, site->fixture.repo);
	g_ptr_array_add(site->repos, site->other.repo);
	site->state = g_dir_make_tmp("odr-state-XXXXXX", &error);
	g_assert_no_error(error);
	site->folder = g_build_filename(site->state, "wal", NULL);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	g_ptr_array_unref(site->repos);
	file_remove_tree(site->state, NULL);
	g_free(site->state);
	g_free(site->folder);
	fixture_clear(&site->other);
	fixture_clear(&site->fixture);
}

static void record_one(struct site *site, const struct wal_record *one)
{
	GError *error = NULL;

	wal_journal_append(site->folder, one, 1, &error);
	g_assert_no_error(error);
}

static void record(struct site *site, const char *file, const char *repository)
{
	struct wal_record one = {
		.file = (char *)file,
		.size = MIB,
		.repository = {.name = repository, .place = "00000000000000000000000000000000"},
		.stored_at = 1,
		.digest = {(uint8_t)g_str_hash(file)}};

	for (guint i = 0; i < site->repos->len; i++) {
		struct wal_repository known = wal_repository_of(site->repos->pdata[i]);

		if (strcmp(repository, known.name) == 0)
			one.repository = known;
	}
	record_one(site, &one);
}

static void record_everywhere(struct site *site, const char *file)
{
	record(site, file, "main");
	record(site, file, "offsite");
}

static bool tick(void *data, GError **error)
{
	struct site *site = data;

	if (site->ticks++ == 0 && site->arrives)
		record_everywhere(site, site->arrives);
	return site->arrives || site->ticks < 3 ||
	       odr_fail(error, ODR_ERROR_STOPPED, "enough of it");
}

static bool wait_for(struct site *site, const char *first, const char *last, usec_t timeout,
		     GError **error)
{
	return durable_wait(&(struct durable_wait){.repos = site->repos,
						   .state = site->state,
						   .first = first,
						   .last = last,
						   .segment_size = MIB,
						   .timeout = timeout,
						   .tick = tick,
						   .tick_data = site},
			    error);
}

static void all_there(struct site *site, const void *data)
{
	GError *error = NULL;

	(void)data;
	record_everywhere(site, "000000010000000000000FFE");
	record_everywhere(site, "000000010000000000000FFF");
	record_everywhere(site, "000000010000000100000000");
	g_assert_true(
		wait_for(site, "000000010000000000000FFE", "000000010000000100000000", 0, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(site->ticks, ==, 0);
}

static void missing(struct site *site, const void *data)
{
	GError *error = NULL;

	(void)data;
	record_everywhere(site, "000000010000000000000005");
	record_everywhere(site, "000000010000000000000007");
	site->arrives = "000000010000000000000009";
	assert_failed(wait_for(site, "000000010000000000000005", "000000010000000000000007",
			       USEC_PER_SEC / 20, &error),
		      error, ODR_ERROR_TRANSIENT, "was not pushed within 50 ms");
}

static void missing_in_one_repository(struct site *site, const void *data)
{
	GError *error = NULL;

	(void)data;
	record(site, "000000010000000000000005", "main");
	assert_failed(wait_for(site, "000000010000000000000005", "000000010000000000000005",
			       USEC_PER_DAY, &error),
		      error, ODR_ERROR_STOPPED, "enough of it");
	record(site, "000000010000000000000005", "elsewhere");
	site->ticks = 0;
	assert_failed(wait_for(site, "000000010000000000000005", "000000010000000000000005",
			       USEC_PER_DAY, &error),
		      error, ODR_ERROR_STOPPED, "enough of it");
	record(site, "000000010000000000000005", "offsite");
	g_assert_true(
		wait_for(site, "000000010000000000000005", "000000010000000000000005", 0, &error));
}

static void arrives_later(struct site *site, const void *data)
{
	GError *error = NULL;

	(void)data;
	site->arrives = "000000010000000000000005";
	g_assert_true(wait_for(site, "000000010000000000000005", "000000010000000000000005",
			       USEC_PER_MIN, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(site->ticks, ==, 1);
}

static void not_segments(struct site *site, const void *data)
{
	GError *error = NULL;

	(void)data;
	assert_failed(wait_for(site, "nonsense", "000000010000000000000005", 0, &error), error,
		      ODR_ERROR_CORRUPT, "as WAL segments");
	assert_failed(
		wait_for(site, "000000010000000000000005", "000000020000000000000005", 0, &error),
		error, ODR_ERROR_CORRUPT, "as WAL segments");
}

static bool lists(const GPtrArray *objects, const char *file)
{
	g_autofree char *prefix = layout_wal_prefix(file);

	for (guint i = 0; i < objects->len; i++)
		if (g_str_has_prefix(objects->pdata[i], prefix))
			return true;
	return false;
}

static void objects_since(struct site *site, const struct set_wal *wal, lsn_t since,
			  GPtrArray **objects)
{
	g_autoptr(GError) error = NULL;

	durable_objects(
		&(struct durable_query){
			.repos = site->repos, .state = site->state, .wal = wal, .since = since},
		objects, &error);
	g_assert_no_error(error);
}

static void objects_of_a_set(struct site *site, const void *data)
{
	struct set_wal wal = {.timeline = 1,
			      .segment_size = MIB,
			      .start = 6 * (lsn_t)MIB + 40,
			      .stop = 8 * (lsn_t)MIB};
	g_autoptr(GPtrArray) alone = NULL;
	g_autoptr(GPtrArray) all = NULL;
	(void)data;
	for (unsigned i = 3; i < 10; i++) {
		g_autofree char *file = g_strdup_printf("0000000100000000%08X", i);

		record_everywhere(site, file);
	}
	record_everywhere(site, "00000002.history");
	record_everywhere(site, "000000010000000000000006.00000028.backup");
	objects_since(site, &wal, 0, &alone);
	g_assert_cmpuint(alone->len, ==, 3);
	g_assert_true(lists(alone, "000000010000000000000006"));
	g_assert_true(lists(alone, "000000010000000000000007"));
	g_assert_true(lists(alone, "00000002.history"));

	/* And what came since the set before, whose WAL ended within segment 4. */
	objects_since(site, &wal, 4 * (lsn_t)MIB + 100, &all);
	g_assert_cmpuint(all->len, ==, 5);
	g_assert_true(lists(all, "000000010000000000000004"));
	g_assert_false(lists(all, "000000010000000000000003"));
	g_assert_false(lists(all, "000000010000000000000008"));
}

/* What is not in every repository no manifest lists: it would be missing there. */
static void objects_everywhere(struct site *site, const void *data)
{
	struct set_wal wal = {.timeline = 1,
			      .segment_size = MIB,
			      .start = 6 * (lsn_t)MIB,
			      .stop = 8 * (lsn_t)MIB};
	Repo *offsite = site->repos->pdata[1];
	g_autoptr(GPtrArray) all = NULL, after = NULL;

	(void)data;
	record(site, "000000010000000000000004", "main");
	record_everywhere(site, "000000010000000000000005");
	record_everywhere(site, "000000010000000000000006");
	objects_since(site, &wal, 4 * (lsn_t)MIB, &all);
	g_assert_cmpuint(all->len, ==, 2);
	g_assert_false(lists(all, "000000010000000000000004"));

	/* The name leads to another repository now. */
	memset(offsite->id, '7', sizeof(offsite->id) - 1);
	record_everywhere(site, "000000010000000000000007");
	memset(offsite->id, '8', sizeof(offsite->id) - 1);
	objects_since(site, &wal, 4 * (lsn_t)MIB, &after);
	g_assert_false(lists(after, "000000010000000000000007"));
}

/* A snapshot of the data directory was brought back, the journal lies elsewhere. */
static void set_back(struct site *site, const void *data)
{
	GError *error = NULL;

	(void)data;
	record(site, "000000010000000000000004", "main");
	g_assert_true(durable_check_present(site->state, "000000010000000000000005", &error));
	g_assert_true(durable_check_present(site->state, "000000020000000000000004", &error));
	g_assert_false(durable_check_present(site->state, "000000010000000000000004", &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
	g_assert_nonnull(strstr(error->message, "set back to an earlier state"));
	g_clear_error(&error);
}

static void nothing_recorded(struct site *site, const void *data)
{
	struct set_wal wal = {.timeline = 1, .segment_size = MIB, .start = 1, .stop = MIB};
	g_autoptr(GPtrArray) objects = NULL;

	(void)data;
	objects_since(site, &wal, 0, &objects);
	g_assert_cmpuint(objects->len, ==, 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct site *site, const void *data);
	} tests[] = {
		{"all-there", all_there},
		{"missing", missing},
		{"missing-in-one-repository", missing_in_one_repository},
		{"arrives-later", arrives_later},
		{"not-segments", not_segments},
		{"objects-of-a-set", objects_of_a_set},
		{"objects-are-in-every-repository", objects_everywhere},
		{"wal-of-another-past-proves-nothing", set_back},
		{"nothing-recorded", nothing_recorded},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/durable/", tests[i].name, NULL);

		g_test_add(path, struct site, NULL, site_init, tests[i].test, site_clear);
	}
	return g_test_run();
}
