#ifndef ODR_REPO_MOMENT_H
#define ODR_REPO_MOMENT_H

#include "repo/layout.h"
#include "repo/repo.h"

/*
 * Proof that a part had nothing new at a time: as of `started`, what the part held is what this set holds.
 * It extends the recovery point of the part without a set. A small signed object in the clear, named
 * moment/<part>/<time>-<8 hex>; odrbackup-format(7) and moment.c give its bytes.
 */
struct moment {
	char *name; /* the last component of its name, as set ids are */
	char *part;
	char *set_id;
	usec_t started; /* of the looking, by the host's clock */
	/* of the reading */
	struct endorsement writer;
	usec_t stored_at;
	char version[128]; /* in the store, as listed */
};
void moment_free(struct moment *moment);

GByteArray *moment_encode(const struct moment *moment, const uint8_t service_id[SERVICE_ID_SIZE]);
/* The content of the object, without its signature. Hostile bytes: CORRUPT, or REFUSED for what a newer
 * version wrote. Leaves name alone. */
bool moment_parse(const void *bytes, size_t size, const uint8_t service_id[SERVICE_ID_SIZE],
		  struct moment *moment, GError **error);

/* Draws the name, signs, and puts it into every repository. */
bool moment_put(const GPtrArray *repos, const Bundle *bundle, struct moment *moment,
		usec_t lock_until, GError **error);

/* All of one part (NULL: of every part) by their names, oldest first: struct moment with only name, part,
 * stored_at and version. */
bool moment_list(Repo *repo, const char *part, GPtrArray **moments, GError **error);
/* Gets and checks one that was listed, and fills in the rest. */
bool moment_load(Repo *repo, struct moment *moment, GError **error);
/* The newest of a part that verifies, by the store's time; *moment is NULL when there is none. What does
 * not verify is a sentence in troubles (may be NULL). */
bool moment_newest(Repo *repo, const char *part, struct moment **moment, GPtrArray *troubles,
		   GError **error);

#endif
