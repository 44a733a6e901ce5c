/* What the audit chain says of drills that were abandoned. */
#include "base/error.h"
#include "drill/engine/abandoned.h"

#include <string.h>

void abandoned_free(Abandoned *drill)
{
	if (!drill)
		return;
	g_clear_pointer(&drill->schedule, json_decref);
	g_clear_pointer(&drill->actor, json_decref);
	g_clear_pointer(&drill->drawn, json_decref);
	g_clear_pointer(&drill->source, json_decref);
	g_clear_pointer(&drill->target, json_decref);
	g_clear_pointer(&drill->isolation, json_decref);
	g_free(drill->run);
	g_free(drill->state);
	g_free(drill->verdict);
	g_free(drill->directory);
	g_free(drill->key);
	g_free(drill);
}

struct search {
	const char *service;
	GPtrArray *open; /* Abandoned: of the service, and not closed */
};

static bool is_event(const struct audit_line *line, enum audit_event event)
{
	return strcmp(line->event, audit_event_name(event)) == 0;
}

static const char *text_of(const struct audit_line *line, const char *name)
{
	return json_string_value(json_object_get(line->data, name));
}

static Abandoned *find(const struct search *search, const char *run)
{
	for (guint i = search->open->len; i-- > 0;) {
		Abandoned *drill = search->open->pdata[i];

		if (strcmp(drill->run, run) == 0)
			return drill;
	}
	return NULL;
}

static void take_text(char **place, const struct audit_line *line, const char *name)
{
	const char *text = text_of(line, name);

	if (!text)
		return;
	g_free(*place);
	*place = g_strdup(text);
}

static void take_object(json_t **place, const struct audit_line *line, const char *name)
{
	const json_t *object = json_object_get(line->data, name);

	if (!json_is_object(object))
		return;
	g_clear_pointer(place, json_decref);
	*place = json_deep_copy(object);
}

static void take_scheduled(struct search *search, const struct audit_line *line)
{
	Abandoned *drill;

	if (g_strcmp0(text_of(line, "service"), search->service) != 0)
		return;
	drill = g_new0(Abandoned, 1);
	drill->run = g_strdup(line->run);
	drill->scheduled_seq = line->seq;
	drill->scheduled = drill->entered = line->time;
	drill->schedule = json_deep_copy(line->data);
	drill->actor = json_deep_copy(line->actor);
	drill->state = g_strdup("opening");
	take_text(&drill->directory, line, "sandbox");
	g_ptr_array_add(search->open, drill);
}

/* Each says what the one before found; not those that are entered for it later. */
static void take_entered(Abandoned *drill, const struct audit_line *line)
{
	const char *state = text_of(line, "state");

	if (drill->is_abandoned || !state)
		return;
	drill->entered = line->time;
	take_text(&drill->state, line, "state");
	take_object(&drill->source, line, "source");
	take_object(&drill->target, line, "target");
	take_object(&drill->isolation, line, "isolation");
	take_text(&drill->key, line, "key");
	/* Of the teardown it is the sandbox itself. */
	if (strcmp(state, "teardown") != 0)
		take_text(&drill->directory, line, "sandbox");
}

static void take_own(Abandoned *drill, const struct audit_line *line)
{
	if (is_event(line, AUDIT_DRILL_DRAWN)) {
		g_clear_pointer(&drill->drawn, json_decref);
		drill->drawn = json_deep_copy(line->data);
	} else if (is_event(line, AUDIT_DRILL_ENTERED)) {
		take_entered(drill, line);
	} else if (is_event(line, AUDIT_DRILL_JUDGED) && !drill->is_abandoned) {
		take_text(&drill->verdict, line, "outcome");
	} else if (is_event(line, AUDIT_DRILL_ABANDONED)) {
		drill->is_abandoned = true;
		drill->found = line->time;
	}
	drill->is_judged |= drill->is_abandoned && is_event(line, AUDIT_DRILL_JUDGED);
	drill->is_signed |= is_event(line, AUDIT_DRILL_SIGNED);
	drill->is_stored |= is_event(line, AUDIT_DRILL_STORED);
}

static bool take_line(void *data, const struct audit_line *line)
{
	struct search *search = data;
	Abandoned *drill = line->run ? find(search, line->run) : NULL;

	if (line->run && !drill && is_event(line, AUDIT_DRILL_SCHEDULED))
		take_scheduled(search, line);
	else if (drill && is_event(line, AUDIT_DRILL_CLOSED))
		g_ptr_array_remove(search->open, drill);
	else if (drill)
		take_own(drill, line);
	return true;
}

/* Those that go on are not ours. */
static void leave_others_out(GPtrArray *open)
{
	for (guint i = open->len; i-- > 0;)
		if (!((Abandoned *)open->pdata[i])->is_abandoned)
			g_ptr_array_remove_index(open, i);
}

GPtrArray *abandoned_find(const char *state, const char *service, GError **error)
{
	g_autofree char *path = audit_path(state);
	g_autoptr(GPtrArray) open = g_ptr_array_new_with_free_func((GDestroyNotify)abandoned_free);
	struct search search = {.service = service, .open = open};
	struct audit_report report = {0};
	g_autoptr(GError) cause = NULL;
	bool broken;

	if (!audit_read(path, take_line, &search, &report, &cause) &&
	    !odr_error_is(cause, ODR_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return NULL;
	}
	broken = report.broken;
	audit_report_clear(&report);
	if (broken) {
		odr_fail(error, ODR_ERROR_CORRUPT,
			 "the audit chain '%s' is broken: see odrbackup audit verify", path);
		return NULL;
	}
	leave_others_out(open);
	return g_steal_pointer(&open);
}

bool abandoned_runs(const char *state, const char *service, GPtrArray **runs, GError **error)
{
	g_autoptr(GPtrArray) drills = abandoned_find(state, service, error);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; drills && i < drills->len; i++)
		g_ptr_array_add(found, g_strdup(((Abandoned *)drills->pdata[i])->run));
	if (drills)
		*runs = g_steal_pointer(&found);
	return drills != NULL;
}
