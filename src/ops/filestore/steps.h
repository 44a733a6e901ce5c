#ifndef ODR_OPS_FILESTORE_STEPS_H
#define ODR_OPS_FILESTORE_STEPS_H

#include "base/sorter.h"
#include "odoo/fence.h"
#include "ops/filestore/scan.h"
#include "ops/filestore/state.h"

/*
 * What the files of a filestore's capture share; backup/filestore.c has the order of the steps.
 *
 * What was captured is known from layer files: those of the generation, and one for each large pass of this
 * run. What this run adds, changes and removes is collected by path. A change that is no change after all (a
 * file read twice) does no harm; one of a path that is not there any more would, so what a scan found besides
 * files counts only when the tree is done.
 */
struct filestore_capture {
	BackupPart part;
	const struct backup_filestore *settings;
	char *folder; /* <state>/filestore */
	struct filestore_trees trees;
	FilestoreState *before, *after; /* as found, and as it will be */
	bool begins;			/* a new generation */
	bool due;			/* a set is to be made, whether anything is new or not */
	char *suffix;			/* of the names of this run's files */

	GPtrArray *known;  /* LayerFile, oldest first: before->layers, then passes */
	GPtrArray *passes; /* char *: paths of the layer files of passes that are over */
	Sorter *changes;   /* of the pass under way: path → time of change, entry */
	uint64_t changed;  /* atomic: how many there are in all passes */
	FoldersReader *looks;
	FoldersWriter *looks_after;
	bool looks_moved;	    /* they differ from those before */
	GHashTable *damaged_before; /* path → what */

	struct pack_sink *sink;
	FilestoreReader *reader;
	Accounts *accounts;
	uint64_t bytes_total; /* to read, as far as it is known */
	uint64_t files_added, bytes_added, files_gone, bytes_gone;
	GPtrArray *alarms;	 /* struct damage: of this capture alone */
	GHashTable *databases;	 /* names of those of the cluster; NULL: not known */
	char *databases_unknown; /* why */
	bool databases_due;	 /* to be asked what they expect */

	struct filestore_layer *layer; /* what this run stored */
	guint kept_layers;	       /* of those before it, so many stay */
	uint64_t stored;
};

/* One change of the pass under way. Thread-safe. */
bool filestore_change(void *capture, const struct layer_entry *entry, int64_t ctime_ns,
		      GError **error);

/* generation.c: what is known here, and whether that is gone on with: before and after are set. */
bool filestore_generation_choose(struct filestore_capture *capture, GError **error);
/* Nothing is known, and everything will be stored. */
void filestore_generation_begin(struct filestore_capture *capture);

/* tree.c: captures one tree: scans it and reads what is new, with its collector held off. */
bool filestore_capture_tree(struct filestore_capture *capture, const struct filestore_tree *tree,
			    GError **error);
/* Everything known of a tree that there is no more is gone. */
bool filestore_capture_absence(struct filestore_capture *capture, const char *name, GError **error);

/* layer.c: what was read in a large pass becomes known … */
bool filestore_pass_end(struct filestore_capture *capture, GError **error);
/* … and at the end all of it a layer, together with those before that are not much larger. */
bool filestore_store_layer(struct filestore_capture *capture, GError **error);

bool filestore_table_load(const struct filestore_capture *capture,
			  const struct filestore_layer *layer, Table **table, GError **error);
/* consolidate.c: what lies in many small packs of layers from first on is stored again, into few. */
bool filestore_consolidate(struct filestore_capture *capture, guint first, GError **error);

/* databases.c: which there are; what they keep elsewhere, and what they expect of the filestore. */
void filestore_databases_list(struct filestore_capture *capture);
void filestore_databases_judge(struct filestore_capture *capture);
/* filestore_rows.c: which files the rows of a database name that its folder does not have so. */
bool filestore_rows_judge(struct filestore_capture *capture, const struct filestore_tree *tree,
			  GError **error);

/* Facts of one tree, made if need be; borrowed. */
json_t *filestore_facts(struct filestore_capture *capture, const char *tree);

#endif
