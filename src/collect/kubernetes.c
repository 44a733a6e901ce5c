/* Objects of Kubernetes as somebody would apply them, releases of Helm, and plain manifests. */
#include "collect/collector.h"

#include "base/error.h"
#include "collect/kubernetes_object.h"

#include <string.h>

#define ARGUMENTS_MAX 24

static const char *const usual_kinds[] = {
	"namespaces",
	"deployments",
	"statefulsets",
	"daemonsets",
	"cronjobs",
	"services",
	"ingresses",
	"configmaps",
	"secrets",
	"serviceaccounts",
	"roles",
	"rolebindings",
	"networkpolicies",
	"poddisruptionbudgets",
	"horizontalpodautoscalers",
	"persistentvolumeclaims",
	"persistentvolumes",
	"storageclasses",
	"customresourcedefinitions",
	"ingressroutes.traefik.io",
	"middlewares.traefik.io",
	"certificates.cert-manager.io",
	"issuers.cert-manager.io",
	"clusterissuers.cert-manager.io",
	"externalsecrets.external-secrets.io",
	"secretstores.external-secrets.io",
	"clustersecretstores.external-secrets.io",
	"sealedsecrets.bitnami.com",
	"applications.argoproj.io",
	"kustomizations.kustomize.toolkit.fluxcd.io",
	"helmreleases.helm.toolkit.fluxcd.io",
	"gitrepositories.source.toolkit.fluxcd.io",
	NULL,
};

struct kubernetes {
	struct collection *collection;
	json_t *volumes; /* rows */
	unsigned objects;
};

/* ---- kubectl --------------------------------------------------------------------------------- */

static void add_cluster(const struct collect_settings *settings, const char **argv, size_t *count)
{
	if (settings->kubeconfig) {
		argv[(*count)++] = "--kubeconfig";
		argv[(*count)++] = settings->kubeconfig;
	}
	if (settings->context) {
		argv[(*count)++] = "--context";
		argv[(*count)++] = settings->context;
	}
}

/* namespace NULL: all. */
static bool get(const struct kubernetes *kubernetes, const char *kind, const char *namespace,
		char **text, GError **error)
{
	const char *argv[ARGUMENTS_MAX] = {"kubectl"};
	size_t count = 1;

	add_cluster(kubernetes->collection->settings, argv, &count);
	argv[count++] = "get";
	argv[count++] = kind;
	argv[count++] = "-o";
	argv[count++] = "json";
	argv[count++] = namespace ? "--namespace" : "--all-namespaces";
	argv[count++] = namespace;
	argv[count] = NULL;
	return tool_text(kubernetes->collection, &(struct tool){.argv = argv}, text, error);
}

/* What the cluster makes in every namespace by itself. */
static bool is_made_by_cluster(json_t *object)
{
	json_t *metadata = json_object_get(object, "metadata");
	const char *kind = json_string_value(json_object_get(object, "kind"));
	const char *name = json_string_value(json_object_get(metadata, "name"));
	const char *type = json_string_value(json_object_get(object, "type"));

	return json_object_get(metadata, "ownerReferences") ||
	       g_strcmp0(name, "kube-root-ca.crt") == 0 ||
	       g_strcmp0(type, "kubernetes.io/service-account-token") == 0 ||
	       g_strcmp0(type, "helm.sh/release.v1") == 0 ||
	       (g_strcmp0(kind, "ServiceAccount") == 0 && g_strcmp0(name, "default") == 0);
}

static bool take_object(struct kubernetes *kubernetes, json_t *object, GError **error)
{
	struct collection *collection = kubernetes->collection;
	g_autofree char *name = NULL, *text = NULL, *path = NULL, *source = NULL;

	kubernetes_map_volume(object, kubernetes->volumes);
	if (is_made_by_cluster(object))
		return true;
	name = kubernetes_clean(&collection->mask, object) ? kubernetes_path(object) : NULL;
	if (!name) {
		collection_note(collection, "kubectl gave an object that is none");
		return true;
	}
	if (!collection->settings->sealed)
		mask_json(&collection->mask, object);
	path = g_strconcat(name, ".json", NULL);
	source = g_strconcat("kubectl get ", name, NULL);
	text = json_print_pretty(object);
	kubernetes->objects++;
	/* Two kinds may give the same objects: ingresses of two groups. */
	g_autofree char *item = g_strdup_printf("%s/%s", collection->report->name, path);

	return collection_has(collection, item) ||
	       collection_text(collection,
			       &(struct collection_item){path, source, "kubectl apply -f"}, text,
			       strlen(text), error);
}

static bool take_objects(struct kubernetes *kubernetes, const char *text, GError **error)
{
	g_autoptr(JsonValue) document = NULL;
	json_t *items, *object;
	size_t i;

	if (!json_parse(text, strlen(text), "what kubectl printed", &document, error))
		return false;
	items = json_object_get(document, "items");
	if (!json_is_array(items))
		return take_object(kubernetes, document, error);
	json_array_foreach(items, i, object)
	{
		if (!take_object(kubernetes, object, error))
			return false;
	}
	return true;
}

/* Of the usual kinds many are not on every cluster. */
static bool is_unknown_kind(const GError *trouble)
{
	return strstr(trouble->message, "the server doesn't have a resource type") != NULL;
}

static bool take_kind(struct kubernetes *kubernetes, const char *kind, const char *namespace,
		      GError **error)
{
	struct collection *collection = kubernetes->collection;
	g_autoptr(GError) trouble = NULL;
	g_autofree char *text = NULL;

	if (get(kubernetes, kind, namespace, &text, &trouble))
		return take_objects(kubernetes, text, error);
	if (collection->settings->kinds || !strstr(trouble->message, "ended with status")) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return odr_context(error, "cannot get %s", kind);
	}
	if (!is_unknown_kind(trouble))
		collection_note(collection, "%s are not here: %s", kind, trouble->message);
	return true;
}

