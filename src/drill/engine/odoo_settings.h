#ifndef ODR_DRILL_ENGINE_ODOO_SETTINGS_H
#define ODR_DRILL_ENGINE_ODOO_SETTINGS_H

#include <glib.h>
#include <stdint.h>

/*
 * How Odoo is started on a copy (ODOO.md 5): by a configuration that is made for it. Of the source's only where its code
 * is and how much it may use are taken over; whatever else that says could lead outside. Pure.
 */
struct odoo_settings {
	const char *captured;	   /* text of the source's odoo.conf */
	const char *const *addons; /* absolute paths of folders, where the code is here */
	const char *data_dir;
	const char *host, *port, *user, *database; /* host: folder of the server's socket */
	const char *admin_password;
	uint16_t http_port;
};
/* USAGE for names that Odoo would take for several. g_free. */
char *odoo_settings_print(const struct odoo_settings *settings, GError **error);
/* The folders of addons_path of the source: absolute, at least one, else USAGE. g_strfreev. */
char **odoo_settings_addons(const char *captured, GError **error);
/* db_user of the source; NULL: it does not say. g_free. */
char *odoo_settings_user(const char *captured);

/* An argument vector, with %c, %d and %s in it replaced; g_strfreev. */
struct odoo_words {
	const char *configuration, *database;
	const char *root; /* folder that has the source's files as they lay, or "" */
};
char **odoo_settings_command(char *const *command, const struct odoo_words *words);

#endif
