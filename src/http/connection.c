#include "http/connection.h"

#include "base/error.h"
#include "base/stop.h"
#include "http/curl.h"

#include <string.h>

static int on_progress(void *data, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		       curl_off_t up)
{
	return stop_requested();
}

static void set_options(CURL *curl, const struct http_target *target, char *detail)
{
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_URL, target->url);
	curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	http_set_peer(curl, &(struct http_peer){target->ca_file, target->proxy, target->plain});
	http_set_connect(curl, target->connect_within);
}

static usec_t time_of(CURL *curl, CURLINFO info)
{
	curl_off_t time = 0;

	curl_easy_getinfo(curl, info, &time);
	return time;
}

/* "Subject:CN = localhost", "Expire date:Nov 27 23:47:57 2027 GMT". */
static void take_field(struct http_connection *connection, const char *line)
{
	const char *value = strchr(line, ':');

	if (!value++)
		return;
	if (g_str_has_prefix(line, "Subject:"))
		g_strlcpy(connection->subject, value, sizeof(connection->subject));
	else if (g_str_has_prefix(line, "Issuer:"))
		g_strlcpy(connection->issuer, value, sizeof(connection->issuer));
	else if (g_str_has_prefix(line, "Expire date:"))
		http_date_parse(value, &connection->valid_until);
}

static void take_certificate(CURL *curl, struct http_connection *connection)
{
	struct curl_certinfo *chain = NULL;

	if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain ||
	    chain->num_of_certs < 1)
		return;
	for (const struct curl_slist *line = chain->certinfo[0]; line; line = line->next)
		take_field(connection, line->data);
}

/* Times are since the start. */
static void take_progress(CURL *curl, const struct http_target *target,
			  struct http_connection *connection)
{
	usec_t name = time_of(curl, CURLINFO_NAMELOOKUP_TIME_T);
	usec_t connect = time_of(curl, CURLINFO_CONNECT_TIME_T);
	usec_t tls = time_of(curl, CURLINFO_APPCONNECT_TIME_T);
	const char *address = NULL;

	curl_easy_getinfo(curl, CURLINFO_PRIMARY_IP, &address);
	curl_easy_getinfo(curl, CURLINFO_PRIMARY_PORT, &connection->port);
	if (address)
		g_strlcpy(connection->address, address, sizeof(connection->address));
	connection->name_took = name;
	connection->connect_took = MAX(connect - name, 0);
	connection->tls_took = MAX(tls - connect, 0);
	if (!target->plain)
		take_certificate(curl, connection);
}

/* By the code: times of what failed are not kept. */
static enum http_stage failed_stage(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return HTTP_NAME;
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_CONNECT;
	default:
		return HTTP_TLS;
	}
}

bool http_connect(const struct http_target *target, struct http_connection *connection,
		  GError **error)
{
	char detail[CURL_ERROR_SIZE] = "";
	CURL *curl = http_curl_new();
	CURLcode code;

	*connection = (struct http_connection){0};
	if (!curl)
		return odr_fail(error, ODR_ERROR_SYSTEM, "cannot start libcurl");
	set_options(curl, target, detail);
	code = curl_easy_perform(curl);
	take_progress(curl, target, connection);
	connection->stage = failed_stage(code);

	bool done = code == CURLE_OK || http_fail(curl, code, detail, error);

	curl_easy_cleanup(curl);
	return done;
}
