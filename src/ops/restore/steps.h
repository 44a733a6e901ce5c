#ifndef ODR_OPS_RESTORE_STEPS_H
#define ODR_OPS_RESTORE_STEPS_H

#include "ops/accounts.h"
#include "ops/restore/materialize.h"
#include "ops/restore/restore.h"

/* What the files of a restore share; restore.c has the order of the steps. */
#define RESTORE_MARK	      ".odrbackup-restore" /* in PGDATA while a restore is under way */
#define RESTORE_CONTROL	      "global/pg_control"
#define RESTORE_CONTROL_ASIDE "global/pg_control.odrbackup"
#define RESTORE_TABLESPACES   "pg_tblspc/"

struct restore {
	const struct restore_request *request;
	struct restore_result *result;
	const struct set_part *part;
	const char *spool;	  /* folder for long lists */
	GPtrArray *tables;	  /* Table, one per layer */
	EntryList *entries;	  /* all of the set that is wanted */
	uint64_t files, bytes;	  /* of these */
	Accounts *accounts;	  /* NULL: not root, owners are as they come */
	GHashTable *tablespaces;  /* OID → path, as they will be; owned strings */
	struct layer_entry *root; /* the data directory itself */
};

char *restore_inside(const struct restore *restore, const char *relative); /* path; g_free */
/* Where an entry goes, pg_control aside; NULL: from outside the data directory, and not wanted. g_free. */
char *restore_path_of(const struct restore *restore, const struct layer_entry *entry);
void restore_progress(struct restore *restore, const char *phase, uint64_t done, uint64_t total);
bool restore_remove_inside(struct restore *restore, const char *relative, GError **error);

/* restore_guard.c: NO_SPACE where so many bytes do not fit. */
bool restore_guard_space(const struct restore_request *request, uint64_t bytes, GError **error);
/* Where tablespaces will lie: the set's places with the request's map applied. */
bool restore_tablespaces(const struct restore_request *request, GHashTable **paths, GError **error);

/* restore_layout.c: folders and links of the set. */
bool restore_lay_out(struct restore *restore, GError **error);

/* restore_delta.c: removes what the set does not have, and says which files are as they should be: kept
 * has one for each entry. */
bool restore_keep_equal(struct restore *restore, const struct materialize_settings *settings,
			bool *kept, GError **error);

/* restore_recovery.c: backup_label and tablespace_map; settings and signal file; PostgreSQL's own
 * manifest and the program that judges by it. */
bool restore_write_label(struct restore *restore, GError **error);
bool restore_write_recovery(struct restore *restore, GError **error);
bool restore_verify(struct restore *restore, GError **error);

#endif
