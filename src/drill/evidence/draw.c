#include "drill/evidence/judge.h"

#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/file.h"
#include "drill/evidence/record.h"

#include <string.h>

static void differs(struct judging *judging, const Record *record, const char *what)
{
	judge_find(judging, EVIDENCE_DRAW_DIFFERS, record->run, "%s", what);
}

/* Every member of due stands in the record's draw, and is the same. */
static bool has_members(const json_t *draw, json_t *due, const char **name)
{
	json_t *value;

	json_object_foreach(due, *name, value) if (!json_equal(json_object_get(draw, *name),
							       value)) return false;
	return true;
}

static void judge_announced(struct judging *judging, const Record *record,
			    const struct chain_run *run)
{
	static const char *const names[] = {"seed", "checkpoint",    "population_sha256", "drawn",
					    "slot", "inputs_sha256", "holdings_sha256",	  "set"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		const json_t *said = json_object_get(record->draw, names[i]);
		const json_t *announced =
			run && run->drawn ? json_object_get(run->drawn, names[i]) : NULL;

		if (said && !json_equal(said, announced)) {
			judge_find(judging, EVIDENCE_DRAW_DIFFERS, record->run,
				   "'%s' of the draw is not what the chain said beforehand",
				   names[i]);
			return;
		}
	}
}

static bool is_newer(const Checkpoint *one, const Checkpoint *other)
{
	if (one->head.seq != other->head.seq)
		return one->head.seq > other->head.seq;
	if (one->stored_at != other->stored_at)
		return one->stored_at > other->stored_at;
	return strcmp(one->id, other->id) > 0;
}

/* Of those of its service that were stored before the slot began the one with most of the chain; NULL: there was none. */
static const Checkpoint *due_checkpoint(const struct judging *judging, const char *service,
					usec_t began)
{
	const Checkpoint *due = NULL;

	for (guint i = 0; i < judging->checkpoints->len; i++) {
		const Checkpoint *checkpoint = judging->checkpoints->pdata[i];

		if (strcmp(checkpoint->service, service) == 0 && checkpoint->stored_at < began &&
		    (!due || is_newer(checkpoint, due)))
			due = checkpoint;
	}
	return due;
}

static void judge_checkpoint(struct judging *judging, const Record *record,
			     const DrawInputs *inputs)
{
	const Checkpoint *due = due_checkpoint(judging, record->service, inputs->slot_began);
	const char *sha256 = due ? due->sha256 : DRAW_NO_CHECKPOINT;

	if (strcmp(inputs->checkpoint, sha256) != 0)
		judge_find(judging, EVIDENCE_DRAW_CHECKPOINT, record->run,
			   "its seed is made of checkpoint %s, the last before slot %s was %s",
			   inputs->checkpoint, inputs->slot, due ? due->sha256 : "none");
}

/* Where no set was drawn, the record says nothing of that. */
static bool is_silent(const json_t *draw, const struct draw_point *point)
{
	const json_t *among = json_object_get(draw, "set_among");
	const json_t *nearest = json_object_get(draw, "nearest_set");

	return point->among > 0 ||
	       ((!among || json_is_null(among)) && (!nearest || json_is_null(nearest)));
}

/* The same inputs, the same point. */
static void redo(struct judging *judging, const Record *record, const DrawInputs *inputs,
		 const GPtrArray *population)
{
	const char *sha256 = json_string_value(json_object_get(record->draw, "inputs_sha256"));
	struct draw_point point;
	g_autoptr(GError) cause = NULL;
	g_autoptr(JsonValue) due = NULL;
	const char *name;

	if (!draw_make(inputs, population, &point, &cause)) {
		differs(judging, record, cause->message);
		return;
	}
	due = draw_record(inputs, &point, sha256);
	if (!has_members(record->draw, due, &name))
		judge_find(judging, EVIDENCE_DRAW_DIFFERS, record->run,
			   "'%s' of the draw is not what its inputs lead to", name);
	else if (!is_silent(record->draw, &point))
		differs(judging, record, "its inputs draw no set, and the record names several");
}

static bool read_inputs(const struct judging *judging, const Record *record, DrawInputs **inputs,
			GPtrArray **population, GError **error)
{
	const char *folder = judging->how->folder;
	g_autofree char *draw_path = evidence_path(folder, record->run, EVIDENCE_DRAW);
	g_autofree char *population_path = evidence_path(folder, record->run, EVIDENCE_POPULATION);
	g_autoptr(GBytes) draw = NULL;
	g_autoptr(GBytes) text = NULL;

	return file_read(draw_path, EVIDENCE_FILE_MAX, &draw, error) &&
	       file_read(population_path, EVIDENCE_FILE_MAX, &text, error) &&
	       draw_inputs_parse(g_bytes_get_data(draw, NULL), g_bytes_get_size(draw), inputs,
				 error) &&
	       population_parse(g_bytes_get_data(text, NULL), g_bytes_get_size(text), population,
				error);
}

void judge_draw(struct judging *judging, const Record *record, const struct chain_run *run)
{
	g_autoptr(DrawInputs) inputs = NULL;
	g_autoptr(GPtrArray) population = NULL;
	g_autoptr(GError) cause = NULL;

	judge_announced(judging, record, run);
	if (!json_object_get(record->draw, "seed")) {
		if (run && run->drawn && json_object_get(run->drawn, "seed"))
			differs(judging, record,
				"the chain says that it was drawn, the record does not");
		return;
	}
	if (!read_inputs(judging, record, &inputs, &population, &cause)) {
		differs(judging, record, cause->message);
		return;
	}
	if (strcmp(inputs->plan_hash, record->plan_hash) != 0 ||
	    g_strcmp0(inputs->slot, record->slot) != 0) {
		differs(judging, record, "it was drawn for another plan or slot");
		return;
	}
	redo(judging, record, inputs, population);
	judge_plan(judging, record, inputs);
	judge_history(judging, record, run, inputs, population);
	judge_checkpoint(judging, record, inputs);
}
