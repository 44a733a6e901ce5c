#include "cli/site/incident_log.h"

#include "base/log.h"
#include "drill/measure/span.h"
#include "pg/recovery_log.h"

/* Rights that the role may lack, or a server that writes elsewhere: then there is none. g_free. */
static char *asked(Session *session, const char *question)
{
	g_autofree char *answer = NULL;
	g_autoptr(GError) trouble = NULL;

	if (session && !session_value(session, question, &answer, &trouble))
		log_debug("the server's log is not known: %s", trouble->message);
	return answer && *answer ? g_steal_pointer(&answer) : NULL;
}

static char *log_of_server(Session *session)
{
	g_autofree char *file = asked(session, "SELECT pg_current_logfile('stderr')");
	g_autofree char *folder =
		file ? asked(session, "SELECT current_setting('data_directory')") : NULL;

	if (!folder)
		return NULL;
	return g_path_is_absolute(file) ? g_steal_pointer(&file)
					: g_build_filename(folder, file, NULL);
}

static void add_span(json_t *spans, enum drill_phase phase, usec_t from, usec_t to)
{
	json_t *span = json_object();

	json_set_string(span, "phase", drill_phase_name(phase));
	json_set_string(span, "component", "database");
	json_set_time(span, "began", from);
	json_set_int(span, "mono_us", MAX(to - from, 0));
	json_set(span, "bytes", json_null());
	json_set_string(span, "outcome", "ok");
	json_array_append_new(spans, span);
}

static json_t *log_json(const char *file, const struct recovery_log *times)
{
	json_t *log = json_object();
	json_t *spans = json_array();

	add_span(spans, PHASE_REPLAY, times->began, times->replayed);
	add_span(spans, PHASE_STARTUP, times->resumed, times->ready);
	json_set_string(log, "file", file);
	json_set(log, "spans", spans);
	return log;
}

bool incident_log_read(const struct incident_log_source *source, json_t **log, GError **error)
{
	g_autofree char *found = source->file ? NULL : log_of_server(source->session);
	const char *file = source->file ? source->file : found;
	g_autofree char *name = asked(source->session, "SELECT current_setting('log_timezone')");
	g_autoptr(GTimeZone) zone = name ? g_time_zone_new_identifier(name) : NULL;
	g_autoptr(GError) trouble = NULL;
	struct recovery_log times;

	*log = NULL;
	if (!file)
		return true;
	if (recovery_log_read(file, zone, &times, &trouble)) {
		*log = log_json(file, &times);
		return true;
	}
	if (!source->file) {
		log_info("replay and startup are not measured by the server's log: %s",
			 trouble->message);
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}
