#include "repo/chain.h"

#include <string.h>

#include "sample.h"
#include "service.h"

#define FIRST  "20261121T230501Z-00000001"
#define SECOND "20261122T230501Z-00000002"

static struct service service;
static char *path;

static void set_up(void)
{
	service_set_up(&service);
	path = g_build_filename(service.folder, "chain", NULL);
}

static void tear_down(void)
{
	g_clear_pointer(&path, g_free);
	service_tear_down(&service);
}

static const uint8_t *writer(void)
{
	return service.bundle->endorsement.public_key;
}

static struct chain load(char **restarted)
{
	g_autoptr(GError) error = NULL;
	struct chain chain = {0};

	chain_load(path, writer(), &chain, restarted, &error);
	g_assert_no_error(error);
	return chain;
}

static void journal(struct chain *chain, const char *set_id)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = sample_manifest(set_id);

	manifest->sequence = chain->sequence + 1;
	manifest->previous_set = g_strdup(chain->set_id);
	memcpy(manifest->previous_sha256, chain->sha256, SHA256_SIZE);
	manifest->previous_retain_until = chain->retain_until;

	g_autoptr(GBytes) object = manifest_seal(manifest, service.bundle, 1, &error);

	g_assert_no_error(error);
	chain_journal(chain, manifest, object, &error);
	g_assert_no_error(error);
}

static void settle(struct chain *chain)
{
	g_autoptr(GError) error = NULL;

	chain_settle(chain, &error);
	g_assert_no_error(error);
}

static unsigned files_beside(void)
{
	g_autoptr(GDir) dir = g_dir_open(service.folder, 0, NULL);
	unsigned count = 0;
	const char *name;

	while ((name = g_dir_read_name(dir)))
		count += g_str_has_prefix(name, "chain");
	return count;
}

static void test_first(void)
{
	char *restarted = (char *)"";

	set_up();

	struct chain chain = load(&restarted);

	g_assert_null(restarted);
	g_assert_cmpuint(chain.sequence, ==, 0);
	g_assert_null(chain.set_id);
	g_assert_null(chain.pending);
	chain_clear(&chain);
	tear_down();
}

static void test_continues(void)
{
	g_autofree char *restarted = NULL;

	set_up();

	struct chain chain = load(NULL);

	journal(&chain, FIRST);
	settle(&chain);
	chain_clear(&chain);

	chain = load(&restarted);
	g_assert_null(restarted);
	g_assert_cmpuint(chain.sequence, ==, 1);
	g_assert_cmpstr(chain.set_id, ==, FIRST);
	g_assert_cmpint(chain.retain_until, ==, 1798239901123457);
	g_assert_cmpuint(chain.wal_end, ==, 0x8000000);
	g_assert_null(chain.pending);
	g_assert_cmpuint(files_beside(), ==, 1);
	journal(&chain, SECOND);
	settle(&chain);
	g_assert_cmpuint(chain.sequence, ==, 2);
	chain_clear(&chain);
	tear_down();
}

