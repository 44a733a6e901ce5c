#include "store/libs3_call.h"

#include "base/error.h"
#include "base/log.h"
#include "base/stop.h"
#include "store/s3_retry.h"

#include <string.h>

#define OBJECTS_MAX 10000
#define PAGE_SIZE   1000
#define STEP_MS	    100

void libs3_answer_clear(Libs3Answer *answer)
{
	g_clear_pointer(&answer->objects, g_ptr_array_unref);
	*answer = (Libs3Answer){0};
}

/* What libs3's callbacks share. */
struct attempt {
	const struct libs3_store *self;
	const struct libs3_call *call;
	Libs3Answer *answer;
	usec_t moved; /* when something did */
	int part;     /* of a PUT: where reading stands */
	size_t part_offset;
	bool done;
};

/* libs3 calls back. */

static S3Status on_properties(const S3ResponseProperties *properties, void *data)
{
	struct attempt *attempt = data;
	Libs3Answer *answer = attempt->answer;

	attempt->moved = clock_monotonic();
	answer->told = true;
	answer->size = properties->contentLength;
	if (properties->lastModified > 0)
		answer->modified = properties->lastModified * USEC_PER_SEC;
	if (attempt->call->verb != LIBS3_GET || answer->size <= attempt->call->limit)
		return S3StatusOK;
	answer->too_long = true;
	return S3StatusAbortedByCallback;
}

static void on_complete(S3Status status, const S3ErrorDetails *details, void *data)
{
	struct attempt *attempt = data;
	char *message = attempt->answer->message;

	attempt->done = true;
	attempt->answer->status = status;
	if (!details || !details->message)
		return;
	g_strlcpy(message, details->message, sizeof(attempt->answer->message));
	for (; *message; message++)
		if (!g_ascii_isprint(*message))
			*message = '?';
}

static int on_put(int size, char *buffer, void *data)
{
	struct attempt *attempt = data;
	size_t room = size > 0 ? (size_t)size : 0, given = 0;

	while (given < room && attempt->part < attempt->call->part_count) {
		const struct iovec *part = &attempt->call->parts[attempt->part];
		size_t chunk = MIN(room - given, part->iov_len - attempt->part_offset);

		if (chunk > 0)
			memcpy(buffer + given, (const char *)part->iov_base + attempt->part_offset,
			       chunk);
		given += chunk;
		attempt->part_offset += chunk;
		if (attempt->part_offset == part->iov_len) {
			attempt->part++;
			attempt->part_offset = 0;
		}
	}
	/* What ends the waiting ends the attempt, too. */
	pace_wait(attempt->self->up, given);
	attempt->moved = clock_monotonic();
	return (int)given;
}

static S3Status on_get(int size, const char *bytes, void *data)
{
	struct attempt *attempt = data;
	Libs3Answer *answer = attempt->answer;

	if (size < 0 || (size_t)size > attempt->call->limit - answer->received) {
		answer->too_long = true;
		return S3StatusAbortedByCallback;
	}
	if (size > 0)
		memcpy((char *)attempt->call->buffer + answer->received, bytes, (size_t)size);
	answer->received += (size_t)size;
	pace_wait(attempt->self->down, (size_t)size);
	attempt->moved = clock_monotonic();
	return S3StatusOK;
}

static S3Status on_list(int truncated, const char *next_marker, int count,
			const S3ListBucketContent *contents, int prefix_count,
			const char **prefixes, void *data)
{
	struct attempt *attempt = data;
	GPtrArray *objects = attempt->answer->objects;

	attempt->moved = clock_monotonic();
	attempt->answer->truncated = truncated;
	for (int i = 0; i < count; i++) {
		struct store_object *object;

		if (objects->len == OBJECTS_MAX) {
			attempt->answer->too_long = true;
			return S3StatusAbortedByCallback;
		}
		object = g_new0(struct store_object, 1);
		object->name = g_strdup(contents[i].key ? contents[i].key : "");
		object->size = contents[i].size;
		object->stored_at = MAX(contents[i].lastModified, 0) * USEC_PER_SEC;
		g_ptr_array_add(objects, object);
	}
	return S3StatusOK;
}

