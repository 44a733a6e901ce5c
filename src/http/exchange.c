#include "http/exchange.h"

#include "base/error.h"
#include "base/stop.h"
#include "http/curl.h"

#include <string.h>

#define CONNECT_WITHIN (10 * USEC_PER_SEC)
#define SILENT_WITHIN  (60 * USEC_PER_SEC)
#define UPLOAD_BUFFER  (1L << 20)
#define READ_BUFFER    (512L << 10)

/* What the callbacks of one exchange share. */
struct exchange {
	CURL *curl;
	const struct http_request *request;
	HttpAnswer *answer;
	size_t header_bytes;
	int part; /* of the request's body: where reading stands */
	size_t part_offset;
	curl_off_t moved; /* bytes, in both directions … */
	usec_t moved_at;  /* … and when the last of them was */
	usec_t began;
	bool too_long, too_many_headers, silent;
};

/* Waiting for one's turn is no silence of the server. False when a stop request ended it. */
static bool keep_pace(struct exchange *exchange, Pace *pace, size_t bytes)
{
	bool kept = pace_wait(pace, bytes);

	exchange->moved_at = clock_monotonic();
	return kept;
}

/* The request's body. */

static size_t on_read(char *buffer, size_t size, size_t count, void *data)
{
	struct exchange *exchange = data;
	size_t room = MIN(size * count, pace_portion_of(exchange->request->up)), given = 0;

	while (given < room && exchange->part < exchange->request->part_count) {
		const struct iovec *part = &exchange->request->parts[exchange->part];
		size_t chunk = MIN(room - given, part->iov_len - exchange->part_offset);

		if (chunk > 0)
			memcpy(buffer + given, (const char *)part->iov_base + exchange->part_offset,
			       chunk);
		given += chunk;
		exchange->part_offset += chunk;
		if (exchange->part_offset == part->iov_len) {
			exchange->part++;
			exchange->part_offset = 0;
		}
	}
	return keep_pace(exchange, exchange->request->up, given) ? given : CURL_READFUNC_ABORT;
}

/* A kept connection that turned out dead makes curl begin anew. */
static int on_seek(void *data, curl_off_t offset, int origin)
{
	struct exchange *exchange = data;

	if (offset != 0 || origin != SEEK_SET)
		return CURL_SEEKFUNC_FAIL;
	exchange->part = 0;
	exchange->part_offset = 0;
	return CURL_SEEKFUNC_OK;
}

/* The answer. */

static size_t on_header(char *line, size_t size, size_t count, void *data)
{
	struct exchange *exchange = data;
	size_t bytes = size * count;

	exchange->header_bytes += bytes;
	if (exchange->header_bytes > HTTP_HEADERS_MAX) {
		exchange->too_many_headers = true;
		return 0;
	}
	http_answer_take_line(exchange->answer, line, bytes);
	return bytes;
}

static size_t take_content(struct exchange *exchange, const char *data, size_t bytes)
{
	const struct http_request *request = exchange->request;
	HttpAnswer *answer = exchange->answer;

	if (bytes > request->limit - answer->received) {
		exchange->too_long = true;
		return 0;
	}
	if (request->buffer)
		memcpy((char *)request->buffer + answer->received, data, bytes);
	else
		g_byte_array_append(answer->body, (const guint8 *)data, (guint)bytes);
	answer->received += bytes;
	return keep_pace(exchange, request->down, bytes) ? bytes : 0;
}

static size_t on_write(char *data, size_t size, size_t count, void *context)
{
	struct exchange *exchange = context;
	GByteArray *body = exchange->answer->body;
	size_t bytes = size * count;

	if (http_answer_successful(exchange->answer))
		return bytes == 0 ? 0 : take_content(exchange, data, bytes);
	g_byte_array_append(body, (const guint8 *)data,
			    (guint)MIN(bytes, HTTP_TROUBLE_MAX - body->len));
	return bytes;
}

