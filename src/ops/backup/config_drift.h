#ifndef ODR_OPS_BACKUP_CONFIG_DRIFT_H
#define ODR_OPS_BACKUP_CONFIG_DRIFT_H

#include "collect/index.h"
#include "crypto/keys.h"

/*
 * How many items of the configuration are not as in the capture before: what came, what went, content, mode, owner, where
 * a link leads. The host cannot open its sets: config-items.json in the state folder of the service keeps a digest for
 * each item of the last capture, keyed, so that nobody learns from it what short secrets are.
 */
/* After a set with it was published; *items is -1 where there was none before. */
bool config_drift_note(const char *state, const uint8_t digest_secret[KEY_SIZE],
		       const CollectIndex *index, int64_t *items, GError **error);
/* As it was noted last; -1: not known. */
bool config_drift_read(const char *state, int64_t *items, GError **error);

#endif
