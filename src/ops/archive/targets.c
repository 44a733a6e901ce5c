#include "base/bytes.h"
#include "base/error.h"
#include "base/log.h"
#include "ops/archive/push.h"
#include "repo/wal_held.h"
#include "repo/wal_journal.h"

#include <string.h>

static void target_clear(void *target)
{
	g_clear_error(&((struct target *)target)->failure);
}

Targets *targets_new(const Push *push)
{
	Targets *targets = g_array_new(FALSE, TRUE, sizeof(struct target));
	usec_t lock_for = push->request->lock_for;

	g_array_set_clear_func(targets, target_clear);
	for (size_t i = 0; i < push->request->repository_count; i++) {
		const struct store_settings *settings = &push->request->repositories[i];
		struct target target = {.repository = settings->name,
					.known = push->repos[i] ? wal_repository_of(push->repos[i])
								: wal_repository_unasked(settings),
					.missing = true,
					.lock_until = lock_for ? clock_now() + lock_for : 0};

		g_array_append_val(targets, target);
	}
	return targets;
}

bool targets_missing(const Targets *targets)
{
	for (guint i = 0; i < targets->len; i++) {
		if (g_array_index(targets, struct target, i).missing)
			return true;
	}
	return false;
}

static bool fail_conflict(const WalSource *source, const uint8_t durable[XXH128_SIZE],
			  const char *repository, GError **error)
{
	g_autofree char *theirs = hex_encode(durable, XXH128_SIZE);
	g_autofree char *ours = hex_encode(source->digest, XXH128_SIZE);

	return odr_fail(error, ODR_ERROR_EXISTS,
			"another file named %s is in repository %s: its digest is %s, that of this "
			"one %s; nothing was written. Does a copy of the cluster archive to the "
			"same service? Turn its archiving off, or make a service of its own for it",
			source->name, repository, theirs, ours);
}

bool targets_consult_journal(Targets *targets, const Push *push, const WalSource *source,
			     GError **error)
{
	g_autoptr(GPtrArray) records = NULL;

	if (!wal_journal_find(push->journal, source->name, &records, error))
		return false;
	for (guint i = 0; i < records->len; i++) {
		const struct wal_record *record = records->pdata[i];

		if (memcmp(record->digest, source->digest, XXH128_SIZE) != 0)
			return fail_conflict(source, record->digest, record->repository.name,
					     error);
		for (guint k = 0; k < targets->len; k++) {
			struct target *target = &g_array_index(targets, struct target, k);

			if (wal_record_is_of(record, &target->known))
				target->missing = false;
		}
	}
	return true;
}

/* A copy of the cluster that was promoted elsewhere has another journal and takes the same timeline.
 * History files are few, so the repository can be asked, where the credential allows it. */
static bool refuse_second_history(const Targets *targets, const WalSource *source, GError **error)
{
	for (guint i = 0; i < targets->len; i++) {
		const struct target *target = &g_array_index(targets, struct target, i);
		g_autoptr(GPtrArray) held = NULL;
		g_autoptr(GError) cause = NULL;

		if (!target->repo || !target->missing)
			continue;
		if (!wal_find(target->repo, source->name, &held, &cause)) {
			log_debug("repository %s: %s", target->repository, cause->message);
			continue;
		}
		for (guint k = 0; k < held->len; k++) {
			const struct wal_held *one = held->pdata[k];

			if (memcmp(one->digest, source->digest, XXH128_SIZE) != 0)
				return fail_conflict(source, one->digest, target->repository,
						     error);
		}
	}
	return true;
}

struct confirmation {
	struct target *target;
	const char *local;
};

static bool confirm_object(void *data, GBytes *content, const struct store_object *version,
			   GError **error)
{
	__attribute__((cleanup(wal_facts_clear))) struct wal_facts facts = {0};
	struct confirmation *confirmation = data;
	struct target *target = confirmation->target;

	if (!wal_object_check(&target->repo->service, confirmation->local,
			      g_bytes_get_data(content, NULL), g_bytes_get_size(content), &facts,
			      error))
		return odr_context(error,
				   "repository %s holds a damaged object of this name; move it "
				   "out, and the next attempt will write it anew",
				   target->repository);
	target->stored_at = version->stored_at;
	return repo_accepts(target->repo, &facts.writer, version->stored_at, error);
}

