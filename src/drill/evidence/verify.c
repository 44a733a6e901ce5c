#include "drill/evidence/judge.h"

#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/file.h"

#include <string.h>

static const struct {
	const char *name;
	bool warns;
} codes[EVIDENCE_CODES] = {
	[EVIDENCE_CHAIN_MISSING] = {"chain-missing"},
	[EVIDENCE_CHAIN_BROKEN] = {"chain-broken"},
	[EVIDENCE_CHAIN_TORN] = {"chain-torn", true},
	[EVIDENCE_CHAIN_TRUNCATED] = {"chain-truncated"},
	[EVIDENCE_CHECKPOINT_DAMAGED] = {"checkpoint-damaged"},
	[EVIDENCE_CHECKPOINT_DIFFERS] = {"checkpoint-differs"},
	[EVIDENCE_RECORD_MISSING] = {"record-missing"},
	[EVIDENCE_RECORD_UNSIGNED] = {"record-unsigned"},
	[EVIDENCE_RECORD_SIGNATURE] = {"record-signature"},
	[EVIDENCE_RECORD_INVALID] = {"record-invalid"},
	[EVIDENCE_RECORD_DIFFERS] = {"record-differs"},
	[EVIDENCE_RECORD_UNCHAINED] = {"record-unchained"},
	[EVIDENCE_OUTCOME_DIFFERS] = {"outcome-differs"},
	[EVIDENCE_PREVIOUS_DIFFERS] = {"previous-differs"},
	[EVIDENCE_FILE_MISSING] = {"file-missing"},
	[EVIDENCE_FILE_DIFFERS] = {"file-differs"},
	[EVIDENCE_DRAW_DIFFERS] = {"draw-differs"},
	[EVIDENCE_DRAW_CHECKPOINT] = {"draw-checkpoint"},
	[EVIDENCE_DRAW_REROLLED] = {"draw-rerolled"},
	[EVIDENCE_DRAW_REPEATED] = {"draw-repeated", true},
	[EVIDENCE_RECEIPT_MISSING] = {"receipt-missing", true},
	[EVIDENCE_RECEIPT_SIGNATURE] = {"receipt-signature"},
	[EVIDENCE_RECEIPT_DIFFERS] = {"receipt-differs"},
	[EVIDENCE_OBJECT_MISSING] = {"object-missing"},
	[EVIDENCE_OBJECT_DIFFERS] = {"object-differs"},
	[EVIDENCE_UNLOCKED] = {"unlocked", true},
	[EVIDENCE_TEARDOWN_MISSING] = {"teardown-missing", true},
	[EVIDENCE_TEARDOWN_SIGNATURE] = {"teardown-signature"},
	[EVIDENCE_LEFTOVER] = {"leftover", true},
	[EVIDENCE_RUN_OPEN] = {"run-open", true},
};

const char *evidence_code_name(enum evidence_code code)
{
	return codes[code].name;
}

bool evidence_code_warns(enum evidence_code code)
{
	return codes[code].warns;
}

static void finding_free(void *data)
{
	struct evidence_finding *finding = data;

	g_free(finding->run);
	g_free(finding->what);
	g_free(finding);
}

void evidence_verdict_clear(struct evidence_verdict *verdict)
{
	g_clear_pointer(&verdict->findings, g_ptr_array_unref);
	g_clear_pointer(&verdict->signer, g_free);
}

void judge_find(struct judging *judging, enum evidence_code code, const char *run,
		const char *format, ...)
{
	struct evidence_finding finding = {.code = code, .run = g_strdup(run)};
	va_list arguments;

	va_start(arguments, format);
	finding.what = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	if (codes[code].warns)
		judging->verdict->warnings++;
	else
		judging->verdict->errors++;
	g_ptr_array_add(judging->verdict->findings, g_memdup2(&finding, sizeof(finding)));
}

