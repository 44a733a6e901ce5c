#include "collect/mask.h"

#include "crypto/keys.h"

#include <string.h>

static struct mask mask;

/* Digests as "***", so that tables can be read. */
static char *starred(const char *text)
{
	g_autoptr(GRegex) digest = g_regex_new("<masked [0-9a-f]{16}>", 0, 0, NULL);

	return g_regex_replace_literal(digest, text, -1, 0, "***", 0, NULL);
}

static const struct {
	const char *name;
	bool secret;
} names[] = {
	{"admin_passwd", true},
	{"db_password", true},
	{"smtp_password", true},
	{"smtp-password", true},
	{"PGPASSWORD", true},
	{"spring.datasource.password", true},
	{"client_secret", true},
	{"AWS_SECRET_ACCESS_KEY", true},
	{"api_key", true},
	{"apiKey", true},
	{"privateKey", true},
	{"access_token", true},
	{"bearerToken", true},
	{"db_pass", true},
	{"requirepass", true},
	{"masterauth", true},
	{"sentry_dsn", true},
	{"ssl_passphrase_command", true},
	{"db_user", false},
	{"db_name", false},
	{"addons_path", false},
	{"list_db", false},
	{"dbfilter", false},
	{"tcp_keepalives_idle", false},
	{"password_encryption", false},
	{"primary_key", false},
	{"secretName", false},
	{"secretKeyRef", false},
	{"keyboard", false},
	{"public_key", false},
	{"passfile", false},
	{"LoadCredential", false},
	{"compass", false},
	{"bypass", false},
	{"hint", false},
};

static void test_names(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (mask_is_secret_name(&mask, names[i].name) != names[i].secret)
			g_error("'%s' is %sa secret's name", names[i].name,
				names[i].secret ? "" : "not ");
}

static void test_more_names(void)
{
	static const char *const more[] = {"x-internal*", "pin", NULL};
	struct mask wider = mask;

	wider.more = more;
	g_assert_true(mask_is_secret_name(&wider, "X_Internal_Thing"));
	g_assert_true(mask_is_secret_name(&wider, "PIN"));
	g_assert_false(mask_is_secret_name(&wider, "pinned"));
	g_assert_false(mask_is_secret_name(&mask, "pin"));
}

