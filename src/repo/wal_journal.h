#ifndef ODR_REPO_WAL_JOURNAL_H
#define ODR_REPO_WAL_JOURNAL_H

#include "repo/layout.h"
#include "repo/repo.h"

/*
 * The local record of which WAL files are durable where: files of lines in a folder
 * (<state>/<service>/wal), one per 16 hex digits of segment names (or "other"), appended and fsynced.
 * A torn last line is ignored. Losing it means pushing again.
 */

/* A repository as the journal knows it: by its id, wherever it lies and whatever it is called, and where the
 * id is not known, as to a writer who may not read, by its place. The name is for people. */
struct wal_repository {
	const char *name;
	char id[REPO_ID_SIZE]; /* "": not known */
	char place[STORE_PLACE_SIZE];
};
struct wal_repository wal_repository_of(const Repo *repo); /* the name is the store's */
/* Of one that was not asked: what lies at its place now is not known. */
struct wal_repository wal_repository_unasked(const struct store_settings *settings);

struct wal_record {
	char *file;
	uint8_t digest[XXH128_SIZE];
	uint64_t size;
	struct wal_repository repository;
	usec_t stored_at;
	usec_t written_at; /* when the server had written its last byte; 0: not known */
	bool superseded;   /* at the place of the repository another one was found later */
};
void wal_record_free(struct wal_record *record);
/* Whether what a record says, it says of this repository. */
bool wal_record_is_of(const struct wal_record *record, const struct wal_repository *repository);

/*
 * Before the first use in a process, by those who write. What an older version wrote knows repositories by
 * their names: it is taken to be of those that have the names now, once, when this version first finds it.
 * Later lines of such a version count for nothing.
 */
bool wal_journal_adopt(const char *folder, const struct wal_repository *repositories, size_t count,
		       GError **error);
/* All records of one file. */
bool wal_journal_find(const char *folder, const char *file, GPtrArray **records, GError **error);
/* Durable when true; safe with several processes and threads (O_APPEND, one write per call). */
bool wal_journal_append(const char *folder, const struct wal_record *records, size_t count,
			GError **error);
/* Every record, for the catalog and for manifests; sorted by file. */
bool wal_journal_read_all(const char *folder, GPtrArray **records, GError **error);
/* Drops the journals of segments that lie wholly before this segment (by their last 16 digits). */
bool wal_journal_trim(const char *folder, const char *before_segment, GError **error);

#endif
