#include "drill/check/http.h"

#include "base/error.h"
#include "base/stop.h"
#include "drill/check/http_asking.h"
#include "drill/check/http_text.h"

static void asking_clear(struct http_asking *asking)
{
	g_hash_table_unref(asking->values);
	g_hash_table_unref(asking->cookies);
	http_answer_free(asking->answer);
	json_decref(asking->document);
	g_free(asking->expected);
	g_free(asking->found);
}

static void asking_init(struct http_asking *asking)
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

static bool is_over_time(const struct http_asking *asking)
{
	return asking->check->time_limit > 0 && clock_monotonic() >= asking->end;
}

static bool carry_out(struct http_asking *asking, GError **error)
{
	const struct http_step *step = asking->step;

	if (!http_asking_send(asking, error))
		return false;
	for (guint i = 0; i < step->directives->len; i++)
		if (!http_asking_judge(asking, step->directives->pdata[i], error))
			return false;
	return true;
}

static bool carry_out_all(struct http_asking *asking, GError **error)
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

static void tell(const struct http_asking *asking, const GError *trouble, DrillCheckResult *result)
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
	if (asking->expected) {
		result->expect = http_text_redact(asking->expected, asking->site->password);
		result->value = http_text_redact(asking->found, asking->site->password);
	}
	drill_check_fail(result, "%s", message);
}

/* True: another try may do. */
static bool run_once(struct http_asking *asking, bool last, DrillCheckResult *result,
		     GError **error)
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
		struct http_asking asking = {.plan = plan,
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
