#include "drill/check/http.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/stop.h"
#include "crypto/digest.h"
#include "drill/check/http_judge.h"
#include "drill/check/http_text.h"
#include "drill/check/sql_file.h"
#include "http/exchange.h"
#include "pg/session.h"

#include <string.h>

#define BODY_MAX    ((size_t)64 << 20)
#define JSON_MAX    ((size_t)16 << 20)
#define HEADERS_MAX 32
#define VALUE_MAX   ((size_t)64 << 10) /* that is captured */

/* One run of all steps. */
struct asking {
	const DrillPlan *plan;
	const struct drill_http_site *site;
	const struct plan_check *check;
	GHashTable *values, *cookies; /* char * → char * */
	usec_t end;		      /* of the check's time */
	const struct http_step *step;
	HttpAnswer *answer;
	json_t *document; /* of the answer; NULL: it is none, or was not looked at */
	char *expected, *found;
	bool ours; /* what went wrong is no fault of the application */
};

static void asking_clear(struct asking *asking)
{
	g_hash_table_unref(asking->values);
	g_hash_table_unref(asking->cookies);
	http_answer_free(asking->answer);
	json_decref(asking->document);
	g_free(asking->expected);
	g_free(asking->found);
}

static void asking_init(struct asking *asking)
{
	const struct drill_http_site *site = asking->site;

	asking->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	asking->cookies = http_cookies_new();
	asking->answer = http_answer_new();
	g_hash_table_insert(asking->values, g_strdup("db"), g_strdup(site->database));
	g_hash_table_insert(asking->values, g_strdup("login"), g_strdup(site->login));
	g_hash_table_insert(asking->values, g_strdup("password"), g_strdup(site->password));
	g_hash_table_insert(asking->values, g_strdup("run"), g_strdup(site->run_id));
}

/* ---- the request --------------------------------------------------------------------------------- */

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

static char *text_of(const struct asking *asking, const char *name, GError **error)
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

static bool set_body(const struct asking *asking, const struct http_directive *directive,
		     struct sending *sending, GError **error)
{
	bool json = directive->kind == HTTP_JSON;
	g_autofree char *text = text_of(asking, directive->name, error);

	if (!text)
		return false;
	sending->type = json ? "application/json" : "application/x-www-form-urlencoded";
	sending->body = json ? http_text_expand(text, HTTP_PLACE_JSON, asking->values, error)
			     : http_text_form(text, asking->values, error);
	return sending->body || odr_context(error, "%s", directive->name);
}

