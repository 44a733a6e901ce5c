#include "pg/postmaster.h"

#include "base/error.h"
#include "base/file.h"

#include <string.h>

#define PID_FILE_MAX 8192

/* Lines of the file, from 0. */
enum { LINE_PORT = 3, LINE_SOCKET, LINE_ADDRESS, LINES };

/* A value as libpq takes it. */
static void append_value(GString *conninfo, const char *name, const char *value)
{
	g_string_append_printf(conninfo, "%s%s='", conninfo->len ? " " : "", name);
	for (; *value; value++) {
		if (*value == '\'' || *value == '\\')
			g_string_append_c(conninfo, '\\');
		g_string_append_c(conninfo, *value);
	}
	g_string_append_c(conninfo, '\'');
}

/* "*" and the like listen everywhere, on this host, too. */
static const char *reachable(const char *address)
{
	static const char *const everywhere[] = {"*", "0.0.0.0", "::", NULL};

	return g_strv_contains(everywhere, address) ? "localhost" : address;
}

static bool read_lines(const char *pgdata, char ***lines, GError **error)
{
	g_autofree char *path = g_build_filename(pgdata, "postmaster.pid", NULL);
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) cause = NULL;
	g_autofree char *text = NULL;

	if (!file_read(path, PID_FILE_MAX, &content, &cause)) {
		if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
			return odr_fail(error, ODR_ERROR_REFUSED,
					"no server runs in '%s': start it first", pgdata);
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	text = g_strndup(g_bytes_get_data(content, NULL), g_bytes_get_size(content));
	*lines = g_strsplit(text, "\n", LINES + 1);
	return true;
}

char *postmaster_conninfo(const char *pgdata, GError **error)
{
	g_auto(GStrv) lines = NULL;
	g_autoptr(GString) conninfo = g_string_new(NULL);

	if (!read_lines(pgdata, &lines, error))
		return NULL;

	guint count = g_strv_length(lines);
	const char *socket = count > LINE_SOCKET ? g_strstrip(lines[LINE_SOCKET]) : "";
	const char *address = count > LINE_ADDRESS ? g_strstrip(lines[LINE_ADDRESS]) : "";

	if (!*socket && !*address) {
		odr_fail(
			error, ODR_ERROR_REFUSED,
			"the server in '%s' tells no place to reach it at: it is only starting, or "
			"listens nowhere",
			pgdata);
		return NULL;
	}
	append_value(conninfo, "host", *socket ? socket : reachable(address));
	append_value(conninfo, "port", g_strstrip(lines[LINE_PORT]));
	append_value(conninfo, "dbname", "postgres");
	return g_strdup(conninfo->str);
}
