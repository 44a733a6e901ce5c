#ifndef ODR_BASE_SOCKET_SEARCH_H
#define ODR_BASE_SOCKET_SEARCH_H

#include <glib.h>
#include <stdbool.h>

/*
 * The kernel lists sockets of the file system only to whoever is in the network namespace they were bound in, yet connects
 * everybody who sees them. From elsewhere they have to be looked for: in all of the file system that this user may read,
 * but /proc and /sys. skip: folders that are passed over, NULL-terminated. REFUSED where there is too much to look at.
 */
bool sockets_search(const char *folder, const char *const *skip, GPtrArray *paths, GError **error);

#endif
