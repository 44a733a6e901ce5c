#include "ops/restore/config.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/stop.h"
#include "ops/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void restore_config_result_clear(struct restore_config_result *result)
{
	g_clear_pointer(&result->notes, g_ptr_array_unref);
}

/* What the functions here share. */
struct writing {
	ConfigRead *config;
	Accounts *accounts; /* NULL: not root */
	struct restore_config_result *result;
};

static void writing_init(struct writing *writing, ConfigRead *config,
			 struct restore_config_result *result)
{
	*writing = (struct writing){
		.config = config,
		.accounts = geteuid() == 0 ? accounts_new() : NULL,
		.result = result,
	};
	result->notes = g_ptr_array_new_with_free_func(g_free);
}

static void writing_clear(struct writing *writing)
{
	g_clear_pointer(&writing->accounts, accounts_free);
}

/* ---- one item -------------------------------------------------------------------------------- */

/* Content and attributes of an item into a new file. */
static bool fill(const struct writing *writing, const struct collect_item *item, int fd,
		 const char *path, GError **error)
{
	return config_read_file(writing->config, item, fd, error) &&
	       attributes_apply(fd, path, config_read_entry(writing->config, item),
				writing->accounts, error) &&
	       fault_point("file.fsync", path, error) &&
	       (fsync(fd) == 0 || odr_fail_errno(error, errno, "cannot sync '%s'", path));
}

static char *aside_of(const char *path)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);

	return g_strdup_printf("%s/.odr-%s.tmp", folder, name);
}

static bool write_link(const struct collect_item *item, const char *path, GError **error)
{
	return symlink(item->link, path) == 0 ||
	       odr_fail_errno(error, errno, "cannot link '%s'", path);
}

static bool write_file(const struct writing *writing, const struct collect_item *item,
		       const char *path, GError **error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool done;

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot create '%s'", path);
	done = fill(writing, item, fd, path, error);
	close(fd);
	return done;
}

/* Aside first; renamed over what is there. */
static bool put_item(const struct writing *writing, const struct collect_item *item,
		     const char *path, GError **error)
{
	g_autofree char *aside = aside_of(path);
	bool link = item->form == COLLECT_FORM_LINK;
	bool done;

	if (unlink(aside) < 0 && errno != ENOENT)
		return odr_fail_errno(error, errno, "cannot remove '%s'", aside);
	done = link ? write_link(item, aside, error) : write_file(writing, item, aside, error);
	if (done && rename(aside, path) < 0)
		done = odr_fail_errno(error, errno, "cannot put '%s' in place", path);
	if (!done) {
		unlink(aside);
		return false;
	}
	writing->result->files++;
	writing->result->bytes += item->size;
	return true;
}

/* ---- a folder of its own --------------------------------------------------------------------- */

static bool put_below(const struct writing *writing, const struct collect_item *item,
		      const char *folder, GError **error)
{
	g_autofree char *path = g_build_filename(folder, item->path, NULL);
	g_autofree char *parent = g_path_get_dirname(path);
	struct stat status;

	if (lstat(path, &status) == 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "'%s' stands twice in the index",
				item->path);
	return file_make_dirs(parent, 0700, error) && put_item(writing, item, path, error);
}

/* Links last: nothing is ever written through one. */
static bool put_items(const struct writing *writing, const char *folder, bool links, GError **error)
{
	const CollectIndex *index = config_read_index(writing->config);

	for (guint i = 0; i < index->items->len; i++) {
		const struct collect_item *item = index->items->pdata[i];

		if ((item->form == COLLECT_FORM_LINK) == links &&
		    !put_below(writing, item, folder, error))
			return false;
	}
	return true;
}

static void list_items(GString *text, const CollectIndex *index, const char *collector)
{
	for (guint i = 0; i < index->items->len; i++) {
		const struct collect_item *item = index->items->pdata[i];

		if (strcmp(item->collector, collector) != 0)
			continue;
		g_string_append_printf(text, "    %s", item->path);
		if (item->in_place)
			g_string_append_printf(text, "  %04o %s:%s", item->mode, item->owner,
					       item->group);
		g_string_append(text,
				item->masked ? "  masked: put its secrets back by hand\n" : "\n");
		if (item->hint)
			g_string_append_printf(text, "        %s\n", item->hint);
	}
}