/* What is written, and what becomes of it; NULL: it stays. */
static const struct {
	const char *syntax, *text, *masked;
} texts[] = {
	{"odoo.conf",
	 "[options]\nadmin_passwd = $pbkdf2-sha512$600000$x$y\ndb_user = odoo\n"
	 "db_password=hunter2 with blanks  \nlist_db = False\n",
	 "[options]\nadmin_passwd = ***\ndb_user = odoo\ndb_password=***  \nlist_db = False\n"},
	{"continued", "smtp_password = abc\n  def\n\n  ghi\nsmtp_user = x\n",
	 "smtp_password = ***\n  ***\n\n  ***\nsmtp_user = x\n"},
	{"comment", "; db_password = old\n# api_key: 12345\n",
	 "; db_password = ***\n# api_key: ***\n"},
	{"empty", "db_password =\ndb_host = x\n", NULL},
	{"switched off", "use_secret = False\ntoken: null\n", NULL},
	{"bracket", "db_password = {x9!\ndb_host = a\n", "db_password = ***\ndb_host = a\n"},
	{"quoted", "db_password = \"a \\\" b\" ; c\n", "db_password = \"***\" ; c\n"},
	{"carriage return", "db_password = abc\r\ndb_host = a\r\n",
	 "db_password = ***\r\ndb_host = a\r\n"},
	{".env", "export POSTGRES_PASSWORD=a b c\nPOSTGRES_USER=odoo\nKEY_ID=7\n",
	 "export POSTGRES_PASSWORD=***\nPOSTGRES_USER=odoo\nKEY_ID=7\n"},
	{".env by reference", "DB_PASSWORD=${POSTGRES_PASSWORD}\n", NULL},
	{"systemd",
	 "[Service]\nEnvironment=\"PGPASSWORD=a b\" HOME=/x\nEnvironment=TOKEN=abc\n"
	 "ExecStart=/usr/bin/odoo --db_password=abc --db_password def -w ghi --workers 4\n"
	 "LoadCredential=odoo:/etc/credstore/odoo\nKeyringMode=shared\n",
	 "[Service]\nEnvironment=\"PGPASSWORD=***\" HOME=/x\nEnvironment=TOKEN=***\n"
	 "ExecStart=/usr/bin/odoo --db_password=*** --db_password *** -w *** --workers 4\n"
	 "LoadCredential=odoo:/etc/credstore/odoo\nKeyringMode=shared\n"},
	{"systemd, continued line", "ExecStart=/usr/bin/odoo --db_password=abc \\\n  --workers 4\n",
	 "ExecStart=/usr/bin/odoo --db_password=*** \\\n  --workers 4\n"},
	{"YAML",
	 "services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: abc\n"
	 "      POSTGRES_USER: odoo\n      - API_TOKEN=abc def\n",
	 "services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: ***\n"
	 "      POSTGRES_USER: odoo\n      - API_TOKEN=***\n"},
	{"YAML block", "a:\n  private_key: |\n    line 1\n\n    line 2\n  user: x\n",
	 "a:\n  private_key: |\n    ***\n\n    ***\n  user: x\n"},
	{"YAML nested",
	 "secrets:\n  one:\n    file: a\n    deep:\n      b: c\n  two: d\n  - e\n  three:\n"
	 "  - f: g\n  external: true\nhost: h\n",
	 "secrets:\n  one:\n    file: ***\n    deep:\n      b: ***\n  two: ***\n  - ***\n  three:\n"
	 "  - f: ***\n  external: true\nhost: h\n"},
	{"YAML list below", "tokens:\n- abc\n- \"def\"\nuser: x\n",
	 "tokens:\n- ***\n- \"***\"\nuser: x\n"},
	{"YAML flow", "db: {user: odoo, password: abc, port: 1}\n",
	 "db: {user: odoo, password: ***, port: 1}\n"},
	{"Kubernetes environment",
	 "env:\n- name: DB_PASSWORD\n  value: abc\n- name: DB_HOST\n  value: def\n",
	 "env:\n- name: DB_PASSWORD\n  value: ***\n- name: DB_HOST\n  value: def\n"},
	{"Kubernetes reference",
	 "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: odoo-db\n"
	 "      key: password\n  secretName: tls\n",
	 NULL},
	{"Kubernetes Secret",
	 "apiVersion: v1\ndata:\n  a: Zm9v\n  key: YmFy\n  tls.crt: |\n    abc\nkind: Secret\n"
	 "stringData: {b: c d}\ntype: Opaque\n---\nkind: ConfigMap\ndata:\n  a: b\n",
	 "apiVersion: v1\ndata:\n  a: ***\n  key: ***\n  tls.crt: |\n    ***\nkind: Secret\n"
	 "stringData: ***\ntype: Opaque\n---\nkind: ConfigMap\ndata:\n  a: b\n"},
	{"Kubernetes Secret in JSON",
	 "{\n  \"kind\": \"Secret\",\n  \"data\": {\n    \"a\": \"Zm9v\"\n  },\n"
	 "  \"type\": \"Opaque\"\n}\n",
	 "{\n  \"kind\": \"Secret\",\n  \"data\": {\n    \"a\": \"***\"\n  },\n"
	 "  \"type\": \"Opaque\"\n}\n"},
	{"not a Secret", "kind: SecretStore\ndata:\n  a: b\nother_kind: Secret-like\n", NULL},
	{"short key", "tolerations:\n- key: node-role\n  operator: Exists\n", NULL},
	{"long key", "  key: LS0tLS1CRUdJTiBSU0EgUFJJ\n", "  key: ***\n"},
	{"JSON",
	 "{\n  \"password\": \"a\\\"b\",\n  \"user\": \"x\",\n  \"pin_token\": 123,\n"
	 "  \"secrets\": {\n    \"a\": \"b\",\n    \"c\": [\n      \"d\"\n    ]\n  },\n  \"e\": 1\n}\n",
	 "{\n  \"password\": \"***\",\n  \"user\": \"x\",\n  \"pin_token\": \"***\",\n"
	 "  \"secrets\": {\n    \"a\": \"***\",\n    \"c\": [\n      \"***\"\n    ]\n  },\n  \"e\": 1\n}\n"},
	{"JSON on one line",
	 "{\"user\":\"x\",\"password\":\"abc\",\"tokens\":[\"d\",\"e\"],\"n\":1}\n",
	 "{\"user\":\"x\",\"password\":\"***\",\"tokens\":\"***\",\"n\":1}\n"},
	{"JSON name and value", "{\"name\": \"API_TOKEN\", \"value\": \"abc\"}\n",
	 "{\"name\": \"API_TOKEN\", \"value\": \"***\"}\n"},
	{"TOML", "[api]\n  token = \"abc\"\n  insecure = true\n",
	 "[api]\n  token = \"***\"\n  insecure = true\n"},
	{"XML", "<password>abc</password><user>x</user>\n",
	 "<password>***</password><user>x</user>\n"},
	{"conninfo", "primary_conninfo = 'host=h password=abc user=u'\n",
	 "primary_conninfo = 'host=h password=*** user=u'\n"},
	{"conninfo, quoted", "a = \"host=h password='a b' user=u\"\n",
	 "a = \"host=h password='***' user=u\"\n"},
	{"postgresql.conf",
	 "ssl_key_file = '/etc/ssl/private/server.key'\npassword_encryption = scram-sha-256\n"
	 "shared_buffers = 1GB\nlog_line_prefix = '%m [%p] %q%u@%d '\n",
	 NULL},
	{"pg_hba.conf",
	 "host all all 10.0.0.0/8 ldap ldapserver=x ldapbindpasswd=abc ldapsuffix=y\n",
	 "host all all 10.0.0.0/8 ldap ldapserver=x ldapbindpasswd=*** ldapsuffix=y\n"},
	{"pg_hba.conf, methods", "local all all md5\nhost all all all scram-sha-256\n", NULL},
	{"roles",
	 "ALTER ROLE o WITH LOGIN PASSWORD 'SCRAM-SHA-256$4096:abc$def:ghi';\n"
	 "ALTER ROLE p PASSWORD 'md50123456789abcdef0123456789abcdef';\n",
	 "ALTER ROLE o WITH LOGIN PASSWORD '***';\nALTER ROLE p PASSWORD '***';\n"},
	{"redis.conf",
	 "requirepass abc\nmasterauth \"d e\"\nuser default on >fgh ~* +@all\nport 6379\n",
	 "requirepass ***\nmasterauth \"***\"\nuser default on >*** ~* +@all\nport 6379\n"},
	{"haproxy",
	 "stats auth admin:abc\nuser x insecure-password def\nserver a 10.0.0.1:80 check\n",
	 "stats auth ***\nuser x insecure-password ***\nserver a 10.0.0.1:80 check\n"},
	{"nginx",
	 "proxy_pass http://odoo:8069;\nssl_certificate_key /etc/ssl/x.key;\n"
	 "proxy_set_header Authorization \"Basic YWRtaW46YWJj\";\n",
	 "proxy_pass http://odoo:8069;\nssl_certificate_key /etc/ssl/x.key;\n"
	 "proxy_set_header Authorization \"***\";\n"},
	{"Traefik",
	 "users:\n  - \"admin:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/\"\nkeyFile: /certs/x.key\n",
	 "users:\n  - \"admin:***\"\nkeyFile: /certs/x.key\n"},
	{"URL", "a = postgres://odoo:s3/cr@et@db:5432/x\nb: https://host/path?x=1\n",
	 "a = postgres://odoo:***@et@db:5432/x\nb: https://host/path?x=1\n"},
	{"bearer", "curl -H 'X: Bearer abcdefghijklmnopqrs' http://x\n",
	 "curl -H 'X: Bearer ***' http://x\n"},
	{"private key",
	 "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIabc\ndef\n-----END RSA PRIVATE KEY-----\nb\n"
	 "-----BEGIN CERTIFICATE-----\nMIIx\n-----END CERTIFICATE-----\n",
	 "a\n-----BEGIN RSA PRIVATE KEY-----\n***\n-----END RSA PRIVATE KEY-----\nb\n"
	 "-----BEGIN CERTIFICATE-----\nMIIx\n-----END CERTIFICATE-----\n"},
	{"private key without end", "-----BEGIN PRIVATE KEY-----\nMII\nabc",
	 "-----BEGIN PRIVATE KEY-----\n***"},
	{"private key in a string",
	 "x: \"-----BEGIN EC PRIVATE KEY-----\\nMII\\n-----END EC PRIVATE KEY-----\"\n",
	 "x: \"-----BEGIN EC PRIVATE KEY-----***-----END EC PRIVATE KEY-----\"\n"},
	{"no line end", "token=abc", "token=***"},
	{"nothing", "", NULL},
	{"prose", "The password is kept in a vault.\nSee https://example.org/tokens: there.\n", ""},
};

