/*
 * A pod's own identity: the cluster signs a token, and STS gives keys of a role for it
 * (AssumeRoleWithWebIdentity; on EKS "IAM roles for service accounts"). The token is replaced while the
 * pod lives: it is read each time.
 */
#include "base/error.h"
#include "base/file.h"
#include "crypto/secret.h"
#include "http/url.h"
#include "store/s3_sign.h"
#include "store/s3_source.h"

#include <string.h>

#define TOKEN_MAX ((size_t)64 << 10)
#define SESSION	  "odrbackup"

/* That of the region: the global one is in one place, and not in every network. */
static char *service_url(const struct s3_source_settings *settings)
{
	if (settings->endpoint)
		return g_strdup(settings->endpoint);
	return g_strdup_printf("https://sts.%s.amazonaws.com%s", settings->region,
			       g_str_has_prefix(settings->region, "cn-") ? ".cn" : "");
}

static bool check_web_identity(const struct s3_source_settings *settings, GError **error)
{
	g_auto(HttpUrl) url = {0};
	g_autofree char *text = NULL;

	if (!settings->endpoint && !settings->amazon)
		return odr_fail(error, ODR_ERROR_USAGE,
				"credentials-from=web-identity needs credentials-endpoint=, the "
				"STS of this store; with Ceph that is its endpoint itself");
	text = service_url(settings);
	if (!http_url_parse(text, &url, error))
		return odr_context(error, "credentials-endpoint");
	if (url.plain && !settings->plain_http && !http_host_is_loopback(url.host))
		return odr_fail(error, ODR_ERROR_USAGE,
				"credentials-endpoint= is plain http: anyone on the way could take "
				"the keys; write https://, or set plain-http=yes where the network "
				"is guarded otherwise");
	return true;
}

/* A setting, or what the environment of the pod has for it. */
static bool named(const char *setting, const char *variable, const char *key, const char **value,
		  GError **error)
{
	*value = setting ? setting : g_getenv(variable);
	if (*value && **value)
		return true;
	return odr_fail(error, ODR_ERROR_AUTH,
			"there is no web identity: neither %s= is set nor %s in the environment",
			key, variable);
}

static bool read_token(const char *path, char **token, GError **error)
{
	if (!file_read_text(path, TOKEN_MAX, token, error))
		return false;
	g_strstrip(*token);
	if (**token && s3_source_line(*token))
		return true;
	secret_wipe(*token, strlen(*token));
	return odr_fail(error, ODR_ERROR_AUTH, "'%s' holds no token", path);
}

static char *request_body(const char *role, const char *token)
{
	const char *name = g_getenv("AWS_ROLE_SESSION_NAME");
	g_autofree char *role_value = s3_encode_value(role);
	g_autofree char *session = s3_encode_value(name && *name ? name : SESSION);
	g_autofree char *token_value = s3_encode_value(token);
	char *body = g_strdup_printf("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn="
				     "%s&RoleSessionName=%s&WebIdentityToken=%s",
				     role_value, session, token_value);

	secret_wipe(token_value, strlen(token_value));
	return body;
}

static bool assume_role(const struct s3_source_settings *settings, const char *body,
			S3SourceReply *reply, GError **error)
{
	g_autofree char *url = service_url(settings);
	const struct s3_source_request request = {
		.method = "POST",
		.url = url,
		.header = {"Content-Type", "application/x-www-form-urlencoded"},
		.body = body,
		.ca_file = settings->ca_file,
		.proxy = settings->proxy,
		.plain = g_str_has_prefix(url, "http://"),
	};

	return s3_source_ask(&request, reply, error);
}

static bool read_web_identity(const struct s3_source_settings *settings, struct s3_keys *keys,
			      usec_t *given_at, GError **error)
{
	g_auto(S3SourceReply) reply = {0};
	g_autofree char *token = NULL, *body = NULL;
	const char *role, *file;
	bool done;

	if (!named(settings->role, "AWS_ROLE_ARN", "role-arn", &role, error) ||
	    !named(settings->token_file, "AWS_WEB_IDENTITY_TOKEN_FILE", "token-file", &file,
		   error) ||
	    !read_token(file, &token, error))
		return false;
	body = request_body(role, token);
	secret_wipe(token, strlen(token));
	done = assume_role(settings, body, &reply, error) &&
	       s3_keys_parse_session(reply.text, reply.size, keys, error);
	secret_wipe(body, strlen(body));
	*given_at = reply.date;
	return done || odr_context(error, "no keys of role %s for the token of '%s'", role, file);
}

const struct s3_source s3_source_web_identity = {.name = "web-identity",
						 .what = "the role of this pod's web identity",
						 .check = check_web_identity,
						 .read = read_web_identity};
