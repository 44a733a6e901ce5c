/* Today's reader finds in the golden repository exactly what was put there when format 1 was made. */
#include "golden.h"

#include "base/file.h"
#include "crypto/secret.h"
#include "repo/anchor.h"
#include "repo/manifest.h"
#include "repo/mark.h"
#include "repo/moment.h"
#include "repo/wal_held.h"

static struct {
	Identity *identity;
	Repo *repo;
} golden;

static char *golden_path(const char *name)
{
	const char *source = g_getenv("ODR_SRC");

	return g_build_filename(source ? source : ".", "tests/golden", name, NULL);
}

static char *golden_text(const char *name)
{
	g_autofree char *path = golden_path(name);
	GError *error = NULL;
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, &error);
	g_assert_no_error(error);
	return text;
}

static char *tell_passphrase(void *data, const char *what, GError **error)
{
	char *secret = secret_new(sizeof(GOLDEN_PASSPHRASE));

	memcpy(secret, GOLDEN_PASSPHRASE, sizeof(GOLDEN_PASSPHRASE));
	return secret;
}

static Identity *golden_identity(const char *name)
{
	struct key_unlock unlock = {.ask = tell_passphrase};
	g_autofree char *text = golden_text(name);
	GError *error = NULL;
	Identity *identity = identity_parse(text, name, &unlock, &error);

	g_assert_no_error(error);
	return identity;
}

static Repo *golden_repo(const char *name, const Identity *identity)
{
	g_autofree char *root = golden_path(name);
	g_autofree char *absolute = g_canonicalize_filename(root, NULL);
	struct store_settings settings = {.name = "golden", .type = "posix", .path = absolute};
	GError *error = NULL;
	Store *store = store_open(&settings, &error);

	g_assert_no_error(error);
	return repo_new(store, &identity->service);
}

static void set_up(void)
{
	GError *error = NULL;

	crypto_init(&error);
	g_assert_no_error(error);
	golden.identity = golden_identity("identity");
	golden.repo = golden_repo("repository", golden.identity);
}

static void tear_down(void)
{
	repo_free(golden.repo);
	identity_free(golden.identity);
}

/* The lines of `expected` that begin so. */
static char *expected_lines(const char *start)
{
	g_autofree char *text = golden_text("expected");
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *some = g_string_new(NULL);

	for (char **line = lines; *line; line++)
		if (g_str_has_prefix(*line, start))
			g_string_append_printf(some, "%s\n", *line);
	return g_string_free(some, FALSE);
}

/* Keys. */

static void test_keys_open(void)
{
	static const char *const names[] = {"owner",	    "identity",	    "identity-protected",
					    "identity-wal", "identity.pub", "bundle"};
	g_autofree char *owner_text = golden_text("owner");
	g_autofree char *bundle_text = golden_text("bundle");
	g_autoptr(Identity) unlocked = golden_identity("identity-protected");
	GError *error = NULL;
	g_autoptr(OwnerKey) owner = owner_key_parse(owner_text, "owner", NULL, &error);
	g_autoptr(Bundle) bundle = bundle_parse(bundle_text, "bundle", &error);

	g_assert_no_error(error);
	g_assert_cmpmem(unlocked->secret, KEY_SIZE, golden.identity->secret, KEY_SIZE);
	g_assert_cmpmem(owner->service.owner_public, KEY_SIZE, bundle->service.owner_public,
			KEY_SIZE);
	g_assert_cmpuint(bundle->recipients->len, ==, 2);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *text = golden_text(names[i]);
		struct key_facts facts = {0};

		key_facts_read(text, names[i], &facts, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(facts.service_name, ==, "golden");
		key_facts_clear(&facts);
	}
}

static void test_repository_is_known(void)
{
	GError *error = NULL;

	repo_check_format(golden.repo->store, &error);
	g_assert_no_error(error);
}

/* Sets. */

