#ifndef ODR_CLI_RESTORE_PART_H
#define ODR_CLI_RESTORE_PART_H

#include "cli/run/run.h"
#include "cli/site/context.h"
#include "ops/filestore/choice.h"

/*
 * The command restore (cmd_restore.c) and what it asks of each part: all options are parsed, then all plans are made and
 * shown, and only then is the first part written. Parts come in the order database, filestore, config: the plan of the
 * database says which moment the others belong to.
 */
struct restore_site {
	const struct arguments *arguments;
	Context *context; /* from plan on: with identity and repositories; one for all parts */
	Run *run;	  /* from run on */
	struct account account;
	bool several;	    /* parts */
	const char *pgdata; /* where the database goes; NULL: it is not restored, too */
	/* The moment at which the database will be, as its plan tells; without a database has_moment is false. */
	bool has_moment;
	struct filestore_span moment;
};
struct restore_part_class {
	const char *name;
	/* Its options, as an object of its own for what follows; NULL with error. */
	void *(*parse)(const struct restore_site *site, GError **error);
	/* Which set, and where from. Refuses what can be refused; touches nothing. */
	bool (*plan)(void *part, struct restore_site *site, GError **error);
	void (*show)(const void *part, const struct restore_site *site);
	bool (*run)(void *part, const struct restore_site *site, GError **error);
	/* After plan: what the catalog keeps of the run. */
	struct run_result (*result)(const void *part);
	/* After plan: what the audit chain is told of it. */
	void (*tell)(const void *part, json_t *facts);
	void (*free)(void *part); /* NULL is fine */
};
extern const struct restore_part_class restore_database_part, restore_filestore_part,
	restore_config_part;

struct json_t;
/* A plan as JSON: a document, or with several parts, or where it is carried out, a line. Takes the reference. */
void restore_part_json(const struct restore_site *site, struct json_t *plan);
/* The first repository for which try succeeds; warns of those before it, and gives the error of the last. */
typedef bool (*restore_part_try)(void *part, Repo *repo, GError **error);
bool restore_part_from(const Context *context, restore_part_try try, void *part, GError **error);
/* Whether --part names it. */
bool restore_wants(const struct arguments *arguments, const char *part);

#endif
