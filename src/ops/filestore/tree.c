#include "ops/filestore/steps.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/stop.h"

#include <string.h>
#include <unistd.h>

/* So much is read before the collector is held off, for that is to be short. */
#define PASS_BYTES ((uint64_t)256 << 20)
#define PASSES_MAX 3
/* A collection in between spoils what was read: it is read again so many times. */
#define ATTEMPTS_MAX 3
/* A run every few minutes does not wait for a collector that takes longer: it is watched instead. */
#define FENCE_WAIT (3 * USEC_PER_SEC)
/* Fewer files than this may vanish without an alarm, whatever their share. */
#define SHRINK_LEAST 20

json_t *filestore_facts(struct filestore_capture *capture, const char *tree)
{
	json_t *facts = json_object_get(capture->after->trees, tree);

	if (!json_is_object(facts)) {
		facts = json_object();
		json_set(capture->after->trees, tree, facts);
	}
	return facts;
}

static uint64_t fact(json_t *facts, const char *name)
{
	json_int_t value = json_integer_value(json_object_get(facts, name));

	return value > 0 ? (uint64_t)value : 0;
}

/* One tree on its way. */
struct passage {
	struct filestore_capture *capture;
	const struct filestore_tree *tree;
	struct filestore_scan_settings settings;
	struct filestore_scan scan;
	struct filestore_reading reading;
	char *prefix;
	Fence *fence;
	unsigned passes, attempts;
	uint64_t files, bytes; /* kept by passes that are over */
	GPtrArray *damaged;    /* struct damage: found by them */
};

static void reading_clear(struct filestore_reading *reading)
{
	g_clear_pointer(&reading->again, g_ptr_array_unref);
	g_clear_pointer(&reading->unsure, g_ptr_array_unref);
	g_clear_pointer(&reading->damaged, g_ptr_array_unref);
	*reading = (struct filestore_reading){0};
}

static void passage_clear(struct passage *passage)
{
	filestore_scan_clear(&passage->scan);
	reading_clear(&passage->reading);
	fence_free(passage->fence);
	g_free(passage->prefix);
	g_ptr_array_unref(passage->damaged);
}

static void reading_begin(struct passage *passage)
{
	reading_clear(&passage->reading);
	passage->reading = (struct filestore_reading){
		.folder = passage->tree->path,
		.prefix = passage->prefix,
		.news = passage->scan.news,
		.jobs = passage->scan.jobs,
		.again = g_ptr_array_new_with_free_func(g_free),
		.unsure = g_ptr_array_new_with_free_func(g_free),
		.damaged = g_ptr_array_new_with_free_func((GDestroyNotify)damage_free),
	};
}

static bool wait_for(usec_t time, GError **error)
{
	usec_t end = clock_monotonic() + time;

	while (clock_monotonic() < end) {
		if (!stop_check(error))
			return false;
		usleep(20000);
	}
	return true;
}

/* What was torn, or changed while it was read, has had time to become whole. */
static bool read_again(struct passage *passage, GError **error)
{
	struct filestore_reading *reading = &passage->reading;
	g_autoptr(GPtrArray) names = g_steal_pointer(&reading->again);
	struct filestore_scan list;
	bool done = true;

	reading->again = g_ptr_array_new_with_free_func(g_free);
	if (names->len == 0)
		return true;
	if (!wait_for(FILESTORE_STEP, error))
		return false;
	filestore_scan_init(&list, &passage->settings);
	for (guint i = 0; done && i < names->len; i++)
		done = filestore_scan_news(&list, &(struct filestore_news){.name = names->pdata[i]},
					   error);
	reading->news = list.news;
	reading->jobs = list.jobs;
	reading->last = true;
	done = done && filestore_reader_run(passage->capture->reader, reading, error);
	filestore_scan_clear(&list);
	return done;
}

static bool read_news(struct passage *passage, GError **error)
{
	reading_begin(passage);
	passage->capture->bytes_total += passage->scan.bytes;
	return filestore_reader_run(passage->capture->reader, &passage->reading, error) &&
	       read_again(passage, error);
}

static bool scan_again(struct passage *passage, GError **error)
{
	filestore_scan_clear(&passage->scan);
	filestore_scan_init(&passage->scan, &passage->settings);
	return (passage->capture->settings->plain ? filestore_scan_plain(&passage->scan, error)
						  : filestore_scan_odoo(&passage->scan, error)) ||
	       odr_context(error, "cannot look through '%s'", passage->tree->path);
}

