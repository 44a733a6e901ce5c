#ifndef ODR_PG_INSTANCE_H
#define ODR_PG_INSTANCE_H

#include "base/clock.h"
#include "base/limits.h"
#include "pg/control.h"
#include "pg/recovery.h"
#include "pg/session.h"

/*
 * A private server on a restored data directory: reached only through a socket in a folder of ours, archives nothing,
 * connects to nothing, runs nothing by itself, and takes nothing from the configuration of the source (POSTGRES.md 9).
 * It is stopped when we end, however that comes. Its data is thrown away: nothing is synced.
 */
typedef struct instance Instance;
struct instance_parameter {
	const char *name, *value;
};
struct instance_settings {
	const char *pgdata;		   /* of this user; not started since it was restored */
	const char *folder;		   /* made, 0700: configuration, socket, log */
	const char *bin;		   /* folder of the server's programs; NULL: looked for */
	const char *superuser;		   /* a role that may do everything; NULL: postgres */
	struct recovery_settings recovery; /* action PAUSE where there is a target */
	/* Files of some databases are missing: replay passes over their pages; instance_missing_page finds those
	 * it should not have passed over. */
	bool partial;
	/* Folders beside pgdata and folder that restore_command writes to, NULL-terminated: to the server the rest
	 * of the file system is read-only, so that no tablespace of the source's can be made or touched by replay
	 * (POSTGRES.md 9). NULL: not so. */
	const char *const *writable;
	const char *const
		*in_sight; /* as struct background_request has it; NULL: nothing is hidden */
	const struct process_limits *limits;	/* NULL: ours */
	const struct background_ground *ground; /* as struct background_request has it */
	bool no_network;	      /* but a loopback of its own; archive-get --feeder then */
	uint64_t shared_buffers;      /* bytes; 0: a little */
	const char *const *libraries; /* to preload, NULL-terminated; NULL: none */
	/* Further settings, of which none may be one that all of the above rests on; ends with a NULL name; NULL: none. */
	const struct instance_parameter *parameters;
	const char *run_id; /* in application_name */
};
/* Path of the server's program, by which this user could run one; g_free. REFUSED to root, as the server is; NOT_FOUND. */
char *instance_program(const char *bin, int major, GError **error);
Instance *instance_start(const struct instance_settings *settings, GError **error);
void instance_free(Instance *instance); /* stops it, at once */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Instance, instance_free)

/* Until replay rests at the target, or, without one, the end of the archive made it a server of its own. tick is called
 * several times a second; false from it ends the waiting. FAILED where the server ended, with its own last word. */
bool instance_wait(Instance *instance, bool (*tick)(void *data, GError **error), void *data,
		   GError **error);

/* A standby (RECOVERY_STANDBY), until what is_met says is met: the end of the archive, absence proven; and until replay
 * has come to rest there. It is paused then, and still reads only. */
struct instance_end {
	bool (*tick)(void *data, GError **error);
	bool (*is_met)(void *data);
	void *data;
};
bool instance_wait_for_end(Instance *instance, const struct instance_end *end, GError **error);
/* Makes a server that rests one of its own, which may be written. */
bool instance_promote(Instance *instance, bool (*tick)(void *data, GError **error), void *data,
		      GError **error);

/* For libpq, without a database; by a role that may do everything. g_free. */
char *instance_conninfo(const Instance *instance);
const char *instance_log(const Instance *instance); /* path of its log: pg/server_log.h */
pid_t instance_pid(const Instance *instance);	    /* of the postmaster */

/* The first page that replay missed in a relation of the database, of a template, or shared; NULL: none; g_free. Only
 * these were to be whole. */
bool instance_missing_page(const Instance *instance, uint32_t database, char **page,
			   GError **error);

/* Ends it so that everything is in its files; where it does not within ten minutes, it is killed. */
void instance_shut_down(Instance *instance);
/* False with FAILED if it had to be killed. */
bool instance_stop(Instance *instance, GError **error);

/* Of its socket, whatever PGPORT says. */
#define INSTANCE_PORT "5432"
/* For tests: the whole configuration; g_free. */
char *instance_configuration(const struct instance_settings *settings,
			     const struct control *control);

#endif
