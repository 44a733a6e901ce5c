/* Certificates: whom they are for, and how long they last. */
#include "collect/collector.h"

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/certificate.h"

#include <string.h>

#define WARN_BEFORE (30 * USEC_PER_DAY)

static const char *const usual_paths[] = {
	"/etc/letsencrypt/live/*/fullchain.pem",
	"/etc/letsencrypt/live/*/cert.pem",
	"/etc/traefik/**/acme.json",
	"/var/lib/traefik/acme.json",
	"/etc/traefik/certs/*",
	"/etc/nginx/ssl/*",
	"/etc/nginx/certs/*",
	"/etc/haproxy/certs/*",
	"/etc/haproxy/*.pem",
	"/etc/ssl/odoo/*",
	"/etc/postgresql/*/*/*.crt",
	"/var/lib/postgresql/*/*/*.crt",
	NULL,
};

struct certificates {
	struct collection *collection;
	json_t *rows;
	unsigned found;
};

/* ---- the key that belongs to one ------------------------------------------------------------- */

/* The places where a key lies beside a certificate: "fullchain.pem" → "privkey.pem", "x.crt" → "x.key". */
static GPtrArray *key_places(const char *path)
{
	GPtrArray *places = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *stem = g_strdup(path);
	char *dot = strrchr(stem, '.');

	g_ptr_array_add(places, g_strdup(path));
	if (dot && dot > strrchr(stem, '/'))
		*dot = '\0';
	g_ptr_array_add(places, g_strconcat(stem, ".key", NULL));
	g_ptr_array_add(places, g_strconcat(path, ".key", NULL));
	g_ptr_array_add(places, g_build_filename(folder, "privkey.pem", NULL));
	g_ptr_array_add(places, g_build_filename(folder, "key.pem", NULL));
	return places;
}