static void test_sets_are_listed(void)
{
	g_autoptr(GPtrArray) manifests = NULL;
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	GError *error = NULL;

	manifest_list(golden.repo, golden.identity, &manifests, troubles, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(troubles->len, ==, 0);
	g_assert_cmpuint(manifests->len, ==, 2);
}

static Manifest *load(const char *set_id)
{
	GError *error = NULL;
	Manifest *manifest = NULL;

	manifest_load(golden.repo, golden.identity, set_id, &manifest, &error);
	g_assert_no_error(error);
	return manifest;
}

static void test_manifest_says_the_same(void)
{
	g_autoptr(Manifest) full = load(GOLDEN_FULL), later = load(GOLDEN_LATER);
	const struct damage *damage = full->damaged->pdata[0];

	g_assert_cmpuint(full->sequence, ==, 1);
	g_assert_null(full->previous_set);
	g_assert_cmpuint(later->sequence, ==, 2);
	g_assert_cmpstr(later->previous_set, ==, GOLDEN_FULL);
	g_assert_cmpmem(later->previous_sha256, SHA256_SIZE, full->sha256, SHA256_SIZE);
	g_assert_cmpint(later->previous_retain_until, ==, full->retain_until);
	g_assert_cmpint(full->created, ==, 1795302301 * USEC_PER_SEC);
	g_assert_cmpuint(full->system_identifier, ==, 7300000000000000001u);
	g_assert_cmpstr(full->data_directory, ==, "/srv/\xff/main");
	g_assert_cmpstr(full->tablespace_map, ==, "16385 /srv/fast disk\n");
	g_assert_true(g_str_has_suffix(full->backup_label, "\nSTART TIMELINE: 1\n"));
	g_assert_cmpstr(damage->path, ==, "pgdata/pg_tblspc/16385/PG_15_202209061/5/16386");
	g_assert_cmpuint(full->wal->start, ==, 0x4000028);
	g_assert_cmpuint(full->wal->stop, ==, 0x8000100);
	g_assert_cmpstr(full->wal->last, ==, "000000010000000000000002");
	g_assert_cmpuint(full->wal->objects->len, ==, 2);
}

/* A merged set in memory. */
struct merging {
	const Table *table;
	GHashTable *entries; /* path → struct layer_entry */
	GHashTable *content; /* path → GByteArray */
};

static void append_chunk(const struct merging *merging, const struct extent *extent,
			 GByteArray *content)
{
	const struct pack_row *row =
		&g_array_index(merging->table->rows, struct pack_row, extent->place.pack);
	g_autofree uint8_t *plain = g_malloc(CHUNK_MAX);
	GError *error = NULL;
	g_autoptr(PackReader) reader = pack_reader_open(golden.repo, golden.identity,
							merging->table->generation, row, &error);

	g_assert_no_error(error);
	pack_reader_chunk(reader, &extent->place, plain, &error);
	g_assert_no_error(error);
	g_byte_array_append(content, plain + extent->slice, (guint)extent->length);
}

static GByteArray *content_of(const struct merging *merging, const struct layer_entry *entry)
{
	const GByteArray *before = g_hash_table_lookup(merging->content, entry->path);
	GByteArray *content = g_byte_array_new();

	for (guint i = 0; i < entry->extents->len; i++) {
		const struct extent *extent = &g_array_index(entry->extents, struct extent, i);
		guint at = content->len;

		if (extent->kind == EXTENT_DATA) {
			append_chunk(merging, extent, content);
			continue;
		}
		g_byte_array_set_size(content, at + (guint)extent->length);
		if (extent->kind == EXTENT_INHERITED) {
			g_assert_cmpuint(at + extent->length, <=, before->len);
			memcpy(content->data + at, before->data + at, extent->length);
		} else {
			memset(content->data + at, 0, extent->length);
		}
	}
	return content;
}

static void check_digests(const struct layer_entry *entry, const GByteArray *content)
{
	uint64_t seed = digest_seed(golden.identity->digest_secret, "content");
	g_autoptr(GByteArray) blocks = g_byte_array_new();
	uint8_t digest[XXH128_SIZE];

	for (size_t at = 0; at < content->len; at += CONTENT_BLOCK_SIZE) {
		size_t size = MIN(CONTENT_BLOCK_SIZE, content->len - at);

		xxh128(seed, content->data + at, size, digest);
		g_byte_array_append(blocks, digest, sizeof(digest));
	}
	content_digest_join(seed, blocks->data, blocks->len / XXH128_SIZE, digest);
	g_assert_cmpmem(digest, XXH128_SIZE, entry->digest, XXH128_SIZE);
	g_assert_true(entry->flags & ENTRY_CRC32C);
	g_assert_cmphex(crc32c_value(crc32c_update(crc32c_init(), content->data, content->len)), ==,
			entry->crc32c);
}

static bool merge_entry(void *data, struct layer_entry **entry, GError **error)
{
	struct merging *merging = data;
	struct layer_entry *taken = *entry;

	if (taken->kind == ENTRY_TOMBSTONE) {
		g_hash_table_remove(merging->entries, taken->path);
		g_hash_table_remove(merging->content, taken->path);
		return true;
	}
	*entry = NULL;
	if (taken->kind == ENTRY_FILE) {
		GByteArray *content = content_of(merging, taken);

		check_digests(taken, content);
		g_hash_table_replace(merging->content, g_strdup(taken->path), content);
	}
	g_hash_table_replace(merging->entries, g_strdup(taken->path), taken);
	return true;
}

static void merge_layer(struct merging *merging, const struct layer_ref *ref)
{
	uint64_t seed = digest_seed(golden.identity->digest_secret, "content");
	g_autoptr(Table) table = NULL;
	GError *error = NULL;

	table_load(golden.repo, ref->table, &table, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < table->rows->len; i++) {
		pack_verify(golden.repo, golden.identity, table->generation,
			    &g_array_index(table->rows, struct pack_row, i), seed, &error);
		g_assert_no_error(error);
	}
	merging->table = table;
	layer_read(golden.repo, golden.identity, ref, table, merge_entry, merging, &error);
	g_assert_no_error(error);
}

static void test_set_has_its_content(const void *set_id)
{
	g_autoptr(Manifest) manifest = load(set_id);
	const struct set_part *part = manifest_part(manifest, PART_DATABASE);
	g_autoptr(GHashTable) entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
							      (GDestroyNotify)layer_entry_free);
	g_autoptr(GHashTable) content = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
							      (GDestroyNotify)g_byte_array_unref);
	struct merging merging = {.entries = entries, .content = content};
	g_autoptr(GString) found = g_string_new(NULL);
	g_autofree char *expected = expected_lines(set_id);

	for (guint i = 0; i < part->layers->len; i++)
		merge_layer(&merging, &g_array_index(part->layers, struct layer_ref, i));

	g_autoptr(GList) paths = g_list_sort(g_hash_table_get_keys(entries), (GCompareFunc)strcmp);

	for (GList *path = paths; path; path = path->next)
		golden_expect_entry(found, set_id, g_hash_table_lookup(entries, path->data),
				    g_hash_table_lookup(content, path->data));
	g_assert_cmpstr(found->str, ==, expected);
}

