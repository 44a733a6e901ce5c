#ifndef ODR_BASE_HIDE_H
#define ODR_BASE_HIDE_H

#include <glib.h>
#include <stdbool.h>

/*
 * A network namespace leaves the sockets of the file system where they are: whoever sees one can connect to it. What is to
 * be hidden from a process that has a mount namespace of its own (base/confine.h): folders where programs keep sockets
 * (/run, /tmp, /var/tmp) as a whole, so that one that is made later is out of sight, too; and, elsewhere, and in these
 * where they have to stay, each socket that is bound now.
 */
struct hiding {
	GPtrArray *folders, *sockets; /* char *, each with a NULL at its end */
};
/* Both NULL-terminated, relative paths passed over. in_sight: folders and files that stay, with the sockets in them. argv:
 * the files among its words stay, too, but keep no socket in sight. */
void hiding_make(const char *const *in_sight, const char *const *argv, struct hiding *hiding);
void hiding_clear(struct hiding *hiding);

/* Paths of the sockets of this network namespace that are bound in the file system and seen by us; char *. */
GPtrArray *sockets_in_sight(void);
/* The path is the folder, or below it. */
bool path_is_within(const char *path, const char *folder);

#endif
