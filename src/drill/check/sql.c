#include "drill/check/sql.h"

#include "base/error.h"
#include "drill/check/judge.h"
#include "drill/check/sql_ask.h"

#include <string.h>

static bool run_one(struct asking *asking, const struct plan_check *check, const char *part,
		    const char *name, GPtrArray *results, GError **error)
{
	DrillCheckResult *result = drill_check_result_new(check, part, asking->database);

	g_ptr_array_add(results, result);
	return asking_run(asking, name, result, error);
}

/* ---- types --------------------------------------------------------------------------------------- */

static bool count_outside(struct asking *asking, const struct plan_check *check, GPtrArray *results,
			  GError **error)
{
	DrillCheckResult *result =
		drill_check_result_new(check, "attachments-outside", asking->database);
	g_autofree char *count = NULL;

	g_ptr_array_add(results, result);
	if (!session_value(asking->session,
			   "SELECT count(*) FROM public.ir_attachment "
			   "WHERE store_fname ~ '://' OR type = 'cloud_storage'",
			   &count, error))
		return false;
	result->value = g_strdup(count);
	if (g_strcmp0(count, "0") == 0)
		drill_check_pass(result, "every attachment is in the filestore or the database");
	else if (check->attachments_outside == PLAN_OUTSIDE_FAIL)
		drill_check_fail(result, "%s attachments are in another store, and not recovered",
				 count);
	else
		drill_check_warn(
			result, "%s attachments are in another store, and not part of this", count);
	return true;
}

static bool run_odoo(struct asking *asking, const struct plan_check *check, GPtrArray *results,
		     GError **error)
{
	return (!check->modules_settled ||
		run_one(asking, check, "modules-settled", PLAN_SQL_MODULES, results, error)) &&
	       (!check->sequences ||
		run_one(asking, check, "sequences", PLAN_SQL_SEQUENCES, results, error)) &&
	       count_outside(asking, check, results, error);
}

static bool run_type(struct asking *asking, const struct plan_check *check, GPtrArray *results,
		     GError **error)
{
	switch (check->type) {
	case PLAN_CHECK_SQL:
	case PLAN_CHECK_COMPARE:
		return run_one(asking, check, NULL, check->sql, results, error);
	case PLAN_CHECK_TREND:
		return !check->sql || run_one(asking, check, NULL, check->sql, results, error);
	case PLAN_CHECK_NEUTRALIZED:
		return run_one(asking, check, NULL, PLAN_SQL_NEUTRALIZED, results, error);
	case PLAN_CHECK_ODOO_DATABASE:
		return run_odoo(asking, check, results, error);
	default:
		return true;
	}
}

static bool run_stage(struct asking *asking, enum plan_stage stage, GPtrArray *results,
		      GError **error)
{
	for (guint i = 0; i < asking->plan->checks->len; i++) {
		const struct plan_check *check = asking->plan->checks->pdata[i];

		if (check->stage == stage && asking_is_for(asking, check) &&
		    !run_type(asking, check, results, error))
			return odr_context(error, "check %s of database '%s'", check->name,
					   asking->database);
	}
	return true;
}

bool drill_checks_on_database(const DrillPlan *plan, enum plan_stage stage,
			      const struct drill_check_site *site, GPtrArray *results,
			      GError **error)
{
	struct asking asking;
	bool done = asking_open(&asking, site, error);

	asking.plan = plan;
	asking.renews = true;
	done = done && run_stage(&asking, stage, results, error) &&
	       session_script(asking.session, "ROLLBACK", error);
	asking_clear(&asking);
	return done;
}

bool drill_check_sql(const DrillPlan *plan, const struct plan_check *check, Session *session,
		     const struct drill_check_site *site, DrillCheckResult *result, GError **error)
{
	struct asking asking = {.plan = plan, .site = site, .session = session};
	bool done =
		asking_find_out(&asking, error) && asking_run(&asking, check->sql, result, error);

	g_free(asking.database);
	return done;
}

static bool asks_databases(const struct plan_check *check)
{
	return check->type == PLAN_CHECK_SQL || check->type == PLAN_CHECK_COMPARE ||
	       check->type == PLAN_CHECK_NEUTRALIZED || check->type == PLAN_CHECK_ODOO_DATABASE ||
	       (check->type == PLAN_CHECK_TREND && check->sql);
}

void drill_checks_unmet(const DrillPlan *plan, enum plan_stage stage, GPtrArray *results)
{
	for (guint i = 0; i < plan->checks->len; i++) {
		const struct plan_check *check = plan->checks->pdata[i];
		bool found = check->line == 0 || check->stage != stage || !asks_databases(check);
		DrillCheckResult *result;

		for (guint k = 0; k < results->len && !found; k++)
			found = ((const DrillCheckResult *)results->pdata[k])->check == check;
		if (found)
			continue;
		result = drill_check_result_new(check, NULL, check->database);
		if (check->database)
			drill_check_unassessed(result, "there is no database '%s' here",
					       check->database);
		else
			drill_check_unassessed(result, "there is no database of Odoo's here");
		g_ptr_array_add(results, result);
	}
}

bool drill_check_needs_anchor(const DrillPlan *plan, const struct plan_check *check)
{
	const struct plan_file *plain = check->type == PLAN_CHECK_SQL && check->sql
						? drill_plan_file(plan, check->sql)
						: NULL;
	g_autoptr(SqlFile) file = NULL;
	enum drill_reference_kind kind;
	gsize size;
	const char *text = plain ? g_bytes_get_data(plain->content, &size) : NULL;

	return text && sql_file_parse(text, size, &file, NULL) &&
	       drill_check_refers(check, file->kind, &kind) && kind != DRILL_REFERENCE_SOURCE;
}
