#ifndef ODR_OPS_RESTORE_CONFIG_H
#define ODR_OPS_RESTORE_CONFIG_H

#include "ops/config/read.h"

/*
 * From a captured configuration back into files: into a folder of its own, or, if told so, to where they
 * were. Mode and time are kept, and as root the owner. What was masked is never put in place of what is
 * there.
 */
struct restore_config_result {
	uint64_t files, bytes; /* written */
	GPtrArray *notes;      /* char * */
};
void restore_config_result_clear(struct restore_config_result *result);

/* Everything below a folder that is new or empty (else REFUSED), each item by its path, with the index, and
 * a list of what to do in which order. */
#define RESTORE_CONFIG_LIST "RESTORE.txt"
bool restore_config_folder(ConfigRead *config, const char *folder,
			   struct restore_config_result *result, GError **error);

/* What putting an item back to its place would do. */
enum config_change {
	CONFIG_SAME,	/* it is there as it was captured */
	CONFIG_NEW,	/* there is none */
	CONFIG_REPLACE, /* another content, or not a file */
	CONFIG_MODE,	/* another mode or owner only */
	CONFIG_MASKED,	/* its secrets were masked: it is left alone */
};
const char *config_change_name(enum config_change change);
struct config_placement {
	const struct collect_item *item; /* of the index */
	enum config_change change;
};
/* For items (struct collect_item; NULL: all) that were files, in order of restoring: struct
 * config_placement. Reads only. */
bool restore_config_plan(ConfigRead *config, const GPtrArray *items, GPtrArray **placements,
			 GError **error);
/* What is replaced stays beside it, with RESTORE_CONFIG_BEFORE at the end of its name. */
#define RESTORE_CONFIG_BEFORE ".before-restore"
bool restore_config_in_place(ConfigRead *config, const GPtrArray *placements,
			     struct restore_config_result *result, GError **error);

#endif