bool judge_read_signed(const struct judging *judging, const char *path, GBytes **content,
		       GError **error)
{
	g_autofree char *signature_path = g_strconcat(path, EVIDENCE_SIGNATURE, NULL);
	g_autoptr(GBytes) found = NULL;
	g_autoptr(GBytes) text = NULL;
	struct evidence_signature signature;

	if (!file_read(path, EVIDENCE_FILE_MAX, &found, error) ||
	    !file_read(signature_path, EVIDENCE_SIGNATURE_MAX, &text, error) ||
	    !evidence_signature_parse(g_bytes_get_data(text, NULL), g_bytes_get_size(text),
				      &signature, error) ||
	    !evidence_signature_verify(&signature, judging->how->public_key,
				       g_bytes_get_data(found, NULL), g_bytes_get_size(found),
				       error))
		return false;
	*content = g_steal_pointer(&found);
	return true;
}

/* The chain. */

static void chain_run_free(void *data)
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

static void take_drawn(struct judging *judging, struct chain_run *run,
		       const struct audit_line *line)
{
	run->begun = true;
	g_clear_pointer(&run->drawn, json_decref);
	run->drawn = json_deep_copy(line->data);
	judge_slot(judging, line->run, line->data);
}

static bool take_line(void *data, const struct audit_line *line)
{
	struct judging *judging = data;
	struct chain_run *run = line->run ? run_of(judging, line->run) : NULL;

	g_ptr_array_add(judging->digests, g_strdup(line->sha256));
	if (!run)
		return true;
	if (is_event(line, AUDIT_DRILL_SCHEDULED))
		run->begun = true;
	else if (is_event(line, AUDIT_DRILL_DRAWN))
		take_drawn(judging, run, line);
	else if (is_event(line, AUDIT_DRILL_SIGNED))
		take_text(&run->record_sha256, line->data, "record_sha256");
	else if (is_event(line, AUDIT_DRILL_CLOSED) || is_event(line, AUDIT_DRILL_JUDGED))
		take_text(&run->outcome, line->data, "outcome");
	if (is_event(line, AUDIT_DRILL_CLOSED) || is_event(line, AUDIT_DRILL_ABANDONED))
		run->ended = true;
	return true;
}

static bool judge_chain(struct judging *judging, GError **error)
{
	g_autofree char *path = audit_path(judging->how->folder);
	struct audit_report report = {0};
	g_autoptr(GError) cause = NULL;

	if (!audit_read(path, take_line, judging, &report, &cause)) {
		if (odr_error_is(cause, ODR_ERROR_NOT_FOUND)) {
			judge_find(judging, EVIDENCE_CHAIN_MISSING, NULL, "there is no '%s'", path);
			return true;
		}
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	for (guint i = 0; i < report.findings->len; i++) {
		const struct audit_finding *finding = report.findings->pdata[i];

		judge_find(judging, finding->torn ? EVIDENCE_CHAIN_TORN : EVIDENCE_CHAIN_BROKEN,
			   NULL, "line %" G_GUINT64_FORMAT ": %s", finding->line, finding->what);
	}
	judging->verdict->head = report.head;
	audit_report_clear(&report);
	return true;
}

/* Checkpoints. */

/* By the receipt, which is signed: when the store had it. Without one: when it was signed. */
static usec_t stored_at(const struct judging *judging, const char *path, usec_t otherwise)
{
	g_autofree char *receipt_path =
		g_strdup_printf("%.*s.receipt.json", (int)(strlen(path) - strlen(".json")), path);
	g_autoptr(GBytes) receipt = NULL;
	g_autoptr(JsonValue) document = NULL;
	const json_t *objects;
	usec_t latest = 0;

	if (!judge_read_signed(judging, receipt_path, &receipt, NULL) ||
	    !json_parse(g_bytes_get_data(receipt, NULL), g_bytes_get_size(receipt), "the receipt",
			&document, NULL))
		return otherwise;
	objects = json_object_get(document, "objects");
	for (size_t i = 0; i < json_array_size(objects); i++) {
		const char *text =
			json_string_value(json_object_get(json_array_get(objects, i), "stored_at"));
		usec_t time;

		if (text && clock_parse(text, &time, NULL))
			latest = MAX(latest, time);
	}
	return latest ? latest : otherwise;
}

static void judge_checkpoint(struct judging *judging, const char *name)
{
	g_autofree char *path = g_build_filename(judging->how->folder, "audit", name, NULL);
	g_autofree char *id = g_strndup(name, strlen(name) - strlen(".json"));
	g_autoptr(Checkpoint) checkpoint = g_new0(Checkpoint, 1);
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) cause = NULL;
	const struct audit_head *head = &checkpoint->head;

	judging->verdict->checkpoints++;
	if (!judge_read_signed(judging, path, &content, &cause) ||
	    !checkpoint_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content),
			      checkpoint, &cause)) {
		judge_find(judging, EVIDENCE_CHECKPOINT_DAMAGED, id, "%s", cause->message);
		return;
	}
	if (head->seq > judging->digests->len)
		judge_find(judging, EVIDENCE_CHAIN_TRUNCATED, id,
			   "it knows of line %" G_GUINT64_FORMAT ", the chain ends at %u",
			   head->seq, judging->digests->len);
	else if (strcmp(head->sha256, judging->digests->pdata[head->seq - 1]) != 0)
		judge_find(judging, EVIDENCE_CHECKPOINT_DIFFERS, id,
			   "line %" G_GUINT64_FORMAT " of the chain is not the one that was signed",
			   head->seq);
	evidence_digest(content, checkpoint->sha256);
	checkpoint->id = g_steal_pointer(&id);
	checkpoint->stored_at = stored_at(judging, path, checkpoint->time);
	g_ptr_array_add(judging->checkpoints, g_steal_pointer(&checkpoint));
}

