#include "base/hide.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Of proc(5), /proc/net/unix: the path is the eighth field of a line, and may have blanks. */
#define FIELDS_BEFORE_PATH 7

static const char *const usual[] = {"/run", "/var/run", "/tmp", "/var/tmp"};

bool path_is_within(const char *path, const char *folder)
{
	size_t size = strlen(folder);

	return strncmp(path, folder, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

/* NULL: none, one without a name, or one of the abstract names, which are of a network namespace. */
static const char *path_in(const char *line)
{
	for (int field = 0; field < FIELDS_BEFORE_PATH; field++) {
		line += strspn(line, " ");
		line += strcspn(line, " ");
	}
	line += strspn(line, " ");
	return *line == '/' ? line : NULL;
}

static void add_bound(const char *list, GPtrArray *paths)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(list, &text, NULL, NULL))
		return;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		const char *path = path_in(*line);
		struct stat status;

		/* A connection that a server took has the name of the server's own. */
		if (path && lstat(path, &status) == 0 && S_ISSOCK(status.st_mode) &&
		    !g_ptr_array_find_with_equal_func(paths, path, g_str_equal, NULL))
			g_ptr_array_add(paths, g_strdup(path));
	}
}

GPtrArray *sockets_in_sight(const char *const *elsewhere)
{
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

	for (; elsewhere && *elsewhere; elsewhere++)
		g_ptr_array_add(paths, g_strdup(*elsewhere));
	add_bound("/proc/net/unix", paths);
	add_bound("/proc/1/net/unix", paths);
	return paths;
}

static char *real_path(const char *path)
{
	char real[PATH_MAX];

	return g_strdup(realpath(path, real) ? real : path);
}

static bool has_any(const char *folder, const GPtrArray *needed)
{
	for (guint i = 0; i < needed->len; i++)
		if (path_is_within(needed->pdata[i], folder))
			return true;
	return false;
}

static bool is_in_any(const char *path, const GPtrArray *folders)
{
	for (guint i = 0; i < folders->len; i++)
		if (path_is_within(path, folders->pdata[i]))
			return true;
	return false;
}

static void hide_usual(const GPtrArray *needed, GPtrArray *folders)
{
	for (size_t i = 0; i < G_N_ELEMENTS(usual); i++) {
		g_autofree char *folder = real_path(usual[i]);

		if (g_file_test(folder, G_FILE_TEST_IS_DIR) && !has_any(folder, needed) &&
		    !is_in_any(folder, folders))
			g_ptr_array_add(folders, g_steal_pointer(&folder));
	}
}

static GPtrArray *real_paths(const char *const *list)
{
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

	for (; *list; list++)
		if (g_path_is_absolute(*list))
			g_ptr_array_add(paths, real_path(*list));
	return paths;
}

static void add_files(GPtrArray *paths, const char *const *argv)
{
	for (; *argv; argv++)
		if (g_path_is_absolute(*argv) && g_file_test(*argv, G_FILE_TEST_IS_REGULAR))
			g_ptr_array_add(paths, real_path(*argv));
}

void hiding_make(const struct hiding_request *request, struct hiding *hiding)
{
	g_autoptr(GPtrArray) stay = real_paths(request->in_sight);
	g_autoptr(GPtrArray) needed = real_paths(request->in_sight);
	g_autoptr(GPtrArray) bound = sockets_in_sight(request->elsewhere);

	add_files(needed, request->argv);
	*hiding = (struct hiding){.folders = g_ptr_array_new_with_free_func(g_free),
				  .sockets = g_ptr_array_new_with_free_func(g_free)};
	hide_usual(needed, hiding->folders);
	for (guint i = 0; i < bound->len; i++) {
		g_autofree char *path = real_path(bound->pdata[i]);

		if (!is_in_any(path, hiding->folders) && !is_in_any(path, stay))
			g_ptr_array_add(hiding->sockets, g_steal_pointer(&path));
	}
	g_ptr_array_add(hiding->folders, NULL);
	g_ptr_array_add(hiding->sockets, NULL);
}

void hiding_clear(struct hiding *hiding)
{
	g_clear_pointer(&hiding->folders, g_ptr_array_unref);
	g_clear_pointer(&hiding->sockets, g_ptr_array_unref);
}
