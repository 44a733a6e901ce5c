#ifndef ODR_TEST_STORE_LOOPBACK_STORE_H
#define ODR_TEST_STORE_LOOPBACK_STORE_H

#include "loopback.h"
#include "store/driver.h"

/* The bucket "box" at such a server, as "main", by a key of its own. */
struct loopback_store {
	Store *store;
	char *credentials;
};

static inline struct loopback_store loopback_store_open(const struct loopback *loopback,
							struct store_settings settings)
{
	struct loopback_store opened = {
		.credentials = g_build_filename(g_get_tmp_dir(), "keys-XXXXXX", NULL)};
	g_autoptr(GError) error = NULL;

	close(g_mkstemp(opened.credentials));
	g_assert_true(g_file_set_contents(
		opened.credentials, "aws_access_key_id=a\naws_secret_access_key=s\n", -1, NULL));
	g_chmod(opened.credentials, 0600);
	settings.name = "main";
	settings.type = "s3";
	settings.endpoint = loopback->url;
	settings.bucket = "box";
	settings.credentials = opened.credentials;
	opened.store = store_open(&settings, &error);
	g_assert_no_error(error);
	return opened;
}

static inline void loopback_store_close(struct loopback_store *opened)
{
	store_free(opened->store);
	g_unlink(opened->credentials);
	g_free(opened->credentials);
}

#endif
