#ifndef ODR_OPS_TENANT_TENANT_H
#define ODR_OPS_TENANT_TENANT_H

#include "ops/restore/restore.h"
#include "pg/instance.h"

/*
 * One database at a moment, beside production: the cluster is restored and replayed in a private server, of the databases
 * of users only the one that is wanted; there it can be read and dumped. Templates, shared relations, and whatever is no
 * relation file come along. Where that turns out not to be enough (the database was made anew behind the set, replay
 * needed a page of another), everything is restored after all.
 */
struct tenant_request {
	Repo *repo;
	const Identity *identity;
	const struct restore_plan *plan;
	const struct restore_target *target;
	const char *database;
	const char *folder; /* absolute, of the caller; data, pg and tablespaces are made in it */
	const char *bin;    /* programs of PostgreSQL; NULL: looked for */
	const char *restore_command, *recovery_end_command;
	const char *const *writable; /* as struct instance_settings has it */
	const char *spool;
	const char *run_id;
	unsigned workers;
	void (*progress)(void *data, const struct restore_progress *progress);
	void *progress_data;
};
typedef struct tenant Tenant;
/* NOT_FOUND where there is no such database at that moment; the message names those that are. */
Tenant *tenant_open(const struct tenant_request *request, GError **error);
void tenant_free(Tenant *tenant);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tenant, tenant_free)

/* A connection to the database: read-only where the server rests at its target. */
Session *tenant_session(const Tenant *tenant, GError **error);
char *tenant_conninfo(const Tenant *tenant); /* of its server, without a database; g_free */
int tenant_major(const Tenant *tenant);
const GPtrArray *tenant_notes(const Tenant *tenant); /* char *: sentences for the user */

enum tenant_format { TENANT_CUSTOM, TENANT_DIRECTORY, TENANT_PLAIN };
struct tenant_dump {
	const char *path; /* must not exist */
	enum tenant_format format;
	bool no_owner;
	unsigned jobs; /* TENANT_DIRECTORY */
};
/* By pg_dump. */
bool tenant_dump(const Tenant *tenant, const struct tenant_dump *dump, GError **error);

#endif
