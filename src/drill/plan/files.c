/* The files that a plan names: beside it, or shipped. */
#include "base/error.h"
#include "base/file.h"
#include "base/suggest.h"
#include "drill/plan/reading.h"
#include "drill/plan/sql_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUILTIN_FOLDER "builtin/"
#define LETTERS	       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/"

/* ---- names --------------------------------------------------------------------------------------- */

/* Below a folder, whatever it is; and as sha256sum prints it, without escapes. */
static bool is_below(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);

	if (!*path || strspn(path, LETTERS) != strlen(path))
		return false;
	for (char **part = parts; *part; part++)
		if (!**part || **part == '-' || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0)
			return false;
	return true;
}

char *plan_file_name(const char *text, const char *suffix, GError **error)
{
	const char *builtin = text + strlen(PLAN_BUILTIN_PREFIX);

	if (g_str_has_prefix(text, PLAN_BUILTIN_PREFIX)) {
		if (suffix && keyfile_name_valid(builtin))
			return g_strconcat(BUILTIN_FOLDER, builtin, suffix, NULL);
		if (suffix)
			odr_fail(error, ODR_ERROR_USAGE, "'%s' is no name of a shipped file",
				 builtin);
		else
			odr_fail(error, ODR_ERROR_USAGE,
				 "no file of this kind is shipped; name one of "
				 "your own");
		return NULL;
	}
	if (g_str_has_prefix(text, BUILTIN_FOLDER)) {
		odr_fail(error, ODR_ERROR_USAGE,
			 "'%s' would be taken for a shipped file; rename the folder", text);
		return NULL;
	}
	if (is_below(text))
		return g_strdup(text);
	odr_fail(error, ODR_ERROR_USAGE,
		 "'%s' is no file beside the plan; files are named relative to its folder, without "
		 "'..', with A-Z, a-z, 0-9, '.', '_', '-' and '/'",
		 text);
	return NULL;
}

/* ---- contents ------------------------------------------------------------------------------------ */

/* What it is to be read for, and where the plan names it. */
struct want {
	struct plan_reading *reading;
	const char *group, *key;
};

static bool fail_want(const struct want *want, GError *cause, GError **error)
{
	return plan_fail_with(want->reading, want->group, want->key, cause, error);
}

/* No part of the path is a link, so that none leads out. */
static bool read_below(const char *folder, const char *path, GBytes **content, GError **error)
{
	int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = directory < 0 ? -1
			       : file_open_beneath(directory, path,
						   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int number = errno;
	struct stat status;
	bool done = false;

	if (directory >= 0)
		close(directory);
	if (fd < 0 && (number == ELOOP || number == EXDEV))
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is, or is behind, a link; put the file there", path);
	if (fd < 0)
		return odr_fail_errno(error, number, "cannot open '%s/%s'", folder, path);
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		odr_fail(error, ODR_ERROR_USAGE, "'%s' is no ordinary file", path);
	} else if ((uint64_t)status.st_size > PLAN_FILE_MAX) {
		odr_fail(error, ODR_ERROR_USAGE, "'%s' is over %zu KiB long", path,
			 PLAN_FILE_MAX >> 10);
	} else {
		g_autofree char *buffer = g_malloc(PLAN_FILE_MAX + 1);
		ssize_t size = file_pread(fd, buffer, PLAN_FILE_MAX + 1, 0, error);

		done = size >= 0 &&
		       ((size_t)size <= PLAN_FILE_MAX ||
			odr_fail(error, ODR_ERROR_USAGE, "'%s' grows while it is read", path));
		if (done)
			*content = g_bytes_new(buffer, (gsize)size);
	}
	close(fd);
	return done;
}

static void add_file(DrillPlan *plan, const char *name, const char *path, GBytes *content)
{
	struct plan_file *file = g_new0(struct plan_file, 1);
	gsize size;
	const void *data = g_bytes_get_data(content, &size);
	g_autofree char *digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, size);

	file->name = g_strdup(name);
	file->path = g_strdup(path);
	file->content = content;
	g_strlcpy(file->sha256, digest, sizeof(file->sha256));
	g_ptr_array_add(plan->files, file);
}

static const char *place_of(const struct plan_reading *reading, const char *name,
			    const char **below)
{
	bool builtin = g_str_has_prefix(name, BUILTIN_FOLDER);

	*below = builtin ? name + strlen(BUILTIN_FOLDER) : name;
	return builtin ? reading->source->builtin : reading->folder;
}

