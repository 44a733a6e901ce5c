#include "drill/evidence/past.h"

#include "base/json.h"
#include "drill/evidence/file.h"
#include "drill/evidence/record.h"

#include <math.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static bool is_it(const struct evidence_past *past, const json_t *check)
{
	return strcmp(text_of(check, "name"), past->check) == 0 &&
	       strcmp(text_of(check, "database"), past->database ? past->database : "") == 0 &&
	       strcmp(text_of(check, "query_sha256"), past->sha256) == 0;
}

static void take_value(const json_t *check, GArray *values)
{
	const char *text = text_of(check, "value");
	char *end;
	double value = g_ascii_strtod(text, &end);

	if (*text && !*end && isfinite(value))
		g_array_append_val(values, value);
}

static void take_record(const struct evidence_past *past, const char *run, GArray *values)
{
	g_autofree char *path = evidence_path(past->state, run, EVIDENCE_RECORD);
	g_autoptr(GBytes) content = NULL;
	g_autoptr(Record) record = NULL;
	const json_t *checks;

	if (!evidence_file_read(path, past->trust, NULL, &content, NULL) ||
	    !record_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content), &record,
			  NULL) ||
	    g_strcmp0(record->plan, past->plan) != 0)
		return;
	checks = json_object_get(record->document, "checks");
	for (size_t i = 0; i < json_array_size(checks); i++)
		if (is_it(past, json_array_get(checks, i)))
			take_value(json_array_get(checks, i), values);
}

GArray *evidence_past(const struct evidence_past *past)
{
	GArray *values = g_array_new(FALSE, FALSE, sizeof(double));
	g_autoptr(GPtrArray) runs = NULL;

	if (!evidence_runs(past->state, &runs, NULL))
		return values;
	for (guint i = runs->len; i-- > 0 && values->len < past->most;)
		take_record(past, runs->pdata[i], values);
	return values;
}
