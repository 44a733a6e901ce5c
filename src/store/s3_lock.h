#ifndef ODR_STORE_S3_LOCK_H
#define ODR_STORE_S3_LOCK_H

#include "store/s3_request.h"

/*
 * Object Lock, which is believed only where it was seen. Where the bucket says that it does not lock, or
 * what was put has no version or no lock, putting with a lock fails. Where this credential may not read
 * what the bucket or the lock is, it goes on unverified: whoever may read it checks.
 */
/* REFUSED where lock= asks for what the bucket cannot do; until 0: at all. */
bool s3_lock_check(struct s3_store *self, usec_t until, GError **error);
/* False: at least in part it was not, or may not be, seen. */
bool s3_lock_verified(struct s3_store *self);
/* Asks for it with a PUT; nothing is asked for where the bucket locks by itself. */
void s3_lock_ask(const struct s3_store *self, usec_t until, struct s3_call *call);
/* After a PUT that was to be locked: the version; of the first object, of some later ones and where it
 * is asked for also the lock itself. */
struct s3_locked {
	const char *key, *version;
	usec_t until;
	bool always;
};
bool s3_lock_verify(struct s3_store *self, const struct s3_locked *locked, GError **error);

bool s3_lock_get(Store *store, const char *name, const char *version, struct store_lock *lock,
		 GError **error);
bool s3_lock_extend(Store *store, const char *name, const char *version, usec_t until,
		    GError **error);
bool s3_hold(Store *store, const char *name, const char *version, bool hold, GError **error);

#endif