/* What to do, in which order. */
static char *restore_list(const CollectIndex *index)
{
	GString *text = g_string_new("What was captured, in order of restoring.\n");

	for (guint i = 0; i < index->reports->len; i++) {
		const struct collect_report *report = index->reports->pdata[i];

		g_string_append_printf(text, "\n%u. %s (%s)%s%s\n", report->order, report->name,
				       collect_state_name(report->state),
				       report->reason ? ": " : "",
				       report->reason ? report->reason : "");
		if (report->hint)
			g_string_append_printf(text, "    %s\n", report->hint);
		for (guint k = 0; k < report->notes->len; k++)
			g_string_append_printf(text, "    note: %s\n",
					       (char *)report->notes->pdata[k]);
		list_items(text, index, report->name);
	}
	return g_string_free(text, false);
}

static bool write_lists(const CollectIndex *index, const char *folder, GError **error)
{
	g_autofree char *list_path = g_build_filename(folder, RESTORE_CONFIG_LIST, NULL);
	g_autofree char *index_path = g_build_filename(folder, COLLECT_INDEX, NULL);
	g_autofree char *list = restore_list(index);
	g_autofree char *text = collect_index_print(index);

	return file_write(index_path, text, strlen(text), &(struct file_write){0}, error) &&
	       file_write(list_path, list, strlen(list), &(struct file_write){0}, error);
}

bool restore_config_folder(ConfigRead *config, const char *folder,
			   struct restore_config_result *result, GError **error)
{
	struct writing writing;
	bool done;

	if (!file_is_empty_dir(folder))
		return odr_fail(error, ODR_ERROR_REFUSED,
				"'%s' is not empty; name a folder that is, or is not there",
				folder);
	writing_init(&writing, config, result);
	done = file_make_dirs(folder, 0700, error) && put_items(&writing, folder, false, error) &&
	       put_items(&writing, folder, true, error) &&
	       write_lists(config_read_index(config), folder, error);
	writing_clear(&writing);
	return done || odr_context(error, "cannot restore the configuration");
}

/* ---- in place -------------------------------------------------------------------------------- */

const char *config_change_name(enum config_change change)
{
	static const char *const names[] = {[CONFIG_SAME] = "same",
					    [CONFIG_NEW] = "new",
					    [CONFIG_REPLACE] = "replace",
					    [CONFIG_MODE] = "mode, owner",
					    [CONFIG_MASKED] = "masked, left alone"};

	return names[change];
}

/* Whether the file there has the content of the item. */
struct comparison {
	int fd;
	off_t offset;
	bool differs;
};

static bool compare_bytes(void *data, const void *bytes, size_t size, GError **error)
{
	struct comparison *comparison = data;
	g_autofree char *there = g_malloc(size);
	ssize_t got = file_pread(comparison->fd, there, size, comparison->offset, error);

	if (got < 0)
		return false;
	comparison->differs =
		comparison->differs || (size_t)got != size || memcmp(there, bytes, size) != 0;
	comparison->offset += (off_t)size;
	return true;
}

