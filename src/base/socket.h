#ifndef ODR_BASE_SOCKET_H
#define ODR_BASE_SOCKET_H

#include <glib.h>
#include <stdbool.h>

/* Listens at a socket of the file system, which is made: *listener is it, to be closed. USAGE for a path that no
 * socket can have. */
bool socket_listen(const char *path, int *listener, GError **error);

#endif
