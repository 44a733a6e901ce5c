#ifndef ODR_ODOO_NAMES_H
#define ODR_ODOO_NAMES_H

#include "crypto/digest.h"

#include <stdbool.h>

/*
 * Names in a filestore: <database>/<folder>/<file>, where the file's name is the SHA-1 of its content in
 * hex, and the folder's the first two digits of it; up to Odoo 17 also the first three (an old layout that
 * is still read). Whoever comes from a database or a disk is hostile until judged here.
 */
#define ODOO_CHECKLIST "checklist" /* beside the folders: marks for the collector, never content */

bool odoo_folder_valid(const char *name);
/* Whether a file of this name belongs into this folder, and which SHA-1 it says its content has. */
bool odoo_file_valid(const char *folder, const char *name, uint8_t sha1[SHA1_SIZE]);

/* A name that Odoo itself gives to databases: [a-zA-Z0-9][a-zA-Z0-9_.-]+ */
bool odoo_database_usual(const char *name);
/* A name that can be a folder: not empty, no '/', not "." or "..", at most 255 bytes. */
bool odoo_database_possible(const char *name);

#endif
