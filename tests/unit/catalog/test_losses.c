#include "catalog/catalog.h"

#include "fixture.h"

struct found {
	const char *name;
	bool damaged;
};

static void replace(struct fixture *fixture, usec_t now, bool read_back, const struct found *found)
{
	g_autoptr(GPtrArray) losses =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_loss_free);

	for (; found->name; found++) {
		struct catalog_loss *loss = g_new0(struct catalog_loss, 1);

		*loss = (struct catalog_loss){g_strdup(found->name), found->damaged, now};
		g_ptr_array_add(losses, loss);
	}
	DO(catalog_losses_replace(fixture->catalog, "erp", "main", losses, read_back, &failure));
}

/* "name@found" where it is missing, "name!found" where it is damaged; in order of names. */
static void assert_losses(struct fixture *fixture, const char *repository, const char *expected)
{
	g_autoptr(GHashTable) losses = NULL;
	g_autoptr(GString) text = g_string_new(NULL);

	DO(catalog_losses(fixture->catalog, "erp", repository, &losses, &failure));

	g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(losses), (GCompareFunc)strcmp);

	for (const GList *name = names; name; name = name->next) {
		const struct catalog_loss *loss = g_hash_table_lookup(losses, name->data);

		g_string_append_printf(text, "%s%s%c%" G_GINT64_FORMAT, text->len ? " " : "",
				       loss->name, loss->damaged ? '!' : '@', loss->found_at);
	}
	g_assert_cmpstr(text->str, ==, expected);
}

static void test_replace(struct fixture *fixture, const void *data)
{
	(void)data;
	replace(fixture, 100, true, (struct found[]){{"set/a", false}, {"wal/x", true}, {NULL}});
	assert_losses(fixture, "main", "set/a@100 wal/x!100");
	assert_losses(fixture, "far", "");
	/* Found again, it keeps the time at which it was found first. */
	replace(fixture, 200, true, (struct found[]){{"set/a", true}, {"wal/y", false}, {NULL}});
	assert_losses(fixture, "main", "set/a!100 wal/y@200");
	replace(fixture, 300, true, (struct found[]){{NULL}});
	assert_losses(fixture, "main", "");
}

/* Who only looks whether it is there does not see that it is damaged. */
static void test_only_looked(struct fixture *fixture, const void *data)
{
	(void)data;
	replace(fixture, 100, true, (struct found[]){{"set/a", false}, {"wal/x", true}, {NULL}});
	replace(fixture, 200, false, (struct found[]){{NULL}});
	assert_losses(fixture, "main", "wal/x!100");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	fixture_test("/catalog-losses/what-is-back-is-forgotten", test_replace);
	fixture_test("/catalog-losses/damage-stays-until-it-was-read-back", test_only_looked);
	return g_test_run();
}
