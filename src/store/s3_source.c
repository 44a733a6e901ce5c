#include "store/s3_source.h"

#include "base/error.h"
#include "crypto/secret.h"
#include "http/url.h"
#include "store/s3_reply.h"

#include <arpa/inet.h>
#include <string.h>

#define REPLY_MAX	    ((size_t)64 << 10)
#define LINK_CONNECT_WITHIN (2 * USEC_PER_SEC)
#define SILENT_WITHIN	    (10 * USEC_PER_SEC)

static const struct s3_source *const sources[] = {
	&s3_source_file,     &s3_source_process,   &s3_source_web_identity,
	&s3_source_instance, &s3_source_container,
};

struct s3_source_settings s3_source_settings_of(const struct store_settings *settings,
						const char *region, bool amazon)
{
	return (struct s3_source_settings){
		.repository = settings->name,
		.file = settings->credentials,
		.process = settings->credential_process,
		.from = settings->credentials_from,
		.endpoint = settings->credentials_endpoint,
		.role = settings->role_arn,
		.token_file = settings->token_file,
		.region = region,
		.amazon = amazon,
		.plain_http = settings->plain_http,
	};
}

const struct s3_source *s3_source_of(const struct s3_source_settings *settings, GError **error)
{
	const char *name = settings->file      ? s3_source_file.name
			   : settings->process ? s3_source_process.name
					       : settings->from;

	if (!settings->file + !settings->process + !settings->from != 2) {
		odr_fail(error, ODR_ERROR_USAGE,
			 "it needs one of credentials=, credential-process= and credentials-from=, "
			 "and no other");
		return NULL;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
		if (strcmp(sources[i]->name, name) != 0)
			continue;
		return !sources[i]->check || sources[i]->check(settings, error) ? sources[i] : NULL;
	}
	odr_fail(error, ODR_ERROR_USAGE, "credentials-from= cannot be '%s'", name);
	return NULL;
}

bool s3_source_on_link(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (http_host_is_loopback(host))
		return true;
	if (inet_pton(AF_INET, host, &four) == 1)
		return (ntohl(four.s_addr) >> 16) == 0xa9fe; /* 169.254 */
	/* fd00:ec2::/32 is where Amazon has put its own. */
	return inet_pton(AF_INET6, host, &six) == 1 &&
	       (IN6_IS_ADDR_LINKLOCAL(&six) || memcmp(&six, "\xfd\x00\x0e\xc2", 4) == 0);
}

bool s3_source_line(const char *text)
{
	for (; *text; text++)
		if (!g_ascii_isprint(*text))
			return false;
	return true;
}

void s3_source_reply_clear(S3SourceReply *reply)
{
	secret_free(reply->text);
	*reply = (S3SourceReply){0};
}

/* What they say when they are busy: STS has 400 for some of it. */
static bool busy(unsigned status, const char *code)
{
	static const char *const codes[] = {"Throttling", "RequestLimitExceeded",
					    "IDPCommunicationError", NULL};

	return status == 429 || status >= 500 || g_strv_contains(codes, code);
}

static bool fail_status(const HttpAnswer *answer, GError **error)
{
	struct s3_error reply;
	bool told = s3_reply_error(answer->body->data, answer->body->len, &reply);

	if (answer->status >= 300 && answer->status < 400)
		return odr_fail(error, ODR_ERROR_AUTH,
				"HTTP %u: it leads elsewhere, which is not followed",
				answer->status);
	return odr_fail(error,
			busy(answer->status, reply.code) ? ODR_ERROR_TRANSIENT : ODR_ERROR_AUTH,
			"HTTP %u%s%s%s%s%s", answer->status, told ? " " : "", reply.code,
			*reply.message ? " (" : "", reply.message, *reply.message ? ")" : "");
}

static bool exchange(const struct s3_source_request *request, S3SourceReply *reply,
		     HttpAnswer *answer, GError **error)
{
	const struct iovec body = {(char *)request->body,
				   request->body ? strlen(request->body) : 0};
	struct http_request http = {
		.method = request->method,
		.url = request->url,
		.headers = &request->header,
		.header_count = request->header.name ? 1 : 0,
		.parts = &body,
		.part_count = request->body ? 1 : 0,
		.body = request->body,
		.buffer = reply->text,
		.limit = REPLY_MAX,
		.ca_file = request->ca_file,
		.connect_within = request->link ? LINK_CONNECT_WITHIN : 0,
		.silent_within = SILENT_WITHIN,
		.plain = request->plain,
		.proxy = request->link ? "" : request->proxy,
	};

	if (!http_exchange(&http, answer, error))
		return false;
	reply->status = answer->status;
	reply->size = answer->received;
	reply->date = answer->date;
	return (answer->status >= 200 && answer->status < 300) || fail_status(answer, error);
}

/* How long "https://host" is: whoever knows the path behind it gets the keys of some services. */
static int origin_length(const char *url)
{
	const char *host = strstr(url, "://") + strlen("://");

	return (int)(host + strcspn(host, "/") - url);
}

bool s3_source_ask(const struct s3_source_request *request, S3SourceReply *reply, GError **error)
{
	g_autoptr(HttpAnswer) answer = http_answer_new();

	s3_source_reply_clear(reply);
	reply->text = secret_new(REPLY_MAX + 1);
	return exchange(request, reply, answer, error) ||
	       odr_context(error, "%.*s", origin_length(request->url), request->url);
}
