#include "drill/check/sql_ask.h"

#include "base/error.h"
#include "base/stop.h"
#include "drill/check/judge.h"
#include "pg/quote.h"

#include <string.h>

#define LOCK_WAIT "10s"

void asking_clear(struct asking *asking)
{
	g_free(asking->database);
	g_free(asking->snapshot);
	session_free(asking->session);
}

bool asking_find_out(struct asking *asking, GError **error)
{
	g_autofree char *table = NULL, *version = NULL;
	guint64 major;

	if (!session_value(asking->session, "SELECT current_database()", &asking->database,
			   error) ||
	    !session_value(asking->session, "SELECT to_regclass('public.ir_module_module')", &table,
			   error))
		return false;
	if (!table)
		return true;
	if (!session_value(
		    asking->session,
		    "SELECT split_part(latest_version, '.', 1) FROM public.ir_module_module "
		    "WHERE name = 'base' AND state IN ('installed', 'to upgrade', 'to remove')",
		    &version, error))
		return false;
	asking->is_odoo = version != NULL;
	if (version && g_ascii_string_to_unsigned(version, 10, 1, 999, &major, NULL))
		asking->major = (unsigned)major;
	return true;
}

/* ---- one query ----------------------------------------------------------------------------------- */

struct reading {
	SqlRows *rows;
	size_t bytes;
};

static bool on_columns(void *data, unsigned count, const char *const *names, GError **error)
{
	struct reading *reading = data;

	(void)count, (void)error;
	reading->rows = sql_rows_new(names);
	return true;
}

static bool on_row(void *data, const char *const *values, GError **error)
{
	struct reading *reading = data;

	for (unsigned i = 0; i < reading->rows->width; i++)
		reading->bytes += values[i] ? strlen(values[i]) : 0;
	if (reading->rows->rows->len >= SQL_ROWS_MAX || reading->bytes > SQL_ROWS_BYTES_MAX)
		return odr_fail(error, ODR_ERROR_FAILED, "it gives more than %d rows or %zu MiB",
				SQL_ROWS_MAX, SQL_ROWS_BYTES_MAX >> 20);
	sql_rows_add(reading->rows, values);
	return true;
}

static bool query(Session *session, const char *sql, SqlRows **rows, GError **error)
{
	struct reading reading = {0};
	bool done = session_query(session, sql,
				  &(struct session_reader){on_columns, on_row, &reading}, error);

	if (done && reading.rows)
		*rows = reading.rows;
	else
		sql_rows_free(reading.rows);
	return done && reading.rows;
}

/* Text of an SQL file of the plan that is for this version: its variant, or itself. NULL: there is none. */
static const struct plan_file *choose_file(const struct asking *asking, const char *name,
					   SqlFile **parsed)
{
	const GPtrArray *files = asking->plan->files;
	const struct plan_file *chosen = drill_plan_file(asking->plan, name);
	g_autoptr(SqlFile) file = NULL;
	gsize size;
	const char *text;

	for (guint i = 0; asking->major && i < files->len; i++) {
		const struct plan_file *other = files->pdata[i];
		g_autofree char *plain = NULL;
		unsigned first, last;

		if (sql_file_variant(other->name, &plain, &first, &last) &&
		    strcmp(plain, name) == 0 && asking->major >= first && asking->major <= last)
			chosen = other;
	}
	text = g_bytes_get_data(chosen->content, &size);
	if (!sql_file_parse(text ? text : "", size, &file, NULL))
		return NULL;
	if (file->first && (asking->major < file->first || asking->major > file->last))
		return NULL;
	*parsed = g_steal_pointer(&file);
	return chosen;
}

/* ---- whether it can be asked --------------------------------------------------------------------- */

static bool has(const struct asking *asking, const struct sql_need *need, bool *is_there,
		GError **error)
{
	g_autofree char *table = sql_literal(need->table);
	g_autofree char *column = sql_literal(need->column ? need->column : "");
	g_autofree char *sql = g_strdup_printf(
		"SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
		"WHERE n.nspname = 'public' AND c.relname = %s AND c.relkind IN ('r', 'p', 'v', 'm', "
		"'f')%s%s%s",
		table,
		need->column ? " AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid "
			       "AND NOT a.attisdropped AND a.attnum > 0 AND a.attname = "
			     : "",
		need->column ? column : "", need->column ? ")" : "");
	g_autofree char *found = NULL;

	if (!session_value(asking->session, sql, &found, error))
		return false;
	*is_there = found != NULL;
	return true;
}