static void test_digest(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = NULL;

	set_up();

	struct chain chain = load(NULL);

	journal(&chain, FIRST);
	manifest_parse(&service.owner->service, NULL, FIRST, g_bytes_get_data(chain.pending, NULL),
		       g_bytes_get_size(chain.pending), &manifest, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(manifest->sha256, SHA256_SIZE, chain.sha256, SHA256_SIZE);
	chain_clear(&chain);
	tear_down();
}

static void test_repeats(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = NULL;
	g_autoptr(GPtrArray) repos = g_ptr_array_new();

	set_up();
	g_ptr_array_add(repos, service.repo);

	struct chain chain = load(NULL);

	journal(&chain, FIRST);
	chain_clear(&chain); /* killed before the PUT */

	chain = load(NULL);
	g_assert_cmpstr(chain.pending_set, ==, FIRST);
	g_assert_cmpuint(chain.sequence, ==, 1);
	chain_repeat(&chain, repos, set_id_time(chain.set_id), NULL, &error);
	g_assert_no_error(error);
	g_assert_null(chain.pending);
	manifest_load(service.repo, service.identity, FIRST, &manifest, &error);
	g_assert_no_error(error);
	chain_clear(&chain);

	chain = load(NULL);
	g_assert_null(chain.pending);
	g_assert_cmpstr(chain.set_id, ==, FIRST);
	chain_repeat(&chain, repos, set_id_time(chain.set_id), NULL, &error);
	g_assert_no_error(error);
	chain_clear(&chain);
	tear_down();
}

/* What a keeper took for abandoned must not become a set. */
static void test_gives_up(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) repos = g_ptr_array_new();
	g_autofree char *local = layout_set(FIRST);
	g_autofree char *reason = NULL;
	struct store_object object;

	set_up();
	g_ptr_array_add(repos, service.repo);

	struct chain chain = load(NULL);

	journal(&chain, FIRST);
	chain_clear(&chain);
	chain = load(NULL);
	chain_repeat(&chain, repos, set_id_time(FIRST) + CHAIN_PENDING_MAX + 1, &reason, &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(reason, FIRST));
	g_assert_cmpuint(chain.sequence, ==, 0);
	g_assert_false(repo_head(service.repo, local, &object, NULL));

	journal(&chain, SECOND);
	settle(&chain);
	chain_clear(&chain);
	chain = load(NULL);
	g_assert_cmpstr(chain.set_id, ==, SECOND);
	g_assert_cmpuint(chain.sequence, ==, 1);
	g_assert_cmpuint(files_beside(), ==, 1);
	chain_clear(&chain);
	tear_down();
}

static void test_repeats_after_put(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) repos = g_ptr_array_new();

	set_up();
	g_ptr_array_add(repos, service.repo);

	struct chain chain = load(NULL);

	journal(&chain, FIRST);
	service_put(&service, "set/" FIRST, g_bytes_get_data(chain.pending, NULL),
		    g_bytes_get_size(chain.pending));
	chain_clear(&chain); /* killed before the settling */

	chain = load(NULL);
	chain_repeat(&chain, repos, set_id_time(chain.set_id), NULL, &error);
	g_assert_no_error(error);
	g_assert_null(chain.pending);
	chain_clear(&chain);
	tear_down();
}

static void test_pending_first(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = sample_manifest(SECOND);

	set_up();

	struct chain chain = load(NULL);

	journal(&chain, FIRST);
	manifest->sequence = 2;
	manifest->previous_set = g_strdup(FIRST);
	g_assert_false(chain_journal(&chain, manifest, chain.pending, &error));
	assert_failed(error, ODR_ERROR_REFUSED, "set " FIRST " is still to be published");
	chain_clear(&chain);
	tear_down();
}

static void test_must_continue(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = sample_manifest(SECOND);
	g_autoptr(GBytes) object = g_bytes_new_static("", 0);

	set_up();

	struct chain chain = load(NULL);

	manifest->sequence = 2;
	g_assert_false(chain_journal(&chain, manifest, object, &error));
	assert_failed(error, ODR_ERROR_REFUSED, "does not continue the chain");
	g_assert_cmpuint(chain.sequence, ==, 0);
	chain_clear(&chain);
	tear_down();
}

static void assert_restarts(const char *why)
{
	g_autofree char *restarted = NULL;
	struct chain chain = load(&restarted);

	g_assert_nonnull(restarted);
	if (!strstr(restarted, why))
		g_error("'%s' is not in: %s", why, restarted);
	g_assert_cmpuint(chain.sequence, ==, 0);
	g_assert_null(chain.set_id);
	g_assert_null(chain.pending);
	g_assert_cmpmem(chain.writer, KEY_SIZE, writer(), KEY_SIZE);
	journal(&chain, SECOND);
	settle(&chain);
	g_assert_cmpuint(files_beside(), ==, 1);
	chain_clear(&chain);
}