/* "present", "another" (one is there, and does not fit), "unreadable", "absent" */
static const char *key_state(const struct collection *collection, const char *path,
			     const struct certificate *certificate)
{
	g_autoptr(GPtrArray) places = key_places(path);
	const char *state = "absent";

	for (guint i = 0; i < places->len; i++) {
		g_autofree char *text = NULL;
		uint8_t digest[SHA256_SIZE];

		if (!collection_path_exists(collection, places->pdata[i]))
			continue;
		if (!collection_read(collection, places->pdata[i], &text, NULL)) {
			state = "unreadable";
			continue;
		}
		if (!strstr(text, "PRIVATE KEY-----"))
			continue;
		if (certificate_key_digest(text, strlen(text), digest) &&
		    memcmp(digest, certificate->key_sha256, sizeof(digest)) == 0)
			return "present";
		state = "another";
	}
	return state;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void note_end(const struct certificates *certificates, const char *name,
		     const struct certificate *certificate)
{
	usec_t left = certificate->not_after - clock_now();
	g_autofree char *time = clock_format(certificate->not_after);

	if (left < 0)
		collection_note(certificates->collection, "the certificate %s ended at %s", name,
				time);
	else if (left < WARN_BEFORE)
		collection_note(certificates->collection, "the certificate %s ends at %s", name,
				time);
}

static void add_row(struct certificates *certificates, const char *name, const char *key,
		    const struct certificate *certificate)
{
	g_autofree char *fingerprint = hex_encode(certificate->sha256, SHA256_SIZE);
	json_t *row = table_row(certificates->rows, name);

	json_set_string(row, "subject", certificate->subject);
	json_set_string(row, "names", certificate->names);
	json_set_string(row, "issuer", certificate->issuer);
	json_set_string(row, "serial", certificate->serial);
	json_set_time(row, "not_before", certificate->not_before);
	json_set_time(row, "not_after", certificate->not_after);
	json_set_string(row, "sha256", fingerprint);
	json_set_bool(row, "authority", certificate->authority);
	json_set_string(row, "key", key);
	certificates->found++;
	note_end(certificates, name, certificate);
}

/* The first has a key; what follows are authorities that sign it. */
static void add_chain(struct certificates *certificates, const char *path, const char *text)
{
	unsigned damaged;
	g_autoptr(GPtrArray) chain = certificates_parse(text, strlen(text), &damaged);

	for (guint i = 0; i < chain->len; i++) {
		const struct certificate *certificate = chain->pdata[i];
		g_autofree char *name = i ? g_strdup_printf("%s#%u", path, i + 1) : g_strdup(path);
		const char *key = i ? NULL : key_state(certificates->collection, path, certificate);

		add_row(certificates, name, key, certificate);
	}
	if (damaged > 0)
		collection_note(certificates->collection, "'%s' has a damaged certificate", path);
}

/* ---- Traefik --------------------------------------------------------------------------------- */

/* {"resolver": {"Certificates": [{"domain": {"main": …}, "certificate": base64, "key": base64}]}} */
static void add_acme_entry(struct certificates *certificates, const char *path, json_t *entry)
{
	const char *encoded = json_string_value(json_object_get(entry, "certificate"));
	const char *key = json_string_value(json_object_get(entry, "key"));
	const char *domain =
		json_string_value(json_object_get(json_object_get(entry, "domain"), "main"));
	gsize size;

	if (!encoded)
		return;
	g_autofree guchar *text = g_base64_decode(encoded, &size);
	g_autofree char *name = g_strdup_printf("%s#%s", path, domain ? domain : "?");
	g_autoptr(GPtrArray) chain = certificates_parse((const char *)text, size, NULL);

	if (chain->len > 0)
		add_row(certificates, name, key && key[0] ? "present" : "absent", chain->pdata[0]);
}

static void add_acme(struct certificates *certificates, const char *path, const char *text)
{
	g_autoptr(JsonValue) document = NULL;
	const char *resolver;
	json_t *value, *entry;
	size_t i;

	if (!json_parse(text, strlen(text), path, &document, NULL)) {
		collection_note(certificates->collection, "'%s' is not the JSON of Traefik", path);
		return;
	}
	json_object_foreach(document, resolver, value)
	{
		json_array_foreach(json_object_get(value, "Certificates"), i, entry)
			add_acme_entry(certificates, path, entry);
	}
}

/* ---- all ------------------------------------------------------------------------------------- */

static bool take_file(struct certificates *certificates, const char *path, GError **error)
{
	struct collection *collection = certificates->collection;
	g_autoptr(GError) trouble = NULL;
	g_autofree char *text = NULL;
	unsigned before = certificates->found;

	/* Certificates are text; what is not is none. */
	if (!collection_read(collection, path, &text, &trouble)) {
		if (odr_error_is(trouble, ODR_ERROR_AUTH))
			collection_note(collection, "%s", trouble->message);
		return true;
	}
	if (g_str_has_suffix(path, ".json")) {
		add_acme(certificates, path, text);
		return true;
	}
	add_chain(certificates, path, text);
	/* The file itself, a key in it masked. */
	return certificates->found == before || collection_file(collection, path, NULL, error);
}

static bool take_files(struct certificates *certificates, GError **error)
{
	struct collection *collection = certificates->collection;
	const char *const *patterns = collection->settings->paths;

	for (patterns = patterns ? patterns : usual_paths; *patterns; patterns++) {
		g_autoptr(GPtrArray) paths = collection_match(collection, *patterns, NULL);

		if (paths->len == 0 && collection->settings->paths)
			return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is nothing in '%s'",
					*patterns);
		for (guint i = 0; i < paths->len; i++)
			if (!take_file(certificates, paths->pdata[i], error))
				return false;
	}
	return true;
}

bool certificates_collect(struct collection *collection, GError **error)
{
	struct certificates certificates = {.collection = collection, .rows = json_object()};
	bool done = take_files(&certificates, error);

	if (done && certificates.found == 0)
		collection_absent(collection, "there are no certificates in the usual places");
	else if (done)
		done = collection_table(
			collection,
			&(struct collection_item){
				.path = "certificates.json",
				.source = "the files themselves",
				.hint = "they must still be valid when the restored host answers"},
			json_incref(certificates.rows), error);
	json_decref(certificates.rows);
	return done;
}
