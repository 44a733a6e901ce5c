#include "fixture.h"

static void fill(struct site *site)
{
	site_init(site, "compose");
	site_file(
		site, "/srv/erp/docker-compose.yml",
		"services:\n  odoo:\n    image: odoo:17\n    environment:\n      PASSWORD: geheim\n");
	site_file(site, "/srv/erp/docker-compose.override.yml", "services: {}\n");
	site_file(site, "/srv/erp/.env", "POSTGRES_PASSWORD=geheim\n");
	site_file(site, "/srv/erp/data/huge", "x\n");
}

static void test_docker(void)
{
	struct site site;

	fill(&site);
	site_program(&site, "docker",
		     "case \"$*\" in\n"
		     "'compose -f /srv/erp/docker-compose.yml config') echo 'PASSWORD: geheim';;\n"
		     "*images*) echo '[{\"ContainerName\":\"erp-odoo-1\",\"ID\":\"sha256:1\","
		     "\"Repository\":\"odoo\",\"Tag\":\"17\"}]';;\n"
		     "'image inspect '*' sha256:1') echo 'odoo@sha256:abc';;\n"
		     "'volume ls'*) echo '{\"Name\":\"erp_data\",\"Driver\":\"local\"}';;\n"
		     "'network ls'*) echo '{\"Name\":\"a\"}'; echo '{\"Name\":\"b\"}';;\n"
		     "*) exit 9;; esac");
	site_collects(&site);
	g_autofree char *items = site_paths(&site);

	g_assert_cmpstr(
		items, ==,
		"compose/files/srv/erp/.env compose/files/srv/erp/docker-compose.override.yml "
		"compose/files/srv/erp/docker-compose.yml "
		"compose/images/srv/erp/docker-compose.yml.json compose/networks.json "
		"compose/resolved/srv/erp/docker-compose.yml compose/volumes.json");
	g_autoptr(JsonValue) images =
		site_table(&site, "compose/images/srv/erp/docker-compose.yml.json");
	json_t *odoo = json_object_get(images, "erp-odoo-1");

	g_assert_cmpstr(json_string_value(json_object_get(odoo, "digest")), ==, "odoo@sha256:abc");
	g_assert_null(strstr(site_content(&site, "compose/resolved/srv/erp/docker-compose.yml"),
			     "geheim"));
	g_assert_null(strstr(site_content(&site, "compose/files/srv/erp/.env"), "geheim"));
	g_autoptr(JsonValue) networks = site_table(&site, "compose/networks.json");

	g_assert_cmpuint(json_object_size(networks), ==, 2);
	site_clear(&site);
}

static void test_no_daemon(void)
{
	struct site site;

	fill(&site);
	site_program(&site, "docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1");
	site_collects(&site);
	g_autofree char *notes = site_notes(&site);

	g_assert_cmpstr(
		notes, ==,
		"docker does not tell what runs: 'docker' ended with status 1: Cannot connect "
		"to the Docker daemon");
	g_assert_nonnull(site_content(&site, "compose/files/srv/erp/docker-compose.yml"));
	site_clear(&site);
}

/* What such programs print last is how to get help, not what was wrong. */
static void test_no_plugin(void)
{
	struct site site;

	fill(&site);
	site_program(&site, "docker",
		     "echo 'docker: unknown command: docker compose' >&2; echo >&2;"
		     "echo \"Run 'docker --help' for more information\" >&2; exit 125");
	site_collects(&site);
	g_autofree char *notes = site_notes(&site);

	g_assert_cmpstr(notes, ==,
			"docker does not tell what runs: 'docker' ended with status 125: docker: "
			"unknown command: docker compose");
	site_clear(&site);
}

static void test_none(void)
{
	const char *const paths[] = {"/srv/none.yml", NULL};
	struct site site;

	site_init(&site, "compose");
	g_assert_true(site_run(&site));
	g_assert_cmpint(site_report(&site)->state, ==, COLLECT_ABSENT);
	site.settings.paths = paths;
	g_assert_false(site_run(&site));
	g_assert_cmpstr(site.error->message, ==, "collector compose: there is no '/srv/none.yml'");
	site_clear(&site);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collect/compose/files-and-what-runs", test_docker);
	g_test_add_func("/collect/compose/files-where-docker-is-silent", test_no_daemon);
	g_test_add_func("/collect/compose/says-why-and-not-where-help-is", test_no_plugin);
	g_test_add_func("/collect/compose/none", test_none);
	return g_test_run();
}
