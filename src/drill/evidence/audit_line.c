#include "drill/evidence/audit_line.h"

#include "base/bytes.h"
#include "base/error.h"
#include "repo/layout.h"

#include <stdio.h>
#include <string.h>

static const char *const event_names[AUDIT_EVENTS] = {
	[AUDIT_BEGUN] = "audit.begun",
	[AUDIT_TORN] = "audit.torn",
	[AUDIT_CHECKPOINTED] = "audit.checkpointed",
	[AUDIT_DRILL_SCHEDULED] = "drill.scheduled",
	[AUDIT_DRILL_DRAWN] = "drill.drawn",
	[AUDIT_DRILL_ENTERED] = "drill.entered",
	[AUDIT_DRILL_JUDGED] = "drill.judged",
	[AUDIT_DRILL_SIGNED] = "drill.signed",
	[AUDIT_DRILL_STORED] = "drill.stored",
	[AUDIT_DRILL_CLOSED] = "drill.closed",
	[AUDIT_DRILL_ABANDONED] = "drill.abandoned",
	[AUDIT_EVIDENCE_EXPORTED] = "evidence.exported",
	[AUDIT_CONFIGURATION_CHANGED] = "configuration.changed",
	[AUDIT_PLAN_CHANGED] = "plan.changed",
	[AUDIT_KEY_CREATED] = "key.created",
	[AUDIT_KEY_ENDORSED] = "key.endorsed",
	[AUDIT_KEY_USED] = "key.used",
	[AUDIT_KEY_ESCROWED] = "key.escrowed",
	[AUDIT_KEY_TESTED] = "key.tested",
	[AUDIT_KIT_TESTED] = "kit.tested",
	[AUDIT_LOCK_TESTED] = "lock.tested",
	[AUDIT_RECIPIENT_ADDED] = "recipient.added",
	[AUDIT_SET_PUBLISHED] = "set.published",
	[AUDIT_SET_EXTENDED] = "set.extended",
	[AUDIT_SET_EXPIRED] = "set.expired",
	[AUDIT_DELETION_TRIED] = "deletion.tried",
	[AUDIT_HOLD_ADDED] = "hold.added",
	[AUDIT_HOLD_RELEASED] = "hold.released",
	[AUDIT_RESTORE_PLANNED] = "restore.planned",
	[AUDIT_RESTORE_APPROVED] = "restore.approved",
	[AUDIT_RESTORE_ENDED] = "restore.ended",
	[AUDIT_REPORT_WRITTEN] = "report.written",
	[AUDIT_CATALOG_REBUILT] = "catalog.rebuilt",
	[AUDIT_EXEMPTION_RECORDED] = "exemption.recorded",
	[AUDIT_INCIDENT_OPENED] = "incident.opened",
	[AUDIT_INCIDENT_MARKED] = "incident.marked",
	[AUDIT_INCIDENT_NOTED] = "incident.noted",
	[AUDIT_INCIDENT_LINKED] = "incident.linked",
	[AUDIT_INCIDENT_JOINED] = "incident.joined",
	[AUDIT_INCIDENT_CLOSED] = "incident.closed",
	[AUDIT_INCIDENT_EXPORTED] = "incident.exported",
};

const char *audit_event_name(enum audit_event event)
{
	return event_names[event];
}

void audit_digest(const void *data, size_t size, char digest[AUDIT_DIGEST_SIZE])
{
	uint8_t bytes[SHA256_SIZE];

	sha256(data, size, bytes);
	g_autofree char *hex = hex_encode(bytes, sizeof(bytes));

	g_strlcpy(digest, hex, AUDIT_DIGEST_SIZE);
}