static bool is_installed(const struct asking *asking, const char *module, bool *installed,
			 GError **error)
{
	g_autofree char *name = sql_literal(module);
	g_autofree char *sql = g_strdup_printf(
		"SELECT 1 FROM public.ir_module_module WHERE name = %s AND state IN "
		"('installed', 'to upgrade', 'to remove')",
		name);
	g_autofree char *found = NULL;

	if (!asking->is_odoo) {
		*installed = false;
		return true;
	}
	if (!session_value(asking->session, sql, &found, error))
		return false;
	*installed = found != NULL;
	return true;
}

/* Says so where it cannot: *able is false then. */
static bool probe(const struct asking *asking, const SqlFile *file, DrillCheckResult *result,
		  bool *able, GError **error)
{
	*able = true;
	for (guint i = 0; i < file->needs->len && *able; i++) {
		const struct sql_need *need = file->needs->pdata[i];
		bool installed = false;
		g_autofree char *name = g_strconcat(need->table, need->column ? "." : "",
						    need->column ? need->column : "", NULL);

		if (!has(asking, need, able, error))
			return false;
		if (*able)
			continue;
		if (file->module && !is_installed(asking, file->module, &installed, error))
			return false;
		if (installed)
			drill_check_fail(result, "%s is not there, though module %s is installed",
					 name, file->module);
		else if (file->module)
			drill_check_unassessed(result, "module %s is not installed (no %s)",
					       file->module, name);
		else
			drill_check_unassessed(result, "%s is not there", name);
	}
	return true;
}

static char *expand(const struct asking *asking, const SqlFile *file, GError **error)
{
	const struct drill_check_site *site = asking->site;
	const struct sql_variable variables[] = {{"target", site->target},
						 {"target_lsn", site->target_lsn},
						 {"run", site->run_id},
						 {"service", site->service},
						 {"drill_password", site->drill_password},
						 {NULL, NULL}};

	return sql_file_expand(file->text, variables, error);
}

/* ---- one check ----------------------------------------------------------------------------------- */

/* True: it is the check's own trouble, and stands in its result. */
static bool explain(const struct plan_check *check, DrillCheckResult *result, GError *cause)
{
	g_autofree char *limit = duration_format(check->time_limit);

	if (odr_error_is(cause, ODR_ERROR_UNREACHABLE) || odr_error_is(cause, ODR_ERROR_STOPPED))
		return false;
	if (odr_error_is(cause, ODR_ERROR_CORRUPT))
		drill_check_fail(result, "%s", cause->message);
	else if (odr_error_is(cause, ODR_ERROR_TRANSIENT))
		drill_check_unassessed(result, "it did not end within %s", limit);
	else
		drill_check_unassessed(result, "it could not run: %s", cause->message);
	return true;
}

/* What the rows are judged against, where that lies elsewhere. */
static void find_reference(const struct asking *asking, const char *query,
			   const DrillCheckResult *result, struct drill_observation *seen)
{
	const struct drill_check_site *site = asking->site;
	struct drill_question question = {.check = result->check,
					  .database = asking->database,
					  .query = query,
					  .sha256 = result->query_sha256};

	if (result->check->type == PLAN_CHECK_TREND)
		seen->past = site->past ? site->past(site->data, &question) : NULL;
	if (drill_check_refers(result->check, seen->kind, &question.kind) && site->reference)
		seen->reference = site->reference(site->data, &question);
}

static char *expected_of(const struct asking *asking, const struct plan_check *check)
{
	const struct plan_file *file =
		check->file ? drill_plan_file(asking->plan, check->file) : NULL;
	gsize size = 0;
	const char *data = file ? g_bytes_get_data(file->content, &size) : NULL;

	return file ? g_strndup(data ? data : "", size) : NULL;
}

static bool run_file(struct asking *asking, const char *name, const SqlFile *file,
		     DrillCheckResult *result, GError **error)
{
	const struct plan_check *check = result->check;
	g_autofree char *sql = expand(asking, file, error);
	g_autoptr(SqlRows) rows = NULL;
	g_autofree char *expected = expected_of(asking, check);

	asking->asked = true;
	if (!sql || !query(asking->session, sql, &rows, error))
		return false;

	struct drill_observation seen = {.kind = file->kind, .rows = rows, .expected = expected};

	find_reference(asking, name, result, &seen);
	if (asking->site->keep)
		asking->site->keep(asking->site->data, asking->database, name, rows);
	drill_check_judge(check, &seen, result);
	return true;
}