static int on_progress(void *data, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		       curl_off_t up)
{
	struct exchange *exchange = data;
	usec_t silent = exchange->request->silent_within;
	usec_t now = clock_monotonic();

	if (down + up != exchange->moved || exchange->moved_at == 0) {
		exchange->moved = down + up;
		exchange->moved_at = now;
	}
	exchange->silent = now - exchange->moved_at >= (silent ? silent : SILENT_WITHIN);
	return exchange->silent || stop_requested();
}

/* The exchange. */

static void set_body(CURL *curl, const struct http_request *request)
{
	curl_off_t size = 0;

	for (int i = 0; i < request->part_count; i++)
		size += (curl_off_t)request->parts[i].iov_len;
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, size);
}

void http_set_peer(CURL *curl, const struct http_peer *peer)
{
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, peer->plain ? "http" : "https");
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	/* Instead of the system's: libcurl would trust those of its folder as well. */
	if (peer->ca_file) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, peer->ca_file);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	if (peer->proxy) {
		curl_easy_setopt(curl, CURLOPT_PROXY, peer->proxy);
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
	}
}

void http_set_connect(CURL *curl, usec_t connect_within)
{
	usec_t within = connect_within ? connect_within : CONNECT_WITHIN;

	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(within / 1000));
}

static void set_limits(CURL *curl, const struct http_request *request)
{
	http_set_connect(curl, request->connect_within);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)((request->within + 999) / 1000));
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
}

static void set_transport(CURL *curl, const struct http_request *request)
{
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE,
			 (long)MIN((size_t)READ_BUFFER, pace_portion_of(request->down)));
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request->socket);
	http_set_peer(curl, &(struct http_peer){request->ca_file, request->proxy, request->plain});
}

static void set_callbacks(CURL *curl, struct exchange *exchange)
{
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(curl, CURLOPT_READDATA, exchange);
	curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(curl, CURLOPT_SEEKDATA, exchange);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
}

static struct curl_slist *header_list(const struct http_request *request)
{
	/* Removed: a body goes out at once, and nothing that is not signed says what it is. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	list = curl_slist_append(list, "Content-Type:");
	for (size_t i = 0; i < request->header_count; i++) {
		g_autofree char *line = g_strdup_printf("%s: %s", request->headers[i].name,
							request->headers[i].value);

		list = curl_slist_append(list, line);
	}
	return list;
}

/* What curl's codes mean to whoever asked. */
static const struct {
	CURLcode code;
	enum odr_error error;
} meanings[] = {
	{CURLE_COULDNT_RESOLVE_PROXY, ODR_ERROR_UNREACHABLE},
	{CURLE_COULDNT_RESOLVE_HOST, ODR_ERROR_UNREACHABLE},
	{CURLE_COULDNT_CONNECT, ODR_ERROR_UNREACHABLE},
	{CURLE_OPERATION_TIMEDOUT, ODR_ERROR_UNREACHABLE}, /* of connecting */
	{CURLE_PEER_FAILED_VERIFICATION, ODR_ERROR_AUTH},
	{CURLE_SSL_CACERT_BADFILE, ODR_ERROR_AUTH},
	{CURLE_SSL_INVALIDCERTSTATUS, ODR_ERROR_AUTH},
	{CURLE_URL_MALFORMAT, ODR_ERROR_USAGE},
	{CURLE_UNSUPPORTED_PROTOCOL, ODR_ERROR_REFUSED},
	{CURLE_WEIRD_SERVER_REPLY, ODR_ERROR_REFUSED},
	{CURLE_OUT_OF_MEMORY, ODR_ERROR_SYSTEM},
};

/* A proxy that does not let us through; false where it is not that. */
static bool fail_proxy(CURL *curl, GError **error)
{
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &status);
	if (status == 0 || (status >= 200 && status < 300))
		return false;
	odr_fail(error,
		 status == 407	 ? ODR_ERROR_AUTH
		 : status >= 500 ? ODR_ERROR_TRANSIENT
				 : ODR_ERROR_REFUSED,
		 "the proxy does not let this through: HTTP %ld", status);
	return true;
}