char *audit_line_print(const struct audit_print *print)
{
	g_autofree char *time = clock_format(print->time);
	g_autofree char *actor = json_print(print->actor);
	g_autofree char *data = print->data ? json_print(print->data) : g_strdup("{}");
	g_autofree char *run =
		print->run ? g_strdup_printf("\"%s\"", print->run) : g_strdup("null");

	return g_strdup_printf("{\"seq\":%" G_GUINT64_FORMAT ",\"prev\":\"%s\",\"ts\":\"%s\","
			       "\"mono\":%" G_GINT64_FORMAT ",\"event\":\"%s\",\"actor\":%s,"
			       "\"run\":%s,\"data\":%s}\n",
			       print->prev->seq + 1, print->prev->sha256, time, print->monotonic,
			       print->event, actor, run, data);
}

/* "noun.verb", of small letters and hyphens. */
static bool event_is_fine(const char *event)
{
	const char *dot = strchr(event, '.');

	return dot && dot > event && dot[1] && strlen(event) <= 64 &&
	       strspn(event, "abcdefghijklmnopqrstuvwxyz-") == (size_t)(dot - event) &&
	       dot[1 + strspn(dot + 1, "abcdefghijklmnopqrstuvwxyz-")] == '\0';
}

static bool take_digest(json_t *document, const char *name, char digest[AUDIT_DIGEST_SIZE],
			GError **error)
{
	const char *hex;

	if (!json_string_member(document, "the line", name, &hex, error))
		return false;
	if (strlen(hex) != AUDIT_DIGEST_SIZE - 1 || !hex_is_digits(hex, AUDIT_DIGEST_SIZE - 1))
		return odr_fail(error, ODR_ERROR_CORRUPT, "the line: '%s' is no SHA-256", name);
	memcpy(digest, hex, AUDIT_DIGEST_SIZE);
	return true;
}

static bool take_members(json_t *document, struct audit_line *line, GError **error)
{
	const char *what = "the line";
	const char *time;
	int64_t seq;

	if (!json_int_member(document, what, "seq", &seq, error) ||
	    !take_digest(document, "prev", line->prev, error) ||
	    !json_string_member(document, what, "ts", &time, error) ||
	    !clock_parse(time, &line->time, error) ||
	    !json_int_member(document, what, "mono", &line->monotonic, error) ||
	    !json_string_member(document, what, "event", &line->event, error) ||
	    !json_string_optional(document, what, "run", &line->run, error) ||
	    !json_object_member(document, what, "actor", &line->actor, error) ||
	    !json_object_member(document, what, "data", &line->data, error))
		return false;
	if (seq < 1 || line->monotonic < 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "the line: 'seq' or 'mono' is too small");
	if (!event_is_fine(line->event))
		return odr_fail(error, ODR_ERROR_CORRUPT, "the line: 'event' is none");
	if (line->run && !set_id_valid(line->run))
		return odr_fail(error, ODR_ERROR_CORRUPT, "the line: 'run' is no id of a run");
	line->seq = (uint64_t)seq;
	return true;
}

bool audit_line_parse(const char *text, size_t size, struct audit_line *line, json_t **document,
		      GError **error)
{
	g_autoptr(JsonValue) parsed = NULL;
	struct audit_line found = {.text = text, .size = size};

	if (size == 0 || size > AUDIT_LINE_MAX || text[size - 1] != '\n')
		return odr_fail(error, ODR_ERROR_CORRUPT, "the line has no end, or is too long");
	if (!json_parse(text, size - 1, "the line", &parsed, error) ||
	    !take_members(parsed, &found, error))
		return false;
	audit_digest(text, size, found.sha256);
	*line = found;
	*document = g_steal_pointer(&parsed);
	return true;
}

json_t *audit_tear_data(const struct audit_tear *tear, const struct audit_head *after)
{
	json_t *data = json_object();

	json_set_string(data, "after", after->sha256);
	json_set_int(data, "bytes", (int64_t)tear->bytes);
	json_set_int(data, "lines", (int64_t)tear->lines);
	json_set_string(data, "sha256", tear->sha256);
	return data;
}
