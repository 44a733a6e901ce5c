#ifndef ODR_STORE_S3_DIAGNOSE_H
#define ODR_STORE_S3_DIAGNOSE_H

#include "store/diagnose_steps.h"
#include "store/s3_request.h"

/* What the files of the s3 diagnosis share: what was learnt on the way. */
struct s3_diagnose {
	struct diagnose *diagnose;
	struct s3_store *self;
	struct s3_lock_rule rule;
};

void s3_diagnose(struct diagnose *diagnose);

/* "COMPLIANCE until …"; g_free. */
char *s3_retention_describe(const struct s3_retention *retention);
/* As s3_call for one key, without a body; the answer is the caller's to look at. */
bool s3_diagnose_ask(const struct s3_diagnose *s3, const char *method, const char *key,
		     const struct s3_query *query, S3Answer *answer, GError **error);
/* DELETE of a name, of one version where version is neither NULL nor "". */
bool s3_diagnose_delete(const struct s3_diagnose *s3, const char *name, const char *version,
			S3Answer *answer, GError **error);

/* The steps (s3_diagnose.c, s3_diagnose_lock.c), the last one where it is asked for. */
void s3_diagnose_lock(struct s3_diagnose *s3);
void s3_diagnose_retention(struct s3_diagnose *s3);
void s3_diagnose_proof(struct s3_diagnose *s3);

#endif