/* One attempt. */

static void start(const struct libs3_store *self, const S3BucketContext *bucket,
		  S3RequestContext *context, struct attempt *attempt)
{
	static const S3ResponseHandler plain = {on_properties, on_complete};
	static const S3PutObjectHandler put = {{on_properties, on_complete}, on_put};
	static const S3GetObjectHandler get = {{on_properties, on_complete}, on_get};
	static const S3ListBucketHandler list = {{on_properties, on_complete}, on_list};
	const struct libs3_call *call = attempt->call;
	const struct libs3_library *library = self->library;
	const S3PutProperties properties = {.md5 = call->md5, .expires = -1};

	switch (call->verb) {
	case LIBS3_PUT:
		library->put(bucket, call->key, call->size, &properties, LIBS3_CONTEXT(context),
			     &put, attempt);
		break;
	case LIBS3_GET:
		library->get(bucket, call->key, NULL, call->offset, call->count,
			     LIBS3_CONTEXT(context), &get, attempt);
		break;
	case LIBS3_HEAD:
		library->head(bucket, call->key, LIBS3_CONTEXT(context), &plain, attempt);
		break;
	case LIBS3_DELETE:
		library->delete (bucket, call->key, LIBS3_CONTEXT(context), &plain, attempt);
		break;
	case LIBS3_LIST:
		library->list(bucket, call->key, call->marker, NULL, PAGE_SIZE,
			      LIBS3_CONTEXT(context), &list, attempt);
		break;
	}
}

/* Until a socket is ready, or libs3 has something else to do; not for long: others count on us. */
static void wait_for_sockets(const struct libs3_library *library, S3RequestContext *context)
{
	int64_t timeout = library->context_timeout(context);
	int last = -1;
	fd_set reading, writing, failing;
	struct timeval span;

	FD_ZERO(&reading);
	FD_ZERO(&writing);
	FD_ZERO(&failing);
	if (timeout < 0 || timeout > STEP_MS)
		timeout = STEP_MS;
	/* It has none while it looks a name up, and passes over those that a set has no room for. */
	if (library->context_fdsets(context, &reading, &writing, &failing, &last) != S3StatusOK ||
	    last < 0)
		timeout = MIN(timeout, STEP_MS / 10);
	span = (struct timeval){.tv_usec = (suseconds_t)(timeout * 1000)};
	select(last + 1, &reading, &writing, &failing, &span);
}

/* False, and the context is gone, where it took too long, or a stop was requested. */
static bool run(const struct libs3_store *self, S3RequestContext *context, struct attempt *attempt,
		GError **error)
{
	int remaining;

	while (!attempt->done) {
		if (stop_requested()) {
			libs3_context_end();
			return stop_check(error);
		}
		if (clock_monotonic() - attempt->moved > self->silent_within) {
			g_autofree char *span = duration_format(self->silent_within);

			libs3_context_end();
			return odr_fail(error, ODR_ERROR_TRANSIENT, "nothing came or went for %s",
					span);
		}
		wait_for_sockets(self->library, context);
		if (self->library->context_run(context, &remaining) == S3StatusOK)
			continue;
		libs3_context_end();
		return odr_fail(error, ODR_ERROR_TRANSIENT, "libs3 gives up on its connections");
	}
	return true;
}

static bool perform(const struct libs3_store *self, const struct libs3_call *call,
		    const struct s3_keys *keys, Libs3Answer *answer, GError **error)
{
	const S3Place *place = &self->place;
	S3RequestContext *context = libs3_context(error);
	struct attempt attempt = {self, call, answer, .moved = clock_monotonic()};
	S3BucketContext bucket = {
		.hostName = place->authority,
		.bucketName = place->bucket,
		.protocol = place->plain ? S3ProtocolHTTP : S3ProtocolHTTPS,
		.uriStyle = place->host_style ? S3UriStyleVirtualHost : S3UriStylePath,
		.accessKeyId = keys->access,
		.secretAccessKey = keys->secret,
	};

#ifdef LIBS3_REGIONS
	bucket.securityToken = keys->token;
	bucket.authRegion = place->region;
#else
	if (keys->token)
		return odr_fail(error, ODR_ERROR_AUTH,
				"these credentials have a session token, and this libs3 cannot "
				"send one: use type=s3");
#endif
	if (!context)
		return false;
	libs3_begin();
	start(self, &bucket, context, &attempt);
	libs3_begun();
	return run(self, context, &attempt, error);
}

