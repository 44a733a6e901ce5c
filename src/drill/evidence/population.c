/* What a draw was made from: population, estimates and edges follow from holdings.json, which is looked at elsewhere. */
#include "base/error.h"
#include "base/file.h"
#include "drill/draw/gather.h"
#include "drill/evidence/judge.h"

#include <string.h>

static bool read_holdings(const struct judging *judging, const Record *record, json_t **holdings,
			  GError **error)
{
	g_autofree char *path = evidence_path(judging->how->folder, record->run, EVIDENCE_HOLDINGS);
	g_autoptr(GBytes) content = NULL;

	return file_read(path, EVIDENCE_FILE_MAX, &content, error) &&
	       json_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content),
			  EVIDENCE_HOLDINGS, holdings, error);
}

/* ---- comparing ------------------------------------------------------------------------------------ */

static char *set_of(const struct population_piece *piece)
{
	return g_strdup_printf("%s\n%s", piece->repository, piece->set);
}

/* What is told of a population that does not follow: the first set of which it has nothing. */
static void tell_population(struct judging *judging, const Record *record,
			    const GPtrArray *population, const GPtrArray *due)
{
	g_autoptr(GHashTable) sets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < population->len; i++)
		g_hash_table_add(sets, set_of(population->pdata[i]));
	for (guint i = 0; i < due->len; i++) {
		const struct population_piece *piece = due->pdata[i];
		g_autofree char *set = set_of(piece);

		if (g_hash_table_contains(sets, set))
			continue;
		judge_find(judging, EVIDENCE_DRAW_POPULATION, record->run,
			   "set %s of repository %s was there by " EVIDENCE_HOLDINGS
			   ", and is left out of " EVIDENCE_POPULATION,
			   piece->set, piece->repository);
		return;
	}
	judge_find(judging, EVIDENCE_DRAW_POPULATION, record->run,
		   EVIDENCE_POPULATION " has %u pieces, and is not the one of %u that "
				       "follows from " EVIDENCE_HOLDINGS,
		   population->len, due->len);
}

static bool is_same_edge(const struct draw_edge *one, const struct draw_edge *other)
{
	return g_strcmp0(one->kind, other->kind) == 0 &&
	       g_strcmp0(one->repository, other->repository) == 0 &&
	       g_strcmp0(one->set, other->set) == 0 && g_strcmp0(one->name, other->name) == 0 &&
	       one->timeline == other->timeline && one->time == other->time &&
	       one->lsn == other->lsn;
}

static bool has_same_edges(const DrawInputs *inputs, const DrawInputs *due)
{
	if (inputs->edges->len != due->edges->len)
		return false;
	for (guint i = 0; i < due->edges->len; i++)
		if (!is_same_edge(inputs->edges->pdata[i], due->edges->pdata[i]))
			return false;
	return true;
}

static bool has_same_estimates(const DrawInputs *inputs, const DrawInputs *due)
{
	return inputs->estimates->len == due->estimates->len &&
	       (due->estimates->len == 0 || memcmp(inputs->estimates->data, due->estimates->data,
						   due->estimates->len * sizeof(usec_t)) == 0);
}

static bool is_same_knot(const struct population_knot *one, const struct population_knot *other)
{
	return one->time == other->time && one->lsn == other->lsn;
}

static bool is_same_set(const struct draw_set *one, const struct draw_set *other)
{
	return strcmp(one->repository, other->repository) == 0 &&
	       strcmp(one->set, other->set) == 0 &&
	       one->system_identifier == other->system_identifier &&
	       one->timeline == other->timeline && is_same_knot(&one->from, &other->from) &&
	       is_same_knot(&one->end, &other->end);
}

/* Whether it was to be drawn at all is the plan's word. */
static bool has_same_sets(const DrawInputs *inputs, const DrawInputs *due)
{
	if (inputs->sets->len == 0)
		return true;
	if (inputs->sets->len != due->sets->len)
		return false;
	for (guint i = 0; i < due->sets->len; i++)
		if (!is_same_set(inputs->sets->pdata[i], due->sets->pdata[i]))
			return false;
	return true;
}

/* The draw is of the moment that the chain has: of another one another population was there. */
static void judge_moment(struct judging *judging, const Record *record, const struct chain_run *run,
			 const json_t *holdings)
{
	const char *text = json_string_value(json_object_get(run->drawn, "t_loss"));
	usec_t now = json_integer_value(json_object_get(holdings, "now_us"));
	usec_t said;

	if (!text || !clock_parse(text, &said, NULL) || said != now)
		judge_find(judging, EVIDENCE_DRAW_POPULATION, record->run,
			   EVIDENCE_HOLDINGS " is of another moment than the chain says it was "
					     "drawn at");
}

static void compare(struct judging *judging, const Record *record, const struct judged_draw *draw,
		    const struct draw_gathered *gathered, const DrawInputs *due)
{
	const DrawInputs *inputs = draw->inputs;

	if (strlen(gathered->text) != g_bytes_get_size(draw->text) ||
	    memcmp(gathered->text, g_bytes_get_data(draw->text, NULL),
		   g_bytes_get_size(draw->text)) != 0)
		tell_population(judging, record, draw->population, gathered->population);
	else if (!has_same_estimates(inputs, due))
		judge_find(judging, EVIDENCE_DRAW_POPULATION, record->run,
			   "the estimates of " EVIDENCE_DRAW
			   " are not those that follow from " EVIDENCE_HOLDINGS);
	else if (!has_same_edges(inputs, due))
		judge_find(judging, EVIDENCE_DRAW_POPULATION, record->run,
			   "the edges of " EVIDENCE_DRAW
			   " are not those that follow from " EVIDENCE_HOLDINGS);
	else if (!has_same_sets(inputs, due))
		judge_find(judging, EVIDENCE_DRAW_POPULATION, record->run,
			   "the sets of " EVIDENCE_DRAW
			   " are not those that follow from " EVIDENCE_HOLDINGS);
}

json_t *judge_population(struct judging *judging, const Record *record, const struct chain_run *run,
			 const struct judged_draw *draw)
{
	g_autoptr(JsonValue) holdings = NULL;
	g_autoptr(DrawInputs) due = draw_inputs_new();
	struct draw_gathered gathered = {0};
	g_autoptr(GError) cause = NULL;

	if (!read_holdings(judging, record, &holdings, &cause) ||
	    !draw_gather(holdings, due, &gathered, &cause) ||
	    !draw_gather_sets(holdings, due, &cause)) {
		draw_gathered_clear(&gathered);
		judge_find(judging, EVIDENCE_DRAW_POPULATION, record->run, "%s", cause->message);
		return NULL;
	}
	compare(judging, record, draw, &gathered, due);
	if (run && run->drawn)
		judge_moment(judging, record, run, holdings);
	draw_gathered_clear(&gathered);
	return g_steal_pointer(&holdings);
}
