#include "ops/restore/filestore.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/stop.h"
#include "ops/accounts.h"
#include "ops/attributes.h"
#include "ops/restore/layers.h"
#include "ops/restore/materialize.h"
#include "ops/sandbox.h"
#include "repo/entry_list.h"
#include "repo/layer_merge.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK   ".odrbackup-restore" /* in the folder while a restore is under way */
#define PREFIX "filestore/"

struct restoring {
	const struct restore_filestore_request *request;
	struct restore_filestore_result *result;
	struct sandbox sandbox; /* for the layers */
	RestoreLayers *layers;
	const GArray *sources; /* struct restore_layer; theirs */
	GPtrArray *tables;     /* Table, as many; theirs */
	GHashTable *folders;   /* paths in the set; owned */
	EntryList *directories, *links;
	Accounts *accounts; /* NULL: not root */
	Materializer *files;
};

static void report(const struct restoring *restoring, const char *phase, uint64_t done)
{
	const struct restore_filestore_request *request = restoring->request;

	if (request->progress)
		request->progress(
			request->progress_data,
			&(struct restore_progress){.phase = phase,
						   .bytes_done = done,
						   .bytes_total = restoring->result->bytes});
}

/* ---- the folder -------------------------------------------------------------------------------- */

static bool has_mark(const char *folder)
{
	g_autofree char *mark = g_build_filename(folder, MARK, NULL);

	return g_file_test(mark, G_FILE_TEST_IS_REGULAR);
}

bool restore_filestore_guard(const char *folder, GError **error)
{
	if (file_is_empty_dir(folder) || has_mark(folder))
		return true;
	return odr_fail(error, ODR_ERROR_REFUSED,
			"'%s' is not empty; restore the filestore into a new folder, and move from "
			"there what is missing",
			folder);
}

/* What an interrupted restore left goes; its mark, last of all. */
static bool clear_folder(const char *folder, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (strcmp(name, MARK) != 0 && !file_remove_tree(path, error))
			return false;
	}
	return true;
}

