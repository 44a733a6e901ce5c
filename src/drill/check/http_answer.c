/* What the answer to a step has to be, and what is kept of it for later steps. */
#include "base/bytes.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "drill/check/http_asking.h"
#include "drill/check/http_text.h"
#include "drill/plan/sql_file.h"
#include "pg/session.h"

#include <string.h>

#define JSON_MAX  ((size_t)16 << 20)
#define VALUE_MAX ((size_t)64 << 10) /* that is captured */
/* Takes both. */
static bool fail_expected(struct http_asking *asking, char *expected, char *found, GError **error)
{
	g_free(asking->expected);
	g_free(asking->found);
	asking->expected = expected;
	asking->found = found;
	return odr_fail(error, ODR_ERROR_CORRUPT, "expected %s, found %s", expected,
			asking->check->redact ? "something else" : found);
}

static char *quoted(const char *text)
{
	g_autofree char *excerpt = http_text_excerpt(text, strlen(text));

	return g_strdup_printf("'%s'", excerpt);
}

static char *excerpt_of_body(const struct http_asking *asking)
{
	g_autofree char *text = http_text_excerpt((const char *)asking->answer->body->data,
						  asking->answer->body->len);

	return asking->answer->body->len == 0 ? g_strdup("an empty body")
					      : g_strdup_printf("'%s'", text);
}

static bool judge_status(struct http_asking *asking, const struct http_directive *directive,
			 GError **error)
{
	if (asking->answer->status == directive->status)
		return true;
	return fail_expected(asking, g_strdup_printf("status %u", directive->status),
			     g_strdup_printf("%u", asking->answer->status), error);
}

static bool judge_text(struct http_asking *asking, const struct http_directive *directive,
		       GError **error)
{
	const GByteArray *body = asking->answer->body;
	bool wanted = directive->kind == HTTP_FIND;
	g_autofree char *text =
		http_text_expand(directive->name, HTTP_PLACE_TEXT, asking->values, error);
	bool there;

	if (!text)
		return false;
	/* What was captured as nothing is everywhere. */
	if (!*text)
		return fail_expected(asking, g_strdup("a text"), g_strdup("none to look for"),
				     error);
	there = body->len > 0 && memmem(body->data, body->len, text, strlen(text));
	if (there == wanted)
		return true;
	return wanted ? fail_expected(asking, quoted(text), excerpt_of_body(asking), error)
		      : fail_expected(asking, g_strdup_printf("no '%s'", directive->name),
				      g_strdup("it"), error);
}

static bool read_document(struct http_asking *asking, GError **error)
{
	const GByteArray *body = asking->answer->body;
	g_autoptr(GError) cause = NULL;

	if (asking->document)
		return true;
	if (body->len <= JSON_MAX && json_parse((const char *)body->data, body->len, "the answer",
						&asking->document, &cause))
		return true;
	return fail_expected(asking, g_strdup("JSON"), excerpt_of_body(asking), error);
}

/* An answer of JSON-RPC that is an error says so with status 200. */
static char *error_of(const struct http_asking *asking)
{
	g_autofree char *name =
		http_judge_text(http_judge_find(asking->document, "/error/data/name"));
	g_autofree char *message =
		http_judge_text(http_judge_find(asking->document, "/error/data/message"));
	g_autofree char *text =
		name ? g_strdup_printf("%s: %s", name, message ? message : "") : NULL;

	return text ? http_text_excerpt(text, strlen(text)) : NULL;
}

/* What lies at a pointer, as text; NULL: no value, and *found says what. */
static char *value_at(const struct http_asking *asking, const char *pointer, char **found)
{
	json_t *value = http_judge_find(asking->document, pointer);
	g_autofree char *trouble = value ? NULL : error_of(asking);

	if (!value)
		*found = trouble ? g_strdup_printf("the error %s", trouble) : g_strdup("nothing");
	else if (json_is_object(value))
		*found = g_strdup("an object");
	else if (json_is_array(value))
		*found = g_strdup("a list");
	return http_judge_text(value);
}

static bool judge_value(struct http_asking *asking, const struct http_directive *directive,
			GError **error)
{
	const char *op = http_operator_name(directive->op);
	g_autofree char *wanted =
		http_text_expand(directive->value, HTTP_PLACE_TEXT, asking->values, error);
	g_autofree char *text = NULL;
	char *found = NULL;

	if (!wanted || !read_document(asking, error))
		return false;
	text = value_at(asking, directive->name, &found);
	if (text && http_judge_compare(text, directive->op, wanted))
		return true;
	return fail_expected(asking,
			     g_strdup_printf("%s %s %s", directive->name, op, directive->value),
			     text ? quoted(text) : found, error);
}

