/* The audit chain by itself, by the catalog's mirror, and by its checkpoints. */
#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/judge.h"
#include "drill/evidence/mirror.h"
#include "repo/layout.h"

#include <string.h>

/* The chain. */

void judge_run_free(void *data)
{
	struct chain_run *run = data;

	g_free(run->record_sha256);
	g_free(run->outcome);
	g_clear_pointer(&run->drawn, json_decref);
	g_free(run);
}

static struct chain_run *run_of(struct judging *judging, const char *id)
{
	struct chain_run *run = g_hash_table_lookup(judging->runs, id);

	if (run)
		return run;
	run = g_new0(struct chain_run, 1);
	g_hash_table_insert(judging->runs, g_strdup(id), run);
	g_ptr_array_add(judging->order, g_strdup(id));
	return run;
}

static void take_text(char **text, const json_t *data, const char *name)
{
	const char *value = json_string_value(json_object_get(data, name));

	if (!value)
		return;
	g_free(*text);
	*text = g_strdup(value);
}

static bool is_event(const struct audit_line *line, enum audit_event event)
{
	return strcmp(line->event, audit_event_name(event)) == 0;
}

/* Two draws for one slot of a plan: of the same seed the later one is a repeat, otherwise somebody chose. */
static void judge_slot(struct judging *judging, const char *id, const json_t *data)
{
	const char *plan = json_string_value(json_object_get(data, "plan_hash"));
	const char *slot = json_string_value(json_object_get(data, "slot"));
	const char *seed = json_string_value(json_object_get(data, "seed"));
	g_autofree char *key = plan && slot && seed ? g_strdup_printf("%s %s", plan, slot) : NULL;
	const char *before;

	if (!key)
		return;
	before = g_hash_table_lookup(judging->seeds, key);
	if (!before)
		g_hash_table_insert(judging->seeds, g_steal_pointer(&key), g_strdup(seed));
	else if (strcmp(before, seed) == 0)
		judge_find(judging, EVIDENCE_DRAW_REPEATED, id,
			   "there was a draw for slot %s before: this one does not count", slot);
	else
		judge_find(judging, EVIDENCE_DRAW_REROLLED, id,
			   "there was a draw for slot %s before, of another seed", slot);
}

void judge_drawn_free(void *data)
{
	struct chain_draw *draw = data;

	g_free(draw->plan);
	g_free(draw->repository);
	g_free(draw->stratum);
	g_free(draw);
}

static void take_draw(struct judging *judging, const struct audit_line *line)
{
	struct chain_draw *draw = g_new0(struct chain_draw, 1);

	draw->seq = line->seq;
	take_text(&draw->plan, line->data, "plan");
	take_text(&draw->repository, line->data, "repository");
	take_text(&draw->stratum, line->data, "stratum");
	g_ptr_array_add(judging->draws, draw);
}

static void take_drawn(struct judging *judging, struct chain_run *run,
		       const struct audit_line *line)
{
	run->begun = true;
	run->drawn_seq = line->seq;
	g_clear_pointer(&run->drawn, json_decref);
	run->drawn = json_deep_copy(line->data);
	judge_slot(judging, line->run, line->data);
}

static void take_run_line(struct judging *judging, const struct audit_line *line)
{
	struct chain_run *run = run_of(judging, line->run);

	if (is_event(line, AUDIT_DRILL_SCHEDULED)) {
		run->begun = true;
		run->scheduled_seq = line->seq;
	} else if (is_event(line, AUDIT_DRILL_DRAWN)) {
		take_drawn(judging, run, line);
	} else if (is_event(line, AUDIT_DRILL_SIGNED)) {
		take_text(&run->record_sha256, line->data, "record_sha256");
	} else if (is_event(line, AUDIT_DRILL_CLOSED) || is_event(line, AUDIT_DRILL_JUDGED)) {
		take_text(&run->outcome, line->data, "outcome");
	}
	if (is_event(line, AUDIT_DRILL_CLOSED) || is_event(line, AUDIT_DRILL_ABANDONED))
		run->ended = true;
}

