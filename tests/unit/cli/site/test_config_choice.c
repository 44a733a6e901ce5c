#include "cli/site/config_choice.h"

#include "base/error.h"

#include <string.h>

static void add(CollectIndex *index, const char *path, const char *source, uint8_t digest)
{
	struct collect_item *item = g_new0(struct collect_item, 1);

	item->path = g_strdup(path);
	item->source = g_strdup(source);
	item->in_place = source[0] == '/';
	item->sha256[0] = digest;
	g_ptr_array_add(index->items, item);
}

static const struct {
	const char *name, *path, *message;
} cases[] = {
	{"host/locales", "host/locales", NULL},
	{"/etc/odoo/odoo.conf", "odoo/files/etc/odoo/odoo.conf", NULL},
	{"odoo.conf", "odoo/files/etc/odoo/odoo.conf", NULL},
	{"odoo/odoo.conf", "odoo/files/etc/odoo/odoo.conf", NULL},
	{"locales", "host/locales", NULL},
	{"doo.conf", NULL,
	 "there is no item 'doo.conf'; odrbackup show SET --part config lists them"},
	{"hosts", NULL, "'hosts' can be a/files/etc/hosts, b/files/srv/hosts"},
	{"same", "a/files/etc/same", NULL},
};

static void test_choose(void)
{
	g_autoptr(CollectIndex) index = collect_index_new();

	add(index, "a/files/etc/hosts", "/etc/hosts", 1);
	add(index, "a/files/etc/same", "/etc/same", 5);
	add(index, "b/files/etc/same", "/etc/same", 5);
	add(index, "b/files/srv/hosts", "/srv/hosts", 2);
	add(index, "host/locales", "locale -a", 3);
	add(index, "odoo/files/etc/odoo/odoo.conf", "/etc/odoo/odoo.conf", 4);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct collect_item *item = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_true(config_choose(index, cases[i].name, &item, &error) ==
			      !cases[i].message);
		g_assert_cmpstr(item ? item->path : NULL, ==, cases[i].path);
		g_assert_cmpstr(error ? error->message : NULL, ==, cases[i].message);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/config-choice/by-path-source-or-end", test_choose);
	return g_test_run();
}
