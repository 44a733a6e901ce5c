/*
 * The role of a task or pod, by the service that its environment names (ECS; EKS Pod Identity). Plain http
 * only to where such a service can be: whoever sets a variable could else send the token elsewhere.
 */
#include "base/error.h"
#include "base/file.h"
#include "crypto/secret.h"
#include "http/url.h"
#include "store/s3_source.h"

#include <string.h>

#define RELATIVE  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL	  "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define SERVICE	  "http://169.254.170.2"
#define TOKEN_MAX ((size_t)64 << 10)

static const char *variable(const char *name)
{
	const char *value = g_getenv(name);

	return value && *value ? value : NULL;
}

/* Amazon's list: ECS, and EKS by either protocol. */
static bool allowed(const HttpUrl *url)
{
	static const char *const hosts[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23",
					    NULL};

	return !url->plain || http_host_is_loopback(url->host) || g_strv_contains(hosts, url->host);
}

static bool service_url(char **text, GError **error)
{
	const char *relative = variable(RELATIVE), *full = variable(FULL);
	g_auto(HttpUrl) url = {0};
	g_autofree char *whole = relative ? g_strconcat(SERVICE, relative, NULL) : g_strdup(full);

	if (!whole)
		return odr_fail(error, ODR_ERROR_AUTH,
				"this is no container with a role: neither " RELATIVE " nor " FULL
				" is set");
	/* Whoever knows the path gets the keys: it is not told. */
	if ((relative && *relative != '/') || !http_url_parse(whole, &url, NULL))
		return odr_fail(error, ODR_ERROR_AUTH, "what %s holds leads nowhere",
				relative ? RELATIVE : FULL);
	if (!allowed(&url))
		return odr_fail(error, ODR_ERROR_AUTH,
				FULL " leads by plain http to '%s', which is neither this host nor "
				     "an address of such a service",
				url.host);
	*text = g_steal_pointer(&whole);
	return true;
}

/* The value of Authorization, or NULL where none is asked for. */
static bool read_token(char **token, GError **error)
{
	const char *file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *value = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");

	*token = NULL;
	if (file && !file_read_text(file, TOKEN_MAX, token, error))
		return false;
	if (!file)
		*token = g_strdup(value);
	if (!*token || (*g_strstrip(*token) && s3_source_line(*token)))
		return true;
	secret_wipe(*token, strlen(*token));
	return odr_fail(error, ODR_ERROR_AUTH, "the container's authorization token is no line");
}

static bool read_container(const struct s3_source_settings *settings, struct s3_keys *keys,
			   usec_t *given_at, GError **error)
{
	g_auto(S3SourceReply) reply = {0};
	g_autofree char *url = NULL, *token = NULL;
	bool done;

	if (!service_url(&url, error) || !read_token(&token, error))
		return false;
	done = s3_source_ask(
		&(struct s3_source_request){
			.method = "GET",
			.url = url,
			.header = {token ? "Authorization" : NULL, token},
			.ca_file = settings->ca_file,
			.plain = g_str_has_prefix(url, "http://"),
			.link = true,
		},
		&reply, error);
	secret_wipe(token, token ? strlen(token) : 0);
	*given_at = reply.date;
	return done &&
	       s3_keys_parse_json(S3_KEYS_OF_CONTAINER, reply.text, reply.size, keys, error);
}

const struct s3_source s3_source_container = {
	.name = "container", .what = "the role of this container", .read = read_container};