/* WAL. */

static void fetch_wal(const char *file, const char *identity_name, GString *found)
{
	g_autoptr(Identity) identity = golden_identity(identity_name);
	g_autoptr(GPtrArray) held = NULL;
	g_autoptr(GByteArray) content = NULL;
	GError *error = NULL;

	wal_find(golden.repo, file, &held, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(held->len, ==, 1);
	wal_fetch(golden.repo, identity, held->pdata[0], 2, &content, NULL, &error);
	g_assert_no_error(error);
	g_string_append_printf(found, "wal %s", file);
	golden_expect_content(found, content->data, content->len);
}

static void test_wal_has_its_content(const void *identity_name)
{
	static const char *const files[] = {"000000010000000000000001", "000000010000000000000002",
					    "000000010000000000000003.partial",
					    "000000010000000000000001.00000028.backup",
					    "00000002.history"};
	g_autofree char *expected = expected_lines("wal ");
	g_autoptr(GString) found = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
		fetch_wal(files[i], identity_name, found);
	g_assert_cmpstr(found->str, ==, expected);
}

static void test_wal_identity_opens_no_set(void)
{
	g_autoptr(Identity) identity = golden_identity("identity-wal");
	g_autoptr(GError) error = NULL;
	Manifest *manifest = NULL;

	g_assert_false(manifest_load(golden.repo, identity, GOLDEN_FULL, &manifest, &error));
	g_assert_true(odr_error_is(error, ODR_ERROR_AUTH));
}

/* What make-filestore wrote. */

struct counts {
	unsigned files, folders, gone, damaged;
};

static bool count_entry(void *data, struct layer_entry **entry, GError **error)
{
	struct counts *counts = data;

	counts->files += (*entry)->kind == ENTRY_FILE;
	counts->folders += (*entry)->kind == ENTRY_DIRECTORY;
	counts->gone += (*entry)->kind == ENTRY_TOMBSTONE;
	counts->damaged += ((*entry)->flags & ENTRY_DAMAGED) != 0;
	if ((*entry)->kind == ENTRY_FILE)
		g_assert_true((*entry)->flags & ENTRY_SHA1);
	return true;
}

static struct counts count_part(Repo *repo, const Identity *identity, const struct set_part *part)
{
	struct counts counts = {0};
	GError *error = NULL;

	for (guint i = 0; i < part->layers->len; i++) {
		const struct layer_ref *ref = &g_array_index(part->layers, struct layer_ref, i);
		g_autoptr(Table) table = NULL;

		table_load(repo, ref->table, &table, &error);
		g_assert_no_error(error);
		layer_read(repo, identity, ref, table, count_entry, &counts, &error);
		g_assert_no_error(error);
	}
	return counts;
}

static void test_filestore(void)
{
	g_autoptr(Identity) identity = golden_identity("filestore/identity");
	Repo *repo = golden_repo("filestore/repository", identity);
	g_autoptr(GPtrArray) manifests = NULL, troubles = g_ptr_array_new_with_free_func(g_free);
	struct moment *moment = NULL;
	GError *error = NULL;
	g_autoptr(Mark) mark = NULL;

	manifest_list(repo, identity, &manifests, troubles, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(manifests->len, ==, 2);

	/* By the store's time, which is that of the checkout. */
	const Manifest *second = manifests->pdata[0];

	if (second->sequence == 1)
		second = manifests->pdata[1];
	struct counts counts = count_part(repo, identity, manifest_part(second, PART_FILESTORE));

	g_assert_cmpuint(counts.files, ==, 9);
	g_assert_cmpuint(counts.gone, ==, 1);
	g_assert_cmpuint(counts.damaged, ==, 1);
	g_assert_cmpuint(second->damaged->len, ==, 1);
	g_assert_false(manifest_part_incomplete(second, PART_FILESTORE));
	moment_newest(repo, PART_FILESTORE, &moment, troubles, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(moment->set_id, ==, second->set_id);
	mark_find(repo, identity, "month-end", &mark, troubles, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(mark->note, ==, "closed");
	g_assert_cmpuint(mark->timeline, ==, 0);
	g_assert_cmpuint(troubles->len, ==, 0);
	moment_free(moment);
	repo_free(repo);
}

static const struct anchor_figure *figure_of(const Anchor *anchor, guint number,
					     enum anchor_basis basis)
{
	const struct anchor_figure *figure = anchor->figures->pdata[number];

	g_assert_cmpint(figure->basis, ==, basis);
	g_assert_cmpstr(figure->database, ==, "shop");
	return figure;
}

static void assert_json(const json_t *value, const char *expected)
{
	g_autofree char *text = value ? json_print(value) : NULL;

	g_assert_cmpstr(text, ==, expected);
}

static void test_anchor(void)
{
	g_autoptr(Identity) identity = golden_identity("anchor/identity");
	Repo *repo = golden_repo("anchor/repository", identity);
	g_autoptr(GPtrArray) ids = NULL;
	g_autoptr(Anchor) anchor = NULL;
	GError *error = NULL;

	anchor_list(repo, &ids, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(ids->len, ==, 1);
	anchor_load(repo, identity, ids->pdata[0], &anchor, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(anchor->mark.name, ==, "month-end");
	g_assert_cmpuint(anchor->mark.lsn, ==, 0xc0000a0);
	g_assert_cmpuint(anchor->figures->len, ==, 3);
	assert_json(figure_of(anchor, 0, ANCHOR_IDENTICAL)->before,
		    "{\"columns\":[\"metric\",\"key\",\"n\",\"value\"],\"rows\":["
		    "[\"balance\",\"1000\",\"2\",\"12.50\"],[\"balance\",null,\"0\",\"0\"]]}");
	assert_json(figure_of(anchor, 1, ANCHOR_DIFFERENT)->after,
		    "{\"columns\":[\"n\"],\"rows\":[[\"42\"]]}");
	g_assert_cmpstr(figure_of(anchor, 2, ANCHOR_UNKNOWN)->problem, ==,
			"it did not end within 1 min");
	repo_free(repo);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	set_up();
	g_test_add_func("/golden/keys-open", test_keys_open);
	g_test_add_func("/golden/repository-is-known", test_repository_is_known);
	g_test_add_func("/golden/sets-are-listed", test_sets_are_listed);
	g_test_add_func("/golden/manifest-says-the-same", test_manifest_says_the_same);
	g_test_add_data_func("/golden/full-set-has-its-content", GOLDEN_FULL,
			     test_set_has_its_content);
	g_test_add_data_func("/golden/set-of-two-layers-has-its-content", GOLDEN_LATER,
			     test_set_has_its_content);
	g_test_add_data_func("/golden/wal-has-its-content", "identity", test_wal_has_its_content);
	g_test_add_data_func("/golden/wal-opens-for-a-wal-identity", "identity-wal",
			     test_wal_has_its_content);
	g_test_add_func("/golden/wal-identity-opens-no-set", test_wal_identity_opens_no_set);
	g_test_add_func("/golden/filestore-moment-and-mark", test_filestore);
	g_test_add_func("/golden/anchor-has-its-figures", test_anchor);

	int status = g_test_run();

	tear_down();
	return status;
}
