#include "ops/config/code.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FACTS_MAX     ((uint64_t)1 << 20)
#define FACTS	      "repository.json"
#define ARGUMENTS_MAX 24

/* ---- which items are code ------------------------------------------------------------------------ */

static const struct collect_report *report_of(const CollectIndex *index,
					      const struct collect_item *item)
{
	for (guint i = 0; i < index->reports->len; i++) {
		const struct collect_report *report = index->reports->pdata[i];

		if (strcmp(report->name, item->collector) == 0)
			return report;
	}
	return NULL;
}

/* The path on its host of what an item is of: collector/KIND/path/SUFFIX; NULL: it is none of these. g_free. */
static char *top_of(const CollectIndex *index, const struct collect_item *item, const char *kind,
		    const char *suffix)
{
	const struct collect_report *report = report_of(index, item);
	const char *below = item->path + strlen(item->collector);

	if (!report || item->form == COLLECT_FORM_LINK ||
	    (strcmp(report->type, "addons") != 0 && strcmp(report->type, "git") != 0) ||
	    !g_str_has_prefix(below, kind) || !g_str_has_suffix(below, suffix) ||
	    strlen(below) <= strlen(kind) + strlen(suffix))
		return NULL;
	below += strlen(kind);
	return g_strndup(below, strlen(below) - strlen(suffix));
}

static char *checkout_of(const CollectIndex *index, const struct collect_item *item)
{
	return top_of(index, item, "/git", "/" FACTS);
}

static char *folder_of(const CollectIndex *index, const struct collect_item *item)
{
	return top_of(index, item, "/tar", ".tar");
}

bool config_code_captured(const CollectIndex *index)
{
	for (guint i = 0; i < index->items->len; i++) {
		g_autofree char *checkout = checkout_of(index, index->items->pdata[i]);
		g_autofree char *folder = folder_of(index, index->items->pdata[i]);

		if (checkout || folder)
			return true;
	}
	return false;
}

/* ---- one of them --------------------------------------------------------------------------------- */

struct putting {
	const struct config_code_request *request;
	struct config_code *code;
	char *git, *tar; /* programs; NULL: there is none */
	char *content;	 /* file that an item's content is put into, for a program to read */
};

