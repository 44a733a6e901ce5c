/* What is looked at through the application, by programs of the operator's, and in what the drill itself left. */
#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "drill/check/host.h"
#include "drill/check/http.h"
#include "drill/check/trend.h"
#include "drill/engine/code.h"
#include "drill/engine/engine.h"
#include "drill/engine/odoo_run.h"

#include <string.h>

/* ---- programs ------------------------------------------------------------------------------------ */

/* A script of the plan is run as the hash of the plan has it. *program NULL: it is none of the plan's. */
static bool write_script(const Drill *drill, const struct plan_check *check, char **program,
			 GError **error)
{
	g_autofree char *text = drill_plan_text(drill, check->command[0]);

	if (!text)
		return true;
	*program = g_strdup_printf("%s/check-%s.program", drill->sandbox.folder, check->name);
	return file_write(*program, text, strlen(text), &(struct file_write){.mode = 0700}, error);
}

static bool run_command(Drill *drill, const struct plan_check *check, DrillCheckResult *result,
			GError **error)
{
	g_autofree char *program = NULL;
	g_autofree char *conninfo = replica_conninfo(drill->replica);
	usec_t last = drill->arrival.last_commit;
	g_autofree char *target = last > 0 ? clock_format(last) : NULL;
	pid_t server = drill->plan->isolation.network == PLAN_NETWORK_HOST
			       ? 0
			       : replica_pid(drill->replica);

	if (!write_script(drill, check, &program, error))
		return false;
	return drill_check_command(
		&(struct drill_command_site){.server = server,
					     .limits = &drill->limits.asked,
					     .ground = drill->given,
					     .folder = drill->sandbox.folder,
					     .program = program,
					     .conninfo = conninfo,
					     .database = check->database ? check->database
									 : drill->serving,
					     .filestore = drill->files.folder,
					     .service = drill->request->service,
					     .run_id = drill->request->run_id,
					     .target = target,
					     .url = drill->url},
		result, error);
}

/* A program that cannot be run is the plan's trouble: nothing is known of the backup. */
bool drill_check_by_command(Drill *drill, const struct plan_check *check, GError **error)
{
	g_autoptr(DrillCheckResult) result = drill_check_result_new(check, NULL, check->database);
	g_autoptr(GError) trouble = NULL;

	if (!run_command(drill, check, result, &trouble)) {
		if (odr_error_is(trouble, ODR_ERROR_STOPPED)) {
			g_propagate_error(error, g_steal_pointer(&trouble));
			return false;
		}
		drill_check_unassessed(result, "%s", trouble->message);
	}
	g_ptr_array_add(drill->results, g_steal_pointer(&result));
	return true;
}

/* ---- all of them --------------------------------------------------------------------------------- */

static void add_result(Drill *drill, const struct plan_check *check,
		       void (*look)(Drill *drill, DrillCheckResult *result))
{
	DrillCheckResult *result = drill_check_result_new(check, NULL, check->database);

	look(drill, result);
	g_ptr_array_add(drill->results, result);
}

static void look_at_log(Drill *drill, DrillCheckResult *result)
{
	drill_check_log(result->check->log_source == PLAN_LOG_POSTGRES ? replica_log(drill->replica)
								       : drill->odoo_log,
			drill->plan->postgresql.log_allow, result);
}

static void look_at_trend(Drill *drill, const struct drill_figure *figures,
			  DrillCheckResult *result)
{
	const struct drill_question question = {.check = result->check, .sha256 = ""};

	while (figures->name && strcmp(figures->name, result->check->figure) != 0)
		figures++;
	if (!figures->name || figures->value < 0) {
		drill_check_unassessed(result, "'%s' was not measured", result->check->figure);
		return;
	}
	result->value = g_strdup_printf("%" G_GINT64_FORMAT, figures->value);
	drill_check_trend(result->value, drill_past(drill, &question), result);
}

static void look_at_figure(Drill *drill, DrillCheckResult *result)
{
	struct drill_measured measured;

	drill_measure(drill, &measured);
	const struct drill_figure figures[] = {
		{"restore-only", measured.figures.restore_only},
		{"db-ready", measured.figures.db_ready},
		{"wall", measured.figures.wall},
		{"service-ready", measured.figures.service_ready},
		{"locate", measured.figures.phase[PHASE_LOCATE]},
		{"provision", measured.figures.phase[PHASE_PROVISION]},
		{"base", measured.figures.phase[PHASE_BASE]},
		{"filestore", measured.figures.phase[PHASE_FILESTORE]},
		{"replay", measured.figures.phase[PHASE_REPLAY]},
		{"startup", measured.figures.phase[PHASE_STARTUP]},
		{"application", measured.figures.phase[PHASE_APPLICATION]},
		{"gate", measured.figures.phase[PHASE_GATE]},
		{"extended", measured.figures.phase[PHASE_EXTENDED]},
		{NULL, 0}};

	if (result->check->type == PLAN_CHECK_TREND)
		look_at_trend(drill, figures, result);
	else
		drill_check_span(figures, result);
}

