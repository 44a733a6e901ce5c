#include "store/s3_place.h"

#include "base/error.h"
#include "http/url.h"

#include <string.h>

#define REGION "us-east-1"

static bool name_of(const char *text, const char *also, size_t minimum, size_t maximum)
{
	size_t length = strlen(text);

	for (const char *at = text; *at; at++)
		if (!g_ascii_isalnum(*at) && !strchr(also, *at))
			return false;
	return length >= minimum && length <= maximum;
}

static char *clean_prefix(const char *prefix)
{
	g_autofree char *clean = g_strdup(prefix ? prefix : "");

	while (g_str_has_suffix(clean, "/"))
		clean[strlen(clean) - 1] = '\0';
	return *clean ? g_strconcat(clean, "/", NULL) : g_strdup("");
}

static bool check_names(const S3Place *place, GError **error)
{
	g_autofree char *prefix =
		g_strndup(place->prefix, strlen(place->prefix) - (*place->prefix ? 1 : 0));

	if (!name_of(place->bucket, ".-_", 3, 63))
		return odr_fail(error, ODR_ERROR_USAGE, "bucket= cannot be '%s'", place->bucket);
	if (*prefix && !store_name_valid(prefix))
		return odr_fail(error, ODR_ERROR_USAGE,
				"prefix= has folders of A-Z a-z 0-9 . _ - with '/' between: '%s'",
				prefix);
	if (!name_of(place->region, "-", 1, 63))
		return odr_fail(error, ODR_ERROR_USAGE, "region= cannot be '%s'", place->region);
	return true;
}

static bool check_endpoint(const struct store_settings *settings, const char *endpoint,
			   HttpUrl *url, GError **error)
{
	if (!http_url_parse(endpoint, url, error))
		return odr_context(error, "endpoint");
	if (*url->path && strcmp(url->path, "/") != 0)
		return odr_fail(error, ODR_ERROR_USAGE,
				"endpoint= has no path behind the host: '%s'", endpoint);
	if (url->plain && !settings->plain_http && !http_host_is_loopback(url->host))
		return odr_fail(error, ODR_ERROR_USAGE,
				"endpoint= is plain http: anyone on the way could change what is "
				"stored; write https://, or set plain-http=yes where the network "
				"is guarded otherwise");
	return true;
}

static bool take_endpoint(S3Place *place, const struct store_settings *settings, GError **error)
{
	g_autofree char *amazon = g_strdup_printf("https://s3.%s.amazonaws.com", place->region);
	g_auto(HttpUrl) url = {0};

	if (!check_endpoint(settings, settings->endpoint ? settings->endpoint : amazon, &url,
			    error))
		return false;
	/* No certificate covers a name with more dots than its wildcard. */
	place->host_style =
		settings->host_style || (!settings->endpoint && !strchr(place->bucket, '.'));
	place->plain = url.plain;
	place->loopback = http_host_is_loopback(url.host);
	place->open = place->plain && !place->loopback && !settings->plain_trusted;
	place->amazon = g_str_has_suffix(url.host, ".amazonaws.com") ||
			g_str_has_suffix(url.host, ".amazonaws.com.cn");
	place->authority = g_steal_pointer(&url.authority);
	return true;
}

bool s3_place_of(const struct store_settings *settings, S3Place *place, GError **error)
{
	g_auto(S3Place) found = {
		.bucket = g_strdup(settings->bucket),
		.region = g_strdup(settings->region ? settings->region : REGION),
		.prefix = clean_prefix(settings->prefix),
	};

	if (!settings->bucket)
		return odr_fail(error, ODR_ERROR_USAGE, "it needs bucket=");
	if (!check_names(&found, error) || !take_endpoint(&found, settings, error))
		return false;
	*place = found;
	found = (S3Place){0};
	return true;
}

const struct store_distrust s3_place_distrust = {
	.why = "the way there is plain http",
	.advice =
		"write https:// in endpoint=, or set plain-http=trusted where nobody else can be on "
		"that way",
};

void s3_place_clear(S3Place *place)
{
	g_free(place->bucket);
	g_free(place->region);
	g_free(place->prefix);
	g_free(place->authority);
	*place = (S3Place){0};
}

char *s3_place_describe(const S3Place *place, const char *type)
{
	return g_strdup_printf("%s bucket %s%s%s at %s://%s", type, place->bucket,
			       *place->prefix ? "/" : "", place->prefix,
			       place->plain ? "http" : "https", place->authority);
}
