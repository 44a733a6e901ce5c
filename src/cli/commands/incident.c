/* odrbackup incident open, mark, note, link, close: the timeline of a real recovery, as it happens. */
#include "base/error.h"
#include "base/log.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/site/incident_log.h"
#include "cli/site/incident_site.h"
#include "pg/session.h"
#include "repo/layout.h"

#include <stdio.h>
#include <string.h>

/* ---- what the commands share --------------------------------------------------------------------- */

static void tell_warnings(const GPtrArray *warnings)
{
	for (guint i = 0; i < warnings->len; i++)
		log_warning("%s", (char *)warnings->pdata[i]);
}

/* A time that people state; 0: none. One without a zone is refused by clock_parse. */
static bool time_of(const struct arguments *arguments, const char *name, usec_t *time,
		    GError **error)
{
	const char *text = arguments_text(arguments, name);

	*time = 0;
	if (!text)
		return true;
	if (!clock_parse(text, time, error))
		return odr_context(error, "--%s", name);
	return *time > 0 || odr_fail(error, ODR_ERROR_USAGE, "--%s lies before 1970", name);
}

/* The mark that most likely comes next; NULL: all are there. */
static const char *next_mark(const Incident *incident)
{
	int last = -1;

	for (int i = 0; i < INCIDENT_MARKS; i++)
		if (incident->marks[i])
			last = i;
	for (int i = last + 1; i < INCIDENT_MARKS; i++)
		if (i != INCIDENT_LOSS && !incident->marks[i])
			return incident_mark_name((enum incident_mark)i);
	return NULL;
}

static void print_next(const struct incident_site *site)
{
	const Incident *incident = site->incident;
	const char *mark = next_mark(incident);
	const char *state = arguments_text(site->arguments, "state");

	if (incident->closed)
		printf("Next: odrbackup report incident %s", incident->id);
	else if (mark)
		printf("Next: odrbackup incident mark %s%s", mark,
		       strcmp(mark, "db-ready") == 0 ? " --postgres CONNINFO" : "");
	else
		printf("Next: odrbackup incident close");
	printf("%s%s\n", state ? " --state " : "", state ? state : "");
}

/* What was done in a sentence; with --json the incident as it is now. */
static bool tell(struct incident_site *site, const char *done, GError **error)
{
	if (!incident_site_renew(site, error))
		return false;
	if (arguments_flag(site->arguments, "json")) {
		json_out(report_incident_json(site->incident, incident_site_promise(site)));
		return true;
	}
	if (arguments_flag(site->arguments, "quiet"))
		return true;
	printf("%s\n", done);
	print_next(site);
	return true;
}

typedef bool (*incident_act)(struct incident_site *site, Audit *audit, GError **error);

/* With the chain at hand. */
static bool with_audit(struct incident_site *site, incident_act act, GError **error)
{
	g_autoptr(Audit) audit = audit_open(site->state, error);

	return audit && act(site, audit, error);
}

/* On the incident that is the first of two words, or the only one that is open. */
static bool act_on(const struct arguments *arguments, const char *id, incident_act act,
		   GError **error)
{
	struct incident_site site;
	bool done = incident_site_open(&site, arguments, error) &&
		    incident_site_find(&site, id, error) && with_audit(&site, act, error);

	incident_site_clear(&site);
	return done;
}

/* ---- open ---------------------------------------------------------------------------------------- */

static bool mark_at(struct incident_site *site, Audit *audit, enum incident_mark mark, usec_t at,
		    GError **error)
{
	g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);

	if (at == 0)
		return true;
	if (!incident_mark(audit, site->incident,
			   &(struct incident_marking){.mark = mark, .at = at}, warnings, error) ||
	    !incident_site_renew(site, error))
		return false;
	tell_warnings(warnings);
	return true;
}

/* SERVICE, else the only one that is configured. */
static const char *service_of(const struct incident_site *site, GError **error)
{
	const char *named = arguments_positional(site->arguments, 0);
	const Settings *settings;
	const struct settings_service *service;

	if (!site->contexts) {
		if (!named)
			odr_fail(error, ODR_ERROR_USAGE, "--state has no services: name one");
		else if (!incident_text_check("SERVICE", named, error))
			named = NULL;
		return named;
	}
	settings = ((Context *)site->contexts->pdata[0])->settings;
	service = settings_service(settings, named, error);
	return service ? service->name : NULL;
}

