#include "repo/object.h"

#include "base/bytes.h"
#include "base/error.h"
#include "repo/layout.h"
#include "repo/manifest_parts.h"
#include "repo/moment.h"
#include "repo/wal_object.h"
#include "store/alteration.h"

#include <string.h>

struct object {
	Repo *repo;
	const char *local;
	const void *bytes;
	size_t size;
	const struct store_object *version;
};

static bool verify_set(const struct object *object, GError **error)
{
	g_autofree char *set_id = NULL;
	g_autoptr(Manifest) manifest = manifest_new();
	struct signed_object checked;

	if (!layout_parse_set(object->local, &set_id))
		return odr_fail(error, ODR_ERROR_CORRUPT, "that is not the name of a set");
	return manifest_parse_public(&object->repo->service, set_id, object->bytes, object->size,
				     &checked, manifest, error) &&
	       repo_accepts(object->repo, &manifest->writer, object->version->stored_at, error);
}

static bool verify_wal(const struct object *object, GError **error)
{
	__attribute__((cleanup(wal_facts_clear))) struct wal_facts facts = {0};

	return wal_object_check(&object->repo->service, object->local, object->bytes, object->size,
				&facts, error) &&
	       repo_accepts(object->repo, &facts.writer, object->version->stored_at, error);
}

static bool verify_moment(const struct object *object, GError **error)
{
	struct moment *moment = g_new0(struct moment, 1);
	struct signature_facts facts;
	bool good =
		sign_verify(&object->repo->service, KEY_ROLE_WRITER, object->local, object->bytes,
			    object->size, &facts, error) &&
		moment_parse(object->bytes, facts.content_size, object->repo->service.id, moment,
			     error) &&
		repo_accepts(object->repo, &facts.endorsement, object->version->stored_at, error);

	moment_free(moment);
	return good;
}

/* Packs, layers and tables: the last component is the SHA-256. */
static bool verify_named(const struct object *object, GError **error)
{
	const char *last = strrchr(object->local, '/');
	uint8_t name[SHA256_SIZE], found[SHA256_SIZE];

	sha256(object->bytes, object->size, found);
	return (last && hex_decode(last + 1, name, sizeof(name)) &&
		memcmp(name, found, sizeof(name)) == 0) ||
	       odr_fail(error, ODR_ERROR_CORRUPT,
			"its content does not have the SHA-256 of its name");
}

static const struct kind {
	const char *prefix;
	bool (*verify)(const struct object *object, GError **error);
} kinds[] = {
	{"pack/", verify_named}, {"table/", verify_named},   {"set/", verify_set},
	{"wal/", verify_wal},	 {"moment/", verify_moment},
};

bool object_verify(Repo *repo, const char *local, GBytes *content,
		   const struct store_object *version, GError **error)
{
	struct object object = {.repo = repo, .local = local, .version = version};

	object.bytes = g_bytes_get_data(content, &object.size);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_str_has_prefix(local, kinds[i].prefix))
			return kinds[i].verify(&object, error);
	return true;
}

/* All versions of an object, one after the other. */
struct review {
	Repo *repo;
	const char *local;
	char *name;			 /* in the store */
	const struct store_object *good; /* the oldest that is */
	GError *cause;			 /* what is wrong with the first that is not */
};

static bool read_version(const struct review *review, const struct store_object *version,
			 GError **error)
{
	g_autoptr(GBytes) content = NULL;

	return store_get(review->repo->store, review->name, version->version, 0, &content, error) &&
	       object_verify(review->repo, review->local, content, version, error);
}

/* Fails where nothing can be said of it. One that was deleted meanwhile is no version any more. */
static bool review_version(struct review *review, const struct store_object *version,
			   GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (read_version(review, version, &cause)) {
		if (!review->good)
			review->good = version;
		return true;
	}
	if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		return true;
	if (odr_error_is(cause, ODR_ERROR_CORRUPT) || odr_error_is(cause, ODR_ERROR_REFUSED)) {
		if (!review->cause)
			review->cause = g_steal_pointer(&cause);
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

static bool review_all(struct review *review, const GPtrArray *versions, GError **error)
{
	for (guint i = 0; i < versions->len; i++)
		if (!review_version(review, versions->pdata[i], error))
			return false;
	if (!review->cause)
		return true;
	if (review->good) {
		store_alteration_note(review->repo->store, review->name, review->good,
				      review->cause->message);
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&review->cause));
	return odr_context(error, "none of %u versions of '%s' is good", versions->len,
			   review->local);
}

bool object_verify_versions(Repo *repo, const char *local, GError **error)
{
	struct review review = {
		.repo = repo,
		.local = local,
		.name = g_strconcat(repo->service_hex, "/", local, NULL),
	};
	g_autoptr(GPtrArray) versions = NULL;
	bool done = store_versions(repo->store, review.name, &versions, error) &&
		    review_all(&review, versions, error);

	g_clear_error(&review.cause);
	g_free(review.name);
	return done;
}
