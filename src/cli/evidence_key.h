#ifndef ODR_CLI_EVIDENCE_KEY_H
#define ODR_CLI_EVIDENCE_KEY_H

#include "cli/context.h"

/* The public part of the key that evidence is verified with: --key FILE (signify, PEM, or the key file itself), else
 * that of evidence-key= of the service, for which no passphrase is needed. USAGE where there is neither. context may be
 * NULL. */
bool evidence_key_chosen(const struct arguments *arguments, const Context *context,
			 uint8_t public_key[KEY_SIZE], GError **error);

#endif
