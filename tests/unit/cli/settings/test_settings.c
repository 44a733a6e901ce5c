#include "cli/settings/settings.h"

#include "base/error.h"

#include <string.h>

#define REPOSITORY "[repository main]\npath=/srv/backup\n"
#define SERVICE	   "[service erp-prod]\nrepositories=main\n"
#define EXEMPTION  "objective=rpo\nreason=x\napprover=y\nexpires=2027-01-01T00:00:00Z\n"
#define TYPES                                                                                   \
 "addons, certificates, command, compose, cron, files, git, haproxy, host, kubernetes, nginx, " \
 "odoo, odrbackup, postgresql, redis, references, systemd, tools and traefik"

static Settings *parse(const char *text, GError **error)
{
	return settings_parse(text, strlen(text), "test.conf", error);
}

static void test_defaults(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = parse(REPOSITORY SERVICE, &error);
	const struct settings_service *service;

	g_assert_no_error(error);
	g_assert_cmpstr(settings->state, ==, "/var/lib/odrbackup");
	g_assert_cmpstr(settings->spool, ==, "/var/spool/odrbackup");
	g_assert_cmpuint(settings->workers, >=, 1);
	g_assert_cmpuint(settings->workers, <=, 8);
	g_assert_cmpint(settings->compress_level, ==, 1);
	g_assert_cmpint(settings->archive_get_timeout, ==, 10 * USEC_PER_MIN);
	g_assert_cmpint(settings->archive_check_timeout, ==, 60 * USEC_PER_SEC);
	g_assert_cmpuint(settings->archive_push_batch, ==, 8);
	g_assert_cmpuint(settings->archive_get_batch, ==, 8);

	service = settings_service(settings, NULL, &error);
	g_assert_nonnull(service);
	g_assert_cmpstr(service->postgres, ==, "host=/var/run/postgresql dbname=postgres");
	g_assert_cmpstr(service->data_directory, ==, "auto");
	g_assert_null(service->bundle);
	g_assert_null(service->identity);
	g_assert_cmpuint(service->repositories->len, ==, 1);
	g_assert_cmpstr(service->tier->name, ==, "default");
	g_assert_cmpint(service->tier->rpo, ==, 0);
	/* A daily capture does not miss it. */
	g_assert_cmpint(service->tier->rpo_component[2], ==, 26 * USEC_PER_HOUR);
	g_assert_cmpint(service->tier->retain, ==, 30 * USEC_PER_DAY);
	g_assert_cmpuint(service->tier->retain_least, ==, 2);
	g_assert_cmpint(service->tier->backup_every, ==, USEC_PER_DAY);
	g_assert_cmpint(service->tier->generation_length, ==, 7 * USEC_PER_DAY);

	g_autofree char *state = settings_state(settings, service);

	g_assert_cmpstr(state, ==, "/var/lib/odrbackup/erp-prod");
}

static void test_values(void)
{
	static const char text[] =
		"[service erp-prod]\n"
		"repositories = main; offsite\n"
		"tier=gold\n"
		"identity=/k/own\n"
		"[odrbackup]\n"
		"workers=3\n"
		"compress-level=9\n"
		"archive-push-batch=0\n"
		"writer-bundle=/k/bundle\n"
		"identity=/k/identity\n" REPOSITORY "[repository offsite]\npath=/mnt/offsite\n"
		"[tier gold]\nrpo=5min\nrto=2h\nretain=1y\nretain-least=5\n";
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = parse(text, &error);
	const struct settings_service *service;
	const struct settings_repository *second;

	g_assert_no_error(error);
	g_assert_cmpuint(settings->workers, ==, 3);
	g_assert_cmpint(settings->compress_level, ==, 9);
	g_assert_cmpuint(settings->archive_push_batch, ==, 0);
	service = settings_service(settings, "erp-prod", &error);
	g_assert_cmpuint(service->repositories->len, ==, 2);
	second = service->repositories->pdata[1];
	g_assert_cmpstr(second->name, ==, "offsite");
	g_assert_cmpstr(second->path, ==, "/mnt/offsite");
	g_assert_cmpstr(second->type, ==, "posix");
	g_assert_cmpstr(second->lock, ==, "none");
	g_assert_cmpstr(service->bundle, ==, "/k/bundle");
	g_assert_cmpstr(service->identity, ==, "/k/own");
	g_assert_cmpint(service->tier->rpo, ==, 5 * USEC_PER_MIN);
	g_assert_cmpint(service->tier->rto, ==, 2 * USEC_PER_HOUR);
	g_assert_cmpint(service->tier->retain, ==, 365 * USEC_PER_DAY);
	g_assert_cmpuint(service->tier->retain_least, ==, 5);
}

