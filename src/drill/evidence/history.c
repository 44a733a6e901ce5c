#include "drill/evidence/history.h"

#include "base/error.h"

#include <string.h>

static void free_drill(void *data)
{
	struct history_drill *drill = data;

	g_free(drill->run);
	g_free(drill->plan);
	g_free(drill->slot);
	g_free(drill->outcome);
	g_free(drill->repository);
	g_free(drill->stratum);
	g_free(drill);
}

void history_free(History *history)
{
	if (!history)
		return;
	g_ptr_array_unref(history->drills);
	g_free(history);
}

static struct history_drill *find(const History *history, const char *run)
{
	for (guint i = history->drills->len; run && i-- > 0;) {
		struct history_drill *drill = history->drills->pdata[i];

		if (strcmp(drill->run, run) == 0)
			return drill;
	}
	return NULL;
}

static char *text_of(const struct audit_line *line, const char *name)
{
	return g_strdup(json_string_value(json_object_get(line->data, name)));
}

static void take_scheduled(History *history, const struct audit_line *line)
{
	struct history_drill *drill = g_new0(struct history_drill, 1);

	*drill = (struct history_drill){.run = g_strdup(line->run),
					.plan = text_of(line, "plan"),
					.slot = text_of(line, "slot"),
					.operator_chosen = true,
					.scheduled = line->time};
	g_ptr_array_add(history->drills, drill);
}

static void take_drawn(struct history_drill *drill, const struct audit_line *line)
{
	drill->operator_chosen = !json_is_false(json_object_get(line->data, "operator_chosen"));
	drill->repository = text_of(line, "repository");
	drill->stratum = text_of(line, "stratum");
}

static void take_end(struct history_drill *drill, const struct audit_line *line,
		     const char *otherwise)
{
	char *outcome = text_of(line, "outcome");

	drill->closed = line->time;
	g_free(drill->outcome);
	drill->outcome = outcome ? outcome : g_strdup(otherwise);
}

static bool is_event(const struct audit_line *line, enum audit_event event)
{
	return strcmp(line->event, audit_event_name(event)) == 0;
}

static bool take_line(void *data, const struct audit_line *line)
{
	History *history = data;
	struct history_drill *drill = find(history, line->run);

	if (is_event(line, AUDIT_DRILL_SCHEDULED) && line->run && !drill)
		take_scheduled(history, line);
	else if (drill && is_event(line, AUDIT_DRILL_DRAWN))
		take_drawn(drill, line);
	else if (drill && is_event(line, AUDIT_DRILL_CLOSED))
		take_end(drill, line, "error");
	else if (drill && is_event(line, AUDIT_DRILL_ABANDONED))
		take_end(drill, line, "abandoned");
	return true;
}

History *history_read(const char *state, GError **error)
{
	g_autoptr(History) history = g_new0(History, 1);
	g_autofree char *path = audit_path(state);
	struct audit_report report = {0};
	g_autoptr(GError) trouble = NULL;
	bool broken;

	history->drills = g_ptr_array_new_with_free_func(free_drill);
	if (!audit_read(path, take_line, history, &report, &trouble) &&
	    !odr_error_is(trouble, ODR_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return NULL;
	}
	broken = report.broken;
	audit_report_clear(&report);
	if (!broken)
		return g_steal_pointer(&history);
	odr_fail(error, ODR_ERROR_CORRUPT,
		 "the audit chain '%s' is broken: see odrbackup audit verify", path);
	return NULL;
}

const struct history_drill *history_last(const History *history, const char *plan)
{
	for (guint i = history->drills->len; i-- > 0;) {
		const struct history_drill *drill = history->drills->pdata[i];

		if (g_strcmp0(drill->plan, plan) == 0)
			return drill;
	}
	return NULL;
}

static bool counts(const struct history_drill *drill)
{
	static const char *const not [] = {"skipped",	"aborted", "error",
					   "abandoned", "refused", NULL};

	return !drill->operator_chosen && drill->closed != 0 && drill->outcome &&
	       !g_strv_contains(not, drill->outcome);
}

bool history_has(const History *history, const char *plan, const char *slot)
{
	for (guint i = 0; i < history->drills->len; i++) {
		const struct history_drill *drill = history->drills->pdata[i];

		if (g_strcmp0(drill->plan, plan) == 0 && g_strcmp0(drill->slot, slot) == 0 &&
		    counts(drill))
			return true;
	}
	return false;
}
