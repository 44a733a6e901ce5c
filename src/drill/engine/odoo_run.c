#include "drill/engine/odoo_run.h"

#include "base/background.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/stop.h"
#include "crypto/digest.h"
#include "drill/check/host.h"
#include "drill/check/http_text.h"
#include "drill/engine/forward.h"
#include "drill/engine/odoo_settings.h"
#include "drill/plan/sql_file.h"
#include "http/exchange.h"
#include "pg/quote.h"
#include "pg/session.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define PORT	      8069 /* of a loopback that is nobody else's */
#define LOOK_EVERY_US 100000
#define ASK_WITHIN    (10 * USEC_PER_SEC)
#define STOP_WITHIN   (10 * USEC_PER_SEC)
#define HEALTH_MAX    ((size_t)1 << 20)
#define SECRET_SIZE   24

struct odoo_run {
	const struct odoo_run_request *request;
	char *socket, *configuration;
	Background *program;
	Forward *forward;
};

/* ---- what it is started with --------------------------------------------------------------------- */

/* Where the server is, and as whom the source asked it; else as who owns the database. */
struct server {
	char *host, *port, *user;
};

static void server_clear(struct server *server)
{
	g_free(server->host);
	g_free(server->port);
	g_free(server->user);
}

static bool look_at_server(const struct odoo_run_request *request, struct server *server,
			   GError **error)
{
	g_autofree char *wanted = odoo_settings_user(request->configuration);
	g_autofree char *literal = sql_literal(wanted ? wanted : "");
	g_autofree char *query = g_strdup_printf(
		"SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname IN (%s, (SELECT "
		"pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database())) "
		"ORDER BY rolname = %s DESC LIMIT 1",
		literal, literal);
	g_autoptr(Session) session =
		session_open_database(request->conninfo, request->database, request->run_id, error);

	return session &&
	       session_value(session, "SELECT current_setting('unix_socket_directories')",
			     &server->host, error) &&
	       session_value(session, "SELECT current_setting('port')", &server->port, error) &&
	       session_value(session, query, &server->user, error) &&
	       (server->user ||
		odr_fail(error, ODR_ERROR_REFUSED, "no role owns the database and may log in"));
}

static char *data_folder(const struct odoo_run_request *request)
{
	return g_build_filename(request->folder, "data", NULL);
}

static bool write_configuration(OdooRun *run, GError **error)
{
	const struct odoo_run_request *request = run->request;
	g_autofree char *data = data_folder(request);
	uint8_t random[SECRET_SIZE];
	struct server server = {0};
	g_autofree char *password = NULL, *text = NULL;

	random_bytes(random, sizeof(random));
	password = hex_encode(random, sizeof(random));
	if (look_at_server(request, &server, error))
		text = odoo_settings_print(
			&(struct odoo_settings){.captured = request->configuration,
						.addons = request->addons,
						.data_dir = data,
						.host = server.host,
						.port = server.port,
						.user = server.user,
						.database = request->database,
						.admin_password = password,
						.http_port = PORT},
			error);
	server_clear(&server);
	return text && file_write(run->configuration, text, strlen(text), NULL, error);
}

/* data/filestore/<database> is what was restored. */
static bool make_folders(const struct odoo_run_request *request, GError **error)
{
	g_autofree char *temporary = g_build_filename(request->folder, "tmp", NULL);
	g_autofree char *filestore = g_build_filename(request->folder, "data", "filestore", NULL);
	g_autofree char *link = g_build_filename(filestore, request->database, NULL);

	if (!file_make_dirs(temporary, 0700, error) || !file_make_dirs(filestore, 0700, error))
		return false;
	return !request->files || symlink(request->files, link) == 0 ||
	       odr_fail_errno(error, errno, "cannot make '%s'", link);
}

