#ifndef ODR_DRILL_CHECK_HTTP_JUDGE_H
#define ODR_DRILL_CHECK_HTTP_JUDGE_H

#include "base/json.h"
#include "drill/plan/http_step.h"

/*
 * What is found in an answer, which is hostile. Pure.
 */
/* RFC 6901; borrowed. NULL: there is nothing. */
json_t *http_judge_find(json_t *document, const char *pointer);
/* A string as it is, others as JSON has them; NULL: it has members, or is none. g_free. */
char *http_judge_text(const json_t *value);
/* Two numbers by value, whatever they are printed as; other texts are equal or not, and in no order. */
bool http_judge_compare(const char *found, enum http_operator op, const char *wanted);
const char *http_operator_name(enum http_operator op);
/* The value of <input name=…> in HTML; NULL: there is none. g_free. */
char *http_judge_input(const char *html, size_t size, const char *name);

/* Cookies between the steps of one check, name → value. */
GHashTable *http_cookies_new(void);
void http_cookies_take(GHashTable *cookies, const char *set_cookie);
/* Of the request; NULL: none. g_free. */
char *http_cookies_header(GHashTable *cookies);

#endif
