#ifndef ODR_REPO_OBJECT_H
#define ODR_REPO_OBJECT_H

#include "repo/repo.h"

/*
 * What makes an object good, by its name alone and without a key that opens anything: what is named by its
 * SHA-256 has it; what writers sign is signed, under this name, by one whose endorsement covers the time of
 * the version. What names of other kinds promise is not known here, and they are taken for good. CORRUPT,
 * or REFUSED for what a newer version wrote.
 */
bool object_verify(Repo *repo, const char *local, GBytes *content,
		   const struct store_object *version, GError **error);

/* Reads every version of an object: each that is no good is noted as an alteration, as long as another one
 * is. CORRUPT where none is. */
bool object_verify_versions(Repo *repo, const char *local, GError **error);

#endif