static bool check_past(const char *name, usec_t time, GError **error)
{
	g_autofree char *now = clock_format(clock_now());

	return time <= clock_now() ||
	       odr_fail(error, ODR_ERROR_USAGE,
			"--%s is still to come: it is %s here; is the zone right?", name, now);
}

static bool open_new(struct incident_site *site, Audit *audit, GError **error)
{
	const struct arguments *arguments = site->arguments;
	const char *service = service_of(site, error);
	g_autofree char *id = NULL;
	g_autofree char *done = NULL;
	const char *title;
	usec_t loss, detected;

	if (!service || !arguments_require(arguments, "title", &title, error) ||
	    !time_of(arguments, "loss", &loss, error) ||
	    !time_of(arguments, "detected", &detected, error) || !check_past("loss", loss, error) ||
	    !check_past("detected", detected, error) ||
	    !incident_open(audit, service, title, &id, error) ||
	    !incident_site_find(site, id, error) ||
	    !mark_at(site, audit, INCIDENT_LOSS, loss, error) ||
	    !mark_at(site, audit, INCIDENT_DETECTED, detected, error))
		return false;
	done = g_strdup_printf("Incident %s of service %s is open.", id, service);
	return tell(site, done, error);
}

bool cmd_incident_open(const struct arguments *arguments, GError **error)
{
	struct incident_site site;
	bool done =
		incident_site_open(&site, arguments, error) && with_audit(&site, open_new, error);

	incident_site_clear(&site);
	return done;
}

/* ---- mark ---------------------------------------------------------------------------------------- */

static bool take_answer(void *data, const char *const *values, GError **error)
{
	struct incident_server *server = data;

	(void)error;
	server->asked = clock_now();
	server->last_replayed = values[0] ? g_ascii_strtoll(values[0], NULL, 10) : 0;
	server->started = values[1] ? g_ascii_strtoll(values[1], NULL, 10) : 0;
	server->system_identifier = g_strdup(values[2]);
	return true;
}

/* What it brought back last it knows until it is started again. */
static bool ask_server(Session *session, struct incident_server *server, GError **error)
{
	static const char question[] =
		"SELECT (extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000000)::bigint,"
		" (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint,"
		" (SELECT system_identifier FROM pg_control_system())";

	if (!session_rows(session, question, take_answer, server, error))
		return false;
	if (server->last_replayed == 0)
		log_warning("the server does not say what it replayed last: it did not recover, or "
			    "was started again since; the incident RPO is not measured by it");
	return true;
}

/* By the server, where there is one to be asked, and by its log, where that can be read. */
static bool ask(const struct arguments *arguments, const char *id, struct incident_server *server,
		json_t **log, GError **error)
{
	const char *conninfo = arguments_text(arguments, "postgres");
	g_autofree char *file = arguments_path(arguments, "log");
	g_autoptr(Session) session = NULL;

	if (conninfo && (!(session = session_open_briefly(conninfo, NULL, id, error)) ||
			 !ask_server(session, server, error)))
		return odr_context(error, "nothing was marked: cannot ask the recovered server");
	return incident_log_read(&(struct incident_log_source){file, session}, log, error) ||
	       odr_context(error, "nothing was marked: --log");
}

static bool parse_marking(const struct arguments *arguments, struct incident_marking *marking,
			  GError **error)
{
	const char *second = arguments_positional(arguments, 1);
	const char *name = second ? second : arguments_positional(arguments, 0);

	if (!incident_mark_parse(name, &marking->mark, error) ||
	    !time_of(arguments, "at", &marking->at, error))
		return false;
	marking->correct = arguments_text(arguments, "correct");
	return (!arguments_text(arguments, "postgres") && !arguments_text(arguments, "log")) ||
	       marking->mark >= INCIDENT_DB_READY ||
	       odr_fail(error, ODR_ERROR_USAGE,
			"--postgres and --log are for marks from db-ready on: before that there is "
			"no recovered server");
}

static char *marked_words(const struct incident_site *site, const struct incident_marking *marking)
{
	g_autofree char *time = marking->at ? clock_format(marking->at) : NULL;

	return g_strdup_printf("Incident %s: %s, %s.", site->incident->id,
			       incident_mark_name(marking->mark), time ? time : "now");
}

