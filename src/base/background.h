#ifndef ODR_BASE_BACKGROUND_H
#define ODR_BASE_BACKGROUND_H

#include "base/clock.h"

#include "base/confine.h"
#include "base/limits.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * A program that runs beside us until it is told to end, in a session of its own, stdin from /dev/null; of what else is
 * open nothing is handed on, and it dumps no core. What it left running in its group ends when it does. When the thread that
 * started it ends, however that comes, it gets death_signal: nothing of ours outlives a kill -9.
 */
typedef struct background Background;
/* What there is already where programs start: a network that leads nowhere, which was made by others. */
struct background_ground {
	bool bare; /* nor can they be given a view of the files of their own: they have ours */
	const char *const *sockets; /* NULL-terminated: in our sight, bound in other networks */
};
struct background_request {
	const char *const *argv;	/* NULL-terminated; argv[0] is an absolute path */
	const char *const *environment; /* "NAME=value", NULL-terminated; NULL: ours */
	const char *folder;		/* it begins in; NULL: the root */
	const char *output;		/* file that stdout and stderr are appended to, 0600 */
	int death_signal;
	/* Folders, NULL-terminated: to the program everything else of the file system is read-only
	 * (base/confine.h). NULL: nothing is. */
	const char *const *writable;
	bool no_network;		       /* but a loopback of its own */
	const struct confinement_place *place; /* the network of another one; NULL: not so */
	/* Folders, NULL-terminated, whose sockets it may reach, beside those that it may write: all others are hidden from
	 * it (base/hide.h). NULL: none is hidden. */
	const char *const *in_sight;
	const struct background_ground *ground; /* where no network is made; NULL: it is */
	const struct process_limits *limits;	/* NULL: ours */
};
/* Fails also where the program cannot be executed; REFUSED where it cannot be confined. */
Background *background_start(const struct background_request *request, GError **error);
pid_t background_pid(const Background *background);
/* False once it has ended; *status is then as in struct process_result. status may be NULL. */
bool background_runs(Background *background, int *status);
/* Sends the signal, waits, and kills its whole group when patience is over. True if it ended by itself. */
bool background_stop(Background *background, int signal, usec_t patience);
/* Kills what still runs. */
void background_free(Background *background);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Background, background_free)

#endif