/* Outcomes. */

/* clang-format off */
static const struct meaning {
	S3Status status;
	enum libs3_reaction reaction;
	enum odr_error error;
	const char *advice; /* or NULL */
} meanings[] = {
	{S3StatusErrorNoSuchKey, LIBS3_FAIL, ODR_ERROR_NOT_FOUND, "there is no such object"},
	{S3StatusErrorNoSuchBucket, LIBS3_FAIL, ODR_ERROR_UNREACHABLE, "the bucket does not exist"},
	{S3StatusErrorAccessDenied, LIBS3_FAIL, ODR_ERROR_REFUSED, "a policy or a lock forbids it"},
	{S3StatusHttpErrorForbidden, LIBS3_FAIL, ODR_ERROR_REFUSED, "a policy or a lock forbids it"},
	{S3StatusErrorSignatureDoesNotMatch, LIBS3_FAIL, ODR_ERROR_AUTH, "the secret key is not the one of this access key"},
	{S3StatusErrorInvalidAccessKeyId, LIBS3_FAIL, ODR_ERROR_AUTH, "the store does not know this access key"},
	{S3StatusErrorRequestTimeTooSkewed, LIBS3_FAIL, ODR_ERROR_AUTH, "this host's clock is wrong"},
	{S3StatusErrorExpiredToken, LIBS3_CREDENTIALS, ODR_ERROR_AUTH, "the session of these credentials has ended"},
	{S3StatusErrorInvalidToken, LIBS3_CREDENTIALS, ODR_ERROR_AUTH, "the session token is not valid"},
	{S3StatusErrorBadDigest, LIBS3_RETRY, ODR_ERROR_CORRUPT, "it was damaged on its way"},
	{S3StatusErrorInvalidRange, LIBS3_FAIL, ODR_ERROR_CORRUPT, "it is shorter than it should be"},
	{S3StatusNameLookupError, LIBS3_RETRY, ODR_ERROR_UNREACHABLE, "the host's name is not known"},
	{S3StatusFailedToConnect, LIBS3_RETRY, ODR_ERROR_UNREACHABLE, "nobody listens there"},
	{S3StatusConnectionFailed, LIBS3_RETRY, ODR_ERROR_TRANSIENT, "the connection broke"},
	{S3StatusErrorInternalError, LIBS3_RETRY, ODR_ERROR_TRANSIENT, NULL},
	{S3StatusErrorOperationAborted, LIBS3_RETRY, ODR_ERROR_TRANSIENT, NULL},
	{S3StatusErrorRequestTimeout, LIBS3_RETRY, ODR_ERROR_TRANSIENT, NULL},
	{S3StatusErrorSlowDown, LIBS3_RETRY, ODR_ERROR_TRANSIENT, "the store is busy"},
	{S3StatusHttpErrorUnknown, LIBS3_RETRY, ODR_ERROR_TRANSIENT, "libs3 does not tell what the store said"},
	{S3StatusErrorPermanentRedirect, LIBS3_FAIL, ODR_ERROR_USAGE, "the bucket is elsewhere: correct endpoint="},
	{S3StatusErrorTemporaryRedirect, LIBS3_FAIL, ODR_ERROR_USAGE, "the bucket is elsewhere: correct endpoint="},
	{S3StatusErrorRedirect, LIBS3_FAIL, ODR_ERROR_USAGE, "the bucket is elsewhere: correct endpoint="},
	{S3StatusHttpErrorMovedTemporarily, LIBS3_FAIL, ODR_ERROR_USAGE, "the endpoint leads elsewhere: correct endpoint="},
	{S3StatusServerFailedVerification, LIBS3_FAIL, ODR_ERROR_AUTH, "the certificate is not trusted"},
	{S3StatusOutOfMemory, LIBS3_FAIL, ODR_ERROR_SYSTEM, NULL},
	{S3StatusXmlParseFailure, LIBS3_FAIL, ODR_ERROR_REFUSED, "what answers is no S3 server"},
	{S3StatusInternalError, LIBS3_FAIL, ODR_ERROR_REFUSED, "what answers is no S3 server"},
};
/* clang-format on */

