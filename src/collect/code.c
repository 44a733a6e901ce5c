/* Code: checkouts of git, and folders that are none. */
#include "collect/code.h"

#include "base/error.h"
#include "base/text.h"
#include "stream/tar.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define ARGUMENTS_MAX 24
#define DEPTH_MAX     64
#define UNTRACKED_MAX 20000

static const char *const history_names[] = {[CODE_HISTORY_AUTO] = "auto",
					    [CODE_HISTORY_ALL] = "all",
					    [CODE_HISTORY_UNPUSHED] = "unpushed",
					    [CODE_HISTORY_NONE] = "none"};

bool code_history_parse(const char *text, enum code_history *history)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(history_names); i++) {
		if (strcmp(history_names[i], text) != 0)
			continue;
		*history = i;
		return true;
	}
	return false;
}

char *code_checkout_of(const struct collection *collection, const char *folder)
{
	g_autofree char *at = g_canonicalize_filename(folder, "/");

	while (strcmp(at, "/") != 0) {
		g_autofree char *git = g_build_filename(at, ".git", NULL);
		char *above;

		if (collection_path_exists(collection, git))
			return g_steal_pointer(&at);
		above = g_path_get_dirname(at);
		g_free(at);
		at = above;
	}
	return NULL;
}

/* ---- git ------------------------------------------------------------------------------------- */

/* Nothing of the repository's own is run, as far as git lets us say so; as root nothing is run as root. */
static const char *const git_before[] = {"git",
					 "-c",
					 "core.fsmonitor=false",
					 "-c",
					 "core.hooksPath=/dev/null",
					 "-c",
					 "core.quotePath=false",
					 "-c",
					 "color.ui=never",
					 "-c",
					 "pack.threads=1"}; /* the same bundle each time */

struct checkout {
	struct collection *collection;
	const char *top; /* as the host has it */
	char *real;	 /* where it is looked up */
	char *below;	 /* of its items: "git/srv/odoo/custom" */
	json_t *facts;
};

/* The argument vector of a git command; the words end with NULL. */
static void git_vector(const char *const *words, const char *argv[ARGUMENTS_MAX])
{
	size_t count = G_N_ELEMENTS(git_before);

	memcpy(argv, git_before, sizeof(git_before));
	while (*words && count < ARGUMENTS_MAX - 1)
		argv[count++] = *words++;
	argv[count] = NULL;
}

static bool git_text(const struct checkout *checkout, const char *const *words, char **text,
		     GError **error)
{
	const char *argv[ARGUMENTS_MAX];

	git_vector(words, argv);
	if (!tool_text(checkout->collection,
		       &(struct tool){.argv = argv,
				      .directory = checkout->real,
				      .owned_by = checkout->top},
		       text, error))
		return false;
	g_strchomp(*text);
	return true;
}

/* What may well not be there: a branch, an upstream, a tag. */
static void note_fact(const struct checkout *checkout, const char *name, const char *const *words)
{
	g_autofree char *text = NULL;

	if (git_text(checkout, words, &text, NULL) && text[0]) {
		g_autofree char *valid = g_utf8_make_valid(text, -1);
		g_autofree char *shown = collection_value(checkout->collection, "git", valid);

		json_set_string(checkout->facts, name, shown);
	}
}

static char *item_path(const struct checkout *checkout, const char *name)
{
	return g_strdup_printf("%s/%s", checkout->below, name);
}

/* An item that a git command prints; nothing where it prints nothing. */
static bool take_printed(struct checkout *checkout, const char *name, const char *hint,
			 const char *const *words, GError **error)
{
	g_autofree char *path = item_path(checkout, name);
	g_autofree char *line = g_strjoinv(" ", (char **)words);
	g_autofree char *source = g_strdup_printf("git %s in %s", line, checkout->top);
	const struct collection_item item = {path, source, hint};
	g_autofree char *text = NULL;

	if (!git_text(checkout, words, &text, error))
		return false;
	if (!text[0])
		return true;
	g_autofree char *whole = g_strconcat(text, "\n", NULL);

	return collection_text(checkout->collection, &item, whole, strlen(whole), error);
}

static bool take_changes(struct checkout *checkout, GError **error)
{
	static const char *const words[] = {"diff",	     "--binary", "--no-ext-diff",
					    "--no-textconv", "HEAD",	 NULL};
	static const char *const status[] = {"status", "--porcelain", NULL};
	g_autofree char *text = NULL;

	if (!git_text(checkout, status, &text, error))
		return false;
	json_set_bool(checkout->facts, "changed", text[0] != '\0');
	if (text[0])
		collection_note(checkout->collection, "%s has changes that are not committed",
				checkout->top);
	return take_printed(checkout, "changes.diff",
			    "git apply, on top of the revision of repository.json", words, error);
}

