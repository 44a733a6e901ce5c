#include "ops/archive/choice.h"

#include "../archive_site.h"

static void test_choice(void)
{
	static const struct {
		const char *sets[4]; /* "": none lists it */
		guint count;
		struct archive_choice choice;
	} cases[] = {
		{{""}, 1, {ARCHIVE_OLDEST, 0, 0}},
		{{"a"}, 1, {ARCHIVE_LISTED, 0, 0}},
		{{"", ""}, 2, {ARCHIVE_OLDEST, 0, 0}},
		{{"a", ""}, 2, {ARCHIVE_LISTED, 0, 0}},
		{{"", "a"}, 2, {ARCHIVE_LISTED, 1, 0}},
		{{"", "", "a", ""}, 4, {ARCHIVE_LISTED, 2, 0}},
		{{"a", "b"}, 2, {ARCHIVE_UNDECIDABLE, 0, 1}},
		{{"", "a", "", "b"}, 4, {ARCHIVE_UNDECIDABLE, 1, 3}},
		{{"a", "a", "a"}, 3, {ARCHIVE_UNDECIDABLE, 0, 1}},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GArray) candidates =
			g_array_new(false, true, sizeof(struct archive_candidate));
		struct archive_choice choice;

		g_array_set_clear_func(candidates, archive_candidate_clear);
		g_array_set_size(candidates, cases[i].count);
		for (guint k = 0; k < cases[i].count; k++)
			if (*cases[i].sets[k])
				g_array_index(candidates, struct archive_candidate, k).set =
					g_strdup(cases[i].sets[k]);
		choice = archive_choose(candidates);
		g_assert_cmpint(choice.verdict, ==, cases[i].choice.verdict);
		g_assert_cmpuint(choice.chosen, ==, cases[i].choice.chosen);
		g_assert_cmpuint(choice.other, ==, cases[i].choice.other);
	}
}

/* What the sets say of the older object and the newer one. */
static bool first_listed, second_listed, unreadable;
static unsigned asked;

static bool find_sets(Repo *repo, GArray *candidates, GError **error)
{
	struct archive_candidate *first = &g_array_index(candidates, struct archive_candidate, 0);
	struct archive_candidate *second = &g_array_index(candidates, struct archive_candidate, 1);

	asked++;
	g_assert_cmpuint(candidates->len, ==, 2);
	if (unreadable)
		return odr_fail(error, ODR_ERROR_UNREACHABLE, "the sets of %s cannot be read",
				store_name(repo->store));
	first->set = first_listed ? g_strdup("20260101T000000Z-00000001") : NULL;
	second->set = second_listed ? g_strdup("20260102T000000Z-00000002") : NULL;
	return true;
}

static void move_object(struct site *site, int from, const char *file, int to)
{
	g_autofree char *path = NULL, *content = NULL, *name = NULL, *target = NULL;
	gsize size;

	g_assert_cmpuint(site_held(site, from, file, &path), ==, 1);
	g_assert_true(g_file_get_contents(path, &content, &size, NULL));
	name = g_strdup(path + strlen(site->paths[from]));
	target = g_strconcat(site->paths[to], name, NULL);
	g_assert_true(g_file_set_contents(target, content, (gssize)size, NULL));
	g_assert_cmpint(g_unlink(path), ==, 0);
}

static void push_to_one(struct site *site, uint8_t filling, int hidden)
{
	g_autofree char *journal = g_build_filename(site->state, "wal", NULL);
	GError *error = NULL;

	g_assert_true(file_remove_tree(journal, NULL));
	site_segment_write(site, &(struct site_segment){SEGMENT, .filling = filling});
	site_hide(site, hidden);
	assert_refused(site_push(site, SEGMENT, &error), error, ODR_ERROR_UNREACHABLE, SEGMENT);
	site_bring_back(site, hidden);
}