static bool write_content(const struct putting *putting, const struct collect_item *item,
			  GError **error)
{
	int fd =
		open(putting->content, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool done;

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot create '%s'", putting->content);
	done = config_read_file(putting->request->config, item, fd, error);
	close(fd);
	return done;
}

static char *place_of(const struct putting *putting, const char *top)
{
	return g_build_filename(putting->request->folder, top, NULL);
}

/* Code that was put there before may have links, which nothing may be put through. */
static bool check_links(const struct putting *putting, const char *top, GError **error)
{
	for (const char *end = top; *end;) {
		struct stat status;

		end += 1 + strcspn(end + 1, "/");
		g_autofree char *part = g_strndup(top, (gsize)(end - top));
		g_autofree char *path = place_of(putting, part);

		if (lstat(path, &status) == 0 && !S_ISDIR(status.st_mode))
			return odr_fail(error, ODR_ERROR_REFUSED,
					"'%s' is no folder in the captured code", part);
	}
	return true;
}

static bool run(const struct putting *putting, const char *const *argv, GError **error)
{
	return putting->request->run(putting->request->run_data, argv, error);
}

/* Nothing of the repository's own is run. The words end with NULL. */
static bool run_git(const struct putting *putting, const char *place, const char *const *words,
		    GError **error)
{
	const char *argv[ARGUMENTS_MAX] = {putting->git,
					   "-C",
					   place,
					   "-c",
					   "core.hooksPath=/dev/null",
					   "-c",
					   "core.fsmonitor=false",
					   "-c",
					   "safe.directory=*",
					   "-c",
					   "gc.auto=0"};
	size_t count = 11;

	while (*words && count < ARGUMENTS_MAX - 1)
		argv[count++] = *words++;
	argv[count] = NULL;
	return run(putting, argv, error);
}

static bool unpack(const struct putting *putting, const struct collect_item *item,
		   const char *place, GError **error)
{
	const char *const argv[] = {
		putting->tar, "-x", "--no-same-owner", "-f", putting->content, "-C", place, NULL};

	if (!putting->tar)
		return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no program 'tar' here");
	return write_content(putting, item, error) && run(putting, argv, error);
}

/* An archive of a folder has the folder's own name in front. */
static bool put_folder(const struct putting *putting, const struct collect_item *item,
		       const char *top, GError **error)
{
	g_autofree char *place = place_of(putting, top);
	g_autofree char *above = g_path_get_dirname(place);

	return file_make_dirs(above, 0700, error) && unpack(putting, item, above, error);
}

/* ---- a checkout ---------------------------------------------------------------------------------- */

static const struct collect_item *beside(const struct putting *putting,
					 const struct collect_item *facts, const char *name)
{
	g_autofree char *folder = g_path_get_dirname(facts->path);
	g_autofree char *path = g_build_filename(folder, name, NULL);

	return collect_index_item(config_read_index(putting->request->config), path);
}

static bool read_facts(const struct putting *putting, const struct collect_item *item,
		       json_t **facts, GError **error)
{
	g_autoptr(GBytes) content = NULL;
	gsize size;

	if (!config_read_item(putting->request->config, item, FACTS_MAX, &content, error))
		return false;
	const char *text = g_bytes_get_data(content, &size);

	return json_parse(text, size, item->path, facts, error);
}

static bool is_revision(const char *text)
{
	size_t size = text ? strlen(text) : 0;

	return (size == 40 || size == 64) && strspn(text, "0123456789abcdef") == size;
}

/* Without a whole history there is no revision to check out. */
static bool check_history(const struct collect_item *bundle, json_t *facts, GError **error)
{
	const char *history = json_string_value(json_object_get(facts, "history"));
	const char *head = json_string_value(json_object_get(facts, "head"));
	g_autofree char *remotes = g_strdup(json_string_value(json_object_get(facts, "remotes")));

	if (!is_revision(head))
		return odr_fail(error, ODR_ERROR_CORRUPT, "its revision is not known");
	if (bundle && g_strcmp0(history, "all") == 0)
		return true;
	return odr_fail(error, ODR_ERROR_NOT_FOUND,
			"its history was captured without what its remote has (%s), which has "
			"revision %s; set history=all in its collector",
			remotes && *remotes ? g_strdelimit(remotes, "\n\t", ' ') : "none", head);
}

static bool check_out(const struct putting *putting, const struct collect_item *bundle,
		      const char *place, const char *head, GError **error)
{
	const char *const init[] = {"init", "-q", NULL};
	const char *const fetch[] = {"fetch",
				     "-q",
				     "--no-tags",
				     putting->content,
				     "+refs/*:refs/captured/*",
				     "+HEAD:refs/captured-head",
				     NULL};
	const char *const checkout[] = {"checkout", "-q", "--detach", head, NULL};

	return write_content(putting, bundle, error) && run_git(putting, place, init, error) &&
	       run_git(putting, place, fetch, error) && run_git(putting, place, checkout, error);
}

static bool apply_changes(const struct putting *putting, const struct collect_item *changes,
			  const char *place, GError **error)
{
	const char *const apply[] = {"apply", "--whitespace=nowarn", putting->content, NULL};

	return write_content(putting, changes, error) && run_git(putting, place, apply, error);
}

static bool put_checkout(const struct putting *putting, const struct collect_item *item,
			 const char *top, GError **error)
{
	const struct collect_item *bundle = beside(putting, item, "history.bundle");
	const struct collect_item *changes = beside(putting, item, "changes.diff");
	const struct collect_item *untracked = beside(putting, item, "untracked.tar");
	g_autofree char *place = place_of(putting, top);
	g_autofree char *history = g_build_filename(place, ".git", NULL);
	g_autoptr(JsonValue) facts = NULL;

	if (!putting->git)
		return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no program 'git' here");
	if (!read_facts(putting, item, &facts, error) || !check_history(bundle, facts, error))
		return false;

	const char *head = json_string_value(json_object_get(facts, "head"));

	return file_make_dirs(place, 0700, error) &&
	       check_out(putting, bundle, place, head, error) &&
	       (!changes || apply_changes(putting, changes, place, error)) &&
	       (!untracked || unpack(putting, untracked, place, error)) &&
	       file_remove_tree(history, error);
}

/* ---- all of them --------------------------------------------------------------------------------- */

static void free_gap(void *data)
{
	struct config_gap *gap = data;

	g_free(gap->top);
	g_free(gap->why);
	g_free(gap);
}

static void add_gap(struct config_code *code, const char *top, const char *why)
{
	struct config_gap *gap = g_new0(struct config_gap, 1);

	*gap = (struct config_gap){.top = g_strdup(top), .why = g_strdup(why)};
	g_ptr_array_add(code->gaps, gap);
}

/* False only where nothing else would go better. */
static bool put_item(const struct putting *putting, const struct collect_item *item, GError **error)
{
	const CollectIndex *index = config_read_index(putting->request->config);
	g_autofree char *checkout = checkout_of(index, item);
	g_autofree char *folder = checkout ? NULL : folder_of(index, item);
	const char *top = checkout ? checkout : folder;
	g_autoptr(GError) trouble = NULL;

	if (!top)
		return true;
	if (check_links(putting, top, &trouble) &&
	    (checkout ? put_checkout(putting, item, top, &trouble)
		      : put_folder(putting, item, top, &trouble))) {
		g_ptr_array_add(putting->code->tops, g_strdup(top));
		return true;
	}
	if (odr_error_is(trouble, ODR_ERROR_STOPPED) || odr_error_is(trouble, ODR_ERROR_NO_SPACE)) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	add_gap(putting->code, top, trouble->message);
	return true;
}

/* An outer one comes before one within it: items are sorted by their path. */
static bool put_all(const struct putting *putting, GError **error)
{
	const CollectIndex *index = config_read_index(putting->request->config);

	for (guint i = 0; i < index->items->len; i++)
		if (!put_item(putting, index->items->pdata[i], error))
			return false;
	return true;
}

bool config_code_put(const struct config_code_request *request, struct config_code *code,
		     GError **error)
{
	struct putting putting = {.request = request,
				  .code = code,
				  .git = g_find_program_in_path("git"),
				  .tar = g_find_program_in_path("tar"),
				  .content = g_strconcat(request->folder, ".content", NULL)};
	bool done;

	*code = (struct config_code){.tops = g_ptr_array_new_with_free_func(g_free),
				     .gaps = g_ptr_array_new_with_free_func(free_gap)};
	done = file_make_dirs(request->folder, 0700, error) && put_all(&putting, error);
	unlink(putting.content);
	g_free(putting.git);
	g_free(putting.tar);
	g_free(putting.content);
	return done ||
	       odr_context(error, "cannot put the captured code into '%s'", request->folder);
}

void config_code_clear(struct config_code *code)
{
	g_clear_pointer(&code->tops, g_ptr_array_unref);
	g_clear_pointer(&code->gaps, g_ptr_array_unref);
}

static bool lies_in(const char *path, const char *top)
{
	size_t size = strlen(top);

	return strncmp(path, top, size) == 0 && (!path[size] || path[size] == '/');
}

const char *config_code_gap(const struct config_code *code, const char *path)
{
	for (guint i = 0; i < code->gaps->len; i++) {
		const struct config_gap *gap = code->gaps->pdata[i];

		if (lies_in(path, gap->top))
			return gap->why;
	}
	return NULL;
}
