/* What the settings of an s3 repository mean. No request is sent. */
#include "base/error.h"
#include "base/pool.h"
#include "http/url.h"
#include "store/s3.h"
#include "store/s3_sign.h"

#include <string.h>

#define REGION	      "us-east-1"
#define SILENT_WITHIN (60 * USEC_PER_SEC)

static bool name_of(const char *text, const char *also, size_t minimum, size_t maximum)
{
	size_t length = strlen(text);

	for (const char *at = text; *at; at++)
		if (!g_ascii_isalnum(*at) && !strchr(also, *at))
			return false;
	return length >= minimum && length <= maximum;
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

static bool open_endpoint(struct s3_store *self, const struct store_settings *settings,
			  GError **error)
{
	g_autofree char *amazon = g_strdup_printf("https://s3.%s.amazonaws.com", self->region);
	const char *endpoint = settings->endpoint ? settings->endpoint : amazon;
	bool host_style = settings->host_style || !settings->endpoint;
	g_auto(HttpUrl) url = {0};

	if (!check_endpoint(settings, endpoint, &url, error))
		return false;
	/* No certificate covers a name with more dots than its wildcard. */
	if (strchr(self->bucket, '.') && !settings->host_style)
		host_style = false;
	self->plain = url.plain;
	self->host = host_style ? g_strconcat(self->bucket, ".", url.authority, NULL)
				: g_strdup(url.authority);
	self->base = g_strconcat(self->plain ? "http://" : "https://", self->host, NULL);
	self->folder = host_style ? g_strdup("") : g_strconcat("/", self->bucket, NULL);
	self->amazon = g_str_has_suffix(url.host, ".amazonaws.com") ||
		       g_str_has_suffix(url.host, ".amazonaws.com.cn");
	self->store.description = g_strdup_printf("s3 bucket %s%s%s at %s://%s", self->bucket,
						  *self->prefix ? "/" : "", self->prefix,
						  self->plain ? "http" : "https", url.authority);
	return true;
}

static bool open_credentials(struct s3_store *self, const struct store_settings *settings,
			     GError **error)
{
	self->credentials = s3_credentials_new(
		&(struct s3_source_settings){
			.repository = settings->name,
			.file = settings->credentials,
			.process = settings->credential_process,
			.from = settings->credentials_from,
			.endpoint = settings->credentials_endpoint,
			.role = settings->role_arn,
			.token_file = settings->token_file,
			.region = self->region,
			.ca_file = self->ca_file,
			.amazon = self->amazon,
			.plain_http = settings->plain_http,
		},
		error);
	return self->credentials != NULL;
}

static char *clean_prefix(const char *prefix)
{
	g_autofree char *clean = g_strdup(prefix ? prefix : "");

	while (g_str_has_suffix(clean, "/"))
		clean[strlen(clean) - 1] = '\0';
	return *clean ? g_strconcat(clean, "/", NULL) : g_strdup("");
}

static bool check_names(const struct s3_store *self, const struct store_settings *settings,
			GError **error)
{
	g_autofree char *prefix =
		g_strndup(self->prefix, strlen(self->prefix) - (*self->prefix ? 1 : 0));

	if (!name_of(self->bucket, ".-_", 3, 63))
		return odr_fail(error, ODR_ERROR_USAGE, "bucket= cannot be '%s'", self->bucket);
	if (*prefix && !store_name_valid(prefix))
		return odr_fail(error, ODR_ERROR_USAGE,
				"prefix= has folders of A-Z a-z 0-9 . _ - with '/' between: '%s'",
				prefix);
	if (!name_of(self->region, "-", 1, 63))
		return odr_fail(error, ODR_ERROR_USAGE, "region= cannot be '%s'", self->region);
	return true;
}

bool s3_open_settings(struct s3_store *self, const struct store_settings *settings, GError **error)
{
	if (!settings->bucket)
		return odr_fail(error, ODR_ERROR_USAGE, "it needs bucket=");
	self->store.name = g_strdup(settings->name);
	self->bucket = g_strdup(settings->bucket);
	self->region = g_strdup(settings->region ? settings->region : REGION);
	self->prefix = clean_prefix(settings->prefix);
	self->ca_file = g_strdup(settings->ca_file);
	self->lock = settings->lock;
	self->md5 = settings->md5;
	self->retry_for = settings->retry_for;
	self->silent_within = settings->silent_within ? settings->silent_within : SILENT_WITHIN;
	self->mutex = mutex_new();
	return check_names(self, settings, error) && open_endpoint(self, settings, error) &&
	       open_credentials(self, settings, error);
}
