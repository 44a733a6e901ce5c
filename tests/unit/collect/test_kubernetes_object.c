#include "collect/kubernetes_object.h"

#include "crypto/keys.h"

#include <string.h>

static struct mask mask;

static json_t *parse(const char *text)
{
	json_t *value = NULL;

	g_assert_true(json_parse(text, strlen(text), "test", &value, NULL));
	return value;
}

static void test_clean(void)
{
	g_autoptr(JsonValue) object = parse(
		"{\"kind\":\"Deployment\",\"apiVersion\":\"apps/v1\",\"metadata\":{\"name\":\"odoo\","
		"\"namespace\":\"shop\",\"uid\":\"u\",\"resourceVersion\":\"7\",\"generation\":3,"
		"\"creationTimestamp\":\"t\",\"managedFields\":[{}],\"labels\":{\"a\":\"b\"},"
		"\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":\"{}\"}},"
		"\"spec\":{\"replicas\":2},\"status\":{\"ready\":2}}");

	g_assert_true(kubernetes_clean(&mask, object));
	g_autofree char *text = json_print(object);
	g_autofree char *path = kubernetes_path(object);

	g_assert_cmpstr(text, ==,
			"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":"
			"{\"labels\":{\"a\":\"b\"},\"name\":\"odoo\",\"namespace\":\"shop\"},"
			"\"spec\":{\"replicas\":2}}");
	g_assert_cmpstr(path, ==, "shop/Deployment/odoo");
}

static void test_secret(void)
{
	g_autoptr(JsonValue) object = parse(
		"{\"kind\":\"Secret\",\"metadata\":{\"name\":\"db\"},\"data\":{\"user\":\"b2Rvbw==\","
		"\"n\":7},\"stringData\":{\"x\":\"plain\"},\"type\":\"Opaque\"}");

	g_assert_true(kubernetes_clean(&mask, object));
	g_autofree char *text = json_print(object);

	g_assert_null(strstr(text, "b2Rvbw"));
	g_assert_null(strstr(text, "plain"));
	g_assert_null(strstr(text, ":7"));
	g_assert_nonnull(strstr(text, "\"user\":\"<masked "));
	g_assert_nonnull(strstr(text, "\"type\":\"Opaque\""));
}

static const char *const none[] = {"{}", "[]", "{\"kind\":\"A\"}", "{\"kind\":1,\"metadata\":{}}",
				   "{\"metadata\":{\"name\":\"x\"}}"};
static const struct {
	const char *text, *path;
} named[] = {
	{"{\"kind\":\"A\",\"metadata\":{\"name\":\"system:x\"}}", "-/A/system:x"},
	{"{\"kind\":\"A\",\"metadata\":{\"name\":\"../x\"}}", NULL},
	{"{\"kind\":\"A\",\"metadata\":{\"name\":\"..\"}}", NULL},
	{"{\"kind\":\"A/B\",\"metadata\":{\"name\":\"x\"}}", NULL},
	{"{\"kind\":\"A\",\"metadata\":{\"name\":\"x\",\"namespace\":\"a/b\"}}", NULL},
	{"{\"kind\":\"A\",\"metadata\":{\"name\":\"a\\nb\"}}", NULL},
	{"{\"kind\":\"A\",\"metadata\":{}}", NULL},
};

static void test_names(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(none); i++) {
		g_autoptr(JsonValue) object = parse(none[i]);

		g_assert_false(kubernetes_clean(&mask, object));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(named); i++) {
		g_autoptr(JsonValue) object = parse(named[i].text);
		g_autofree char *path = kubernetes_path(object);

		g_assert_cmpstr(path, ==, named[i].path);
	}
}

static void test_volumes(void)
{
	g_autoptr(JsonValue) rows = json_object();
	g_autoptr(JsonValue) claim = parse(
		"{\"kind\":\"PersistentVolumeClaim\",\"metadata\":{\"name\":\"data\",\"namespace\":\"shop\"},"
		"\"spec\":{\"volumeName\":\"pv-1\",\"storageClassName\":\"fast\","
		"\"resources\":{\"requests\":{\"storage\":\"10Gi\"}}}}");
	g_autoptr(JsonValue) volume =
		parse("{\"kind\":\"PersistentVolume\",\"metadata\":{\"name\":\"pv-1\"},\"spec\":{"
		      "\"claimRef\":{\"name\":\"data\",\"namespace\":\"shop\"},"
		      "\"persistentVolumeReclaimPolicy\":\"Retain\","
		      "\"csi\":{\"driver\":\"d\",\"volumeHandle\":\"h\"}}}");
	g_autoptr(JsonValue) other = parse("{\"kind\":\"Pod\"}");

	kubernetes_map_volume(volume, rows);
	kubernetes_map_volume(claim, rows);
	kubernetes_map_volume(other, rows);
	g_autofree char *text = json_print(rows);

	g_assert_cmpstr(text, ==,
			"{\"shop/data\":{\"class\":\"fast\",\"csi\":{\"driver\":\"d\","
			"\"volumeHandle\":\"h\"},\"reclaim\":\"Retain\",\"size\":\"10Gi\","
			"\"volume\":\"pv-1\"}}");
}

int main(int argc, char **argv)
{
	static const uint8_t secret[KEY_SIZE] = {1};

	g_test_init(&argc, &argv, NULL);
	mask_init(&mask, secret, NULL);
	g_test_add_func("/collect/kubernetes/what-the-server-adds-goes", test_clean);
	g_test_add_func("/collect/kubernetes/of-secrets-only-digests-stay", test_secret);
	g_test_add_func("/collect/kubernetes/names-that-can-be-paths", test_names);
	g_test_add_func("/collect/kubernetes/claims-and-their-disks", test_volumes);
	return g_test_run();
}
