#ifndef ODR_REPO_HOLD_H
#define ODR_REPO_HOLD_H

#include "repo/layout.h"
#include "repo/repo.h"

/*
 * That a set is to be kept, whatever retention says: a small signed object in the clear, named
 * hold/<set-id>/<time>-<8 hex>, content JSON (odrbackup-format(7)). It is put without a lock, and deleted when the set is
 * released. One that does not verify still holds: who could damage it could not make its set expire.
 */
#define HOLD_REASON_MAX 1000 /* bytes */
struct hold {
	char *name; /* the last component of its name, as set ids are */
	char *set_id;
	usec_t made, until; /* by the host's clock; until 0: without end */
	char *reason, *by;  /* by: user@host; NULL where it does not verify */
	/* of the reading */
	bool verified;
	usec_t stored_at;
	char version[128];
};
void hold_free(struct hold *hold);
bool hold_in_force(const struct hold *hold, usec_t now);

/* One line that can be printed, not empty: else USAGE. */
bool hold_reason_check(const char *reason, GError **error);

char *hold_print(const struct hold *hold, const uint8_t service_id[SERVICE_ID_SIZE]); /* g_free */
/* Hostile text: CORRUPT, or REFUSED for a newer format. Leaves name alone. */
bool hold_parse(const char *text, size_t size, const uint8_t service_id[SERVICE_ID_SIZE],
		struct hold *hold, GError **error);

/* Draws the name, signs, and puts it into every repository. */
bool hold_put(const GPtrArray *repos, const Bundle *bundle, struct hold *hold, GError **error);
/* All there are, of a set (NULL: of every one), by set and time: struct hold. What does not verify is a sentence in
 * troubles (may be NULL). */
bool hold_list(Repo *repo, const char *set_id, GPtrArray **holds, GPtrArray *troubles,
	       GError **error);
/* The first of them that is in force for this set; NULL: none. */
const struct hold *hold_of(const GPtrArray *holds, const char *set_id, usec_t now);

#endif
