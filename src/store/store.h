#ifndef ODR_STORE_STORE_H
#define ODR_STORE_STORE_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

/*
 * Objects by name. A store knows nothing of sets or keys. Names are relative to the repository's
 * root, of [A-Za-z0-9._-] and '/'; no component is empty, begins with '.' or is longer than 200
 * bytes; 512 bytes at most: all checked here. Objects are at most STORE_OBJECT_MAX and always put whole. All functions may be used
 * by several threads at once, unless a driver gives out one handle per worker (store_clone).
 */
#define STORE_OBJECT_MAX ((uint64_t)64 << 20)
#define STORE_NAME_MAX	 512

typedef struct store Store;
void store_free(Store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_free)

enum store_lock_mode {
	STORE_LOCK_NONE,
	STORE_LOCK_GOVERNANCE,
	STORE_LOCK_COMPLIANCE,
	STORE_LOCK_BUCKET, /* the bucket locks whatever is put, by a rule of its own */
};

struct store_settings {
	const char *name; /* of the repository, for messages */
	const char *type; /* posix, s3, libs3 */
	bool create;	  /* make the root if missing (init); a bucket is made by its owner */
	const char *path; /* posix: root folder, absolute */
	/* s3, libs3. NULL: as odrbackup.conf(5) has it by default. */
	const char *endpoint, *bucket, *prefix, *region;
	const char *credentials, *credential_process, *credentials_from; /* one of them */
	const char *credentials_endpoint, *role_arn, *token_file;	 /* of the last one */
	const char *ca_file;
	const char *proxy; /* "none"; NULL: as the environment says */
	enum store_lock_mode lock;
	bool host_style;     /* bucket.host instead of host/bucket */
	bool md5;	     /* Content-MD5 instead of x-amz-checksum-sha256 */
	bool plain_http;     /* also to other hosts than this one … */
	bool plain_trusted;  /* … where nobody else can be on the way */
	bool tls_unverified; /* libs3: any certificate will do */
	usec_t retry_for;    /* 0: nothing is asked twice */
	usec_t silent_within;
	uint64_t bandwidth_up, bandwidth_down; /* bytes a second of all threads; 0: no limit */
	/* So many connections are made beside the first one, for what will be asked at once. */
	unsigned connections;
	/* Where drivers that ask a server keep what it told of itself, and how long that is believed
	 * instead of asking again; NULL: nowhere. 0: it is asked, and kept for others. */
	const char *memory;
	usec_t memory_age;
	/* 0: now. Reads the store as it was at that time, by its clock: what was stored later is not there
	 * for lists, and not chosen (store/choice.h). */
	usec_t as_of;
	struct store_lab *lab; /* store/lab.h; NULL: none */
};
/* Where a repository lies by its settings, for those who remember it: hex, equal for the same folder, or the
 * same bucket and prefix at the same endpoint, whatever the name and the credentials. */
#define STORE_PLACE_SIZE 33
void store_settings_place(const struct store_settings *settings, char place[STORE_PLACE_SIZE]);
/* False for types that this program was not linked with. */
bool store_type_known(const char *type);
/* Opens without touching more than the root. ODR_ERROR_UNREACHABLE if the root is missing. */
Store *store_open(const struct store_settings *settings, GError **error);
const char *store_name(const Store *store);
const char *store_describe(const Store *store); /* "posix /srv/backup", for people */
const char *store_place(const Store *store);	/* as store_settings_place */

/* What the driver can do: lock, versions (older versions and delete markers are readable), ranges. */
struct store_abilities {
	bool locks, versions, lists; /* locks: asked for, and the store proved able */
	bool unverified;	     /* of what locks promises this credential may not see all */
	enum store_lock_mode lock_mode;
	/* For people: what keeps objects from being deleted, or why nothing does. */
	char protection[256];
};
/* May ask the store; what it does not tell is not there. */
void store_abilities(Store *store, struct store_abilities *abilities);
/* stored_at is the store's word: no writer can set it, no copy changes it. */
bool store_keeps_time(const Store *store);

/* Why whoever is on the way may answer in the store's place, and what to do about it: what is not told is then
 * not absent. NULL: nobody may. */
struct store_distrust {
	const char *why, *advice;
};
const struct store_distrust *store_distrust(const Store *store);

/* False where it is known beforehand that nothing can be locked as the settings ask, or not for so long. */
bool store_can_lock(Store *store, usec_t until, GError **error);

