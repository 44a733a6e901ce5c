#include "store/libs3.h"

#include "base/error.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "store/libs3_call.h"

#include <string.h>

#define SILENT_WITHIN (60 * USEC_PER_SEC)

struct libs3_store *libs3_store(Store *store)
{
	return (struct libs3_store *)store;
}

char *libs3_key(const struct libs3_store *self, const char *name)
{
	return g_strconcat(self->place.prefix, name, NULL);
}

static void free_store(Store *store)
{
	struct libs3_store *self = libs3_store(store);

	s3_credentials_free(self->credentials);
	s3_place_clear(&self->place);
	pace_free(self->up);
	pace_free(self->down);
	g_free(store->name);
	g_free(store->description);
	g_free(self);
}

/* Opening. */

static bool check_settings(const struct store_settings *settings, GError **error)
{
	if (settings->lock != STORE_LOCK_NONE)
		return odr_fail(error, ODR_ERROR_USAGE,
				"lock= has to be none: libs3 knows no locks; use type=s3");
#ifndef LIBS3_REGIONS
	if (!settings->endpoint)
		return odr_fail(error, ODR_ERROR_USAGE,
				"it needs endpoint=: this libs3 signs by version 2, which AWS does "
				"not accept");
	if (settings->credentials_from)
		return odr_fail(error, ODR_ERROR_USAGE,
				"credentials-from= gives session tokens, which this libs3 cannot "
				"send: use type=s3");
#endif
	return true;
}

static const struct store_distrust no_certificate = {
	.why = "libs3 looks at no certificate",
	.advice = "read this bucket by type=s3",
};

static bool take_place(struct libs3_store *self, const struct store_settings *settings,
		       GError **error)
{
	if (!s3_place_of(settings, &self->place, error))
		return false;
	if (!self->place.plain && !settings->tls_unverified)
		return odr_fail(error, ODR_ERROR_USAGE,
				"libs3 talks to whoever answers, whatever the certificate: use "
				"type=s3, or set tls-unverified=yes where the network is guarded "
				"otherwise");
	if (!self->place.plain)
		self->store.distrust = &no_certificate;
	else if (self->place.open)
		self->store.distrust = &s3_place_distrust;
	self->store.description = s3_place_describe(&self->place, "libs3");
	return true;
}

static bool open_settings(struct libs3_store *self, const struct store_settings *settings,
			  GError **error)
{
	self->store.name = g_strdup(settings->name);
	self->retry_for = settings->retry_for;
	self->up = pace_new(settings->bandwidth_up);
	self->down = pace_new(settings->bandwidth_down);
	self->silent_within = settings->silent_within ? settings->silent_within : SILENT_WITHIN;
	if (!check_settings(settings, error) || !take_place(self, settings, error))
		return false;

	struct s3_source_settings source =
		s3_source_settings_of(settings, self->place.region, self->place.amazon);

	self->credentials = s3_credentials_new(&source, error);
	self->library = self->credentials ? libs3_library(error) : NULL;
	return self->library != NULL;
}

static Store *open_store(const struct store_settings *settings, GError **error)
{
	struct libs3_store *self = g_new0(struct libs3_store, 1);

	self->store.class = &store_libs3;
	if (open_settings(self, settings, error))
		return &self->store;
	free_store(&self->store);
	return NULL;
}

static void abilities_of(Store *store, struct store_abilities *abilities)
{
	*abilities = (struct store_abilities){
		.lists = true,
		.protection = "not immutable, transport not authenticated: libs3 knows no "
			      "versions, no locks, and no certificates",
	};
}

/* Looking. */