static bool take_line(void *data, const struct audit_line *line)
{
	struct judging *judging = data;
	const char *id;

	g_ptr_array_add(judging->digests, g_strdup(line->sha256));
	if (is_event(line, AUDIT_DRILL_DRAWN))
		take_draw(judging, line);
	if (is_event(line, AUDIT_CHECKPOINTED) &&
	    (id = json_string_value(json_object_get(line->data, "id"))) && set_id_valid(id))
		g_hash_table_add(judging->stored, g_strdup(id));
	if (line->run)
		take_run_line(judging, line);
	return true;
}

/* What the catalog saw is there, and the same: the first that is not is told. */
static void judge_mirror(struct judging *judging, const GPtrArray *mirror)
{
	const GPtrArray *digests = judging->digests;
	const struct catalog_audit *beyond = NULL, *other = NULL;

	for (guint i = 0; i < mirror->len; i++) {
		const struct catalog_audit *line = mirror->pdata[i];
		uint64_t *to = &judging->verdict->proof.mirrored_to;

		*to = MAX(*to, line->seq);
		if (line->seq > digests->len)
			beyond = beyond ? beyond : line;
		else if (strcmp(line->sha256, digests->pdata[line->seq - 1]) != 0)
			other = other ? other : line;
	}
	if (beyond)
		judge_find(judging, EVIDENCE_CHAIN_TRUNCATED, NULL,
			   "the catalog knows of line %" G_GUINT64_FORMAT " (%s%s%s), the chain "
			   "ends at %u",
			   beyond->seq, beyond->event, beyond->run ? " of run " : "",
			   beyond->run ? beyond->run : "", digests->len);
	if (other)
		judge_find(judging, EVIDENCE_MIRROR_DIFFERS, NULL,
			   "line %" G_GUINT64_FORMAT
			   " is not the one that the catalog saw (%s%s%s)",
			   other->seq, other->event, other->run ? " of run " : "",
			   other->run ? other->run : "");
}

static void judge_lines(struct judging *judging, struct audit_report *report)
{
	for (guint i = 0; i < report->findings->len; i++) {
		const struct audit_finding *finding = report->findings->pdata[i];

		judge_find(judging, finding->torn ? EVIDENCE_CHAIN_TORN : EVIDENCE_CHAIN_BROKEN,
			   NULL, "line %" G_GUINT64_FORMAT ": %s", finding->line, finding->what);
	}
	judging->verdict->head = report->head;
	judging->verdict->lines = report->lines;
	judging->verdict->first = report->first;
	judging->verdict->last = report->last;
	audit_report_clear(report);
}

