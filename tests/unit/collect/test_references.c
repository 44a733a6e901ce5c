#include "fixture.h"

static const struct {
	const char *text, *reference;
} forms[] = {
	{"password: vault:secret/data/erp#db_password\n",
	 "vault vault:secret/data/erp#db_password"},
	{"x: ref+vault://secret/erp#/db\n", "vault ref+vault://secret/erp#/db"},
	{"{{ with secret \"database/creds/odoo\" }}\n", "vault database/creds/odoo"},
	{"vault kv get -field=x secret/erp\n", "vault secret/erp"},
	{"vault.hashicorp.com/agent-inject-secret-db: \"secret/erp\"\n", "vault secret/erp"},
	{"sops:\n  age:\n  - recipient: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudehkgdqcvgnyt\n",
	 "sops age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudehkgdqcvgnyt"},
	{"arn: arn:aws:kms:eu-west-1:123456789012:key/1-2\n",
	 "aws arn:aws:kms:eu-west-1:123456789012:key/1-2"},
	{"name: projects/p1/secrets/db/versions/3\n", "gcp projects/p1/secrets/db/versions/3"},
	{"PASSWORD=op://erp/db/password\n", "1password op://erp/db/password"},
	{"kind: ExternalSecret\n  remoteRef:\n    key: erp/db\n    property: p\n",
	 "external-secret erp/db"},
	{"LoadCredential=odoo:/etc/credstore/odoo\n", "systemd odoo:/etc/credstore/odoo"},
};

static void test_forms(void)
{
	const char *const paths[] = {"/etc/app", NULL};

	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		struct site site;

		site_init(&site, "references");
		site_file(&site, "/etc/app/conf", forms[i].text);
		site.settings.paths = paths;
		site_collects(&site);
		g_autoptr(JsonValue) table = site_table(&site, "references/references.json");

		if (!json_object_get(table, forms[i].reference))
			g_error("'%s' is not in %s", forms[i].reference,
				site_content(&site, "references/references.json"));
		g_assert_cmpuint(json_object_size(table), ==, 1);
		site_clear(&site);
	}
}

static void test_places(void)
{
	const char *const paths[] = {"/etc/app", NULL};
	struct site site;

	site_init(&site, "references");
	site_file(&site, "/etc/app/a", "\n\nx: op://v/i/f\n");
	site_file(&site, "/etc/app/b", "x: op://v/i/f\ny: op://v/i/f\n");
	site_file(&site, "/etc/app/c", "nothing\n");
	site.settings.paths = paths;
	site_collects(&site);
	g_autoptr(JsonValue) table = site_table(&site, "references/references.json");
	g_autoptr(JsonValue) files = site_table(&site, "references/files.json");
	g_autofree char *places = json_print(
		json_object_get(json_object_get(table, "1password op://v/i/f"), "places"));

	g_assert_cmpstr(places, ==, "[\"/etc/app/a:3\",\"/etc/app/b:1\",\"/etc/app/b:2\"]");
	g_assert_cmpuint(json_object_size(files), ==, 2);
	site_clear(&site);
}

static void test_none(void)
{
	struct site site;

	site_init(&site, "references");
	g_assert_true(site_run(&site));
	g_assert_cmpstr(site_report(&site)->reason, ==,
			"no file names a secret that is kept elsewhere");
	site_clear(&site);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collect/references/of-every-form", test_forms);
	g_test_add_func("/collect/references/with-their-places", test_places);
	g_test_add_func("/collect/references/none", test_none);
	return g_test_run();
}
