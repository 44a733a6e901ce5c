#include "ops/check/check.h"

#include "repo/wal_held.h"

#include <string.h>

#define DAY_1 "000000010000000000000003"
#define DAY_2 "000000010000000000000007"

struct site {
	GPtrArray *records, *manifests, *held;
};

static struct wal_repository repository(char place)
{
	struct wal_repository one = {.name = "main"};

	memset(one.place, place, STORE_PLACE_SIZE - 1);
	return one;
}

static void set_up(struct site *site, const void *data)
{
	site->records = g_ptr_array_new_with_free_func((GDestroyNotify)wal_record_free);
	site->manifests = g_ptr_array_new_with_free_func((GDestroyNotify)manifest_free);
	site->held = g_ptr_array_new_with_free_func((GDestroyNotify)wal_held_free);
}

static void tear_down(struct site *site, const void *data)
{
	g_ptr_array_unref(site->records);
	g_ptr_array_unref(site->manifests);
	g_ptr_array_unref(site->held);
}

static void archive(struct site *site, const char *file, uint8_t content, char place)
{
	struct wal_record *record = g_new0(struct wal_record, 1);

	record->file = g_strdup(file);
	record->digest[0] = content;
	record->repository = repository(place);
	record->repository.name = g_strdup("main");
	g_ptr_array_add(site->records, record);
}

static void hold(struct site *site, const char *file, uint8_t content, bool complete)
{
	struct wal_held *held = g_new0(struct wal_held, 1);

	held->file = g_strdup(file);
	held->digest[0] = content;
	held->complete = complete;
	held->locals = g_ptr_array_new();
	held->listed = g_ptr_array_new();
	g_ptr_array_add(site->held, held);
}

static void add_set(struct site *site, const char *first)
{
	Manifest *manifest = manifest_new();

	if (first) {
		manifest->wal = g_new0(struct set_wal, 1);
		g_strlcpy(manifest->wal->first, first, sizeof(manifest->wal->first));
	}
	g_ptr_array_add(site->manifests, manifest);
}

/* The one finding, or NULL for none, as "severity code: text". */
static void assert_finds(struct site *site, const char *wanted)
{
	g_autoptr(GPtrArray) findings = findings_new();
	const struct finding *finding;
	g_autofree char *found = NULL;

	check_journal(&(struct check_journaled){.records = site->records,
						.repository = repository('a'),
						.manifests = site->manifests,
						.held = site->held},
		      "repository main", findings);
	g_assert_cmpuint(findings->len, ==, wanted ? 1 : 0);
	if (!wanted)
		return;
	finding = findings->pdata[0];
	found = g_strdup_printf("%s %s: %s", finding_severity_name(finding->severity),
				finding->code, finding->text);
	g_assert_cmpstr(found, ==, wanted);
	g_assert_cmpstr(finding->where, ==, "repository main");
}

static void test_all_there(struct site *site, const void *data)
{
	add_set(site, DAY_1);
	archive(site, DAY_1, 1, 'a');
	archive(site, DAY_2, 2, 'a');
	hold(site, DAY_1, 1, true);
	hold(site, DAY_2, 2, true);
	assert_finds(site, "ok wal.archived: all WAL that this host archived there is there (2 "
			   "files)");
}

static void test_lost(struct site *site, const void *data)
{
	add_set(site, DAY_1);
	archive(site, DAY_1, 1, 'a');
	archive(site, DAY_2, 2, 'a');
	hold(site, DAY_1, 1, true);
	assert_finds(site, "critical wal.lost: of the WAL that this host archived there, 1 file is "
			   "missing, the first is " DAY_2 ": recovery cannot pass it");
	/* Another content is not that one, and half of it is not it. */
	hold(site, DAY_2, 9, true);
	hold(site, DAY_2, 2, false);
	archive(site, "00000002.history", 3, 'a');
	assert_finds(site,
		     "critical wal.lost: of the WAL that this host archived there, 2 files are "
		     "missing, the first is " DAY_2 ": recovery cannot pass it");
}

/* Before the oldest set, on any timeline, and where no set needs it. */
static void test_expired(struct site *site, const void *data)
{
	archive(site, DAY_1, 1, 'a');
	archive(site, "000000020000000000000004", 1, 'a');
	archive(site, DAY_1 ".00000028.backup", 1, 'a');
	assert_finds(site, NULL);
	add_set(site, NULL);
	assert_finds(site, NULL);
	add_set(site, "000000090000000000000008");
	add_set(site, DAY_2);
	assert_finds(site, NULL);
	archive(site, DAY_2, 1, 'a');
	assert_finds(site, "critical wal.lost: of the WAL that this host archived there, 1 file is "
			   "missing, the first is " DAY_2 ": recovery cannot pass it");
}

static void test_another_repository(struct site *site, const void *data)
{
	add_set(site, DAY_1);
	archive(site, DAY_1, 1, 'b');
	assert_finds(site, NULL);
}

#define JOURNAL_TEST(path, function) \
 g_test_add(path, struct site, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	JOURNAL_TEST("/check/journal/what-is-there-is-said-to-be", test_all_there);
	JOURNAL_TEST("/check/journal/what-was-archived-and-is-gone-is-lost", test_lost);
	JOURNAL_TEST("/check/journal/what-no-set-needs-may-have-expired", test_expired);
	JOURNAL_TEST("/check/journal/another-repository-is-not-blamed", test_another_repository);
	return g_test_run();
}
