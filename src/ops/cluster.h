#ifndef ODR_OPS_CLUSTER_H
#define ODR_OPS_CLUSTER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Which cluster a service belongs to: pinned in <state>/cluster by the first backup or push, so that
 * another cluster's WAL or data directory is refused. GLib only (small program). */
bool cluster_pin(const char *state, uint64_t system_identifier, GError **error);
/* 0 when nothing is pinned yet. */
bool cluster_pinned(const char *state, uint64_t *system_identifier, GError **error);

#endif
