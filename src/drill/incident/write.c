/* What people say of an incident, into the chain. */
#include "base/error.h"
#include "drill/incident/incident.h"
#include "repo/layout.h"

#include <string.h>

bool incident_text_check(const char *what, const char *text, GError **error)
{
	if (!*text)
		return odr_fail(error, ODR_ERROR_USAGE, "%s is empty", what);
	if (!g_utf8_validate(text, -1, NULL))
		return odr_fail(error, ODR_ERROR_USAGE, "%s is not UTF-8", what);
	return strlen(text) <= INCIDENT_TEXT_MAX ||
	       odr_fail(error, ODR_ERROR_USAGE, "%s is longer than %d bytes: write several notes",
			what, INCIDENT_TEXT_MAX);
}

bool incident_check_open(const Incident *incident, GError **error)
{
	g_autofree char *closed = clock_format(incident->closed);

	return incident->closed == 0 ||
	       odr_fail(error, ODR_ERROR_REFUSED,
			"incident %s was closed at %s: it takes nothing more but notes, with "
			"odrbackup incident note %s --later",
			incident->id, closed, incident->id);
}

static json_t *data_of(const char *id)
{
	json_t *data = json_object();

	json_set_string(data, "incident", id);
	return data;
}

static bool append(Audit *audit, enum audit_event event, const json_t *data, GError **error)
{
	return audit_append(audit, &(struct audit_entry){.event = event, .data = data}, NULL,
			    error);
}

bool incident_open(Audit *audit, const char *service, const char *title, char **id, GError **error)
{
	g_autofree char *made = set_id_new(clock_now());
	g_autoptr(JsonValue) data = data_of(made);

	if (!incident_text_check("--title", title, error))
		return false;
	json_set_string(data, "service", service);
	json_set_string(data, "title", title);
	if (!append(audit, AUDIT_INCIDENT_OPENED, data, error))
		return false;
	*id = g_steal_pointer(&made);
	return true;
}

/* ---- marks ------------------------------------------------------------------------------------- */

/* A time zone that was meant otherwise shows here. */
static void compare_order(const Incident *incident, enum incident_mark mark, usec_t at,
			  GPtrArray *warnings)
{
	for (int i = 0; i < INCIDENT_MARKS; i++) {
		usec_t other = incident_mark_time(incident, (enum incident_mark)i);
		bool before = i < (int)mark;
		g_autofree char *time = clock_format(other);

		if (other == 0 || i == (int)mark || (before ? other <= at : other >= at))
			continue;
		g_ptr_array_add(
			warnings,
			g_strdup_printf(
				"%s is now before %s, which is at %s; if the time is wrong: "
				"odrbackup incident mark %s %s --at TIME --correct REASON",
				incident_mark_name(before ? mark : (enum incident_mark)i),
				incident_mark_name(before ? (enum incident_mark)i : mark), time,
				incident->id, incident_mark_name(mark)));
	}
}

static bool check_marking(const Incident *incident, const struct incident_marking *marking,
			  usec_t now, GError **error)
{
	const struct incident_entry *there = incident->marks[marking->mark];
	const char *name = incident_mark_name(marking->mark);
	g_autofree char *before = clock_format(incident_mark_time(incident, marking->mark));
	g_autofree char *present = clock_format(now);

	if (!incident_check_open(incident, error))
		return false;
	if (marking->at > now)
		return odr_fail(error, ODR_ERROR_USAGE,
				"the time is still to come: it is %s here; is the zone right?",
				present);
	if (there && !marking->correct)
		return odr_fail(error, ODR_ERROR_EXISTS,
				"%s of incident %s is marked already, at %s; if that is wrong: "
				"--correct REASON, and both stay on record",
				name, incident->id, before);
	if (!there && marking->correct)
		return odr_fail(error, ODR_ERROR_USAGE,
				"%s of incident %s is not marked: there is nothing to correct",
				name, incident->id);
	return !marking->correct || incident_text_check("--correct", marking->correct, error);
}

static json_t *server_json(const struct incident_server *server)
{
	json_t *object = json_object();

	json_set_known_time(object, "last_replayed", server->last_replayed);
	json_set_known_time(object, "started", server->started);
	json_set_string(object, "system_identifier", server->system_identifier);
	return object;
}

