#include "ops/restore/steps.h"

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "ops/attributes.h"
#include "pg/label.h"
#include "pg/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool write_inside(struct restore *restore, const char *relative, const char *text,
			 GError **error)
{
	const struct layer_entry *root = restore->root;
	g_autofree char *path = restore_inside(restore, relative);

	if (!file_write(path, text, strlen(text), &(struct file_write){.mode = root->mode & 0640},
			error))
		return false;
	if (!restore->accounts)
		return true;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct layer_entry like = *root;

	like.mode = root->mode & 0640;
	like.mtime_ns = g_get_real_time() * 1000;
	bool done = fd >= 0 && attributes_apply(fd, path, &like, restore->accounts, error);

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", path);
	close(fd);
	return done;
}

bool restore_write_label(struct restore *restore, GError **error)
{
	const Manifest *manifest = restore->request->plan->manifest;
	g_autofree char *map = tablespace_map_print(restore->tablespaces);

	if (!manifest->backup_label)
		return odr_fail(error, ODR_ERROR_CORRUPT, "set %s has no backup_label",
				manifest->set_id);
	if (!write_inside(restore, "backup_label", manifest->backup_label, error))
		return false;
	return map[0] == '\0' || write_inside(restore, "tablespace_map", map, error);
}

struct recovery_settings restore_recovery_settings(const struct restore_plan *plan,
						   const struct restore_target *target)
{
	return (struct recovery_settings){.major = plan->manifest->pg_major,
					  .type = target->type,
					  .time = target->time,
					  .name = target->name,
					  .lsn = target->lsn,
					  .xid = target->xid,
					  .exclusive = target->exclusive,
					  .action = RECOVERY_PAUSE,
					  .timeline = plan->timeline};
}

#define AUTO_CONF_MAX ((size_t)4 << 20)

bool restore_write_recovery(struct restore *restore, GError **error)
{
	const struct restore_request *request = restore->request;
	const struct restore_target *target = request->target;
	g_autofree char *path = restore_inside(restore, "postgresql.auto.conf");
	g_autofree char *old = NULL;
	g_autoptr(GError) trouble = NULL;

	const struct store_distrust *distrust = store_distrust(request->repo->store);

	if (!request->restore_command)
		return true;
	if (distrust)
		g_ptr_array_add(
			restore->result->notes,
			g_strdup_printf("recovery will not end by repository %s: %s, so nothing "
					"proves where the archive ends; before the server starts, "
					"%s",
					store_name(request->repo->store), distrust->why,
					distrust->advice));
	/* Where a link leads is none of ours to read; it is replaced. */
	if (!g_file_test(path, G_FILE_TEST_IS_SYMLINK) &&
	    !file_read_text(path, AUTO_CONF_MAX, &old, &trouble) &&
	    !odr_error_is(trouble, ODR_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	/* A standby goes along with its primary, to timelines that do not exist yet. */
	bool follow = target->type == RECOVERY_STANDBY && target->timeline == 0;
	struct recovery_settings settings = restore_recovery_settings(request->plan, target);

	settings.action = request->action;
	if (follow)
		settings.timeline = 0;
	settings.restore_command = request->restore_command;
	settings.recovery_end_command = request->recovery_end_command;

	g_autofree char *text = recovery_auto_conf(old ? old : "", &settings);

	return write_inside(restore, "postgresql.auto.conf", text, error) &&
	       write_inside(restore, recovery_signal_file(target->type), "", error);
}

static uint32_t crc_of(const char *text)
{
	return crc32c_value(crc32c_update(crc32c_init(), text, strlen(text)));
}

static bool list_file(void *data, struct layer_entry **entry, GError **error)
{
	const struct layer_entry *file = *entry;

	(void)error;
	if (file->kind == ENTRY_FILE && g_str_has_prefix(file->path, "pgdata/"))
		pg_manifest_add(data, file->path + strlen("pgdata/"), file->size,
				file->mtime_ns / 1000000000, file->crc32c);
	return true;
}

/* PostgreSQL's own manifest says what was read at the source; its own tool judges what we wrote. */
static bool write_pg_manifest(struct restore *restore, GError **error)
{
	const Manifest *manifest = restore->request->plan->manifest;
	g_autoptr(PgManifest) list = pg_manifest_new();
	g_autofree char *map = tablespace_map_print(restore->tablespaces);

	if (!entry_list_each(restore->entries, list_file, list, error))
		return false;
	pg_manifest_add(list, "backup_label", strlen(manifest->backup_label),
			manifest->stopped / USEC_PER_SEC, crc_of(manifest->backup_label));
	if (map[0])
		pg_manifest_add(list, "tablespace_map", strlen(map),
				manifest->stopped / USEC_PER_SEC, crc_of(map));
	g_autofree char *text = pg_manifest_finish(list, manifest->wal->timeline,
						   manifest->wal->start, manifest->wal->stop);

	return write_inside(restore, "backup_manifest", text, error);
}

static bool run_verifier(struct restore *restore, GError **error)
{
	const char *program = restore->request->verify_with;
	const char *const arguments[] = {program,
					 "--no-parse-wal",
					 "--ignore=" RESTORE_MARK,
					 "--ignore=" RESTORE_CONTROL,
					 "--ignore=" RESTORE_CONTROL_ASIDE,
					 restore->request->pgdata,
					 NULL};
	struct process_result result = {0};

	restore_progress(restore, "verifying", 0, 0);
	if (!process_run(&(struct process_request){.argv = arguments}, &result, error))
		return odr_context(error, "cannot run %s", program);
	bool passed = result.status == 0;

	if (!passed) {
		g_strchomp(result.err);
		odr_fail(error, ODR_ERROR_FAILED, "%s found: %s", program,
			 result.err[0] ? result.err : result.out);
	}
	process_result_clear(&result);
	return passed;
}

bool restore_verify(struct restore *restore, GError **error)
{
	return write_pg_manifest(restore, error) && run_verifier(restore, error);
}
