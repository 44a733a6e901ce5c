#ifndef ODR_DRILL_ENGINE_ODOO_RUN_H
#define ODR_DRILL_ENGINE_ODOO_RUN_H

#include "base/background.h"
#include "base/limits.h"
#include "drill/plan/plan.h"

#include <sys/types.h>

/*
 * Odoo on a neutralized copy: in the network of the copy's server, which leads nowhere, with a file system that is
 * read-only but for a folder of the sandbox and the copy of its files, by a configuration of its own and with a clean
 * environment. It ends with the thread that started it.
 */
struct odoo_run_request {
	const struct plan_odoo *plan;
	const char *configuration; /* text of the source's odoo.conf */
	const char *const *addons; /* folders with its code */
	const char *root; /* what %s of the command is: folder that has the source's files, or "" */
	const char *conninfo; /* of the copy's server, by a role that may do everything */
	const char *database, *run_id;
	const char *folder;		     /* to be made; short */
	const char *files;		     /* folder of the files of that database; NULL: none */
	const char *log;		     /* what it says is added to that */
	pid_t server;			     /* whose network */
	const char *sandbox;		     /* folder: of sockets it sees only those in it */
	const struct process_limits *limits; /* NULL: ours */
	const struct background_ground *ground; /* as struct background_request has it */
};
typedef struct odoo_run OdooRun;
OdooRun *odoo_run_start(const struct odoo_run_request *request, GError **error);
void odoo_run_free(OdooRun *run); /* ends it; the folder stays */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OdooRun, odoo_run_free)
/* Until it answers 200 at health=. FAILED where it ended before that, or start-limit is over. */
bool odoo_run_wait(OdooRun *run, GError **error);

/* Where it is asked from outside, a socket; and from inside, a URL. */
const char *odoo_run_socket(const OdooRun *run);
#define ODOO_RUN_URL "http://127.0.0.1:8069"

/* Gives a user of the copy the password by the SQL of the plan (login=), and tells whose it is now; *login: g_free. */
struct odoo_login {
	const char *conninfo, *database, *run_id;
	const char *name, *sql; /* of the file; text */
	const char *password, *service;
};
bool odoo_run_login(const struct odoo_login *request, char **login, GError **error);

#endif
