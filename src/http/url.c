#include "http/url.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <string.h>

#define URL_MAX	 4096
#define HOST_MAX 255

static bool all_of(const char *text, size_t size, const char *also)
{
	for (size_t i = 0; i < size; i++)
		if (!g_ascii_isalnum(text[i]) && !strchr(also, text[i]))
			return false;
	return size > 0;
}

/* "host", "host:port", "[address]", "[address]:port": how long the host is, its brackets included. */
static size_t host_size(const char *authority, size_t size)
{
	const char *end =
		authority[0] == '[' ? memchr(authority, ']', size) : memchr(authority, ':', size);

	if (authority[0] == '[')
		return end ? (size_t)(end - authority) + 1 : 0;
	return end ? (size_t)(end - authority) : size;
}

static bool take_host(HttpUrl *url, const char *authority, size_t size)
{
	struct in6_addr address;

	if (size == 0 || size > HOST_MAX)
		return false;
	if (authority[0] != '[') {
		url->host = g_ascii_strdown(authority, (gssize)size);
		return all_of(authority, size, ".-") && authority[0] != '.' && authority[0] != '-';
	}
	url->host = g_ascii_strdown(authority + 1, (gssize)size - 2);
	return inet_pton(AF_INET6, url->host, &address) == 1;
}

/* What is behind the host: nothing, or ":port". */
static bool take_port(HttpUrl *url, const char *host, size_t host_length, const char *rest,
		      size_t size)
{
	g_autofree char *digits = size > 0 ? g_strndup(rest + 1, size - 1) : NULL;
	g_autofree char *name = g_ascii_strdown(host, (gssize)host_length);
	guint64 port = url->plain ? 80 : 443;
	guint64 usual = port;

	if (size > 0 && (rest[0] != ':' ||
			 !g_ascii_string_to_unsigned(digits, 10, 1, G_MAXUINT16, &port, NULL)))
		return false;
	url->authority =
		port == usual ? g_strdup(name) : g_strdup_printf("%s:%u", name, (unsigned)port);
	return true;
}

static bool take_path(HttpUrl *url, const char *path)
{
	for (const char *at = path; *at; at++)
		if (!g_ascii_isgraph(*at) || strchr("#\\\"<>", *at))
			return false;
	url->path = g_strdup(path);
	return *path == '\0' || *path == '/';
}

static bool take_apart(const char *text, HttpUrl *url)
{
	const char *authority;
	size_t size, host;

	url->plain = g_str_has_prefix(text, "http://");
	if ((!url->plain && !g_str_has_prefix(text, "https://")) || strlen(text) > URL_MAX)
		return false;
	authority = strstr(text, "://") + strlen("://");
	size = strcspn(authority, "/");
	host = host_size(authority, size);
	return take_host(url, authority, host) &&
	       take_port(url, authority, host, authority + host, size - host) &&
	       take_path(url, authority + size);
}

bool http_url_parse(const char *text, HttpUrl *url, GError **error)
{
	HttpUrl found = {0};

	if (!take_apart(text, &found)) {
		http_url_clear(&found);
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is no URL; write https://HOST or https://HOST:PORT, and no "
				"user or blanks",
				text);
	}
	*url = found;
	return true;
}

void http_url_clear(HttpUrl *url)
{
	g_free(url->host);
	g_free(url->authority);
	g_free(url->path);
	*url = (HttpUrl){0};
}

bool http_host_is_loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return (ntohl(four.s_addr) >> 24) == 127;
	if (inet_pton(AF_INET6, host, &six) == 1)
		return IN6_IS_ADDR_LOOPBACK(&six);
	return strcmp(host, "localhost") == 0;
}