static void test_refuses_by_name(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"[tier gold]\nretian=3d\n",
		 "test.conf:2: unknown key 'retian' in [tier gold]; did you mean 'retain'?"},
		{"[tier gold]\ncolour=red\n",
		 "test.conf:2: unknown key 'colour' in [tier gold]; there are rpo, rto, retain, "
		 "retain-least, backup-every, generation-length, "
		 "generation-length-filestore, rpo-database, rpo-filestore, rpo-config, "
		 "rpo-integration, rto-database, rto-filestore, rto-config, rto-integration, "
		 "assume-detect, assume-decide, assume-cutover, drill-every, max-drill-age, "
		 "min-drills, verify-cycle, rpo-percent and unknown-allowance"},
		{"[servce erp]\n",
		 "test.conf:1: unknown group [servce erp]; did you mean [service erp]?"},
		{"[metrics]\n",
		 "test.conf:1: unknown group [metrics]; groups are [odrbackup], [repository NAME], "
		 "[service NAME], [collect NAME], [tier NAME], [process NAME], [notify NAME] and "
		 "[exemption NAME]"},
		{"[notify chat]\nurl=https://x\n",
		 "test.conf:1: [notify chat] needs type=: how it is told"},
		{"[notify chat]\ntype=http\n",
		 "test.conf:2: [notify chat] needs url=, or url-file= where that is secret"},
		{"[notify chat]\ntype=http\nurl=https://x\nurl-file=/u\n",
		 "test.conf:4: [notify chat] has url= and url-file=; drop one"},
		{"[notify chat]\ntype=http\nurl=ftp://x\n",
		 "test.conf:3: [notify chat] needs a url that begins with https://"},
		{"[notify chat]\ntype=http\nurl=https://me:secret@x/y\n",
		 "test.conf:3: [notify chat] holds a password in its url; put the url into a file of "
		 "mode 0600 and name that by url-file="},
		{"[notify chat]\ntype=http\nurl=http://localhost.example.org/\nheader-file=/h\n",
		 "test.conf:3: [notify chat] would send header-file= in the clear; use https://"},
		{"[notify chat]\ntype=command\n",
		 "test.conf:2: [notify chat] needs command=: the program and its arguments, separated "
		 "by ';'"},
		{"[notify chat]\ntype=command\ncommand=mail;me\n",
		 "test.conf:3: [notify chat] names its program by an absolute path: begin it with '/'"},
		{"[notify chat]\ntype=http\nurl=https://x\ntimeout=1h\n",
		 "test.conf:4: timeout is from 1 s to 5 min, not '1h'"},
		{"[exemption a]\nservice=erp\n",
		 "test.conf:1: [exemption a] needs objective=: what does not count meanwhile"},
		{REPOSITORY SERVICE "[exemption a]\nservice=erp\n" EXEMPTION,
		 "test.conf:6: there is no [service erp]; there is erp-prod"},
		{REPOSITORY SERVICE "[exemption a]\nservice=erp-prod\nprocess=sales\n" EXEMPTION,
		 "test.conf:7: there is no [process sales] of service erp-prod; there is none"},
		{REPOSITORY SERVICE "[exemption a]\nservice=erp-prod\nobjective=rpo\nreason=x\n"
				    "approver=y\nexpires=2027-01-01T00:00:00\n",
		 "test.conf:10: expires: time '2027-01-01T00:00:00' has no zone: append Z for UTC, or "
		 "an offset as +02:00"},
		{REPOSITORY SERVICE "config=host;redsi\n[collect redis]\ntype=files\n",
		 "test.conf:5: there is no [collect redsi]; did you mean 'redis'?"},
		{REPOSITORY SERVICE "config=hots\n",
		 "test.conf:5: there is no [collect hots]; did you mean 'host'?"},
		{REPOSITORY SERVICE "config=host;host\n",
		 "test.conf:5: collector 'host' stands twice; drop one"},
		{"[collect odd]\npaths=/x\n",
		 "test.conf:1: [collect odd] needs type=; there is " TYPES},
		{"[collect odd]\ntype=file\n",
		 "test.conf:2: type cannot be 'file'; there is " TYPES},
		{"[collect odd]\ntype=files\npaths=/x;y\n",
		 "test.conf:3: paths are absolute, not 'y'; begin it with '/'"},
		{"[collect host]\nlimit=10\n",
		 "test.conf:2: limit is from 1 KiB to 1 TiB, not '10'"},
		{"[collect host]\nlimit=much\n",
		 "test.conf:2: limit: 'much' is not a size: write a number and a unit of B, KiB, MiB, "
		 "GiB, TiB, PiB (powers of 1024) or kB, MB, GB, TB, PB (of 1000)"},
		{"[collect host]\nsecrets=open\n",
		 "test.conf:2: secrets cannot be 'open'; there is masked and sealed"},
		{"[service]\n", "test.conf:1: a service has a name; write [service NAME]"},
		{"[odrbackup x]\n", "test.conf:1: [odrbackup] has no name; write [odrbackup]"},
		{"[tier a b]\n",
		 "test.conf:1: 'a b' is no name; names are 1 to 64 of A-Z, a-z, 0-9, '.', '_' and "
		 "'-', and begin with a letter or digit"},
		{"[tier ../x]\n",
		 "test.conf:1: '../x' is no name; names are 1 to 64 of A-Z, a-z, 0-9, '.', '_' and "
		 "'-', and begin with a letter or digit"},
		{"[repository main]\n",
		 "test.conf:1: [repository main] needs path=: folder of a posix repository"},
		{"[repository main]\npath=backup\n",
		 "test.conf:2: path is an absolute path, not 'backup'; begin it with '/'"},
		{"[odrbackup]\nstate=../state\n",
		 "test.conf:2: state is an absolute path, not '../state'; begin it with '/'"},
		{REPOSITORY "type=s4\n",
		 "test.conf:3: type cannot be 's4'; there is posix, s3 and libs3"},
		{REPOSITORY "lock=compliance\n",
		 "test.conf:3: lock cannot be 'compliance': a folder has no locks"},
		{REPOSITORY "bucket=backup\n",
		 "test.conf:3: bucket= is not for repositories of type posix"},
		{"[repository main]\ntype=s3\ncredentials=/k\n",
		 "test.conf:2: [repository main] needs bucket=: bucket that holds the repository"},
		{"[repository main]\ntype=s3\nbucket=backup\n",
		 "test.conf:2: [repository main] needs one of credentials=, credential-process= and "
		 "credentials-from=, and no other"},
		{"[repository main]\ntype=s3\nbucket=b\ncredentials=/k\ncredential-process=p\n",
		 "test.conf:2: [repository main] needs one of credentials=, credential-process= and "
		 "credentials-from=, and no other"},
		{"[repository main]\ntype=s3\nbucket=b\ncredentials=/k\ncredentials-from=instance\n",
		 "test.conf:2: [repository main] needs one of credentials=, credential-process= and "
		 "credentials-from=, and no other"},
		{"[repository main]\ntype=s3\nbucket=b\ncredentials-from=environment\n",
		 "test.conf:4: credentials-from cannot be 'environment'; there is web-identity, "
		 "instance and container"},
		{"[repository main]\ntype=s3\nbucket=b\ncredentials-from=instance\nrole-arn=a\n",
		 "test.conf:5: role-arn= is for credentials-from=web-identity"},
		{"[repository main]\ntype=s3\nbucket=b\ncredentials=/k\ncredentials-endpoint=a\n",
		 "test.conf:5: credentials-endpoint= is for credentials-from=web-identity or instance"},
		{"[repository main]\ntype=s3\nbucket=backup\ncredentials=/k\npath=/r\n",
		 "test.conf:5: path= is not for repositories of type s3"},
		{"[repository main]\ntype=libs3\nbucket=b\ncredentials=/k\nlock=governance\n",
		 "test.conf:5: lock cannot be 'governance': libs3 knows no locks; use type=s3"},
		{"[repository main]\ntype=libs3\nbucket=b\ncredentials=/k\nca-file=/c\n",
		 "test.conf:5: ca-file= is not for repositories of type libs3"},
		{"[repository main]\ntype=s3\nbucket=b\ncredentials=/k\ntls-unverified=yes\n",
		 "test.conf:5: tls-unverified= is not for repositories of type s3"},
		{"[odrbackup]\nworkers=0\n",
		 "test.conf:2: workers is a number from 1 to 64, not '0'"},
		{"[odrbackup]\nworkers=2x\n",
		 "test.conf:2: workers is a number from 1 to 64, not '2x'"},
		{"[odrbackup]\ncompress-level=-1\n",
		 "test.conf:2: compress-level is a number from 1 to 19, not '-1'"},
		{"[tier gold]\nretain=1s\n",
		 "test.conf:2: retain is from 1 h to 36500 d, not '1s'"},
		{REPOSITORY "[service erp]\nrepositories=mian\n",
		 "test.conf:4: there is no [repository mian]; did you mean 'main'?"},
		{REPOSITORY "[service erp]\nrepositories=main;main\n",
		 "test.conf:4: repository 'main' stands twice; drop one"},
		{REPOSITORY "[service erp]\nrepositories=;\n",
		 "test.conf:4: repositories= names none"},
		{"[service erp]\nrepositories=main\n",
		 "test.conf:2: there is no [repository main]; there is none"},
		{"[service erp]\n",
		 "test.conf:1: [service erp] needs repositories=: repositories that hold the "
		 "service; every one gets everything"},
		{REPOSITORY "[tier gold]\n[service erp]\nrepositories=main\ntier=glod\n",
		 "test.conf:6: there is no [tier glod]; did you mean 'gold'?"},
		{REPOSITORY SERVICE "data-directory=data\n",
		 "test.conf:5: data-directory is an absolute path, not 'data'; begin it with '/'"},
		{REPOSITORY SERVICE "postgres=host=x password=secret\n",
		 "test.conf:5: postgres= holds a password; put it into a file of mode 0600 and name "
		 "that by passfile="},
		{REPOSITORY SERVICE "postgres=postgresql://u:secret@host/db\n",
		 "test.conf:5: postgres= holds a password; put it into a file of mode 0600 and name "
		 "that by passfile="},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Settings) settings = parse(cases[i].text, &error);

		g_assert_null(settings);
		g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

