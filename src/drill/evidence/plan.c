/* What a plan says of a draw is not believed of whoever drew: the plan is kept, and its hash binds it. */
#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/judge.h"

#include <string.h>

#define SLOT_DELAY (10 * USEC_PER_MIN) /* between the look at the clock and the line that says so */

/* ---- is it the plan ------------------------------------------------------------------------------- */

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

/* ---- what it says ---------------------------------------------------------------------------------- */

/* g_free. */
static char *value_of(GKeyFile *plan, const char *group, const char *key, const char *otherwise)
{
	char *value = g_key_file_get_string(plan, group, key, NULL);

	return value ? g_strstrip(value) : g_strdup(otherwise);
}

/* Anchors are edges. */
static bool is_drawn_from_anchors(GKeyFile *plan)
{
	g_autofree char *target = value_of(plan, "select", "target", "random");

	return strcmp(target, "anchor:random") == 0;
}

/* "time 50;wal 30". */
static void add_weight(GString *text, const char *method, guint64 weight)
{
	g_string_append_printf(text, "%s%s %" G_GUINT64_FORMAT, text->len ? ";" : "", method,
			       weight);
}

static char *mix_of_plan(GKeyFile *plan)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *target = value_of(plan, "select", "target", "random");
	g_auto(GStrv) items = NULL;

	if (is_drawn_from_anchors(plan))
		return g_strdup("edge 1");
	if (strcmp(target, "random") != 0)
		return g_strconcat(target, " 1", NULL);
	items = g_key_file_get_string_list(plan, "select", "mix", NULL, NULL);
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

static void differs(struct judging *judging, const Record *record, const char *what,
		    const char *drawn, const char *planned)
{
	judge_find(judging, EVIDENCE_PLAN_DIFFERS, record->run,
		   "it was drawn by %s '%s', the plan says '%s'", what, drawn, planned);
}

static void judge_mix(struct judging *judging, const Record *record, const DrawInputs *inputs,
		      GKeyFile *plan)
{
	g_autofree char *drawn = mix_of_draw(inputs);
	g_autofree char *planned = mix_of_plan(plan);

	if (is_by_plan(record) && strcmp(planned, drawn) != 0)
		differs(judging, record, "the mix", drawn, planned);
}

static void judge_duration(struct judging *judging, const Record *record, GKeyFile *plan,
			   const char *key, const char *otherwise, const json_t *said)
{
	g_autofree char *planned = value_of(plan, "select", key, otherwise);
	usec_t drawn = json_is_integer(said) ? json_integer_value(said) : -1;
	g_autofree char *words = duration_format(drawn);
	usec_t due;

	if (!duration_parse(planned, &due, NULL) || due != drawn)
		differs(judging, record, key, words, planned);
}

/* Where moments are drawn from: a short window, or a wide margin, leaves out what is hard to reach. */
static void judge_frame(struct judging *judging, const Record *record, const json_t *holdings,
			GKeyFile *plan)
{
	g_autofree char *zone = value_of(plan, "schedule", "time-zone", "UTC");
	const char *drawn = json_string_value(json_object_get(holdings, "zone"));

	judge_duration(judging, record, plan, "window", "14d",
		       json_object_get(holdings, "window_us"));
	judge_duration(judging, record, plan, "margin", "60s",
		       json_object_get(holdings, "margin_us"));
	if (g_strcmp0(zone, drawn) != 0)
		differs(judging, record, "time-zone", drawn ? drawn : "", zone);
	if (is_by_plan(record) &&
	    json_is_true(json_object_get(holdings, "only_anchors")) != is_drawn_from_anchors(plan))
		judge_find(judging, EVIDENCE_PLAN_DIFFERS, record->run,
			   "whether it was drawn from anchors alone is not as the plan says");
}

static void judge_set(struct judging *judging, const Record *record, const DrawInputs *inputs,
		      GKeyFile *plan)
{
	g_autofree char *planned = value_of(plan, "select", "set", "auto");
	bool is_drawn = inputs->sets->len > 0;

	if (is_drawn != (strcmp(planned, "random") == 0))
		judge_find(judging, EVIDENCE_PLAN_DIFFERS, record->run,
			   "its set was %sdrawn, which is not what the plan says",
			   is_drawn ? "" : "not ");
}

