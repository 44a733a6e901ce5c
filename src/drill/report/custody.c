#include "drill/report/custody.h"

#include "base/error.h"
#include "drill/evidence/audit.h"
#include "drill/report/reading.h"

#include <string.h>

static const struct {
	const char *name, *words;
	enum audit_event event;
	const char *type;    /* of the key; NULL: any */
	const char *subject; /* member of the line's data */
} acts[CUSTODY_ACTS] = {
	[CUSTODY_KIT_MADE] = {"kit-made", "Recovery kit made", AUDIT_KEY_ESCROWED, NULL, "kit"},
	[CUSTODY_KIT_TESTED] = {"kit-tested", "Recovery kit tested", AUDIT_KIT_TESTED, NULL, "kit"},
	[CUSTODY_KEY_TESTED] = {"key-tested", "Key tested", AUDIT_KEY_TESTED, NULL, "fingerprint"},
	[CUSTODY_IDENTITY_USED] = {"identity-used", "Identity used", AUDIT_KEY_USED, "identity",
				   "fingerprint"},
	[CUSTODY_OWNER_USED] = {"owner-used", "Owner key used", AUDIT_KEY_USED, "owner",
				"fingerprint"},
	[CUSTODY_KEY_MADE] = {"key-made", "Key made", AUDIT_KEY_CREATED, NULL, "fingerprint"},
	[CUSTODY_KEY_ENDORSED] = {"key-endorsed", "Key endorsed", AUDIT_KEY_ENDORSED, NULL,
				  "fingerprint"},
	[CUSTODY_LOCK_TESTED] = {"lock-tested", "Lock proven", AUDIT_LOCK_TESTED, NULL,
				 "repository"},
};

const char *custody_act_name(enum custody_act act)
{
	return acts[act].name;
}

const char *custody_act_words(enum custody_act act)
{
	return acts[act].words;
}

void custody_event_free(void *data)
{
	struct custody_event *event = data;

	g_free(event->service);
	g_free(event->by);
	g_free(event->subject);
	g_free(event);
}

/* ---- reading ------------------------------------------------------------------------------------- */

static bool is_act(const struct audit_line *line, enum custody_act act)
{
	const char *type = reading_text(line->data, "type");

	return strcmp(line->event, audit_event_name(acts[act].event)) == 0 &&
	       (!acts[act].type || g_strcmp0(type, acts[act].type) == 0);
}

static char *actor_of(const struct audit_line *line)
{
	const char *user = reading_text(line->actor, "user");
	const char *host = reading_text(line->actor, "host");

	return g_strdup_printf("%s@%s", user ? user : "?", host ? host : "?");
}

static bool take_line(void *data, const struct audit_line *line)
{
	GPtrArray *events = data;

	for (int i = 0; i < CUSTODY_ACTS; i++) {
		struct custody_event *event;
		const char *outcome = reading_text(line->data, "outcome");

		if (!is_act(line, (enum custody_act)i))
			continue;
		event = g_new0(struct custody_event, 1);
		event->act = (enum custody_act)i;
		event->time = line->time;
		event->service = g_strdup(reading_text(line->data, "service"));
		event->by = actor_of(line);
		event->subject = g_strdup(reading_text(line->data, acts[i].subject));
		event->failed = outcome && strcmp(outcome, "ok") != 0;
		g_ptr_array_add(events, event);
	}
	return true;
}

bool custody_read(const char *state, GPtrArray **events, GError **error)
{
	g_autofree char *path = audit_path(state);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(custody_event_free);
	g_autoptr(GError) cause = NULL;
	struct audit_report report = {0};

	if (audit_read(path, take_line, found, &report, &cause))
		audit_report_clear(&report);
	else if (!odr_error_is(cause, ODR_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	*events = g_steal_pointer(&found);
	return true;
}

/* ---- of a period --------------------------------------------------------------------------------- */

struct custody_row custody_row(const GPtrArray *events, enum custody_act act,
			       const struct custody_period *period)
{
	struct custody_row row = {0};

	for (guint i = 0; i < events->len; i++) {
		const struct custody_event *event = events->pdata[i];

		if (event->act != act || g_strcmp0(event->service, period->service) != 0 ||
		    event->time >= period->until)
			continue;
		if (!row.last || event->time >= row.last->time)
			row.last = event;
		if (event->time < period->from)
			continue;
		row.times++;
		row.failed += event->failed;
	}
	return row;
}
