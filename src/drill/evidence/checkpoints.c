/* Checkpoints of the audit chain: what was signed of it, when, and whether the chain still is that. */
#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/judge.h"

#include <string.h>

/* ---- the receipt ---------------------------------------------------------------------------------- */

/* What an object of the receipt is of: the document, or its signature. */
static bool is_as_stored(const struct judging *judging, const struct receipt_entry *entry,
			 const char *id)
{
	g_autofree char *name = g_strconcat(id, ".", entry->file, NULL);
	g_autofree char *path = g_build_filename(judging->how->folder, "audit", name, NULL);
	g_autoptr(GBytes) content = NULL;
	char digest[2 * SHA256_SIZE + 1];

	if (!file_read(path, EVIDENCE_FILE_MAX, &content, NULL))
		return false;
	evidence_digest(content, digest);
	return strcmp(digest, entry->sha256) == 0;
}

static void take_lock(Checkpoint *checkpoint, const struct receipt_entry *entry, bool first)
{
	checkpoint->stored_at = MAX(checkpoint->stored_at, entry->stored_at);
	checkpoint->locked_until =
		first ? entry->locked_until : MIN(checkpoint->locked_until, entry->locked_until);
}

static bool take_objects(struct judging *judging, Checkpoint *checkpoint, json_t *document,
			 GError **error)
{
	g_autofree char *part = g_strdup_printf("/audit/%s.", checkpoint->id);
	json_t *objects;

	if (!receipt_objects(document, checkpoint->id, &objects, error))
		return false;
	for (size_t i = 0; i < json_array_size(objects); i++) {
		struct receipt_entry entry = {0};

		if (!receipt_entry_read(json_array_get(objects, i), part, &entry, error))
			return false;
		if (!is_as_stored(judging, &entry, checkpoint->id))
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"%s.%s is not what its receipt says was stored",
					checkpoint->id, entry.file);
		take_lock(checkpoint, &entry, i == 0);
		judge_stored(judging, checkpoint->id, &entry);
	}
	return true;
}

/* Signed: when the store had all of it, and until when all is locked. One that was not stored has none. */
static void take_receipt(struct judging *judging, Checkpoint *checkpoint)
{
	g_autofree char *receipt_name = g_strconcat(checkpoint->id, ".receipt.json", NULL);
	g_autofree char *path = g_build_filename(judging->how->folder, "audit", receipt_name, NULL);
	g_autoptr(GBytes) receipt = NULL;
	g_autoptr(JsonValue) document = NULL;
	g_autoptr(GError) cause = NULL;
	struct evidence_signer signer;

	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return;
	if (!judge_read_signed(judging, path, &signer, &receipt, &cause)) {
		judge_find(judging, EVIDENCE_RECEIPT_SIGNATURE, checkpoint->id, "%s",
			   cause->message);
		return;
	}
	if (!json_parse(g_bytes_get_data(receipt, NULL), g_bytes_get_size(receipt), "the receipt",
			&document, &cause) ||
	    !take_objects(judging, checkpoint, document, &cause)) {
		checkpoint->stored_at = checkpoint->locked_until = 0;
		judge_find(judging, EVIDENCE_RECEIPT_DIFFERS, checkpoint->id, "%s", cause->message);
	}
}

/* ---- the document --------------------------------------------------------------------------------- */

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

/* It has its id from its name alone: that it is the one of this name the chain says. */
static void judge_told(struct judging *judging, const Checkpoint *checkpoint)
{
	gpointer sha256 = NULL;

	if (g_hash_table_lookup_extended(judging->stored, checkpoint->id, NULL, &sha256) &&
	    g_strcmp0(sha256, checkpoint->sha256) != 0)
		judge_find(judging, EVIDENCE_CHECKPOINT_DIFFERS, checkpoint->id,
			   "it is not the one that the chain says was stored by this name");
}

/* What died before it was signed was never stored, and nobody was told of it. */
static bool is_unfinished(const struct judging *judging, const char *path, const char *id)
{
	g_autofree char *signature = g_strconcat(path, EVIDENCE_SIGNATURE, NULL);

	return !g_hash_table_contains(judging->stored, id) &&
	       !g_file_test(signature, G_FILE_TEST_EXISTS);
}

static void judge_checkpoint(struct judging *judging, const char *name)
{
	g_autofree char *path = g_build_filename(judging->how->folder, "audit", name, NULL);
	g_autoptr(Checkpoint) checkpoint = g_new0(Checkpoint, 1);
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) cause = NULL;
	struct evidence_signer signer;

	checkpoint->id = g_strndup(name, strlen(name) - strlen(".json"));
	if (is_unfinished(judging, path, checkpoint->id))
		return;
	judging->verdict->checkpoints++;
	if (!judge_read_signed(judging, path, &signer, &content, &cause) ||
	    !checkpoint_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content),
			      checkpoint, &cause)) {
		judge_find(judging, EVIDENCE_CHECKPOINT_DAMAGED, checkpoint->id, "%s",
			   cause->message);
		return;
	}
	take_receipt(judging, checkpoint);
	judge_head(judging, checkpoint, &signer);
	evidence_digest(content, checkpoint->sha256);
	judge_told(judging, checkpoint);
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
