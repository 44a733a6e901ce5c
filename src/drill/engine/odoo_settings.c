#include "drill/engine/odoo_settings.h"

#include "base/error.h"
#include "odoo/conf.h"
#include "odoo/names.h"

#include <stdbool.h>
#include <string.h>

#define GROUP "options"

/* What a copy may have of its source, besides its code. */
static const char *const taken_over[] = {"unaccent",
					 "limit_memory_hard",
					 "limit_memory_soft",
					 "limit_time_cpu",
					 "limit_time_real",
					 "osv_memory_age_limit",
					 "transient_age_limit",
					 "reportgz",
					 NULL};

char **odoo_settings_addons(const char *captured, GError **error)
{
	g_autoptr(OdooConf) conf = odoo_conf_parse(captured);
	const char *value = odoo_conf_value(conf, "addons_path");
	g_auto(GStrv) parts = g_strsplit_set(value ? value : "", ",\n", -1);
	g_autoptr(GStrvBuilder) folders = g_strv_builder_new();
	bool found = false;

	for (char **part = parts; *part; part++) {
		if (!*g_strstrip(*part))
			continue;
		if (!g_path_is_absolute(*part)) {
			odr_fail(error, ODR_ERROR_USAGE,
				 "addons_path has '%s', which is no absolute path", *part);
			return NULL;
		}
		g_strv_builder_add(folders, *part);
		found = true;
	}
	if (found)
		return g_strv_builder_end(folders);
	odr_fail(error, ODR_ERROR_USAGE,
		 "the configuration of Odoo has no addons_path in [options]");
	return NULL;
}

static bool add(GString *out, const char *name, const char *value, GError **error)
{
	for (const char *at = value; *at; at++)
		if (g_ascii_iscntrl(*at))
			return odr_fail(error, ODR_ERROR_USAGE,
					"%s cannot have a control character", name);
	g_string_append_printf(out, "%s = %s\n", name, value);
	return true;
}

static bool add_code(GString *out, const char *const *folders, GError **error)
{
	g_autofree char *path = g_strjoinv(",", (char **)folders);

	for (; *folders; folders++)
		if (strchr(*folders, ','))
			return odr_fail(error, ODR_ERROR_USAGE,
					"Odoo would take '%s' for several folders", *folders);
	return add(out, "addons_path", path, error);
}

static bool add_taken_over(GString *out, const OdooConf *conf, GError **error)
{
	for (const char *const *name = taken_over; *name; name++) {
		const char *value = odoo_conf_value(conf, *name);

		if (value && !add(out, *name, value, error))
			return false;
	}
	return true;
}

static bool add_own(GString *out, const struct odoo_settings *settings, GError **error)
{
	g_autofree char *port = g_strdup_printf("%u", settings->http_port);
	g_autofree char *exact = g_regex_escape_string(settings->database, -1);
	g_autofree char *filter = g_strdup_printf("^%s$", exact);
	const struct {
		const char *name, *value;
	} own[] = {
		{"data_dir", settings->data_dir},
		{"db_host", settings->host},
		{"db_port", settings->port},
		{"db_user", settings->user},
		{"db_password", "False"},
		{"db_name", settings->database},
		{"dbfilter", filter},
		{"list_db", "False"},
		{"admin_passwd", settings->admin_password},
		{"http_interface", "127.0.0.1"},
		{"http_port", port},
		{"proxy_mode", "False"},
		{"workers", "0"},
		{"max_cron_threads", "0"},
		{"server_wide_modules", "base,web"},
		{"smtp_server", "False"},
		{"email_from", "False"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
		if (!add(out, own[i].name, own[i].value, error))
			return false;
	return true;
}

char *odoo_settings_print(const struct odoo_settings *settings, GError **error)
{
	g_autoptr(OdooConf) conf = odoo_conf_parse(settings->captured);
	g_autoptr(GString) out = g_string_new("[" GROUP "]\n");

	if (!odoo_database_usual(settings->database)) {
		odr_fail(error, ODR_ERROR_USAGE, "'%s' is no name that Odoo gives to a database",
			 settings->database);
		return NULL;
	}
	return add_code(out, settings->addons, error) && add_taken_over(out, conf, error) &&
			       add_own(out, settings, error)
		       ? g_string_free(g_steal_pointer(&out), FALSE)
		       : NULL;
}

char *odoo_settings_user(const char *captured)
{
	g_autoptr(OdooConf) conf = odoo_conf_parse(captured);
	const char *user = odoo_conf_value(conf, "db_user");

	return user && *user && g_ascii_strcasecmp(user, "False") != 0 ? g_strdup(user) : NULL;
}

static const char *word_of(const char *at, const struct odoo_words *words)
{
	if (at[0] != '%')
		return NULL;
	switch (at[1]) {
	case 'c':
		return words->configuration;
	case 'd':
		return words->database;
	case 's':
		return words->root;
	default:
		return NULL;
	}
}

char **odoo_settings_command(char *const *command, const struct odoo_words *words)
{
	GPtrArray *argv = g_ptr_array_new();

	for (; *command; command++) {
		GString *argument = g_string_new(NULL);

		for (const char *at = *command; *at; at++) {
			const char *word = word_of(at, words);

			if (word) {
				g_string_append(argument, word);
				at++;
			} else {
				g_string_append_c(argument, *at);
			}
		}
		g_ptr_array_add(argv, g_string_free(argument, FALSE));
	}
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(argv, FALSE);
}
