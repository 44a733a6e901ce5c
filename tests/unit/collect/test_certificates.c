#include "fixture.h"

#include "../crypto/certificate_pem.h"

static json_t *rows(const struct site *site)
{
	return site_table(site, "certificates/certificates.json");
}

static const char *fact(json_t *table, const char *row, const char *name)
{
	return json_string_value(json_object_get(json_object_get(table, row), name));
}

static void test_files(void)
{
	struct site site;

	site_init(&site, "certificates");
	site_file(&site, "/etc/letsencrypt/archive/erp/fullchain1.pem",
		  CERTIFICATE_PEM CERTIFICATE_PEM);
	site_file(&site, "/etc/letsencrypt/live/erp/privkey.pem", CERTIFICATE_KEY_PEM);
	site_link(&site, "/etc/letsencrypt/live/erp/fullchain.pem",
		  "../../archive/erp/fullchain1.pem");
	site_file(&site, "/etc/haproxy/certs/both.pem", CERTIFICATE_PEM CERTIFICATE_KEY_PEM);
	site_file(&site, "/etc/nginx/ssl/alone.crt", CERTIFICATE_PEM);
	site_file(&site, "/etc/nginx/ssl/dhparam.pem", "-----BEGIN DH PARAMETERS-----\n");
	site_collects(&site);
	g_autoptr(JsonValue) table = rows(&site);

	g_assert_cmpuint(json_object_size(table), ==, 4);
	g_assert_cmpstr(fact(table, "/etc/letsencrypt/live/erp/fullchain.pem", "key"), ==,
			"present");
	g_assert_cmpstr(fact(table, "/etc/letsencrypt/live/erp/fullchain.pem#2", "key"), ==, NULL);
	g_assert_cmpstr(fact(table, "/etc/haproxy/certs/both.pem", "key"), ==, "present");
	g_assert_cmpstr(fact(table, "/etc/nginx/ssl/alone.crt", "key"), ==, "absent");
	g_assert_cmpstr(fact(table, "/etc/nginx/ssl/alone.crt", "not_after"), ==,
			"2126-11-04T01:04:49Z");
	g_assert_cmpstr(fact(table, "/etc/nginx/ssl/alone.crt", "subject"), ==,
			"CN=erp.example,O=Example,C=FR");
	g_assert_null(strstr(site_content(&site, "certificates/files/etc/haproxy/certs/both.pem"),
			     "MIGHAgEAMBMG"));
	g_assert_nonnull(site_content(
		&site, "certificates/files/etc/letsencrypt/archive/erp/fullchain1.pem"));
	g_assert_null(site_content(&site, "certificates/files/etc/nginx/ssl/dhparam.pem"));
	site_clear(&site);
}

static void test_acme(void)
{
	const char *const paths[] = {"/etc/traefik/acme.json", NULL};
	g_autofree char *certificate =
		g_base64_encode((const guchar *)CERTIFICATE_PEM, strlen(CERTIFICATE_PEM));
	g_autofree char *text = g_strdup_printf(
		"{\"le\":{\"Account\":{\"PrivateKey\":\"x\"},\"Certificates\":["
		"{\"domain\":{\"main\":\"erp.example\"},\"certificate\":\"%s\",\"key\":\"LS0t\"},"
		"{\"certificate\":7},{}]},\"other\":null}",
		certificate);
	struct site site;

	site_init(&site, "certificates");
	site_file(&site, "/etc/traefik/acme.json", text);
	site.settings.paths = paths;
	site_collects(&site);
	g_autoptr(JsonValue) table = rows(&site);

	g_assert_cmpuint(json_object_size(table), ==, 1);
	g_assert_cmpstr(fact(table, "/etc/traefik/acme.json#erp.example", "key"), ==, "present");
	site_clear(&site);
}

static void test_none(void)
{
	struct site site;

	site_init(&site, "certificates");
	g_assert_true(site_run(&site));
	g_assert_cmpint(site_report(&site)->state, ==, COLLECT_ABSENT);
	site_clear(&site);
}

static void test_traefik(void)
{
	static const char acme[] =
		"{\n  \"le\": {\n    \"Certificates\": [\n      {\n"
		"        \"certificate\": \"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURQ==\",\n"
		"        \"key\": \"LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVk=\"\n      }\n    ]\n  }\n}\n";
	struct site site;

	site_init(&site, "traefik");
	g_assert_true(site_run(&site));
	g_assert_cmpint(site_report(&site)->state, ==, COLLECT_ABSENT);
	site_file(&site, "/etc/traefik/traefik.yml", "entryPoints:\n  web:\n    address: :80\n");
	site_file(&site, "/etc/traefik/dynamic/odoo.yml", "http:\n");
	site_file(&site, "/etc/traefik/acme.json", acme);
	site_collects(&site);
	const char *text = site_content(&site, "traefik/files/etc/traefik/acme.json");
	g_autofree char *notes = site_notes(&site);

	g_assert_null(strstr(text, "LS0tLS1CRUdJTiBSU0E"));
	g_assert_nonnull(strstr(text, "LS0tLS1CRUdJTiBDRVJU"));
	g_assert_true(g_str_has_prefix(notes, "the keys of /etc/traefik/acme.json are masked: "));
	g_assert_nonnull(site_content(&site, "traefik/files/etc/traefik/dynamic/odoo.yml"));
	site.settings.sealed = true;
	site_collects(&site);
	g_assert_cmpstr(site_content(&site, "traefik/files/etc/traefik/acme.json"), ==, acme);
	g_assert_cmpuint(site_report(&site)->notes->len, ==, 0);
	site_clear(&site);
}

static void test_nginx(void)
{
	struct site site;

	site_init(&site, "nginx");
	site_file(&site, "/etc/nginx/nginx.conf", "http {}\n");
	site_program(&site, "nginx", "echo '# configuration file /etc/nginx/nginx.conf:'");
	site_collects(&site);
	g_autofree char *items = site_paths(&site);

	g_assert_cmpstr(items, ==, "nginx/files/etc/nginx/nginx.conf nginx/nginx-T");
	site_program(&site, "nginx", "echo 'nginx: [emerg] cannot load key' >&2; exit 1");
	site_collects(&site);
	g_autofree char *notes = site_notes(&site);

	g_assert_cmpstr(notes, ==,
			"what is in force is not here: 'nginx' ended with status 1: nginx: [emerg] "
			"cannot load key");
	site_clear(&site);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collect/certificates/with-the-keys-that-belong-to-them", test_files);
	g_test_add_func("/collect/certificates/of-traefik", test_acme);
	g_test_add_func("/collect/certificates/none", test_none);
	g_test_add_func("/collect/traefik/keys-of-acme-are-masked", test_traefik);
	g_test_add_func("/collect/nginx/what-is-in-force", test_nginx);
	return g_test_run();
}
