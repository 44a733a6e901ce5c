#include "drill/check/check.h"

#include <stdarg.h>
#include <string.h>

#define TOLD_MAX ((size_t)4000) /* bytes of one text in a record: what databases hold has no end */

static char *no_process[] = {NULL};
const struct plan_check drill_kit = {.name = (char *)"recovery-kit",
				     .title = (char *)"the recovery kit",
				     .process = no_process,
				     .type = PLAN_CHECK_KIT,
				     .gate = true};

const char *drill_check_status_name(enum drill_check_status status)
{
	static const char *const names[] = {"pass", "fail", "not-assessed"};

	return names[status];
}

DrillCheckResult *drill_check_result_new(const struct plan_check *check, const char *part,
					 const char *database)
{
	DrillCheckResult *result = g_new0(DrillCheckResult, 1);

	result->check = check;
	result->status = DRILL_CHECK_UNASSESSED;
	result->part = g_strdup(part);
	result->database = g_strdup(database);
	return result;
}

void drill_check_result_free(DrillCheckResult *result)
{
	if (!result)
		return;
	g_free(result->part);
	g_free(result->database);
	g_free(result->value);
	g_free(result->expect);
	g_free(result->basis);
	g_free(result->message);
	g_clear_pointer(&result->rows, json_decref);
	g_free(result);
}

/* Of equal ones the first is told. */
static int badness(enum drill_check_status status, bool warned)
{
	static const int of[] = {
		[DRILL_CHECK_PASS] = 0, [DRILL_CHECK_UNASSESSED] = 2, [DRILL_CHECK_FAIL] = 3};

	return MAX(of[status], warned ? 1 : 0);
}

/* Of what is to be printed only what is always the same: the rest may be a value that must not appear. */
static char *only_words(const char *format)
{
	GString *text = g_string_new(NULL);
	bool dots = false;

	for (const char *at = format; *at; at++) {
		if (*at != '%' || at[1] == '%') {
			g_string_append_c(text, *at);
			at += *at == '%';
			dots = false;
			continue;
		}
		/* As far as the letter of the conversion; those of lengths are passed over. */
		at += strcspn(at, "diouxXeEfgGcsp");
		if (!dots)
			g_string_append(text, "…");
		dots = true;
		if (!*at)
			break;
	}
	return g_string_free(text, FALSE);
}

static char *readable(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, (gssize)strnlen(text, TOLD_MAX));

	return g_strconcat(valid, strlen(text) > TOLD_MAX ? "…" : "", NULL);
}

static void judge(DrillCheckResult *result, enum drill_check_status status, bool warned,
		  const char *format, va_list arguments)
{
	g_autofree char *message = NULL;

	if (result->message && badness(status, warned) <= badness(result->status, result->warned))
		return;
	result->ended = clock_monotonic();
	result->warned = warned;
	result->status = status;
	g_free(result->message);
	/* What is said of steps over HTTP leaves values out by itself, and names the step. */
	message = result->check->redact && result->check->type != PLAN_CHECK_HTTP
			  ? only_words(format)
			  : g_strdup_vprintf(format, arguments);
	result->message = readable(message);
}

void drill_check_pass(DrillCheckResult *result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	judge(result, DRILL_CHECK_PASS, false, format, arguments);
	va_end(arguments);
}

void drill_check_warn(DrillCheckResult *result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	judge(result, DRILL_CHECK_PASS, true, format, arguments);
	va_end(arguments);
}

void drill_check_fail(DrillCheckResult *result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	judge(result, DRILL_CHECK_FAIL, false, format, arguments);
	va_end(arguments);
}

void drill_check_unassessed(DrillCheckResult *result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	judge(result, DRILL_CHECK_UNASSESSED, false, format, arguments);
	va_end(arguments);
}

static json_t *process_json(const struct plan_check *check)
{
	json_t *list = json_array();

	for (char **process = check->process; process && *process; process++)
		json_array_append_new(list, json_string(*process));
	return list;
}

static char *shown(const DrillCheckResult *result, const char *value,
		   const struct drill_redaction *redaction)
{
	g_autofree char *line = NULL;
	g_autofree char *digest = NULL;

	if (!value)
		return NULL;
	if (!result->check->redact)
		return readable(value);
	if (!redaction || !redaction->hash)
		return NULL;
	line = g_strdup_printf("%s\n%s", redaction->run_id, value);
	digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, line, -1);
	return g_strconcat("sha256:", digest, NULL);
}

/* What stands in the plan is no secret of this check. */
static char *shown_expect(const DrillCheckResult *result, const struct drill_redaction *redaction)
{
	if (g_strcmp0(result->expect, result->check->expect_text) == 0)
		return g_strdup(result->expect);
	return shown(result, result->expect, redaction);
}

json_t *drill_check_result_json(const DrillCheckResult *result,
				const struct drill_redaction *redaction)
{
	g_autofree char *value = shown(result, result->value, redaction);
	g_autofree char *expect = shown_expect(result, redaction);
	const struct plan_check *check = result->check;
	json_t *object = json_object();

	json_set_string(object, "name", check->name);
	json_set_string(object, "part", result->part);
	json_set_string(object, "title", check->title);
	json_set_string(object, "type", plan_check_class(check->type)->name);
	json_set(object, "process", process_json(check));
	json_set_string(object, "stage", plan_stage_name(check->stage));
	json_set_bool(object, "gate", check->gate);
	json_set_string(object, "severity",
			plan_severity_name((enum plan_severity)check->severity));
	json_set_string(object, "database", result->database);
	json_set_string(object, "status", drill_check_status_name(result->status));
	json_set_bool(object, "warned", result->warned);
	json_set_string(object, "value", value);
	json_set_string(object, "expect", expect);
	json_set_string(object, "basis", result->basis);
	json_set_string(object, "query_sha256",
			result->query_sha256[0] ? result->query_sha256 : NULL);
	json_set_int(object, "duration_us", result->duration);
	json_set_string(object, "message", result->message);
	json_set_bool(object, "redacted", check->redact);
	if (result->rows)
		json_set(object, "rows", json_incref(result->rows));
	return object;
}

static void count(struct drill_check_counts *counts, const DrillCheckResult *result)
{
	bool counts_as_failure = result->check->severity == PLAN_SEVERITY_FAIL;
	bool informs = result->check->severity == PLAN_SEVERITY_INFO;

	counts->passed += result->status == DRILL_CHECK_PASS;
	counts->warnings += result->warned && !informs;
	if (result->status == DRILL_CHECK_FAIL) {
		counts->failed += counts_as_failure;
		counts->warnings += !counts_as_failure && !informs;
	} else if (result->status == DRILL_CHECK_UNASSESSED) {
		counts->unassessed++;
		counts->warnings += !result->check->gate && !informs;
		counts->gates_unassessed += result->check->gate;
	}
}

struct drill_check_counts drill_check_count(const GPtrArray *results)
{
	struct drill_check_counts counts = {0};

	for (guint i = 0; i < results->len; i++)
		count(&counts, results->pdata[i]);
	return counts;
}
