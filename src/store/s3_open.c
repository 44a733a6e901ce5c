/* What the settings of an s3 repository mean. No request is sent. */
#include "base/error.h"
#include "base/pool.h"
#include "store/s3.h"
#include "store/s3_sign.h"

#include <string.h>

#define REGION	      "us-east-1"
#define RETRY_FOR     (5 * USEC_PER_MIN)
#define SILENT_WITHIN (60 * USEC_PER_SEC)

static bool name_of(const char *text, const char *also, size_t minimum, size_t maximum)
{
	size_t length = strlen(text);

	for (const char *at = text; *at; at++)
		if (!g_ascii_isalnum(*at) && !strchr(also, *at))
			return false;
	return length >= minimum && length <= maximum;
}

static bool loopback(const char *authority)
{
	return g_str_has_prefix(authority, "127.") || g_str_has_prefix(authority, "[::1]") ||
	       strcmp(authority, "localhost") == 0 || g_str_has_prefix(authority, "localhost:");
}

/* Host carries the port unless it is the scheme's own: exactly as it goes over the wire. */
static char *host_header(const char *authority, bool plain)
{
	const char *usual = plain ? ":80" : ":443";
	g_autofree char *lower = g_ascii_strdown(authority, -1);

	if (g_str_has_suffix(lower, usual))
		lower[strlen(lower) - strlen(usual)] = '\0';
	return g_steal_pointer(&lower);
}

static bool check_endpoint(const struct store_settings *settings, const char *endpoint,
			   const char **authority, bool *plain, GError **error)
{
	*plain = g_str_has_prefix(endpoint, "http://");
	if (!*plain && !g_str_has_prefix(endpoint, "https://"))
		return odr_fail(error, ODR_ERROR_USAGE,
				"endpoint= is https://HOST or https://HOST:PORT, not '%s'",
				endpoint);
	*authority = strstr(endpoint, "://") + strlen("://");
	if (!name_of(*authority, ".-:[]", 1, 255))
		return odr_fail(error, ODR_ERROR_USAGE,
				"endpoint= has no path, user or blanks behind the host: '%s'",
				endpoint);
	if (*plain && !settings->plain_http && !loopback(*authority))
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
	g_autofree char *endpoint = g_strdup(settings->endpoint ? settings->endpoint : amazon);
	bool host_style = settings->host_style || !settings->endpoint;
	const char *authority = NULL;

	while (g_str_has_suffix(endpoint, "/"))
		endpoint[strlen(endpoint) - 1] = '\0';
	if (!check_endpoint(settings, endpoint, &authority, &self->plain, error))
		return false;
	/* No certificate covers a name with more dots than its wildcard. */
	if (strchr(self->bucket, '.') && !settings->host_style)
		host_style = false;

	g_autofree char *full =
		host_style ? g_strconcat(self->bucket, ".", authority, NULL) : g_strdup(authority);

	self->host = host_header(full, self->plain);
	self->base = g_strconcat(self->plain ? "http://" : "https://", self->host, NULL);
	self->folder = host_style ? g_strdup("") : g_strconcat("/", self->bucket, NULL);
	self->store.description = g_strdup_printf("s3 bucket %s%s%s at %s", self->bucket,
						  *self->prefix ? "/" : "", self->prefix, endpoint);
	return true;
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
	if (!settings->credentials == !settings->credential_process)
		return odr_fail(error, ODR_ERROR_USAGE,
				"it needs credentials= or credential-process=, and not both");
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
	self->retry_for = settings->retry_for ? settings->retry_for : RETRY_FOR;
	self->silent_within = settings->silent_within ? settings->silent_within : SILENT_WITHIN;
	self->credentials = s3_credentials_new(settings->credentials, settings->credential_process);
	self->mutex = mutex_new();
	return check_names(self, settings, error) && open_endpoint(self, settings, error);
}