/* It is empty, and so is whole as soon as it is there: a draft of it would be something unknown in the folder. */
static bool make_mark(const char *folder, GError **error)
{
	g_autofree char *mark = g_build_filename(folder, MARK, NULL);
	int fd = open(mark, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot create '%s'", mark);
	close(fd);
	return file_sync_dir(folder, error);
}

static bool begin_folder(const struct restoring *restoring, GError **error)
{
	const char *folder = restoring->request->folder;

	return restore_filestore_guard(folder, error) && file_make_dirs(folder, 0700, error) &&
	       clear_folder(folder, error) && make_mark(folder, error) &&
	       fault_point("step", "filestore begun", error);
}

/* ---- the layers -------------------------------------------------------------------------------- */

static bool read_layers(struct restoring *restoring, GError **error)
{
	const struct restore_filestore_request *request = restoring->request;
	const struct filestore_choice *choice = request->choice;

	report(restoring, "reading the captures", 0);
	restoring->layers = restore_layers_new(
		&(struct restore_layers_settings){.repo = request->repo,
						  .identity = request->identity,
						  .part = PART_FILESTORE,
						  .folder = restoring->sandbox.folder});
	if (choice->base)
		restore_layers_add(restoring->layers, choice->base, true);
	for (guint i = 0; i < choice->later->len; i++)
		restore_layers_add(restoring->layers, choice->later->pdata[i], false);
	restoring->sources = restore_layers_read(restoring->layers, error);
	if (!restoring->sources)
		return false;
	for (guint i = 0; i < restoring->sources->len; i++)
		g_ptr_array_add(restoring->tables,
				g_array_index(restoring->sources, struct restore_layer, i).table);
	return true;
}

/* ---- what they show ---------------------------------------------------------------------------- */

/* "filestore/<tree>/<name>" → the tree and the name, which is "" for the tree's own folder. */
static bool is_wanted(const struct restoring *restoring, const char *path)
{
	const struct restore_filestore_request *request = restoring->request;
	const char *tree = path + strlen(PREFIX);
	size_t length = strcspn(tree, "/");
	const char *name = tree[length] ? tree + length + 1 : "";

	if (request->tree &&
	    (strlen(request->tree) != length || strncmp(tree, request->tree, length) != 0))
		return false;
	return !request->wanted || g_hash_table_contains(request->wanted, name);
}

static char *place_of(const struct restoring *restoring, const struct layer_entry *entry)
{
	return g_build_filename(restoring->request->folder, entry->path + strlen(PREFIX), NULL);
}

/* A set whose files lay below its links would have us write wherever these lead. */
static bool check_parent(const struct restoring *restoring, const struct layer_entry *entry,
			 GError **error)
{
	g_autofree char *parent = g_path_get_dirname(entry->path);

	return strcmp(parent, "filestore") == 0 ||
	       g_hash_table_contains(restoring->folders, parent) ||
	       odr_fail(error, ODR_ERROR_CORRUPT, "'%s' lies in no folder of the capture",
			entry->path);
}

static bool lay_directory(struct restoring *restoring, const struct layer_entry *entry,
			  GError **error)
{
	g_autofree char *path = place_of(restoring, entry);

	g_hash_table_add(restoring->folders, g_strdup(entry->path));
	if (!strchr(entry->path + strlen(PREFIX), '/'))
		restoring->result->trees++;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return odr_fail_errno(error, errno, "cannot create '%s'", path);
	return entry_list_add(restoring->directories, entry, error);
}

static bool lay_file(struct restoring *restoring, const struct layer_entry *entry, GError **error)
{
	g_autofree char *path = NULL;

	if (!is_wanted(restoring, entry->path))
		return true;
	path = place_of(restoring, entry);
	restoring->result->files++;
	restoring->result->bytes += entry->size;
	return materializer_add(restoring->files, entry, path, error);
}

static bool lay_entry(struct restoring *restoring, const struct layer_entry *entry, GError **error)
{
	bool in_tree = !restoring->request->tree ||
		       g_str_has_prefix(entry->path + strlen(PREFIX), restoring->request->tree);

	if (!in_tree)
		return true;
	if (!check_parent(restoring, entry, error))
		return false;
	switch (entry->kind) {
	case ENTRY_DIRECTORY:
		return lay_directory(restoring, entry, error);
	case ENTRY_SYMLINK:
		return !is_wanted(restoring, entry->path) ||
		       entry_list_add(restoring->links, entry, error);
	case ENTRY_FILE:
		return lay_file(restoring, entry, error);
	default:
		return true;
	}
}

/* Packs are numbered through all tables. */
static void renumber(struct layer_entry *entry, const struct restore_layer *source)
{
	for (guint i = 0; entry->extents && i < entry->extents->len; i++) {
		struct extent *extent = &g_array_index(entry->extents, struct extent, i);

		if (extent->kind == EXTENT_DATA)
			extent->place.pack += source->first_pack;
	}
}

static bool lay_merged(struct restoring *restoring, const struct merged_entry *merged,
		       GError **error)
{
	struct layer_entry *entry = NULL;
	bool done;

	if (!stop_check(error) || !local_entry_decode(&merged->local, &entry, error))
		return false;
	renumber(entry, &g_array_index(restoring->sources, struct restore_layer, merged->layer));
	/* The folder that holds all of them is the user's own. */
	done = strcmp(entry->path, "filestore") == 0 ||
	       (g_str_has_prefix(entry->path, PREFIX)
			? lay_entry(restoring, entry, error)
			: odr_fail(error, ODR_ERROR_CORRUPT, "the capture has an unknown path '%s'",
				   entry->path));
	layer_entry_free(entry);
	return done;
}

static bool lay_out(struct restoring *restoring, GError **error)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new();
	struct merged_entry merged;

	for (guint i = 0; i < restoring->sources->len; i++)
		g_ptr_array_add(files,
				g_array_index(restoring->sources, struct restore_layer, i).file);
	g_autoptr(LayerMerge) merge =
		layer_merge_new(&(struct layer_merge_settings){.files = files});

	for (;;) {
		if (!layer_merge_next(merge, &merged, error))
			return false;
		if (!merged.local.path)
			return fault_point("step", "filestore laid out", error);
		if (!lay_merged(restoring, &merged, error))
			return false;
	}
}

