#include "store/s3_list.h"

#include "base/error.h"
#include "store/s3_bucket.h"

#include <string.h>

#define PAGES_MAX 100000
#define EMPTY_MAX 100 /* pages without an entry, one after the other */

/* One walk over the keys that begin with a prefix, page by page. */
struct walk {
	struct s3_store *self;
	const char *prefix; /* of keys */
	bool versions;	    /* also older ones, and delete markers */
	/* Takes an entry; false ends the walk. */
	bool (*each)(void *data, struct s3_entry *entry);
	void *data;
	char *last; /* key */
	unsigned pages, empty;
};

static bool page_fetch(const struct walk *walk, const S3Listing *before, S3Answer *answer,
		       GError **error)
{
	struct s3_call call = {.method = "GET"};
	struct s3_query *next = call.query;

	if (!walk->versions && before)
		*next++ = (struct s3_query){"continuation-token", before->token};
	*next++ = (struct s3_query){"encoding-type", "url"};
	if (walk->versions && before)
		*next++ = (struct s3_query){"key-marker", before->key_marker};
	if (!walk->versions)
		*next++ = (struct s3_query){"list-type", "2"};
	*next++ = (struct s3_query){"prefix", walk->prefix};
	if (walk->versions && before && before->version_marker)
		*next++ = (struct s3_query){"version-id-marker", before->version_marker};
	if (walk->versions)
		*next++ = (struct s3_query){"versions", ""};
	return s3_call(walk->self, &call, answer, error);
}

static S3Listing *page_read(const struct walk *walk, const S3Listing *before, GError **error)
{
	g_autoptr(S3Answer) answer = s3_answer_new();
	const GByteArray *body = answer->http->body;
	g_autoptr(GError) cause = NULL;

	if (!page_fetch(walk, before, answer, &cause)) {
		/* That there is no key does not answer which there are. */
		if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
			odr_fail(error, ODR_ERROR_REFUSED, "%s", cause->message);
		else
			g_propagate_error(error, g_steal_pointer(&cause));
		return NULL;
	}
	return walk->versions ? s3_reply_versions(body->data, body->len, error)
			      : s3_reply_objects(body->data, body->len, error);
}

/* Keys come in order; a server that gives them otherwise might do so for ever. */
static bool page_take(struct walk *walk, const S3Listing *page, bool *ended, GError **error)
{
	for (guint i = 0; i < page->entries->len && !*ended; i++) {
		struct s3_entry *entry = page->entries->pdata[i];
		int order = walk->last ? strcmp(entry->key, walk->last) : 1;

		if (order < 0 || (order == 0 && !walk->versions) ||
		    !g_str_has_prefix(entry->key, walk->prefix))
			return odr_fail(error, ODR_ERROR_REFUSED,
					"the server's listing is not in order");
		if (order > 0) {
			g_free(walk->last);
			walk->last = g_strdup(entry->key);
		}
		*ended = !walk->each(walk->data, entry);
	}
	return true;
}

/* A server that leads back to where one comes from, or to nothing, might do so for ever. */
static bool check_progress(struct walk *walk, const S3Listing *page, const S3Listing *next,
			   GError **error)
{
	bool back = page && g_strcmp0(page->token, next->token) == 0 &&
		    g_strcmp0(page->key_marker, next->key_marker) == 0 &&
		    g_strcmp0(page->version_marker, next->version_marker) == 0;

	walk->empty = next->entries->len > 0 ? 0 : walk->empty + 1;
	if (next->truncated && (back || walk->empty > EMPTY_MAX || ++walk->pages > PAGES_MAX))
		return odr_fail(error, ODR_ERROR_REFUSED, "the server's listing does not end");
	return true;
}

static bool walk_run(struct walk *walk, GError **error)
{
	g_autoptr(S3Listing) page = NULL;
	bool ended = false, good = true;

	while (good && !ended && (!page || page->truncated)) {
		g_autoptr(S3Listing) next = page_read(walk, page, error);

		good = next && check_progress(walk, page, next, error) &&
		       page_take(walk, next, &ended, error);
		s3_listing_free(page);
		page = g_steal_pointer(&next);
	}
	g_clear_pointer(&walk->last, g_free);
	return good;
}

/* Listing. With versions, a key is there as long as any version is: a delete marker hides nothing,
 * and what was written first counts, since whoever can only add cannot get in front of it. */

