#ifndef ODR_OPS_FILESTORE_SCAN_H
#define ODR_OPS_FILESTORE_SCAN_H

#include "ops/accounts.h"
#include "ops/filestore/folders.h"
#include "ops/filestore/read.h"
#include "ops/filestore/trees.h"
#include "repo/layer_merge.h"

/*
 * One look at a tree: what it has that no layer has, and what it has no more. Nothing is read here, and
 * nothing is decided: a scan that comes to nothing is cleared and done again.
 */
struct filestore_scan_settings {
	const struct filestore_tree *tree;
	const GPtrArray *known; /* LayerFile, oldest first: what was captured */
	const GArray *looks;	/* struct folder_look: of the last capture */
	GHashTable *damaged;	/* path → what: of the last capture */
	bool list_all;		/* whatever folders look like */
	bool any; /* whether there is anything to read at all; it ends with the first folder that has it */
	Accounts *accounts;
	const char *spool; /* folder for long lists */
};
struct filestore_scan {
	const struct filestore_scan_settings *settings;
	usec_t started;
	LayerMerge *merge;
	GByteArray *record;    /* being encoded */
	Spool *news;	       /* struct filestore_news: to read */
	GArray *jobs;	       /* struct filestore_job */
	uint64_t files, bytes; /* of them */
	Spool *changes; /* folders, links and tombstones, as filestore_change_read reads them */
	uint64_t changed;
	uint64_t gone_files, gone_bytes; /* known, and not there or not the same any more */
	uint64_t strange;		 /* names that are none of such a tree */
	GArray *looks;			 /* struct folder_look, by name: as they are now */
	bool looks_moved;
	GPtrArray *damaged;   /* struct damage: known, and as it was */
	GPtrArray *omissions; /* char *: sentences */
};
void filestore_scan_init(struct filestore_scan *scan,
			 const struct filestore_scan_settings *settings);
void filestore_scan_clear(struct filestore_scan *scan);

/* Odoo's layout: folders that look as they did are left alone. */
bool filestore_scan_odoo(struct filestore_scan *scan, GError **error);
/* Any other: every file is looked at (scan_plain.c). */
bool filestore_scan_plain(struct filestore_scan *scan, GError **error);

/* The folder of this file is to be listed the next time. */
void filestore_scan_unsure(struct filestore_scan *scan, const char *name);

/* The changes, one after another: entry NULL at the end. layer_entry_free. */
bool filestore_change_read(const struct filestore_scan *scan, uint64_t *offset,
			   struct layer_entry **entry, int64_t *ctime_ns, GError **error);

/* What scans share. */
char *filestore_path(const struct filestore_tree *tree,
		     const char *name); /* NULL: the tree's own */
bool filestore_scan_change(struct filestore_scan *scan, const struct layer_entry *entry,
			   int64_t ctime_ns, GError **error);
bool filestore_scan_news(struct filestore_scan *scan, const struct filestore_news *news,
			 GError **error);
bool filestore_scan_gone(struct filestore_scan *scan, const struct local_entry *local,
			 GError **error);
void filestore_scan_omit(struct filestore_scan *scan, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Folder or link as lstat told; layer_entry_free. */
struct layer_entry *filestore_entry_of(Accounts *accounts, const char *path,
				       const struct stat *status);
/* Whether mode and owner are those that were captured. */
bool filestore_same_attributes(const struct layer_entry *entry, const struct stat *status);
int64_t filestore_time(struct timespec time);

#endif
