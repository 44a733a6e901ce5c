#include "ops/filestore/steps.h"

#include "base/error.h"
#include "base/stop.h"
#include "odoo/expected.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_MAX  2000 /* that the set lists; more are counted */
#define ALARMS_MAX 20	/* that are told one by one when they are new */

/* What the rows of one database name, and its folder does not have, or not in that size. */
struct comparing {
	struct filestore_capture *capture;
	const struct filestore_tree *tree;
	int folder;
	GPtrArray *wrong; /* struct wrong */
	uint64_t count;	  /* of them, and of those beyond NAMES_MAX */
};
struct wrong {
	char *name, *model;
	const char *what;
	uint64_t rows;
	int64_t first_id;
	bool regenerable;
};

static void wrong_free(void *data)
{
	struct wrong *wrong = data;

	g_free(wrong->name);
	g_free(wrong->model);
	g_free(wrong);
}

/* NULL: it is as the database says. What cannot be looked at is told by the capture of the files. */
static const char *trouble_with(const struct comparing *comparing, const struct expected_file *file)
{
	struct stat status;

	if (!file->valid)
		return NULL;
	if (fstatat(comparing->folder, file->name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT || errno == ENOTDIR ? "missing" : NULL;
	if (!S_ISREG(status.st_mode))
		return "no file";
	return file->size >= 0 && status.st_size != file->size ? "of another size" : NULL;
}

static bool compare(void *data, const struct expected_file *file, GError **error)
{
	struct comparing *comparing = data;
	const char *what = trouble_with(comparing, file);
	struct wrong *wrong;

	if (!what)
		return stop_check(error);
	comparing->count++;
	if (comparing->wrong->len >= NAMES_MAX)
		return stop_check(error);
	wrong = g_new0(struct wrong, 1);
	wrong->name = g_strdup(file->name);
	wrong->model = g_utf8_make_valid(file->model, -1);
	wrong->what = what;
	wrong->rows = file->rows;
	wrong->first_id = file->first_id;
	wrong->regenerable = file->regenerable;
	g_ptr_array_add(comparing->wrong, wrong);
	return true;
}

/* Since the rows were read, a row may have gone, and its file after it. Names that are valid need no quoting. */
static bool still_named(Session *session, const struct wrong *wrong, bool *named, GError **error)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT EXISTS (SELECT FROM public.ir_attachment WHERE store_fname = '%s')",
		wrong->name);
	g_autofree char *value = NULL;

	if (!session_value(session, sql, &value, error))
		return false;
	*named = g_strcmp0(value, "t") == 0;
	return true;
}

static bool ask_again(struct comparing *comparing, Session *session, GError **error)
{
	for (guint i = comparing->wrong->len; i > 0; i--) {
		bool named = false;

		if (!still_named(session, comparing->wrong->pdata[i - 1], &named, error))
			return false;
		if (named)
			continue;
		g_ptr_array_remove_index(comparing->wrong, i - 1);
		comparing->count--;
	}
	return true;
}

static bool is_known(json_t *before, const struct wrong *wrong)
{
	return g_strcmp0(json_string_value(json_object_get(before, wrong->name)), wrong->what) == 0;
}

static void tell(const struct comparing *comparing, json_t *before)
{
	const struct filestore_capture *capture = comparing->capture;
	unsigned told = 0;

	for (guint i = 0; i < comparing->wrong->len && told < ALARMS_MAX; i++) {
		const struct wrong *wrong = comparing->wrong->pdata[i];
		g_autofree char *rows = count_format(wrong->rows, "row");

		if (wrong->regenerable || is_known(before, wrong))
			continue;

		g_autofree char *path = filestore_path(comparing->tree, wrong->name);

		damage_add(capture->alarms, path,
			   "it is %s, and named by %s of database '%s', the first with id "
			   "%" G_GINT64_FORMAT "%s%s",
			   wrong->what, rows, comparing->tree->name, wrong->first_id,
			   wrong->model[0] ? " for " : "", wrong->model);
		told++;
	}
	if (comparing->count > 0)
		backup_note(
			capture->part.backup,
			"database '%s' names %" G_GUINT64_FORMAT
			" files that are missing in '%s', or have another size: look for them in "
			"older sets, as long as these are kept",
			comparing->tree->name, comparing->count, comparing->tree->path);
}

/* The set says what was so at its source: what a recovery finds besides is new. */
static void note(const struct comparing *comparing)
{
	json_t *facts = filestore_facts(comparing->capture, comparing->tree->name);
	json_t *names = json_object();

	tell(comparing, json_object_get(facts, "wrong"));
	for (guint i = 0; i < comparing->wrong->len; i++) {
		const struct wrong *wrong = comparing->wrong->pdata[i];

		json_set_string(names, wrong->name, wrong->what);
	}
	json_set(facts, "wrong", names);
	json_set_int(facts, "wrong_files", (int64_t)comparing->count);
}

bool filestore_rows_judge(struct filestore_capture *capture, const struct filestore_tree *tree,
			  GError **error)
{
	struct comparing comparing = {
		.capture = capture,
		.tree = tree,
		.folder = open(tree->path, O_PATH | O_DIRECTORY | O_CLOEXEC),
		.wrong = g_ptr_array_new_with_free_func(wrong_free),
	};
	g_autoptr(Session) session = NULL;
	bool done = comparing.folder >= 0 ||
		    odr_fail_errno(error, errno, "cannot open '%s'", tree->path);

	if (done)
		session = session_open_database(capture->settings->conninfo, tree->name,
						capture->part.backup->request->run_id, error);
	done = session && expected_files(session, compare, &comparing, error) &&
	       ask_again(&comparing, session, error);
	if (done)
		note(&comparing);
	if (comparing.folder >= 0)
		close(comparing.folder);
	g_ptr_array_unref(comparing.wrong);
	return done || odr_context(error, "cannot compare the files of database '%s'", tree->name);
}