static void test_a_bad_duration_is_named(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(parse("[tier gold]\nrpo=5\n", &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	g_assert_true(g_str_has_prefix(error->message, "test.conf:2: rpo: '5' is not a duration"));
}

static void test_a_service_is_found(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) two =
		parse(REPOSITORY SERVICE "[service shop]\nrepositories=main\n", &error);
	g_autoptr(Settings) none = parse("", &error);

	g_assert_no_error(error);
	g_assert_cmpstr(settings_service(two, "shop", &error)->name, ==, "shop");
	g_assert_null(settings_service(two, NULL, &error));
	g_assert_cmpstr(error->message, ==, "which service? There are erp-prod and shop");
	g_clear_error(&error);
	g_assert_null(settings_service(two, "erp-prdo", &error));
	g_assert_cmpstr(error->message, ==,
			"there is no service 'erp-prdo'; did you mean 'erp-prod'?");
	g_clear_error(&error);
	g_assert_null(settings_service(none, NULL, &error));
	g_assert_cmpstr(error->message, ==, "test.conf has no service; add a [service NAME]");
}

static const struct settings_origin *origin_of(const Settings *settings, const char *group,
					       const char *key)
{
	for (guint i = 0; i < settings->origins->len; i++) {
		const struct settings_origin *origin = settings->origins->pdata[i];

		if (strcmp(origin->group, group) == 0 && strcmp(origin->key, key) == 0)
			return origin;
	}
	return NULL;
}

static void test_every_value_has_an_origin(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings =
		parse(REPOSITORY SERVICE "[odrbackup]\nidentity=/k/id\n", &error);
	const struct settings_origin *origin;

	g_assert_no_error(error);
	origin = origin_of(settings, "repository main", "path");
	g_assert_cmpstr(origin->value, ==, "/srv/backup");
	g_assert_cmpstr(origin->origin, ==, "test.conf:2");
	origin = origin_of(settings, "service erp-prod", "identity");
	g_assert_cmpstr(origin->value, ==, "/k/id");
	g_assert_cmpstr(origin->origin, ==, "test.conf:6");
	origin = origin_of(settings, "service erp-prod", "writer-bundle");
	g_assert_null(origin->value);
	origin = origin_of(settings, "tier default", "retain");
	g_assert_cmpstr(origin->value, ==, "30d");
	g_assert_cmpstr(origin->origin, ==, "default");
}

static void test_a_default_tier_can_be_replaced(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings =
		parse(REPOSITORY SERVICE "[tier default]\nretain=10d\n", &error);

	g_assert_no_error(error);
	g_assert_cmpuint(settings->tiers->len, ==, 1);
	g_assert_cmpint(settings_service(settings, NULL, NULL)->tier->retain, ==,
			10 * USEC_PER_DAY);
}

static void test_a_missing_file_is_named(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(settings_load("/nonexistent/odrbackup.conf", &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
	g_assert_nonnull(strstr(error->message, "'/nonexistent/odrbackup.conf'"));
}

static const struct settings_collect *collector(const struct settings_service *service, guint i)
{
	return service->collectors->pdata[i];
}

static void test_collectors(void)
{
	static const char text[] = REPOSITORY SERVICE
		"config=host; mine ;postgresql;\n"
		"[collect mine]\ntype=files\npaths=/a;/b\nlimit=2MiB\n"
		"secrets=sealed\nrequired=no\ntimeout=5s\n"
		"[collect postgresql]\ndatabases=erp\n[collect idle]\ntype=host\n";
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = parse(text, &error);

	g_assert_no_error(error);
	const struct settings_service *service = settings_service(settings, NULL, NULL);

	g_assert_true(service->config_chosen);
	g_assert_cmpuint(service->collectors->len, ==, 3);
	g_assert_cmpstr(collector(service, 0)->name, ==, "host");
	g_assert_cmpstr(collector(service, 0)->type, ==, "host");
	g_assert_cmpuint(collector(service, 0)->limit, ==, 64 << 20);
	g_assert_cmpstr(collector(service, 0)->secrets, ==, "masked");
	g_assert_cmpstr(collector(service, 1)->type, ==, "files");
	g_assert_cmpstr(collector(service, 1)->secrets, ==, "sealed");
	g_assert_cmpstr(collector(service, 1)->required, ==, "no");
	g_assert_cmpuint(collector(service, 1)->limit, ==, 2 << 20);
	g_assert_cmpint(collector(service, 1)->timeout, ==, 5 * USEC_PER_SEC);
	g_auto(GStrv) paths = settings_split(collector(service, 1)->paths);

	g_assert_cmpstr(paths[1], ==, "/b");
	g_assert_cmpstr(collector(service, 2)->databases, ==, "erp");
	g_assert_cmpuint(settings->warnings->len, ==, 1);
	g_assert_cmpstr(settings->warnings->pdata[0], ==,
			"test.conf:15: [collect idle] is in no service's config=");
	g_assert_cmpstr(settings_origin_of(settings, "collect mine", "limit"), ==, "test.conf:9");
	g_assert_cmpstr(settings_origin_of(settings, "collect mine", "mask"), ==, "default");
}

static void test_no_collectors(void)
{
	g_autoptr(Settings) none = parse(REPOSITORY SERVICE "config=none\n", NULL);
	g_autoptr(Settings) silent = parse(REPOSITORY SERVICE, NULL);
	const struct settings_service *service = settings_service(none, NULL, NULL);

	g_assert_null(service->config);
	g_assert_cmpuint(service->collectors->len, ==, 0);
	service = settings_service(silent, NULL, NULL);
	g_assert_false(service->config_chosen);
	g_assert_cmpuint(service->collectors->len, >=, 3);
	g_assert_cmpuint(service->config_limit, ==, 1 << 30);
	g_assert_null(settings_split(" ; "));
}

static void test_every_key_has_help(void)
{
	size_t count;
	const struct settings_key *keys = settings_keys(&count);

	for (size_t i = 0; i < count; i++) {
		g_assert_nonnull(keys[i].help);
		g_assert_false(keys[i].required && keys[i].fallback);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/settings/defaults", test_defaults);
	g_test_add_func("/settings/values", test_values);
	g_test_add_func("/settings/refuses-by-name", test_refuses_by_name);
	g_test_add_func("/settings/a-bad-duration-is-named", test_a_bad_duration_is_named);
	g_test_add_func("/settings/a-service-is-found", test_a_service_is_found);
	g_test_add_func("/settings/every-value-has-an-origin", test_every_value_has_an_origin);
	g_test_add_func("/settings/a-default-tier-can-be-replaced",
			test_a_default_tier_can_be_replaced);
	g_test_add_func("/settings/a-missing-file-is-named", test_a_missing_file_is_named);
	g_test_add_func("/settings/collectors-are-found", test_collectors);
	g_test_add_func("/settings/collectors-can-be-none", test_no_collectors);
	g_test_add_func("/settings/every-key-has-help", test_every_key_has_help);
	return g_test_run();
}