static bool set_header(const struct asking *asking, const struct http_directive *directive,
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

static bool prepare(const struct asking *asking, struct sending *sending, GError **error)
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

static bool exchange(struct asking *asking, const struct sending *sending, GError **error)
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

static bool ask(struct asking *asking, GError **error)
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

/* ---- the answer ---------------------------------------------------------------------------------- */

/* Takes both. */
static bool fail_expected(struct asking *asking, char *expected, char *found, GError **error)
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

static char *excerpt_of_body(const struct asking *asking)
{
	g_autofree char *text = http_text_excerpt((const char *)asking->answer->body->data,
						  asking->answer->body->len);

	return asking->answer->body->len == 0 ? g_strdup("an empty body")
					      : g_strdup_printf("'%s'", text);
}

static bool judge_status(struct asking *asking, const struct http_directive *directive,
			 GError **error)
{
	if (asking->answer->status == directive->status)
		return true;
	return fail_expected(asking, g_strdup_printf("status %u", directive->status),
			     g_strdup_printf("%u", asking->answer->status), error);
}

static bool judge_text(struct asking *asking, const struct http_directive *directive,
		       GError **error)
{
	const GByteArray *body = asking->answer->body;
	bool wanted = directive->kind == HTTP_FIND;
	g_autofree char *text =
		http_text_expand(directive->name, HTTP_PLACE_TEXT, asking->values, error);
	bool there;

	if (!text)
		return false;
	there = body->len > 0 && memmem(body->data, body->len, text, strlen(text));
	if (there == wanted)
		return true;
	return wanted ? fail_expected(asking, quoted(text), excerpt_of_body(asking), error)
		      : fail_expected(asking, g_strdup_printf("no '%s'", directive->name),
				      g_strdup("it"), error);
}

static bool read_document(struct asking *asking, GError **error)
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
static char *error_of(const struct asking *asking)
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
static char *value_at(const struct asking *asking, const char *pointer, char **found)
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

static bool judge_value(struct asking *asking, const struct http_directive *directive,
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

static bool value_of_sql(struct asking *asking, const char *sql, char **value, GError **error)
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
static char *expand_sql(const struct asking *asking, const char *text, GError **error)
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

static bool judge_sql(struct asking *asking, const struct http_directive *directive, GError **error)
{
	g_autofree char *text = NULL, *sql = NULL, *wanted = NULL, *result = NULL;
	char *found = NULL;

	if (!read_document(asking, error))
		return false;
	asking->ours = true;
	text = text_of(asking, directive->name, error);
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

static bool judge_sha1(struct asking *asking, const struct http_directive *directive,
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

static bool capture(struct asking *asking, const struct http_directive *directive, GError **error)
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

static bool judge(struct asking *asking, const struct http_directive *directive, GError **error)
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

/* ---- all steps ----------------------------------------------------------------------------------- */

static bool is_over_time(const struct asking *asking)
{
	return asking->check->time_limit > 0 && clock_monotonic() >= asking->end;
}

static bool carry_out(struct asking *asking, GError **error)
{
	const struct http_step *step = asking->step;

	if (!ask(asking, error))
		return false;
	for (guint i = 0; i < step->directives->len; i++)
		if (!judge(asking, step->directives->pdata[i], error))
			return false;
	return true;
}

static bool carry_out_all(struct asking *asking, GError **error)
{
	for (guint i = 0; i < asking->check->steps->len; i++) {
		asking->step = asking->check->steps->pdata[i];
		if (!stop_check(error))
			return false;
		if (!carry_out(asking, error))
			return odr_context(error, "step %u, %s %s", i + 1, asking->step->method,
					   asking->step->path);
	}
	return true;
}

static void tell(const struct asking *asking, const GError *trouble, DrillCheckResult *result)
{
	g_autofree char *message = http_text_redact(trouble->message, asking->site->password);
	g_autofree char *limit = duration_format(asking->check->time_limit);

	if (is_over_time(asking)) {
		drill_check_unassessed(result, "it did not end within %s: %s", limit, message);
		return;
	}
	if (asking->ours) {
		drill_check_unassessed(result, "it could not run: %s", message);
		return;
	}
	if (asking->expected && !asking->check->redact) {
		result->expect = http_text_redact(asking->expected, asking->site->password);
		result->value = http_text_redact(asking->found, asking->site->password);
	}
	drill_check_fail(result, "%s", message);
}

/* True: another try may do. */
static bool run_once(struct asking *asking, bool last, DrillCheckResult *result, GError **error)
{
	g_autoptr(GError) trouble = NULL;

	if (carry_out_all(asking, &trouble)) {
		drill_check_pass(result, "all %u steps were answered as they have to be",
				 asking->check->steps->len);
		return false;
	}
	if (odr_error_is(trouble, ODR_ERROR_STOPPED)) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	if (!last && !asking->ours && !is_over_time(asking))
		return true;
	tell(asking, trouble, result);
	return false;
}

bool drill_check_http(const DrillPlan *plan, const struct drill_http_site *site,
		      DrillCheckResult *result, GError **error)
{
	const struct plan_check *check = result->check;
	usec_t from = clock_monotonic();
	g_autoptr(GError) trouble = NULL;
	bool again = true;

	for (unsigned tries = 0; again; tries++) {
		struct asking asking = {.plan = plan,
					.site = site,
					.check = check,
					.end = check->time_limit > 0 ? from + check->time_limit
								     : G_MAXINT64};

		asking_init(&asking);
		again = run_once(&asking, tries >= check->retries, result, &trouble);
		asking_clear(&asking);
	}
	result->duration = clock_monotonic() - from;
	if (!trouble)
		return true;
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}
