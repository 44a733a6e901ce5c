#ifndef ODR_ODOO_MODULE_H
#define ODR_ODOO_MODULE_H

#include <glib.h>

/*
 * What the code of a module says of itself: __manifest__.py, the text of a Python dictionary, which is read and never run.
 * Pure.
 */
#define ODOO_MANIFEST	  "__manifest__.py"
#define ODOO_MANIFEST_MAX ((size_t)1 << 20)

/* 'version' of it, as it is written; NULL: it does not say. g_free. */
char *odoo_manifest_version(const char *text);
/* What Odoo of a series ("17.0") makes of it when it installs the module: "17.0.1.0"; version NULL: it does not say.
 * g_free. */
char *odoo_module_version(const char *series, const char *version);
/* By numbers, then by text: below, equal to or above 0 as a is older, equal or newer. */
int odoo_version_compare(const char *a, const char *b);

#endif
