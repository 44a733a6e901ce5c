#include "store/s3_xml.h"

#include "base/error.h"
#include "crypto/secret.h"

#include <string.h>

#define TEXT_MAX  8192
#define DEPTH_MAX 16

struct scan {
	const struct s3_xml *xml;
	GString *path, *text;
	unsigned depth;
	bool seen; /* the root */
};

static void on_start(GMarkupParseContext *context, const char *name, const char **names,
		     const char **values, gpointer data, GError **error)
{
	struct scan *scan = data;

	if (scan->depth == 0 && strcmp(name, scan->xml->root) != 0) {
		odr_fail(error, ODR_ERROR_REFUSED,
			 "the server answers with '%.40s' where '%s' is expected", name,
			 scan->xml->root);
		return;
	}
	if (scan->depth == DEPTH_MAX || scan->path->len > TEXT_MAX) {
		odr_fail(error, ODR_ERROR_REFUSED, "the server's answer is nested without end");
		return;
	}
	scan->seen = true;
	if (scan->depth++ > 0)
		g_string_append_printf(scan->path, "/%s", name);
	g_string_truncate(scan->text, 0);
}

static void on_end(GMarkupParseContext *context, const char *name, gpointer data, GError **error)
{
	struct scan *scan = data;
	const char *slash;

	scan->depth--;
	if (!scan->xml->ended(scan->xml->data, scan->path->str, scan->text->str, error))
		return;
	slash = strrchr(scan->path->str, '/');
	g_string_truncate(scan->path, slash ? (gsize)(slash - scan->path->str) : 0);
	g_string_truncate(scan->text, 0);
}

static void on_text(GMarkupParseContext *context, const char *text, gsize size, gpointer data,
		    GError **error)
{
	struct scan *scan = data;

	if (size > TEXT_MAX - scan->text->len)
		odr_fail(error, ODR_ERROR_REFUSED, "the server's answer has a text without end");
	else
		g_string_append_len(scan->text, text, (gssize)size);
}

static bool parse(struct scan *scan, const void *data, size_t size, GError **error)
{
	static const GMarkupParser parser = {on_start, on_end, on_text, NULL, NULL};
	g_autoptr(GMarkupParseContext) context =
		g_markup_parse_context_new(&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, scan, NULL);
	g_autoptr(GError) cause = NULL;

	if (size > 0 && g_markup_parse_context_parse(context, data, (gssize)size, &cause) &&
	    g_markup_parse_context_end_parse(context, &cause) && scan->seen)
		return true;
	if (cause && cause->domain == ODR_ERROR) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	return odr_fail(error, ODR_ERROR_REFUSED, "the server's answer is no XML of S3");
}

bool s3_xml_scan(const void *data, size_t size, const struct s3_xml *xml, GError **error)
{
	struct scan scan = {
		.xml = xml,
		.path = g_string_new(NULL),
		/* Whole, so that no part of a secret stays where it has been moved from. */
		.text = g_string_sized_new(TEXT_MAX),
	};
	bool done = parse(&scan, data, size, error);

	secret_wipe(scan.text->str, scan.text->allocated_len);
	g_string_free(scan.path, TRUE);
	g_string_free(scan.text, TRUE);
	return done;
}

bool s3_time_parse(const char *text, usec_t *time, GError **error)
{
	g_autofree char *date = g_strdup(text);
	char *dot = strchr(date, '.');
	size_t decimals = dot ? strspn(dot + 1, "0123456789") : 0;

	/* Up to nine are in use, six of them for us. */
	if (decimals > 6)
		memmove(dot + 7, dot + 1 + decimals, strlen(dot + 1 + decimals) + 1);
	return clock_parse(date, time, NULL) ||
	       odr_fail(error, ODR_ERROR_REFUSED, "the server's answer has a bad time: '%.40s'",
			text);
}
