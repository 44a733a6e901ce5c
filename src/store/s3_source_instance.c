/*
 * The role of an EC2 instance, by version 2 of its metadata service: a session token first, by PUT, which
 * no proxy or tricked client passes on. Version 1 would answer a plain GET: it is never used.
 */
#include "base/error.h"
#include "http/url.h"
#include "store/s3_sign.h"
#include "store/s3_source.h"

#include <string.h>

#define SERVICE "http://169.254.169.254"
#define ROLES	"/latest/meta-data/iam/security-credentials/"

static const char *service_of(const struct s3_source_settings *settings)
{
	return settings->endpoint ? settings->endpoint : SERVICE;
}

static bool check_instance(const struct s3_source_settings *settings, GError **error)
{
	g_auto(HttpUrl) url = {0};

	if (!http_url_parse(service_of(settings), &url, error))
		return odr_context(error, "credentials-endpoint");
	if (*url.path && strcmp(url.path, "/") != 0)
		return odr_fail(error, ODR_ERROR_USAGE,
				"credentials-endpoint= has no path behind the host: '%s'",
				service_of(settings));
	if (url.plain && !s3_source_on_link(url.host))
		return odr_fail(error, ODR_ERROR_USAGE,
				"credentials-endpoint= is plain http, and '%s' is neither this "
				"host nor on its link: anyone on the way could take the keys",
				url.host);
	return true;
}

static bool ask(const struct s3_source_settings *settings, const char *method, const char *path,
		struct http_header header, S3SourceReply *reply, GError **error)
{
	g_autofree char *service = g_strdup(service_of(settings));
	g_autofree char *url = NULL;

	if (g_str_has_suffix(service, "/"))
		service[strlen(service) - 1] = '\0';
	url = g_strconcat(service, path, NULL);
	return s3_source_ask(
		&(struct s3_source_request){
			.method = method,
			.url = url,
			.header = header,
			.body = strcmp(method, "PUT") == 0 ? "" : NULL,
			.ca_file = settings->ca_file,
			.plain = g_str_has_prefix(url, "http://"),
			.link = true,
		},
		reply, error);
}

/* What it means that there is no token; status 0: nobody answered. */
static const char *trouble_of(unsigned status)
{
	if (status == 404 || status == 405)
		return "this metadata service has no version 2, and version 1 is not used";
	if (status == 403)
		return "the metadata service of this instance is switched off";
	return status ? "the metadata service gives no token"
		      : "no metadata service answers (from within a container, the instance's hop "
			"limit has to be 2)";
}

static bool ask_token(const struct s3_source_settings *settings, S3SourceReply *token,
		      GError **error)
{
	const struct http_header lifetime = {"X-aws-ec2-metadata-token-ttl-seconds", "300"};

	if (!ask(settings, "PUT", "/latest/api/token", lifetime, token, error))
		return odr_context(error, "%s", trouble_of(token->status));
	if (token->size > 0 && s3_source_line(token->text))
		return true;
	return odr_fail(error, ODR_ERROR_AUTH,
			"the metadata service gives something else for a "
			"token");
}

/* The first line; an instance has one role. */
static bool ask_role(const struct s3_source_settings *settings, struct http_header token,
		     char **role, GError **error)
{
	g_auto(S3SourceReply) reply = {0};
	size_t length;

	if (!ask(settings, "GET", ROLES, token, &reply, error))
		return reply.status == 404 ? odr_context(error, "this instance has no role")
					   : false;
	length = strcspn(reply.text, "\r\n");
	if (length == 0 || length > 64 ||
	    length != strspn(reply.text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "+=,.@_-"))
		return odr_fail(error, ODR_ERROR_AUTH,
				"the metadata service names no role of this instance");
	*role = g_strndup(reply.text, length);
	return true;
}

static bool read_instance(const struct s3_source_settings *settings, struct s3_keys *keys,
			  usec_t *given_at, GError **error)
{
	g_auto(S3SourceReply) token = {0}, reply = {0};
	struct http_header header = {"X-aws-ec2-metadata-token", NULL};
	g_autofree char *role = NULL, *encoded = NULL, *path = NULL;

	if (!ask_token(settings, &token, error))
		return false;
	header.value = token.text;
	if (!ask_role(settings, header, &role, error))
		return false;
	encoded = s3_encode_value(role);
	path = g_strconcat(ROLES, encoded, NULL);
	if (!ask(settings, "GET", path, header, &reply, error))
		return false;
	*given_at = reply.date;
	return s3_keys_parse_json(S3_KEYS_OF_INSTANCE, reply.text, reply.size, keys, error);
}

const struct s3_source s3_source_instance = {.name = "instance",
					     .what = "the role of this instance",
					     .check = check_instance,
					     .read = read_instance};
