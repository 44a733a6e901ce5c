#include "repo/repo.h"

#include "fixture.h"

static bool put_text(Repo *repo, const char *local, const char *text, GError **error)
{
	struct iovec part = {(void *)text, strlen(text)};

	return repo_put(repo, local, &part, 1, 0, NULL, error);
}

static void test_local_names(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GByteArray) content = NULL;
	g_autofree char *path = NULL, *where = NULL;
	struct store_object object = {0};
	g_autoptr(GPtrArray) listed = g_ptr_array_new();
	struct store_deletion deletions[2];
	struct fixture fixture;

	fixture_init(&fixture);
	put_text(fixture.repo, "hold/a", "text", &error);
	g_assert_no_error(error);
	path = g_build_filename(fixture.folder, fixture.repo->service_hex, "hold/a", NULL);
	g_assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
	g_assert_cmpuint(strlen(fixture.repo->service_hex), ==, 2 * SERVICE_ID_SIZE);

	content = fixture_read(&fixture, "hold/a");
	g_assert_cmpmem(content->data, content->len, "text", 4);
	repo_head(fixture.repo, "hold/a", &object, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(object.size, ==, 4);
	g_free(object.name);

	where = repo_where(fixture.repo, "hold/a");
	g_assert_cmpstr(where, ==, "'hold/a' in repository main");
	g_ptr_array_add(listed, &(struct store_object){.name = (char *)"hold/a"});
	g_ptr_array_add(listed, &(struct store_object){.name = (char *)"hold/b"});
	repo_delete_many(fixture.repo, listed, deletions, &error);
	g_assert_no_error(error);
	g_assert_true(deletions[0].gone && deletions[1].gone);
	g_assert_false(repo_head(fixture.repo, "hold/a", &object, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
	fixture_clear(&fixture);
}

static bool collect(void *data, const struct store_object *object)
{
	GString *names = data;

	g_string_append_printf(names, "%s;", object->name);
	return names->len < 12;
}

static void test_list(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) names = g_string_new(NULL);
	static const char *const locals[] = {"hold/c", "hold/a", "hold/b", "hole", "audit/a"};
	struct fixture fixture;

	fixture_init(&fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(locals); i++)
		put_text(fixture.repo, locals[i], "x", &error);
	g_assert_no_error(error);
	repo_list(fixture.repo, "hold/", collect, names, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(names->str, ==, "hold/a;hold/b;");
	g_string_truncate(names, 0);
	repo_list(fixture.repo, "none/", collect, names, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(names->str, ==, "");
	fixture_clear(&fixture);
}

static void test_every_repository(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GByteArray) content = NULL;
	struct iovec part = {(void *)"text", 4};
	struct fixture first, second;

	fixture_init(&first);
	fixture_init(&second);
	g_ptr_array_add(first.repos, second.repo);
	put_text(first.repo, "hold/a", "text", &error);
	g_assert_no_error(error);
	g_assert_false(put_text(first.repo, "hold/a", "text", &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_EXISTS);
	g_clear_error(&error);

	repos_put(first.repos, "hold/a", &part, 1, 0, &error);
	g_assert_no_error(error);
	content = fixture_read(&second, "hold/a");
	fixture_clear(&first);
	fixture_clear(&second);
}

static void test_one_fails(void)
{
	g_autoptr(GError) error = NULL;
	struct iovec part = {(void *)"text", 4};
	struct fixture first, second;

	fixture_init(&first);
	fixture_init(&second);
	g_ptr_array_add(first.repos, second.repo);
	file_remove_tree(second.folder, &error);
	g_assert_no_error(error);
	g_assert_false(repos_put(first.repos, "hold/a", &part, 1, 0, &error));
	g_assert_nonnull(error);
	fixture_clear(&first);
	fixture_clear(&second);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/repo/repo/local-names-lie-in-the-service's-folder", test_local_names);
	g_test_add_func("/repo/repo/lists-local-names", test_list);
	g_test_add_func("/repo/repo/a-taken-name-counts-as-done-and-the-others-get-it",
			test_every_repository);
	g_test_add_func("/repo/repo/one-that-fails-fails-all", test_one_fails);
	return g_test_run();
}
