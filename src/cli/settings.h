#ifndef ODR_CLI_SETTINGS_H
#define ODR_CLI_SETTINGS_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The configuration file (odrbackup.conf(5)): every key stands once, in a table of settings.c, with
 * its group, type, default and help; the parser, `config show --origin`, suggestions and the manual's
 * test read that table. GLib only: the small program links this.
 */
struct settings_repository {
	char *name, *type, *path;
	char *lock; /* none, governance, compliance */
};
struct settings_tier {
	char *name;
	usec_t rpo, rto; /* 0: no objective */
	usec_t retain;
	unsigned retain_least;
	usec_t backup_every; /* expected distance of sets */
	usec_t generation_length;
};
struct settings_service {
	char *name;
	GPtrArray *repositories; /* struct settings_repository, not owned */
	const struct settings_tier *tier; /* never NULL: built-in "default" */
	char *postgres;       /* libpq conninfo */
	char *data_directory; /* "auto" or a path */
	char *bundle, *identity; /* files; may be NULL */
};
typedef struct settings Settings;
struct settings {
	char *file; /* where it came from */
	char *state, *spool;
	unsigned workers;
	int compress_level;
	usec_t archive_get_timeout, archive_check_timeout;
	unsigned archive_push_batch, archive_get_batch; /* further segments taken along; 0: none */
	GPtrArray *repositories, *services, *tiers;
	GPtrArray *origins; /* struct settings_origin, in the order of the table */
};
struct settings_origin {
	char *group, *key, *value;
	char *origin; /* "default" or "FILE:LINE" */
};
void settings_free(Settings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_free)

#define SETTINGS_FILE "/etc/odrbackup/odrbackup.conf"
/* Reads and checks everything; USAGE errors are "FILE:LINE: what is wrong; what would be right". */
Settings *settings_load(const char *file, GError **error);
Settings *settings_parse(const char *text, size_t size, const char *file, GError **error);
/* name NULL: the only one; USAGE with the names there are (and a suggestion). */
const struct settings_service *settings_service(const Settings *settings, const char *name,
						GError **error);
/* <state>/<service>; g_free. */
char *settings_state(const Settings *settings, const struct settings_service *service);

/* One key as the table has it, for config show, manuals and tests. */
struct settings_key {
	const char *group; /* "odrbackup", "repository", "service", "tier" */
	const char *name;
	const char *fallback; /* default as text, or NULL */
	const char *help;
	bool required;
};
const struct settings_key *settings_keys(size_t *count);

#endif
