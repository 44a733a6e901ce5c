#ifndef ODR_REPO_MANIFEST_MEMBER_H
#define ODR_REPO_MANIFEST_MEMBER_H

#include "base/clock.h"
#include "base/json.h"
#include "pg/wal.h"

/*
 * Members of a manifest's JSON, typed and within bounds, on top of base/json. `what` says in messages
 * whose member it is. What is missing, of another type or out of bounds: CORRUPT, and *value is untouched.
 */
void member_set_hex(json_t *object, const char *name, const void *data, size_t size);
void member_set_lsn(json_t *object, const char *name, lsn_t lsn);

bool member_int(json_t *object, const char *what, const char *name, int64_t least, int64_t most,
		int64_t *value, GError **error);
bool member_time(json_t *object, const char *what, const char *name, usec_t *value, GError **error);
bool member_count(json_t *object, const char *what, const char *name, uint64_t *value,
		  GError **error);
/* Exactly `size` bytes. */
bool member_hex(json_t *object, const char *what, const char *name, uint8_t *data, size_t size,
		GError **error);
bool member_lsn(json_t *object, const char *what, const char *name, lsn_t *lsn, GError **error);
/* Text, or its hex form, or absent: then *value becomes NULL. What *value held is freed. */
bool member_text(json_t *object, const char *what, const char *name, char **value, GError **error);

/* A whole document, which must be an object. New reference. */
bool member_document(const char *text, size_t size, const char *what, json_t **object,
		     GError **error);

#endif
