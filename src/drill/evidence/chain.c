/* The audit chain by itself, by the catalog's mirror, and what it says of runs. */
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
	g_clear_pointer(&run->scheduled_data, json_decref);
	g_clear_pointer(&run->drawn, json_decref);
	g_clear_pointer(&run->reports, json_decref);
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

static const char *text_of(const json_t *data, const char *name)
{
	return json_string_value(json_object_get(data, name));
}

/* Two draws for one slot of a plan: of the same seed, or after the plan was changed, the later one is a repeat, otherwise
 * somebody chose. */
static void judge_slot(struct judging *judging, const char *id, const json_t *data)
{
	const char *plan = text_of(data, "plan"), *hash = text_of(data, "plan_hash");
	const char *slot = text_of(data, "slot"), *seed = text_of(data, "seed");
	g_autofree char *key = plan && slot && seed ? g_strdup_printf("%s %s", plan, slot) : NULL;
	const json_t *before;

	if (!key)
		return;
	before = g_hash_table_lookup(judging->slots, key);
	if (!before)
		g_hash_table_insert(judging->slots, g_steal_pointer(&key), json_deep_copy(data));
	else if (strcmp(text_of(before, "seed"), seed) == 0)
		judge_find(judging, EVIDENCE_DRAW_REPEATED, id,
			   "there was a draw for slot %s before: this one does not count", slot);
	else if (g_strcmp0(text_of(before, "plan_hash"), hash) != 0)
		judge_find(judging, EVIDENCE_DRAW_REPEATED, id,
			   "there was a draw for slot %s before, and the plan was changed behind "
			   "it: this one does not count",
			   slot);
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
	if (run->drawn)
		judge_find(judging, EVIDENCE_DRAW_REROLLED, line->run,
			   "it was drawn twice: line %" G_GUINT64_FORMAT " is the second draw",
			   line->seq);
	else
		judge_slot(judging, line->run, line->data);
	run->drawn_seq = line->seq;
	g_clear_pointer(&run->drawn, json_decref);
	run->drawn = json_deep_copy(line->data);
}

static void take_scheduled(struct chain_run *run, const struct audit_line *line)
{
	run->begun = true;
	run->scheduled_seq = line->seq;
	run->scheduled = line->time;
	g_clear_pointer(&run->scheduled_data, json_decref);
	run->scheduled_data = json_deep_copy(line->data);
}

/* What was said once is not said otherwise later. */
static void take_once(struct judging *judging, char **place, const struct audit_line *line,
		      const char *name, enum evidence_code code)
{
	const char *value = text_of(line->data, name);

	if (*place && value && strcmp(*place, value) != 0)
		judge_find(judging, code, line->run,
			   "line %" G_GUINT64_FORMAT " says '%s' of it, and an earlier one '%s'",
			   line->seq, value, *place);
	take_text(place, line->data, name);
}

static void take_report(struct chain_run *run, const struct audit_line *line)
{
	const char *file = text_of(line->data, "file");

	if (!run->reports)
		run->reports = json_object();
	if (file)
		json_set_string(run->reports, file, text_of(line->data, "sha256"));
}

static void take_run_line(struct judging *judging, const struct audit_line *line)
{
	struct chain_run *run = run_of(judging, line->run);

	if (is_event(line, AUDIT_DRILL_SCHEDULED)) {
		take_scheduled(run, line);
	} else if (is_event(line, AUDIT_DRILL_DRAWN)) {
		take_drawn(judging, run, line);
	} else if (is_event(line, AUDIT_DRILL_SIGNED)) {
		run->signed_seq = line->seq;
		take_once(judging, &run->record_sha256, line, "record_sha256",
			  EVIDENCE_RECORD_DIFFERS);
	} else if (is_event(line, AUDIT_DRILL_CLOSED) || is_event(line, AUDIT_DRILL_JUDGED)) {
		take_once(judging, &run->outcome, line, "outcome", EVIDENCE_OUTCOME_DIFFERS);
	} else if (is_event(line, AUDIT_REPORT_WRITTEN)) {
		take_report(run, line);
	} else if (is_event(line, AUDIT_DRILL_ABANDONED) && !run->record_sha256) {
		/* What it judged, and died before it signed that, is void. */
		g_clear_pointer(&run->outcome, g_free);
	}
	run->closed |= is_event(line, AUDIT_DRILL_CLOSED);
	run->ended |= run->closed || is_event(line, AUDIT_DRILL_ABANDONED);
}

static bool take_line(void *data, const struct audit_line *line)
{
	struct judging *judging = data;
	const char *id = text_of(line->data, "id");

	g_ptr_array_add(judging->digests, g_strdup(line->sha256));
	if (is_event(line, AUDIT_DRILL_DRAWN))
		take_draw(judging, line);
	if (is_event(line, AUDIT_CHECKPOINTED) && id && set_id_valid(id))
		g_hash_table_insert(judging->stored, g_strdup(id),
				    g_strdup(text_of(line->data, "sha256")));
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
		if (line->seq == 0 || line->seq > digests->len)
			beyond = beyond ? beyond : line;
		else if (g_strcmp0(line->sha256, digests->pdata[line->seq - 1]) != 0)
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