struct listing {
	struct s3_store *self;
	store_each each;
	void *data;
	char *key; /* whose versions are being read */
	struct store_object object;
	bool any;    /* object is one of its versions */
	bool hidden; /* the newest entry is a delete marker */
	unsigned versions;
};

static bool tell(struct listing *listing)
{
	size_t skip = strlen(listing->self->prefix);
	bool any = listing->any;

	listing->any = false;
	if (!any || !store_name_valid(listing->key + skip))
		return true;
	listing->object.name = listing->key + skip;
	return listing->each(listing->data, &listing->object);
}

static bool list_entry(void *data, struct s3_entry *entry)
{
	struct listing *listing = data;

	if (g_strcmp0(listing->key, entry->key) != 0) {
		if (!tell(listing))
			return false;
		g_free(listing->key);
		listing->key = g_strdup(entry->key);
		listing->hidden = entry->marker;
		listing->versions = 0;
	}
	if (entry->marker)
		return true;
	listing->object = (struct store_object){.size = entry->size,
						.stored_at = entry->modified,
						.hidden = listing->hidden,
						.versions = ++listing->versions};
	if (entry->version)
		g_strlcpy(listing->object.version, entry->version, sizeof(listing->object.version));
	listing->any = true;
	return true;
}

static bool list_walk(struct s3_store *self, const char *prefix, bool versions, store_each each,
		      void *data, GError **error)
{
	g_autofree char *key = s3_key(self, prefix);
	struct listing listing = {.self = self, .each = each, .data = data};
	struct walk walk = {
		.self = self,
		.prefix = key,
		.versions = versions,
		.each = list_entry,
		.data = &listing,
	};
	bool done = walk_run(&walk, error);

	if (done)
		tell(&listing);
	g_free(listing.key);
	return done;
}

/* Only a bucket that says so has no versions: without them, what is hidden would look absent. */
bool s3_list(Store *store, const char *prefix, store_each each, void *data, GError **error)
{
	struct s3_store *self = s3_store(store);

	return list_walk(self, prefix, s3_has_versions(self), each, data, error);
}

/* The versions of one key. */

struct history {
	const char *key;
	GPtrArray *entries;
};

static void entry_free(void *data)
{
	struct s3_entry *entry = data;

	g_free(entry->key);
	g_free(entry->version);
	g_free(entry);
}

static bool history_entry(void *data, struct s3_entry *entry)
{
	struct history *history = data;
	struct s3_entry *copy;

	if (strcmp(entry->key, history->key) != 0)
		return false;
	copy = g_memdup2(entry, sizeof(*entry));
	copy->key = g_strdup(entry->key);
	copy->version = g_strdup(entry->version);
	g_ptr_array_add(history->entries, copy);
	return true;
}

GPtrArray *s3_history(struct s3_store *self, const char *key, GError **error)
{
	struct history history = {key, g_ptr_array_new_with_free_func(entry_free)};
	struct walk walk = {
		.self = self,
		.prefix = key,
		.versions = true,
		.each = history_entry,
		.data = &history,
	};

	if (walk_run(&walk, error))
		return history.entries;
	g_ptr_array_unref(history.entries);
	return NULL;
}

static GPtrArray *objects_of(const GPtrArray *history, const char *name)
{
	GPtrArray *objects = g_ptr_array_new_with_free_func((GDestroyNotify)store_object_free);
	bool hidden = history->len > 0 && ((const struct s3_entry *)history->pdata[0])->marker;

	for (guint i = history->len; i-- > 0;) {
		const struct s3_entry *entry = history->pdata[i];
		struct store_object *object;

		if (entry->marker)
			continue;
		object = g_new0(struct store_object, 1);
		object->name = g_strdup(name);
		object->size = entry->size;
		object->stored_at = entry->modified;
		object->hidden = hidden;
		g_strlcpy(object->version, entry->version, sizeof(object->version));
		g_ptr_array_add(objects, object);
	}
	return objects;
}

bool s3_versions(Store *store, const char *name, GPtrArray **objects, GError **error)
{
	struct s3_store *self = s3_store(store);
	g_autofree char *key = s3_key(self, name);
	g_autoptr(GPtrArray) history = NULL, found = NULL;

	if (!s3_has_versions(self))
		return store_versions_of_one(store, name, objects, error);
	history = s3_history(self, key, error);
	if (!history)
		return false;
	found = objects_of(history, name);
	if (found->len == 0)
		return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no such object");
	*objects = g_steal_pointer(&found);
	return true;
}
