#include "drill/evidence/history.h"

#include <string.h>

struct weighing {
	const char *plan;
	DrawInputs *inputs;
	GHashTable *strata; /* char * → struct draw_stratum, owned by inputs */
	GHashTable *stored;
};

static void note_repository(const DrawInputs *inputs, const char *name, uint64_t seq)
{
	for (guint i = 0; i < inputs->repositories->len; i++) {
		struct draw_repository *repository = inputs->repositories->pdata[i];

		if (g_strcmp0(repository->name, name) == 0)
			repository->drilled = seq;
	}
}

static void note_stratum(const struct weighing *weighing, const char *name)
{
	DrawInputs *inputs = weighing->inputs;
	struct draw_stratum *stratum = name ? g_hash_table_lookup(weighing->strata, name) : NULL;

	if (!name)
		return;
	if (!stratum) {
		draw_inputs_add_stratum(inputs, name, 0);
		stratum = inputs->strata->pdata[inputs->strata->len - 1];
		g_hash_table_insert(weighing->strata, stratum->name, stratum);
	}
	/* How many slots there had been then; made into those since at the end. */
	stratum->slots = inputs->slots;
}

static bool is_event(const struct audit_line *line, enum audit_event event)
{
	return strcmp(line->event, audit_event_name(event)) == 0;
}

static const char *text_of(const struct audit_line *line, const char *name)
{
	return json_string_value(json_object_get(line->data, name));
}

static bool take_line(void *data, const struct audit_line *line)
{
	struct weighing *weighing = data;

	if (is_event(line, AUDIT_CHECKPOINTED) && text_of(line, "id"))
		g_hash_table_add(weighing->stored, g_strdup(text_of(line, "id")));
	if (!is_event(line, AUDIT_DRILL_DRAWN))
		return true;
	note_repository(weighing->inputs, text_of(line, "repository"), line->seq);
	if (g_strcmp0(text_of(line, "plan"), weighing->plan) != 0)
		return true;
	weighing->inputs->slots++;
	note_stratum(weighing, text_of(line, "stratum"));
	return true;
}

bool history_weigh(const char *state, const char *plan, DrawInputs *inputs, GHashTable *stored,
		   GError **error)
{
	g_autofree char *path = audit_path(state);
	g_autoptr(GHashTable) strata = g_hash_table_new(g_str_hash, g_str_equal);
	struct weighing weighing = {plan, inputs, strata, stored};
	struct audit_report report = {0};

	if (!audit_read(path, take_line, &weighing, &report, error))
		return false;
	inputs->history_seq = report.head.seq;
	audit_report_clear(&report);
	for (guint i = 0; i < inputs->strata->len; i++) {
		struct draw_stratum *stratum = inputs->strata->pdata[i];

		stratum->slots = inputs->slots - stratum->slots;
	}
	return true;
}
