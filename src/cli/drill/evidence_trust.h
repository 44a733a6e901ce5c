#ifndef ODR_CLI_DRILL_EVIDENCE_TRUST_H
#define ODR_CLI_DRILL_EVIDENCE_TRUST_H

#include "cli/site/context.h"
#include "crypto/evidence_trust.h"

/* By whom evidence has to be signed, with what it is made of. */
typedef struct trust Trust;
struct trust {
	GArray *keys;	/* uint8_t[KEY_SIZE] */
	GArray *owners; /* struct key_service */
	struct evidence_trust is;
};
void trust_free(Trust *trust);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trust, trust_free)
/* --key FILE … (signify, PEM, or the key file itself) and --endorsed-by FILE … (any key file of a service, or a kit); without
 * either the owners of those services (Context; NULL: none) that have an evidence-key=, for whom no passphrase is needed.
 * One of nobody where there is none of all that. */
Trust *trust_chosen(const struct arguments *arguments, const GPtrArray *contexts, GError **error);
/* USAGE if it is of nobody. */
bool trust_required(const Trust *trust, GError **error);

/* The public parts to be put beside evidence (struct evidence_exported_key): --key FILE …, else those of the services that
 * have one, which are called by them where there are several. */
GPtrArray *trust_exported(const struct arguments *arguments, const GPtrArray *contexts,
			  GError **error);

#endif