static void test_damaged(void)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{}",
		"null",
		"{\"format\":2}",
		"\xff\xfe",
		"{\"format\":1,\"writer\":\"00\",\"sequence\":1,\"set\":\"x\",\"sha256\":\"\","
		"\"retain_until_us\":1,\"wal_end\":\"0/0\",\"pending\":false}",
	};

	set_up();
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_file_set_contents(path, texts[i], -1, NULL);
		assert_restarts("is damaged");
	}
	tear_down();
}

static void test_pending_lost(void)
{
	g_autofree char *pending = NULL;

	set_up();
	pending = g_strconcat(path, "-pending-", FIRST, NULL);

	struct chain chain = load(NULL);

	journal(&chain, FIRST);
	chain_clear(&chain);
	g_file_set_contents(pending, "something else, longer than a block", -1, NULL);
	assert_restarts("the manifest of set " FIRST " is lost");

	file_remove_tree(path, NULL);
	chain = load(NULL);
	journal(&chain, FIRST);
	chain_clear(&chain);
	file_remove_tree(pending, NULL);
	assert_restarts("the manifest of set " FIRST " is lost");
	tear_down();
}

static void test_other_writer(void)
{
	set_up();

	struct chain chain = load(NULL);

	journal(&chain, FIRST);
	settle(&chain);
	chain_clear(&chain);
	bundle_free(service.bundle);
	service.bundle =
		bundle_new(service.owner, KEY_ROLE_WRITER, clock_now(), 0, service.recipients);
	assert_restarts("it is the chain of another writer key");
	tear_down();
}

static void test_trouble(void)
{
	g_autoptr(GError) error = NULL;
	struct chain chain = {0};

	set_up();
	file_make_dirs(path, 0700, NULL);
	g_assert_false(chain_load(path, writer(), &chain, NULL, &error));
	g_assert_nonnull(error);
	tear_down();
}

/* Who has captured one part alone finds what became of it, whatever others published since. */
static void test_parts(void)
{
	set_up();
	struct chain chain = load(NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = sample_manifest(SECOND);

	g_assert_null(chain_part_set(&chain, PART_FILESTORE));
	journal(&chain, FIRST);
	settle(&chain);
	g_ptr_array_set_size(manifest->parts, 1);
	manifest->sequence = 2;
	manifest->previous_set = g_strdup(FIRST);
	g_autoptr(GBytes) object = manifest_seal(manifest, service.bundle, 1, &error);

	g_assert_no_error(error);
	chain_journal(&chain, manifest, object, &error);
	g_assert_no_error(error);
	settle(&chain);
	for (unsigned again = 0; again < 2; again++) {
		g_assert_cmpstr(chain_part_set(&chain, PART_DATABASE), ==, SECOND);
		g_assert_cmpstr(chain_part_set(&chain, PART_FILESTORE), ==, FIRST);
		chain_clear(&chain);
		chain = load(NULL);
	}
	chain_clear(&chain);
	tear_down();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/chain/begins-empty", test_first);
	g_test_add_func("/chain/continues-after-a-restart", test_continues);
	g_test_add_func("/chain/knows-the-digest-of-its-last-manifest", test_digest);
	g_test_add_func("/chain/knows-the-last-set-of-each-part", test_parts);
	g_test_add_func("/chain/repeats-what-was-not-put", test_repeats);
	g_test_add_func("/chain/gives-up-what-waited-too-long", test_gives_up);
	g_test_add_func("/chain/repeating-what-was-put-is-harmless", test_repeats_after_put);
	g_test_add_func("/chain/takes-no-set-before-the-pending-one", test_pending_first);
	g_test_add_func("/chain/takes-only-what-continues-it", test_must_continue);
	g_test_add_func("/chain/starts-anew-when-damaged", test_damaged);
	g_test_add_func("/chain/starts-anew-when-the-pending-manifest-is-lost", test_pending_lost);
	g_test_add_func("/chain/starts-anew-for-another-writer", test_other_writer);
	g_test_add_func("/chain/a-file-that-cannot-be-read-is-no-new-chain", test_trouble);
	return g_test_run();
}
