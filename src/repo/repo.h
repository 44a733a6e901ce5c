#ifndef ODR_REPO_REPO_H
#define ODR_REPO_REPO_H

#include "crypto/digest.h"
#include "crypto/keys.h"
#include "crypto/seal.h"
#include "crypto/sign.h"
#include "store/choice.h"

/*
 * One service's folder in one repository: a store, the service's id, and whose word counts. The
 * object `repository` at the root says format version and repository id (JSON, write-once, advisory).
 */
#define REPO_ID_SIZE 33
typedef struct repo Repo;
struct repo {
	Store *store;
	struct key_service service; /* id, name, owner's public key */
	char *service_hex;
	char id[REPO_ID_SIZE]; /* of the repository, hex; "": not known */
};
void repo_free(Repo *repo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Repo, repo_free)

/* Takes the store. Copies the service. */
Repo *repo_new(Store *store, const struct key_service *service);
/* Writes `repository` unless there is one of a format we know (then fine), locked where there are locks.
 * Where it may not be read, one more does no harm: of several the oldest counts. */
bool repo_init(Store *store, usec_t lock_until, GError **error);
/* Where `repository` was not found; always false. CORRUPT where there are objects beside which it must have
 * been, otherwise UNREACHABLE with the advice. */
bool repo_fail_missing(Store *store, const char *advice, GError **error);
/* Its lock lasts as long as a set's, where there are locks and this credential may see and extend them. */
bool repo_keep_locked(Repo *repo, usec_t until, GError **error);
/* Refuses a repository of a newer format by version; one without `repository` as repo_fail_missing. */
bool repo_check_format(Store *store, GError **error);
/* The same for one that writes. It may be forbidden to read, and goes on then: whoever reads checks. */
bool repo_check_format_to_write(Store *store, GError **error);
/* Either, and the repository's id is known afterwards if it could be read. */
bool repo_identify(Repo *repo, GError **error);
bool repo_identify_to_write(Repo *repo, GError **error);

/* As store_*, with local names. */
bool repo_put(Repo *repo, const char *local, const struct iovec *parts, int count,
	      usec_t lock_until, struct store_receipt *receipt, GError **error);
bool repo_head(Repo *repo, const char *local, struct store_object *object, GError **error);
/* Those that were listed, as store_delete_many: to each its deletion, of which gone and error are set. */
bool repo_delete_many(Repo *repo, const GPtrArray *objects, struct store_deletion *deletions,
		      GError **error);
/* True where the store says that a version of it is locked then, or held. */
bool repo_is_locked(Repo *repo, const char *local, usec_t then);
/* A legal hold on the current version, or none any more. */
bool repo_hold(Repo *repo, const char *local, bool hold, GError **error);
/* As store_get_good. */
struct repo_wanted {
	const char *local;
	const struct store_object *listed; /* NULL: not listed */
	bool oldest; /* signed content; otherwise the name tells the content */
	uint64_t limit;
	store_verify verify;
	void *data;
};
bool repo_get_good(Repo *repo, const struct repo_wanted *wanted, GBytes **content, GError **error);
/* Of an object that was listed: what is wrong with it alone, or that it went since. All else is trouble with the store. */
bool repo_concerns_one(const GError *error);
/* An object that is named by the SHA-256 of its content. */
bool repo_get_named(Repo *repo, const char *local, const uint8_t name[SHA256_SIZE],
		    GBytes **content, GError **error);
/* For what is read in parts. */
StoreChoice *repo_choose(Repo *repo, const char *local, GError **error);
/* Names given to each are local. */
bool repo_list(Repo *repo, const char *prefix, store_each each, void *data, GError **error);
/* Of the whole service. */
bool repo_sweep(Repo *repo, const struct store_sweep *sweep, struct store_swept *swept,
		GError **error);
/* CORRUPT if an object that this writer signed was stored too long after its endorsement had ended. Where
 * times are not the store's word there is nothing to judge: whoever writes can set them, and a copy of the
 * folder that lost them would be refused as a whole. */
bool repo_accepts(const Repo *repo, const struct endorsement *writer, usec_t stored_at,
		  GError **error);
/* For messages: "'set/…' in repository main"; g_free. */
char *repo_where(const Repo *repo, const char *local);

/* Puts to every repository (GPtrArray of Repo). A name that is taken counts as done: names come from
 * the content or are random. */
bool repos_put(const GPtrArray *repos, const char *local, const struct iovec *parts, int count,
	       usec_t lock_until, GError **error);
/* The same for a manifest: its lock is read back in every repository that lets us. */
struct repo_publication {
	const char *local;
	GBytes *object;
	usec_t lock_until;
	usec_t *stored_at; /* one per repository, by its clock, 0 where it is not told; or NULL */
};
bool repos_publish(const GPtrArray *repos, const struct repo_publication *publication,
		   GError **error);

#endif