static bool write_archive(void *data, const void *bytes, size_t size, GError **error)
{
	return collection_write(data, bytes, size, error);
}

/* Files of the list, below the checkout, as an archive. */
static bool archive_files(struct checkout *checkout, char **names, GError **error)
{
	g_autoptr(TarWriter) tar = tar_writer_new(write_archive, checkout->collection);

	for (char **name = names; *name; name++) {
		g_autofree char *path = g_build_filename(checkout->real, *name, NULL);

		if (**name && !tar_writer_add(tar, *name, path, error))
			return false;
	}
	return tar_writer_finish(tar, error);
}

/* What git does not know: modules that somebody put there, and what .gitignore leaves out is left out. */
static bool take_untracked(struct checkout *checkout, GError **error)
{
	static const char *const words[] = {"ls-files", "--others", "--exclude-standard", NULL};
	struct collection *collection = checkout->collection;
	g_autofree char *path = item_path(checkout, "untracked.tar");
	g_autofree char *source =
		g_strdup_printf("files in %s that git does not know", checkout->top);
	g_autofree char *text = NULL;

	if (!git_text(checkout, words, &text, error))
		return false;
	g_auto(GStrv) names = g_strsplit(text, "\n", -1);
	guint count = text[0] ? g_strv_length(names) : 0;

	json_set_int(checkout->facts, "untracked", count);
	if (count == 0)
		return true;
	if (count > UNTRACKED_MAX)
		return odr_fail(error, ODR_ERROR_NO_SPACE,
				"%s has more than %d files that git does not know", checkout->top,
				UNTRACKED_MAX);
	if (!collection_begin(collection,
			      &(struct collection_item){path, source, "tar -x, in the checkout"},
			      error))
		return false;
	if (archive_files(checkout, names, error))
		return collection_end(collection, error);
	collection_drop(collection);
	return false;
}

/* ---- history --------------------------------------------------------------------------------- */

/* "size: 12" and "size-pack: 3400", in KiB. */
static uint64_t history_size(const char *counted)
{
	static const char *const names[] = {"\nsize: ", "\nsize-pack: "};
	g_autofree char *text = g_strconcat("\n", counted, NULL);
	uint64_t size = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *at = strstr(text, names[i]);

		if (at)
			size += g_ascii_strtoull(at + strlen(names[i]), NULL, 10) * 1024;
	}
	return size;
}

static bool says(const struct checkout *checkout, const char *const *words, const char *answer)
{
	g_autofree char *text = NULL;

	return git_text(checkout, words, &text, NULL) && strcmp(text, answer) == 0;
}

/* A shallow one has no whole history; a large one would be stored anew with every set. */
static bool choose_history(struct checkout *checkout, enum code_history *history, GError **error)
{
	static const char *const count[] = {"count-objects", "-v", NULL};
	static const char *const shallow[] = {"rev-parse", "--is-shallow-repository", NULL};
	const struct collect_settings *settings = checkout->collection->settings;
	g_autofree char *counted = NULL;

	*history = CODE_HISTORY_AUTO;
	if (settings->history && !code_history_parse(settings->history, history))
		g_assert_not_reached();
	if (*history == CODE_HISTORY_NONE || *history == CODE_HISTORY_UNPUSHED)
		return true;
	if (says(checkout, shallow, "true")) {
		collection_note(checkout->collection,
				"%s is a shallow clone: only what no remote has is taken of its "
				"history",
				checkout->top);
		*history = CODE_HISTORY_UNPUSHED;
		return true;
	}
	if (*history == CODE_HISTORY_ALL)
		return true;
	if (!git_text(checkout, count, &counted, error))
		return false;
	*history = history_size(counted) <= settings->limit / 2 ? CODE_HISTORY_ALL
								: CODE_HISTORY_UNPUSHED;
	return true;
}

static bool bundle(struct checkout *checkout, const char *const *words, const char *hint,
		   GError **error)
{
	g_autofree char *path = item_path(checkout, "history.bundle");
	g_autofree char *source = g_strdup_printf("git bundle in %s", checkout->top);
	const char *argv[ARGUMENTS_MAX];

	git_vector(words, argv);
	return tool_stream(checkout->collection,
			   &(struct tool){.argv = argv,
					  .directory = checkout->real,
					  .owned_by = checkout->top},
			   &(struct collection_item){path, source, hint}, error);
}

