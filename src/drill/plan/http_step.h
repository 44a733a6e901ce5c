#ifndef ODR_DRILL_PLAN_HTTP_STEP_H
#define ODR_DRILL_PLAN_HTTP_STEP_H

#include <glib.h>
#include <stdbool.h>

/*
 * One request of a check, and what its answer has to be, as plans write it:
 *   POST /web/session/authenticate; json erp-weekly/login.json; status 200; value /result/uid gt 0
 * ${db}, ${login}, ${password}, ${run} and what earlier steps captured stand in path, bodies and operands; they are
 * expanded, and escaped for where they stand, when it is carried out. Pure.
 */
enum http_directive_kind {
	HTTP_STATUS,	 /* status N */
	HTTP_FIND,	 /* find TEXT: in the body */
	HTTP_ABSENT,	 /* absent TEXT */
	HTTP_JSON,	 /* json FILE: body of the request */
	HTTP_FORM,	 /* form FILE: the same, of lines NAME=VALUE */
	HTTP_HEADER,	 /* header NAME: VALUE: of the request */
	HTTP_VALUE,	 /* value POINTER OP V: of a JSON answer */
	HTTP_EQUALS_SQL, /* equals-sql FILE: /result is what the query says */
	HTTP_SHA1,	 /* sha1 EXPR: of the body */
	HTTP_CAPTURE,	 /* capture NAME POINTER|input:NAME */
};
enum http_operator { HTTP_EQ, HTTP_NE, HTTP_LT, HTTP_LE, HTTP_GT, HTTP_GE };
struct http_directive {
	enum http_directive_kind kind;
	unsigned status;
	enum http_operator op;
	/* TEXT, EXPR, FILE, POINTER, or the NAME of a header or capture */
	char *name;
	/* V, VALUE, or where a capture comes from: POINTER or input:NAME; NULL: none */
	char *value;
};
struct http_step {
	unsigned number;
	char *method, *path;   /* "GET", "/web/login" */
	GPtrArray *directives; /* struct http_directive, in order */
};
typedef struct http_step HttpStep;
void http_step_free(HttpStep *step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpStep, http_step_free)

/* known: names of variables, a set of char *; what the step captures is added. USAGE errors are sentences without a
 * place. FILEs are as written; in a plan they are names of its files. */
HttpStep *http_step_parse(const char *text, GHashTable *known, GError **error);
/* The variables that are known before the first step; free with g_hash_table_unref. */
GHashTable *http_step_variables(void);
/* What a FILE of the directive ends with if it is a shipped one: ".json"; NULL: it names none. */
const char *http_directive_suffix(const struct http_directive *directive);

#endif