static bool ask(struct asking *asking, const char *name, DrillCheckResult *result, GError **error)
{
	g_autoptr(SqlFile) file = NULL;
	const struct plan_file *chosen = choose_file(asking, name, &file);
	bool able;

	if (!chosen && asking->major)
		drill_check_unassessed(result, "there is no check for this version of Odoo, %u",
				       asking->major);
	else if (!chosen)
		drill_check_unassessed(result, "it asks Odoo, and this is no database of Odoo's");
	if (!chosen)
		return true;
	g_strlcpy(result->query_sha256, chosen->sha256, sizeof(result->query_sha256));
	return probe(asking, file, result, &able, error) &&
	       (!able || run_file(asking, name, file, result, error));
}

static bool begin_reading(struct asking *asking, GError **error)
{
	const struct drill_check_site *site = asking->site;

	asking->session =
		session_open_database(site->conninfo, site->database, site->run_id, error);
	return asking->session &&
	       session_script(asking->session,
			      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
			      "SET LOCAL search_path = pg_catalog, public, pg_temp; "
			      "SET LOCAL lock_timeout = '" LOCK_WAIT "'; "
			      "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; "
			      "SET LOCAL extra_float_digits = 1",
			      error);
}

/* A query that its connection does not survive is a finding, as long as there is a server to ask the next one: else it is
 * the server that was lost, or was ended. */
static bool begin_again(struct asking *asking, DrillCheckResult *result, const GError *cause,
			GError **error)
{
	g_clear_pointer(&asking->session, session_free);
	if (stop_requested() || !begin_reading(asking, NULL)) {
		drill_check_unassessed(result, "its server was gone before it had an answer");
		g_propagate_error(error, g_error_copy(cause));
		return false;
	}
	drill_check_fail(result, "the server ended the connection over it");
	if (asking->renews)
		return true;
	g_propagate_error(error, g_error_copy(cause));
	return false;
}

/* What it does to the transaction is undone, so that the next one finds it as it was. */
bool asking_run(struct asking *asking, const char *name, DrillCheckResult *result, GError **error)
{
	const struct plan_check *check = result->check;
	g_autofree char *begin = g_strdup_printf(
		"SAVEPOINT odr_check; SET LOCAL statement_timeout = %" G_GINT64_FORMAT,
		check->time_limit / 1000);
	g_autoptr(GError) cause = NULL;
	usec_t begun = clock_monotonic();
	bool done = session_script(asking->session, begin, error);

	if (!done)
		return false;
	done = ask(asking, name, result, &cause);
	result->duration += clock_monotonic() - begun;
	if (odr_error_is(cause, ODR_ERROR_UNREACHABLE))
		return begin_again(asking, result, cause, error);
	if (!done && !explain(check, result, cause)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	/* First of all: where the query failed, nothing else is listened to. */
	return session_script(asking->session,
			      "ROLLBACK TO SAVEPOINT odr_check; RELEASE SAVEPOINT odr_check; "
			      "SET LOCAL statement_timeout = 0",
			      error);
}

bool asking_open(struct asking *asking, const struct drill_check_site *site, GError **error)
{
	*asking = (struct asking){.site = site};
	return begin_reading(asking, error) &&
	       session_value(asking->session, "SELECT txid_current_snapshot()", &asking->snapshot,
			     error) &&
	       asking_find_out(asking, error);
}

bool asking_is_for(const struct asking *asking, const struct plan_check *check)
{
	g_autoptr(SqlFile) file = NULL;
	const struct plan_file *plain =
		check->sql ? drill_plan_file(asking->plan, check->sql) : NULL;
	gsize size;
	const char *text = plain ? g_bytes_get_data(plain->content, &size) : NULL;

	if (check->database && strcmp(check->database, asking->database) != 0)
		return false;
	if (check->type == PLAN_CHECK_ODOO_DATABASE || check->type == PLAN_CHECK_NEUTRALIZED)
		return asking->is_odoo;
	/* What speaks of Odoo asks no other database, unless the plan names that. */
	return asking->is_odoo || check->database || !text ||
	       !sql_file_parse(text, size, &file, NULL) || (!file->module && !file->first);
}