/* A shipped file of that kind that was probably meant. */
static bool fail_missing(const struct want *want, const char *name, GError *cause, GError **error)
{
	const struct plan_reading *reading = want->reading;
	const char *below, *suffix = strrchr(name, '.');
	const char *folder = place_of(reading, name, &below);
	g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);
	g_autoptr(GPtrArray) known = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *typed = g_strndup(below, (gsize)(strrchr(below, '.') - below));

	if (folder != reading->source->builtin || !odr_error_is(cause, ODR_ERROR_NOT_FOUND) ||
	    !directory)
		return fail_want(want, cause, error);
	for (const char *entry; (entry = g_dir_read_name(directory));)
		if (g_str_has_suffix(entry, suffix))
			g_ptr_array_add(known, g_strndup(entry, strlen(entry) - strlen(suffix)));
	g_ptr_array_add(known, NULL);

	g_autofree char *near = suggest_phrase(typed, (const char *const *)known->pdata);

	return plan_fail(reading, want->group, want->key, error, "%s: there is no %s%s%s",
			 want->key, PLAN_BUILTIN_PREFIX, typed,
			 *near ? near : "; 'odrbackup drill list --checks' has them");
}

/* One file of one name, once. *file: it. */
static bool load(const struct want *want, const char *name, const struct plan_file **file,
		 GError **error)
{
	DrillPlan *plan = want->reading->plan;
	const char *below, *folder = place_of(want->reading, name, &below);
	g_autofree char *path = g_build_filename(folder, below, NULL);
	g_autoptr(GError) cause = NULL;
	GBytes *content = NULL;

	*file = drill_plan_file(plan, name);
	if (*file)
		return true;
	if (plan->files->len >= PLAN_FILES_MAX)
		return plan_fail(want->reading, want->group, want->key, error,
				 "a plan names %d files at most", PLAN_FILES_MAX);
	if (!read_below(folder, below, &content, &cause))
		return fail_missing(want, name, cause, error);
	add_file(plan, name, path, content);
	*file = plan->files->pdata[plan->files->len - 1];
	return true;
}

static bool check_sql(const struct want *want, const struct plan_file *file, enum sql_kind *kind,
		      GError **error)
{
	gsize size;
	const char *text = g_bytes_get_data(file->content, &size);
	g_autoptr(SqlFile) parsed = NULL;
	g_autoptr(GError) cause = NULL;

	if (!sql_file_parse(text ? text : "", size, &parsed, &cause))
		return plan_fail(want->reading, want->group, want->key, error, "%s: %s: %s",
				 want->key, file->path, cause->message);
	*kind = parsed->kind;
	return true;
}

/* With what stands in for it in single versions of Odoo. */
static bool load_sql(const struct want *want, const char *name, enum sql_kind *kind, GError **error)
{
	const struct plan_file *file;
	enum sql_kind other;

	if (!load(want, name, &file, error) || !check_sql(want, file, kind, error))
		return false;

	g_autofree char *folder = g_path_get_dirname(file->path);
	g_autofree char *base = g_path_get_basename(name);
	g_autofree char *stem = g_strndup(name, strlen(name) - strlen(base));
	g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);

	for (const char *entry; directory && (entry = g_dir_read_name(directory));) {
		g_autofree char *plain = NULL;
		g_autofree char *variant = g_strconcat(stem, entry, NULL);
		unsigned first, last;

		if (!sql_file_variant(entry, &plain, &first, &last) || strcmp(plain, base) != 0)
			continue;
		if (!load(want, variant, &file, error) || !check_sql(want, file, &other, error))
			return false;
		if (other != *kind)
			return plan_fail(want->reading, want->group, want->key, error,
					 "%s: %s is of kind %s, but its variant %s of kind %s",
					 want->key, name, sql_kind_name(*kind), entry,
					 sql_kind_name(other));
	}
	return true;
}

/* ---- what files have to be ----------------------------------------------------------------------- */

static bool judged_by_kind(enum sql_kind kind)
{
	return kind == SQL_ASSERT || kind == SQL_BASELINE || kind == SQL_ACTION ||
	       kind == SQL_FINGERPRINT;
}

static bool judged_by_tally(const struct plan_check *check, enum sql_kind kind)
{
	enum plan_expect_kind expect = check->expect.kind;

	if (expect == PLAN_EXPECT_KIND)
		return kind == SQL_ASSERT || kind == SQL_BASELINE || kind == SQL_ACTION;
	return expect == PLAN_EXPECT_ASSERT || expect == PLAN_EXPECT_BASELINE;
}

