#include "repo/chain.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"

#define CHAIN_LIMIT   ((size_t)64 << 10)
#define CHAIN_FORMAT  1
#define PENDING_INFIX "-pending-"

static const char *const part_names[CHAIN_PARTS] = {PART_DATABASE, PART_FILESTORE, PART_CONFIG};

void chain_clear(struct chain *chain)
{
	for (size_t i = 0; i < CHAIN_PARTS; i++)
		g_free(chain->part_sets[i]);
	g_free(chain->path);
	g_free(chain->set_id);
	g_free(chain->pending_set);
	g_clear_pointer(&chain->pending, g_bytes_unref);
	*chain = (struct chain){0};
}

const char *chain_part_set(const struct chain *chain, const char *part)
{
	for (size_t i = 0; i < CHAIN_PARTS; i++)
		if (strcmp(part_names[i], part) == 0)
			return chain->part_sets[i];
	return NULL;
}

static char *pending_path(const char *path, const char *set_id)
{
	return g_strconcat(path, PENDING_INFIX, set_id, NULL);
}

/* Digest of an object's content, as the next manifest states it. */
static bool content_digest(GBytes *object, uint8_t digest[SHA256_SIZE], GError **error)
{
	size_t size;
	const void *data = g_bytes_get_data(object, &size);

	if (size <= SIGNATURE_BLOCK_SIZE)
		return odr_fail(error, ODR_ERROR_CORRUPT, "the manifest has only %zu bytes", size);
	sha256(data, size - SIGNATURE_BLOCK_SIZE, digest);
	return true;
}

static bool chain_write(const struct chain *chain, GError **error)
{
	g_autoptr(JsonValue) object = json_object();
	json_t *parts = json_object();
	g_autofree char *writer = hex_encode(chain->writer, KEY_SIZE);
	g_autofree char *digest = hex_encode(chain->sha256, SHA256_SIZE);
	g_autofree char *wal_end = lsn_print(chain->wal_end);
	g_autofree char *text = NULL;

	json_set_int(object, "format", CHAIN_FORMAT);
	json_set_string(object, "writer", writer);
	json_set_int(object, "sequence", chain->sequence);
	json_set_string(object, "set", chain->set_id);
	json_set_string(object, "sha256", digest);
	json_set_int(object, "retain_until_us", chain->retain_until);
	json_set_string(object, "wal_end", wal_end);
	json_set_bool(object, "pending", chain->pending_set != NULL);
	for (size_t i = 0; i < CHAIN_PARTS; i++)
		json_set_string(parts, part_names[i], chain->part_sets[i]);
	json_set(object, "parts", parts);
	text = json_print(object);
	return file_write(chain->path, text, strlen(text), &(struct file_write){.mode = 0600},
			  error);
}

static bool chain_parse_members(json_t *object, struct chain *chain, bool *pending, GError **error)
{
	static const char what[] = "the chain";
	const char *writer, *set_id, *digest, *wal_end;
	int64_t format, sequence;

	if (!json_int_member(object, what, "format", &format, error) ||
	    !json_string_member(object, what, "writer", &writer, error) ||
	    !json_int_member(object, what, "sequence", &sequence, error) ||
	    !json_string_member(object, what, "set", &set_id, error) ||
	    !json_string_member(object, what, "sha256", &digest, error) ||
	    !json_int_member(object, what, "retain_until_us", &chain->retain_until, error) ||
	    !json_string_member(object, what, "wal_end", &wal_end, error) ||
	    !json_bool_member(object, what, "pending", pending, error))
		return false;
	if (format != CHAIN_FORMAT)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it has an unknown format");
	if (sequence < 1 || !set_id_valid(set_id) || chain->retain_until < 0 ||
	    !hex_decode(writer, chain->writer, KEY_SIZE) ||
	    !hex_decode(digest, chain->sha256, SHA256_SIZE) ||
	    !lsn_parse(wal_end, &chain->wal_end, NULL))
		return odr_fail(error, ODR_ERROR_CORRUPT, "a member has a wrong value");
	chain->sequence = sequence;
	chain->set_id = g_strdup(set_id);
	return true;
}

/* Chains of the first versions do not tell. */
static bool chain_parse_parts(json_t *object, struct chain *chain, GError **error)
{
	static const char what[] = "the chain's parts";
	json_t *parts = json_object_get(object, "parts");

	for (size_t i = 0; parts && i < CHAIN_PARTS; i++) {
		const char *set_id = NULL;

		if (!json_string_optional(parts, what, part_names[i], &set_id, error))
			return false;
		if (set_id && !set_id_valid(set_id))
			return odr_fail(error, ODR_ERROR_CORRUPT, "a member has a wrong value");
		chain->part_sets[i] = g_strdup(set_id);
	}
	return true;
}

static bool chain_parse(const char *text, struct chain *chain, bool *pending, GError **error)
{
	g_autoptr(JsonValue) object = NULL;

	if (!json_parse(text, strlen(text), "the chain", &object, error))
		return false;
	if (!json_is_object(object))
		return odr_fail(error, ODR_ERROR_CORRUPT, "it is not an object");
	return chain_parse_members(object, chain, pending, error) &&
	       chain_parse_parts(object, chain, error);
}

static bool chain_read_pending(struct chain *chain, GError **error)
{
	g_autofree char *path = pending_path(chain->path, chain->set_id);
	uint8_t digest[SHA256_SIZE];

	if (!file_read(path, STORE_OBJECT_MAX, &chain->pending, error) ||
	    !content_digest(chain->pending, digest, error))
		return false;
	if (memcmp(digest, chain->sha256, SHA256_SIZE) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "'%s' is damaged", path);
	chain->pending_set = g_strdup(chain->set_id);
	return true;
}

