#include "ops/filestore/steps.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "repo/retention.h"

#include <string.h>

/* To whom content is sealed, and by which seed digests are made: a generation is of one kind. */
static char *keys_of(const Bundle *bundle)
{
	g_autoptr(GByteArray) all = g_byte_array_new();
	uint8_t digest[SHA256_SIZE];
	uint64_t seed = digest_seed(bundle->digest_secret, "content");

	g_byte_array_append(all, (const uint8_t *)&seed, sizeof(seed));
	for (guint i = 0; i < bundle->recipients->len; i++) {
		const struct recipient *recipient = bundle->recipients->pdata[i];

		g_byte_array_append(all, recipient->public_key, KEY_SIZE);
	}
	sha256(all->data, all->len, digest);
	return hex_encode(digest, sizeof(digest));
}

static const char *layout_of(const struct filestore_capture *capture)
{
	return capture->settings->plain ? "plain" : "odoo";
}

static bool has_text(const GPtrArray *texts, const char *text)
{
	for (guint i = 0; i < texts->len; i++)
		if (strcmp(texts->pdata[i], text) == 0)
			return true;
	return false;
}

/* A repository that does not hold the generation, or not the set that was the last of it. */
static char *missing_from(const struct filestore_capture *capture)
{
	const GPtrArray *repos = capture->part.backup->request->repos;
	g_autofree char *local = layout_set(capture->before->set_id);

	for (guint i = 0; i < repos->len; i++) {
		Repo *repo = repos->pdata[i];
		struct store_object object = {0};
		g_autoptr(GError) cause = NULL;

		if (!has_text(capture->before->stores, store_describe(repo->store)))
			return g_strdup_printf("repository %s does not hold the generation so far",
					       store_name(repo->store));
		/* A writer that may only put cannot ask, and need not. */
		if (!repo_head(repo, local, &object, &cause) &&
		    odr_error_is(cause, ODR_ERROR_NOT_FOUND))
			return g_strdup_printf("set %s is gone from repository %s",
					       capture->before->set_id, store_name(repo->store));
	}
	return NULL;
}

/* Why a new generation begins, as a sentence; NULL: the one before goes on. */
static char *reason_to_begin(const struct filestore_capture *capture)
{
	const struct backup_request *request = capture->part.backup->request;
	const FilestoreState *before = capture->before;
	g_autofree char *keys = keys_of(request->bundle);

	if (!before->set_id)
		return g_strdup("there is none");
	if (capture->settings->full)
		return g_strdup("--full");
	if (strcmp(before->keys, keys) != 0)
		return g_strdup("the recipients have changed");
	if (strcmp(before->layout, layout_of(capture)) != 0)
		return g_strdup("the layout has changed");
	/* The set must fit into the lock of what it refers to. */
	if (clock_now() + request->backup_every + request->retain > before->lock_until)
		return g_strdup("the one before has come to its end");
	return missing_from(capture);
}

static void note_stores(struct filestore_capture *capture)
{
	const GPtrArray *repos = capture->part.backup->request->repos;

	g_ptr_array_set_size(capture->after->stores, 0);
	for (guint i = 0; i < repos->len; i++)
		g_ptr_array_add(capture->after->stores,
				g_strdup(store_describe(((Repo *)repos->pdata[i])->store)));
}

void filestore_generation_begin(struct filestore_capture *capture)
{
	const struct backup_request *request = capture->part.backup->request;
	FilestoreState *after = filestore_state_new();

	after->generation_started = capture->part.started;
	after->lock_until = retention_lock_until(
		after->generation_started, capture->settings->generation_length, request->retain);
	after->generation = generation_id_new(after->lock_until);
	after->keys = keys_of(request->bundle);
	after->layout = g_strdup(layout_of(capture));
	filestore_state_free(capture->after);
	capture->after = after;
	capture->begins = true;
	capture->due = true;
	filestore_state_free(capture->before);
	capture->before = filestore_state_new();
	note_stores(capture);
}

static bool go_on(struct filestore_capture *capture, GError **error)
{
	g_autofree char *text = filestore_state_print(capture->before);

	if (!filestore_state_parse(text, strlen(text), &capture->after, error))
		return false;
	g_ptr_array_set_size(capture->after->damaged, 0);
	note_stores(capture);
	capture->due = capture->part.started - capture->before->published >=
		       capture->part.backup->request->backup_every;
	return true;
}

bool filestore_generation_choose(struct filestore_capture *capture, GError **error)
{
	g_autofree char *last_set = NULL;
	g_autofree char *lost = NULL;
	g_autofree char *reason = NULL;

	if (!file_make_dirs(capture->folder, 0700, error) ||
	    !backup_last_set(&capture->part, &last_set, error) ||
	    !filestore_state_load(capture->folder, last_set, &capture->before, &lost, error))
		return false;
	reason = lost ? g_strdup(lost) : reason_to_begin(capture);
	if (!reason)
		return go_on(capture, error);
	if (lost || capture->before->set_id)
		backup_note(capture->part.backup,
			    "a new generation of the filestore begins, and everything is stored "
			    "anew: %s",
			    reason);
	filestore_generation_begin(capture);
	return true;
}
