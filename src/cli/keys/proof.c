#include "cli/keys/proof.h"

#include "base/error.h"

#include <string.h>

void proof_clear(struct proof *proof)
{
	g_free(proof->repository);
	g_free(proof->set_id);
	g_free(proof->path);
	*proof = (struct proof){0};
}

/* Names come sorted, and set ids sort by time: the last is the newest. */
static bool keep_newest(void *data, const struct store_object *object)
{
	char **newest = data;
	char *set_id = NULL;

	if (!layout_parse_set(object->name, &set_id))
		return true;
	if (!*newest || strcmp(set_id, *newest) > 0) {
		g_free(*newest);
		*newest = set_id;
	} else {
		g_free(set_id);
	}
	return true;
}

static bool find_newest(Repo *repo, char **set_id, GError **error)
{
	g_autofree char *newest = NULL;

	if (!repo_list(repo, "set/", keep_newest, &newest, error))
		return false;
	if (!newest) {
		g_autofree char *owner = key_fingerprint(repo->service.owner_public);

		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"repository %s has no set of the owner key %s (service %s)",
				store_name(repo->store), owner, repo->service.name);
	}
	*set_id = g_steal_pointer(&newest);
	return true;
}

/* The first stretch of content of a layer. */
struct sample {
	char *path;
	struct chunk_place place;
};

/* Ends the reading by an error of its own as soon as there is a sample. */
static bool take_sample(void *data, struct layer_entry **entry, GError **error)
{
	struct sample *sample = data;
	const GArray *extents = (*entry)->extents;

	for (guint i = 0; extents && i < extents->len; i++) {
		const struct extent *extent = &g_array_index(extents, struct extent, i);

		if (extent->kind != EXTENT_DATA)
			continue;
		sample->path = g_strdup((*entry)->path);
		sample->place = extent->place;
		return odr_fail(error, ODR_ERROR_EXISTS, "a sample is found");
	}
	return true;
}

static bool read_sample(Repo *repo, const Identity *identity, const Table *table,
			const struct sample *sample, GError **error)
{
	const struct pack_row *row;
	g_autofree uint8_t *plain = g_malloc(MAX(sample->place.plain_size, 1));
	g_autoptr(PackReader) reader = NULL;

	if (sample->place.pack >= table->rows->len || sample->place.plain_size > CHUNK_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT, "'%s' lies in no pack of its table",
				sample->path);
	row = &g_array_index(table->rows, struct pack_row, sample->place.pack);
	reader = pack_reader_open(repo, identity, table->generation, row, error);
	return reader && pack_reader_chunk(reader, &sample->place, plain, error);
}

static bool open_content(Repo *repo, const Identity *identity, const struct layer_ref *ref,
			 struct proof *proof, GError **error)
{
	g_autoptr(Table) table = NULL;
	g_autoptr(GError) cause = NULL;
	struct sample sample = {0};
	bool opened;

	if (!table_load(repo, ref->table, &table, error))
		return false;
	if (!layer_read(repo, identity, ref, table, take_sample, &sample, &cause) && !sample.path) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	if (!sample.path)
		return true;
	opened = read_sample(repo, identity, table, &sample, error);
	proof->path = sample.path;
	proof->bytes = sample.place.plain_size;
	return opened;
}

static bool open_set(Repo *repo, const Identity *identity, struct proof *proof, GError **error)
{
	g_autoptr(Manifest) manifest = NULL;

	if (!manifest_load(repo, identity, proof->set_id, &manifest, error))
		return false;
	proof->created = manifest->created;
	for (guint i = 0; i < manifest->parts->len && !proof->path; i++) {
		const struct set_part *part = manifest->parts->pdata[i];

		if (part->layers->len > 0 &&
		    !open_content(repo, identity, &g_array_index(part->layers, struct layer_ref, 0),
				  proof, error))
			return false;
	}
	return true;
}

bool proof_open_set(Repo *repo, const Identity *identity, const char *set_id, struct proof *proof,
		    GError **error)
{
	struct proof found = {.repository = g_strdup(store_name(repo->store))};

	if (set_id && strcmp(set_id, "latest") != 0)
		found.set_id = g_strdup(set_id);
	else if (!find_newest(repo, &found.set_id, error))
		return proof_clear(&found), false;
	if (!set_id_valid(found.set_id)) {
		odr_fail(error, ODR_ERROR_USAGE, "'%s' is no id of a set", found.set_id);
		return proof_clear(&found), false;
	}
	if (!open_set(repo, identity, &found, error)) {
		odr_context(error, "cannot open set %s of repository %s", found.set_id,
			    found.repository);
		return proof_clear(&found), false;
	}
	*proof = found;
	return true;
}
