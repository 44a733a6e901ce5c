/* What is taken for a URL reads the same when it is put together again. */
#include "http/url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autofree char *again = NULL;
	g_auto(HttpUrl) url = {0}, other = {0};

	if (!http_url_parse(text, &url, NULL))
		return 0;
	again = g_strconcat(url.plain ? "http://" : "https://", url.authority, url.path, NULL);
	if (!http_url_parse(again, &other, NULL) || other.plain != url.plain ||
	    strcmp(other.host, url.host) != 0 || strcmp(other.authority, url.authority) != 0 ||
	    strcmp(other.path, url.path) != 0 || http_host_is_loopback("") || !*url.host)
		abort();
	return 0;
}
