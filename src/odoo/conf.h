#ifndef ODR_ODOO_CONF_H
#define ODR_ODOO_CONF_H

#include <glib.h>

/* odoo.conf as Python's configparser reads it: the group [options]; "name = value" or "name: value"; deeper
 * lines go on with a value; '#' and ';' at the beginning of a line are comments. The last of equal names
 * counts. What is not understood is passed over. */
typedef struct odoo_conf OdooConf;
OdooConf *odoo_conf_parse(const char *text);
void odoo_conf_free(OdooConf *conf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OdooConf, odoo_conf_free)
const char *odoo_conf_value(const OdooConf *conf, const char *name); /* or NULL */
/* The folders of addons_path that are absolute, in order: char *, owned by the array. */
GPtrArray *odoo_conf_addons(const OdooConf *conf);

#endif