/* A log of another recovery tells nothing of this one. */
static void warn_of_log(const Incident *incident, const json_t *log, GPtrArray *warnings)
{
	const char *began = json_string_value(
		json_object_get(json_array_get(json_object_get(log, "spans"), 0), "began"));
	usec_t time;

	if (began && clock_parse(began, &time, NULL) && !incident_recovery_of(incident, time))
		g_ptr_array_add(warnings,
				g_strdup_printf("the server was started at %s, and no restore of "
						"the incident had ended then: its replay and "
						"startup are of none",
						began));
}

bool incident_mark(Audit *audit, const Incident *incident, const struct incident_marking *marking,
		   GPtrArray *warnings, GError **error)
{
	g_autoptr(JsonValue) data = data_of(incident->id);
	usec_t now = clock_now();

	if (!check_marking(incident, marking, now, error))
		return false;
	json_set_string(data, "mark", incident_mark_name(marking->mark));
	json_set_known_time(data, "at", marking->at);
	json_set_string(data, "correct", marking->correct);
	json_set(data, "server", marking->server ? server_json(marking->server) : json_null());
	json_set(data, "log", marking->log ? json_deep_copy(marking->log) : json_null());
	warn_of_log(incident, marking->log, warnings);
	if (!append(audit, AUDIT_INCIDENT_MARKED, data, error))
		return false;
	compare_order(incident, marking->mark, marking->at ? marking->at : now, warnings);
	return true;
}

/* ---- the rest ---------------------------------------------------------------------------------- */

bool incident_note(Audit *audit, const Incident *incident, const struct incident_note *note,
		   GError **error)
{
	g_autoptr(JsonValue) data = data_of(incident->id);

	if (!incident_text_check("the note", note->text, error) ||
	    (!note->later && !incident_check_open(incident, error)))
		return false;
	if (note->later && incident->closed == 0)
		return odr_fail(error, ODR_ERROR_USAGE,
				"incident %s is open: --later is of notes after its end",
				incident->id);
	json_set_string(data, "text", note->text);
	json_set_bool(data, "lost", note->lost);
	json_set_bool(data, "later", note->later);
	return append(audit, AUDIT_INCIDENT_NOTED, data, error);
}

/* The run is known by what its restore told the chain. */
struct search {
	const char *run;
	bool found;
};

static bool look(void *data, const struct audit_line *line)
{
	struct search *search = data;

	search->found = g_strcmp0(line->run, search->run) == 0 &&
			strcmp(line->event, audit_event_name(AUDIT_RESTORE_PLANNED)) == 0;
	return !search->found;
}

static bool has_restore(const char *state, const char *run, bool *found, GError **error)
{
	g_autofree char *path = audit_path(state);
	struct audit_report report = {0};
	struct search search = {.run = run};

	if (!audit_read(path, look, &search, &report, error))
		return false;
	audit_report_clear(&report);
	*found = search.found;
	return true;
}

bool incident_link(Audit *audit, const char *state, const Incident *incident, const char *run,
		   GError **error)
{
	g_autoptr(JsonValue) data = data_of(incident->id);
	bool found;

	if (!incident_check_open(incident, error))
		return false;
	if (!set_id_valid(run))
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is no id of a run; one looks like 20261121T230501Z-1a2b3c4d: "
				"odrbackup audit log shows them",
				run);
	for (guint i = 0; i < incident->restores->len; i++)
		if (strcmp(((const struct incident_restore *)incident->restores->pdata[i])->run,
			   run) == 0)
			return odr_fail(error, ODR_ERROR_EXISTS,
					"restore %s belongs to incident %s already", run,
					incident->id);
	if (!has_restore(state, run, &found, error))
		return false;
	if (!found)
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"no restore or export %s is in the audit chain of this host", run);
	json_set_string(data, "linked", run);
	return append(audit, AUDIT_INCIDENT_LINKED, data, error);
}

bool incident_close(Audit *audit, const Incident *incident, const char *summary, GError **error)
{
	g_autoptr(JsonValue) data = data_of(incident->id);

	if (!incident_check_open(incident, error) ||
	    (summary && !incident_text_check("--summary", summary, error)))
		return false;
	json_set_string(data, "summary", summary);
	return append(audit, AUDIT_INCIDENT_CLOSED, data, error);
}
