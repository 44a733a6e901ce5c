#ifndef ODR_CLI_SITE_TENANT_SITE_H
#define ODR_CLI_SITE_TENANT_SITE_H

#include "cli/restore/planning.h"
#include "cli/run/run.h"
#include "cli/site/context.h"
#include "ops/sandbox.h"
#include "ops/tenant/files.h"

/*
 * What commands share that bring one database to a moment in a private server: --database, the target, --sandbox,
 * --postgres-bin, --unconfined; the plan, the run as the catalog records it, the folder that is thrown away.
 */
struct tenant_site {
	const struct arguments *arguments;
	const char *database;
	char *bin; /* folder of PostgreSQL's programs, or NULL */
	unsigned workers;
	Context *context;
	struct restore_planning planning;
	Run *run;
	struct account account; /* begun by tenant_site_plan */
	struct sandbox sandbox;
	char *keys; /* folder in there: what archive-get needs */
	char *restore_command, *end_command;
	const char *writable[4];
	struct tenant_request request;
	Tenant *tenant;
};
/* Options, context and plan. */
bool tenant_site_plan(struct tenant_site *site, const struct arguments *arguments, GError **error);
/* For people, or as JSON: with --plan a document, else a line of the stream. Nothing with --quiet alone. */
void tenant_site_show_plan(const struct tenant_site *site);
/* The run of this command begins; run_finish ends it. */
void tenant_site_begin(struct tenant_site *site, const char *command);
/* Restores and replays; site->tenant is then the database at its moment. site->run first. */
bool tenant_site_open(struct tenant_site *site, GError **error);
/* The files that the database names, into folder/<database>; says what is missing, and where else attachments are.
 * files is to be cleared whatever comes. */
bool tenant_site_files(const struct tenant_site *site, const char *folder,
		       struct tenant_files *files, GError **error);
/* PARTIAL where files are missing or damaged that were not so at the source. */
bool tenant_site_files_judge(const struct tenant_files *files, GError **error);
/* For a summary; new reference. */
json_t *tenant_site_files_json(const struct tenant_files *files);
/* Sentences for the user that are not errors. */
void tenant_site_tell(const GPtrArray *notes);
void tenant_site_clear(struct tenant_site *site);

#endif