bool judge_chain(struct judging *judging, GError **error)
{
	g_autofree char *path = audit_path(judging->how->folder);
	struct audit_report report = {0};
	g_autoptr(GPtrArray) mirror = NULL;
	g_autoptr(GError) cause = NULL;

	/* The mirror first: the chain may grow meanwhile. */
	if (!mirror_read(judging->how->folder, &mirror, error))
		return odr_context(error, "cannot read what the catalog has of the audit chain");
	if (!audit_read(path, take_line, judging, &report, &cause)) {
		if (odr_error_is(cause, ODR_ERROR_NOT_FOUND)) {
			judge_find(judging, EVIDENCE_CHAIN_MISSING, NULL, "there is no '%s'", path);
			return true;
		}
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	judge_lines(judging, &report);
	judge_mirror(judging, mirror);
	return true;
}

/* Checkpoints. */

/* By the receipt, which is signed: when the store had all of it, and until when all is locked. */
static void take_receipt(struct judging *judging, const char *path, Checkpoint *checkpoint)
{
	g_autofree char *receipt_path =
		g_strdup_printf("%.*s.receipt.json", (int)(strlen(path) - strlen(".json")), path);
	g_autoptr(GBytes) receipt = NULL;
	g_autoptr(JsonValue) document = NULL;
	struct evidence_signer signer;
	const json_t *objects;

	if (!judge_read_signed(judging, receipt_path, &signer, &receipt, NULL) ||
	    !json_parse(g_bytes_get_data(receipt, NULL), g_bytes_get_size(receipt), "the receipt",
			&document, NULL))
		return;
	objects = json_object_get(document, "objects");
	judge_stored_checkpoint(judging, checkpoint->id, objects);
	for (size_t i = 0; i < json_array_size(objects); i++) {
		const json_t *object = json_array_get(objects, i);
		const json_t *lock = json_object_get(object, "lock");
		const char *stored = json_string_value(json_object_get(object, "stored_at"));
		const char *until = json_string_value(json_object_get(lock, "until"));
		usec_t time;

		if (stored && clock_parse(stored, &time, NULL))
			checkpoint->stored_at = MAX(checkpoint->stored_at, time);
		if (!until || !clock_parse(until, &time, NULL))
			time = 0;
		checkpoint->locked_until = i == 0 ? time : MIN(checkpoint->locked_until, time);
	}
}

/* The newest good one holds the chain up to its line. */
static void take_proof(struct judging *judging, const Checkpoint *checkpoint,
		       const struct evidence_signer *signer)
{
	struct evidence_proof *proof = &judging->verdict->proof;
	char name[EVIDENCE_KEY_NAME_SIZE];

	if (checkpoint->head.seq <= proof->signed_to)
		return;
	g_free(proof->checkpoint);
	proof->checkpoint = g_strdup(checkpoint->id);
	evidence_key_name(signer->public_key, name);
	g_free(proof->signer);
	proof->signer = g_strdup(name);
	proof->signed_to = checkpoint->head.seq;
	proof->stored_at = checkpoint->stored_at;
	proof->locked_until = checkpoint->locked_until;
}

static void judge_head(struct judging *judging, const Checkpoint *checkpoint,
		       const struct evidence_signer *signer)
{
	const struct audit_head *head = &checkpoint->head;

	if (head->seq > judging->digests->len)
		judge_find(judging, EVIDENCE_CHAIN_TRUNCATED, checkpoint->id,
			   "it knows of line %" G_GUINT64_FORMAT ", the chain ends at %u",
			   head->seq, judging->digests->len);
	else if (strcmp(head->sha256, judging->digests->pdata[head->seq - 1]) != 0)
		judge_find(judging, EVIDENCE_CHECKPOINT_DIFFERS, checkpoint->id,
			   "line %" G_GUINT64_FORMAT " of the chain is not the one that was signed",
			   head->seq);
	else
		take_proof(judging, checkpoint, signer);
}

static void judge_checkpoint(struct judging *judging, const char *name)
{
	g_autofree char *path = g_build_filename(judging->how->folder, "audit", name, NULL);
	g_autoptr(Checkpoint) checkpoint = g_new0(Checkpoint, 1);
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) cause = NULL;
	struct evidence_signer signer;

	judging->verdict->checkpoints++;
	checkpoint->id = g_strndup(name, strlen(name) - strlen(".json"));
	if (!judge_read_signed(judging, path, &signer, &content, &cause) ||
	    !checkpoint_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content),
			      checkpoint, &cause)) {
		judge_find(judging, EVIDENCE_CHECKPOINT_DAMAGED, checkpoint->id, "%s",
			   cause->message);
		return;
	}
	take_receipt(judging, path, checkpoint);
	judge_head(judging, checkpoint, &signer);
	evidence_digest(content, checkpoint->sha256);
	if (checkpoint->stored_at == 0)
		checkpoint->stored_at = checkpoint->time;
	judge_signer(judging, &signer,
		     &(struct judged_document){checkpoint->id, "the checkpoint",
					       checkpoint->service, checkpoint->stored_at});
	if (g_hash_table_contains(judging->stored, checkpoint->id))
		g_ptr_array_add(judging->checkpoints, g_steal_pointer(&checkpoint));
}

/* What the chain says was stored lies here, too. */
static void judge_missing(struct judging *judging, const GPtrArray *names)
{
	g_autoptr(GHashTable) there = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter each;
	gpointer id;

	for (guint i = 0; i < names->len; i++)
		g_hash_table_add(there, names->pdata[i]);
	g_hash_table_iter_init(&each, judging->stored);
	while (g_hash_table_iter_next(&each, &id, NULL)) {
		g_autofree char *name = g_strconcat(id, ".json", NULL);

		if (!g_hash_table_contains(there, name))
			judge_find(judging, EVIDENCE_CHECKPOINT_MISSING, id,
				   "the chain says that there is such a checkpoint");
	}
}

bool judge_checkpoints(struct judging *judging, GError **error)
{
	g_autoptr(GPtrArray) names = NULL;

	if (!checkpoint_files(judging->how->folder, &names, error))
		return false;
	judge_missing(judging, names);
	for (guint i = 0; judging->how->trust && i < names->len; i++)
		judge_checkpoint(judging, names->pdata[i]);
	return true;
}
