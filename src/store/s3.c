#include "store/s3.h"

#include "base/error.h"
#include "base/pool.h"
#include "store/s3_bucket.h"
#include "store/s3_delete.h"
#include "store/s3_diagnose.h"
#include "store/s3_list.h"
#include "store/s3_lock.h"
#include "store/s3_request.h"
#include "store/s3_warm.h"

#include <string.h>

struct s3_store *s3_store(Store *store)
{
	return (struct s3_store *)store;
}

char *s3_key(const struct s3_store *self, const char *name)
{
	return g_strconcat(self->prefix, name, NULL);
}

static void s3_free(Store *store)
{
	struct s3_store *self = s3_store(store);

	s3_warm_end(self);
	s3_credentials_free(self->credentials);
	mutex_free(self->mutex);
	pace_free(self->up);
	pace_free(self->down);
	g_free(self->base);
	g_free(self->host);
	g_free(self->folder);
	g_free(self->bucket);
	g_free(self->region);
	g_free(self->prefix);
	g_free(self->ca_file);
	g_free(self->proxy);
	g_free(store->name);
	g_free(store->description);
	g_free(self);
}

static bool s3_can_lock(Store *store, usec_t until, GError **error)
{
	struct s3_store *self = s3_store(store);

	return self->lock == STORE_LOCK_NONE || s3_lock_check(self, until, error);
}

static Store *s3_open(const struct store_settings *settings, GError **error)
{
	struct s3_store *self = g_new0(struct s3_store, 1);

	self->store.class = &store_s3;
	if (s3_open_settings(self, settings, error) &&
	    (!settings->create || s3_can_lock(&self->store, 0, error))) {
		s3_warm_begin(self, settings->connections);
		return &self->store;
	}
	s3_free(&self->store);
	return NULL;
}

static const char *describe_protection(const struct s3_store *self, const struct s3_state *state,
				       const struct store_abilities *abilities)
{
	if (abilities->locks && abilities->unverified)
		return "put with locks, unverified: this credential may not read whether they hold";
	if (abilities->locks)
		return self->lock == STORE_LOCK_COMPLIANCE ||
				       (self->lock == STORE_LOCK_BUCKET && state->rule.compliance)
			       ? "immutable: nobody can delete a locked version before its time"
			       : "locked by governance: whoever may bypass it can delete all the "
				 "same";
	if (state->versions == S3_SUSPENDED)
		return "not immutable: versioning is suspended, and what is overwritten now is gone";
	if (*state->trouble || state->versions == S3_HIDDEN)
		return "not immutable, for all that is known";
	if (state->versions == S3_NO)
		return "not immutable: the bucket has no versions, and what is overwritten or "
		       "deleted is gone";
	if (state->locks == S3_YES)
		return "not immutable: the bucket could lock, but lock=none; what is overwritten "
		       "or hidden is found, what is deleted by version is gone";
	return "not immutable: the bucket has versions and no Object Lock; what is overwritten or "
	       "hidden is found, what is deleted by version is gone";
}

static bool may_lock(const struct s3_state *state)
{
	return (state->versions == S3_YES || state->versions == S3_HIDDEN) &&
	       (state->locks == S3_YES || state->locks == S3_HIDDEN);
}

static void s3_abilities(Store *store, struct store_abilities *abilities)
{
	struct s3_store *self = s3_store(store);
	struct s3_state state;

	s3_state(self, &state);
	*abilities = (struct store_abilities){
		.lists = true,
		.versions = state.versions == S3_YES,
		.locks = self->lock != STORE_LOCK_NONE && may_lock(&state),
	};
	if (abilities->locks) {
		abilities->lock_mode = self->lock;
		abilities->unverified = !s3_lock_verified(self);
	}
	g_snprintf(abilities->protection, sizeof(abilities->protection), "%s%s%s",
		   describe_protection(self, &state, abilities), *state.trouble ? ": " : "",
		   state.trouble);
}

/* Writing. */

/* Some stores know no conditions: then the name is only looked for by whoever asks. */
static bool put_once(struct s3_store *self, const struct s3_call *call, bool once, S3Answer *answer,
		     GError **error)
{
	struct s3_call conditional = *call;
	struct http_header *header = conditional.headers;
	g_autoptr(GError) cause = NULL;

	while (header->name)
		header++;
	if (once)
		*header = (struct http_header){"if-none-match", "*"};
	if (s3_call(self, &conditional, answer, &cause))
		return true;
	if (once && answer->http->status == 501)
		return s3_call(self, call, answer, error);
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

/* Whoever says 200 to everything, a login page say, has stored nothing. */
static bool check_done(const S3Answer *answer, GError **error)
{
	if (answer->http->received == 0 && http_answer_header(answer->http, "etag"))
		return true;
	return odr_fail(error, ODR_ERROR_REFUSED,
			"HTTP %u, but not as S3 says that it has stored something: is there "
			"something else between this host and the store?",
			answer->http->status);
}

static bool s3_put(Store *store, const char *name, const struct iovec *parts, int count,
		   const struct store_put *how, struct store_receipt *receipt, GError **error)
{
	struct s3_store *self = s3_store(store);
	bool lock = self->lock != STORE_LOCK_NONE && how->lock_until > 0;
	g_autofree char *key = s3_key(self, name);
	g_autoptr(S3Answer) answer = s3_answer_new();
	const char *version;
	struct s3_call call = {
		.method = "PUT",
		.key = key,
		.parts = parts,
		.part_count = count,
		.body = true,
		.checksum = true,
	};

	if (lock && !s3_lock_check(self, how->lock_until, error))
		return false;
	if (lock)
		s3_lock_ask(self, how->lock_until, &call);
	if (!put_once(self, &call, how->once, answer, error))
		return lock && s3_no_lock(answer)
			       ? odr_context(error, "with a lock, which bucket %s may not have",
					     self->bucket)
			       : false;
	if (!check_done(answer, error))
		return false;
	version = http_answer_header(answer->http, "x-amz-version-id");
	if (lock && !s3_lock_verify(self,
				    &(struct s3_locked){.key = key,
							.version = version,
							.until = how->lock_until,
							.always = how->see_lock},
				    error))
		return false;
	*receipt = (struct store_receipt){.stored_at = answer->http->date ? answer->http->date
									  : clock_now()};
	if (version)
		g_strlcpy(receipt->version, version, sizeof(receipt->version));
	return true;
}

/* Reading. */

static bool read_once(struct s3_store *self, const char *key, const char *version,
		      struct s3_read *read, GError **error)
{
	const struct s3_call call = {
		.method = "GET",
		.key = key,
		.query = {{version ? "versionId" : NULL, version}},
		.read = read,
	};
	g_autoptr(S3Answer) answer = s3_answer_new();

	return s3_call(self, &call, answer, error);
}

/* A key that seems to be absent: a delete marker looks the same, and only the list of versions tells. */
static bool fail_absent(struct s3_store *self, const char *key, GError **error)
{
	g_autoptr(GPtrArray) history = NULL;

	if (s3_has_versions(self)) {
		history = s3_history(self, key, error);
		if (!history)
			return false;
	}
	for (guint i = 0; history && i < history->len; i++)
		if (!((const struct s3_entry *)history->pdata[i])->marker)
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"it is hidden behind a delete marker");
	return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no such object");
}

