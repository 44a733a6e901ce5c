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
/* NULL-terminated, relative paths passed over. */
struct hiding_request {
	const char *const *in_sight; /* folders and files that stay, with the sockets in them */
	const char *const
		*argv; /* the files among its words stay, too, but keep no socket in sight */
	const char *const
		*elsewhere; /* sockets that were bound in another network namespace; NULL: none */
};
void hiding_make(const struct hiding_request *request, struct hiding *hiding);
void hiding_clear(struct hiding *hiding);

/* Paths of sockets that are bound in the file system and seen by us: those of this network namespace and of that of the
 * first process, as far as that is shown to us; and those that were found elsewhere (base/socket_search.h),
 * NULL-terminated; NULL: none; char *. */
GPtrArray *sockets_in_sight(const char *const *elsewhere);
/* The path is the folder, or below it. */
bool path_is_within(const char *path, const char *folder);

#endif
