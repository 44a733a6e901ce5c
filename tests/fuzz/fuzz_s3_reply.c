/* Answers of an S3 server: whatever they hold, every entry of a listing has a key, and of versions an id. */
#include "store/s3_reply.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_listing(S3Listing *listing, bool versions)
{
	for (guint i = 0; listing && i < listing->entries->len; i++) {
		const struct s3_entry *entry = listing->entries->pdata[i];

		if (!entry->key || (versions && !entry->version))
			abort();
	}
	s3_listing_free(listing);
}

static void check_deleted(GPtrArray *deleted)
{
	for (guint i = 0; deleted && i < deleted->len; i++)
		if (!((const struct s3_deleted *)deleted->pdata[i])->key)
			abort();
	g_clear_pointer(&deleted, g_ptr_array_unref);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct s3_error error;
	struct s3_retention retention;
	struct s3_lock_rule rule;
	enum s3_versioning versioning;
	bool hold;

	check_listing(s3_reply_objects(data, size, NULL), false);
	check_listing(s3_reply_versions(data, size, NULL), true);
	check_deleted(s3_reply_deleted(data, size, NULL));
	s3_reply_error(data, size, &error);
	s3_reply_retention(data, size, &retention, NULL);
	s3_reply_hold(data, size, &hold, NULL);
	s3_reply_lock(data, size, &rule, NULL);
	s3_reply_versioning(data, size, &versioning, NULL);
	return 0;
}
