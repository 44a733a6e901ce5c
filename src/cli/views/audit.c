#include "cli/views/audit.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/output.h"

static const char *actor_text(const json_t *actor, const char *name)
{
	const char *text = json_string_value(json_object_get(actor, name));

	return text ? text : "?";
}

void audit_line_show(const struct audit_line *line)
{
	g_autofree char *time = clock_format(line->time);
	g_autofree char *user = text_escape(actor_text(line->actor, "user"));
	g_autofree char *host = text_escape(actor_text(line->actor, "host"));
	g_autofree char *printed = json_print(line->data);
	g_autofree char *data = text_escape(printed);

	printf("%" G_GUINT64_FORMAT "  %s  %s  %s@%s%s%s  %s\n", line->seq, time, line->event, user,
	       host, line->run ? "  " : "", line->run ? line->run : "", data);
}

json_t *audit_line_json(const struct audit_line *line)
{
	json_t *object = json_object();

	json_set_int(object, "seq", (int64_t)line->seq);
	json_set_string(object, "prev", line->prev);
	json_set_string(object, "sha256", line->sha256);
	json_set_time(object, "ts", line->time);
	json_set_int(object, "mono", line->monotonic);
	json_set_string(object, "event", line->event);
	json_set(object, "actor", json_incref(line->actor));
	json_set_string(object, "run", line->run);
	json_set(object, "data", json_incref(line->data));
	return object;
}

void audit_report_print(const struct audit_report *report, bool quiet)
{
	g_autofree char *lines = count_format(report->lines, "line");
	g_autofree char *first = clock_format(report->first);
	g_autofree char *last = clock_format(report->last);

	for (guint i = 0; i < report->findings->len; i++) {
		const struct audit_finding *finding = report->findings->pdata[i];
		g_autofree char *word = output_tint(finding->torn ? "warning" : "error",
						    finding->torn ? TINT_WARNING : TINT_CRITICAL);

		printf("%s  line %" G_GUINT64_FORMAT ": %s\n", word, finding->line, finding->what);
	}
	if (!quiet && report->lines > 0)
		printf("%s from %s to %s, head %s\n", lines, first, last, report->head.sha256);
}

json_t *audit_report_json(const struct audit_report *report)
{
	json_t *document = json_object(), *list = json_array();

	for (guint i = 0; i < report->findings->len; i++) {
		const struct audit_finding *finding = report->findings->pdata[i];
		json_t *object = json_object();

		json_set_int(object, "line", (int64_t)finding->line);
		json_set_string(object, "severity", finding->torn ? "warning" : "error");
		json_set_string(object, "message", finding->what);
		json_array_append_new(list, object);
	}
	json_set_bool(document, "good", !report->broken);
	json_set_int(document, "lines", (int64_t)report->lines);
	json_set_int(document, "seq", (int64_t)report->head.seq);
	json_set_string(document, "head", report->head.sha256);
	json_set_known_time(document, "first", report->first);
	json_set_known_time(document, "last", report->last);
	json_set(document, "findings", list);
	return document;
}