/* A repository that is not asked has no sets that are hard to reach. */
static void judge_repositories(struct judging *judging, const Record *record,
			       const DrawInputs *inputs, GKeyFile *plan, bool *from_all)
{
	g_autofree char *planned = value_of(plan, "select", "repository", "rotate");

	*from_all = is_by_plan(record) && strcmp(planned, "rotate") == 0;
	for (guint i = 0; is_by_plan(record) && !*from_all && i < inputs->repositories->len; i++) {
		const struct draw_repository *one = inputs->repositories->pdata[i];

		if (strcmp(one->name, planned) != 0)
			differs(judging, record, "repository", one->name, planned);
	}
}

/* Without a file for it there is none: who could choose it could try several. */
static void judge_nonce(struct judging *judging, const Record *record, const DrawInputs *inputs,
			GKeyFile *plan)
{
	g_autofree char *file = value_of(plan, "select", "nonce-file", "");

	if (!*inputs->nonce)
		return;
	if (*file)
		judge_note(judging, record->run,
			   "drawn with the nonce '%s': the auditor who gave it should know it",
			   inputs->nonce);
	else
		differs(judging, record, "nonce", inputs->nonce, "");
}

/* Every slot has a seed of its own: whoever could name another one could try them all. */
static void judge_slot(struct judging *judging, const Record *record, const struct chain_run *run,
		       GKeyFile *plan)
{
	g_autofree char *kind = value_of(plan, "schedule", "slot", "");
	g_autofree char *zone_name = value_of(plan, "schedule", "time-zone", "UTC");
	g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(zone_name);
	g_autofree char *begun = NULL;
	g_autofree char *before = NULL;

	if (!zone || !run || run->scheduled == 0)
		return; /* which was found */
	begun = draw_slot_at(kind, zone, run->scheduled);
	before = draw_slot_at(kind, zone, run->scheduled - SLOT_DELAY);
	if (g_strcmp0(begun, record->slot) != 0 && g_strcmp0(before, record->slot) != 0)
		judge_find(judging, EVIDENCE_DRAW_REROLLED, record->run,
			   "it was drawn for slot %s, and began in slot %s by the plan and the "
			   "chain: another slot is another seed",
			   record->slot, begun ? begun : "?");
}

static GBytes *read_plan(struct judging *judging, const Record *record)
{
	g_autofree char *path = evidence_path(judging->how->folder, record->run, EVIDENCE_PLAN);
	g_autoptr(GBytes) plan = NULL;

	if (!file_read(path, EVIDENCE_FILE_MAX, &plan, NULL))
		judge_find(judging, EVIDENCE_FILE_MISSING, record->run,
			   EVIDENCE_PLAN " is missing");
	else if (is_hash_of_files(record) && is_among_files(record, plan))
		return g_steal_pointer(&plan);
	else
		judge_find(judging, EVIDENCE_PLAN_DIFFERS, record->run,
			   EVIDENCE_PLAN " is not the plan that the record names by its hash");
	return NULL;
}

void judge_plan(struct judging *judging, const Record *record, const struct chain_run *run,
		const DrawInputs *inputs, const json_t *holdings, bool *from_all)
{
	g_autoptr(GKeyFile) keyfile = g_key_file_new();
	g_autoptr(GBytes) plan = read_plan(judging, record);
	g_autoptr(GError) cause = NULL;

	if (!plan)
		return;
	if (!g_key_file_load_from_bytes(keyfile, plan, G_KEY_FILE_NONE, &cause)) {
		judge_find(judging, EVIDENCE_PLAN_DIFFERS, record->run,
			   EVIDENCE_PLAN " is none: %s", cause->message);
		return;
	}
	judge_mix(judging, record, inputs, keyfile);
	judge_set(judging, record, inputs, keyfile);
	judge_nonce(judging, record, inputs, keyfile);
	judge_slot(judging, record, run, keyfile);
	judge_repositories(judging, record, inputs, keyfile, from_all);
	if (holdings)
		judge_frame(judging, record, holdings, keyfile);
}
