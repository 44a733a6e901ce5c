#ifndef ODR_CLI_SITE_BACKUP_PARTS_H
#define ODR_CLI_SITE_BACKUP_PARTS_H

#include "cli/site/collectors.h"
#include "cli/site/context.h"
#include "ops/backup/config.h"
#include "ops/backup/database.h"
#include "ops/backup/filestore.h"

/*
 * Which parts a backup captures: those of --part, or all that the service has; and how, as the
 * configuration says. A new part is one line in the table of backup_parts.c.
 */
typedef struct backup_parts BackupParts;
struct backup_parts {
	bool chosen_database, chosen_filestore;
	struct backup_database database;
	struct backup_filestore filestore;
	char **places, **databases; /* of it */
	bool chosen_config;
	Collectors *collectors; /* after backup_parts_prepare */
	struct backup_config config;
};
void backup_parts_clear(struct backup_parts *parts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BackupParts, backup_parts_clear)
/* USAGE for a name that is no part, and for a part that the service does not have. */
bool backup_parts_choose(const Context *context, struct backup_parts *parts, GError **error);
/* Names (static) of the parts that the service has; the last is NULL. */
GPtrArray *backup_parts_of(const Context *context);
/* What takes more than the settings: context_bundle first. */
bool backup_parts_prepare(const Context *context, struct backup_parts *parts, GError **error);
/* The request refers to parts. */
void backup_parts_request(const struct backup_parts *parts, struct backup_request *request);

#endif
