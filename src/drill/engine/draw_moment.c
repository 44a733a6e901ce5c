/* The draw of a drill: what its seed is made of, and what came of it. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "drill/engine/drawing.h"
#include "drill/evidence/history.h"

#include <string.h>

#define NONCE_MAX 4096

/* ---- what the seed is made of -------------------------------------------------------------------- */

static bool find_checkpoint(struct drawing *drawing, GError **error)
{
	Drill *drill = drawing->drill;
	const GPtrArray *repos = drill->means.evidence_repos;
	const EvidenceKey *key = drill->request->key;
	/* Also of a key that the service had before. */
	struct evidence_trust trust = {.owners = key ? &key->service : NULL,
				       .owner_count = key != NULL};
	g_autoptr(Checkpoint) checkpoint = NULL;
	usec_t began;

	g_strlcpy(drawing->inputs->checkpoint, DRAW_NO_CHECKPOINT,
		  sizeof(drawing->inputs->checkpoint));
	if (!draw_slot_began(drill->request->slot, drill->plan->schedule.zone, &began, error))
		return false;
	drawing->inputs->zone = g_strdup(drill->plan->schedule.zone_name);
	drawing->inputs->slot_began = began;
	for (guint i = 0; key && repos && i < repos->len; i++)
		if (!checkpoint &&
		    !checkpoint_before(repos->pdata[i],
				       &(struct checkpoint_wanted){.trust = &trust,
								   .before = began,
								   .among = drawing->stored,
								   .troubles = drill->deviations},
				       &checkpoint, error))
			return false;
	if (checkpoint)
		g_strlcpy(drawing->inputs->checkpoint, checkpoint->sha256,
			  sizeof(drawing->inputs->checkpoint));
	else
		g_ptr_array_add(
			drill->notes,
			g_strdup("no checkpoint of the audit chain was stored before this slot: "
				 "whoever holds the chain could have tried several draws"));
	return true;
}

static bool read_nonce(struct drawing *drawing, GError **error)
{
	const char *path = drawing->drill->plan->select.nonce_file;
	g_autofree char *text = NULL;

	if (path && !file_read_text(path, NONCE_MAX, &text, error))
		return false;
	g_free(drawing->inputs->nonce);
	drawing->inputs->nonce = g_strdup(text ? g_strstrip(text) : "");
	return true;
}

static void set_mix(struct drawing *drawing, enum plan_target_kind kind)
{
	const GArray *mix = drawing->drill->plan->select.mix;
	struct draw_weight only = {.method = kind == PLAN_TARGET_WORST ? DRAW_WORST : DRAW_EDGE,
				   .weight = 1};

	if (kind == PLAN_TARGET_RANDOM)
		g_array_append_vals(drawing->inputs->mix, mix->data, mix->len);
	else
		g_array_append_val(drawing->inputs->mix, only);
}

/* ---- what comes of it ---------------------------------------------------------------------------- */

static void take_point(Drill *drill, const struct draw_point *point, json_t *draw)
{
	struct restore_target *target = &drill->target.target;
	g_autofree char *time = clock_format(point->time);
	g_autofree char *lsn = lsn_print(point->lsn);

	g_free(drill->target.repository);
	g_free(drill->target.text);
	drill->target.repository = g_strdup(point->repository);
	*target = (struct restore_target){.timeline = point->timeline};
	drill->target.set = g_strdup(point->set);
	target->set = drill->target.set;
	if (point->name) {
		drill->target.name = g_strdup(point->name);
		target->type = RECOVERY_NAME;
		target->name = drill->target.name;
		drill->target.text = g_strconcat("name:", point->name, NULL);
	} else if (point->effective == DRAW_WAL) {
		target->type = RECOVERY_LSN;
		target->lsn = point->lsn;
		drill->target.text = g_strconcat("lsn:", lsn, NULL);
	} else {
		target->type = RECOVERY_TIME;
		target->time = point->time;
		drill->target.text = g_strconcat("time:", time, NULL);
	}
	drill->target.draw = draw;
	drill->target.drawn = true;
}