static const struct meaning *meaning_of(S3Status status)
{
	static const struct meaning other = {.error = ODR_ERROR_REFUSED};

	for (size_t i = 0; i < G_N_ELEMENTS(meanings); i++)
		if (meanings[i].status == status)
			return &meanings[i];
	return &other;
}

static bool fail_status(const struct libs3_store *self, const Libs3Answer *answer,
			const struct meaning *meaning, GError **error)
{
	bool message = *answer->message != '\0';

	return odr_fail(error, meaning->error, "libs3: %s%s%s%s%s%s",
			self->library->status_name(answer->status), message ? " (" : "",
			answer->message, message ? ")" : "", meaning->advice ? ": " : "",
			meaning->advice ? meaning->advice : "");
}

/* Success is what libs3 says, and the length that was announced. */
static bool judge(const struct libs3_store *self, const struct libs3_call *call,
		  const Libs3Answer *answer, enum libs3_reaction *reaction, GError **error)
{
	const struct meaning *meaning = meaning_of(answer->status);

	*reaction = meaning->reaction;
	if (answer->too_long && call->count > 0)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the server gives whole objects where a range is asked for");
	if (answer->too_long)
		return odr_fail(error, ODR_ERROR_CORRUPT, "there is more of it than is plausible");
	if (answer->status != S3StatusOK)
		return fail_status(self, answer, meaning, error);
	if (call->verb == LIBS3_GET && (!answer->told || answer->received != answer->size)) {
		*reaction = LIBS3_RETRY;
		return odr_fail(error, ODR_ERROR_TRANSIENT, "it ended before its end");
	}
	return true;
}

bool libs3_try(struct libs3_store *self, const struct libs3_call *call, Libs3Answer *answer,
	       enum libs3_reaction *reaction, GError **error)
{
	const struct s3_keys *keys;
	bool performed;
	g_autoptr(GError) cause = NULL;

	libs3_answer_clear(answer);
	if (call->verb == LIBS3_LIST)
		answer->objects = g_ptr_array_new_with_free_func((GDestroyNotify)store_object_free);
	keys = s3_credentials_take(self->credentials, &cause);
	performed = keys && perform(self, call, keys, answer, &cause);
	if (performed)
		performed = judge(self, call, answer, reaction, &cause);
	else
		*reaction = odr_error_is(cause, ODR_ERROR_TRANSIENT) ||
					    odr_error_is(cause, ODR_ERROR_UNREACHABLE)
				    ? LIBS3_RETRY
				    : LIBS3_FAIL;
	if (*reaction == LIBS3_CREDENTIALS && !performed)
		s3_credentials_ended(self->credentials, keys->number);
	if (keys)
		s3_credentials_give_back(self->credentials, keys);
	if (cause)
		g_propagate_error(error, g_steal_pointer(&cause));
	return performed;
}

bool libs3_wait(unsigned *attempts, usec_t deadline)
{
	usec_t pause = s3_pause_drawn(++*attempts, 0);

	return clock_monotonic() + pause <= deadline && stop_wait(pause, NULL);
}

bool libs3_call(struct libs3_store *self, const struct libs3_call *call, Libs3Answer *answer,
		GError **error)
{
	usec_t deadline = clock_monotonic() + self->retry_for;
	unsigned attempts = 0;
	bool renewed = false;

	for (;;) {
		enum libs3_reaction reaction;
		g_autoptr(GError) cause = NULL;

		if (!stop_check(error))
			return false;
		if (libs3_try(self, call, answer, &reaction, &cause))
			return true;
		if (reaction == LIBS3_CREDENTIALS && !renewed) {
			renewed = true;
			continue;
		}
		log_debug("libs3, '%s': %s", call->key, cause->message);
		if (reaction == LIBS3_RETRY && libs3_wait(&attempts, deadline))
			continue;
		if (attempts > 1)
			odr_context(&cause, "after %u attempts", attempts);
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
}