static bool look(struct libs3_store *self, const char *key, struct store_object *object,
		 Libs3Answer *answer, GError **error)
{
	const struct libs3_call call = {.verb = LIBS3_HEAD, .key = key};

	if (!libs3_call(self, &call, answer, error)) {
		/* Without a body it does not say whether the key or the bucket is missing. */
		if (answer->status != S3StatusHttpErrorNotFound)
			return false;
		g_clear_error(error);
		return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no such object");
	}
	if (!answer->told || answer->size > INT64_MAX)
		return odr_fail(error, ODR_ERROR_REFUSED, "the server does not tell its size");
	*object = (struct store_object){.size = answer->size, .stored_at = answer->modified};
	return true;
}

/* A byte of it: the answer has a body, and names what is missing. */
static bool read_byte(struct libs3_store *self, const char *key, GError **error)
{
	char byte;
	const struct libs3_call call = {
		.verb = LIBS3_GET, .key = key, .count = 1, .buffer = &byte, .limit = 1};
	g_auto(Libs3Answer) answer = {0};

	return libs3_call(self, &call, &answer, error);
}

static bool head(Store *store, const char *name, struct store_object *object, GError **error)
{
	struct libs3_store *self = libs3_store(store);
	g_autofree char *key = libs3_key(self, name);
	g_auto(Libs3Answer) answer = {0};
	g_autoptr(GError) cause = NULL, reason = NULL;

	if (look(self, key, object, &answer, &cause))
		return true;
	if (odr_error_is(cause, ODR_ERROR_NOT_FOUND) && !read_byte(self, key, &reason) &&
	    !odr_error_is(reason, ODR_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&reason));
		return false;
	}
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

/* Writing. */

struct put {
	struct libs3_call call;
	struct store_object stored;
};

/*
 * libs3 takes the interim answer to "Expect: 100-continue" for the outcome: it calls a PUT a success that
 * the store refused without a message, and a failure where there was no interim answer. Only what is
 * there afterwards counts.
 */
static bool verify(struct libs3_store *self, struct put *put, GError **error)
{
	g_auto(Libs3Answer) answer = {0};

	if (!look(self, put->call.key, &put->stored, &answer, error)) {
		if (*error && odr_error_is(*error, ODR_ERROR_NOT_FOUND)) {
			g_clear_error(error);
			return odr_fail(error, ODR_ERROR_TRANSIENT,
					"it is not there after it was put, and libs3 does not tell "
					"why");
		}
		return odr_context(error, "cannot look whether it is there");
	}
	if (put->stored.size == put->call.size)
		return true;
	return odr_fail(error, ODR_ERROR_TRANSIENT,
			"something else is there after it was put, and libs3 does not tell why");
}

static bool put_once(struct libs3_store *self, struct put *put, enum libs3_reaction *reaction,
		     GError **error)
{
	g_auto(Libs3Answer) answer = {0};
	g_autoptr(GError) cause = NULL, missing = NULL;
	bool said = libs3_try(self, &put->call, &answer, reaction, &cause);

	if (!said && answer.status != S3StatusConnectionFailed) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	if (verify(self, put, &missing))
		return true;
	*reaction = odr_error_is(missing, ODR_ERROR_TRANSIENT) ? LIBS3_RETRY : LIBS3_FAIL;
	g_propagate_error(error, said ? g_steal_pointer(&missing) : g_steal_pointer(&cause));
	return false;
}

