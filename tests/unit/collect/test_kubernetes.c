#include "fixture.h"

/* Answers as kubectl does, and writes down how it was called. */
static const char kubectl[] =
	"echo \"$*\" >>$HOME/../calls 2>/dev/null\n"
	"case \"$*\" in\n"
	"*version*) echo '{\"serverVersion\":{}}';;\n"
	"*'get deployments '*) cat <<'E'\n"
	"{\"kind\":\"List\",\"items\":[{\"kind\":\"Deployment\",\"metadata\":{\"name\":\"odoo\","
	"\"namespace\":\"shop\",\"uid\":\"u\"},\"spec\":{\"template\":{\"spec\":{\"containers\":["
	"{\"env\":[{\"name\":\"DB_PASSWORD\",\"value\":\"geheim\"},{\"name\":\"DB_HOST\","
	"\"value\":\"db\"}]}]}}},\"status\":{}}]}\nE\n;;\n"
	"*'get secrets '*) cat <<'E'\n"
	"{\"kind\":\"List\",\"items\":[{\"kind\":\"Secret\",\"metadata\":{\"name\":\"db\","
	"\"namespace\":\"shop\"},\"data\":{\"password\":\"Z2VoZWlt\"}},"
	"{\"kind\":\"Secret\",\"type\":\"helm.sh/release.v1\",\"metadata\":{\"name\":\"sh.helm\"}}]}\nE\n;;\n"
	"*'get configmaps '*) echo 'Error from server (Forbidden): no' >&2; exit 1;;\n"
	"*get*) echo \"error: the server doesn't have a resource type \\\"$2\\\"\" >&2; exit 1;;\n"
	"esac";

static void site_with_cluster(struct site *site)
{
	site_init(site, "kubernetes");
	site_program(site, "kubectl", kubectl);
	site_program(
		site, "helm",
		"case $1 in list) echo '[{\"name\":\"shop\",\"namespace\":\"shop\",\"chart\":\"odoo-1\","
		"\"revision\":\"3\"}]';; get) echo 'password: geheim';; esac");
}

static void test_cluster(void)
{
	struct site site;

	site_with_cluster(&site);
	site_collects(&site);
	g_autofree char *items = site_paths(&site);
	g_autofree char *notes = site_notes(&site);

	g_assert_cmpstr(items, ==,
			"kubernetes/helm/releases.json kubernetes/helm/shop/shop.yaml "
			"kubernetes/shop/Deployment/odoo.json kubernetes/shop/Secret/db.json "
			"kubernetes/volumes.json");
	g_assert_cmpstr(notes, ==,
			"configmaps are not here: 'kubectl' ended with status 1: Error from server "
			"(Forbidden): no");
	g_autoptr(JsonValue) deployment = site_table(&site, "kubernetes/shop/Deployment/odoo.json");
	const char *text = site_content(&site, "kubernetes/shop/Deployment/odoo.json");

	g_assert_null(json_object_get(deployment, "status"));
	g_assert_null(strstr(text, "geheim"));
	g_assert_nonnull(strstr(text, "\"value\": \"db\""));
	g_assert_nonnull(strstr(site_content(&site, "kubernetes/shop/Secret/db.json"),
				"\"password\": \"<masked "));
	g_assert_null(strstr(site_content(&site, "kubernetes/helm/shop/shop.yaml"), "geheim"));

	/* A Secret's values never leave the host. */
	site.settings.sealed = true;
	site_collects(&site);
	g_assert_nonnull(
		strstr(site_content(&site, "kubernetes/shop/Deployment/odoo.json"), "geheim"));
	g_assert_null(strstr(site_content(&site, "kubernetes/shop/Secret/db.json"), "Z2Vo"));
	site_clear(&site);
}

static void test_chosen(void)
{
	const char *const kinds[] = {"deployments", NULL}, *const forbidden[] = {"configmaps",
										 NULL};
	const char *const namespaces[] = {"shop", NULL};
	struct site site;

	site_with_cluster(&site);
	site_program(&site, "helm", "echo '[]'");
	site.settings.kinds = kinds;
	site.settings.namespaces = namespaces;
	site.settings.kubeconfig = "/etc/kube.conf";
	site.settings.context = "prod";
	site_program(
		&site, "kubectl",
		"case \"$*\" in *version*) echo '{}';; "
		"'--kubeconfig /etc/kube.conf --context prod get deployments -o json --namespace shop') "
		"echo '{\"items\":[]}';; *) echo \"called $*\" >&2; exit 1;; esac");
	site_collects(&site);
	site.settings.kinds = forbidden;
	g_assert_false(site_run(&site));
	g_assert_cmpstr(
		site.error->message, ==,
		"collector kubernetes: cannot get configmaps: 'kubectl' ended with status 1: "
		"called --kubeconfig /etc/kube.conf --context prod get configmaps -o json "
		"--namespace shop");
	site_clear(&site);
}

static void test_unreachable(void)
{
	struct site site;

	site_init(&site, "kubernetes");
	site_program(&site, "kubectl",
		     "echo 'The connection to the server was refused' >&2; exit 1");
	site.settings.required = false;
	g_assert_true(site_run(&site));
	g_assert_cmpint(site_report(&site)->state, ==, COLLECT_FAILED);
	g_assert_cmpstr(site_report(&site)->reason, ==,
			"'kubectl' ended with status 1: The connection to the server was refused");
	site_clear(&site);
}

static void test_garbage(void)
{
	struct site site;

	site_init(&site, "kubernetes");
	site_program(
		&site, "kubectl",
		"case \"$*\" in *version*) ;; *'get namespaces'*) echo '{\"items\":[7,{\"kind\":\"A\"}]}';; "
		"*) echo '[';; esac");
	g_assert_false(site_run(&site));
	g_assert_nonnull(strstr(site.error->message, "what kubectl printed is not JSON"));
	g_autofree char *notes = site_notes(&site);

	g_assert_cmpstr(notes, ==,
			"kubectl gave an object that is none\nkubectl gave an object that is none");
	site_clear(&site);
}

static void test_manifests(void)
{
	const char *const paths[] = {"/srv/manifests", NULL};
	struct site site;

	site_init(&site, "kubernetes");
	site_program(&site, "kubectl", "exit 1");
	site_file(&site, "/srv/manifests/odoo.yaml", "kind: Deployment\n");
	site.settings.paths = paths;
	site_collects(&site);
	g_autofree char *items = site_paths(&site);

	g_assert_cmpstr(items, ==, "kubernetes/files/srv/manifests/odoo.yaml");
	site_clear(&site);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collect/kubernetes/objects-as-they-would-be-applied", test_cluster);
	g_test_add_func("/collect/kubernetes/what-was-chosen", test_chosen);
	g_test_add_func("/collect/kubernetes/a-cluster-that-does-not-answer", test_unreachable);
	g_test_add_func("/collect/kubernetes/what-is-no-object", test_garbage);
	g_test_add_func("/collect/kubernetes/plain-manifests", test_manifests);
	return g_test_run();
}
