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
	[EVIDENCE_MIRROR_DIFFERS] = {"mirror-differs"},
	[EVIDENCE_CHECKPOINT_MISSING] = {"checkpoint-missing"},
	[EVIDENCE_CHECKPOINT_DAMAGED] = {"checkpoint-damaged"},
	[EVIDENCE_CHECKPOINT_DIFFERS] = {"checkpoint-differs"},
	[EVIDENCE_KEY_UNENDORSED] = {"key-unendorsed"},
	[EVIDENCE_KEY_SERVICE] = {"key-service"},
	[EVIDENCE_RECORD_MISSING] = {"record-missing"},
	[EVIDENCE_RECORD_UNSIGNED] = {"record-unsigned"},
	[EVIDENCE_RECORD_SIGNATURE] = {"record-signature"},
	[EVIDENCE_RECORD_INVALID] = {"record-invalid"},
	[EVIDENCE_RECORD_DIFFERS] = {"record-differs"},
	[EVIDENCE_RECORD_UNCHAINED] = {"record-unchained"},
	[EVIDENCE_RECORD_UNFINISHED] = {"record-unfinished", true},
	[EVIDENCE_OUTCOME_DIFFERS] = {"outcome-differs"},
	[EVIDENCE_PREVIOUS_DIFFERS] = {"previous-differs"},
	[EVIDENCE_FILE_MISSING] = {"file-missing"},
	[EVIDENCE_FILE_DIFFERS] = {"file-differs"},
	[EVIDENCE_PLAN_DIFFERS] = {"plan-differs"},
	[EVIDENCE_DRAW_DIFFERS] = {"draw-differs"},
	[EVIDENCE_DRAW_POPULATION] = {"draw-population"},
	[EVIDENCE_DRAW_HISTORY] = {"draw-history"},
	[EVIDENCE_DRAW_CHECKPOINT] = {"draw-checkpoint"},
	[EVIDENCE_DRAW_REROLLED] = {"draw-rerolled"},
	[EVIDENCE_DRAW_REPEATED] = {"draw-repeated", true},
	[EVIDENCE_RECEIPT_MISSING] = {"receipt-missing", true},
	[EVIDENCE_RECEIPT_SIGNATURE] = {"receipt-signature"},
	[EVIDENCE_RECEIPT_DIFFERS] = {"receipt-differs"},
	[EVIDENCE_OBJECT_MISSING] = {"object-missing"},
	[EVIDENCE_OBJECT_DIFFERS] = {"object-differs"},
	[EVIDENCE_OBJECT_REPLACED] = {"object-replaced"},
	[EVIDENCE_OBJECT_UNLOCKED] = {"object-unlocked"},
	[EVIDENCE_UNLOCKED] = {"unlocked", true},
	[EVIDENCE_TEARDOWN_MISSING] = {"teardown-missing", true},
	[EVIDENCE_TEARDOWN_SIGNATURE] = {"teardown-signature"},
	[EVIDENCE_TEARDOWN_DIFFERS] = {"teardown-differs"},
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

static void note_free(void *data)
{
	struct evidence_note *note = data;

	g_free(note->run);
	g_free(note->what);
	g_free(note);
}

