#ifndef ODR_OPS_BACKUP_PART_H
#define ODR_OPS_BACKUP_PART_H

#include "base/file.h"
#include "ops/backup/backup.h"
#include "repo/chain.h"

/*
 * The frame of a backup (backup.c), and what it asks of a part. A run goes
 *
 *   the chain     locked: what a run before left journaled is published
 *   each part     its lock is taken, which it keeps to the end of the run; then `capture`
 *   the chain     locked again: `describe` of each part that was captured → seal → journal → PUT = COMMIT
 *   each part     `published`
 *
 * Where every part finds nothing new since a set that has it, there is no set: a moment of each part is the
 * commit instead. It all goes in the order database, filestore, config, so that of one set the filestore is later than the database.
 * A capture may take hours: meanwhile other runs publish sets of other parts of the same service, and the
 * chain is another one when the run comes to its own.
 *
 * A part is a file of its own, backup_NAME.c, with a struct that begins with a BackupPart and one line in
 * the table of backup.c. It owns all it works with; the request has its settings. Nothing of it is in the
 * manifest unless describe put it there: the parts do not know of each other.
 */
struct backup {
	const struct backup_request *request;
	struct backup_result *result;
	GPtrArray *parts; /* BackupPart, in order */
	usec_t started;
	struct file_lock chain_lock;
	struct chain chain; /* while chain_lock is held */
	Manifest *manifest; /* while it is being made */
};

typedef struct backup_part BackupPart;
struct backup_part_class {
	const char *name; /* PART_… */
	/* Reads the source, and makes all durable that the manifest will refer to. Sets part->started and
	 * stopped; and unchanged_since where there is nothing new, though others may make a set in which
	 * this part has to be described all the same. What fails here leaves objects that nothing refers
	 * to. */
	bool (*capture)(BackupPart *part, GError **error);
	/* Adds the part (manifest->parts), its damage (manifest->damaged) and its facts (manifest->facts, an
	 * object by the part's name) to the manifest, whose set_id is known, and leaves the rest alone. The
	 * chain is locked: no store may be waited for. Failing here, the run fails. */
	bool (*describe)(BackupPart *part, Manifest *manifest, GError **error);
	/* The set is in every repository, or the moment (manifest NULL): now local state may say so. What
	 * fails here undoes nothing; it becomes a note, and the part must find out by itself next time, by
	 * backup_last_set. May be NULL. */
	bool (*published)(BackupPart *part, const Manifest *manifest, GError **error);
	void (*free)(BackupPart *part);
};
struct backup_part {
	const struct backup_part_class *class;
	struct backup *backup;
	usec_t started,
		stopped; /* what was there when it started can be recovered, but for the database */
	char *unchanged_since; /* a published set; owned */
	bool incomplete; /* something could not be looked at: that nothing is new is not known */
	unsigned damaged_new; /* of the damage it described, what the set before did not have */
	struct file_lock lock;
	bool captured;
};

/* Sets the fields of a new part of this set; manifest->parts owns it. */
struct set_part *backup_part_describe(const BackupPart *part, Manifest *manifest, const char *kind,
				      const char *generation, usec_t lock_until);
/* The last set that was published with this part, by this writer and host; NULL: not known. g_free. What a
 * run that died has left pending is published first. Call it while holding the part's lock. */
bool backup_last_set(const BackupPart *part, char **set_id, GError **error);
void backup_progress(const struct backup *backup, const char *phase, uint64_t done, uint64_t total);
/* A sentence for the user. */
void backup_note(const struct backup *backup, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The settings for packs of one part; generation and digest seed are the caller's to keep. */
struct pack_sink_settings backup_sink_settings(const struct backup *backup, const char *generation,
					       usec_t lock_until);

/* backup_publish.c: from parts that were captured to a set. */
bool backup_repeat_pending(struct backup *backup, GError **error);
bool backup_publish(struct backup *backup, GError **error);
bool backup_publish_moments(struct backup *backup, GError **error);

#endif
