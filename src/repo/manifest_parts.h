#ifndef ODR_REPO_MANIFEST_PARTS_H
#define ODR_REPO_MANIFEST_PARTS_H

#include "repo/manifest.h"
#include "repo/signed_object.h"

/* A manifest's object in two steps: signature and public part, which need no key, fill a manifest that is
 * new and give the object that was found good … */
bool manifest_parse_public(const struct key_service *service, const char *set_id, const void *bytes,
			   size_t size, struct signed_object *object, Manifest *manifest,
			   GError **error);
/* … whose sealed part is then added. AUTH when the identity does not open it. */
bool manifest_parse_sealed(const struct signed_object *object, const Identity *identity,
			   Manifest *manifest, GError **error);

/* One that is being read: of its versions the oldest that a writer of the service signed. */
struct manifest_reading {
	Repo *repo;
	const char *set_id;
	Manifest *manifest;
	struct signed_object object;
};
/* listed NULL: not listed. content must live as long as the sealed part is not read. */
bool manifest_read_public(struct manifest_reading *reading, const struct store_object *listed,
			  GBytes **content, GError **error);

#endif
