#ifndef ODR_COLLECT_ODOO_SITE_H
#define ODR_COLLECT_ODOO_SITE_H

#include "collect/collector.h"

/* Where Odoo's configuration and code are on this host. */
struct odoo_site {
	GPtrArray *confs;  /* char *: odoo.conf files that are there, absolute */
	GPtrArray *addons; /* char *: folders with modules, in the order Odoo looks in them */
	bool knows_addons; /* some configuration names them */
};
/* conf_paths: patterns of the settings; NULL: the usual places, and what running servers were started with. */
bool odoo_site_find(struct collection *collection, const char *const *conf_paths,
		    struct odoo_site *site, GError **error);
void odoo_site_clear(struct odoo_site *site);

/* The folder of a module, or NULL; g_free. */
char *odoo_site_module(const struct collection *collection, const struct odoo_site *site,
		       const char *module);
/* The words of a command line that name configuration files; words and result: char *, NULL-terminated
 * words. Pure. */
void odoo_site_conf_of_command(const char *const *words, GPtrArray *confs);

#endif
