#include "odoo/fence.h"

#include "base/file.h"

#include <string.h>

/* Kinds that take a server are proven on one: tests/filestore/capture.t, odoo.t. */
static void test_without_server(void)
{
	g_autofree char *folder = g_dir_make_tmp("odr-fence-XXXXXX", NULL);
	g_autofree char *conninfo = g_strdup_printf("host=%s user=u", folder);
	g_autoptr(Fence) fence = fence_take(&(struct fence_settings){.conninfo = conninfo,
								     .database = "shop",
								     .may_lock_job = true,
								     .may_lock_table = true,
								     .wait = 60 * USEC_PER_SEC});

	g_assert_cmpint(fence_kind(fence), ==, FENCE_NONE);
	g_assert_false(fence_busy(fence));
	g_assert_true(g_str_has_prefix(fence_reason(fence), "cannot connect to the server: "));
	g_assert_cmpint(fence_end(fence), ==, FENCE_UNKNOWN);
	file_remove_tree(folder, NULL);
}

static void test_names(void)
{
	static const char *const names[] = {"none", "not needed", "watched", "table locked",
					    "job locked"};

	for (enum fence_kind kind = FENCE_NONE; kind <= FENCE_JOB; kind++)
		g_assert_cmpstr(fence_kind_name(kind), ==, names[kind]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fence/without-a-server-nothing-is-known-and-why", test_without_server);
	g_test_add_func("/fence/kinds-have-names-for-facts", test_names);
	return g_test_run();
}