static bool take_history(struct checkout *checkout, GError **error)
{
	static const char *const all[] = {"bundle", "create", "-", "--all", "HEAD", NULL};
	static const char *const unpushed[] = {"bundle",     "create",	  "-",
					       "--branches", "--tags",	  "HEAD",
					       "--not",	     "--remotes", NULL};
	static const char *const count[] = {"rev-list", "--count", "--branches", "--tags",
					    "HEAD",	"--not",   "--remotes",	 NULL};
	enum code_history history;

	if (!choose_history(checkout, &history, error))
		return false;
	json_set_string(checkout->facts, "history", history_names[history]);
	if (history == CODE_HISTORY_NONE)
		return true;
	if (history == CODE_HISTORY_ALL)
		return bundle(checkout, all, "git clone history.bundle", error);
	/* An empty bundle is refused by git. */
	if (says(checkout, count, "0"))
		return true;
	return bundle(checkout, unpushed,
		      "git fetch history.bundle, in a clone of the remote of repository.json",
		      error);
}

/* ---- a checkout ------------------------------------------------------------------------------ */

static bool take_facts(struct checkout *checkout, GError **error)
{
	static const struct {
		const char *name;
		const char *words[6];
	} facts[] = {
		{"head", {"rev-parse", "HEAD"}},
		{"branch", {"symbolic-ref", "--short", "-q", "HEAD"}},
		{"describe", {"describe", "--tags", "--always"}},
		{"committed", {"log", "-1", "--format=%cI"}},
		{"remotes", {"remote", "-v"}},
		{"upstream", {"rev-parse", "--abbrev-ref", "@{upstream}"}},
		{"submodules", {"submodule", "status", "--recursive"}},
	};
	static const char *const head[] = {"rev-parse", "HEAD", NULL};
	g_autofree char *text = NULL;

	/* Refused or broken: say so, with git's own words. */
	if (!git_text(checkout, head, &text, error))
		return odr_context(error, "cannot look into the checkout %s", checkout->top);
	json_set_string(checkout->facts, "path", checkout->top);
	for (size_t i = 0; i < G_N_ELEMENTS(facts); i++)
		note_fact(checkout, facts[i].name, facts[i].words);
	return true;
}

static bool take_repository(struct checkout *checkout, GError **error)
{
	g_autofree char *path = item_path(checkout, "repository.json");

	return collection_table(
		checkout->collection,
		&(struct collection_item){path, checkout->top,
					  "clone the remote, or the bundle; check out head"},
		json_incref(checkout->facts), error);
}

bool code_take_checkout(struct collection *collection, const char *top, GError **error)
{
	struct checkout checkout = {.collection = collection,
				    .top = top,
				    .real = collection_path(collection, top),
				    .below = g_strconcat("git", top, NULL),
				    .facts = json_object()};
	bool done = take_facts(&checkout, error) && take_changes(&checkout, error) &&
		    take_untracked(&checkout, error) && take_history(&checkout, error) &&
		    take_repository(&checkout, error);

	g_free(checkout.real);
	g_free(checkout.below);
	json_decref(checkout.facts);
	return done;
}

/* ---- a folder -------------------------------------------------------------------------------- */

static bool is_compiled(const char *name)
{
	return strcmp(name, "__pycache__") == 0 || g_str_has_suffix(name, ".pyc") ||
	       strcmp(name, ".git") == 0 || strcmp(name, "node_modules") == 0;
}

static bool names_in(const char *folder, GPtrArray *names, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GDir) dir = g_dir_open(folder, 0, &cause);

	if (!dir)
		return odr_fail(error, ODR_ERROR_AUTH, "cannot read the folder '%s': %s", folder,
				cause->message);
	for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
		if (!is_compiled(name))
			g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, text_compare);
	return true;
}

static bool archive_tree(TarWriter *tar, const char *name, const char *path, unsigned depth,
			 GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	struct stat status;

	if (!tar_writer_add(tar, name, path, error))
		return false;
	if (lstat(path, &status) < 0 || !S_ISDIR(status.st_mode))
		return true;
	if (depth > DEPTH_MAX)
		return odr_fail(error, ODR_ERROR_SYSTEM, "'%s' lies too deep", path);
	if (!names_in(path, names, error))
		return false;
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *below = g_build_filename(path, names->pdata[i], NULL);
		g_autofree char *member = g_build_filename(name, names->pdata[i], NULL);

		if (!archive_tree(tar, member, below, depth + 1, error))
			return false;
	}
	return true;
}

bool code_take_folder(struct collection *collection, const char *folder, GError **error)
{
	g_autoptr(TarWriter) tar = tar_writer_new(write_archive, collection);
	g_autofree char *real = collection_path(collection, folder);
	g_autofree char *name = g_path_get_basename(folder);
	g_autofree char *path = g_strdup_printf("tar%s.tar", folder);
	const struct collection_item item = {path, folder, "tar -x, in the folder above"};

	if (!collection_begin(collection, &item, error))
		return false;
	if (archive_tree(tar, name, real, 0, error) && tar_writer_finish(tar, error))
		return collection_end(collection, error);
	collection_drop(collection);
	return false;
}