/* ---- their content ------------------------------------------------------------------------------ */

static void content_tick(void *data, uint64_t done)
{
	report(data, "restoring the filestore", done);
}

static bool make_link(void *data, struct layer_entry **entry, GError **error)
{
	const struct restoring *restoring = data;
	g_autofree char *path = place_of(restoring, *entry);

	return symlink((*entry)->link, path) == 0 ||
	       odr_fail_errno(error, errno, "cannot link '%s'", path);
}

static bool finish_directory(const struct restoring *restoring, const struct layer_entry *entry,
			     GError **error)
{
	g_autofree char *path = place_of(restoring, entry);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool done;

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", path);
	done = attributes_apply(fd, path, entry, restoring->accounts, error);
	close(fd);
	return done;
}

/* Deepest first, so that times of folders stay. */
static bool finish_directories(const struct restoring *restoring, GError **error)
{
	bool done = true;

	for (size_t i = entry_list_blocks(restoring->directories); done && i > 0; i--) {
		struct entry_block block;

		if (!entry_list_block(restoring->directories, i - 1, &block, error))
			return false;
		for (guint k = block.entries->len; done && k > 0; k--)
			done = finish_directory(restoring, block.entries->pdata[k - 1], error);
		entry_block_clear(&block);
	}
	return done;
}

static bool make_durable(const struct restoring *restoring, GError **error)
{
	int fd = open(restoring->request->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int failure;

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", restoring->request->folder);
	failure = syncfs(fd) == 0 ? 0 : errno;
	close(fd);
	return failure == 0 ||
	       odr_fail_errno(error, failure, "cannot sync '%s'", restoring->request->folder);
}

static bool end_folder(const struct restoring *restoring, GError **error)
{
	const struct restore_filestore_request *request = restoring->request;
	g_autofree char *mark = g_build_filename(request->folder, MARK, NULL);

	if (!fault_point("step", "filestore written", error) ||
	    (!request->throw_away && !make_durable(restoring, error)))
		return false;

	/* So far it was a restore that is under way; now it is a filestore. */
	if (unlink(mark) < 0)
		return odr_fail_errno(error, errno, "cannot remove '%s'", mark);
	return request->throw_away || file_sync_dir(request->folder, error);
}

static bool restore_steps(struct restoring *restoring, GError **error)
{
	const struct restore_filestore_request *request = restoring->request;
	struct materialize_settings settings = {
		.repo = request->repo,
		.identity = request->identity,
		.tables = restoring->tables,
		.digest_seed = digest_seed(request->identity->digest_secret, "content"),
		.workers = MAX(request->workers, 1),
		.set_owner = restoring->accounts != NULL,
		.spool = request->spool,
		.tick = content_tick,
		.tick_data = restoring};

	if (!begin_folder(restoring, error) ||
	    !sandbox_make(request->spool, request->run_id, &restoring->sandbox, error) ||
	    !read_layers(restoring, error))
		return false;
	restoring->files = materializer_new(&settings);
	return lay_out(restoring, error) && materializer_run(restoring->files, error) &&
	       entry_list_each(restoring->links, make_link, restoring, error) &&
	       finish_directories(restoring, error) && end_folder(restoring, error);
}

bool restore_filestore(const struct restore_filestore_request *request,
		       struct restore_filestore_result *result, GError **error)
{
	struct restoring restoring = {
		.request = request,
		.result = result,
		.tables = g_ptr_array_new(),
		.folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.directories = entry_list_new(request->spool),
		.links = entry_list_new(request->spool),
		.accounts = geteuid() == 0 ? accounts_new() : NULL};
	bool done;

	*result = (struct restore_filestore_result){0};
	done = restore_steps(&restoring, error);
	materializer_free(restoring.files);
	entry_list_free(restoring.directories);
	entry_list_free(restoring.links);
	accounts_free(restoring.accounts);
	g_hash_table_unref(restoring.folders);
	g_ptr_array_unref(restoring.tables);
	restore_layers_free(restoring.layers);
	sandbox_remove(&restoring.sandbox);
	return done || odr_context(error, "cannot restore the filestore");
}
