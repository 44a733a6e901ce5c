#ifndef ODR_REPO_MARKED_H
#define ODR_REPO_MARKED_H

#include "base/json.h"
#include "repo/mark.h"

/*
 * What a mark and its anchor have in common: a sealed, signed object whose id is made of time and name. Public part, JSON:
 * format 1, the id under the name of the kind, service (hex), made_us, program, and what the kind has besides; content,
 * JSON, of the kind's own.
 */
struct marked_kind {
	const char *noun; /* "mark": of messages, and the member with the id */
	enum seal_kind seal;
	uint64_t object_max;
	size_t sealed_max;
	char *(*local)(const char *id);
	/* Of something that begins with a struct mark. */
	struct mark *(*make)(void);
	void (*free)(struct mark *mark);
	/* What else is in the clear; NULL: nothing. The content, which has a name in any case. */
	bool (*parse_public)(json_t *object, struct mark *mark, GError **error);
	bool (*parse_sealed)(const char *text, size_t size, struct mark *mark, GError **error);
};

/* The public part, to which the kind adds its own. New reference. */
json_t *marked_public_json(const struct marked_kind *kind, const struct mark *mark,
			   const uint8_t service_id[SERVICE_ID_SIZE]);
/* Hostile text, added to *mark. */
bool marked_public_parse(const struct marked_kind *kind, const char *text, size_t size,
			 const uint8_t service_id[SERVICE_ID_SIZE], const char *id,
			 struct mark *mark, GError **error);

GBytes *marked_seal(const struct marked_kind *kind, const struct mark *mark, const Bundle *bundle,
		    const char *public_text, const char *sealed_text, GError **error);
/* Signature, public part, and with an identity the content. Hostile bytes. NULL with error. */
struct mark *marked_parse(const struct marked_kind *kind, const struct key_service *service,
			  const Identity *identity, const char *id, const void *object, size_t size,
			  GError **error);
/* From a repository: the oldest content that is one. NULL with error. */
struct mark *marked_load(const struct marked_kind *kind, Repo *repo, const Identity *identity,
			 const char *id, GError **error);

#endif