/* The first repository holds two contents: that of filling 1, older, and that of 2. The other holds none. */
static void archive_two(struct site *site)
{
	push_to_one(site, 1, 1);
	g_usleep(20000);
	push_to_one(site, 2, 0);
	move_object(site, 1, SEGMENT, 0);
	g_assert_cmpuint(site_held(site, 0, SEGMENT, NULL), ==, 2);
}

static bool get(struct site *site, enum archive_got *got, GError **error)
{
	struct archive_get_request request = site_get_request(site, SEGMENT);

	request.sets = find_sets;
	asked = 0;
	g_unlink(site->out);
	return archive_get(&request, got, error);
}

static void assert_got(struct site *site, uint8_t filling)
{
	enum archive_got got = ARCHIVE_ABSENT;
	GError *error = NULL;

	get(site, &got, &error);
	g_assert_no_error(error);
	g_assert_cmpint(got, ==, ARCHIVE_GOT);
	site_segment_write(site, &(struct site_segment){SEGMENT, .filling = filling});
	assert_same_file(site->wal, SEGMENT, site->out);
}

static void test_sets_decide(struct site *site, const void *data)
{
	enum archive_got got;
	GError *error = NULL;

	archive_two(site);
	first_listed = second_listed = unreadable = false;
	assert_got(site, 1);
	g_assert_cmpuint(asked, ==, 1);
	second_listed = true;
	assert_got(site, 2);
	first_listed = true;
	assert_refused(get(site, &got, &error), error, ODR_ERROR_CORRUPT,
		       "two contents that sets list", "20260101T000000Z-00000001",
		       "20260102T000000Z-00000002", "move away");
	g_assert_false(g_file_test(site->out, G_FILE_TEST_EXISTS));
	second_listed = false;
	assert_got(site, 1);
	unreadable = true;
	assert_refused(get(site, &got, &error), error, ODR_ERROR_UNREACHABLE,
		       "whether it is archived cannot be told", "the sets of main cannot be read");
}

static void test_one_needs_no_sets(struct site *site, const void *data)
{
	first_listed = second_listed = unreadable = false;
	push_to_one(site, 1, 1);
	assert_got(site, 1);
	g_assert_cmpuint(asked, ==, 0);
}

/* What another object holds is of another past, however valid it is. */
static void test_listed_is_damaged(struct site *site, const void *data)
{
	enum archive_got got;
	GError *error = NULL;

	push_to_one(site, 1, 1);
	site_damage(site, 0, SEGMENT);
	g_usleep(20000);
	push_to_one(site, 2, 0);
	move_object(site, 1, SEGMENT, 0);
	unreadable = false;
	first_listed = true;
	second_listed = false;
	assert_refused(get(site, &got, &error), error, ODR_ERROR_CORRUPT,
		       "of 2 objects for WAL file " SEGMENT
		       " the one that set 20260101T000000Z-00000001 lists",
		       "its signature does not fit");
	g_assert_false(g_file_test(site->out, G_FILE_TEST_EXISTS));

	/* Unlisted it is passed over. */
	first_listed = false;
	assert_got(site, 2);

	/* The other repository may have a good one of the same. */
	first_listed = true;
	push_to_one(site, 1, 0);
	assert_got(site, 1);
}

static void test_hands_over(struct site *site, const void *data)
{
	struct archive_get_request request = site_get_request(site, SEGMENT);
	enum archive_got got = ARCHIVE_GOT;
	GError *error = NULL;

	archive_two(site);
	archive_get(&request, &got, &error);
	g_assert_no_error(error);
	g_assert_cmpint(got, ==, ARCHIVE_NEEDS_SETS);
	g_assert_false(g_file_test(site->out, G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/archive/choice/is-what-sets-list-then-the-oldest", test_choice);
	SITE_TEST("/archive/get/of-several-the-listed-one-counts", test_sets_decide);
	SITE_TEST("/archive/get/one-object-needs-no-sets", test_one_needs_no_sets);
	SITE_TEST("/archive/get/nothing-replaces-a-listed-object", test_listed_is_damaged);
	SITE_TEST("/archive/get/without-sets-several-are-handed-over", test_hands_over);
	return g_test_run();
}
