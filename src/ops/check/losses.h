#ifndef ODR_OPS_CHECK_LOSSES_H
#define ODR_OPS_CHECK_LOSSES_H

#include "ops/check/check.h"
#include "ops/losses.h"

/* What a check found that recovery can no longer use. */
struct check_losses {
	GPtrArray *
		known; /* struct catalog_set: what there was before the repository was listed; NULL: not known */
	GHashTable *found; /* name → struct catalog_loss */
};
void check_losses_clear(struct check_losses *losses);
/* Before the repository is listed: what is published meanwhile must not look lost. */
bool check_losses_begin(const struct check_request *request, const Repo *repo,
			struct check_losses *losses, GError **error);

struct check_losses_sources {
	const GPtrArray *findings; /* those of this repository from `from` on */
	guint from;
	const GPtrArray *manifests;
	GHashTable *tables; /* as check_objects has it */
	usec_t now;
};
void check_losses_find(const struct check_losses_sources *sources, struct check_losses *losses);
/* folder is "set/" or "wal/". */
bool check_is_lost(const struct check_losses *losses, const char *folder, const char *name);
/* How recent files and configuration are in what is left: struct status_point. */
bool check_points(Repo *repo, const GPtrArray *manifests, const struct check_losses *losses,
		  GArray *points, GError **error);
/* Into the catalog, for status and reports. */
bool check_losses_record(const struct check_request *request, const Repo *repo,
			 const struct check_losses *losses, const GArray *points, GError **error);

#endif
