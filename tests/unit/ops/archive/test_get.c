#include "../archive_site.h"

#include "ops/archive/spool.h"
#include "repo/layout.h"

#include <stdlib.h>
#include <sys/stat.h>

static void assert_got(struct site *site, const char *file)
{
	GError *error = NULL;
	bool found = false;

	site_get(site, file, &found, &error);
	g_assert_no_error(error);
	g_assert_true(found);
	assert_same_file(site->wal, file, site->out);
	g_unlink(site->out);
}

/* Neither in its place nor beside it. */
static void assert_nothing_there(struct site *site)
{
	g_autofree char *aside = g_strconcat(site->out, ".odrbackup", NULL);

	g_assert_false(g_file_test(site->out, G_FILE_TEST_EXISTS));
	g_assert_false(g_file_test(aside, G_FILE_TEST_EXISTS));
}

static void assert_absent(struct site *site, const char *file)
{
	GError *error = NULL;
	bool found = true;

	site_get(site, file, &found, &error);
	g_assert_no_error(error);
	g_assert_false(found);
	assert_nothing_there(site);
}

static void archive(struct site *site, const char *name)
{
	site_segment_write(site, &(struct site_segment){name});
	site_pushed(site, name);
}

static void test_content(struct site *site, const void *data)
{
	archive(site, SEGMENT);
	archive(site, SEGMENT ".partial");
	site_write(site->wal, HISTORY_2, "1\t0/5000\tx\n", 11);
	site_pushed(site, HISTORY_2);
	assert_got(site, SEGMENT);
	assert_got(site, SEGMENT ".partial");
	assert_got(site, HISTORY_2);
}

static void test_absent(struct site *site, const void *data)
{
	archive(site, SEGMENT);
	assert_absent(site, SEGMENT_6);
	assert_absent(site, HISTORY_2);
	/* A name is not the beginning of another one. */
	archive(site, SEGMENT_6 ".partial");
	assert_absent(site, SEGMENT_6);
}

static void test_unreachable(struct site *site, const void *data)
{
	GError *error = NULL;
	bool found;

	archive(site, SEGMENT);
	site_hide(site, 0);
	assert_got(site, SEGMENT);
	assert_refused(site_get(site, SEGMENT_6, &found, &error), error, ODR_ERROR_UNREACHABLE,
		       "cannot get WAL file " SEGMENT_6, "whether it is archived cannot be told",
		       "repository 'main'");
	site_bring_back(site, 0);
	assert_absent(site, SEGMENT_6);
}

static void test_folder_without_repository(struct site *site, const void *data)
{
	GError *error = NULL;
	bool found;

	for (int i = 0; i < SITE_REPOS; i++) {
		site_hide(site, i);
		g_assert_cmpint(g_mkdir(site->paths[i], 0700), ==, 0);
	}
	assert_refused(site_get(site, SEGMENT, &found, &error), error, ODR_ERROR_UNREACHABLE,
		       "holds no repository");
}

/* What is there proves itself; what is not there is absent only from what is a repository. */
static void test_object_repository_lost(struct site *site, const void *data)
{
	GError *error = NULL;
	bool found;

	archive(site, SEGMENT);
	for (int i = 0; i < SITE_REPOS; i++) {
		g_autofree char *path = g_build_filename(site->paths[i], LAYOUT_REPOSITORY, NULL);

		g_assert_cmpint(g_unlink(path), ==, 0);
	}
	assert_got(site, SEGMENT);
	assert_refused(site_get(site, SEGMENT_6, &found, &error), error, ODR_ERROR_CORRUPT,
		       "has lost its object 'repository'");
}

static void test_damaged(struct site *site, const void *data)
{
	GError *error = NULL;
	bool found;

	archive(site, SEGMENT);
	site_damage(site, 0, SEGMENT);
	assert_got(site, SEGMENT);
	site_damage(site, 1, SEGMENT);
	assert_refused(site_get(site, SEGMENT, &found, &error), error, ODR_ERROR_CORRUPT,
		       "repository main: cannot read WAL file " SEGMENT);
	assert_nothing_there(site);
}