/* The name is taken: by the same content, if a writer of this service signed it. */
static bool target_confirm(struct target *target, const struct wal_object *object, GError **error)
{
	struct confirmation confirmation = {target, object->local};
	g_autoptr(GBytes) content = NULL;

	return repo_get_good(target->repo,
			     &(struct repo_wanted){.local = object->local,
						   .oldest = true,
						   .verify = confirm_object,
						   .data = &confirmation},
			     &content, error);
}

static bool target_put(struct target *target, const struct wal_object *object, GError **error)
{
	const struct iovec part = {object->bytes->data, object->bytes->len};
	struct store_receipt receipt;
	g_autoptr(GError) cause = NULL;

	if (repo_put(target->repo, object->local, &part, 1, target->lock_until, &receipt, &cause)) {
		target->stored_at = receipt.stored_at;
		return true;
	}
	if (odr_error_is(cause, ODR_ERROR_EXISTS))
		return target_confirm(target, object, error);
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

/* Returns whether any repository is still to be written to. */
static bool targets_put(Targets *targets, const struct wal_object *object)
{
	bool any = false;

	for (guint i = 0; i < targets->len; i++) {
		struct target *target = &g_array_index(targets, struct target, i);

		if (!target->missing || target->failure || !target->repo)
			continue;
		any = target_put(target, object, &target->failure) || any;
	}
	return any;
}

static bool targets_put_pieces(Targets *targets, const Push *push, const WalSource *source,
			       unsigned threads, GError **error)
{
	unsigned pieces = wal_object_pieces(source->size);
	bool any = true;

	for (unsigned piece = 1; piece <= pieces && any; piece++) {
		struct wal_object_request request = {
			.bundle = push->request->bundle,
			.file = source->name,
			.content = source->content,
			.size = source->size,
			.piece = piece,
			.system_identifier = push->cluster.system_identifier,
			.major = source->major,
			.compress_level = push->request->compress_level,
			.threads = threads,
		};
		__attribute__((cleanup(wal_object_clear))) struct wal_object object = {0};

		memcpy(request.digest, source->digest, XXH128_SIZE);
		if (!wal_object_seal(&request, &object, error))
			return false;
		any = targets_put(targets, &object);
	}
	return true;
}

static usec_t written_at(const struct stat *status)
{
	return (usec_t)status->st_mtim.tv_sec * USEC_PER_SEC + status->st_mtim.tv_nsec / 1000;
}

/* In one write for all repositories that took it. */
static bool targets_record(const Targets *targets, const Push *push, const WalSource *source,
			   GError **error)
{
	g_autofree struct wal_record *records = g_new0(struct wal_record, targets->len);
	size_t count = 0;

	for (guint i = 0; i < targets->len; i++) {
		const struct target *target = &g_array_index(targets, struct target, i);
		struct wal_record *record = &records[count];

		if (!target->missing || target->failure || !target->repo)
			continue;
		record->file = (char *)source->name;
		record->size = source->size;
		record->repository = wal_repository_of(target->repo);
		record->stored_at = target->stored_at;
		record->written_at = written_at(&source->status);
		memcpy(record->digest, source->digest, XXH128_SIZE);
		count++;
	}
	return count == 0 || wal_journal_append(push->journal, records, count, error);
}

static bool targets_judge(Targets *targets, GError **error)
{
	for (guint i = 0; i < targets->len; i++) {
		struct target *target = &g_array_index(targets, struct target, i);

		if (target->failure) {
			g_propagate_error(error, g_steal_pointer(&target->failure));
			return false;
		}
	}
	return true;
}

bool targets_store(const Push *push, Targets *targets, const WalSource *source, unsigned threads,
		   GError **error)
{
	if (source->kind == WAL_FILE_HISTORY && !refuse_second_history(targets, source, error))
		return false;
	return targets_put_pieces(targets, push, source, threads, error) &&
	       targets_record(targets, push, source, error) && targets_judge(targets, error);
}
