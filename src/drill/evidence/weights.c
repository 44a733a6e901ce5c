/* What weighs in a draw is not believed: what was drawn before is in the chain. */
#include "drill/evidence/judge.h"

#include <string.h>

/* As the chain has it, up to a line. */
struct history {
	const struct judging *judging;
	const char *plan;
	uint64_t to;
};

static const struct chain_draw *draw_at(const struct history *history, guint number)
{
	const struct chain_draw *draw = history->judging->draws->pdata[number];

	return draw->seq <= history->to ? draw : NULL;
}

static uint64_t line_of_last(const struct history *history, const char *repository)
{
	uint64_t seq = 0;
	const struct chain_draw *draw;

	for (guint i = 0; i < history->judging->draws->len && (draw = draw_at(history, i)); i++)
		if (g_strcmp0(draw->repository, repository) == 0)
			seq = draw->seq;
	return seq;
}

/* Slots of the plan; since: since this stratum was drawn, where it was. */
static uint64_t slots_since(const struct history *history, const char *stratum)
{
	uint64_t slots = 0;
	const struct chain_draw *draw;

	for (guint i = 0; i < history->judging->draws->len && (draw = draw_at(history, i)); i++) {
		if (g_strcmp0(draw->plan, history->plan) != 0)
			continue;
		slots = stratum && g_strcmp0(draw->stratum, stratum) == 0 ? 0 : slots + 1;
	}
	return slots;
}

static uint64_t drilled_by_inputs(const DrawInputs *inputs, const char *repository)
{
	for (guint i = 0; i < inputs->repositories->len; i++) {
		const struct draw_repository *one = inputs->repositories->pdata[i];

		if (strcmp(one->name, repository) == 0)
			return one->drilled;
	}
	return 0;
}

static uint64_t slots_by_inputs(const DrawInputs *inputs, const char *stratum)
{
	for (guint i = 0; i < inputs->strata->len; i++) {
		const struct draw_stratum *one = inputs->strata->pdata[i];

		if (strcmp(one->name, stratum) == 0)
			return one->slots;
	}
	return inputs->slots;
}

/* The first piece that is weighed in another way; NULL: none. */
static const char *other_weight(const struct history *history, const DrawInputs *inputs,
				const GPtrArray *population)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < population->len; i++) {
		const struct population_piece *piece = population->pdata[i];

		if (g_hash_table_add(seen, (char *)piece->repository) &&
		    drilled_by_inputs(inputs, piece->repository) !=
			    line_of_last(history, piece->repository))
			return piece->repository;
		if (g_hash_table_add(seen, (char *)piece->stratum) &&
		    slots_by_inputs(inputs, piece->stratum) != slots_since(history, piece->stratum))
			return piece->stratum;
	}
	return NULL;
}

/* Which lines were looked at is the drill's word, but only among those since it was scheduled: another drill may have
 * been drawn meanwhile. */
static bool is_recent(const struct chain_run *run, uint64_t seq)
{
	return seq >= run->scheduled_seq && seq < run->drawn_seq;
}

void judge_history(struct judging *judging, const Record *record, const struct chain_run *run,
		   const DrawInputs *inputs, const GPtrArray *population)
{
	struct history history = {
		.judging = judging, .plan = record->plan, .to = inputs->history_seq};
	const char *other;

	if (!run || !run->drawn)
		return; /* which was found */
	if (!is_recent(run, inputs->history_seq)) {
		judge_find(judging, EVIDENCE_DRAW_HISTORY, record->run,
			   "it was weighed by the chain up to line %" G_GUINT64_FORMAT
			   ", which is not where the drill began",
			   inputs->history_seq);
		return;
	}
	other = other_weight(&history, inputs, population);
	if (other || slots_since(&history, NULL) != inputs->slots)
		judge_find(judging, EVIDENCE_DRAW_HISTORY, record->run,
			   "the weight of '%s' is not what the chain says was drawn before",
			   other ? other : "slots");
}