/* ---- Odoo ---------------------------------------------------------------------------------------- */

#define PASSWORD_SIZE 24 /* random bytes */

/* Odoo on one database. */
struct app {
	const struct drill_database *database;
	DrillCode *code;
	char *conninfo, *folder, *files, *login, *password;
	struct odoo_run_request request;
	OdooRun *run;	 /* NULL: it does not run */
	GError *trouble; /* why it does not answer; NULL: it does */
};

static void app_clear(struct app *app)
{
	odoo_run_free(app->run);
	g_clear_error(&app->trouble);
	g_free(app->conninfo);
	drill_code_free(app->code);
	g_free(app->folder);
	g_free(app->files);
	g_free(app->login);
	secret_free(app->password);
}

/* It was looked at in this very database, and nothing is left anywhere. */
static bool is_neutralized(const Drill *drill, const char *database)
{
	json_t *left = json_object_get(drill->neutralization, "left");

	if (!json_is_integer(left) || json_integer_value(left) != 0)
		return false;
	for (guint i = 0; i < drill->results->len; i++) {
		const DrillCheckResult *result = drill->results->pdata[i];

		if (result->check->type == PLAN_CHECK_NEUTRALIZED &&
		    g_strcmp0(result->database, database) == 0)
			return result->status == DRILL_CHECK_PASS;
	}
	return false;
}

/* Only a copy that can talk to nobody, and has nobody to talk to. */
static bool may_start(const Drill *drill, const char *database, GError **error)
{
	const struct drill_plan *plan = drill->plan;

	if (!plan->odoo.given || !plan->odoo.start)
		return odr_fail(error, ODR_ERROR_REFUSED, "the plan does not start Odoo");
	if (plan->isolation.network == PLAN_NETWORK_HOST)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"Odoo is not started where it has a network, and the plan has "
				"network=host");
	if (!is_neutralized(drill, database))
		return odr_fail(error, ODR_ERROR_REFUSED,
				"Odoo is not started: it is not proven that the copy is "
				"neutralized");
	return true;
}

static void make_password(struct app *app)
{
	uint8_t random[PASSWORD_SIZE];
	g_autofree char *hex = NULL;

	random_bytes(random, sizeof(random));
	hex = hex_encode(random, sizeof(random));
	app->password = secret_new(strlen(hex) + 1);
	memcpy(app->password, hex, strlen(hex) + 1);
	secret_wipe(hex, strlen(hex));
	secret_wipe(random, sizeof(random));
}

static void app_prepare(Drill *drill, struct app *app)
{
	const char *name = app->database->name;

	app->conninfo = replica_conninfo(drill->replica);
	app->folder = g_build_filename(drill->sandbox.folder, "odoo", name, NULL);
	if (drill->files.folder)
		app->files = g_build_filename(drill->files.folder, name, NULL);
	if (app->files && !g_file_test(app->files, G_FILE_TEST_IS_DIR))
		g_clear_pointer(&app->files, g_free);
	if (!drill->odoo_log)
		drill->odoo_log = g_build_filename(drill->sandbox.folder, "odoo.log", NULL);
	make_password(app);
	app->request = (struct odoo_run_request){.plan = &drill->plan->odoo,
						 .configuration = app->code->text,
						 .addons = (const char *const *)app->code->addons,
						 .root = app->code->root,
						 .conninfo = app->conninfo,
						 .database = name,
						 .run_id = drill->request->run_id,
						 .folder = app->folder,
						 .files = app->files,
						 .log = drill->odoo_log,
						 .server = replica_pid(drill->replica),
						 .sandbox = drill->sandbox.folder,
						 .limits = &drill->limits.asked,
						 .ground = drill->given};
}

static bool log_in(const Drill *drill, struct app *app, GError **error)
{
	g_autofree char *sql = drill_plan_text(drill, drill->plan->odoo.login);

	return odoo_run_login(&(struct odoo_login){.conninfo = app->conninfo,
						   .database = app->database->name,
						   .run_id = drill->request->run_id,
						   .name = drill->plan->odoo.login,
						   .sql = sql ? sql : "",
						   .password = app->password,
						   .service = drill->request->service},
			      &app->login, error);
}

static bool app_run(Drill *drill, struct app *app, GError **error)
{
	app->code = drill_code_of(drill, app->database->name, error);
	if (!app->code)
		return odr_context(error, "Odoo is not started");
	app_prepare(drill, app);
	if (!log_in(drill, app, error))
		return false;
	app->run = odoo_run_start(&app->request, error);
	return app->run && odoo_run_wait(app->run, error);
}

