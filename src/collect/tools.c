/* What else is installed: packages of the system and of Python, and programs that make reports. */
#include "collect/collector.h"

#include "base/error.h"
#include "base/text.h"
#include "collect/odoo_site.h"

#include <stdlib.h>
#include <string.h>

/* "name SEPARATOR version …" a line → rows of text. */
static json_t *rows_of_lines(const char *text, const char *separator)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_auto(GStrv) lines = g_strsplit(valid, "\n", -1);
	json_t *rows = json_object();

	for (char **line = lines; *line; line++) {
		char *at = strstr(*line, separator);

		if (!at || at == *line)
			continue;
		*at = '\0';
		json_set_string(rows, *line, at + strlen(separator));
	}
	return rows;
}

static bool take_packages(struct collection *collection, GError **error)
{
	static const char *const argv[] = {"dpkg-query", "-W", "-f",
					   "${binary:Package}\\t${Version}\\n", NULL};
	g_autofree char *text = NULL;

	if (!tool_exists(argv[0])) {
		collection_note(collection, "there is no program 'dpkg-query': packages of the "
					    "system are not listed");
		return true;
	}
	if (!tool_text(collection, &(struct tool){.argv = argv}, &text, error))
		return false;
	return collection_table(collection,
				&(struct collection_item){.path = "packages.json",
							  .source = "dpkg-query",
							  .hint = "apt-get install NAME=VERSION"},
				rows_of_lines(text, "\t"), error);
}

/* ---- Python ---------------------------------------------------------------------------------- */

static const char *const usual_pythons[] = {
	"/usr/bin/python3",
	"/opt/odoo*/venv/bin/python3",
	"/opt/odoo*/*venv*/bin/python3",
	"/opt/odoo*/bin/python3",
	"/srv/odoo*/venv/bin/python3",
	"/srv/odoo*/*venv*/bin/python3",
	"/opt/venv/bin/python3",
	NULL,
};

/* -I: what a user or the environment adds is not what Odoo sees. */
static bool list_modules(struct collection *collection, const char *python, char **text,
			 GError **error)
{
	const char *const freeze[] = {
		python, "-I", "-m", "pip", "freeze", "--all", "--disable-pip-version-check", NULL};
	const char *const metadata[] = {
		python, "-I", "-c",
		"import importlib.metadata as m\n"
		"for d in m.distributions(): print(d.metadata['Name'], d.version, sep='==')",
		NULL};

	return tool_text(collection, &(struct tool){.argv = freeze}, text, NULL) ||
	       tool_text(collection, &(struct tool){.argv = metadata}, text, error);
}

static bool take_python(struct collection *collection, const char *python, GError **error)
{
	g_autofree char *path = g_strdup_printf("python%s.json", python);
	g_autofree char *source = g_strdup_printf("pip freeze of %s", python);
	g_autofree char *text = NULL;

	if (!list_modules(collection, python, &text, error))
		return false;
	return collection_table(
		collection,
		&(struct collection_item){path, source, "pip install NAME==VERSION, in a new venv"},
		rows_of_lines(text, "=="), error);
}

static bool take_pythons(struct collection *collection, GError **error)
{
	const char *const *patterns = collection->settings->paths;
	bool named = patterns != NULL;

	for (patterns = named ? patterns : usual_pythons; *patterns; patterns++) {
		g_autoptr(GPtrArray) found = collection_match(collection, *patterns, NULL);

		if (named && found->len == 0)
			return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no '%s'", *patterns);
		for (guint i = 0; i < found->len; i++) {
			g_autoptr(GError) trouble = NULL;

			if (take_python(collection, found->pdata[i], &trouble))
				continue;
			if (collection->broken || named) {
				g_propagate_error(error, g_steal_pointer(&trouble));
				return false;
			}
			collection_note(collection, "modules of %s are not listed: %s",
					(char *)found->pdata[i], trouble->message);
		}
	}
	return true;
}

/* ---- versions -------------------------------------------------------------------------------- */

static const struct {
	const char *argv[4];
} versions[] = {
	{{"wkhtmltopdf", "--version"}}, {{"odoo", "--version"}},   {{"psql", "--version"}},
	{{"python3", "--version"}},	{{"node", "--version"}},   {{"rtlcss", "--version"}},
	{{"git", "--version"}},		{{"nginx", "-v"}},	   {{"haproxy", "-v"}},
	{{"traefik", "version"}},	{{"docker", "--version"}}, {{"openssl", "version"}},
};

static bool take_versions(struct collection *collection, GError **error)
{
	json_t *rows = json_object();

	for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
		const char *name = versions[i].argv[0];
		g_autofree char *text = NULL;

		if (!tool_exists(name) ||
		    !tool_text(collection, &(struct tool){.argv = versions[i].argv}, &text, NULL))
			continue;
		g_autofree char *valid = g_utf8_make_valid(text, -1);

		*strchrnul(valid, '\n') = '\0';
		json_set_string(rows, name, valid);
	}
	return collection_table(
		collection,
		&(struct collection_item){.path = "versions.json",
					  .source = "the programs themselves",
					  .hint = "another wkhtmltopdf makes other reports"},
		rows, error);
}

/* Sorted: the order of fc-list is that of a hash. */
static bool take_fonts(struct collection *collection, GError **error)
{
	static const char *const argv[] = {"fc-list", ":", "family", "style", NULL};
	g_autofree char *text = NULL;

	if (!tool_exists(argv[0]))
		return true;
	if (!tool_text(collection, &(struct tool){.argv = argv}, &text, error))
		return false;
	g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);

	qsort(lines, g_strv_length(lines), sizeof(*lines), text_compare);
	g_autofree char *sorted = g_strjoinv("\n", lines);
	g_autofree char *whole = g_strconcat(sorted, "\n", NULL);

	return collection_text(collection,
			       &(struct collection_item){.path = "fonts",
							 .source = "fc-list",
							 .hint = "reports want the same fonts"},
			       whole, strlen(whole), error);
}

bool tools_collect(struct collection *collection, GError **error)
{
	return take_packages(collection, error) && take_pythons(collection, error) &&
	       take_versions(collection, error) && take_fonts(collection, error);
}
