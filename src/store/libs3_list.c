/* Listings by libs3: ListObjects of version 1, page by page. */
#include "base/error.h"
#include "store/libs3_call.h"

#include <string.h>

#define PAGES_MAX 1000000

struct walk {
	struct libs3_store *self;
	const char *prefix; /* of keys */
	char *last;	    /* key; NULL: none yet */
	store_each each;
	void *data;
};

/* What a proxy answers reads like a listing of nothing: an S3 server also tells what it does not have. */
static bool confirm_nothing(struct walk *walk, GError **error)
{
	g_autofree char *key = g_strconcat(walk->prefix, "nothing-has-this-name", NULL);
	char byte;
	const struct libs3_call call = {
		.verb = LIBS3_GET, .key = key, .count = 1, .buffer = &byte, .limit = 1};
	g_auto(Libs3Answer) answer = {0};
	g_autoptr(GError) cause = NULL;

	if (libs3_call(walk->self, &call, &answer, &cause) || answer.too_long)
		return odr_fail(error, ODR_ERROR_REFUSED, "what answers is no S3 server");
	if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

/* Keys come in order; a server that gives them otherwise might do so for ever. */
static bool take_page(struct walk *walk, const Libs3Answer *page, bool *ended, GError **error)
{
	size_t skip = strlen(walk->self->place.prefix);

	for (guint i = 0; i < page->objects->len && !*ended; i++) {
		struct store_object *object = page->objects->pdata[i];
		struct store_object told = *object;

		if (!g_str_has_prefix(object->name, walk->prefix) ||
		    (walk->last && strcmp(object->name, walk->last) <= 0))
			return odr_fail(error, ODR_ERROR_REFUSED,
					"the server's listing is not in order");
		g_free(walk->last);
		walk->last = g_strdup(object->name);
		told.name = walk->last + skip;
		if (store_name_valid(told.name))
			*ended = !walk->each(walk->data, &told);
	}
	return true;
}

static bool list_page(struct walk *walk, bool *ended, GError **error)
{
	g_autofree char *marker = g_strdup(walk->last);
	const struct libs3_call call = {.verb = LIBS3_LIST, .key = walk->prefix, .marker = marker};
	g_auto(Libs3Answer) page = {0};

	if (!libs3_call(walk->self, &call, &page, error))
		return false;
	if (page.objects->len == 0 && page.truncated)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the server's listing cannot be continued");
	if (page.objects->len == 0 && !confirm_nothing(walk, error))
		return false;
	if (!take_page(walk, &page, ended, error))
		return false;
	*ended = *ended || !page.truncated;
	return true;
}

bool libs3_list(Store *store, const char *prefix, store_each each, void *data, GError **error)
{
	struct libs3_store *self = libs3_store(store);
	g_autofree char *key = libs3_key(self, prefix);
	struct walk walk = {.self = self, .prefix = key, .each = each, .data = data};
	bool ended = false, good = true;

	for (unsigned pages = 0; good && !ended; pages++) {
		good = list_page(&walk, &ended, error);
		if (good && pages == PAGES_MAX)
			good = odr_fail(error, ODR_ERROR_REFUSED,
					"the server's listing does not end");
	}
	g_free(walk.last);
	return good;
}