static bool mark(struct incident_site *site, Audit *audit, GError **error)
{
	g_autoptr(JsonValue) log = NULL;
	g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
	struct incident_marking marking = {0};
	struct incident_server server = {0};
	bool done = parse_marking(site->arguments, &marking, error) &&
		    incident_check_open(site->incident, error) &&
		    ask(site->arguments, site->incident->id, &server, &log, error);

	marking.log = log;

	if (server.asked > 0)
		marking.server = &server;
	done = done && incident_mark(audit, site->incident, &marking, warnings, error);
	if (done) {
		g_autofree char *words = marked_words(site, &marking);

		tell_warnings(warnings);
		done = tell(site, words, error);
	}
	g_free(server.system_identifier);
	return done;
}

bool cmd_incident_mark(const struct arguments *arguments, GError **error)
{
	struct incident_marking marking = {0};
	const char *second = arguments_positional(arguments, 1);

	return parse_marking(arguments, &marking, error) &&
	       act_on(arguments, second ? arguments_positional(arguments, 0) : NULL, mark, error);
}

/* ---- note ---------------------------------------------------------------------------------------- */

static bool note(struct incident_site *site, Audit *audit, GError **error)
{
	const struct arguments *arguments = site->arguments;
	const char *second = arguments_positional(arguments, 1);
	const struct incident_note written = {.text = second ? second
							     : arguments_positional(arguments, 0),
					      .lost = arguments_flag(arguments, "lost"),
					      .later = arguments_flag(arguments, "later")};
	g_autofree char *done = g_strdup_printf("Incident %s: noted.", site->incident->id);

	return incident_note(audit, site->incident, &written, error) && tell(site, done, error);
}

bool cmd_incident_note(const struct arguments *arguments, GError **error)
{
	const char *second = arguments_positional(arguments, 1);
	const char *first = arguments_positional(arguments, 0);

	if (!second && set_id_valid(first))
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is an id, and there is no note behind it", first);
	return act_on(arguments, second ? first : NULL, note, error);
}

/* ---- link ---------------------------------------------------------------------------------------- */

static bool link_run(struct incident_site *site, Audit *audit, GError **error)
{
	const char *second = arguments_positional(site->arguments, 1);
	const char *run = second ? second : arguments_positional(site->arguments, 0);
	g_autofree char *done =
		g_strdup_printf("Incident %s: %s belongs to it.", site->incident->id, run);

	return incident_link(audit, site->state, site->incident, run, error) &&
	       tell(site, done, error);
}

/* The other host may be the one that opened it: then nothing is known of it here so far. */
static bool join_chain(struct incident_site *site, Audit *audit, GError **error)
{
	const char *id = arguments_positional(site->arguments, 0);
	g_autofree char *from = arguments_path(site->arguments, "chain");
	g_autofree char *done =
		g_strdup_printf("Incident %s: the chain of '%s' is joined to it.", id, from);

	return incident_join(audit, site->state, id, from, error) &&
	       incident_site_find(site, id, error) && tell(site, done, error);
}

static bool join(const struct arguments *arguments, GError **error)
{
	struct incident_site site;
	bool done;

	if (arguments->positional->len != 1)
		return odr_fail(error, ODR_ERROR_USAGE,
				"--chain needs the id of the incident, and nothing else");
	done = incident_site_open(&site, arguments, error) && with_audit(&site, join_chain, error);
	incident_site_clear(&site);
	return done;
}

bool cmd_incident_link(const struct arguments *arguments, GError **error)
{
	const char *second = arguments_positional(arguments, 1);

	if (arguments_text(arguments, "chain"))
		return join(arguments, error);
	if (arguments->positional->len == 0)
		return odr_fail(error, ODR_ERROR_USAGE,
				"link needs a run, or with --chain DIR the timeline of another "
				"host");
	return act_on(arguments, second ? arguments_positional(arguments, 0) : NULL, link_run,
		      error);
}

/* ---- close --------------------------------------------------------------------------------------- */

static void tell_unmarked(const Incident *incident)
{
	g_autofree char *names = incident_unmarked(incident);

	if (*names)
		log_warning("never marked: %s; what follows from it stays not known", names);
}

static bool close_it(struct incident_site *site, Audit *audit, GError **error)
{
	g_autofree char *done = g_strdup_printf("Incident %s is closed.", site->incident->id);

	if (!incident_close(audit, site->incident, arguments_text(site->arguments, "summary"),
			    error))
		return false;
	tell_unmarked(site->incident);
	return tell(site, done, error);
}

bool cmd_incident_close(const struct arguments *arguments, GError **error)
{
	return act_on(arguments, arguments_positional(arguments, 0), close_it, error);
}
