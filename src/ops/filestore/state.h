#ifndef ODR_OPS_FILESTORE_STATE_H
#define ODR_OPS_FILESTORE_STATE_H

#include "base/json.h"
#include "repo/layer_file.h"
#include "repo/manifest.h"

/*
 * What this host knows of the filestore's last set, in <state>/filestore: the file `state` (JSON), and the
 * files that it names: one for each layer (repo/layer_file.h) and its table, and what folders looked like
 * (folders.h). Losing any of it means a new generation, which is always safe.
 *
 * A capture writes its files beside those of the last one, and before its manifest is journaled, `next`.
 * When that set is published, next becomes state. A run that died in between left both: the chain says
 * which set was the last, and so which of the two holds.
 */
struct filestore_layer {
	char *name; /* of its files: layer-<name>, table-<name> */
	struct layer_ref ref;
	uint64_t entries;
};
typedef struct filestore_state FilestoreState;
struct filestore_state {
	char *set_id;	  /* the set it is of; NULL: there is none, and nothing below counts */
	usec_t published; /* when that was made */
	char *generation;
	usec_t generation_started, lock_until;
	char *keys; /* to whom content is sealed, and by which digest seed; another: another generation */
	char *layout;	   /* odoo, plain */
	GPtrArray *stores; /* char *: repositories that hold the generation */
	GPtrArray *layers; /* struct filestore_layer, oldest first */
	char *folders;	   /* file with what folders looked like; NULL: none */
	usec_t listed;	   /* when all folders were listed, whatever they looked like */
	usec_t judged;	   /* when the databases were asked about their attachments */
	uint64_t files, bytes;
	json_t *trees;	    /* facts by name of the tree */
	GPtrArray *damaged; /* struct damage */
};
FilestoreState *filestore_state_new(void);
void filestore_state_free(FilestoreState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FilestoreState, filestore_state_free)
struct filestore_layer *filestore_layer_new(const char *name);
void filestore_layer_free(struct filestore_layer *layer);

/* The state that holds when the chain's last set with a filestore is this one (NULL: not known). Makes next
 * the state where that is the one, and removes what dead runs left. What cannot be used gives an empty state,
 * and *lost says why (NULL: there was none; g_free). */
bool filestore_state_load(const char *folder, const char *last_set, FilestoreState **state,
			  char **lost, GError **error);
/* As `next`, for the set of this id … */
bool filestore_state_prepare(const char *folder, const FilestoreState *state, GError **error);
/* … which is published: makes it the state, and removes the files that it does not name. */
bool filestore_state_adopt(const char *folder, const FilestoreState *state, GError **error);
/* The state, without a new set. */
bool filestore_state_save(const char *folder, const FilestoreState *state, GError **error);

/* Paths; g_free. */
char *filestore_layer_path(const char *folder, const char *name);
char *filestore_table_path(const char *folder, const char *name);

/* The text of the file, and back: CORRUPT for what it cannot be. */
char *filestore_state_print(const FilestoreState *state);
bool filestore_state_parse(const char *text, size_t size, FilestoreState **state, GError **error);

#endif
