#include "ops/filestore/choice.h"

#include <string.h>

/* The names, sorted. */
static char *names_of(GHashTable *names)
{
	g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(names), (GCompareFunc)strcmp);
	GString *text = g_string_new(NULL);

	for (GList *key = keys; key; key = key->next)
		g_string_append_printf(text, "%s%s", text->len ? " " : "", (char *)key->data);
	g_hash_table_unref(names);
	return g_string_free(text, false);
}

/* Damage of its files, and what its rows named and was not there. */
static Manifest *make_manifest(void)
{
	Manifest *manifest = manifest_new();

	damage_add(manifest->damaged, "filestore/shop/aa/1", "it is damaged");
	damage_add(manifest->damaged, "filestore/shop", "it is damaged");
	damage_add(manifest->damaged, "filestore/shop-2/bb/2", "it is damaged");
	damage_add(manifest->damaged, "pgdata/base/1/1259", "it is damaged");
	json_object_set_new(manifest->facts, PART_FILESTORE,
			    json_pack("{s:{s:{s:{s:s}}, s:{s:{s:s}}}}", "trees", "shop", "wrong",
				      "cc/3", "missing", "shop-2", "wrong", "dd/4", "missing"));
	return manifest;
}

static void test_one(void)
{
	g_autoptr(Manifest) manifest = make_manifest();
	g_autofree char *shop = names_of(filestore_baseline(manifest, "shop"));
	g_autofree char *other = names_of(filestore_baseline(manifest, "shop-2"));
	g_autofree char *unknown = names_of(filestore_baseline(manifest, "sho"));
	g_autofree char *none = names_of(filestore_baseline(NULL, "shop"));

	g_assert_cmpstr(shop, ==, "aa/1 cc/3");
	g_assert_cmpstr(other, ==, "bb/2 dd/4");
	g_assert_cmpstr(unknown, ==, "");
	g_assert_cmpstr(none, ==, "");
}

static void test_choice(void)
{
	g_autoptr(Manifest) base = make_manifest(), later = manifest_new();
	struct filestore_choice choice = {.base = base, .later = g_ptr_array_new()};

	damage_add(later->damaged, "filestore/shop/ee/5", "it is damaged");
	g_ptr_array_add(choice.later, later);

	g_autofree char *names = names_of(filestore_choice_baseline(&choice, "shop"));

	g_assert_cmpstr(names, ==, "aa/1 cc/3 ee/5");
	filestore_choice_clear(&choice);
}

/* Facts come from a set, and may be anything. */
static void test_odd_facts(void)
{
	static const char *const facts[] = {"[]", "{\"trees\": 3}", "{\"trees\": {\"shop\": []}}",
					    "{\"trees\": {\"shop\": {\"wrong\": \"x\"}}}"};

	for (size_t i = 0; i < G_N_ELEMENTS(facts); i++) {
		g_autoptr(Manifest) manifest = manifest_new();

		json_object_set_new(manifest->facts, PART_FILESTORE, json_loads(facts[i], 0, NULL));
		g_autofree char *names = names_of(filestore_baseline(manifest, "shop"));

		g_assert_cmpstr(names, ==, "");
		g_assert_false(manifest_part_incomplete(manifest, PART_FILESTORE));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/baseline/is-of-one-database", test_one);
	g_test_add_func("/baseline/is-of-all-captures-of-a-choice", test_choice);
	g_test_add_func("/baseline/odd-facts-tell-nothing", test_odd_facts);
	return g_test_run();
}
