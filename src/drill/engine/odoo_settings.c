#include "drill/engine/odoo_settings.h"

#include "base/error.h"
#include "odoo/names.h"

#include <stdbool.h>

#define GROUP "options"

/* What a copy may have of its source. */
static const char *const taken_over[] = {"addons_path",
					 "unaccent",
					 "limit_memory_hard",
					 "limit_memory_soft",
					 "limit_time_cpu",
					 "limit_time_real",
					 "osv_memory_age_limit",
					 "transient_age_limit",
					 "reportgz",
					 NULL};

/* NULL with error. */
static GKeyFile *read_captured(const char *text, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) cause = NULL;

	if (g_key_file_load_from_data(file, text, (gsize)-1, G_KEY_FILE_NONE, &cause))
		return g_steal_pointer(&file);
	odr_fail(error, ODR_ERROR_USAGE, "the configuration of Odoo cannot be read: %s",
		 cause->message);
	return NULL;
}

static bool check_addons(GKeyFile *file, GError **error)
{
	g_autofree char *path = g_key_file_get_value(file, GROUP, "addons_path", NULL);
	g_auto(GStrv) folders = path ? g_strsplit(path, ",", -1) : NULL;

	if (!folders || !*folders)
		return odr_fail(error, ODR_ERROR_USAGE,
				"the configuration of Odoo has no addons_path in [options]");
	for (char **folder = folders; *folder; folder++)
		if (!g_path_is_absolute(g_strstrip(*folder)))
			return odr_fail(error, ODR_ERROR_USAGE,
					"addons_path has '%s', which is no absolute path", *folder);
	return true;
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

static bool add_taken_over(GString *out, GKeyFile *file, GError **error)
{
	for (const char *const *name = taken_over; *name; name++) {
		g_autofree char *value = g_key_file_get_value(file, GROUP, *name, NULL);

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
	g_autoptr(GKeyFile) file = read_captured(settings->captured, error);
	g_autoptr(GString) out = g_string_new("[" GROUP "]\n");

	if (!file || !check_addons(file, error))
		return NULL;
	if (!odoo_database_usual(settings->database)) {
		odr_fail(error, ODR_ERROR_USAGE, "'%s' is no name that Odoo gives to a database",
			 settings->database);
		return NULL;
	}
	return add_taken_over(out, file, error) && add_own(out, settings, error)
		       ? g_string_free(g_steal_pointer(&out), FALSE)
		       : NULL;
}

char *odoo_settings_user(const char *captured)
{
	g_autoptr(GKeyFile) file = read_captured(captured, NULL);
	g_autofree char *user = file ? g_key_file_get_value(file, GROUP, "db_user", NULL) : NULL;

	return user && *user && g_ascii_strcasecmp(user, "False") != 0 ? g_steal_pointer(&user)
								       : NULL;
}

char **odoo_settings_command(char *const *command, const char *configuration, const char *database)
{
	GPtrArray *argv = g_ptr_array_new();

	for (; *command; command++) {
		GString *word = g_string_new(NULL);

		for (const char *at = *command; *at; at++) {
			bool c = at[0] == '%' && at[1] == 'c', d = at[0] == '%' && at[1] == 'd';

			if (c || d) {
				g_string_append(word, c ? configuration : database);
				at++;
			} else {
				g_string_append_c(word, *at);
			}
		}
		g_ptr_array_add(argv, g_string_free(word, FALSE));
	}
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(argv, FALSE);
}