static bool judge_checkpoints(struct judging *judging, GError **error)
{
	g_autoptr(GPtrArray) names = NULL;

	if (!checkpoint_files(judging->how->folder, &names, error))
		return false;
	for (guint i = 0; i < names->len; i++)
		judge_checkpoint(judging, names->pdata[i]);
	return true;
}

/* Runs. */

static bool is_wanted(const struct judging *judging, const char *run)
{
	return !judging->how->run || strcmp(judging->how->run, run) == 0;
}

static void judge_open(struct judging *judging, const char *id, const struct chain_run *run)
{
	if (run->begun && !run->ended)
		judge_find(judging, EVIDENCE_RUN_OPEN, id,
			   "it was begun, and has no end: it runs, or was abandoned");
}

/* What the chain knows of, and what only the folder knows of. */
static bool judge_runs(struct judging *judging, GError **error)
{
	g_autoptr(GPtrArray) there = NULL;

	if (!evidence_runs(judging->how->folder, &there, error))
		return false;
	for (guint i = 0; i < there->len; i++)
		if (!g_hash_table_contains(judging->runs, there->pdata[i]))
			g_ptr_array_add(judging->order, g_strdup(there->pdata[i]));
	for (guint i = 0; i < judging->order->len; i++) {
		const char *id = judging->order->pdata[i];
		const struct chain_run *run = g_hash_table_lookup(judging->runs, id);
		bool has_folder = g_ptr_array_find_with_equal_func(there, id, g_str_equal, NULL);

		if (!is_wanted(judging, id))
			continue;
		judging->verdict->runs += has_folder || (run && run->begun);
		if (run)
			judge_open(judging, id, run);
		judge_run(judging, id, run);
	}
	return true;
}

bool evidence_verify(const struct evidence_verify *verify, struct evidence_verdict *verdict,
		     GError **error)
{
	struct evidence_verdict found = {.findings = g_ptr_array_new_with_free_func(finding_free)};
	char signer[EVIDENCE_KEY_NAME_SIZE];
	struct judging judging = {
		.how = verify,
		.verdict = &found,
		.runs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, chain_run_free),
		.seeds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
		.order = g_ptr_array_new_with_free_func(g_free),
		.digests = g_ptr_array_new_with_free_func(g_free),
		.checkpoints = g_ptr_array_new_with_free_func((GDestroyNotify)checkpoint_free),
	};
	bool done = judge_chain(&judging, error) && judge_checkpoints(&judging, error) &&
		    judge_runs(&judging, error);

	evidence_key_name(verify->public_key, signer);
	found.signer = g_strdup(signer);
	g_hash_table_unref(judging.runs);
	g_hash_table_unref(judging.seeds);
	g_ptr_array_unref(judging.order);
	g_ptr_array_unref(judging.digests);
	g_ptr_array_unref(judging.checkpoints);
	if (done && verify->run && found.runs == 0)
		done = odr_fail(error, ODR_ERROR_NOT_FOUND, "nothing is known of run '%s'",
				verify->run);
	if (done)
		*verdict = found;
	else
		evidence_verdict_clear(&found);
	return done;
}
