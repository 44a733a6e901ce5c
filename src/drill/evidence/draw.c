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

static bool is_same(const json_t *one, const json_t *other)
{
	bool nothing = !one || json_is_null(one), other_nothing = !other || json_is_null(other);

	return nothing || other_nothing ? nothing == other_nothing : json_equal(one, other);
}

/* True where all members of one are the same in the other. *name: the first that is not. */
static bool is_part_of(json_t *one, const json_t *other, const char **name)
{
	json_t *value;

	json_object_foreach(one, *name, value)
	{
		if (!is_same(value, json_object_get(other, *name)))
			return false;
	}
	return true;
}

/* What the chain said beforehand is what is said now, and neither says less. */
static void judge_announced(struct judging *judging, const Record *record,
			    const struct chain_run *run)
{
	g_autoptr(JsonValue) announced = NULL;
	const char *name;

	if (!run || !run->drawn)
		return;
	announced = json_copy(run->drawn);
	if (g_strcmp0(json_string_value(json_object_get(announced, "plan")), record->plan) != 0)
		differs(judging, record, "the chain says that it was drawn for another plan");
	json_object_del(announced, "plan");
	json_object_del(announced, "t_loss");
	if (!is_part_of(announced, record->draw, &name) ||
	    !is_part_of(record->draw, announced, &name))
		judge_find(judging, EVIDENCE_DRAW_DIFFERS, record->run,
			   "'%s' of the draw is not what the chain said beforehand", name);
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
	if (!is_part_of(due, record->draw, &name))
		judge_find(judging, EVIDENCE_DRAW_DIFFERS, record->run,
			   "'%s' of the draw is not what its inputs lead to", name);
	else if (!is_silent(record->draw, &point))
		differs(judging, record, "its inputs draw no set, and the record names several");
}

static bool read_draw(const struct judging *judging, const Record *record, struct judged_draw *draw,
		      GError **error)
{
	const char *folder = judging->how->folder;
	g_autofree char *draw_path = evidence_path(folder, record->run, EVIDENCE_DRAW);
	g_autofree char *population_path = evidence_path(folder, record->run, EVIDENCE_POPULATION);
	g_autoptr(GBytes) inputs = NULL;

	return file_read(draw_path, EVIDENCE_FILE_MAX, &inputs, error) &&
	       file_read(population_path, EVIDENCE_FILE_MAX, &draw->text, error) &&
	       draw_inputs_parse(g_bytes_get_data(inputs, NULL), g_bytes_get_size(inputs),
				 &draw->inputs, error) &&
	       population_parse(g_bytes_get_data(draw->text, NULL), g_bytes_get_size(draw->text),
				&draw->population, error);
}

static void clear_draw(struct judged_draw *draw)
{
	g_clear_pointer(&draw->inputs, draw_inputs_free);
	g_clear_pointer(&draw->population, g_ptr_array_unref);
	g_clear_pointer(&draw->text, g_bytes_unref);
}

static void judge_all(struct judging *judging, const Record *record, const struct chain_run *run,
		      const struct judged_draw *draw)
{
	g_autoptr(JsonValue) holdings = NULL;
	bool from_all = false;

	redo(judging, record, draw->inputs, draw->population);
	holdings = judge_population(judging, record, run, draw);
	judge_plan(judging, record, run, draw->inputs, holdings, &from_all);
	if (holdings)
		judge_holdings(judging, record, draw->inputs, holdings, from_all);
	judge_history(judging, record, run, draw->inputs, draw->population);
	judge_checkpoint(judging, record, draw->inputs);
}

/* A moment that was chosen by the plan or by somebody has no seed. */
static bool was_drawn(const json_t *said)
{
	return json_is_string(json_object_get(said, "seed"));
}

void judge_draw(struct judging *judging, const Record *record, const struct chain_run *run)
{
	__attribute__((cleanup(clear_draw))) struct judged_draw draw = {0};
	g_autoptr(GError) cause = NULL;

	judge_announced(judging, record, run);
	if (!was_drawn(record->draw))
		return;
	if (!run || !run->drawn)
		differs(judging, record, "the chain does not say that anything was drawn for it");
	if (!read_draw(judging, record, &draw, &cause)) {
		differs(judging, record, cause->message);
		return;
	}
	if (strcmp(draw.inputs->plan_hash, record->plan_hash) != 0 ||
	    g_strcmp0(draw.inputs->slot, record->slot) != 0) {
		differs(judging, record, "it was drawn for another plan or slot");
		return;
	}
	judge_all(judging, record, run, &draw);
}