bool http_fail(CURL *curl, CURLcode code, const char *detail, GError **error)
{
	enum odr_error meaning = ODR_ERROR_TRANSIENT;

	if ((code == CURLE_ABORTED_BY_CALLBACK || code == CURLE_WRITE_ERROR) && stop_requested())
		return stop_check(error);
	if (fail_proxy(curl, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(meanings); i++)
		if (meanings[i].code == code)
			meaning = meanings[i].error;
	return odr_fail(error, meaning, "%s", *detail ? detail : curl_easy_strerror(code));
}

static bool fail_silent(const struct exchange *exchange, GError **error)
{
	const struct http_request *request = exchange->request;
	g_autofree char *time =
		duration_format(request->silent_within ? request->silent_within : SILENT_WITHIN);

	return odr_fail(error, ODR_ERROR_TRANSIENT, "the server was silent for %s", time);
}

/* Of the whole; connecting has a limit of its own. */
static bool is_over_time(const struct exchange *exchange, CURLcode code)
{
	usec_t within = exchange->request->within;

	return code == CURLE_OPERATION_TIMEDOUT && within > 0 &&
	       clock_monotonic() - exchange->began >= within;
}

static bool fail_over_time(const struct exchange *exchange, GError **error)
{
	g_autofree char *time = duration_format(exchange->request->within);

	return odr_fail(error, ODR_ERROR_TRANSIENT, "the whole answer was not there within %s",
			time);
}

/* More came for the request before than was announced: what is left of it is no answer to this one. */
static bool is_leftover(CURL *curl, CURLcode code)
{
	long opened = 1;

	curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &opened);
	return opened == 0 &&
	       (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY);
}

static bool fail(const struct exchange *exchange, CURLcode code, const char *detail, GError **error)
{
	if (is_leftover(exchange->curl, code))
		return odr_fail(error, ODR_ERROR_TRANSIENT,
				"the server's answer before this one was longer than announced");
	if (code == CURLE_ABORTED_BY_CALLBACK && exchange->silent)
		return fail_silent(exchange, error);
	if (is_over_time(exchange, code))
		return fail_over_time(exchange, error);
	if (exchange->too_long)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"it has more than %zu bytes, which is not plausible",
				exchange->request->limit);
	if (exchange->too_many_headers)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the server's answer has headers without end");
	return http_fail(exchange->curl, code, detail, error);
}

/* The system's authorities by their names, a file each: all of them together take longer to read than a
 * segment takes to be pushed. */
static bool trust_folder(CURL *curl, const struct http_request *request)
{
	const curl_version_info_data *built = curl_version_info(CURLVERSION_NOW);

	if (request->plain || request->ca_file || !built->cainfo || !built->capath)
		return false;
	curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
	return true;
}

static CURLcode perform(CURL *curl, const struct http_request *request)
{
	static bool folder_lacks; /* atomic: somebody whom the bundle has */
	bool folder =
		!__atomic_load_n(&folder_lacks, __ATOMIC_RELAXED) && trust_folder(curl, request);
	CURLcode code = curl_easy_perform(curl);

	if (!folder || code != CURLE_PEER_FAILED_VERIFICATION)
		return code;
	curl_easy_setopt(curl, CURLOPT_CAINFO, curl_version_info(CURLVERSION_NOW)->cainfo);
	code = curl_easy_perform(curl);
	if (code == CURLE_OK)
		__atomic_store_n(&folder_lacks, true, __ATOMIC_RELAXED);
	return code;
}

bool http_exchange(const struct http_request *request, HttpAnswer *answer, GError **error)
{
	CURL *curl = http_curl_take();
	struct exchange exchange = {
		.curl = curl, .request = request, .answer = answer, .began = clock_monotonic()};
	char detail[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers;
	CURLcode code;

	if (!curl)
		return odr_fail(error, ODR_ERROR_SYSTEM, "cannot start libcurl");
	http_answer_clear(answer);
	headers = header_list(request);
	set_transport(curl, request);
	set_limits(curl, request);
	set_callbacks(curl, &exchange);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &exchange);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (strcmp(request->method, "HEAD") == 0)
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	else if (request->body)
		set_body(curl, request);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	code = perform(curl, request);

	bool done = code == CURLE_OK || fail(&exchange, code, detail, error);

	/* What it points to ends here. */
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	http_curl_give_back(curl);
	return done;
}
