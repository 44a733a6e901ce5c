/* The file: a line "<repository>\t<name>\t<hidden or replaced>\t<microseconds>\t<what>" for each, with
 * backslashes as in C. */
#include "ops/archive/altered.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((size_t)1 << 20)
#define TAKEN	 ".taken"

enum { REPOSITORY, NAME, HOW, TIME, WHAT, FIELDS };

static void print(GString *text, const char *repository, const struct store_alteration *found)
{
	g_autofree char *what = g_strescape(found->what, NULL);

	g_string_append_printf(text, "%s\t%s\t%s\t%" G_GINT64_FORMAT "\t%s\n", repository,
			       found->name, found->hidden ? "hidden" : "replaced", found->found_at,
			       what);
}

/* At once: others append, too. Who finds so much that the file is full has been warned often enough. */
static bool append(const char *path, const GString *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat status;
	bool done;

	if (fd < 0)
		return false;
	done = fstat(fd, &status) == 0 && (size_t)status.st_size + text->len <= FILE_MAX &&
	       write(fd, text->str, text->len) == (ssize_t)text->len;
	close(fd);
	return done;
}

void archive_altered_keep(const char *state, Store *store)
{
	g_autoptr(GPtrArray) found = store_alterations_take(store);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *path = g_build_filename(state, ARCHIVE_ALTERED_FILE, NULL);

	for (guint i = 0; i < found->len; i++)
		print(text, store_name(store), found->pdata[i]);
	if (text->len > 0 && !append(path, text))
		log_debug("what was found altered is not kept in '%s'", path);
}

static void altered_free(void *data)
{
	struct archive_altered *altered = data;

	g_free(altered->repository);
	g_free(altered->found.name);
	g_free(altered->found.what);
	g_free(altered);
}

/* NULL: it is no such line. */
static struct archive_altered *parse(const char *line)
{
	g_auto(GStrv) fields = g_strsplit(line, "\t", FIELDS + 1);
	struct archive_altered *altered;
	guint64 time;

	if (g_strv_length(fields) != FIELDS || !store_name_valid(fields[NAME]) ||
	    !g_utf8_validate(fields[REPOSITORY], -1, NULL) ||
	    !g_ascii_string_to_unsigned(fields[TIME], 10, 1, G_MAXINT64, &time, NULL))
		return NULL;
	altered = g_new0(struct archive_altered, 1);
	altered->repository = g_strdup(fields[REPOSITORY]);
	altered->found.name = g_strdup(fields[NAME]);
	altered->found.hidden = strcmp(fields[HOW], "hidden") == 0;
	altered->found.found_at = (usec_t)time;
	altered->found.what = g_strcompress(fields[WHAT]);
	g_strdelimit(altered->found.what, "\n\r\t", ' ');
	return altered;
}

GPtrArray *archive_altered_take(const char *state)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(altered_free);
	g_autofree char *path = g_build_filename(state, ARCHIVE_ALTERED_FILE, NULL);
	g_autofree char *taken = g_strconcat(path, TAKEN, NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (rename(path, taken) != 0 || !file_read_text(taken, FILE_MAX, &text, NULL))
		return all;
	lines = g_strsplit(text, "\n", 0);
	for (char **line = lines; *line; line++) {
		struct archive_altered *altered = parse(*line);

		if (altered)
			g_ptr_array_add(all, altered);
	}
	unlink(taken);
	return all;
}