static GPtrArray *environment_of(const struct odoo_run_request *request)
{
	GPtrArray *environment = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(
		environment,
		g_strdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
	g_ptr_array_add(environment, g_strdup("LC_ALL=C.UTF-8"));
	g_ptr_array_add(environment, g_strdup("TZ=UTC"));
	g_ptr_array_add(environment, g_strdup_printf("HOME=%s", request->folder));
	g_ptr_array_add(environment, g_strdup_printf("TMPDIR=%s/tmp", request->folder));
	g_ptr_array_add(environment, g_strdup("PYTHONUNBUFFERED=1"));
	g_ptr_array_add(environment, NULL);
	return environment;
}

static bool start_program(OdooRun *run, GError **error)
{
	const struct odoo_run_request *request = run->request;
	g_auto(GStrv) argv = odoo_settings_command(
		request->plan->command, &(struct odoo_words){.configuration = run->configuration,
							     .database = request->database,
							     .root = request->root});
	g_autoptr(GPtrArray) environment = environment_of(request);
	const char *writable[] = {request->folder, request->files, NULL};
	const char *in_sight[] = {request->sandbox, NULL};
	struct confinement_place place;

	if (!confinement_place_open(&place, request->server))
		return odr_fail_errno(error, errno, "cannot look at the namespaces of the server");
	run->program = background_start(
		&(struct background_request){.argv = (const char *const *)argv,
					     .environment = (const char *const *)environment->pdata,
					     .folder = request->folder,
					     .output = request->log,
					     .death_signal = SIGKILL,
					     .writable = writable,
					     .in_sight = in_sight,
					     .limits = request->limits,
					     .ground = request->ground,
					     .place = &place},
		error);
	confinement_place_close(&place);
	return run->program != NULL;
}

static bool start_forward(OdooRun *run, GError **error)
{
	run->forward =
		forward_start(&(struct forward_settings){.socket = run->socket,
							 .pid = run->request->server,
							 .given = run->request->ground != NULL,
							 .port = PORT},
			      error);
	return run->forward != NULL;
}

OdooRun *odoo_run_start(const struct odoo_run_request *request, GError **error)
{
	g_autoptr(OdooRun) run = g_new0(OdooRun, 1);

	run->request = request;
	run->socket = g_build_filename(request->folder, "http", NULL);
	run->configuration = g_build_filename(request->folder, "odoo.conf", NULL);
	return make_folders(request, error) && write_configuration(run, error) &&
			       start_program(run, error) && start_forward(run, error)
		       ? g_steal_pointer(&run)
		       : NULL;
}

void odoo_run_free(OdooRun *run)
{
	if (!run)
		return;
	forward_free(run->forward);
	if (run->program)
		background_stop(run->program, SIGTERM, STOP_WITHIN);
	background_free(run->program);
	g_free(run->socket);
	g_free(run->configuration);
	g_free(run);
}

/* ---- until it answers ---------------------------------------------------------------------------- */

const char *odoo_run_socket(const OdooRun *run)
{
	return run->socket;
}

static bool is_healthy(const OdooRun *run, usec_t left, HttpAnswer *answer, GError **error)
{
	g_autofree char *url = g_strconcat(ODOO_RUN_URL, run->request->plan->health, NULL);

	return http_exchange(&(struct http_request){.method = "GET",
						    .url = url,
						    .socket = run->socket,
						    .proxy = "",
						    .limit = HEALTH_MAX,
						    .within = CLAMP(left, 1, ASK_WITHIN),
						    .plain = true},
			     answer, error) &&
	       answer->status == 200;
}

static bool fail_ended(const OdooRun *run, int status, GError **error)
{
	g_autofree char *said = drill_last_line(run->request->log);

	return odr_fail(error, ODR_ERROR_FAILED, "Odoo ended with status %d before it answered: %s",
			status, said);
}

static bool fail_late(const OdooRun *run, unsigned answered, GError **error)
{
	const struct plan_odoo *plan = run->request->plan;
	g_autofree char *limit = duration_format(plan->start_limit);
	g_autofree char *said = drill_last_line(run->request->log);

	return answered ? odr_fail(error, ODR_ERROR_FAILED,
				   "Odoo answered %u at %s, and not 200 within %s: %s", answered,
				   plan->health, limit, said)
			: odr_fail(error, ODR_ERROR_FAILED,
				   "Odoo did not answer at %s within %s: %s", plan->health, limit,
				   said);
}

bool odoo_run_wait(OdooRun *run, GError **error)
{
	usec_t end = clock_monotonic() + run->request->plan->start_limit;
	g_autoptr(HttpAnswer) answer = http_answer_new();
	unsigned answered = 0;
	int status;

	while (background_runs(run->program, &status)) {
		if (!stop_check(error))
			return false;
		if (clock_monotonic() >= end)
			return fail_late(run, answered, error);
		if (is_healthy(run, end - clock_monotonic(), answer, NULL))
			return true;
		answered = answer->status ? answer->status : answered;
		g_usleep(LOOK_EVERY_US);
	}
	return fail_ended(run, status, error);
}

/* ---- a user's password --------------------------------------------------------------------------- */

/* Nothing of it comes into the server's log, whatever happens. */
static bool set_password(Session *session, const char *sql, const char *password, char **login,
			 GError **error)
{
	g_autofree char *literal = sql_literal(password);
	g_autofree char *whose = g_strdup_printf(
		"SELECT login FROM res_users WHERE active AND password = %s ORDER BY id LIMIT 1",
		literal);

	return session_script(session,
			      "BEGIN; SET LOCAL search_path = public, pg_catalog; "
			      "SET LOCAL log_min_error_statement = panic; "
			      "SET LOCAL log_statement = none; "
			      "SET LOCAL log_min_duration_statement = -1",
			      error) &&
	       session_script(session, sql, error) && session_value(session, whose, login, error) &&
	       session_script(session, "COMMIT", error);
}

static bool run_login(const struct odoo_login *request, char **login, GError **error)
{
	const struct sql_variable variables[] = {{"drill_password", request->password},
						 {"run", request->run_id},
						 {"service", request->service},
						 {NULL, NULL}};
	g_autofree char *sql = sql_file_expand(request->sql, variables, error);
	g_autoptr(Session) session = NULL;

	if (!sql)
		return false;
	session =
		session_open_database(request->conninfo, request->database, request->run_id, error);
	return session && set_password(session, sql, request->password, login, error);
}

bool odoo_run_login(const struct odoo_login *request, char **login, GError **error)
{
	g_autoptr(GError) trouble = NULL;
	g_autofree char *whose = NULL;

	if (!run_login(request, &whose, &trouble)) {
		/* The server's message may quote the statement. */
		g_autofree char *message = http_text_redact(trouble->message, request->password);

		return odr_fail(error, trouble->code, "%s: %s", request->name, message);
	}
	if (!whose)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"%s: it gave no active user the password of the drill",
				request->name);
	*login = g_steal_pointer(&whose);
	return true;
}