static bool same_content(ConfigRead *config, const struct collect_item *item, bool *same,
			 GError **error)
{
	struct comparison comparison = {
		.fd = open(item->source, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
	bool done;

	if (comparison.fd < 0)
		return odr_fail_errno(error, errno, "cannot read '%s'", item->source);
	done = config_read_stream(config, item, compare_bytes, &comparison, error);
	close(comparison.fd);
	*same = !comparison.differs;
	return done;
}

static bool same_attributes(const struct collect_item *item, const struct stat *status)
{
	/* Only root can do anything about the owner. */
	bool owner = geteuid() != 0 || (status->st_uid == item->uid && status->st_gid == item->gid);

	return owner && (status->st_mode & 0777) == (item->mode & 0777);
}

static bool judge_file(ConfigRead *config, const struct collect_item *item,
		       const struct stat *status, enum config_change *change, GError **error)
{
	bool same = false;

	*change = CONFIG_REPLACE;
	if (!S_ISREG(status->st_mode) || (uint64_t)status->st_size != item->size)
		return true;
	if (!same_content(config, item, &same, error))
		return false;
	if (same)
		*change = same_attributes(item, status) ? CONFIG_SAME : CONFIG_MODE;
	return true;
}

static bool judge(ConfigRead *config, const struct collect_item *item, enum config_change *change,
		  GError **error)
{
	struct stat status;

	if (lstat(item->source, &status) < 0) {
		if (errno != ENOENT)
			return odr_fail_errno(error, errno, "cannot look at '%s'", item->source);
		*change = item->masked ? CONFIG_MASKED : CONFIG_NEW;
		return true;
	}
	if (S_ISDIR(status.st_mode))
		return odr_fail(error, ODR_ERROR_REFUSED,
				"'%s' is a folder now; it was a file when it was captured",
				item->source);
	if (item->masked) {
		*change = CONFIG_MASKED;
		return true;
	}
	if (item->form == COLLECT_FORM_LINK) {
		g_autofree char *link = g_file_read_link(item->source, NULL);

		*change = g_strcmp0(link, item->link) == 0 ? CONFIG_SAME : CONFIG_REPLACE;
		return true;
	}
	return judge_file(config, item, &status, change, error);
}

static unsigned order_of(const CollectIndex *index, const struct collect_item *item)
{
	for (guint i = 0; i < index->reports->len; i++) {
		const struct collect_report *report = index->reports->pdata[i];

		if (strcmp(report->name, item->collector) == 0)
			return report->order;
	}
	return G_MAXUINT;
}

static gint by_order(gconstpointer a, gconstpointer b, gpointer data)
{
	const struct config_placement *x = *(struct config_placement *const *)a;
	const struct config_placement *y = *(struct config_placement *const *)b;
	unsigned order_x = order_of(data, x->item), order_y = order_of(data, y->item);

	return order_x != order_y ? (order_x < order_y ? -1 : 1)
				  : strcmp(x->item->path, y->item->path);
}

bool restore_config_plan(ConfigRead *config, const GPtrArray *items, GPtrArray **placements,
			 GError **error)
{
	const CollectIndex *index = config_read_index(config);
	g_autoptr(GPtrArray) planned = g_ptr_array_new_with_free_func(g_free);
	/* Two collectors may have taken the same file. */
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	const GPtrArray *wanted = items ? items : index->items;

	for (guint i = 0; i < wanted->len; i++) {
		const struct collect_item *item = wanted->pdata[i];
		struct config_placement *placement;

		if (!item->in_place || !g_hash_table_add(seen, item->source))
			continue;
		placement = g_new0(struct config_placement, 1);
		placement->item = item;
		g_ptr_array_add(planned, placement);
		if (!judge(config, item, &placement->change, error))
			return false;
	}
	g_ptr_array_sort_with_data(planned, by_order, (gpointer)index);
	*placements = g_steal_pointer(&planned);
	return true;
}

/* A second name for what is there, which then is replaced. An older one goes. */
static bool keep_before(const char *path, GError **error)
{
	g_autofree char *before = g_strconcat(path, RESTORE_CONFIG_BEFORE, NULL);

	if (unlink(before) < 0 && errno != ENOENT)
		return odr_fail_errno(error, errno, "cannot remove '%s'", before);
	if (linkat(AT_FDCWD, path, AT_FDCWD, before, 0) < 0)
		return odr_fail_errno(error, errno, "cannot keep '%s' as '%s'", path, before);
	return true;
}

static bool place(const struct writing *writing, const struct config_placement *placement,
		  GError **error)
{
	const struct collect_item *item = placement->item;
	g_autofree char *parent = g_path_get_dirname(item->source);

	if (placement->change == CONFIG_SAME)
		return true;
	if (placement->change == CONFIG_MASKED) {
		g_ptr_array_add(writing->result->notes,
				g_strdup_printf("'%s' was left alone: its secrets were masked",
						item->source));
		return true;
	}
	if (placement->change == CONFIG_NEW && !file_make_dirs(parent, 0755, error))
		return false;
	if (placement->change == CONFIG_REPLACE && !keep_before(item->source, error))
		return false;
	return put_item(writing, item, item->source, error) && file_sync_dir(parent, error);
}

bool restore_config_in_place(ConfigRead *config, const GPtrArray *placements,
			     struct restore_config_result *result, GError **error)
{
	struct writing writing;
	bool done = true;

	writing_init(&writing, config, result);
	for (guint i = 0; done && i < placements->len; i++)
		done = stop_check(error) && place(&writing, placements->pdata[i], error);
	writing_clear(&writing);
	return done || odr_context(error, "cannot put the configuration in place");
}