static bool read_object(struct s3_store *self, const char *key, const char *version,
			struct s3_read *read, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (version && !*version)
		version = NULL;
	if (read_once(self, key, version, read, &cause))
		return true;
	if (!version && odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		return fail_absent(self, key, error);
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

static bool s3_get(Store *store, const char *name, const char *version, uint64_t limit,
		   GBytes **content, GError **error)
{
	struct s3_store *self = s3_store(store);
	g_autofree char *key = s3_key(self, name);
	/* Only what is written to takes memory. */
	g_autofree void *buffer = g_try_malloc(limit + 1);
	struct s3_read read = {.buffer = buffer, .limit = limit};

	if (!buffer)
		return odr_fail(error, ODR_ERROR_SYSTEM,
				"no memory for %" G_GUINT64_FORMAT " bytes", limit);
	if (!read_object(self, key, version, &read, error))
		return false;
	buffer = g_realloc(buffer, read.have + 1);
	*content = g_bytes_new_take(g_steal_pointer(&buffer), read.have);
	return true;
}

static bool s3_get_range(Store *store, const char *name, const char *version, uint64_t offset,
			 size_t size, void *buffer, GError **error)
{
	struct s3_store *self = s3_store(store);
	g_autofree char *key = s3_key(self, name);
	struct s3_read read = {.offset = offset, .size = size, .buffer = buffer, .limit = size};

	if (offset > INT64_MAX - size)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"an offset of %" G_GUINT64_FORMAT " is impossible", offset);
	if (size == 0)
		return true;
	if (!read_object(self, key, version, &read, error))
		return false;
	if (read.have != size)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"it ends after %zu of the %zu bytes from %" G_GUINT64_FORMAT,
				read.have, size, offset);
	return true;
}

static bool head_once(struct s3_store *self, const char *key, const char *version,
		      struct store_object *object, GError **error)
{
	const struct s3_call call = {
		.method = "HEAD",
		.key = key,
		.query = {{version ? "versionId" : NULL, version}},
	};
	g_autoptr(S3Answer) answer = s3_answer_new();
	g_autoptr(GError) cause = NULL;
	const char *modified, *id;

	if (!s3_call(self, &call, answer, &cause)) {
		/* Without a body it does not say whether the key or the bucket is missing. */
		if (answer->http->status == 404)
			return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no such object");
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	modified = http_answer_header(answer->http, "last-modified");
	id = http_answer_header(answer->http, "x-amz-version-id");
	if (answer->http->length < 0)
		return odr_fail(error, ODR_ERROR_REFUSED, "the server does not tell its size");
	*object = (struct store_object){.size = (uint64_t)answer->http->length};
	if (modified)
		http_date_parse(modified, &object->stored_at);
	if (id)
		g_strlcpy(object->version, id, sizeof(object->version));
	return true;
}

bool s3_head(Store *store, const char *name, struct store_object *object, GError **error)
{
	struct s3_store *self = s3_store(store);
	g_autofree char *key = s3_key(self, name);
	g_autoptr(GError) cause = NULL;
	char byte;
	struct s3_read read = {.size = 1, .buffer = &byte, .limit = 1};

	if (head_once(self, key, NULL, object, &cause))
		return true;
	if (!odr_error_is(cause, ODR_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	g_clear_error(&cause);
	if (read_once(self, key, NULL, &read, &cause))
		return head_once(self, key, NULL, object, error);
	if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		return fail_absent(self, key, error);
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

const struct store_class store_s3 = {
	.type = "s3",
	.keeps_time = true,
	.remembers = true,
	.open = s3_open,
	.free = s3_free,
	.abilities = s3_abilities,
	.can_lock = s3_can_lock,
	.put = s3_put,
	.head = s3_head,
	.get = s3_get,
	.get_range = s3_get_range,
	.list = s3_list,
	.versions = s3_versions,
	.delete = s3_delete,
	.delete_many = s3_delete_many,
	.lock_get = s3_lock_get,
	.lock_extend = s3_lock_extend,
	.hold = s3_hold,
	.diagnose = s3_diagnose,
};