static void test_texts(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		unsigned count;
		g_autofree char *masked =
			mask_text(&mask, texts[i].text, strlen(texts[i].text), &count);
		g_autofree char *shown = starred(masked);
		const char *wanted = texts[i].masked ? texts[i].masked : texts[i].text;

		if (texts[i].masked && !*texts[i].masked)
			continue; /* must end; what it gives is of no matter */
		if (strcmp(shown, wanted) == 0 && (count > 0) == (texts[i].masked != NULL))
			continue;
		g_test_message("%s: got\n%s\nwanted\n%s", texts[i].syntax, shown, wanted);
		g_test_fail();
	}
}

/* What is masked already stays, so that a capture of a restored file tells the same. */
static void test_twice(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *once =
			mask_text(&mask, texts[i].text, strlen(texts[i].text), NULL);
		g_autofree char *twice = mask_text(&mask, once, strlen(once), NULL);
		g_autofree char *shown_once = starred(once);
		g_autofree char *shown_twice = starred(twice);

		g_assert_cmpstr(shown_once, ==, shown_twice);
	}
}

static void test_digest(void)
{
	static const uint8_t secret[KEY_SIZE] = {1}, other[KEY_SIZE] = {2};
	struct mask of_other;
	g_autofree char *one = mask_value(&mask, "abc", 3);
	g_autofree char *same = mask_value(&mask, "abc", 3);
	g_autofree char *two = mask_value(&mask, "abd", 3);

	mask_init(&of_other, other, NULL);
	g_autofree char *elsewhere = mask_value(&of_other, "abc", 3);

	g_assert_cmpstr(one, ==, same);
	g_assert_cmpstr(one, !=, two);
	g_assert_cmpstr(one, !=, elsewhere);
	g_assert_cmpmem(secret, 1, "\1", 1);
}

