#include "fixture.h"

static void replace(const struct fixture *fixture, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(fixture->folder, LAYOUT_REPOSITORY, NULL);

	g_file_set_contents(path, text, -1, &error);
	g_assert_no_error(error);
}

static void test_init_once(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL, *first = NULL, *second = NULL;
	struct fixture fixture;

	fixture_init(&fixture);
	path = g_build_filename(fixture.folder, LAYOUT_REPOSITORY, NULL);
	repo_init(fixture.repo->store, 0, &error);
	g_assert_no_error(error);
	g_assert_true(g_file_get_contents(path, &first, NULL, NULL));
	repo_init(fixture.repo->store, 0, &error);
	g_assert_no_error(error);
	g_assert_true(g_file_get_contents(path, &second, NULL, NULL));
	g_assert_cmpstr(first, ==, second);
	repo_check_format(fixture.repo->store, &error);
	g_assert_no_error(error);
	repo_identify(fixture.repo, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(strlen(fixture.repo->id), ==, 32);
	g_assert_nonnull(strstr(first, fixture.repo->id));
	fixture_clear(&fixture);
}

static void test_missing(void)
{
	g_autoptr(GError) error = NULL;
	struct fixture fixture;

	fixture_init(&fixture);
	assert_failed(repo_check_format(fixture.repo->store, &error), error, ODR_ERROR_UNREACHABLE,
		      "holds no repository: run 'odrbackup init' if it is new");
	fixture_clear(&fixture);
}

/* Beside what a repository holds, none is damage: nobody is told to begin anew. */
static void test_lost(void)
{
	struct iovec part = {(void *)"x", 1};
	g_autoptr(GError) error = NULL;
	struct fixture fixture;
	Store *store;

	fixture_init(&fixture);
	store = fixture.repo->store;
	g_assert_true(
		store_put(store, "probe/20260102T000000Z-00000001", &part, 1, NULL, NULL, NULL));
	assert_failed(repo_check_format(store, &error), error, ODR_ERROR_UNREACHABLE,
		      "holds no repository: run 'odrbackup init' if it is new");
	g_clear_error(&error);
	g_assert_true(repo_put(fixture.repo, "set/x", &part, 1, 0, NULL, NULL));
	assert_failed(repo_check_format(store, &error), error, ODR_ERROR_CORRUPT,
		      "has lost its object 'repository', and holds others: somebody removed it, "
		      "and perhaps more. Put it back from a copy, or let 'odrbackup init' write a "
		      "new one, and then let 'odrbackup check' look for the rest");
	g_clear_error(&error);
	repo_init(store, 0, &error);
	g_assert_no_error(error);
	repo_check_format(store, &error);
	g_assert_no_error(error);
	fixture_clear(&fixture);
}

static void test_newer(void)
{
	g_autoptr(GError) error = NULL;
	struct fixture fixture;

	fixture_init(&fixture);
	replace(&fixture, "{\"format\":2,\"id\":\"00112233445566778899aabbccddeeff\"}");
	assert_failed(
		repo_check_format(fixture.repo->store, &error), error, ODR_ERROR_REFUSED,
		"repository main has format 2, this program knows format 1: install a newer odrbackup");
	assert_failed(
		repo_init(fixture.repo->store, 0, &error), error, ODR_ERROR_REFUSED,
		"repository main has format 2, this program knows format 1: install a newer odrbackup");
	fixture_clear(&fixture);
}

static void test_garbage(void)
{
	static const char *const garbage[] = {"",
					      "{",
					      "[]",
					      "{}",
					      "{\"format\":\"1\",\"id\":\"\"}",
					      "{\"format\":1,\"id\":\"\"}",
					      "{\"format\":1,\"id\":\"../../../etc/passwd\"}",
					      "{\"format\":1}"};
	struct fixture fixture;

	fixture_init(&fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(garbage); i++) {
		g_autoptr(GError) error = NULL;

		replace(&fixture, garbage[i]);
		g_assert_false(repo_check_format(fixture.repo->store, &error));
		g_assert_nonnull(error);
		g_clear_error(&error);
		g_assert_false(repo_init(fixture.repo->store, 0, &error));
	}
	fixture_clear(&fixture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/repo/repository/init-writes-once", test_init_once);
	g_test_add_func("/repo/repository/a-missing-one-comes-with-advice", test_missing);
	g_test_add_func("/repo/repository/a-lost-one-is-damage", test_lost);
	g_test_add_func("/repo/repository/refuses-a-newer-format", test_newer);
	g_test_add_func("/repo/repository/refuses-garbage", test_garbage);
	return g_test_run();
}