static bool lint_query(const struct want *want, const struct plan_check *check, enum sql_kind kind,
		       GError **error)
{
	enum plan_expect_kind expect = check->expect.kind;
	const struct plan_reading *reading = want->reading;

	if (kind == SQL_REPAIR)
		return plan_fail(reading, want->group, "sql", error,
				 "sql: '%s' writes, and is no check", check->sql);
	if (check->type == PLAN_CHECK_SQL && expect == PLAN_EXPECT_KIND && kind == SQL_PLAIN)
		return plan_fail(
			reading, want->group, "sql", error,
			"'%s' does not say of what kind it is; add expect=, or a first line "
			"'-- id: NAME kind: assert'",
			check->sql);
	if (check->type == PLAN_CHECK_SQL && expect == PLAN_EXPECT_KIND && check->gate &&
	    !judged_by_kind(kind))
		return plan_fail(
			reading, want->group, "gate", error,
			"'%s' is of kind %s, which is recorded and never judged; add expect=, "
			"or drop gate=true",
			check->sql, sql_kind_name(kind));
	if (check->allow_empty && !judged_by_tally(check, kind))
		return plan_fail(
			reading, want->group, "allow-empty", error,
			"allow-empty is for what is judged as assert, baseline or action; leave "
			"it out");
	return true;
}

/* Only what writes may have several statements. */
static bool lint_single(const struct want *want, const char *name, GError **error)
{
	const struct plan_file *file = drill_plan_file(want->reading->plan, name);
	gsize size;
	const char *data = g_bytes_get_data(file->content, &size);
	g_autofree char *text = g_strndup(data ? data : "", size);
	g_autoptr(GPtrArray) statements = sql_file_statements(text);

	return statements->len == 1 || plan_fail(want->reading, want->group, want->key, error,
						 "%s: '%s' has %u statements; a query is one",
						 want->key, name, statements->len);
}

static bool load_step_files(const struct want *want, const GPtrArray *steps, GError **error)
{
	for (guint i = 0; i < steps->len; i++) {
		const struct http_step *step = steps->pdata[i];

		for (guint k = 0; k < step->directives->len; k++) {
			struct http_directive *directive = step->directives->pdata[k];
			const char *suffix = http_directive_suffix(directive);
			const struct plan_file *file;
			enum sql_kind kind;
			g_autoptr(GError) cause = NULL;
			char *name;

			if (!suffix)
				continue;
			name = plan_file_name(directive->name, suffix, &cause);
			if (!name)
				return fail_want(want, cause, error);
			g_free(directive->name);
			directive->name = name;
			if (directive->kind == HTTP_EQUALS_SQL
				    ? !load_sql(want, name, &kind, error) ||
					      !lint_single(want, name, error)
				    : !load(want, name, &file, error))
				return false;
		}
	}
	return true;
}

