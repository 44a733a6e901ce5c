/* Other programs, and what they print. */
#include "collect/collector.h"

#include "base/error.h"
#include "base/process.h"

#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STDERR_MAX    ((size_t)64 << 10)
#define MESSAGE_SHOWN 300
#define DEFAULT_PATH  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

bool tool_exists(const char *program)
{
	g_autofree char *found = g_find_program_in_path(program);

	return found != NULL;
}

/*
 * What belongs to another user may do whatever that user wants: the hooks and filters of a checkout, the
 * interpreter of a virtual environment. Root runs it as that user.
 */
static bool owner_of(const struct collection *collection, const struct tool *tool,
		     struct stat *status)
{
	g_autofree char *program = g_find_program_in_path(tool->argv[0]);
	g_autofree char *path = tool->owned_by ? collection_path(collection, tool->owned_by)
					       : g_steal_pointer(&program);

	return geteuid() == 0 && path && stat(path, status) == 0 && status->st_uid != 0;
}

static char *home_of(uid_t uid)
{
	struct passwd entry, *found = NULL;
	char buffer[4096];

	getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found);
	return g_strdup(found ? found->pw_dir : "/");
}

/* What is run, and as whom. */
struct vector {
	GPtrArray *argv;	/* const char *, owned where made here */
	GPtrArray *environment; /* char * */
};

static void vector_clear(struct vector *vector)
{
	g_ptr_array_unref(vector->argv);
	g_ptr_array_unref(vector->environment);
}

static void add_number(GPtrArray *argv, const char *option, unsigned number)
{
	g_ptr_array_add(argv, g_strdup_printf("%s=%u", option, number));
}

static void vector_init(struct vector *vector, const struct collection *collection,
			const struct tool *tool)
{
	const char *path = g_getenv("PATH");
	struct stat owner;
	bool other = owner_of(collection, tool, &owner);
	g_autofree char *home = home_of(other ? owner.st_uid : geteuid());

	vector->argv = g_ptr_array_new_with_free_func(g_free);
	vector->environment = g_ptr_array_new_with_free_func(g_free);
	if (other) {
		g_ptr_array_add(vector->argv, g_strdup("setpriv"));
		add_number(vector->argv, "--reuid", owner.st_uid);
		add_number(vector->argv, "--regid", owner.st_gid);
		g_ptr_array_add(vector->argv, g_strdup("--clear-groups"));
		g_ptr_array_add(vector->argv, g_strdup("--no-new-privs"));
		g_ptr_array_add(vector->argv, g_strdup("--"));
	}
	for (const char *const *word = tool->argv; *word; word++)
		g_ptr_array_add(vector->argv, g_strdup(*word));
	g_ptr_array_add(vector->argv, NULL);
	g_ptr_array_add(vector->environment,
			g_strconcat("PATH=", path ? path : DEFAULT_PATH, NULL));
	g_ptr_array_add(vector->environment, g_strconcat("HOME=", home, NULL));
	g_ptr_array_add(vector->environment, g_strdup("LC_ALL=C.UTF-8"));
	g_ptr_array_add(vector->environment, g_strdup("PAGER=cat"));
	g_ptr_array_add(vector->environment, g_strdup("GIT_TERMINAL_PROMPT=0"));
	g_ptr_array_add(vector->environment, g_strdup("GIT_OPTIONAL_LOCKS=0"));
	g_ptr_array_add(vector->environment, NULL);
}

/* "Run 'docker --help' for more information": behind what it is about. */
static bool points_to_help(const char *line)
{
	return (g_str_has_prefix(line, "Run '") || g_str_has_prefix(line, "See '") ||
		g_str_has_prefix(line, "Try '")) &&
	       (strstr(line, "--help") || strstr(line, " help"));
}

/* The line that tells why a program ended: one that says so, else the last that tells anything. */
static const char *telling_line(char **lines)
{
	const char *last = "";

	for (char **line = lines; *line; line++) {
		if (g_str_has_prefix(*line, "fatal:") || g_str_has_prefix(*line, "error:"))
			return *line;
		if (*g_strstrip(*line) && !points_to_help(*line))
			last = *line;
	}
	return last;
}

