/* What weighs in a draw is not believed: the mix is that of the plan, which the hash binds, and what was drawn before is
 * in the chain. */
#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/judge.h"

#include <string.h>

/* ---- the plan ------------------------------------------------------------------------------------ */

static const json_t *plan_files(const Record *record)
{
	return json_object_get(json_object_get(record->document, "plan"), "files");
}

static const char *member(const json_t *file, const char *name)
{
	const char *text = json_string_value(json_object_get(file, name));

	return text ? text : "";
}

/* What sha256sum prints of the files is what the hash is of. */
static bool is_hash_of_files(const Record *record)
{
	const json_t *files = plan_files(record);
	g_autoptr(GString) lines = g_string_new(NULL);

	for (size_t i = 0; i < json_array_size(files); i++)
		g_string_append_printf(lines, "%s  %s\n",
				       member(json_array_get(files, i), "sha256"),
				       member(json_array_get(files, i), "name"));

	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, lines->str, -1);

	return strcmp(hash, record->plan_hash) == 0;
}

static bool is_among_files(const Record *record, GBytes *plan)
{
	g_autofree char *name = g_strconcat(record->plan, ".plan", NULL);
	const json_t *files = plan_files(record);
	char digest[2 * SHA256_SIZE + 1];

	evidence_digest(plan, digest);
	for (size_t i = 0; i < json_array_size(files); i++) {
		const json_t *file = json_array_get(files, i);

		if (strcmp(member(file, "name"), name) == 0)
			return strcmp(member(file, "sha256"), digest) == 0;
	}
	return false;
}

/* "time 50;wal 30". */
static void add_weight(GString *text, const char *method, guint64 weight)
{
	g_string_append_printf(text, "%s%s %" G_GUINT64_FORMAT, text->len ? ";" : "", method,
			       weight);
}

/* Of the plan as it was: whether it chooses a set at random. */
static bool is_any_set(GKeyFile *plan)
{
	g_autofree char *set = g_key_file_get_string(plan, "select", "set", NULL);

	return set && strcmp(g_strstrip(set), "random") == 0;
}

static char *mix_of_plan(GKeyFile *keyfile)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *target = NULL;
	g_auto(GStrv) items = NULL;

	target = g_key_file_get_string(keyfile, "select", "target", NULL);
	/* Anchors are edges. */
	if (target && strcmp(g_strstrip(target), "random") != 0)
		return g_strconcat(g_str_has_prefix(target, "anchor:") ? "edge" : target, " 1",
				   NULL);
	items = g_key_file_get_string_list(keyfile, "select", "mix", NULL, NULL);
	if (!items)
		items = g_strsplit("time 50;wal 30;worst 15;edge 5", ";", -1);
	for (char **item = items; *item; item++) {
		g_auto(GStrv) words = g_strsplit_set(g_strstrip(*item), " \t", 2);

		if (g_strv_length(words) == 2)
			add_weight(text, words[0],
				   g_ascii_strtoull(g_strstrip(words[1]), NULL, 10));
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *mix_of_draw(const DrawInputs *inputs)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < inputs->mix->len; i++) {
		const struct draw_weight *weight =
			&g_array_index(inputs->mix, struct draw_weight, i);

		add_weight(text, draw_method_name(weight->method), weight->weight);
	}
	return g_string_free(text, FALSE);
}

/* Who runs a drill by hand may name another way to draw: then it is no draw of the plan, and the record says so. */
static bool is_by_plan(const Record *record)
{
	return !json_is_true(json_object_get(record->draw, "operator_chosen"));
}

void judge_plan(struct judging *judging, const Record *record, const DrawInputs *inputs)
{
	g_autofree char *path = evidence_path(judging->how->folder, record->run, EVIDENCE_PLAN);
	g_autofree char *drawn_mix = mix_of_draw(inputs);
	g_autofree char *mix = NULL;
	g_autoptr(GBytes) plan = NULL;
	g_autoptr(GKeyFile) keyfile = g_key_file_new();
	g_autoptr(GError) cause = NULL;

	if (!file_read(path, EVIDENCE_FILE_MAX, &plan, NULL)) {
		judge_find(judging, EVIDENCE_FILE_MISSING, record->run,
			   EVIDENCE_PLAN " is missing");
		return;
	}
	if (!is_hash_of_files(record) || !is_among_files(record, plan)) {
		judge_find(judging, EVIDENCE_PLAN_DIFFERS, record->run,
			   EVIDENCE_PLAN " is not the plan that the record names by its hash");
		return;
	}
	if (!g_key_file_load_from_bytes(keyfile, plan, G_KEY_FILE_NONE, &cause)) {
		judge_find(judging, EVIDENCE_PLAN_DIFFERS, record->run, EVIDENCE_PLAN ": %s",
			   cause->message);
		return;
	}
	mix = mix_of_plan(keyfile);
	if (is_by_plan(record) && strcmp(mix, drawn_mix) != 0)
		judge_find(judging, EVIDENCE_PLAN_DIFFERS, record->run,
			   "it was drawn by '%s', the plan says '%s'", drawn_mix, mix);
	else if (is_any_set(keyfile) != (inputs->sets->len > 0))
		judge_find(judging, EVIDENCE_PLAN_DIFFERS, record->run,
			   "its set was %sdrawn, which is not what the plan says",
			   inputs->sets->len > 0 ? "" : "not ");
}

/* ---- what was drawn before ----------------------------------------------------------------------- */

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
