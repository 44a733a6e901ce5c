#ifndef ODR_TEST_REPO_SERVICE_H
#define ODR_TEST_REPO_SERVICE_H

#include "base/error.h"
#include "base/file.h"
#include "crypto/secret.h"
#include "repo/repo.h"
#include "store/driver.h"

#include <glib.h>

/* A service with its keys and an empty repository in a folder of its own. */
struct service {
	char *folder;
	OwnerKey *owner;
	Identity *identity;
	Bundle *bundle;
	GPtrArray *recipients;
	Repo *repo;
};

static inline Store *service_folder_store(const struct service *service)
{
	g_autofree char *root = g_build_filename(service->folder, "repository", NULL);
	g_autoptr(GError) error = NULL;
	Store *store = store_open(
		&(struct store_settings){
			.name = "main", .type = "posix", .path = root, .create = true},
		&error);

	g_assert_no_error(error);
	return store;
}

/* Takes the store; NULL: a folder. */
static inline void service_set_up_in(struct service *service, Store *store)
{
	g_autoptr(GError) error = NULL;

	crypto_init(&error);
	g_assert_no_error(error);
	service->folder = g_dir_make_tmp("odr-repo-XXXXXX", &error);
	g_assert_no_error(error);
	service->owner = owner_key_new("erp-prod");
	service->identity = identity_new(service->owner, "safe", RECIPIENT_SCOPE_ALL);
	service->recipients = g_ptr_array_new();
	g_ptr_array_add(service->recipients, &service->identity->recipient);
	service->bundle =
		bundle_new(service->owner, KEY_ROLE_WRITER, clock_now(), 0, service->recipients);
	service->repo =
		repo_new(store ? store : service_folder_store(service), &service->owner->service);
}

static inline void service_set_up(struct service *service)
{
	service_set_up_in(service, NULL);
}

static inline void service_tear_down(struct service *service)
{
	repo_free(service->repo);
	bundle_free(service->bundle);
	g_ptr_array_unref(service->recipients);
	identity_free(service->identity);
	owner_key_free(service->owner);
	file_remove_tree(service->folder, NULL);
	g_free(service->folder);
}

/* As one whose clock is its own: the folder's times count. */
static inline void service_trust_clock(struct service *service, bool trust)
{
	static struct store_class class;

	class = store_posix;
	class.keeps_time = true;
	service->repo->store->class = trust ? &class : &store_posix;
}

/* A writer whose endorsement ended so long ago. */
static inline void service_end_endorsement(struct service *service, usec_t ago)
{
	bundle_free(service->bundle);
	service->bundle =
		bundle_new(service->owner, KEY_ROLE_WRITER, clock_now() - ago - USEC_PER_DAY,
			   USEC_PER_DAY, service->recipients);
}

static inline void service_put(struct service *service, const char *local, const void *data,
			       size_t size)
{
	g_autoptr(GError) error = NULL;
	struct iovec part = {.iov_base = (void *)data, .iov_len = size};

	repo_put(service->repo, local, &part, 1, 0, NULL, &error);
	g_assert_no_error(error);
}

/* Where an object's file lies; g_free. */
static inline char *service_path(struct service *service, const char *local)
{
	return g_build_filename(service->folder, "repository", service->repo->service_hex, local,
				NULL);
}

#define assert_failed(error, wanted, text)                \
 do {                                                     \
  g_assert_true(odr_error_is(error, wanted));             \
  if (!strstr((error)->message, text))                    \
   g_error("'%s' is not in: %s", text, (error)->message); \
 } while (0)

#endif
