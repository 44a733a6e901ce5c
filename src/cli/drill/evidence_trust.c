#include "cli/drill/evidence_trust.h"

#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/evidence.h"

void trust_free(Trust *trust)
{
	if (!trust)
		return;
	g_array_unref(trust->keys);
	g_array_unref(trust->owners);
	g_free(trust);
}

static void owner_clear(void *data)
{
	key_service_clear(data);
}

static bool add_key(Trust *trust, const char *path, GError **error)
{
	g_autofree char *what = g_strdup_printf("'%s'", path);
	g_autoptr(KeyText) text = NULL;
	uint8_t public_key[KEY_SIZE];

	if (!file_read_text(path, KEY_TEXT_MAX, &text, error))
		return odr_context(error, "cannot read the key of evidence");
	if (!evidence_public_parse(text, what, public_key, error))
		return false;
	g_array_append_vals(trust->keys, public_key, 1);
	return true;
}

static bool add_owner(Trust *trust, const char *path, GError **error)
{
	struct key_service owner = {0};

	if (!unlock_service(path, &owner, error))
		return false;
	g_array_append_val(trust->owners, owner);
	return true;
}

static bool add_all(Trust *trust, const GPtrArray *paths,
		    bool (*add)(Trust *trust, const char *path, GError **error), GError **error)
{
	for (guint i = 0; paths && i < paths->len; i++)
		if (!add(trust, paths->pdata[i], error))
			return false;
	return true;
}

static bool add_configured(Trust *trust, const GPtrArray *contexts, GError **error)
{
	for (guint i = 0; contexts && i < contexts->len; i++) {
		const Context *context = contexts->pdata[i];
		const char *path = context->service->evidence_key;

		if (path && !add_owner(trust, path, error))
			return false;
	}
	return true;
}

Trust *trust_chosen(const struct arguments *arguments, const GPtrArray *contexts, GError **error)
{
	g_autoptr(Trust) trust = g_new0(Trust, 1);

	trust->keys = g_array_new(FALSE, FALSE, KEY_SIZE);
	trust->owners = g_array_new(FALSE, TRUE, sizeof(struct key_service));
	g_array_set_clear_func(trust->owners, owner_clear);
	if (!add_all(trust, arguments_list(arguments, "key"), add_key, error) ||
	    !add_all(trust, arguments_list(arguments, "endorsed-by"), add_owner, error))
		return NULL;
	if (trust->keys->len + trust->owners->len == 0 && !add_configured(trust, contexts, error))
		return NULL;
	trust->is = (struct evidence_trust){
		.keys = (const uint8_t(*)[KEY_SIZE])trust->keys->data,
		.key_count = trust->keys->len,
		.owners = (const struct key_service *)(void *)trust->owners->data,
		.owner_count = trust->owners->len};
	return g_steal_pointer(&trust);
}

bool trust_required(const Trust *trust, GError **error)
{
	return trust->keys->len + trust->owners->len > 0 ||
	       odr_fail(error, ODR_ERROR_USAGE,
			"by whom is it to be signed? Give --key FILE or --endorsed-by FILE, or set "
			"evidence-key= in the configuration");
}

/* ---- for who verifies elsewhere ------------------------------------------------------------------ */

static void exported_key_free(void *data)
{
	struct evidence_exported_key *key = data;

	g_free(key->name);
	g_free(key);
}

static bool export_key(GPtrArray *keys, const char *name, const char *path, GError **error)
{
	g_autofree struct evidence_exported_key *key = g_new0(struct evidence_exported_key, 1);
	g_autofree char *what = g_strdup_printf("'%s'", path);
	g_autoptr(KeyText) text = NULL;

	if (!file_read_text(path, KEY_TEXT_MAX, &text, error))
		return odr_context(error, "cannot read the key of evidence");
	if (!evidence_public_parse(text, what, key->public_key, error))
		return false;
	key->name = g_strdup(name);
	g_ptr_array_add(keys, g_steal_pointer(&key));
	return true;
}

static bool add_given_keys(const GPtrArray *paths, GPtrArray *keys, GError **error)
{
	for (guint i = 0; i < paths->len; i++) {
		g_autofree char *name =
			i > 0 ? g_strdup_printf("evidence-%u", i + 1) : g_strdup("evidence");

		if (!export_key(keys, name, paths->pdata[i], error))
			return false;
	}
	return true;
}

GPtrArray *trust_exported(const struct arguments *arguments, const GPtrArray *contexts,
			  GError **error)
{
	const GPtrArray *given = arguments_list(arguments, "key");
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(exported_key_free);

	if (given)
		return add_given_keys(given, keys, error) ? g_steal_pointer(&keys) : NULL;
	for (guint i = 0; contexts && i < contexts->len; i++) {
		const struct settings_service *service = ((Context *)contexts->pdata[i])->service;
		g_autofree char *name = contexts->len > 1
						? g_strconcat(service->name, ".evidence", NULL)
						: g_strdup("evidence");

		if (service->evidence_key && !export_key(keys, name, service->evidence_key, error))
			return NULL;
	}
	return g_steal_pointer(&keys);
}