static bool put_until(struct libs3_store *self, struct put *put, GError **error)
{
	usec_t deadline = clock_monotonic() + self->retry_for;
	unsigned attempts = 0;
	bool renewed = false;

	for (;;) {
		enum libs3_reaction reaction;
		g_autoptr(GError) cause = NULL;

		if (put_once(self, put, &reaction, &cause))
			return true;
		if (reaction == LIBS3_CREDENTIALS && !renewed) {
			renewed = true;
			continue;
		}
		log_debug("libs3, PUT '%s': %s", put->call.key, cause->message);
		if (reaction == LIBS3_RETRY && libs3_wait(&attempts, deadline))
			continue;
		if (attempts > 1)
			odr_context(&cause, "after %u attempts", attempts);
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
}

/* There are no conditions in libs3: whoever comes between is not seen. */
static bool is_free(Store *store, const char *name, GError **error)
{
	struct store_object object;
	g_autoptr(GError) cause = NULL;

	if (head(store, name, &object, &cause))
		return odr_fail(error, ODR_ERROR_EXISTS, "an object of this name is there already");
	if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

static bool put(Store *store, const char *name, const struct iovec *parts, int count,
		const struct store_put *how, struct store_receipt *receipt, GError **error)
{
	struct libs3_store *self = libs3_store(store);
	g_autofree char *key = libs3_key(self, name), *base64 = NULL;
	struct put put = {
		.call = {.verb = LIBS3_PUT, .key = key, .parts = parts, .part_count = count}};
	uint8_t digest[MD5_SIZE];

	for (int i = 0; i < count; i++)
		put.call.size += parts[i].iov_len;
	md5(parts, count, digest);
	base64 = g_base64_encode(digest, MD5_SIZE);
	put.call.md5 = base64;
	if ((how->once && !is_free(store, name, error)) || !put_until(self, &put, error))
		return false;
	*receipt = (struct store_receipt){.stored_at = put.stored.stored_at};
	return true;
}

/* Reading. */

static bool no_version(const char *version, GError **error)
{
	return !version || !*version ||
	       odr_fail(error, ODR_ERROR_REFUSED, "libs3 reads no version of it but the last");
}

static bool get(Store *store, const char *name, const char *version, uint64_t limit,
		GBytes **content, GError **error)
{
	struct libs3_store *self = libs3_store(store);
	g_autofree char *key = libs3_key(self, name);
	/* Only what is written to takes memory. */
	g_autofree void *buffer = g_try_malloc(limit + 1);
	const struct libs3_call call = {
		.verb = LIBS3_GET, .key = key, .buffer = buffer, .limit = limit};
	g_auto(Libs3Answer) answer = {0};

	if (!buffer)
		return odr_fail(error, ODR_ERROR_SYSTEM,
				"no memory for %" G_GUINT64_FORMAT " bytes", limit);
	if (!no_version(version, error) || !libs3_call(self, &call, &answer, error))
		return false;
	buffer = g_realloc(buffer, answer.received + 1);
	*content = g_bytes_new_take(g_steal_pointer(&buffer), answer.received);
	return true;
}

static bool get_range(Store *store, const char *name, const char *version, uint64_t offset,
		      size_t size, void *buffer, GError **error)
{
	struct libs3_store *self = libs3_store(store);
	g_autofree char *key = libs3_key(self, name);
	const struct libs3_call call = {.verb = LIBS3_GET,
					.key = key,
					.offset = offset,
					.count = size,
					.buffer = buffer,
					.limit = size};
	g_auto(Libs3Answer) answer = {0};

	if (offset > INT64_MAX - size)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"an offset of %" G_GUINT64_FORMAT " is impossible", offset);
	if (!no_version(version, error))
		return false;
	if (size == 0)
		return true;
	if (!libs3_call(self, &call, &answer, error))
		return false;
	if (answer.received != size)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"it ends after %zu of the %zu bytes from %" G_GUINT64_FORMAT,
				answer.received, size, offset);
	return true;
}

/* Deleting. */

static bool delete (Store *store, const char *name, const char *version, GError **error)
{
	struct libs3_store *self = libs3_store(store);
	g_autofree char *key = libs3_key(self, name);
	const struct libs3_call call = {.verb = LIBS3_DELETE, .key = key};
	struct store_object object;
	g_auto(Libs3Answer) answer = {0};

	return no_version(version, error) && head(store, name, &object, error) &&
	       libs3_call(self, &call, &answer, error);
}

const struct store_class store_libs3 = {
	.type = "libs3",
	.keeps_time = true,
	.open = open_store,
	.free = free_store,
	.abilities = abilities_of,
	.put = put,
	.head = head,
	.get = get,
	.get_range = get_range,
	.list = libs3_list,
	.delete = delete,
	.diagnose = libs3_diagnose,
};