/* What is read here is known in the next scan. */
static bool large_pass(struct passage *passage, GError **error)
{
	if (!read_news(passage, error) || !filestore_pass_end(passage->capture, error) ||
	    !fault_point("step", "large pass", error))
		return false;
	passage->passes++;
	passage->files += passage->reading.files;
	passage->bytes += passage->reading.bytes;
	g_ptr_array_extend_and_steal(passage->damaged, g_steal_pointer(&passage->reading.damaged));
	return true;
}

/* Too much to hold the collector off meanwhile. */
static bool is_large(const struct passage *passage)
{
	return passage->scan.bytes > PASS_BYTES && passage->passes < PASSES_MAX;
}

static bool wants_fence(const struct passage *passage)
{
	const struct filestore_capture *capture = passage->capture;

	return !capture->settings->plain && capture->settings->conninfo && capture->databases &&
	       g_hash_table_contains(capture->databases, passage->tree->name);
}

static void take_fence(struct passage *passage)
{
	const struct filestore_capture *capture = passage->capture;

	passage->fence = fence_take(
		&(struct fence_settings){.conninfo = capture->settings->conninfo,
					 .database = passage->tree->name,
					 .run_id = capture->part.backup->request->run_id,
					 .may_lock_job = capture->settings->may_lock_job,
					 .may_lock_table = capture->settings->may_lock_table,
					 .wait = FENCE_WAIT});
}

/* Of not having had the lock on the job. */
static const char *consequence(enum fence_kind kind, enum fence_outcome outcome)
{
	if (outcome != FENCE_HELD)
		return "what it removed while files were read may be missing from the set";
	if (kind == FENCE_TABLE)
		return "its table was locked instead, and it removed nothing";
	return "it was watched instead, and removed nothing";
}

/* Whether nothing was collected while files were read, as far as can be told. */
static void note_fence(struct passage *passage, enum fence_outcome outcome)
{
	struct filestore_capture *capture = passage->capture;
	json_t *facts = filestore_facts(capture, passage->tree->name);
	const char *reason =
		passage->fence ? fence_reason(passage->fence) : capture->databases_unknown;
	enum fence_kind kind = passage->fence ? fence_kind(passage->fence) : FENCE_NONE;

	if (!passage->fence && capture->databases)
		kind = FENCE_NOT_NEEDED;
	if (kind == FENCE_NOT_NEEDED)
		outcome = FENCE_HELD;
	json_set_string(facts, "collector", fence_kind_name(kind));
	json_set_string(facts, "collector_reason", reason);
	json_set_bool(facts, "nothing_collected", outcome == FENCE_HELD);
	if (outcome == FENCE_HELD && !(passage->fence && fence_busy(passage->fence)))
		return;
	capture->part.incomplete = capture->part.incomplete || outcome == FENCE_COLLECTED;
	backup_note(capture->part.backup,
		    "the collector of database '%s' could not be held off%s%s; %s",
		    passage->tree->name, reason ? ": " : "", reason ? reason : "",
		    consequence(kind, outcome));
}

/* Reads what is new, with the collector held off; *done unless it has to be tried again. */
static bool read_fenced(struct passage *passage, bool *done, GError **error)
{
	enum fence_outcome outcome = FENCE_UNKNOWN;

	if (!read_news(passage, error) || !fault_point("step", "files read", error))
		return false;
	if (passage->fence)
		outcome = fence_end(passage->fence);
	*done = outcome != FENCE_COLLECTED || ++passage->attempts >= ATTEMPTS_MAX;
	if (*done && !passage->capture->settings->plain && passage->capture->settings->conninfo)
		note_fence(passage, outcome);
	if (!*done)
		g_clear_pointer(&passage->fence, fence_free);
	return true;
}

/* Until a scan finds nothing that is not read. */
static bool pass_through(struct passage *passage, GError **error)
{
	for (bool done = false; !done;) {
		/* Most captures find next to nothing: all of it is listed when the collector is held off. */
		passage->settings.any =
			passage->passes == 0 && !passage->fence && wants_fence(passage);
		if (!scan_again(passage, error))
			return false;
		if (passage->scan.files == 0) {
			reading_begin(passage);
			return true;
		}
		if (is_large(passage)) {
			g_clear_pointer(&passage->fence, fence_free);
			if (!large_pass(passage, error))
				return false;
		} else if (!passage->fence && wants_fence(passage)) {
			take_fence(passage);
		} else if (!read_fenced(passage, &done, error)) {
			return false;
		}
	}
	return true;
}