/* The good copy may be where we cannot look. */
static void test_damaged_and_unreachable(struct site *site, const void *data)
{
	GError *error = NULL;
	bool found;

	archive(site, SEGMENT);
	site_damage(site, 0, SEGMENT);
	site_hide(site, 1);
	assert_refused(site_get(site, SEGMENT, &found, &error), error, ODR_ERROR_UNREACHABLE,
		       "repository 'offsite'");
}

static void test_wrong_key(struct site *site, const void *data)
{
	Identity *right = site->identity;
	GError *error = NULL;
	bool found;

	archive(site, SEGMENT);
	site->identity = identity_new(site->owner, "other", RECIPIENT_SCOPE_ALL);
	assert_refused(site_get(site, SEGMENT, &found, &error), error, ODR_ERROR_AUTH, SEGMENT);
	identity_free(site->identity);
	site->identity = right;
}

static void test_missing_piece(struct site *site, const void *data)
{
	g_autofree char *path = NULL;
	GError *error = NULL;
	bool found;

	site_control(site, 64 * MIB);
	site_segment_write(site, &(struct site_segment){SEGMENT, .segment_size = 64 * MIB});
	site_pushed(site, SEGMENT);
	for (int i = 0; i < SITE_REPOS; i++) {
		g_clear_pointer(&path, g_free);
		site_held(site, i, SEGMENT, &path);
		g_assert_cmpint(g_unlink(path), ==, 0);
	}
	assert_refused(site_get(site, SEGMENT, &found, &error), error, ODR_ERROR_TRANSIENT,
		       "WAL file " SEGMENT " is not complete");
}

/* Two hosts that lost sight of each other. */
static void push_other_history(struct site *site, int hidden)
{
	g_autofree char *journal = g_build_filename(site->state, "wal", NULL);
	GError *error = NULL;

	g_assert_true(file_remove_tree(journal, NULL));
	site_hide(site, hidden);
	site_write(site->wal, HISTORY_2, "1\t0/6000\tx\n", 11);
	assert_refused(site_push(site, HISTORY_2, &error), error, ODR_ERROR_UNREACHABLE, HISTORY_2);
	site_bring_back(site, hidden);
}

static void test_two_histories(struct site *site, const void *data)
{
	GError *error = NULL;
	bool found;

	site_write(site->wal, HISTORY_2, "1\t0/5000\tx\n", 11);
	site_hide(site, 1);
	assert_refused(site_push(site, HISTORY_2, &error), error, ODR_ERROR_UNREACHABLE, HISTORY_2);
	site_bring_back(site, 1);
	push_other_history(site, 0);
	assert_refused(site_get(site, HISTORY_2, &found, &error), error, ODR_ERROR_CORRUPT,
		       "several valid files named " HISTORY_2 " which differ");
}

static void test_hostile_names(struct site *site, const void *data)
{
	static const char *const names[] = {
		"", ".", "../x", "000000010000000000000005/..", "RECOVERYXLOG", "00000000.history"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		GError *error = NULL;
		bool found;

		assert_refused(site_get(site, names[i], &found, &error), error, ODR_ERROR_USAGE,
			       "is not the name of a WAL file");
	}
}

static void test_destination(struct site *site, const void *data)
{
	char *out = site->out;
	GError *error = NULL;
	bool found;

	archive(site, SEGMENT);
	site->out = g_build_filename(site->folder, "missing", "out", NULL);
	assert_refused(site_get(site, SEGMENT, &found, &error), error, ODR_ERROR_NOT_FOUND,
		       "cannot write", "missing/out.odrbackup");
	g_free(site->out);
	site->out = out;
}

static struct spool_refill refill_after(struct site *site, const char *file, unsigned batch)
{
	return (struct spool_refill){
		.repositories = site->stores,
		.repository_count = SITE_REPOS,
		.identity = site->identity,
		.spool = site->spool,
		.file = file,
		.segment_size = MIB,
		.batch = batch,
		.workers = 2,
	};
}