void evidence_verdict_clear(struct evidence_verdict *verdict)
{
	g_clear_pointer(&verdict->findings, g_ptr_array_unref);
	g_clear_pointer(&verdict->notes, g_ptr_array_unref);
	g_clear_pointer(&verdict->proof.checkpoint, g_free);
	g_clear_pointer(&verdict->proof.signer, g_free);
	g_clear_pointer(&verdict->signers, g_ptr_array_unref);
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

void judge_note(struct judging *judging, const char *run, const char *format, ...)
{
	struct evidence_note note = {.run = g_strdup(run)};
	va_list arguments;

	va_start(arguments, format);
	note.what = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_ptr_array_add(judging->verdict->notes, g_memdup2(&note, sizeof(note)));
}

/* Who signed. */

static void witness_free(void *data)
{
	struct evidence_witness *witness = data;

	g_free(witness->service);
	g_free(witness);
}

static void note_witness(const struct judging *judging, const struct evidence_signer *signer)
{
	GPtrArray *signers = judging->verdict->signers;
	struct evidence_witness *witness;
	char name[EVIDENCE_KEY_NAME_SIZE];

	evidence_key_name(signer->public_key, name);
	for (guint i = 0; i < signers->len; i++) {
		witness = signers->pdata[i];
		if (strcmp(witness->key, name) == 0) {
			witness->documents++;
			return;
		}
	}
	witness = g_new0(struct evidence_witness, 1);
	g_strlcpy(witness->key, name, sizeof(witness->key));
	witness->service = g_strdup(signer->owner ? signer->owner->name : NULL);
	witness->from = signer->endorsement.valid_from;
	witness->until = signer->endorsement.valid_until;
	witness->documents = 1;
	g_ptr_array_add(signers, witness);
}

bool judge_read_signed(const struct judging *judging, const char *path,
		       struct evidence_signer *signer, GBytes **content, GError **error)
{
	if (!evidence_file_read(path, judging->how->trust, signer, content, error))
		return false;
	note_witness(judging, signer);
	return true;
}

void judge_signer(struct judging *judging, const struct evidence_signer *signer,
		  const struct judged_document *document)
{
	g_autoptr(GError) cause = NULL;

	if (!evidence_signer_check(judging->how->trust, signer, document->time, &cause))
		judge_find(judging, EVIDENCE_KEY_UNENDORSED, document->id, "%s: %s", document->what,
			   cause->message);
	else if (signer->owner && document->service &&
		 strcmp(signer->owner->name, document->service) != 0)
		judge_find(judging, EVIDENCE_KEY_SERVICE, document->id,
			   "%s: it is of service %s, and signed by a key of service %s",
			   document->what, document->service, signer->owner->name);
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

static void release_json(void *value)
{
	json_decref(value);
}

bool evidence_verify(const struct evidence_verify *verify, struct evidence_verdict *verdict,
		     GError **error)
{
	struct evidence_verdict found = {.findings = g_ptr_array_new_with_free_func(finding_free),
					 .notes = g_ptr_array_new_with_free_func(note_free),
					 .signers = g_ptr_array_new_with_free_func(witness_free),
					 .knows_signers = verify->trust != NULL,
					 .knows_owners =
						 verify->trust && verify->trust->owner_count > 0};
	struct judging judging = {
		.how = verify,
		.verdict = &found,
		.runs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, judge_run_free),
		.slots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, release_json),
		.order = g_ptr_array_new_with_free_func(g_free),
		.digests = g_ptr_array_new_with_free_func(g_free),
		.draws = g_ptr_array_new_with_free_func(judge_drawn_free),
		.stored = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
		.checkpoints = g_ptr_array_new_with_free_func((GDestroyNotify)checkpoint_free),
	};
	bool done = judge_shelves(&judging, error) && judge_chain(&judging, error) &&
		    judge_checkpoints(&judging, error) &&
		    (verify->only_chain || judge_runs(&judging, error)) &&
		    judge_strangers(&judging, error);

	g_hash_table_unref(judging.runs);
	g_hash_table_unref(judging.slots);
	g_ptr_array_unref(judging.order);
	g_ptr_array_unref(judging.digests);
	g_ptr_array_unref(judging.draws);
	g_hash_table_unref(judging.stored);
	g_ptr_array_unref(judging.checkpoints);
	g_ptr_array_unref(judging.shelves);
	if (done && verify->run && found.runs == 0)
		done = odr_fail(error, ODR_ERROR_NOT_FOUND, "nothing is known of run '%s'",
				verify->run);
	if (done)
		*verdict = found;
	else
		evidence_verdict_clear(&found);
	return done;
}
