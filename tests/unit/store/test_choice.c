#include "store/choice.h"

#include "versioned.h"

/* Good is what begins with "good". */
static bool verify(void *data, GBytes *content, const struct store_object *version, GError **error)
{
	const char *text = g_bytes_get_data(content, NULL);

	if (g_bytes_get_size(content) >= 4 && memcmp(text, "good", 4) == 0)
		return true;
	return odr_fail(error, ODR_ERROR_CORRUPT, "it says '%.*s'", (int)g_bytes_get_size(content),
			text);
}

/* What is read, or the error, and what was noted. */
static void assert_read(Store *store, const struct store_choose *choose, const char *expected,
			const char *noted)
{
	g_autoptr(GPtrArray) alterations = NULL;
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) error = NULL;

	if (store_get_good(store, &(struct store_wanted){.choose = *choose, .verify = verify},
			   &content, &error))
		g_assert_cmpmem(g_bytes_get_data(content, NULL), g_bytes_get_size(content),
				expected, strlen(expected));
	else
		g_assert_cmpstr(error->message, ==, expected);
	alterations = store_alterations_take(store);
	g_assert_cmpuint(alterations->len, ==, noted ? 1 : 0);
	if (noted)
		g_assert_cmpstr(((const struct store_alteration *)alterations->pdata[0])->what, ==,
				noted);
}

/* Versions are put one a day: "good…" and others, "-" hides. */
static Store *store_of(const char *const *texts)
{
	Store *store = versioned_store_new();

	for (; *texts; texts++) {
		if (strcmp(*texts, "-") == 0)
			versioned_hide(store, "a/b");
		else
			versioned_overlay(store, "a/b", *texts);
		versioned(store)->clock += USEC_PER_DAY;
	}
	return store;
}

#define NONE "cannot read 'a/b' of repository 'main': there is no such object"
#define NONE_LISTED \
 "cannot list the versions of 'a/b' of repository 'main': there is no such object"
#define OVERLAID(why, version, day)                                                  \
 "a version of 'a/b' is no good (" why "): version " version ", stored 1970-01-" day \
 "T00:00:00Z, was read instead"
#define HIDDEN(version, day)                                                        \
 "'a/b' is hidden behind a delete marker: version " version ", stored 1970-01-" day \
 "T00:00:00Z, was read"
#define BEHIND "cannot read 'a/b' of repository 'main': it is hidden behind a delete marker"

static const struct {
	const char *texts[6];
	/* Of what the name tells the content, and of what is signed. */
	const char *named, *named_noted, *signed_, *signed_noted;
} cases[] = {
	{{NULL}, NONE, NULL, NONE_LISTED, NULL},
	{{"good"}, "good", NULL, "good", NULL},
	{{"bad"}, "it says 'bad'", NULL, "it says 'bad'", NULL},
	{{"good", "bad"}, "good", OVERLAID("it says 'bad'", "v1", "02"), "good", NULL},
	{{"good", "-"},
	 "good",
	 OVERLAID("it is hidden behind a delete marker", "v1", "02"),
	 "good",
	 HIDDEN("v1", "02")},
	{{"good", "-", "bad"}, "good", OVERLAID("it says 'bad'", "v1", "02"), "good", NULL},
	{{"good 1", "good 2"}, "good 2", NULL, "good 1", NULL},
	{{"bad", "good 2", "good 3"},
	 "good 3",
	 NULL,
	 "good 2",
	 OVERLAID("it says 'bad'", "v2", "03")},
	{{"bad", "worse"},
	 "none of 2 versions is good: it says 'worse'",
	 NULL,
	 "none of 2 versions is good: it says 'bad'",
	 NULL},
	{{"-"}, NONE, NULL, NONE_LISTED, NULL},
};

static void test_cases(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Store) named = store_of(cases[i].texts);
		g_autoptr(Store) signed_ = store_of(cases[i].texts);

		assert_read(named, &(struct store_choose){.name = "a/b"}, cases[i].named,
			    cases[i].named_noted);
		assert_read(signed_, &(struct store_choose){.name = "a/b", .oldest = true},
			    cases[i].signed_, cases[i].signed_noted);
	}
}

static bool read_listed(void *data, const struct store_object *object)
{
	Store *store = data;

	assert_read(store, &(struct store_choose){.name = "a/b", .listed = object, .oldest = true},
		    "good 1", HIDDEN("v1", "02"));
	return true;
}

/* A listing tells the oldest version: it is read by one request more. */
static void test_listed(void)
{
	g_autoptr(Store) store = store_of((const char *[]){"good 1", "bad", "-", NULL});
	unsigned reads = versioned(store)->reads;

	g_assert_true(store_list(store, "a/", read_listed, store, NULL));
	g_assert_cmpuint(versioned(store)->reads, ==, reads + 1);
}

/* The ordinary case costs one request. */
static void test_ordinary(void)
{
	g_autoptr(Store) store = store_of((const char *[]){"good", NULL});

	assert_read(store, &(struct store_choose){.name = "a/b"}, "good", NULL);
	g_assert_cmpuint(versioned(store)->reads, ==, 1);
	g_assert_cmpuint(versioned(store)->lists, ==, 0);
}

static bool count(void *data, const struct store_object *object)
{
	++*(unsigned *)data;
	return true;
}

/* What came later neither is listed nor chosen, and a marker that came later hides nothing. */
static void test_as_of(void)
{
	g_autoptr(Store) store = store_of((const char *[]){"bad", "good 2", "good 3", "-", NULL});
	const struct store_choose choose = {.name = "a/b", .oldest = true};
	unsigned listed = 0;

	store->as_of = USEC_PER_DAY - 1;
	assert_read(store, &choose, "no version of 'a/b' is as old as what is asked for", NULL);
	g_assert_true(store_list(store, "a/", count, &listed, NULL));
	g_assert_cmpuint(listed, ==, 0);
	store->as_of = USEC_PER_DAY;
	g_assert_true(store_list(store, "a/", count, &listed, NULL));
	g_assert_cmpuint(listed, ==, 1);
}

/* Deleted just now, or the store contradicts itself: it proves neither damage nor absence. */
static void test_withheld(void)
{
	g_autoptr(Store) store = store_of((const char *[]){"good", "-", NULL});
	const struct store_wanted wanted = {.choose = {.name = "a/b"}, .verify = verify};
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) error = NULL;

	versioned(store)->withholds = true;
	g_assert_false(store_get_good(store, &wanted, &content, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_TRANSIENT);
	g_assert_cmpstr(error->message, ==,
			"the store lists versions of 'a/b', and does not give them: " BEHIND);
}

static void test_alterations_are_told_once(void)
{
	g_autoptr(Store) store = store_of((const char *[]){"good", "bad", NULL});

	assert_read(store, &(struct store_choose){.name = "a/b"}, "good",
		    OVERLAID("it says 'bad'", "v1", "02"));
	assert_read(store, &(struct store_choose){.name = "a/b"}, "good", NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* Warnings are told on stderr, and are what is tested. */
	g_test_add_func("/store/choice/the-version-that-is-good", test_cases);
	g_test_add_func("/store/choice/what-was-listed-comes-first", test_listed);
	g_test_add_func("/store/choice/the-ordinary-case-is-one-request", test_ordinary);
	g_test_add_func("/store/choice/as-it-was-at-a-time", test_as_of);
	g_test_add_func("/store/choice/what-is-listed-and-not-given", test_withheld);
	g_test_add_func("/store/choice/alterations-are-told-once", test_alterations_are_told_once);
	return g_test_run();
}