/* A step a line; lines that begin with '#' are comments. */
static bool read_scenario(const struct want *want, struct plan_check *check, GError **error)
{
	const struct plan_file *file;
	g_autoptr(GHashTable) known = http_step_variables();

	if (!load(want, check->scenario, &file, error))
		return false;

	gsize size;
	const char *data = g_bytes_get_data(file->content, &size);
	g_autofree char *text = g_strndup(data ? data : "", size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (unsigned number = 1; lines[number - 1]; number++) {
		char *line = g_strstrip(lines[number - 1]);
		g_autoptr(GError) cause = NULL;
		HttpStep *step;

		if (!*line || *line == '#')
			continue;
		step = g_utf8_validate(line, -1, NULL) ? http_step_parse(line, known, &cause)
						       : NULL;
		if (!step)
			return plan_fail(want->reading, want->group, want->key, error, "%s:%u: %s",
					 file->path, number,
					 cause ? cause->message : "it is no UTF-8 text");
		step->number = check->steps->len + 1;
		g_ptr_array_add(check->steps, step);
	}
	return check->steps->len > 0 || plan_fail(want->reading, want->group, want->key, error,
						  "%s: '%s' has no step", want->key, file->path);
}

static bool load_check(struct plan_reading *reading, struct plan_check *check, GError **error)
{
	g_autofree char *group = g_strconcat("check ", check->name, NULL);
	struct want sql = {reading, group, "sql"}, rows = {reading, group, "file"},
		    scenario = {reading, group, "scenario"}, steps = {reading, group, "step-1"},
		    type = {reading, group, "type"};
	const struct plan_file *file;
	enum sql_kind kind;

	if (check->sql &&
	    (!load_sql(&sql, check->sql, &kind, error) || !lint_query(&sql, check, kind, error) ||
	     !lint_single(&sql, check->sql, error)))
		return false;
	if (check->file && !load(&rows, check->file, &file, error))
		return false;
	if (check->scenario && !read_scenario(&scenario, check, error))
		return false;
	if (check->steps &&
	    !load_step_files(check->scenario ? &scenario : &steps, check->steps, error))
		return false;
	if (check->type == PLAN_CHECK_NEUTRALIZED)
		return load_sql(&type, PLAN_SQL_NEUTRALIZED, &kind, error);
	if (check->type != PLAN_CHECK_ODOO_DATABASE)
		return true;
	return (!check->modules_settled || load_sql(&type, PLAN_SQL_MODULES, &kind, error)) &&
	       (!check->sequences || load_sql(&type, PLAN_SQL_SEQUENCES, &kind, error));
}

/* A script beside the plan, rather than a program of the system. */
static bool load_command(struct plan_reading *reading, const struct plan_check *check,
			 GError **error)
{
	g_autofree char *group = g_strconcat("check ", check->name, NULL);
	struct want want = {reading, group, "command"};
	const struct plan_file *file;
	g_autoptr(GError) cause = NULL;

	if (check->type != PLAN_CHECK_COMMAND || g_path_is_absolute(check->command[0]))
		return true;

	g_autofree char *name = plan_file_name(check->command[0], NULL, &cause);

	return name ? load(&want, name, &file, error) : fail_want(&want, cause, error);
}

static bool load_sqls(struct plan_reading *reading, GError **error)
{
	DrillPlan *plan = reading->plan;
	struct want files = {reading, "neutralize", "files"};
	const struct {
		struct want want;
		const char *name;
		bool used;
	} single[] = {
		{{reading, "requeue", "sql"},
		 plan->requeue.sql,
		 plan->requeue.mode != PLAN_REQUEUE_OFF},
		{{reading, "neutralize", "after"},
		 plan->neutralize.after,
		 plan->neutralize.mode != PLAN_NEUTRALIZE_NONE},
		{{reading, "odoo", "login"},
		 plan->odoo.login,
		 plan->odoo.given && plan->odoo.start},
	};
	enum sql_kind kind;

	for (size_t i = 0; i < G_N_ELEMENTS(single); i++)
		if (single[i].used && !load_sql(&single[i].want, single[i].name, &kind, error))
			return false;
	for (char **name = plan->neutralize.files; *name; name++)
		if (!load_sql(&files, *name, &kind, error))
			return false;
	for (guint i = 0; i < plan->controls->len; i++) {
		const struct plan_control *control = plan->controls->pdata[i];
		g_autofree char *group = g_strconcat("control ", control->name, NULL);
		struct want want = {reading, group, "sql"};

		if (!load_sql(&want, control->sql, &kind, error))
			return false;
	}
	return true;
}

static bool load_all(struct plan_reading *reading, GError **error)
{
	DrillPlan *plan = reading->plan;
	struct want configuration = {reading, "odoo", "configuration"};
	const struct plan_file *file;

	if (plan->odoo.configuration &&
	    !load(&configuration, plan->odoo.configuration, &file, error))
		return false;
	for (guint i = 0; i < plan->checks->len; i++)
		if (!load_check(reading, plan->checks->pdata[i], error) ||
		    !load_command(reading, plan->checks->pdata[i], error))
			return false;
	return load_sqls(reading, error);
}

static int by_name(const void *a, const void *b)
{
	const struct plan_file *const *first = a, *const *second = b;

	return strcmp((*first)->name, (*second)->name);
}

bool plan_load_files(struct plan_reading *reading, const char *text, size_t size, GError **error)
{
	DrillPlan *plan = reading->plan;
	g_autofree char *own = g_strconcat(plan->name, PLAN_SUFFIX, NULL);

	add_file(plan, own, plan->path, g_bytes_new(text, size));
	if (plan->kind != PLAN_VERIFY && !load_all(reading, error))
		return false;
	g_ptr_array_sort(plan->files, by_name);

	g_autofree char *digests = drill_plan_digests(plan);
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, digests, -1);

	g_strlcpy(plan->hash, hash, sizeof(plan->hash));
	return true;
}

char *drill_plan_digests(const DrillPlan *plan)
{
	GString *lines = g_string_new(NULL);

	for (guint i = 0; i < plan->files->len; i++) {
		const struct plan_file *file = plan->files->pdata[i];

		g_string_append_printf(lines, "%s  %s\n", file->sha256, file->name);
	}
	return g_string_free(lines, false);
}
