#include "odoo/conf.h"

#include <stdbool.h>
#include <string.h>

struct odoo_conf {
	GHashTable *values; /* name → GString */
};

static void string_free(void *data)
{
	g_string_free(data, true);
}

/* "name = value" → the value's GString, new in the table; NULL: it is none. */
static GString *take_option(OdooConf *conf, const char *line)
{
	size_t length = strcspn(line, "=:");
	g_autofree char *name = g_strstrip(g_strndup(line, length));
	g_autofree char *lower = g_ascii_strdown(name, -1);
	g_autofree char *value = line[length] ? g_strstrip(g_strdup(line + length + 1)) : NULL;
	GString *text;

	if (!value || !lower[0])
		return NULL;
	text = g_string_new(value);
	g_hash_table_replace(conf->values, g_steal_pointer(&lower), text);
	return text;
}

OdooConf *odoo_conf_parse(const char *text)
{
	OdooConf *conf = g_new0(OdooConf, 1);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	bool options = false;
	GString *last = NULL; /* the value that deeper lines go on with */

	conf->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, string_free);
	for (char **line = lines; *line; line++) {
		g_autofree char *content = g_strstrip(g_strdup(*line));
		bool deeper = **line == ' ' || **line == '\t';

		if (!content[0] || content[0] == '#' || content[0] == ';')
			continue;
		if (deeper && last) {
			g_string_append_printf(last, "\n%s", content);
		} else if (content[0] == '[') {
			options = g_str_has_prefix(content, "[options]");
			last = NULL;
		} else {
			last = options ? take_option(conf, content) : NULL;
		}
	}
	return conf;
}

void odoo_conf_free(OdooConf *conf)
{
	if (!conf)
		return;
	g_hash_table_unref(conf->values);
	g_free(conf);
}

const char *odoo_conf_value(const OdooConf *conf, const char *name)
{
	const GString *value = g_hash_table_lookup(conf->values, name);

	return value ? value->str : NULL;
}

GPtrArray *odoo_conf_addons(const OdooConf *conf)
{
	const char *value = odoo_conf_value(conf, "addons_path");
	g_auto(GStrv) parts = g_strsplit_set(value ? value : "", ",\n", -1);
	GPtrArray *folders = g_ptr_array_new_with_free_func(g_free);

	for (char **part = parts; *part; part++) {
		g_strstrip(*part);
		if (!g_path_is_absolute(*part))
			continue;
		g_autofree char *folder = g_canonicalize_filename(*part, "/");

		if (!g_ptr_array_find_with_equal_func(folders, folder, g_str_equal, NULL))
			g_ptr_array_add(folders, g_steal_pointer(&folder));
	}
	return folders;
}
