#ifndef ODR_OPS_BACKUP_CONFIG_DRIFT_H
#define ODR_OPS_BACKUP_CONFIG_DRIFT_H

#include "collect/index.h"
#include "crypto/keys.h"

/*
 * What of the configuration is not as the last passed drill restored it: items that came, went, or have another content,
 * mode, owner, or place where a link leads. The host cannot open its sets: config-items.json in the state folder of the
 * service keeps a digest for each item of the newest capture and of the one that was drilled, keyed, so that nobody learns
 * from it what short secrets are.
 */
struct config_captured {
	const char *set;
	const CollectIndex *index;
	const uint8_t *digest_secret; /* KEY_SIZE */
};
/* The newest that this host knows of: one that is older than what is noted changes nothing. */
bool config_drift_captured(const char *state, const struct config_captured *captured,
			   GError **error);
/* By a drill that passed. */
struct config_drilled {
	const char *run;
	usec_t time;
	struct config_captured captured;
};
bool config_drift_drilled(const char *state, const struct config_drilled *drilled, GError **error);

struct config_drift {
	int64_t items;	     /* that differ; -1: one of both is not known */
	GPtrArray *paths;    /* char *, of these, sorted; NULL: not known */
	char *drilled, *run; /* set and drill; NULL: none passed that restored it */
	usec_t time;	     /* of that drill */
	char *captured;	     /* the newest set with a configuration; NULL: not known */
};
/* What cannot be read is not known. */
void config_drift_read(const char *state, struct config_drift *drift);
void config_drift_clear(struct config_drift *drift);

#endif
