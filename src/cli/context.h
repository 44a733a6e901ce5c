#ifndef ODR_CLI_CONTEXT_H
#define ODR_CLI_CONTEXT_H

#include "cli/command.h"
#include "crypto/keys.h"
#include "repo/repo.h"

/*
 * What most commands begin with: settings, service, keys, repositories, opened on demand. With
 * --kit FILE settings, service and identity come from the recovery kit instead of --config.
 */
typedef struct context Context;
struct context {
	Settings *settings;
	const struct settings_service *service;
	char *state; /* <state>/<service>, made */
	const struct arguments *arguments;
	Identity *identity; /* after context_identity */
	Bundle *bundle;     /* after context_bundle */
	GPtrArray *repos;   /* Repo, after context_repos */
	bool from_kit;
};
void context_free(Context *context);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Context, context_free)
/* service_name NULL: the only one. */
Context *context_open(const struct arguments *arguments, const char *service_name, GError **error);
/* The identity: --identity FILE, else the service's setting, else the kit's. AUTH with advice if none. */
bool context_identity(Context *context, GError **error);
/* As context_identity, but a missing identity is fine (context->identity stays NULL). */
bool context_identity_optional(Context *context, GError **error);
bool context_bundle(Context *context, GError **error);
/* Opens all repositories of the service (--repository NAME: that one). The trusted service comes from
 * the identity or bundle loaded before. The format of each is checked. */
bool context_repos(Context *context, GError **error);
/* Asks on the terminal, or reads --passphrase-file. For key_unlock. */
char *passphrase_ask_terminal(void *data, const char *what, GError **error);

#endif
