/* What the settings of an s3 repository mean. No request is sent. */
#include "base/error.h"
#include "base/pool.h"
#include "http/url.h"
#include "store/s3.h"
#include "store/s3_place.h"

#include <string.h>

#define SILENT_WITHIN (60 * USEC_PER_SEC)

static void take_place(struct s3_store *self, S3Place *place)
{
	self->store.description = s3_place_describe(place, "s3");
	self->host = place->host_style ? g_strconcat(place->bucket, ".", place->authority, NULL)
				       : g_strdup(place->authority);
	self->base = g_strconcat(place->plain ? "http://" : "https://", self->host, NULL);
	self->folder = place->host_style ? g_strdup("") : g_strconcat("/", place->bucket, NULL);
	self->plain = place->plain;
	self->store.distrust = place->open ? &s3_place_distrust : NULL;
	self->bucket = g_steal_pointer(&place->bucket);
	self->region = g_steal_pointer(&place->region);
	self->prefix = g_steal_pointer(&place->prefix);
}

static bool take_proxy(struct s3_store *self, const char *proxy, GError **error)
{
	bool none = g_strcmp0(proxy, "none") == 0;
	g_auto(HttpUrl) url = {0};

	if (proxy && !none && !http_url_parse(proxy, &url, error))
		return odr_context(error, "proxy");
	if (url.path && *url.path && strcmp(url.path, "/") != 0)
		return odr_fail(error, ODR_ERROR_USAGE, "proxy= has no path behind the host: '%s'",
				proxy);
	self->proxy = none ? g_strdup("") : g_strdup(proxy);
	return true;
}

static bool take_credentials(struct s3_store *self, const struct store_settings *settings,
			     bool amazon, GError **error)
{
	struct s3_source_settings source = s3_source_settings_of(settings, self->region, amazon);

	source.ca_file = self->ca_file;
	source.proxy = self->proxy;
	self->credentials = s3_credentials_new(&source, error);
	return self->credentials != NULL;
}

bool s3_open_settings(struct s3_store *self, const struct store_settings *settings, GError **error)
{
	g_auto(S3Place) place = {0};

	if (!s3_place_of(settings, &place, error))
		return false;
	take_place(self, &place);
	self->store.name = g_strdup(settings->name);
	self->ca_file = g_strdup(settings->ca_file);
	self->lock = settings->lock;
	self->md5 = settings->md5;
	self->budget.retry_for = settings->retry_for;
	self->silent_within = settings->silent_within ? settings->silent_within : SILENT_WITHIN;
	self->up = pace_new(settings->bandwidth_up);
	self->down = pace_new(settings->bandwidth_down);
	self->mutex = mutex_new();
	return take_proxy(self, settings->proxy, error) &&
	       take_credentials(self, settings, place.amazon, error);
}
