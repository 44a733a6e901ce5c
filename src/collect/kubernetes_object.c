#include "collect/kubernetes_object.h"

#include "collect/index.h"

#include <string.h>

static const char *text_of(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static bool is_kind(json_t *object, const char *kind)
{
	return g_strcmp0(text_of(object, "kind"), kind) == 0;
}

static void clean_metadata(json_t *metadata)
{
	static const char *const server[] = {"managedFields",	  "uid",      "resourceVersion",
					     "creationTimestamp", "selfLink", "generation"};
	static const char *const annotations[] = {
		"kubectl.kubernetes.io/last-applied-configuration",
		"deployment.kubernetes.io/revision",
		"control-plane.alpha.kubernetes.io/leader",
	};
	json_t *noted = json_object_get(metadata, "annotations");

	for (size_t i = 0; i < G_N_ELEMENTS(server); i++)
		json_object_del(metadata, server[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(annotations); i++)
		json_object_del(noted, annotations[i]);
	if (json_is_object(noted) && json_object_size(noted) == 0)
		json_object_del(metadata, "annotations");
}

/* Also where base64 says nothing to the eye. */
static void hide_values(const struct mask *mask, json_t *secret, const char *member)
{
	json_t *values = json_object_get(secret, member), *value;
	const char *name;
	void *next;

	if (!json_is_object(values)) {
		json_object_del(secret, member);
		return;
	}
	json_object_foreach_safe(values, next, name, value)
	{
		g_autofree char *text = json_is_string(value) ? g_strdup(json_string_value(value))
							      : json_print(value);
		g_autofree char *masked = mask_value(mask, text, strlen(text));

		json_object_set_new(values, name, json_string(masked));
	}
}

bool kubernetes_clean(const struct mask *mask, json_t *object)
{
	json_t *metadata = json_object_get(object, "metadata");

	if (!json_is_object(object) || !text_of(object, "kind") || !json_is_object(metadata))
		return false;
	json_object_del(object, "status");
	clean_metadata(metadata);
	if (is_kind(object, "Secret")) {
		hide_values(mask, object, "data");
		hide_values(mask, object, "stringData");
	}
	return true;
}

char *kubernetes_path(json_t *object)
{
	json_t *metadata = json_object_get(object, "metadata");
	const char *kind = text_of(object, "kind"), *name = text_of(metadata, "name");
	const char *namespace = text_of(metadata, "namespace");
	g_autofree char *path = NULL;

	if (!kind || !name || strchr(kind, '/') || strchr(name, '/') ||
	    (namespace && strchr(namespace, '/')))
		return NULL;
	path = g_strdup_printf("%s/%s/%s", namespace ? namespace : "-", kind, name);
	return collect_path_safe(path) ? g_steal_pointer(&path) : NULL;
}

/* ---- volumes --------------------------------------------------------------------------------- */

static json_t *row_of(json_t *rows, const char *namespace, const char *name)
{
	g_autofree char *key = g_strdup_printf("%s/%s", namespace ? namespace : "-", name);
	json_t *row = json_object_get(rows, key);

	if (!row) {
		row = json_object();
		json_object_set_new(rows, key, row);
	}
	return row;
}

static void map_claim(json_t *claim, json_t *rows)
{
	json_t *metadata = json_object_get(claim, "metadata");
	json_t *spec = json_object_get(claim, "spec");
	json_t *requests = json_object_get(json_object_get(spec, "resources"), "requests");
	const char *name = text_of(metadata, "name");
	json_t *row = name ? row_of(rows, text_of(metadata, "namespace"), name) : NULL;

	if (!row)
		return;
	json_set_string(row, "volume", text_of(spec, "volumeName"));
	json_set_string(row, "class", text_of(spec, "storageClassName"));
	json_set_string(row, "size", text_of(requests, "storage"));
}

/* What the volume is on: {"csi": {"driver": …, "volumeHandle": …}}, {"nfs": …}, {"hostPath": …} */
static void map_volume(json_t *volume, json_t *rows)
{
	static const char *const sources[] = {"csi",	   "nfs",
					      "hostPath",  "local",
					      "rbd",	   "cephfs",
					      "iscsi",	   "awsElasticBlockStore",
					      "azureDisk", "gcePersistentDisk"};
	json_t *spec = json_object_get(volume, "spec");
	json_t *claim = json_object_get(spec, "claimRef");
	const char *name = text_of(claim, "name");
	json_t *row = name ? row_of(rows, text_of(claim, "namespace"), name) : NULL;

	if (!row)
		return;
	json_set_string(row, "reclaim", text_of(spec, "persistentVolumeReclaimPolicy"));
	for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
		json_t *source = json_object_get(spec, sources[i]);

		if (source)
			json_set(row, sources[i], json_deep_copy(source));
	}
}

void kubernetes_map_volume(json_t *object, json_t *rows)
{
	if (is_kind(object, "PersistentVolumeClaim"))
		map_claim(object, rows);
	else if (is_kind(object, "PersistentVolume"))
		map_volume(object, rows);
}
