#include "odoo/attachments.h"

/* Stores as a capture finds them, and what is said of them. */
static void test_elsewhere(void)
{
	static const struct {
		struct attachments_store stores[3];
		uint64_t strange;
		const char *text, *json;
	} cases[] = {
		{{{0}}, 0, NULL, "{}"},
		{{{(char *)"s3://bucket", 1}},
		 0,
		 "1 attachment in s3://bucket",
		 "{\"s3://bucket\": 1}"},
		{{{(char *)"s3://bucket", 2000}, {(char *)"cloud_storage", 3}},
		 0,
		 "2000 attachments in s3://bucket, 3 attachments in cloud_storage",
		 "{\"cloud_storage\": 3, \"s3://bucket\": 2000}"},
		{{{0}}, 2, "2 attachments under names that are none of a filestore", "{}"},
		{{{(char *)"s3://b\xff", 1}},
		 1,
		 "1 attachment in s3://b\xff, 1 attachment under names that are none of a filestore",
		 "{\"s3://b\xef\xbf\xbd\": 1}"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct attachments attachments = {
			.is_odoo = true,
			.rows = 5,
			.files = 4,
			.strange = cases[i].strange,
			.elsewhere = g_ptr_array_new(),
		};

		for (size_t k = 0; cases[i].stores[k].name; k++)
			g_ptr_array_add(attachments.elsewhere,
					(struct attachments_store *)&cases[i].stores[k]);

		g_autofree char *text = attachments_elsewhere(&attachments);
		json_t *json = attachments_json(&attachments);
		json_t *expected = json_loads(cases[i].json, 0, NULL);

		g_assert_cmpstr(text, ==, cases[i].text);
		g_assert_nonnull(expected);
		g_assert_true(json_equal(json_object_get(json, "elsewhere"), expected));
		g_assert_cmpint(json_integer_value(json_object_get(json, "files")), ==, 4);
		json_decref(json);
		json_decref(expected);
		attachments_clear(&attachments);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/attachments/what-other-stores-have-is-told", test_elsewhere);
	return g_test_run();
}
