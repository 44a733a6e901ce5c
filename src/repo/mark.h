#ifndef ODR_REPO_MARK_H
#define ODR_REPO_MARK_H

#include "repo/layout.h"
#include "repo/repo.h"

/*
 * A named restore point: a deployment, a month-end. A signed object; when it was made and its position in
 * the WAL are in the clear, name and note are sealed. It is found by its name through a digest keyed with a
 * secret of the service, which is part of its id. odrbackup-format(7) and mark.c give its bytes.
 */
#define MARK_NAME_MAX 63 /* bytes: PostgreSQL's limit for a restore point */
#define MARK_NOTE_MAX 1000
struct mark {
	char *id;
	usec_t made;
	uint32_t timeline; /* 0: no cluster, the mark is only a time */
	lsn_t lsn;	   /* behind the restore point's record */
	char *program;
	/* sealed; NULL when read without a key */
	char *name, *note, *host; /* note may be NULL */
	uint64_t system_identifier;
	/* of the reading */
	struct endorsement writer;
	usec_t stored_at;
};
void mark_free(struct mark *mark);
typedef struct mark Mark;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mark, mark_free)

/* 1 to 63 bytes of UTF-8 that can be printed, without blanks at its ends: else USAGE. */
bool mark_name_check(const char *name, GError **error);
bool mark_note_check(const char *note, GError **error);
void mark_name_digest(const uint8_t *digest_secret, const char *name,
		      uint8_t digest[MARK_DIGEST_SIZE]);

/* The whole object, sealed and signed. mark->id is set from made and name. */
GBytes *mark_seal(struct mark *mark, const Bundle *bundle, GError **error);
/* Signature, public part, and the sealed part when identity is given. Hostile bytes. */
bool mark_parse(const struct key_service *service, const Identity *identity, const char *mark_id,
		const void *object, size_t size, Mark **mark, GError **error);
/* The two parts by themselves, added to *mark. Hostile text. */
bool mark_public_parse(const char *text, size_t size, const uint8_t service_id[SERVICE_ID_SIZE],
		       const char *mark_id, struct mark *mark, GError **error);
bool mark_sealed_parse(const char *text, size_t size, struct mark *mark, GError **error);

/* Ids of all marks, ascending: GPtrArray of char *. digest (or NULL): only those of this name. */
bool mark_list(Repo *repo, const uint8_t *digest, GPtrArray **ids, GError **error);
bool mark_load(Repo *repo, const Identity *identity, const char *mark_id, Mark **mark,
	       GError **error);
/* The one of this name; *mark is NULL where there is none. USAGE where there are several: they cannot be
 * told apart by name. What does not verify is none, and a sentence in troubles (or NULL). */
bool mark_find(Repo *repo, const Identity *identity, const char *name, Mark **mark,
	       GPtrArray *troubles, GError **error);

#endif