static bool take_changes(struct passage *passage, GError **error)
{
	struct layer_entry *entry;
	uint64_t offset = 0;
	int64_t ctime_ns;

	for (;;) {
		if (!filestore_change_read(&passage->scan, &offset, &entry, &ctime_ns, error))
			return false;
		if (!entry)
			return true;
		bool done = filestore_change(passage->capture, entry, ctime_ns, error);

		layer_entry_free(entry);
		if (!done)
			return false;
	}
}

/* A folder that lost all it had is more likely a file system that is not mounted than a database without files. */
static bool looks_unmounted(const struct passage *passage)
{
	const struct filestore_capture *capture = passage->capture;
	uint64_t files = fact(filestore_facts(passage->capture, passage->tree->name), "files");

	return capture->before->set_id && files >= SHRINK_LEAST &&
	       passage->scan.gone_files == files && passage->files + passage->reading.files == 0;
}

static void watch_shrinking(struct passage *passage, uint64_t files_before)
{
	const struct filestore_capture *capture = passage->capture;
	uint64_t gone = passage->scan.gone_files;
	g_autofree char *path = filestore_path(passage->tree, NULL);

	if (gone < SHRINK_LEAST || gone * 100 <= files_before * capture->settings->shrink_percent)
		return;
	damage_add(capture->alarms, path,
		   "%" G_GUINT64_FORMAT " of its %" G_GUINT64_FORMAT " files are gone since set %s",
		   gone, files_before, capture->before->set_id);
}

/* Of a tree, or part of one, that could not be looked at, the same is known as before. */
static void keep_damage(struct passage *passage)
{
	struct filestore_capture *capture = passage->capture;
	GHashTableIter iter;
	gpointer path, what;

	g_hash_table_iter_init(&iter, capture->damaged_before);
	while (g_hash_table_iter_next(&iter, &path, &what))
		if (g_str_has_prefix(path, passage->prefix))
			damage_add(capture->after->damaged, path, "%s", (const char *)what);
}

static void take_totals(struct passage *passage)
{
	struct filestore_capture *capture = passage->capture;
	json_t *facts = filestore_facts(capture, passage->tree->name);
	uint64_t files = fact(facts, "files"), bytes = fact(facts, "bytes");
	uint64_t added = passage->files + passage->reading.files;
	uint64_t added_bytes = passage->bytes + passage->reading.bytes;

	watch_shrinking(passage, files);
	json_set_int(facts, "files", (int64_t)(files + added - passage->scan.gone_files));
	json_set_int(facts, "bytes", (int64_t)(bytes + added_bytes - passage->scan.gone_bytes));
	json_set_string(facts, "place", passage->tree->path);
	if (passage->scan.strange > 0)
		json_set_int(facts, "not_captured", (int64_t)passage->scan.strange);
	else
		json_object_del(facts, "not_captured");
	capture->after->files += added - passage->scan.gone_files;
	capture->after->bytes += added_bytes - passage->scan.gone_bytes;
}

static void take_omissions(struct passage *passage)
{
	struct filestore_capture *capture = passage->capture;
	GPtrArray *omissions = passage->scan.omissions;

	if (omissions->len == 0)
		return;
	capture->part.incomplete = true;
	keep_damage(passage);
	g_ptr_array_extend_and_steal(capture->part.backup->result->omissions,
				     g_steal_pointer(&passage->scan.omissions));
}

/* It is known as it was, and is looked at again next time. */
static void omit_tree(struct passage *passage, const char *place, const char *is)
{
	filestore_scan_omit(
		&passage->scan,
		"'%s' is %s, and had %" G_GUINT64_FORMAT
		" files in set %s: is its file system mounted? If all of them are meant to "
		"be gone, capture the filestore with --full",
		place, is, passage->scan.gone_files, passage->capture->before->set_id);
	g_hash_table_add(passage->capture->trees.omitted, g_strdup(passage->tree->name));
	take_omissions(passage);
}

