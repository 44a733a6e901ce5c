#include "drill/evidence/audit_line.h"
#include "drill/incident/collect.h"
#include "drill/report/incident.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The chain of another host, which is joined to an incident: whatever its lines say, every form of the report is written. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_line(struct collection *collection, const char *text, size_t size)
{
	g_autoptr(JsonValue) document = NULL;
	struct audit_line line;

	if (audit_line_parse(text, size, &line, &document, NULL))
		collect_line(collection, &line);
}

static void report(const Incident *incident)
{
	const struct incident_promise promise = {"gold", 1, 1, 1, 1, 1};
	g_autoptr(JsonValue) json = report_incident_json(incident, &promise);
	g_autoptr(Document) document = report_incident(incident, &promise, 1);

	g_free(report_incident_csv(incident, NULL));
	g_free(document_html(document));
	g_free(document_markdown(document));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct collection collection;
	size_t at = 0;

	collection_init(&collection);
	while (at < size) {
		const char *newline = memchr(text + at, '\n', size - at);
		size_t length = newline ? (size_t)(newline - (text + at)) + 1 : size - at;

		take_line(&collection, text + at, length);
		at += length;
	}
	collection_finish(&collection);
	for (guint i = 0; i < collection.incidents->len; i++)
		report(collection.incidents->pdata[i]);
	collection_clear(&collection);
	return 0;
}
