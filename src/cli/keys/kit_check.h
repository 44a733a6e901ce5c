#ifndef ODR_CLI_KEYS_KIT_CHECK_H
#define ODR_CLI_KEYS_KIT_CHECK_H

#include "cli/site/context.h"

/* Whether identity and owner key are of one service, and the identity opens everything. */
bool kit_keys_agree(const Context *context, const OwnerKey *owner, GError **error);
/* Of the context's kit, by the passphrase that opens its identity. */
bool kit_owner_opens(Context *context, GError **error);

/* What is wrong with a kit that opens: sentences, char *. */
/* Where the kit's repositories are not those that a configuration has for its service; what else of it is older. */
void kit_outdated(const Context *kit, const Context *site, GPtrArray *wrong, GPtrArray *older);
/* Files of this host that its settings name: a new one has to get them from elsewhere. */
void kit_lacks(const Context *kit, GPtrArray *lacking);

#endif
