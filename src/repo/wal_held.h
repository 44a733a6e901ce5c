#ifndef ODR_REPO_WAL_HELD_H
#define ODR_REPO_WAL_HELD_H

#include "repo/signed_object.h"
#include "repo/wal_object.h"

/* What a repository holds under one file name with one digest: complete (all pieces) or not. */
struct wal_held {
	char *file;
	uint8_t digest[XXH128_SIZE];
	GPtrArray *locals;    /* char *, in order of pieces; missing ones are NULL */
	GPtrArray *listed;    /* struct store_object of each, without a name */
	uint64_t object_size; /* sum */
	usec_t stored_at;     /* of the last piece */
	bool complete;
};
void wal_held_free(struct wal_held *held);
/* Of one file, oldest first by the store's time; an empty array is proven absence. */
bool wal_find(Repo *repo, const char *file, GPtrArray **held, GError **error);
/* Of the files of one timeline from the first to the last by name, from one listing, sorted by file, then
 * time. A store lists what begins alike: the fewer segments lie between, the less it has to list. */
bool wal_find_between(Repo *repo, const char *first, const char *last, GPtrArray **held,
		      GError **error);
/* Of the whole service, from one listing, sorted likewise. */
bool wal_list(Repo *repo, GPtrArray **held, GError **error);

/* What the listings are put together with: objects whose names are none of WAL are passed over. */
typedef struct wal_gathering WalGathering;
WalGathering *wal_gathering_new(const char *first, const char *last); /* files; NULL: all */
void wal_gathering_add(WalGathering *gathering, const struct store_object *object); /* name local */
GPtrArray *wal_gathering_end(WalGathering *gathering); /* frees it; sorted likewise */

/* One piece, which is there, in the version that counts; checked without a key. object refers to content.
 * TRANSIENT where what was listed is gone, which is no proof of absence. */
struct wal_piece {
	GBytes *content;
	struct signed_object object;
	struct wal_facts facts;
};
void wal_piece_clear(struct wal_piece *piece);
bool wal_piece_get(Repo *repo, const struct wal_held *held, guint number, struct wal_piece *piece,
		   GError **error);

/* Reading one: all pieces are got, checked and opened. */
struct wal_reading {
	const Identity *identity;
	const struct wal_held *held;
	unsigned threads; /* chunks are opened in parallel; 0 or 1: in the calling thread */
	/* Called when the signature of the first piece is good, and says how much is to come. May be NULL. */
	bool (*begin)(void *data, const struct wal_facts *facts, GError **error);
	/* Takes the content, in any order and called by several threads at once. NULL: it is only checked. */
	bool (*put)(void *data, uint64_t offset, const void *plain, size_t size, GError **error);
	void *data;
};
/* What was taken counts for nothing until this returns true: then it is the whole file, which has the
 * digest of its name. facts (may be NULL) are those of the first piece; wal_facts_clear. CORRUPT when
 * anything does not verify or a piece is missing, AUTH when the identity does not open it. Never
 * NOT_FOUND of the store's: what was listed and is gone is TRANSIENT, no proof of absence. */
bool wal_read(Repo *repo, const struct wal_reading *how, struct wal_facts *facts, GError **error);
/* The same into memory. */
bool wal_fetch(Repo *repo, const Identity *identity, const struct wal_held *held, unsigned threads,
	       GByteArray **content, struct wal_facts *facts, GError **error);

#endif
