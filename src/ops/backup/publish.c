#include "ops/backup/part.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/stop.h"

#include <string.h>

static bool chain_open(struct backup *backup, GError **error)
{
	const struct backup_request *request = backup->request;
	g_autofree char *lock = g_build_filename(request->state, "chain.lock", NULL);
	g_autofree char *path = g_build_filename(request->state, "chain", NULL);
	g_autofree char *reason = NULL;
	bool opened;

	if (!file_lock_take(&backup->chain_lock, lock, request->lock_wait, error))
		return false;
	if (!chain_load(path, request->bundle->endorsement.public_key, &backup->chain, &reason,
			error))
		return false;
	opened = chain_repeat(&backup->chain, request->repos, clock_now(), &reason, error) ||
		 odr_context(error, "cannot finish publishing the set of the previous run");
	if (reason) {
		g_free(backup->result->chain_reason);
		backup->result->chain_reason = g_steal_pointer(&reason);
	}
	return opened;
}

static void chain_close(struct backup *backup)
{
	chain_clear(&backup->chain);
	file_lock_release(&backup->chain_lock);
}

bool backup_repeat_pending(struct backup *backup, GError **error)
{
	bool done = chain_open(backup, error);

	chain_close(backup);
	return done;
}

bool backup_last_set(const BackupPart *part, char **set_id, GError **error)
{
	struct backup *backup = part->backup;
	bool done = chain_open(backup, error);

	if (done)
		*set_id = g_strdup(chain_part_set(&backup->chain, part->class->name));
	chain_close(backup);
	return done;
}

struct set_part *backup_part_describe(const BackupPart *part, Manifest *manifest, const char *kind,
				      const char *generation, usec_t lock_until)
{
	struct set_part *described = g_new0(struct set_part, 1);

	described->part = g_strdup(part->class->name);
	described->kind = g_strdup(kind);
	described->generation = g_strdup(generation);
	described->lock_until = lock_until;
	described->started = part->started;
	described->stopped = part->stopped;
	described->layers = g_array_new(false, true, sizeof(struct layer_ref));
	g_ptr_array_add(manifest->parts, described);
	return described;
}

static void describe_run(const struct backup *backup, Manifest *manifest)
{
	const struct backup_request *request = backup->request;

	manifest->has_sealed = true;
	manifest->started = backup->started;
	manifest->stopped = clock_now();
	manifest->created = manifest->stopped;
	manifest->retain_until = manifest->stopped + request->backup_every + request->retain;
	manifest->program = g_strdup(request->program);
	manifest->host = g_strdup(g_get_host_name());
	manifest->label = g_strdup_printf("odrbackup %s", request->run_id);
	manifest->set_id = set_id_new(manifest->created);
}

static void describe_place(const struct chain *chain, Manifest *manifest)
{
	manifest->sequence = chain->sequence + 1;
	if (chain->sequence == 0)
		return;
	manifest->previous_set = g_strdup(chain->set_id);
	memcpy(manifest->previous_sha256, chain->sha256, SHA256_SIZE);
	manifest->previous_retain_until = chain->retain_until;
}

static bool describe_parts(struct backup *backup, Manifest *manifest, GError **error)
{
	for (guint i = 0; i < backup->parts->len; i++) {
		BackupPart *part = backup->parts->pdata[i];

		if (part->captured && !part->class->describe(part, manifest, error))
			return odr_context(error, "cannot describe the %s", part->class->name);
	}
	return true;
}

static bool put_manifest(struct backup *backup, Manifest *manifest, GError **error)
{
	const struct backup_request *request = backup->request;
	g_autoptr(GBytes) object =
		manifest_seal(manifest, request->bundle, request->compress_level, error);
	g_autofree char *local = layout_set(manifest->set_id);
	struct repo_publication publication = {
		.local = local,
		.object = object,
		.lock_until = manifest_lock_until(manifest),
		.stored_at = (usec_t *)(void *)backup->result->stored_at->data,
	};

	if (!object)
		return false;
	/* The run may have lasted longer than readers forgive. */
	if (!endorsement_covers(&request->bundle->endorsement, clock_now()) &&
	    !bundle_check_writer(request->bundle, clock_now(), error))
		return false;
	if (!stop_check(error) || !chain_journal(&backup->chain, manifest, object, error) ||
	    !fault_point("step", "manifest journaled", error) ||
	    !repos_publish(request->repos, &publication, error) ||
	    !fault_point("step", "manifest stored", error) || !chain_settle(&backup->chain, error))
		return false;
	/* As one who reads the object would find it. */
	manifest->writer = request->bundle->endorsement;
	memcpy(manifest->sha256, backup->chain.sha256, SHA256_SIZE);
	manifest->object_size = g_bytes_get_size(object);
	return true;
}

/* The set is whole without that: what fails is only told. */
static void keep_repositories_locked(const struct backup *backup, usec_t until)
{
	for (guint i = 0; i < backup->request->repos->len; i++) {
		Repo *repo = backup->request->repos->pdata[i];
		g_autoptr(GError) cause = NULL;

		if (!repo_keep_locked(repo, until, &cause))
			log_warning("repository %s: the lock of '" LAYOUT_REPOSITORY
				    "' is as old as it was: %s",
				    store_name(repo->store), cause->message);
	}
}

static bool make_set(struct backup *backup, Manifest *manifest, GError **error)
{
	describe_run(backup, manifest);
	describe_place(&backup->chain, manifest);
	if (!describe_parts(backup, manifest, error) || !put_manifest(backup, manifest, error))
		return false;
	keep_repositories_locked(backup, manifest_lock_until(manifest));
	return true;
}

bool backup_publish(struct backup *backup, GError **error)
{
	g_autoptr(Manifest) manifest = manifest_new();
	bool done;

	done = chain_open(backup, error) && make_set(backup, manifest, error);
	backup->result->new_chain = manifest->sequence == 1;
	chain_close(backup);
	if (!done)
		return odr_context(error, "cannot publish the set");
	backup->result->manifest = g_steal_pointer(&manifest);
	return true;
}

static bool put_moment(struct backup *backup, const BackupPart *part, GError **error)
{
	const struct backup_request *request = backup->request;
	struct moment *moment = g_new0(struct moment, 1);

	g_ptr_array_add(backup->result->moments, moment);
	moment->part = g_strdup(part->class->name);
	moment->set_id = g_strdup(part->unchanged_since);
	moment->started = part->started;
	return moment_put(request->repos, request->bundle, moment, clock_now() + request->retain,
			  error);
}

bool backup_publish_moments(struct backup *backup, GError **error)
{
	for (guint i = 0; i < backup->parts->len; i++) {
		const BackupPart *part = backup->parts->pdata[i];

		if (!part->captured || part->incomplete)
			continue;
		if (!stop_check(error) || !put_moment(backup, part, error) ||
		    !fault_point("step", "moment stored", error))
			return odr_context(error, "cannot publish that the %s has nothing new",
					   part->class->name);
	}
	return true;
}