/* What makes a chain start anew; all else is trouble with the file system. */
static bool means_restart(const GError *error)
{
	return odr_error_is(error, ODR_ERROR_CORRUPT) || odr_error_is(error, ODR_ERROR_NOT_FOUND);
}

/* Reads the chain of this writer. CORRUPT or NOT_FOUND where it cannot be continued. */
static bool chain_read(struct chain *chain, const uint8_t *writer, GError **error)
{
	g_autoptr(GBytes) content = NULL;
	g_autofree char *text = NULL;
	bool pending;

	if (!file_read(chain->path, CHAIN_LIMIT, &content, error))
		return false;
	text = g_strndup(g_bytes_get_data(content, NULL), g_bytes_get_size(content));
	if (!chain_parse(text, chain, &pending, error))
		return odr_context(error, "'%s' is damaged", chain->path);
	if (memcmp(chain->writer, writer, KEY_SIZE) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it is the chain of another writer key");
	if (pending && !chain_read_pending(chain, error))
		return odr_context(error, "the manifest of set %s is lost", chain->set_id);
	return true;
}

bool chain_load(const char *path, const uint8_t writer[KEY_SIZE], struct chain *chain,
		char **restarted, GError **error)
{
	struct chain loaded = {.path = g_strdup(path)};
	g_autoptr(GError) cause = NULL;
	bool there = g_file_test(path, G_FILE_TEST_EXISTS);

	if (!chain_read(&loaded, writer, &cause)) {
		chain_clear(&loaded);
		if (!means_restart(cause)) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return odr_context(error, "cannot read the chain of sets");
		}
		loaded.path = g_strdup(path);
	}
	memcpy(loaded.writer, writer, KEY_SIZE);
	*chain = loaded;
	if (restarted)
		*restarted = cause && there ? g_strdup(cause->message) : NULL;
	return true;
}

bool chain_journal(struct chain *chain, const Manifest *manifest, GBytes *object, GError **error)
{
	g_autofree char *path = pending_path(chain->path, manifest->set_id);
	struct chain next = {
		.path = chain->path,
		.sequence = manifest->sequence,
		.set_id = manifest->set_id,
		.retain_until = manifest->retain_until,
		.wal_end = manifest->wal ? manifest->wal->stop : chain->wal_end,
		.pending_set = manifest->set_id,
	};
	const void *data;
	size_t size;

	if (chain->pending)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"set %s is still to be published before set %s", chain->pending_set,
				manifest->set_id);
	if (manifest->sequence != chain->sequence + 1 ||
	    g_strcmp0(manifest->previous_set, chain->set_id) != 0)
		return odr_fail(error, ODR_ERROR_REFUSED, "set %s does not continue the chain",
				manifest->set_id);
	for (size_t i = 0; i < CHAIN_PARTS; i++)
		next.part_sets[i] = manifest_part(manifest, part_names[i]) ? manifest->set_id
									   : chain->part_sets[i];
	memcpy(next.writer, chain->writer, KEY_SIZE);
	data = g_bytes_get_data(object, &size);
	if (!content_digest(object, next.sha256, error) ||
	    !file_write(path, data, size, &(struct file_write){.mode = 0600}, error) ||
	    !chain_write(&next, error))
		return odr_context(error, "cannot record set %s", manifest->set_id);

	next.path = g_strdup(chain->path);
	next.set_id = g_strdup(manifest->set_id);
	next.pending_set = g_strdup(manifest->set_id);
	next.pending = g_bytes_ref(object);
	for (size_t i = 0; i < CHAIN_PARTS; i++)
		next.part_sets[i] = g_strdup(next.part_sets[i]);
	chain_clear(chain);
	*chain = next;
	return true;
}

/* Nothing refers to them any more; what cannot be removed now will be the next time. */
static void remove_pending_files(const char *path)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *base = g_path_get_basename(path);
	g_autofree char *prefix = g_strconcat(base, PENDING_INFIX, NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(folder, name, NULL);

		if (g_str_has_prefix(name, prefix))
			file_remove_tree(file, NULL);
	}
}

bool chain_settle(struct chain *chain, GError **error)
{
	struct chain settled = *chain;

	if (!chain->pending)
		return true;
	settled.pending_set = NULL;
	if (!chain_write(&settled, error))
		return odr_context(error, "cannot record that set %s is published",
				   chain->pending_set);
	g_clear_pointer(&chain->pending_set, g_free);
	g_clear_pointer(&chain->pending, g_bytes_unref);
	remove_pending_files(chain->path);
	return true;
}

/* What the files say stays until the next set is journaled: until then it is given up each time. */
static char *give_up(struct chain *chain)
{
	char *reason =
		g_strdup_printf("set %s was made and could not be published for so long that "
				"its packs may be gone",
				chain->pending_set);
	struct chain empty = {.path = g_steal_pointer(&chain->path)};

	memcpy(empty.writer, chain->writer, KEY_SIZE);
	chain_clear(chain);
	*chain = empty;
	return reason;
}

bool chain_repeat(struct chain *chain, const GPtrArray *repos, usec_t now, char **given_up,
		  GError **error)
{
	g_autofree char *local = NULL;

	if (!chain->pending)
		return true;
	if (now - set_id_time(chain->pending_set) > CHAIN_PENDING_MAX) {
		*given_up = give_up(chain);
		return true;
	}
	local = layout_set(chain->pending_set);
	if (!repos_publish(repos,
			   &(struct repo_publication){.local = local,
						      .object = chain->pending,
						      .lock_until = chain->retain_until},
			   error))
		return odr_context(error, "cannot publish set %s", chain->pending_set);
	return chain_settle(chain, error);
}