static bool keep(Drill *drill, const char *name, const char *text, GError **error)
{
	struct evidence evidence = drill_evidence(drill);
	g_autoptr(GBytes) content = g_bytes_new(text, strlen(text));

	return !drill->request->key ||
	       evidence_add(&evidence, drill->request->run_id, name, content, error);
}

/* By its hash alone nobody could see by what it was drawn, nor of what files it was. */
static bool keep_plan(Drill *drill, GError **error)
{
	g_autofree char *name = g_strconcat(drill->plan->name, ".plan", NULL);
	g_autofree char *text = drill_plan_text(drill, name);

	g_autofree char *digests = drill_plan_digests(drill->plan);

	return text ? keep(drill, EVIDENCE_PLAN, text, error) &&
			       keep(drill, EVIDENCE_PLAN_FILES, digests, error)
		    : odr_fail(error, ODR_ERROR_CORRUPT, "the plan has no file '%s'", name);
}

static void digest_text(const char *text, char hex[2 * SHA256_SIZE + 1])
{
	uint8_t digest[SHA256_SIZE];

	sha256(text, strlen(text), digest);

	g_autofree char *digits = hex_encode(digest, SHA256_SIZE);

	g_strlcpy(hex, digits, 2 * SHA256_SIZE + 1);
}

static bool check_anchor(const struct draw_point *point, GError **error)
{
	return point->name || odr_fail(error, ODR_ERROR_NOT_FOUND,
				       "repository %s has no anchor in the window that can be "
				       "reached; odrbackup anchor create makes one",
				       point->repository);
}

static bool draw(struct drawing *drawing, GError **error)
{
	Drill *drill = drawing->drill;
	const char *population = drawing->gathered.text;
	g_autofree char *holdings = draw_holdings_print(drawing->holdings);
	g_autofree char *inputs = NULL;
	char inputs_sha256[2 * SHA256_SIZE + 1], holdings_sha256[2 * SHA256_SIZE + 1];
	struct draw_point point;
	json_t *record;

	digest_text(holdings, holdings_sha256);
	inputs = draw_inputs_print(drawing->inputs);
	digest_text(inputs, inputs_sha256);
	if (!draw_make(drawing->inputs, drawing->gathered.population, &point, error) ||
	    (drawing->only_anchors && !check_anchor(&point, error)) ||
	    !keep(drill, EVIDENCE_POPULATION, population, error) ||
	    !keep(drill, EVIDENCE_HOLDINGS, holdings, error) ||
	    !keep(drill, EVIDENCE_DRAW, inputs, error) || !keep_plan(drill, error))
		return false;
	record = draw_record(drawing->inputs, &point, inputs_sha256);
	json_set_string(record, "holdings_sha256", holdings_sha256);
	take_point(drill, &point, record);
	return true;
}

bool drill_draw_moment(Drill *drill, enum plan_target_kind kind, GError **error)
{
	g_autoptr(DrawInputs) inputs = draw_inputs_new();
	g_autoptr(GHashTable) stored = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(JsonValue) holdings = draw_holdings_new(
		&(struct draw_held_frame){.now = drill->t_loss,
					  .window = drill->plan->select.window,
					  .margin = drill->plan->select.margin,
					  .zone = drill->plan->schedule.zone_name,
					  .only_anchors = kind == PLAN_TARGET_ANCHOR_RANDOM});
	struct drawing drawing = {.drill = drill,
				  .holdings = holdings,
				  .inputs = inputs,
				  .stored = stored,
				  .only_anchors = kind == PLAN_TARGET_ANCHOR_RANDOM,
				  .any_set = strcmp(drill->plan->select.set, "random") == 0};
	bool done;

	g_strlcpy(inputs->plan_hash, drill->plan->hash, sizeof(inputs->plan_hash));
	g_free(inputs->slot);
	inputs->slot = g_strdup(drill->request->slot);
	set_mix(&drawing, kind);
	done = drawing_gather(&drawing, error) &&
	       history_weigh(drill->request->state, drill->plan->name, inputs, stored, error) &&
	       find_checkpoint(&drawing, error) && read_nonce(&drawing, error) &&
	       draw(&drawing, error);
	draw_gathered_clear(&drawing.gathered);
	return done;
}