static bool value_of_sql(struct http_asking *asking, const char *sql, char **value, GError **error)
{
	const struct drill_http_site *site = asking->site;
	usec_t left = MAX(asking->end - clock_monotonic(), 1000);
	g_autoptr(Session) session =
		session_open_database(site->conninfo, site->database, site->run_id, error);
	g_autofree char *begin = g_strdup_printf(
		"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = public, "
		"pg_catalog; SET LOCAL statement_timeout = %" G_GINT64_FORMAT,
		left / 1000);

	return session && session_script(session, begin, error) &&
	       session_value(session, sql, value, error) &&
	       session_script(session, "ROLLBACK", error);
}

/* Captured values stand in it as :'name'. */
static char *expand_sql(const struct http_asking *asking, const char *text, GError **error)
{
	g_autofree struct sql_variable *variables =
		g_new0(struct sql_variable, g_hash_table_size(asking->values) + 1);
	GHashTableIter iter;
	void *name, *value;
	size_t count = 0;

	g_hash_table_iter_init(&iter, asking->values);
	while (g_hash_table_iter_next(&iter, &name, &value))
		variables[count++] = (struct sql_variable){name, value};
	return sql_file_expand(text, variables, error);
}

static bool judge_sql(struct http_asking *asking, const struct http_directive *directive,
		      GError **error)
{
	g_autofree char *text = NULL, *sql = NULL, *wanted = NULL, *result = NULL;
	char *found = NULL;

	if (!read_document(asking, error))
		return false;
	asking->ours = true;
	text = http_asking_file(asking, directive->name, error);
	sql = text ? expand_sql(asking, text, error) : NULL;
	if (!sql || !value_of_sql(asking, sql, &wanted, error))
		return odr_context(error, "%s", directive->name);
	if (!wanted)
		return odr_fail(error, ODR_ERROR_NOT_FOUND, "%s: it gave no value",
				directive->name);
	asking->ours = false;
	result = value_at(asking, "/result", &found);
	if (result && http_judge_compare(result, HTTP_EQ, wanted))
		return true;

	g_autofree char *expected = asking->check->redact ? g_strdup("the value") : quoted(wanted);

	return fail_expected(
		asking, g_strdup_printf("%s at /result, as %s says", expected, directive->name),
		result ? quoted(result) : found, error);
}

static bool judge_sha1(struct http_asking *asking, const struct http_directive *directive,
		       GError **error)
{
	g_autofree char *wanted =
		http_text_expand(directive->name, HTTP_PLACE_TEXT, asking->values, error);
	uint8_t digest[SHA1_SIZE];

	if (!wanted)
		return false;
	sha1(asking->answer->body->data, asking->answer->body->len, digest);
	g_autofree char *hex = hex_encode(digest, sizeof(digest));

	if (g_ascii_strcasecmp(hex, wanted) == 0)
		return true;
	g_autofree char *excerpt = quoted(wanted);

	return fail_expected(asking, g_strdup_printf("a body with SHA-1 %s", excerpt),
			     g_strdup_printf("%u bytes with %s", asking->answer->body->len, hex),
			     error);
}

static bool capture(struct http_asking *asking, const struct http_directive *directive,
		    GError **error)
{
	static const char prefix[] = "input:";
	const GByteArray *body = asking->answer->body;
	bool input = g_str_has_prefix(directive->value, prefix);
	g_autofree char *value = NULL;
	char *found = NULL;

	if (!input && !read_document(asking, error))
		return false;
	if (input)
		value = http_judge_input((const char *)body->data, body->len,
					 directive->value + strlen(prefix));
	else
		value = value_at(asking, directive->value, &found);
	if (value && strlen(value) <= VALUE_MAX) {
		g_hash_table_insert(asking->values, g_strdup(directive->name),
				    g_steal_pointer(&value));
		return true;
	}
	return fail_expected(asking, g_strdup_printf("a value at %s", directive->value),
			     found ? found : g_strdup(value ? "one without end" : "nothing"),
			     error);
}

bool http_asking_judge(struct http_asking *asking, const struct http_directive *directive,
		       GError **error)
{
	switch (directive->kind) {
	case HTTP_STATUS:
		return judge_status(asking, directive, error);
	case HTTP_FIND:
	case HTTP_ABSENT:
		return judge_text(asking, directive, error);
	case HTTP_VALUE:
		return judge_value(asking, directive, error);
	case HTTP_EQUALS_SQL:
		return judge_sql(asking, directive, error);
	case HTTP_SHA1:
		return judge_sha1(asking, directive, error);
	case HTTP_CAPTURE:
		return capture(asking, directive, error);
	case HTTP_JSON:
	case HTTP_FORM:
	case HTTP_HEADER:
		break; /* of the request */
	}
	return true;
}