/* The tree is done: what was found besides files counts. */
static bool take_all(struct passage *passage, GError **error)
{
	struct filestore_capture *capture = passage->capture;
	struct filestore_scan *scan = &passage->scan;

	if (looks_unmounted(passage)) {
		omit_tree(passage, passage->tree->path, "empty");
		return true;
	}
	for (guint i = 0; i < passage->reading.unsure->len; i++)
		filestore_scan_unsure(scan, passage->reading.unsure->pdata[i]);
	if (!take_changes(passage, error))
		return false;
	capture->looks_moved = capture->looks_moved || scan->looks_moved;
	if (!capture->settings->plain &&
	    !folders_writer_tree(capture->looks_after, passage->tree->name, scan->looks, error))
		return false;
	g_ptr_array_extend_and_steal(capture->after->damaged, g_steal_pointer(&passage->damaged));
	g_ptr_array_extend_and_steal(capture->after->damaged, g_steal_pointer(&scan->damaged));
	g_ptr_array_extend_and_steal(capture->after->damaged,
				     g_steal_pointer(&passage->reading.damaged));
	passage->damaged = g_ptr_array_new();
	take_totals(passage);
	take_omissions(passage);
	return true;
}

bool filestore_capture_tree(struct filestore_capture *capture, const struct filestore_tree *tree,
			    GError **error)
{
	struct passage passage = {
		.capture = capture,
		.tree = tree,
		.settings = {.tree = tree,
			     .known = capture->known,
			     .looks = folders_reader_tree(capture->looks, tree->name),
			     .damaged = capture->damaged_before,
			     .list_all = capture->due,
			     .accounts = capture->accounts,
			     .spool = capture->folder},
		.prefix = filestore_path(tree, ""),
		.damaged = g_ptr_array_new_with_free_func((GDestroyNotify)damage_free),
	};
	bool done = pass_through(&passage, error) && take_all(&passage, error);

	passage_clear(&passage);
	return done;
}

static bool all_gone(struct filestore_scan *scan, GError **error)
{
	g_autofree char *path = filestore_path(scan->settings->tree, NULL);
	struct merged_entry merged;

	if (!layer_merge_seek(scan->merge, path, error))
		return false;
	for (;;) {
		const struct local_entry *local = &merged.local;
		size_t length = strlen(path);

		if (!layer_merge_next(scan->merge, &merged, error))
			return false;
		if (!local->path || local->length < length ||
		    memcmp(local->path, path, length) != 0)
			return true;
		if ((local->length == length || local->path[length] == '/') &&
		    !filestore_scan_gone(scan, local, error))
			return false;
	}
}

bool filestore_capture_absence(struct filestore_capture *capture, const char *name, GError **error)
{
	struct filestore_tree tree = {.name = (char *)name};
	struct passage passage = {
		.capture = capture,
		.tree = &tree,
		.settings = {.tree = &tree,
			     .known = capture->known,
			     .damaged = capture->damaged_before,
			     .spool = capture->folder},
		.prefix = filestore_path(&tree, ""),
		.damaged = g_ptr_array_new_with_free_func((GDestroyNotify)damage_free),
	};
	bool dropped = capture->databases && !g_hash_table_contains(capture->databases, name);
	g_autofree char *path = filestore_path(&tree, NULL);
	bool done;

	filestore_scan_init(&passage.scan, &passage.settings);
	done = all_gone(&passage.scan, error);
	/* The database is there, and wants its files. */
	if (done && capture->databases && !dropped && passage.scan.gone_files >= SHRINK_LEAST) {
		omit_tree(&passage, path, "gone");
		passage_clear(&passage);
		return true;
	}
	done = done && take_changes(&passage, error);
	capture->after->files -= MIN(capture->after->files, passage.scan.gone_files);
	capture->after->bytes -= MIN(capture->after->bytes, passage.scan.gone_bytes);
	if (dropped)
		backup_note(capture->part.backup,
			    "the folder '%s' is gone, and so is the database of that name", name);
	else if (passage.scan.gone_files > 0)
		damage_add(capture->alarms, path,
			   "it is gone, with %" G_GUINT64_FORMAT " files, since set %s",
			   passage.scan.gone_files, capture->before->set_id);
	json_object_del(capture->after->trees, name);
	passage_clear(&passage);
	return done;
}
