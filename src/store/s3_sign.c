#include "store/s3_sign.h"

#include "base/bytes.h"
#include "crypto/digest.h"
#include "crypto/secret.h"

#include <string.h>

#define ALGORITHM "AWS4-HMAC-SHA256"

static char *encode(const char *text, const char *also)
{
	GString *encoded = g_string_sized_new(strlen(text));

	for (const char *at = text; *at; at++) {
		if (g_ascii_isalnum(*at) || strchr("-_.~", *at) || strchr(also, *at))
			g_string_append_c(encoded, *at);
		else
			g_string_append_printf(encoded, "%%%02X", (unsigned char)*at);
	}
	return g_string_free(encoded, FALSE);
}

char *s3_encode_path(const char *path)
{
	return encode(path, "/");
}

char *s3_encode_value(const char *value)
{
	return encode(value, "");
}

static char *hex_sha256(const char *text)
{
	uint8_t digest[SHA256_SIZE];

	sha256(text, strlen(text), digest);
	return hex_encode(digest, sizeof(digest));
}

static char *signed_names(const struct s3_signing *signing)
{
	GString *names = g_string_new(NULL);

	for (size_t i = 0; i < signing->header_count; i++)
		g_string_append_printf(names, "%s%s", i ? ";" : "", signing->headers[i].name);
	return g_string_free(names, FALSE);
}

static char *canonical_request(const struct s3_signing *signing, const char *names)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "%s\n%s\n%s\n", signing->method, signing->path,
			       signing->query);
	for (size_t i = 0; i < signing->header_count; i++)
		g_string_append_printf(text, "%s:%s\n", signing->headers[i].name,
				       signing->headers[i].value);
	g_string_append_printf(text, "\n%s\n%s", names, signing->payload);
	return g_string_free(text, FALSE);
}

static void hmac_step(uint8_t key[SHA256_SIZE], const char *text)
{
	uint8_t next[SHA256_SIZE];

	hmac_sha256(key, SHA256_SIZE, text, strlen(text), next);
	memcpy(key, next, SHA256_SIZE);
	secret_wipe(next, sizeof(next));
}

static char *signature(const struct s3_signing *signing, const char *day, const char *text)
{
	g_autofree char *seed = g_strconcat("AWS4", signing->secret, NULL);
	uint8_t key[SHA256_SIZE];
	char *hex;

	hmac_sha256(seed, strlen(seed), day, strlen(day), key);
	hmac_step(key, signing->region);
	hmac_step(key, "s3");
	hmac_step(key, "aws4_request");
	hmac_step(key, text);
	hex = hex_encode(key, sizeof(key));
	secret_wipe(seed, strlen(seed));
	secret_wipe(key, sizeof(key));
	return hex;
}

char *s3_sign(const struct s3_signing *signing)
{
	g_autofree char *time = clock_format_compact(signing->time);
	g_autofree char *day = g_strndup(time, strlen("YYYYMMDD"));
	g_autofree char *scope = g_strdup_printf("%s/%s/s3/aws4_request", day, signing->region);
	g_autofree char *names = signed_names(signing);
	g_autofree char *request = canonical_request(signing, names);
	g_autofree char *digest = hex_sha256(request);
	g_autofree char *text = g_strdup_printf(ALGORITHM "\n%s\n%s\n%s", time, scope, digest);
	g_autofree char *proof = signature(signing, day, text);

	return g_strdup_printf(ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s",
			       signing->access, scope, names, proof);
}
