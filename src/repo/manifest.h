#ifndef ODR_REPO_MANIFEST_H
#define ODR_REPO_MANIFEST_H

#include "base/json.h"
#include "repo/layer.h"
#include "repo/layout.h"

/*
 * The signed object that makes a set: a sealed object of kind SEAL_MANIFEST whose header carries the
 * public part (JSON), whose chunk 0 is the sealed part (JSON, packed with the chunk codec; as many
 * chunks of CHUNK_MAX as needed), with a writer's signature at its end.
 */
#define PART_DATABASE	"database"
#define PART_FILESTORE	"filestore"
#define PART_CONFIG	"config"
#define LAYERS_MAX	32
#define MANIFEST_FORMAT 1

struct set_part {
	char *part; /* PART_… */
	char *kind; /* "full" or "incremental" */
	char *generation;
	usec_t lock_until;
	usec_t started,
		stopped;       /* of the capture of this part, by the host's clock; 0: as the set */
	GArray *layers;	       /* struct layer_ref, oldest first */
	uint64_t files, bytes; /* entries that are files; their content */
	uint64_t stored;       /* bytes of packs this set added */
};
struct set_wal {
	uint32_t timeline, segment_size;
	lsn_t start, stop;
	char first[WAL_SEGMENT_NAME_SIZE], last[WAL_SEGMENT_NAME_SIZE];
	GPtrArray *objects; /* names of WAL objects: start to stop, all since the previous set */
};
struct damage {
	char *path; /* as in the layer */
	char *what; /* "3 pages with a wrong checksum, the first is block 17" */
};
typedef struct manifest Manifest;
struct manifest {
	/* public */
	char *set_id;
	uint64_t sequence;  /* of this writer, from 1 */
	char *previous_set; /* NULL: first of the chain */
	uint8_t previous_sha256[SHA256_SIZE];
	usec_t previous_retain_until;
	usec_t created, retain_until;
	char *program;	     /* "odrbackup 0.1.0" */
	GPtrArray *parts;    /* struct set_part */
	struct set_wal *wal; /* NULL without a database part */
	/* sealed; absent (has_sealed false) when read without a key */
	bool has_sealed;
	usec_t started, stopped; /* of the capture, by the host's clock */
	char *host, *label;
	int pg_major, pg_version_num;
	uint64_t system_identifier;
	bool checksums;
	char *data_directory;
	char *backup_label, *tablespace_map; /* text; map may be NULL */
	json_t *databases;		     /* [{"oid":…,"name":…}] */
	json_t *server;			     /* settings worth knowing: floors, config_file, … */
	json_t *facts;	    /* of other parts: an object each, by the part's name */
	GPtrArray *damaged; /* struct damage */
	/* of the reading */
	struct endorsement writer;
	uint8_t sha256[SHA256_SIZE]; /* of the whole object's content before the signature block */
	uint64_t object_size;
	usec_t stored_at;
};
void manifest_free(Manifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Manifest, manifest_free)
Manifest *manifest_new(void); /* empty arrays */
void set_part_free(struct set_part *part);
void damage_free(struct damage *damage);
void damage_add(GPtrArray *damaged, const char *path, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* [{"path": …, "what": …}]; new reference. */
json_t *damage_json(const GPtrArray *damaged);

/* The whole object, sealed and signed. */
GBytes *manifest_seal(const Manifest *manifest, const Bundle *bundle, int compress_level,
		      GError **error);
/* Signature, public part, and the sealed part when identity is given. Every member is checked; the
 * name must be the set's. Fails with CORRUPT, with REFUSED for what a newer version wrote, or with AUTH
 * when the identity does not open it. */
bool manifest_parse(const struct key_service *service, const Identity *identity, const char *set_id,
		    const void *object, size_t size, Manifest **manifest, GError **error);
bool manifest_load(Repo *repo, const Identity *identity, const char *set_id, Manifest **manifest,
		   GError **error);
/* The two parts of a manifest by themselves, added to *manifest (manifest_new). Hostile text. */
bool manifest_public_parse(const char *text, size_t size, const uint8_t service_id[SERVICE_ID_SIZE],
			   const char *set_id, Manifest *manifest, GError **error);
bool manifest_sealed_parse(const char *text, size_t size, Manifest *manifest, GError **error);
const struct set_part *manifest_part(const Manifest *manifest, const char *part);
/* When the capture of a part began and ended; those of the whole set where the part does not tell. */
usec_t manifest_part_started(const Manifest *manifest, const char *part);
usec_t manifest_part_stopped(const Manifest *manifest, const char *part);
/* Its capture could not look at everything: what was new may be missing. False where the sealed part was not read. */
bool manifest_part_incomplete(const Manifest *manifest, const char *part);
/* How long the manifest itself is locked: with the first of its parts' generations that is unlocked, and as
 * long as the set is to be kept. */
usec_t manifest_lock_until(const Manifest *manifest);

/* All sets of the service in this repository, oldest first: by the store's time, then sequence, then
 * id. Objects that do not verify are not sets: each is reported as a sentence in troubles (GPtrArray of
 * char *, may be NULL). So is a set that verifies but that the identity does not open; that one is
 * listed, without its sealed part. A store that does not answer fails the whole. */
bool manifest_list(Repo *repo, const Identity *identity, GPtrArray **manifests, GPtrArray *troubles,
		   GError **error);
/* The same of those whose ids are not known (char * as keys). Ids that are there are taken out of known: what
 * is left of it is gone. */
bool manifest_list_new(Repo *repo, const Identity *identity, GHashTable *known,
		       GPtrArray **manifests, GPtrArray *troubles, GError **error);

#endif