static bool is_spooled(struct site *site, const char *name)
{
	g_autofree char *path = g_build_filename(site->spool, name, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void test_fetched_ahead(struct site *site, const void *data)
{
	struct spool_refill refill = refill_after(site, SEGMENT, 2);
	uint32_t segment_size = 0;
	GError *error = NULL;

	for (int i = 5; i <= 9; i++) {
		g_autofree char *name = g_strdup_printf("00000001000000000000000%d", i);

		archive(site, name);
	}
	g_assert_true(spool_refill_run(&refill, &error));
	g_assert_no_error(error);
	g_assert_true(is_spooled(site, SEGMENT_6) && is_spooled(site, SEGMENT_7));
	g_assert_false(is_spooled(site, "000000010000000000000008"));

	g_assert_true(spool_take(site->spool, SEGMENT_6, site->out, &segment_size));
	g_assert_cmpuint(segment_size, ==, MIB);
	assert_same_file(site->wal, SEGMENT_6, site->out);
	g_assert_false(spool_take(site->spool, SEGMENT_6, site->out, &segment_size));

	/* What lies behind, and what a crash left, goes; the end of the archive ends it. */
	site_write(site->spool, "rest.tmp", "x", 1);
	refill.file = "000000010000000000000008";
	g_assert_true(spool_refill_run(&refill, &error));
	g_assert_no_error(error);
	g_assert_false(is_spooled(site, SEGMENT_7) || is_spooled(site, "rest.tmp"));
	g_assert_true(is_spooled(site, "000000010000000000000009"));
}

static bool site_get_ahead(struct site *site, const char *file, bool *found, GError **error)
{
	struct archive_get_request request = site_get_request(site, file);
	enum archive_got got = ARCHIVE_NEEDS_SETS;
	bool good;

	request.batch = 1;
	good = archive_get(&request, &got, error);
	*found = got == ARCHIVE_GOT;
	return good;
}

/* With the first repository the names of both are known; then what they name changes. */
static void test_names_are_a_hint(struct site *site, const void *data)
{
	struct spool_refill refill = refill_after(site, SEGMENT, 1);
	g_autofree char *object = NULL;
	GError *error = NULL;
	bool found = false;

	for (int i = 5; i <= 9; i++) {
		g_autofree char *name = g_strdup_printf("00000001000000000000000%d", i);

		archive(site, name);
	}
	g_assert_true(spool_refill_run(&refill, &error));
	g_assert_no_error(error);
	/* So that no process is left in the background. */
	refill.file = "000000010000000000000008";
	g_assert_true(spool_refill_run(&refill, &error));
	g_assert_true(is_spooled(site, "000000010000000000000009"));

	/* Removed from the first: the second has it. Damaged in both: damage. */
	site_held(site, 0, "000000010000000000000008", &object);
	g_assert_cmpint(g_unlink(object), ==, 0);
	site_get_ahead(site, "000000010000000000000008", &found, &error);
	g_assert_no_error(error);
	g_assert_true(found);
	assert_same_file(site->wal, "000000010000000000000008", site->out);
	g_unlink(site->out);
	site_damage(site, 0, SEGMENT_7);
	site_damage(site, 1, SEGMENT_7);
	assert_refused(site_get_ahead(site, SEGMENT_7, &found, &error), error, ODR_ERROR_CORRUPT,
		       "cannot read WAL file " SEGMENT_7);
	assert_nothing_there(site);
}

/* Listed once for many batches: what came since is listed when it is asked for. */
static void test_names_are_renewed(struct site *site, const void *data)
{
	struct spool_refill refill = refill_after(site, SEGMENT, 1);
	GError *error = NULL;

	archive(site, SEGMENT_6);
	g_assert_true(spool_refill_run(&refill, &error));
	g_assert_true(is_spooled(site, SEGMENT_6));
	archive(site, SEGMENT_7);
	refill.file = SEGMENT_6;
	g_assert_true(spool_refill_run(&refill, &error));
	g_assert_no_error(error);
	g_assert_true(is_spooled(site, SEGMENT_7));
}

static void test_spool_is_checked(struct site *site, const void *data)
{
	uint32_t segment_size;

	archive(site, SEGMENT);
	g_assert_cmpint(g_mkdir_with_parents(site->spool, 0700), ==, 0);
	site_write(site->spool, SEGMENT, "short", 5);
	g_assert_false(spool_take(site->spool, SEGMENT, site->out, &segment_size));
	g_assert_false(is_spooled(site, SEGMENT));

	/* A whole segment under a name that is not its own. */
	site_segment_write(site, &(struct site_segment){SEGMENT});

	g_autofree char *good = g_build_filename(site->wal, SEGMENT, NULL);
	g_autofree char *content = NULL;
	gsize size;

	g_assert_true(g_file_get_contents(good, &content, &size, NULL));
	site_write(site->spool, SEGMENT_6, content, size);
	g_assert_false(spool_take(site->spool, SEGMENT_6, site->out, &segment_size));
	g_assert_false(g_file_test(site->out, G_FILE_TEST_EXISTS));
}

static void test_spool_elsewhere(struct site *site, const void *data)
{
	char spool[] = "/dev/shm/odr-spool-XXXXXX";
	struct stat here, there;
	uint32_t segment_size = 0;

	g_assert_cmpint(g_stat(site->folder, &here), ==, 0);
	if (!mkdtemp(spool) || g_stat(spool, &there) != 0 || here.st_dev == there.st_dev) {
		g_test_skip("there is no second file system");
		return;
	}
	site_segment_write(site, &(struct site_segment){SEGMENT, .segment_size = 4 * MIB});

	g_autofree char *segment = g_build_filename(site->wal, SEGMENT, NULL);
	g_autofree char *content = NULL;
	gsize size;

	g_assert_true(g_file_get_contents(segment, &content, &size, NULL));
	site_write(spool, SEGMENT, content, size);
	g_assert_true(spool_take(spool, SEGMENT, site->out, &segment_size));
	assert_same_file(site->wal, SEGMENT, site->out);
	g_assert_true(file_is_empty_dir(spool));
	g_assert_cmpint(g_rmdir(spool), ==, 0);
}

static void test_one_at_a_time(struct site *site, const void *data)
{
	struct spool_refill refill = refill_after(site, SEGMENT, 2);
	g_autofree char *lock_path = g_build_filename(site->spool, "lock", NULL);
	struct file_lock lock = {0};
	GError *error = NULL;

	g_assert_cmpint(g_mkdir_with_parents(site->spool, 0700), ==, 0);
	g_assert_true(file_lock_take(&lock, lock_path, 0, &error));
	assert_refused(spool_refill_run(&refill, &error), error, ODR_ERROR_BUSY, "lock");
	file_lock_release(&lock);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	SITE_TEST("/archive/get/gives-back-what-was-pushed", test_content);
	SITE_TEST("/archive/get/absence-is-proven-by-listing", test_absent);
	SITE_TEST("/archive/get/an-unreachable-repository-proves-nothing", test_unreachable);
	SITE_TEST("/archive/get/an-empty-folder-proves-nothing", test_folder_without_repository);
	SITE_TEST("/archive/get/what-is-there-needs-no-object-repository",
		  test_object_repository_lost);
	SITE_TEST("/archive/get/damage-is-passed-over-then-told", test_damaged);
	SITE_TEST("/archive/get/damage-is-not-final-while-a-repository-is-missing",
		  test_damaged_and_unreachable);
	SITE_TEST("/archive/get/names-a-wrong-key", test_wrong_key);
	SITE_TEST("/archive/get/a-missing-piece-is-not-absence", test_missing_piece);
	SITE_TEST("/archive/get/two-histories-are-undecidable", test_two_histories);
	SITE_TEST("/archive/get/refuses-hostile-names", test_hostile_names);
	SITE_TEST("/archive/get/names-a-destination-it-cannot-write", test_destination);
	SITE_TEST("/archive/spool/holds-the-next-segments", test_fetched_ahead);
	SITE_TEST("/archive/spool/names-are-a-hint", test_names_are_a_hint);
	SITE_TEST("/archive/spool/names-are-renewed", test_names_are_renewed);
	SITE_TEST("/archive/spool/what-is-no-good-is-fetched-again", test_spool_is_checked);
	SITE_TEST("/archive/spool/may-lie-on-another-file-system", test_spool_elsewhere);
	SITE_TEST("/archive/spool/is-filled-by-one-process", test_one_at_a_time);
	return g_test_run();
}
