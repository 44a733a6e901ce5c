/* An incident as JSON. */
#include "drill/report/incident.h"

static json_t *marks_json(const Incident *incident)
{
	json_t *list = json_array();

	for (int i = 0; i < INCIDENT_MARKS; i++) {
		const struct incident_entry *entry = incident->marks[i];
		json_t *object = json_object();

		json_set_string(object, "mark", incident_mark_name((enum incident_mark)i));
		json_set_known_time(object, "time",
				    incident_mark_time(incident, (enum incident_mark)i));
		json_set_known_time(object, "stated", entry ? entry->stated : 0);
		json_set_known_time(object, "recorded", entry ? entry->recorded : 0);
		json_set_string(object, "by", entry ? entry->user : NULL);
		json_set_string(object, "host", entry ? entry->host : NULL);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *timeline_json(const Incident *incident)
{
	json_t *list = json_array();

	for (guint i = 0; i < incident->entries->len; i++) {
		const struct incident_entry *entry = incident->entries->pdata[i];
		bool mark = entry->kind == INCIDENT_MARKED;
		json_t *object = json_object();

		json_set_string(object, "kind", incident_kind_name(entry->kind));
		json_set_known_time(object, "recorded", entry->recorded);
		json_set_known_time(object, "stated", entry->stated);
		json_set_string(object, "mark", mark ? incident_mark_name(entry->mark) : NULL);
		json_set(object, "counts", mark ? json_boolean(entry->counts) : json_null());
		json_set_string(object, "text", entry->text);
		json_set_string(object, "run", entry->run);
		json_set_bool(object, "lost", entry->lost);
		json_set_bool(object, "later", entry->later);
		json_set_string(object, "by", entry->user);
		json_set_string(object, "host", entry->host);
		json_set_int(object, "seq", (int64_t)entry->seq);
		json_set_string(object, "chain", entry->chain);
		json_set_string(object, "sha256", entry->sha256);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *spans_json(const struct incident_restore *restore)
{
	json_t *list = json_array();

	for (guint i = 0; i < restore->spans->len; i++) {
		const struct incident_span *span =
			&g_array_index(restore->spans, struct incident_span, i);
		json_t *object = json_object();

		json_set_string(object, "phase", span->phase);
		json_set_string(object, "component", span->component);
		json_set_time(object, "began", span->began);
		json_set_int(object, "took_us", span->took);
		json_set_known(object, "bytes", span->bytes);
		json_set_string(object, "outcome", span->failed ? "failed" : "ok");
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *restores_json(const Incident *incident)
{
	json_t *list = json_array();

	for (guint i = 0; i < incident->restores->len; i++) {
		const struct incident_restore *restore = incident->restores->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "run", restore->run);
		json_set_string(object, "command", restore->command);
		json_set_string(object, "set", restore->set);
		json_set_string(object, "outcome", restore->outcome);
		json_set_known_time(object, "began", restore->began);
		json_set_known_time(object, "ended", restore->ended);
		json_set_string(object, "target", restore->type);
		json_set_known_time(object, "last_commit_archived", restore->last_commit);
		json_set_bool(object, "linked", restore->linked);
		json_set(object, "spans", spans_json(restore));
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *server_json(const struct incident_server *server)
{
	json_t *object;

	if (server->asked == 0)
		return json_null();
	object = json_object();
	json_set_time(object, "asked", server->asked);
	json_set_known_time(object, "last_replayed", server->last_replayed);
	json_set_known_time(object, "started", server->started);
	json_set_string(object, "system_identifier", server->system_identifier);
	return object;
}

static json_t *intervals_json(const struct incident_figures *figures)
{
	json_t *list = json_array();

	for (int i = 0; i < INCIDENT_INTERVALS; i++) {
		const struct incident_interval *interval = &figures->intervals[i];
		bool known = interval->took >= 0;
		json_t *object = json_object();

		json_set_string(object, "name", interval->name);
		json_set_string(object, "from", interval->from);
		json_set_string(object, "to", interval->to);
		json_set_known(object, "took_us", interval->took);
		json_set_string(object, "basis",
				known ? incident_basis_name(interval->basis) : NULL);
		json_set_string(object, "why", interval->why);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *figures_json(const struct incident_figures *figures)
{
	json_t *object = json_object();

	json_set_known(object, "rpo_us", figures->rpo);
	json_set_string(object, "rpo_why", figures->rpo_why);
	json_set_known_time(object, "recovered", figures->recovered);
	json_set_known(object, "rta_db_ready_us", figures->intervals[INCIDENT_DATABASE].took);
	json_set_known(object, "rta_service_ready_us", figures->intervals[INCIDENT_SERVICE].took);
	json_set_known(object, "outage_us", figures->intervals[INCIDENT_OUTAGE].took);
	json_set(object, "intervals", intervals_json(figures));
	return object;
}

static void set_objective(json_t *object, const char *name, usec_t objective)
{
	json_set_known(object, name, objective > 0 ? objective : -1);
}

static json_t *promise_json(const struct incident_promise *promise)
{
	json_t *object;

	if (!promise)
		return json_null();
	object = json_object();
	json_set_string(object, "tier", promise->tier);
	set_objective(object, "rpo_us", promise->rpo);
	set_objective(object, "rto_us", promise->rto);
	set_objective(object, "assume_detect_us", promise->detect);
	set_objective(object, "assume_decide_us", promise->decide);
	set_objective(object, "assume_cutover_us", promise->cutover);
	return object;
}

json_t *report_incident_json(const Incident *incident, const struct incident_promise *promise)
{
	json_t *document = json_object();
	struct incident_figures figures;

	incident_figures_compute(incident, &figures);
	json_set_string(document, "type", "odrbackup-incident");
	json_set_string(document, "format", "1.0");
	json_set_string(document, "incident", incident->id);
	json_set_string(document, "service", incident->service);
	json_set_string(document, "title", incident->title);
	json_set_string(document, "state", incident->closed ? "closed" : "open");
	json_set_known_time(document, "opened", incident->opened);
	json_set_known_time(document, "closed", incident->closed);
	json_set_string(document, "summary", incident->summary);
	json_set_bool(document, "chain_holds", !incident->broken);
	json_set(document, "marks", marks_json(incident));
	json_set(document, "timeline", timeline_json(incident));
	json_set(document, "restores", restores_json(incident));
	json_set(document, "server", server_json(&incident->server));
	json_set(document, "figures", figures_json(&figures));
	json_set(document, "contradictions", json_strings(figures.contradictions));
	json_set(document, "objectives", promise_json(promise));
	incident_figures_clear(&figures);
	return document;
}
