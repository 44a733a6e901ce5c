/* What the repositories hold, against what was stored there: is it all there, as it was, locked; and is there something that
 * should be known here? */
#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/judge.h"
#include "repo/layout.h"

#include <string.h>

/* ---- one object ---------------------------------------------------------------------------------- */

static const Repo *repo_named(const GPtrArray *repos, const char *name)
{
	for (guint i = 0; repos && i < repos->len; i++)
		if (strcmp(store_name(((Repo *)repos->pdata[i])->store), name) == 0)
			return repos->pdata[i];
	return NULL;
}

static bool has_digest(GBytes *content, const char *sha256)
{
	char digest[2 * SHA256_SIZE + 1];

	evidence_digest(content, digest);
	return strcmp(digest, sha256) == 0;
}

/* In the version that the receipt names. */
static bool judge_content(struct judging *judging, const char *id, const Repo *repo,
			  const struct receipt_entry *entry)
{
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) cause = NULL;

	if (!store_get(repo->store, entry->name, entry->version, EVIDENCE_FILE_MAX, &content,
		       &cause)) {
		judge_find(judging, EVIDENCE_OBJECT_MISSING, id, "%s", cause->message);
		return false;
	}
	if (has_digest(content, entry->sha256))
		return true;
	judge_find(judging, EVIDENCE_OBJECT_DIFFERS, id,
		   "'%s' in repository %s is not what was stored", entry->name, entry->repository);
	return false;
}

/* Who may put lays other versions over it, who may delete a marker: what was stored is below them. */
static void judge_current(struct judging *judging, const char *id, const Repo *repo,
			  const struct receipt_entry *entry)
{
	struct store_object current = {0};
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) cause = NULL;

	if (!entry->version)
		return;
	if (!store_head(repo->store, entry->name, &current, &cause)) {
		judge_find(judging, EVIDENCE_OBJECT_REPLACED, id,
			   "what was stored is there, but not what is seen first: %s",
			   cause->message);
		return;
	}
	/* The same again is what a retry leaves. */
	if (strcmp(current.version, entry->version) != 0 &&
	    (!store_get(repo->store, entry->name, NULL, EVIDENCE_FILE_MAX, &content, NULL) ||
	     !has_digest(content, entry->sha256)))
		judge_find(judging, EVIDENCE_OBJECT_REPLACED, id,
			   "'%s' in repository %s was overwritten; what was stored is there, as "
			   "version %s",
			   entry->name, entry->repository, entry->version);
}

static void judge_lock(struct judging *judging, const char *id, const Repo *repo,
		       const struct receipt_entry *entry)
{
	struct store_lock lock = {0};
	g_autofree char *due = clock_format(entry->locked_until);
	g_autoptr(GError) cause = NULL;

	if (entry->locked_until == 0 || entry->locked_until < clock_now())
		return;
	if (!store_lock_get(repo->store, entry->name, entry->version, &lock, &cause))
		judge_find(judging, EVIDENCE_UNLOCKED, id,
			   "whether '%s' in repository %s is still locked cannot be told: %s",
			   entry->name, entry->repository, cause->message);
	else if (lock.until < entry->locked_until / USEC_PER_SEC * USEC_PER_SEC)
		judge_find(judging, EVIDENCE_OBJECT_UNLOCKED, id,
			   "'%s' in repository %s is not locked until %s, as it was", entry->name,
			   entry->repository, due);
}

void judge_stored(struct judging *judging, const char *id, const struct receipt_entry *entry)
{
	const Repo *repo = repo_named(judging->how->repos, entry->repository);

	if (!repo && judging->how->repos && strcmp(entry->file, EVIDENCE_RECORD) == 0)
		judge_note(
			judging, id,
			"what was stored in repository %s was not looked at: it is none of those "
			"that are",
			entry->repository);
	if (!repo || !judge_content(judging, id, repo, entry))
		return;
	judge_current(judging, id, repo, entry);
	judge_lock(judging, id, repo, entry);
}

/* ---- what is not known here ---------------------------------------------------------------------- */

struct strangers {
	const struct judging *judging;
	GHashTable *runs, *checkpoints; /* ids */
};

static bool note_stranger(void *data, const struct store_object *object)
{
	struct strangers *strangers = data;
	g_auto(GStrv) words = g_strsplit(object->name, "/", 3);
	g_autofree char *id = NULL;

	if (layout_parse_checkpoint(object->name, &id))
		g_hash_table_add(strangers->checkpoints, g_steal_pointer(&id));
	else if (g_strv_length(words) == 3 && strcmp(words[0], "evidence") == 0 &&
		 set_id_valid(words[1]) && strcmp(words[2], EVIDENCE_RECORD) == 0 &&
		 !g_hash_table_contains(strangers->judging->runs, words[1]))
		g_hash_table_add(strangers->runs, g_strdup(words[1]));
	return true;
}

/* What anybody could have put there is nothing; what this key signed was known here once. */
static void judge_run_of(struct judging *judging, Repo *repo, const char *id)
{
	g_autofree char *local = layout_evidence(id, EVIDENCE_RECORD);
	usec_t stored_at = 0;

	if (!evidence_is_signed(repo, local, judging->how->trust, &stored_at))
		return;
	g_autofree char *time = clock_format(stored_at);

	judge_find(
		judging, EVIDENCE_RECORD_MISSING, id,
		"repository %s has a record of it, signed by a key of evidence and stored %s, and the chain "
		"knows nothing of it: lines were removed",
		store_name(repo->store), time);
}

static void judge_checkpoint_of(struct judging *judging, Repo *repo, const char *id)
{
	g_autofree char *name = g_strconcat(id, ".json", NULL);
	g_autofree char *path = g_build_filename(judging->how->folder, "audit", name, NULL);
	g_autoptr(Checkpoint) checkpoint = NULL;

	if (g_file_test(path, G_FILE_TEST_EXISTS) ||
	    !checkpoint_load(repo, id, judging->how->trust, &checkpoint, NULL))
		return;
	judge_find(judging, EVIDENCE_CHECKPOINT_MISSING, id,
		   "repository %s has it, signed by a key of evidence, and it is not here",
		   store_name(repo->store));
	if (checkpoint->head.seq > judging->digests->len)
		judge_find(judging, EVIDENCE_CHAIN_TRUNCATED, id,
			   "it knows of line %" G_GUINT64_FORMAT ", the chain ends at %u",
			   checkpoint->head.seq, judging->digests->len);
}

static void judge_each(struct judging *judging, Repo *repo, GHashTable *ids,
		       void (*judge)(struct judging *judging, Repo *repo, const char *id))
{
	g_autoptr(GList) sorted = g_list_sort(g_hash_table_get_keys(ids), (GCompareFunc)strcmp);

	for (const GList *id = sorted; id; id = id->next)
		judge(judging, repo, id->data);
}

static bool judge_strangers_of(struct judging *judging, Repo *repo, GError **error)
{
	g_autoptr(GHashTable) runs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct strangers strangers = {judging, runs, ids};

	if (!repo_list(repo, "evidence/", note_stranger, &strangers, error) ||
	    !repo_list(repo, "audit/", note_stranger, &strangers, error))
		return odr_context(error, "cannot list the evidence in repository %s",
				   store_name(repo->store));
	judge_each(judging, repo, runs, judge_run_of);
	judge_each(judging, repo, ids, judge_checkpoint_of);
	return true;
}

bool judge_strangers(struct judging *judging, GError **error)
{
	for (guint i = 0; judging->how->repos && i < judging->how->repos->len; i++)
		if (!judge_strangers_of(judging, judging->how->repos->pdata[i], error))
			return false;
	return true;
}
