/* A step's request: as the plan writes it, with what is known by then. */
#include "base/error.h"
#include "drill/check/http_asking.h"
#include "drill/check/http_text.h"
#include "http/exchange.h"

#include <string.h>

#define BODY_MAX    ((size_t)64 << 20)
#define HEADERS_MAX 32

struct sending {
	char *url, *body, *cookie;
	const char *type;	   /* of the body; NULL: none, or a header says */
	GPtrArray *names, *values; /* of headers */
};

static void sending_clear(struct sending *sending)
{
	g_free(sending->url);
	g_free(sending->body);
	g_free(sending->cookie);
	g_ptr_array_unref(sending->names);
	g_ptr_array_unref(sending->values);
}

static void add_header(struct sending *sending, const char *name, const char *value)
{
	g_ptr_array_add(sending->names, g_strdup(name));
	g_ptr_array_add(sending->values, g_strdup(value));
}

char *http_asking_file(const struct http_asking *asking, const char *name, GError **error)
{
	const struct plan_file *file = drill_plan_file(asking->plan, name);
	gsize size;
	const char *data = file ? g_bytes_get_data(file->content, &size) : NULL;

	if (!file) {
		odr_fail(error, ODR_ERROR_NOT_FOUND, "the plan has no file '%s'", name);
		return NULL;
	}
	return g_strndup(data ? data : "", data ? size : 0);
}

static bool set_body(const struct http_asking *asking, const struct http_directive *directive,
		     struct sending *sending, GError **error)
{
	bool json = directive->kind == HTTP_JSON;
	g_autofree char *text = http_asking_file(asking, directive->name, error);

	if (!text)
		return false;
	sending->type = json ? "application/json" : "application/x-www-form-urlencoded";
	sending->body = json ? http_text_expand(text, HTTP_PLACE_JSON, asking->values, error)
			     : http_text_form(text, asking->values, error);
	return sending->body || odr_context(error, "%s", directive->name);
}

static bool set_header(const struct http_asking *asking, const struct http_directive *directive,
		       struct sending *sending, GError **error)
{
	g_autofree char *value =
		http_text_expand(directive->value, HTTP_PLACE_HEADER, asking->values, error);

	if (!value)
		return false;
	if (sending->names->len >= HEADERS_MAX)
		return odr_fail(error, ODR_ERROR_USAGE, "it has more than %d headers", HEADERS_MAX);
	add_header(sending, directive->name, value);
	return true;
}

static bool says_type(const struct sending *sending)
{
	for (guint i = 0; i < sending->names->len; i++)
		if (g_ascii_strcasecmp(sending->names->pdata[i], "content-type") == 0)
			return true;
	return false;
}

static bool prepare(const struct http_asking *asking, struct sending *sending, GError **error)
{
	const struct http_step *step = asking->step;
	g_autofree char *path =
		http_text_expand(step->path, HTTP_PLACE_PATH, asking->values, error);

	if (!path)
		return false;
	sending->url = g_strconcat(asking->site->url, path, NULL);
	for (guint i = 0; i < step->directives->len; i++) {
		const struct http_directive *directive = step->directives->pdata[i];

		if ((directive->kind == HTTP_JSON || directive->kind == HTTP_FORM) &&
		    !set_body(asking, directive, sending, error))
			return false;
		if (directive->kind == HTTP_HEADER &&
		    !set_header(asking, directive, sending, error))
			return false;
	}
	if (sending->type && !says_type(sending))
		add_header(sending, "Content-Type", sending->type);
	sending->cookie = http_cookies_header(asking->cookies);
	if (sending->cookie)
		add_header(sending, "Cookie", sending->cookie);
	return true;
}

static bool exchange(struct http_asking *asking, const struct sending *sending, GError **error)
{
	g_autofree struct http_header *headers =
		g_new0(struct http_header, sending->names->len + 1);
	usec_t left = asking->end - clock_monotonic();
	struct iovec part = {sending->body, sending->body ? strlen(sending->body) : 0};

	for (guint i = 0; i < sending->names->len; i++)
		headers[i] =
			(struct http_header){sending->names->pdata[i], sending->values->pdata[i]};
	return http_exchange(
		&(struct http_request){.method = asking->step->method,
				       .url = sending->url,
				       .socket = asking->site->socket,
				       .headers = headers,
				       .header_count = sending->names->len,
				       .parts = &part,
				       .part_count = sending->body ? 1 : 0,
				       .body = sending->body != NULL,
				       .limit = BODY_MAX,
				       .proxy = "",
				       .within = CLAMP(asking->check->max_time, 1, MAX(left, 1)),
				       .plain = true},
		asking->answer, error);
}

bool http_asking_send(struct http_asking *asking, GError **error)
{
	struct sending sending = {.names = g_ptr_array_new_with_free_func(g_free),
				  .values = g_ptr_array_new_with_free_func(g_free)};
	bool done;

	g_clear_pointer(&asking->document, json_decref);
	asking->ours = true;
	done = prepare(asking, &sending, error);
	if (done) {
		asking->ours = false;
		done = exchange(asking, &sending, error);
	}
	sending_clear(&sending);
	for (guint i = 0; done && i < asking->answer->cookies->len; i++)
		http_cookies_take(asking->cookies, asking->answer->cookies->pdata[i]);
	return done;
}