/* False only with STOPPED: else app->trouble says why it does not answer. */
static bool app_start(Drill *drill, struct app *app, GError **error)
{
	usec_t from;

	if (!may_start(drill, app->database->name, &app->trouble))
		return true;
	from = drill_span_begin();
	if (app_run(drill, app, &app->trouble))
		drill->url = ODOO_RUN_URL;
	drill_span_end(drill, PHASE_APPLICATION, "", from, false);
	if (!odr_error_is(app->trouble, ODR_ERROR_STOPPED))
		return true;
	g_propagate_error(error, g_steal_pointer(&app->trouble));
	return false;
}

/* One that was started and never answered is what the business would meet. */
static void tell_trouble(const struct app *app, DrillCheckResult *result)
{
	if (app->run)
		drill_check_fail(result, "%s", app->trouble->message);
	else
		drill_check_unassessed(result, "%s", app->trouble->message);
}

static bool ask(Drill *drill, const struct app *app, const struct plan_check *check, GError **error)
{
	g_autoptr(DrillCheckResult) result =
		drill_check_result_new(check, NULL, app->database->name);

	if (app->trouble)
		tell_trouble(app, result);
	else if (!drill_check_http(drill->plan,
				   &(struct drill_http_site){.socket = odoo_run_socket(app->run),
							     .url = ODOO_RUN_URL,
							     .conninfo = app->conninfo,
							     .database = app->database->name,
							     .login = app->login,
							     .password = app->password,
							     .run_id = drill->request->run_id},
				   result, error))
		return false;
	g_ptr_array_add(drill->results, g_steal_pointer(&result));
	return true;
}

static bool is_asked(const struct plan_check *check, const struct drill_database *database)
{
	return check->type == PLAN_CHECK_HTTP && database->odoo &&
	       (!check->database || strcmp(check->database, database->name) == 0);
}

static bool ask_all(Drill *drill, const struct app *app, GError **error)
{
	for (guint i = 0; i < drill->plan->checks->len; i++) {
		const struct plan_check *check = drill->plan->checks->pdata[i];

		if (is_asked(check, app->database) && !ask(drill, app, check, error))
			return false;
	}
	return true;
}

/* The first of them answers while everything else of the stage is looked at. */
static bool check_database(Drill *drill, const struct drill_database *database, bool first,
			   GError **error)
{
	struct app app = {.database = database};
	bool done;
	usec_t from;

	drill->serving = database->name;
	done = app_start(drill, &app, error);
	from = drill_span_begin();
	done = done &&
	       (first ? drill_check_stage(drill, PLAN_STAGE_APP, error)
		      : drill_check_commands(drill, error)) &&
	       ask_all(drill, &app, error);
	drill_span_end(drill, PHASE_GATE, "", from, false);
	drill->url = drill->serving = NULL;
	app_clear(&app);
	return done;
}

static bool check_databases(Drill *drill, GError **error)
{
	bool first = true;

	for (guint i = 0; i < drill->databases->len; i++) {
		const struct drill_database *database = drill->databases->pdata[i];

		if (!database->odoo)
			continue;
		if (!check_database(drill, database, first, error))
			return false;
		first = false;
	}
	return !first || drill_check_stage(drill, PLAN_STAGE_APP, error);
}

static void leave_out(Drill *drill, DrillCheckResult *result)
{
	(void)drill;
	drill_check_unassessed(result, "there is no such database of Odoo's");
}

static bool is_for_nobody(const Drill *drill, const struct plan_check *check)
{
	for (guint i = 0; i < drill->databases->len; i++)
		if (is_asked(check, drill->databases->pdata[i]))
			return false;
	return check->type == PLAN_CHECK_HTTP;
}

bool drill_check_app(Drill *drill, GError **error)
{
	bool done = check_databases(drill, error);
	usec_t from = drill_span_begin();

	for (guint i = 0; done && i < drill->plan->checks->len; i++) {
		const struct plan_check *check = drill->plan->checks->pdata[i];

		if (check->type == PLAN_CHECK_LOG)
			add_result(drill, check, look_at_log);
		else if (is_for_nobody(drill, check))
			add_result(drill, check, leave_out);
	}
	drill_span_end(drill, PHASE_GATE, "", from, false);
	return done;
}

void drill_check_figures(Drill *drill)
{
	drill->checked = clock_monotonic();
	for (guint i = 0; i < drill->plan->checks->len; i++) {
		const struct plan_check *check = drill->plan->checks->pdata[i];

		if (check->type == PLAN_CHECK_SPAN ||
		    (check->type == PLAN_CHECK_TREND && check->figure))
			add_result(drill, check, look_at_figure);
	}
}