static void test_json(void)
{
	static const char text[] =
		"{\"spec\":{\"env\":[{\"name\":\"DB_PASSWORD\",\"value\":\"abc\"},"
		"{\"name\":\"HOST\",\"value\":\"h\"}],\"token\":\"t\",\"port\":1,"
		"\"secrets\":{\"a\":\"b\",\"n\":[1,\"x\"]},\"url\":\"https://u:pw@h/\","
		"\"conf\":\"[options]\\nadmin_passwd = x\\n\",\"keyFile\":\"/a/b.key\"}}";
	static const char wanted[] =
		"{\"spec\":{\"conf\":\"[options]\\nadmin_passwd = ***\\n\","
		"\"env\":[{\"name\":\"DB_PASSWORD\",\"value\":\"***\"},"
		"{\"name\":\"HOST\",\"value\":\"h\"}],\"keyFile\":\"/a/b.key\",\"port\":1,"
		"\"secrets\":{\"a\":\"***\",\"n\":[\"***\",\"***\"]},\"token\":\"***\","
		"\"url\":\"https://u:***@h/\"}}";
	g_autoptr(JsonValue) value = NULL;

	g_assert_true(json_parse(text, strlen(text), "test", &value, NULL));
	g_assert_cmpuint(mask_json(&mask, value), ==, 7);

	g_autofree char *printed = json_print(value);
	g_autofree char *shown = starred(printed);

	g_assert_cmpstr(shown, ==, wanted);
}

static void test_files(void)
{
	static const char *const secret[] = {
		"/etc/ssl/private/a.key", "/srv/odoo/.pgpass", "/x/id_ed25519",
		"/x/.htpasswd",		  "/x/a.p12",	       "/etc/odrbackup/erp.writer"};
	static const char *const open[] = {"/etc/odoo/odoo.conf", "/x/key.conf", "/x/acme.json",
					   "/x/id_ed25519.pub"};

	for (size_t i = 0; i < G_N_ELEMENTS(secret); i++)
		g_assert_true(mask_is_secret_file(secret[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(open); i++)
		g_assert_false(mask_is_secret_file(open[i]));
}

int main(int argc, char **argv)
{
	static const uint8_t secret[KEY_SIZE] = {1};

	g_test_init(&argc, &argv, NULL);
	mask_init(&mask, secret, NULL);
	g_test_add_func("/collect/mask/knows-the-names-of-secrets", test_names);
	g_test_add_func("/collect/mask/knows-names-it-is-told", test_more_names);
	g_test_add_func("/collect/mask/finds-secrets-in-every-syntax", test_texts);
	g_test_add_func("/collect/mask/leaves-what-is-masked", test_twice);
	g_test_add_func("/collect/mask/tells-values-apart-by-keyed-digests", test_digest);
	g_test_add_func("/collect/mask/finds-secrets-in-documents", test_json);
	g_test_add_func("/collect/mask/knows-files-that-are-secrets", test_files);
	return g_test_run();
}
