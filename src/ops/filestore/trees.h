#ifndef ODR_OPS_FILESTORE_TREES_H
#define ODR_OPS_FILESTORE_TREES_H

#include "ops/backup/filestore.h"

/* A folder that is captured as a whole: an Odoo database's, or an ordinary one. */
struct filestore_tree {
	char *name; /* the database's */
	char *path; /* absolute, without links */
};
struct filestore_trees {
	GPtrArray *trees;    /* struct filestore_tree, by name */
	GHashTable *by_name; /* the same */
	GHashTable *omitted; /* names of those that are there and cannot be captured */
	char *root; /* the folder that holds the first of them: its owner and mode are captured */
	GPtrArray *notes;     /* sentences: what is there and not captured, by its name */
	GPtrArray *omissions; /* sentences: what should be captured and cannot be */
};
void filestore_trees_clear(struct filestore_trees *trees);
/* Finds them. NOT_FOUND, AUTH, USAGE: a place that is wrong, and what would be right. */
bool filestore_trees_find(const struct backup_filestore *settings, struct filestore_trees *trees,
			  GError **error);

/* Whether the setting databases= wants one of this name. Pure. */
bool filestore_trees_want(const char *const *databases, const char *name);

#endif
