#include "ops/filestore/choice.h"

#include "base/error.h"

#include <string.h>

/* A set with the letter, whose filestore was captured from began to ended; ended 0: without a filestore. */
struct capture {
	char letter;
	usec_t began, ended;
	bool incomplete;
};
/* "found what this set has, at that time" */
struct sighting {
	char letter;
	usec_t at;
};

static Manifest *make_manifest(const struct capture *capture)
{
	Manifest *manifest = manifest_new();
	struct set_part *part;

	manifest->set_id = g_strdup_printf("%c", capture->letter);
	if (capture->ended == 0)
		return manifest;
	part = g_new0(struct set_part, 1);
	part->part = g_strdup(PART_FILESTORE);
	part->layers = g_array_new(false, true, sizeof(struct layer_ref));
	part->started = capture->began;
	part->stopped = capture->ended;
	g_ptr_array_add(manifest->parts, part);
	if (capture->incomplete)
		json_object_set_new(manifest->facts, PART_FILESTORE,
				    json_pack("{s:b}", "incomplete", 1));
	return manifest;
}

static void test_choice(void)
{
	static const struct {
		const char *what;
		struct capture captures[6];
		struct sighting moments[4];
		usec_t from, to;
		const char *base, *later, *gap;
	} cases[] = {
		{"between two",
		 {{'a', 10, 20}, {'b', 30, 40}, {'c', 50, 60}},
		 {{0}},
		 45,
		 45,
		 "b",
		 "c",
		 NULL},
		{"during one: it, and one on each side",
		 {{'a', 10, 20}, {'b', 30, 40}, {'c', 50, 60}},
		 {{0}},
		 35,
		 35,
		 "a",
		 "bc",
		 NULL},
		{"at its very end it has ended",
		 {{'a', 10, 20}, {'b', 30, 40}},
		 {{0}},
		 20,
		 20,
		 "a",
		 "b",
		 NULL},
		{"a set without files is none",
		 {{'a', 10, 20}, {'x', 0, 0}, {'b', 30, 40}},
		 {{0}},
		 25,
		 25,
		 "a",
		 "b",
		 NULL},
		{"behind the last",
		 {{'a', 10, 20}, {'b', 30, 40}},
		 {{0}},
		 45,
		 45,
		 "b",
		 "",
		 "no capture of the filestore began after that moment: files written since"},
		{"a moment behind it shows that nothing was missed",
		 {{'a', 10, 20}, {'b', 30, 40}},
		 {{'b', 47}},
		 45,
		 45,
		 "b",
		 "",
		 NULL},
		{"a moment before it: the set need not be the last that ended",
		 {{'a', 10, 20}, {'b', 30, 40}},
		 {{'a', 25}},
		 27,
		 27,
		 "a",
		 "b",
		 NULL},
		{"before the first",
		 {{'a', 10, 20}, {'b', 30, 40}},
		 {{0}},
		 5,
		 5,
		 NULL,
		 "a",
		 "no capture of the filestore ended before that moment"},
		{"one that did not see everything adds what it has, and the next one counts",
		 {{'a', 10, 20, false}, {'b', 30, 40, true}, {'c', 50, 60, false}},
		 {{0}},
		 25,
		 25,
		 "a",
		 "bc",
		 NULL},
		{"none behind it saw everything",
		 {{'a', 10, 20, false}, {'b', 30, 40, true}},
		 {{0}},
		 25,
		 25,
		 "a",
		 "b",
		 "no complete capture of the filestore began after that moment: files written since"},
		{"overlapping captures of two repositories' runs",
		 {{'a', 10, 20}, {'b', 22, 60}, {'c', 30, 40}, {'d', 70, 80}},
		 {{0}},
		 50,
		 50,
		 "c",
		 "bd",
		 NULL},
		{"somewhere in a span: all within, and one on each side",
		 {{'a', 10, 20}, {'b', 30, 40}, {'c', 50, 60}, {'d', 70, 80}, {'e', 90, 95}},
		 {{0}},
		 25,
		 65,
		 "a",
		 "bcd",
		 NULL},
		{"up to the newest, whatever is that",
		 {{'a', 10, 20}, {'b', 30, 40}},
		 {{0}},
		 25,
		 G_MAXINT64,
		 "a",
		 "b",
		 "no capture of the filestore began after"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) manifests =
			g_ptr_array_new_with_free_func((GDestroyNotify)manifest_free);
		g_autoptr(GPtrArray) moments = g_ptr_array_new();
		struct filestore_span span = {cases[i].from, cases[i].to};
		g_autoptr(GString) later = g_string_new(NULL);
		struct filestore_choice choice = {0};
		struct moment stored[4] = {{0}};
		char letters[4][2] = {{0}};

		for (const struct capture *capture = cases[i].captures; capture->letter; capture++)
			g_ptr_array_add(manifests, make_manifest(capture));
		for (size_t k = 0; cases[i].moments[k].letter; k++) {
			letters[k][0] = cases[i].moments[k].letter;
			stored[k].set_id = letters[k];
			stored[k].started = cases[i].moments[k].at;
			g_ptr_array_add(moments, &stored[k]);
		}
		g_test_message("%s", cases[i].what);
		g_assert_true(filestore_choose(manifests, moments, &span, &choice, NULL));
		g_assert_cmpstr(choice.base ? choice.base->set_id : NULL, ==, cases[i].base);
		for (guint k = 0; k < choice.later->len; k++)
			g_string_append(later, ((const Manifest *)choice.later->pdata[k])->set_id);
		g_assert_cmpstr(later->str, ==, cases[i].later);
		if (cases[i].gap)
			g_assert_true(choice.gap && g_str_has_prefix(choice.gap, cases[i].gap));
		else
			g_assert_null(choice.gap);
		filestore_choice_clear(&choice);
	}
}

static void test_none(void)
{
	g_autoptr(GPtrArray) manifests =
		g_ptr_array_new_with_free_func((GDestroyNotify)manifest_free);
	struct filestore_span span = {50, 50};
	struct filestore_choice choice = {0};
	g_autoptr(GError) error = NULL;

	g_assert_false(filestore_choose(manifests, NULL, &span, &choice, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
}

static void test_exactly(void)
{
	g_autoptr(GPtrArray) manifests =
		g_ptr_array_new_with_free_func((GDestroyNotify)manifest_free);
	const struct capture captures[] = {{'a', 10, 20}, {'b', 30, 40}};
	struct filestore_choice choice = {0};
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(captures); i++)
		g_ptr_array_add(manifests, make_manifest(&captures[i]));
	g_assert_true(filestore_choose_exactly(manifests, &(struct filestore_span){35, 35}, &choice,
					       NULL));
	g_assert_cmpstr(choice.base->set_id, ==, "a");
	g_assert_cmpuint(choice.later->len, ==, 0);
	filestore_choice_clear(&choice);
	g_assert_false(filestore_choose_exactly(manifests, &(struct filestore_span){15, 15},
						&choice, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ops/filestore_choice/what-holds-every-file-of-a-moment", test_choice);
	g_test_add_func("/ops/filestore_choice/nothing-was-captured", test_none);
	g_test_add_func("/ops/filestore_choice/ordinary-folders", test_exactly);
	return g_test_run();
}
