#ifndef ODR_REPO_LAYER_H
#define ODR_REPO_LAYER_H

#include "repo/pack.h"

/*
 * The listing of what one set adds, changes or removes within its generation. Entries are sorted by
 * path (bytewise) and encoded back to back into chunks of packs; the root, a sealed object of its own
 * (kind SEAL_LAYER, named like a pack), names for each of these chunks its place and first path.
 * odrbackup-format(7), layer.c and layer_entry.c give the bytes.
 *
 * Paths of the database part: "pgdata" is the data directory, "pgdata/…" what lies in it (tablespaces
 * as pgdata/pg_tblspc/<oid>/…), "outside/…" files elsewhere by their absolute path.
 */
enum entry_kind {
	ENTRY_DIRECTORY = 1,
	ENTRY_FILE = 2,
	ENTRY_SYMLINK = 3,
	ENTRY_TOMBSTONE = 4, /* the path is gone; later layers only */
};
enum entry_flags {
	ENTRY_PATCH = 1 << 0,	/* EXTENT_INHERITED may occur; otherwise the entry replaces */
	ENTRY_DAMAGED = 1 << 1, /* the source was damaged: see the manifest */
	ENTRY_PAGED = 1 << 2,	/* a relation file of 8 KiB pages */
	ENTRY_CRC32C = 1 << 3,	/* crc32c is set */
	ENTRY_SHA1 = 1 << 4,	/* sha1 is set */
};
enum extent_kind { EXTENT_DATA = 1, EXTENT_ZERO = 2, EXTENT_INHERITED = 3 };
struct extent {
	enum extent_kind kind;
	uint64_t length;	  /* bytes of the file; extents follow one another from offset 0 */
	struct chunk_place place; /* EXTENT_DATA */
	uint32_t slice;		  /* where in the chunk's content the bytes begin */
};
struct layer_entry {
	char *path;
	enum entry_kind kind;
	uint32_t flags;
	uint32_t mode, uid, gid;
	char *owner, *group; /* names, may be empty */
	int64_t mtime_ns;
	uint64_t size;
	char *link;		     /* symbolic links */
	uint8_t digest[XXH128_SIZE]; /* content_digest (crypto/digest.h) of the captured content */
	uint32_t crc32c;
	uint8_t sha1[SHA1_SIZE];
	GArray *extents; /* struct extent; NULL unless a file */
};
void layer_entry_free(struct layer_entry *entry);
#define ENTRY_PATH_MAX 4096 /* owner and group: 255 */

void layer_entry_encode(const struct layer_entry *entry, GByteArray *out);
/* Decodes all entries of one chunk; checks order, sizes (extents cover exactly size, slices lie within
 * their chunks, pack < table_rows), path safety: relative, no empty, "." or ".." component, no NUL. */
bool layer_entries_parse(const void *bytes, size_t size, uint32_t table_rows, GPtrArray **entries,
			 GError **error);

/* Writing: entries in ascending order of path; finish puts the root to all repositories. The table must
 * be stored by the caller afterwards (the layer's own chunks are in it). */
typedef struct layer_writer LayerWriter;
LayerWriter *layer_writer_new(PackWriter *packs);
void layer_writer_free(LayerWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LayerWriter, layer_writer_free)
bool layer_writer_add(LayerWriter *writer, const struct layer_entry *entry, GError **error);
struct layer_ref {
	uint8_t root[SHA256_SIZE]; /* names the root object */
	uint64_t root_size;
	uint8_t table[SHA256_SIZE];
};
/* Writes the remaining chunk, puts the open pack, and then the root (its settings are those of the
 * writer's sink). Fills root and root_size. */
bool layer_writer_finish(LayerWriter *writer, struct layer_ref *ref, GError **error);

/* Reading: calls each for every entry in order, one chunk in memory at a time. Entries are freed
 * afterwards unless stolen (set *entry to NULL). */
typedef bool (*layer_each)(void *data, struct layer_entry **entry, GError **error);
bool layer_read(Repo *repo, const Identity *identity, const struct layer_ref *ref,
		const Table *table, layer_each each, void *data, GError **error);
/* The same with its table, which is read at the same time; it must be of the generation. */
struct layer_source {
	Repo *repo;
	const Identity *identity;
	const char *generation;
	const struct layer_ref *ref;
};
bool layer_load(const struct layer_source *source, Table **table, layer_each each, void *data,
		GError **error);

#endif
