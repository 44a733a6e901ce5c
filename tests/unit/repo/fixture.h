#ifndef ODR_TESTS_UNIT_REPO_FIXTURE_H
#define ODR_TESTS_UNIT_REPO_FIXTURE_H

/* A service with its keys and one repository in a temporary folder. */
#include "base/error.h"
#include "base/file.h"
#include "crypto/secret.h"
#include "repo/layer.h"
#include "repo/layout.h"

#include <string.h>

struct fixture {
	char *folder; /* the repository's root */
	OwnerKey *owner;
	Identity *identity;
	GPtrArray *recipients, *repos;
	Repo *repo;
	char *generation;
};

#define FIXTURE_SEED 0x0123456789abcdef

static inline Store *fixture_store(const char *name, const char *folder)
{
	GError *error = NULL;
	struct store_settings settings = {.name = name, .type = "posix", .path = folder};
	Store *store = store_open(&settings, &error);

	g_assert_no_error(error);
	return store;
}

static inline void fixture_init(struct fixture *fixture)
{
	GError *error = NULL;

	crypto_init(&error);
	g_assert_no_error(error);
	fixture->folder = g_dir_make_tmp("odr-test-XXXXXX", &error);
	g_assert_no_error(error);
	fixture->owner = owner_key_new("erp-prod");
	fixture->identity = identity_new(fixture->owner, "main", RECIPIENT_SCOPE_ALL);
	fixture->recipients = g_ptr_array_new();
	g_ptr_array_add(fixture->recipients, &fixture->identity->recipient);
	fixture->repo = repo_new(fixture_store("main", fixture->folder), &fixture->owner->service);
	fixture->repos = g_ptr_array_new();
	g_ptr_array_add(fixture->repos, fixture->repo);
	fixture->generation = generation_id_new(1800000000 * USEC_PER_SEC);
}

static inline void fixture_clear(struct fixture *fixture)
{
	GError *error = NULL;

	g_ptr_array_unref(fixture->repos);
	g_ptr_array_unref(fixture->recipients);
	repo_free(fixture->repo);
	identity_free(fixture->identity);
	owner_key_free(fixture->owner);
	g_free(fixture->generation);
	file_remove_tree(fixture->folder, &error);
	g_assert_no_error(error);
	g_free(fixture->folder);
}

static inline struct pack_sink *fixture_sink(const struct fixture *fixture, size_t pack_size)
{
	return pack_sink_new(&(struct pack_sink_settings){
		.repos = fixture->repos,
		.recipients = fixture->recipients,
		.service_id = fixture->owner->service.id,
		.generation = fixture->generation,
		.pack_size = pack_size,
		.compress_level = 1,
		.digest_seed = FIXTURE_SEED,
	});
}

/* What lies under a local name. */
static inline GByteArray *fixture_read(const struct fixture *fixture, const char *local)
{
	g_autofree char *name = g_strconcat(fixture->repo->service_hex, "/", local, NULL);
	GError *error = NULL;
	GBytes *content = NULL;

	store_get(fixture->repo->store, name, NULL, 0, &content, &error);
	g_assert_no_error(error);
	return g_bytes_unref_to_array(content);
}

/* Puts other bytes there, as whoever holds the folder could. */
static inline void fixture_replace(const struct fixture *fixture, const char *local,
				   const void *bytes, size_t size)
{
	GError *error = NULL;
	g_autofree char *path =
		g_build_filename(fixture->folder, fixture->repo->service_hex, local, NULL);

	g_file_set_contents_full(path, bytes, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
				 &error);
	g_assert_no_error(error);
}

/* Fails the test unless error has this code and its message ends so; clears it. */
#define assert_failed(result, error, wanted, ending)                 \
 do {                                                                \
  g_assert_false(result);                                            \
  g_assert_error(error, ODR_ERROR, wanted);                          \
  if (!g_str_has_suffix((error)->message, ending))                   \
   g_error("'%s' does not end with '%s'", (error)->message, ending); \
  g_clear_error(&(error));                                           \
 } while (0)

#endif
