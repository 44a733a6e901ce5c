#include "ops/backup/backup.h"

#include "base/error.h"
#include "ops/backup/config.h"
#include "ops/backup/database.h"
#include "ops/backup/filestore.h"
#include "ops/backup/part.h"
#include "ops/part_lock.h"

#define PACK_SIZE_MAX ((size_t)32 << 20)
#define PACK_BUFFERS  ((size_t)128 << 20) /* shared by all workers, two packs each */

void backup_progress(const struct backup *backup, const char *phase, uint64_t done, uint64_t total)
{
	const struct backup_request *request = backup->request;

	if (request->progress)
		request->progress(request->progress_data,
				  &(struct backup_progress){.phase = phase,
							    .bytes_done = done,
							    .bytes_total = total});
}

void backup_note(const struct backup *backup, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(backup->result->notes, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

struct pack_sink_settings backup_sink_settings(const struct backup *backup, const char *generation,
					       usec_t lock_until)
{
	const struct backup_request *request = backup->request;
	unsigned workers = MAX(request->workers, 1);

	return (struct pack_sink_settings){
		.repos = request->repos,
		.recipients = request->bundle->recipients,
		.service_id = request->bundle->service.id,
		.generation = generation,
		.lock_until = lock_until,
		.pack_size = MIN(PACK_SIZE_MAX, PACK_BUFFERS / (2 * workers)),
		.compress_level = request->compress_level,
		.digest_seed = digest_seed(request->bundle->digest_secret, "content"),
	};
}

static void failure_free(void *data)
{
	struct backup_failure *failure = data;

	g_error_free(failure->error);
	g_free(failure);
}

static void part_free(void *data)
{
	BackupPart *part = data;

	file_lock_release(&part->lock);
	g_free(part->unchanged_since);
	part->class->free(part);
}

static void add_part(struct backup *backup, BackupPart *part)
{
	part->backup = backup;
	g_ptr_array_add(backup->parts, part);
}

/* In the order of capture, and of locks. */
static void add_parts(struct backup *backup)
{
	const struct backup_request *request = backup->request;

	if (request->database)
		add_part(backup, backup_database_new(request->database));
	if (request->filestore)
		add_part(backup, backup_filestore_new(request->filestore));
	if (request->config)
		add_part(backup, backup_config_new(request->config));
}

static bool prepare(struct backup *backup, GError **error)
{
	const struct backup_request *request = backup->request;

	return bundle_check_writer(request->bundle, clock_now(), error) &&
	       file_make_dirs(request->state, 0700, error);
}

static bool capture(BackupPart *part, GError **error)
{
	const struct backup_request *request = part->backup->request;

	return part_lock_take(&part->lock, request->state, part->class->name, request->lock_wait,
			      error) &&
	       part->class->capture(part, error);
}

/* Takes the error. */
static void note_failure(struct backup *backup, const BackupPart *part, GError *error)
{
	struct backup_failure *failure = g_new0(struct backup_failure, 1);

	failure->part = part->class->name;
	failure->error = error;
	g_ptr_array_add(backup->result->failures, failure);
}

/* A part that fails does not keep the others from being captured, nor from becoming a set. */
static bool capture_parts(struct backup *backup, GError **error)
{
	GPtrArray *failures = backup->result->failures;

	for (guint i = 0; i < backup->parts->len; i++) {
		BackupPart *part = backup->parts->pdata[i];
		GError *cause = NULL;

		part->captured = capture(part, &cause);
		if (part->captured)
			continue;
		if (odr_error_is(cause, ODR_ERROR_STOPPED)) {
			g_propagate_error(error, cause);
			return false;
		}
		note_failure(backup, part, cause);
	}
	if (failures->len < backup->parts->len)
		return true;

	struct backup_failure *first = g_ptr_array_index(failures, 0);

	g_propagate_error(error, g_error_copy(first->error));
	g_ptr_array_remove_index(failures, 0);
	return false;
}

static bool anything_new(const struct backup *backup)
{
	for (guint i = 0; i < backup->parts->len; i++) {
		const BackupPart *part = backup->parts->pdata[i];

		if (part->captured && !part->unchanged_since)
			return true;
	}
	return false;
}

/* What is published stands, whatever fails here. */
static void tell_parts(struct backup *backup)
{
	for (guint i = 0; i < backup->parts->len; i++) {
		BackupPart *part = backup->parts->pdata[i];
		g_autoptr(GError) cause = NULL;

		backup->result->damaged_new += part->damaged_new;
		if (part->captured && part->class->published &&
		    !part->class->published(part, backup->result->manifest, &cause))
			backup_note(backup, "the %s is captured, but that is not recorded here: %s",
				    part->class->name, cause->message);
	}
}

static bool run_steps(struct backup *backup, GError **error)
{
	if (!prepare(backup, error) || !backup_repeat_pending(backup, error))
		return odr_context(error, "cannot start the backup");
	if (!capture_parts(backup, error))
		return false;

	/* Nothing refers to what was stored so far; this makes it a set. */
	if (!(anything_new(backup) ? backup_publish(backup, error)
				   : backup_publish_moments(backup, error)))
		return false;
	tell_parts(backup);
	return true;
}

bool backup_run(const struct backup_request *request, struct backup_result *result, GError **error)
{
	struct backup backup = {.request = request,
				.result = result,
				.parts = g_ptr_array_new_with_free_func(part_free),
				.started = clock_now()};

	result->notes = g_ptr_array_new_with_free_func(g_free);
	result->moments = g_ptr_array_new_with_free_func((GDestroyNotify)moment_free);
	result->stored_at = g_array_new(false, true, sizeof(usec_t));
	g_array_set_size(result->stored_at, request->repos->len);
	result->omissions = g_ptr_array_new_with_free_func(g_free);
	result->failures = g_ptr_array_new_with_free_func(failure_free);
	add_parts(&backup);
	bool done = run_steps(&backup, error);

	g_ptr_array_unref(backup.parts);
	return done;
}

void backup_result_clear(struct backup_result *result)
{
	g_clear_pointer(&result->manifest, manifest_free);
	g_clear_pointer(&result->moments, g_ptr_array_unref);
	g_clear_pointer(&result->notes, g_ptr_array_unref);
	g_clear_pointer(&result->stored_at, g_array_unref);
	g_clear_pointer(&result->failures, g_ptr_array_unref);
	g_clear_pointer(&result->omissions, g_ptr_array_unref);
	g_clear_pointer(&result->chain_reason, g_free);
}
