#ifndef ODR_CLI_SITE_CONTEXT_H
#define ODR_CLI_SITE_CONTEXT_H

#include "cli/keys/kit.h"
#include "cli/line/arguments.h"
#include "cli/settings/settings.h"
#include "cli/site/unlock.h"
#include "crypto/keys.h"
#include "repo/repo.h"

/*
 * What most commands begin with: settings, service, keys, repositories, opened on demand. With
 * --kit FILE settings, service and identity come from the recovery kit instead of --config; state and
 * spool then lie below $XDG_STATE_HOME/odrbackup (~/.local/state/odrbackup), unless the kit names them.
 */
typedef struct context Context;
struct context {
	Settings *settings;
	const struct settings_service *service;
	char *state;	      /* <state>/<service>, made */
	char *spool;	      /* <spool>/<service>; not made */
	unsigned connections; /* as of struct store_settings: a restore sets it */
	usec_t as_of;	      /* --as-of: repositories are read as they were then; 0: as they are */
	struct store_lab *lab; /* of repositories that are opened after this; NULL: none */
	const struct arguments *arguments;
	Identity *identity;	   /* after context_identity */
	Bundle *bundle;		   /* after context_bundle */
	EvidenceKey *evidence_key; /* after context_evidence_key */
	GPtrArray *repos;	   /* Repo, after context_repos */
	GPtrArray *memories;	   /* paths: char * */
	Kit *kit;		   /* NULL: from a configuration file */
	struct passphrase_source passphrase;
	bool identity_told; /* see cli/run/trail.h */
};
void context_free(Context *context);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Context, context_free)
/* service_name NULL: the only one. */
Context *context_open(const struct arguments *arguments, const char *service_name, GError **error);
/* As with --kit FILE, of a host that has nothing else: state and spool lie below a folder. */
Context *context_open_kit(const struct arguments *arguments, const char *service_name,
			  const char *folder, GError **error);
/* The service of that name, or all there are where none is named: Context. */
GPtrArray *context_open_all(const struct arguments *arguments, const char *service_name,
			    GError **error);
/* The identity: --identity FILE, else the kit's, else the service's setting. AUTH with advice if none. */
bool context_identity(Context *context, GError **error);
/* As context_identity, but where none is named context->identity stays NULL. */
bool context_identity_optional(Context *context, GError **error);
bool context_bundle(Context *context, GError **error);
/* evidence-key= of the service: AUTH with advice if none, or if its endorsement does not hold now. */
bool context_evidence_key(Context *context, GError **error);
/* Opens all repositories of the service (--repository NAME: that one). The trusted service comes from
 * the identity, bundle or evidence key loaded before. The format of each is checked; who opens them to write may be
 * forbidden to see it. */
bool context_repos(Context *context, GError **error);
bool context_repos_to_write(Context *context, GError **error);
/* Of the service's repositories, those --repository leaves: struct settings_repository, not owned. */
GPtrArray *context_repositories(const Context *context, GError **error);

/* The service's repositories as its journal of WAL knows them: struct wal_repository, those opened by their
 * ids, the others by where they lie. The strings are those of the settings. */
GArray *context_journaled(const Context *context);

/* Where repositories (struct settings_repository) lie, for what opens them itself; g_free. The strings are
 * those of the settings. */
struct store_settings *context_stores(const GPtrArray *repositories);
struct store_settings context_store(const struct settings_repository *repository);
/* Lets stores keep what they were told in the service's state folder, and believe for so long what other
 * processes of this service were told (0: not). */
void context_remember(Context *context, struct store_settings *stores, size_t count, usec_t age);

/* --jobs N, else workers= of the configuration. */
bool context_workers(const Context *context, unsigned *workers, GError **error);
/* --lock-wait, or 10 minutes. */
bool context_lock_wait(const Context *context, usec_t *wait, GError **error);
/* A destructive step: --confirm SERVICE, or the name typed at a terminal; else REFUSED. question is a
 * sentence with its full stop that says what will happen. */
bool context_confirm(const Context *context, const char *question, GError **error);

/*
 * What PostgreSQL has to run during recovery. It cannot be asked for a passphrase, should not spend a second
 * per segment on one, and must not need the medium the kit is on: a protected identity is written unprotected
 * to recovery-identity in folder, and of a kit also its settings, to recovery.conf, both 0600. *end_command removes them when recovery ends (NULL: nothing to do). context_identity first. g_free
 * both.
 */
bool context_recovery_commands(Context *context, const char *folder, char **restore_command,
			       char **end_command, GError **error);

#endif
