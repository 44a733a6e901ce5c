#include "collect/kubernetes_object.h"
#include "collect/resp.h"
#include "crypto/certificate.h"
#include "crypto/keys.h"
#include "odoo/conf.h"

#include <string.h>

/* What collectors are told: replies of Redis, objects of Kubernetes, certificates, odoo.conf. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_reply(const uint8_t *data, size_t size)
{
	Resp *reply = NULL;
	size_t used = 0;

	if (resp_parse(data, size, &reply, &used) != RESP_WHOLE)
		return;
	if (used == 0 || used > size)
		__builtin_trap();
	resp_free(reply);
}

static void try_object(const char *text, size_t size)
{
	static const uint8_t secret[KEY_SIZE] = {1};
	g_autoptr(JsonValue) object = NULL, rows = json_object();
	struct mask mask;

	if (!json_parse(text, size, "fuzz", &object, NULL))
		return;
	mask_init(&mask, secret, NULL);
	kubernetes_map_volume(object, rows);
	kubernetes_clean(&mask, object);
	g_free(kubernetes_path(object));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(OdooConf) conf = odoo_conf_parse(text);
	g_autoptr(GPtrArray) addons = odoo_conf_addons(conf);
	g_autoptr(GPtrArray) certificates = certificates_parse((const char *)data, size, NULL);
	uint8_t digest[SHA256_SIZE];

	for (guint i = 0; i < addons->len; i++)
		if (!g_path_is_absolute(addons->pdata[i]))
			__builtin_trap();
	for (guint i = 0; i < certificates->len; i++)
		if (!g_utf8_validate(((struct certificate *)certificates->pdata[i])->subject, -1,
				     NULL))
			__builtin_trap();
	certificate_key_digest((const char *)data, size, digest);
	try_reply(data, size);
	try_object((const char *)data, size);
	return 0;
}