static char *last_words(const struct collection *collection, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_auto(GStrv) lines = g_strsplit(valid, "\n", -1);
	g_autofree char *line = g_strdup(telling_line(lines));
	char *masked;

	if (strlen(line) > MESSAGE_SHOWN)
		*g_utf8_find_prev_char(line, line + MESSAGE_SHOWN) = '\0';
	masked = mask_forms(&collection->mask, line, strlen(line), NULL);
	return masked ? masked : g_steal_pointer(&line);
}

static bool judge(struct collection *collection, const struct tool *tool,
		  const struct process_result *result, GError **error)
{
	g_autofree char *words = last_words(collection, result->err);

	if (result->status == 0)
		return true;
	if (result->timed_out) {
		g_autofree char *time = duration_format(collection->settings->timeout);

		return odr_fail(error, ODR_ERROR_FAILED,
				"'%s' was not finished after %s: raise timeout= of the collector",
				tool->argv[0], time);
	}
	return odr_fail(error, ODR_ERROR_FAILED, "'%s' ended with status %d%s%s", tool->argv[0],
			result->status, *words ? ": " : "", words);
}

static bool run(struct collection *collection, const struct tool *tool,
		struct process_request *request, GError **error)
{
	struct process_result result = {0};
	struct vector vector;
	bool done;

	if (!tool_exists(tool->argv[0]))
		return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no program '%s'",
				tool->argv[0]);
	vector_init(&vector, collection, tool);
	request->argv = (const char *const *)vector.argv->pdata;
	request->environment = (const char *const *)vector.environment->pdata;
	request->directory = tool->directory ? tool->directory : "/";
	request->limit = STDERR_MAX;
	request->timeout_us = collection->settings->timeout;
	done = process_run(request, &result, error) && judge(collection, tool, &result, error);
	process_result_clear(&result);
	vector_clear(&vector);
	return done;
}

/* Text in memory, up to the limit of an item. */
struct printed {
	const char *program;
	GString *text;
	uint64_t limit;
};

static bool take_text(void *data, const void *bytes, size_t size, GError **error)
{
	struct printed *printed = data;

	if (size > printed->limit - printed->text->len) {
		g_autofree char *most = size_format(printed->limit);

		return odr_fail(error, ODR_ERROR_NO_SPACE,
				"'%s' prints more than %s: raise limit= of the collector",
				printed->program, most);
	}
	g_string_append_len(printed->text, bytes, (gssize)size);
	return true;
}

/* The whole output, in *text also where a NUL is in it. */
static bool run_for_text(struct collection *collection, const struct tool *tool, GString *text,
			 GError **error)
{
	struct printed printed = {
		.program = tool->argv[0], .text = text, .limit = collection->settings->limit};

	return run(collection, tool,
		   &(struct process_request){.output = take_text, .output_data = &printed}, error);
}

bool tool_text(struct collection *collection, const struct tool *tool, char **text, GError **error)
{
	g_autoptr(GString) printed = g_string_new(NULL);

	if (!run_for_text(collection, tool, printed, error))
		return false;
	*text = g_string_free(g_steal_pointer(&printed), false);
	return true;
}

bool tool_item(struct collection *collection, const struct tool *tool,
	       const struct collection_item *item, GError **error)
{
	g_autoptr(GString) printed = g_string_new(NULL);

	return run_for_text(collection, tool, printed, error) &&
	       collection_text(collection, item, printed->str, printed->len, error);
}

static bool take_stream(void *data, const void *bytes, size_t size, GError **error)
{
	return collection_write(data, bytes, size, error);
}

bool tool_stream(struct collection *collection, const struct tool *tool,
		 const struct collection_item *item, GError **error)
{
	if (!collection_begin(collection, item, error))
		return false;
	if (run(collection, tool,
		&(struct process_request){.output = take_stream, .output_data = collection}, error))
		return collection_end(collection, error);
	collection_drop(collection);
	return false;
}