struct store_put {
	usec_t lock_until; /* 0: none; ignored without locks */
	bool see_lock;	   /* read it back, where that is allowed, and not only of some objects */
	bool once;	   /* fail with EXISTS if the name is taken, as far as the store can tell */
};
struct store_receipt {
	usec_t stored_at;  /* by the store's clock */
	char version[128]; /* empty where there are none */
};
/* Large parts that begin with a page (base/memory.h) go past the page cache into a folder: packs, which nobody reads soon,
 * and not WAL, which a standby does.
 * Durable when it returns true. Never replaces: ODR_ERROR_EXISTS if the name is taken (a store that
 * cannot tell adds a version instead). receipt may be NULL. */
bool store_put(Store *store, const char *name, const struct iovec *parts, int count,
	       const struct store_put *how, struct store_receipt *receipt, GError **error);

struct store_object {
	char *name;
	uint64_t size;
	usec_t stored_at;
	char version[128];
	bool hidden;	   /* a delete marker lies before all its versions */
	unsigned versions; /* listed: how many there are; 0 where it is not known */
};
struct store_object *store_object_copy(const struct store_object *object);
void store_object_free(struct store_object *object);

/* NOT_FOUND only for proven absence; CORRUPT where the object is hidden behind a delete marker: its
 * versions are there (store/choice.h reads them). object->name is left NULL: nothing to free. */
bool store_head(Store *store, const char *name, struct store_object *object, GError **error);
/* Whole object, at most limit bytes (0: STORE_OBJECT_MAX). version NULL: current. */
bool store_get(Store *store, const char *name, const char *version, uint64_t limit,
	       GBytes **content, GError **error);
/* Exactly size bytes from offset; a shorter object is CORRUPT. */
bool store_get_range(Store *store, const char *name, const char *version, uint64_t offset,
		     size_t size, void *buffer, GError **error);
/* Calls each for every object whose name begins with prefix, sorted by name within one listing;
 * each may return false to end early (then true is returned). A missing folder lists nothing. Where there
 * are versions, an object is there as long as one of them is, and listed as the oldest. */
typedef bool (*store_each)(void *data, const struct store_object *object);
bool store_list(Store *store, const char *prefix, store_each each, void *data, GError **error);
/* All versions, oldest first; on stores without versions the object itself. NOT_FOUND if there is
 * none. Free with g_ptr_array_unref. */
bool store_versions(Store *store, const char *name, GPtrArray **objects, GError **error);
/* NOT_FOUND if absent, REFUSED if locked. */
bool store_delete(Store *store, const char *name, const char *version, GError **error);
/* One of several that are deleted in as few requests as the store allows. */
struct store_deletion {
	const char *name;
	const char *version; /* the only one there is, if that is known; NULL: all of them */
	bool gone;	     /* out: it is, or was not there */
	GError *error; /* out: why it stays, where that is a matter of this object (REFUSED) */
};
/* False where something else went wrong: then nothing is known of those that are neither. error is the
 * caller's to free in any case. */
bool store_delete_many(Store *store, struct store_deletion *deletions, size_t count,
		       GError **error);
/* Drafts: what puts left behind that died, where a driver writes objects aside first. */
struct store_sweep {
	usec_t age;	 /* since the last write, by the store's clock; no put takes so long */
	bool only_count; /* remove nothing */
};
struct store_swept {
	uint64_t drafts, bytes;
};
/* Removes those below a folder ("a/b"). A writer that lives all the same, and so slowly, is told
 * that it failed. */
bool store_sweep(Store *store, const char *folder, const struct store_sweep *sweep,
		 struct store_swept *swept, GError **error);
struct store_lock {
	usec_t until; /* 0: not locked */
	enum store_lock_mode mode;
	bool hold; /* legal hold: independent, and without an end */
};
/* Of a version; NULL: the current one. */
bool store_lock_get(Store *store, const char *name, const char *version, struct store_lock *lock,
		    GError **error);
/* Never shortens. */
bool store_lock_extend(Store *store, const char *name, const char *version, usec_t until,
		       GError **error);
bool store_hold(Store *store, const char *name, const char *version, bool hold, GError **error);
/* What another process learnt of this store within memory_age, or NULL (g_free); to keep it for others.
 * A put that the store refuses ends it all. */
char *store_recall(Store *store, const char *fact);
void store_note(Store *store, const char *fact, const char *word);

/* True if name may name an object. */
bool store_name_valid(const char *name);

#endif