/* Before many questions, one that tells whether there is somebody to ask. */
static bool reach_cluster(struct kubernetes *kubernetes, GError **error)
{
	const char *argv[ARGUMENTS_MAX] = {"kubectl"};
	size_t count = 1;
	g_autofree char *text = NULL;

	add_cluster(kubernetes->collection->settings, argv, &count);
	argv[count++] = "version";
	argv[count++] = "-o";
	argv[count++] = "json";
	argv[count] = NULL;
	return tool_text(kubernetes->collection, &(struct tool){.argv = argv}, &text, error);
}

static bool take_cluster(struct kubernetes *kubernetes, GError **error)
{
	const struct collect_settings *settings = kubernetes->collection->settings;
	const char *const *kinds = settings->kinds ? settings->kinds : usual_kinds;

	if (!reach_cluster(kubernetes, error))
		return false;
	for (; *kinds; kinds++) {
		if (!settings->namespaces && !take_kind(kubernetes, *kinds, NULL, error))
			return false;
		for (const char *const *name = settings->namespaces; name && *name; name++)
			if (!take_kind(kubernetes, *kinds, *name, error))
				return false;
	}
	return collection_table(
		kubernetes->collection,
		&(struct collection_item){
			.path = "volumes.json",
			.source = "kubectl get persistentvolumeclaims, persistentvolumes",
			.hint = "which claim was on which disk"},
		json_incref(kubernetes->volumes), error);
}

/* ---- Helm ------------------------------------------------------------------------------------ */

static bool take_values(struct collection *collection, json_t *release, GError **error)
{
	const struct collect_settings *settings = collection->settings;
	const char *name = json_string_value(json_object_get(release, "name"));
	const char *namespace = json_string_value(json_object_get(release, "namespace"));
	const char *argv[ARGUMENTS_MAX] = {"helm", "get",  "values",	  name,
					   "-o",   "yaml", "--namespace", namespace};
	size_t count = 8;

	if (!name || !namespace || name[0] == '-' || strchr(name, '/') || strchr(namespace, '/'))
		return true;
	g_autofree char *path = g_strdup_printf("helm/%s/%s.yaml", namespace, name);
	g_autofree char *source = g_strdup_printf("helm get values %s", name);

	if (settings->kubeconfig) {
		argv[count++] = "--kubeconfig";
		argv[count++] = settings->kubeconfig;
	}
	argv[count] = NULL;
	return tool_item(collection, &(struct tool){.argv = argv},
			 &(struct collection_item){path, source, "helm upgrade --install -f"},
			 error);
}

static bool take_releases(struct collection *collection, const char *text, GError **error)
{
	static const char *const facts[] = {"chart", "app_version", "revision", "status"};
	g_autoptr(JsonValue) releases = NULL;
	json_t *rows, *release;
	size_t i;

	if (!json_parse(text, strlen(text), "what helm printed", &releases, error))
		return false;
	rows = json_object();
	json_array_foreach(releases, i, release)
	{
		const char *name = json_string_value(json_object_get(release, "name"));
		const char *namespace = json_string_value(json_object_get(release, "namespace"));
		g_autofree char *key =
			g_strdup_printf("%s/%s", namespace ? namespace : "-", name ? name : "-");
		json_t *row = table_row(rows, key);

		for (size_t k = 0; k < G_N_ELEMENTS(facts); k++)
			json_set_string(row, facts[k],
					json_string_value(json_object_get(release, facts[k])));
		if (!take_values(collection, release, error)) {
			json_decref(rows);
			return false;
		}
	}
	return collection_table(collection,
				&(struct collection_item){.path = "helm/releases.json",
							  .source = "helm list",
							  .hint = "the same charts in the same "
								  "versions"},
				rows, error);
}

static bool take_helm(struct collection *collection, GError **error)
{
	const struct collect_settings *settings = collection->settings;
	const char *argv[ARGUMENTS_MAX] = {"helm", "list", "--all-namespaces", "-o", "json"};
	g_autoptr(GError) trouble = NULL;
	g_autofree char *text = NULL;

	if (!tool_exists("helm"))
		return true;
	if (settings->kubeconfig) {
		argv[5] = "--kubeconfig";
		argv[6] = settings->kubeconfig;
	}
	if (tool_text(collection, &(struct tool){.argv = argv}, &text, &trouble))
		return take_releases(collection, text, error);
	if (collection->broken) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	collection_note(collection, "releases of Helm are not here: %s", trouble->message);
	return true;
}

/* ---- all ------------------------------------------------------------------------------------- */

bool kubernetes_collect(struct collection *collection, GError **error)
{
	const struct collect_settings *settings = collection->settings;
	struct kubernetes kubernetes = {.collection = collection};
	bool done;

	if (settings->paths &&
	    !collection_files(collection, settings->paths, COLLECTION_CONFIGURED, NULL, error))
		return false;
	if (!tool_exists("kubectl"))
		return settings->paths ||
		       collection_absent(collection, "there is no program 'kubectl'");
	/* Manifests alone, unless a cluster is asked for as well. */
	if (settings->paths && !settings->kubeconfig && !settings->context && !settings->kinds)
		return true;
	kubernetes.volumes = json_object();
	done = take_cluster(&kubernetes, error) && take_helm(collection, error);
	json_decref(kubernetes.volumes);
	return done;
}
