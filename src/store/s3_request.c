#include "store/s3_request.h"

#include "base/log.h"
#include "base/pool.h"
#include "base/stop.h"
#include "crypto/digest.h"
#include "store/s3_headers.h"
#include "store/s3_sign.h"

#include <string.h>

#define HTTP_RANGE   416
#define BRIEF_WITHIN (10 * USEC_PER_SEC)

S3Answer *s3_answer_new(void)
{
	S3Answer *answer = g_new0(S3Answer, 1);

	answer->http = http_answer_new();
	return answer;
}

void s3_answer_free(S3Answer *answer)
{
	if (!answer)
		return;
	http_answer_free(answer->http);
	g_free(answer);
}

/* Building. */

/* One operation, over all its attempts. */
struct operation {
	struct s3_store *self;
	const struct s3_call *call;
	S3Answer *answer;
	char *path, *query;
	uint8_t sha256[SHA256_SIZE]; /* of the body */
	char *etag;		     /* of what was read so far */
	size_t at_start;	     /* bytes had when this attempt began */
	usec_t deadline;
	unsigned attempts;
	bool sent;
	bool over_budget;
	bool once, credentials_renewed, clock_corrected, md5_tried;
	struct s3_signed_by keys;
};
typedef struct operation Operation;

static void operation_clear(Operation *operation)
{
	g_free(operation->path);
	g_free(operation->query);
	g_free(operation->etag);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Operation, operation_clear)

static char *query_text(const struct s3_query *query)
{
	GString *text = g_string_new(NULL);

	for (; query->name; query++) {
		g_autofree char *value = s3_encode_value(query->value);

		g_string_append_printf(text, "%s%s=%s", text->len ? "&" : "", query->name, value);
	}
	return g_string_free(text, FALSE);
}

static void operation_begin(Operation *operation)
{
	const struct s3_call *call = operation->call;
	struct sha256 *state = sha256_new();
	g_autofree char *key = call->key ? s3_encode_path(call->key) : g_strdup("");

	operation->path = g_strconcat(operation->self->folder, "/", key, NULL);
	operation->query = query_text(call->query);
	for (int i = 0; i < call->part_count; i++)
		sha256_update(state, call->parts[i].iov_base, call->parts[i].iov_len);
	sha256_final(state, operation->sha256);
	sha256_free(state);
	operation->deadline = clock_monotonic() + operation->self->budget.retry_for;
}

/* Sending. */

static bool send_request(Operation *operation, GError **error)
{
	const struct s3_call *call = operation->call;
	struct s3_store *self = operation->self;
	struct s3_read *read = call->read;
	g_auto(S3Headers) headers = {0};
	g_autofree char *url = g_strconcat(self->base, operation->path,
					   *operation->query ? "?" : "", operation->query, NULL);
	struct http_request request = {
		.method = call->method,
		.url = url,
		.headers = headers.list,
		.parts = call->parts,
		.part_count = call->part_count,
		.body = call->body,
		.buffer = read ? (char *)read->buffer + read->have : NULL,
		.limit = read ? read->limit - read->have : S3_REPLY_MAX,
		.ca_file = self->ca_file,
		.proxy = self->proxy,
		.silent_within = self->silent_within,
		.within = call->brief ? BRIEF_WITHIN : 0,
		.up = self->up,
		.down = self->down,
		.plain = self->plain,
	};

	if (!s3_headers_build(self,
			      &(struct s3_headers_of){.call = call,
						      .path = operation->path,
						      .query = operation->query,
						      .sha256 = operation->sha256},
			      &headers, &operation->keys, error))
		return false;
	request.header_count = headers.count;
	operation->sent = true;
	operation->at_start = read ? read->have : 0;
	return http_exchange(&request, operation->answer->http, error);
}

/* Reading. */

/* What came of a read counts, whole or not, if it is what was asked for. */
static bool take_read(Operation *operation, GError **error)
{
	struct s3_read *read = operation->call->read;
	const HttpAnswer *answer = operation->answer->http;
	const char *range = http_answer_header(answer, "content-range");
	const char *etag = http_answer_header(answer, "etag");
	uint64_t first = read->offset + read->have;
	bool ranged = read->size > 0 || first > 0;

	if (ranged && answer->status != 206)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the server gives whole objects where a range is asked for");
	if (ranged && (!range || !g_str_has_prefix(range, "bytes ") ||
		       g_ascii_strtoull(range + strlen("bytes "), NULL, 10) != first))
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the server gives another range than was asked for");
	/* Only whether it is the same object: an ETag says nothing about content. */
	if (read->have > 0 && g_strcmp0(etag, operation->etag) != 0) {
		read->have = 0;
		return odr_fail(error, ODR_ERROR_TRANSIENT, "it was replaced while it was read");
	}
	g_free(operation->etag);
	operation->etag = g_strdup(etag);
	read->have += answer->received;
	return true;
}

/* Failing. */

static bool fail_status(Operation *operation, const struct s3_meaning *meaning, GError **error)
{
	const S3Answer *answer = operation->answer;
	const struct s3_error *reply = &answer->error;
	const char *id = http_answer_header(answer->http, "x-amz-request-id");
	GString *text = g_string_new(NULL);
	g_autofree char *whole = NULL;

	g_string_append_printf(text, "HTTP %u", answer->http->status);
	if (*reply->code)
		g_string_append_printf(text, " %s", reply->code);
	if (*reply->message && strcmp(reply->message, reply->code) != 0)
		g_string_append_printf(text, " (%s)", reply->message);
	if (*reply->region)
		g_string_append_printf(text, ", region %s", reply->region);
	if (*reply->endpoint)
		g_string_append_printf(text, ", endpoint %s", reply->endpoint);
	if (meaning->advice)
		g_string_append_printf(text, ": %s", meaning->advice);
	whole = g_string_free(text, FALSE);
	log_debug("%s %s: %s; request %s", operation->call->method, operation->path, whole,
		  id ? id : "without an id");
	return odr_fail(error, meaning->error, "%s", whole);
}

/* Some stores refuse a session that has ended as they refuse everything. */
static bool session_ended(const Operation *operation)
{
	const HttpAnswer *answer = operation->answer->http;

	return answer->status == 403 && operation->keys.expire > 0 &&
	       answer->date >= operation->keys.expire;
}

/* What broke off only after its last byte cannot be gone on with: the whole of it is asked for anew. */
static bool read_had_all(Operation *operation)
{
	struct s3_read *read = operation->call->read;

	if (!read || read->size > 0 || read->have == 0)
		return false;
	read->have = 0;
	return true;
}

static bool read_answer(Operation *operation, const struct s3_meaning **meaning, GError **error)
{
	static const struct s3_meaning again = {S3_RETRY_ONCE, ODR_ERROR_TRANSIENT, NULL};
	S3Answer *answer = operation->answer;
	const GByteArray *body = answer->http->body;

	if (answer->http->status >= 200 && answer->http->status < 300)
		return !operation->call->read || take_read(operation, error);
	s3_reply_error(body->data, body->len, &answer->error);
	*meaning = s3_meaning(answer->http->status,
			      session_ended(operation) ? "ExpiredToken" : answer->error.code,
			      answer->error.message);
	if (answer->http->status == HTTP_RANGE && read_had_all(operation))
		*meaning = &again;
	return fail_status(operation, *meaning, error);
}

/* Credentials fail by the same code, and before anything is sent. */
static bool answer_is_distrusted(const Operation *operation, const GError *cause)
{
	return odr_error_is(cause, ODR_ERROR_AUTH) && operation->sent;
}

/* A connection that breaks in the middle of a body leaves what had come. */
static bool attempt(Operation *operation, const struct s3_meaning **meaning, GError **error)
{
	static const struct s3_meaning network = {S3_RETRY, ODR_ERROR_TRANSIENT, NULL};
	static const struct s3_meaning final = {S3_FAIL, ODR_ERROR_REFUSED, NULL};
	g_autoptr(GError) cause = NULL;

	*meaning = &final;
	operation->sent = false;
	operation->answer->error = (struct s3_error){0};
	if (send_request(operation, &cause))
		return read_answer(operation, meaning, error);
	if (odr_error_is(cause, ODR_ERROR_TRANSIENT) || odr_error_is(cause, ODR_ERROR_UNREACHABLE))
		*meaning = &network;
	if (answer_is_distrusted(operation, cause))
		odr_context(&cause, "%s is not who it claims to be, by %s", operation->self->host,
			    operation->self->ca_file ? operation->self->ca_file
						     : "the certificates of this system");
	if (operation->answer->http->received > 0 && operation->call->read &&
	    *meaning == &network && !take_read(operation, NULL))
		operation->call->read->have = 0;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

/* Repeating. */

static bool correct_clock(Operation *operation)
{
	usec_t date = operation->answer->http->date;
	usec_t offset = date - clock_now();
	g_autofree char *theirs = clock_format(date), *span = duration_format(ABS(offset));

	if (date == 0)
		return false;
	log_warning("this host's clock is %s %s that of the store, which says %s: requests go by "
		    "the store's; set this host's clock",
		    span, offset > 0 ? "behind" : "ahead of", theirs);
	mutex_lock(operation->self->mutex);
	operation->self->clock_offset = offset;
	mutex_unlock(operation->self->mutex);
	return true;
}

static bool want_md5(Operation *operation)
{
	mutex_lock(operation->self->mutex);
	operation->self->md5 = true;
	mutex_unlock(operation->self->mutex);
	return true;
}

static bool first_time(bool *done)
{
	bool first = !*done;

	*done = true;
	return first;
}

static void note_answered(struct s3_store *self)
{
	mutex_lock(self->mutex);
	s3_budget_answered(&self->budget);
	mutex_unlock(self->mutex);
}

/* False where too much was repeated already: that is no passing trouble. */
static bool may_repeat(Operation *operation, usec_t *wait)
{
	struct s3_store *self = operation->self;
	bool may;

	mutex_lock(self->mutex);
	may = s3_budget_repeat(&self->budget, clock_monotonic(), wait);
	mutex_unlock(self->mutex);
	return may;
}

/* Waits, unless that would pass the deadline. A stop request ends the waiting. */
static bool wait_for_retry(Operation *operation, const GError *cause)
{
	usec_t pause = s3_pause_drawn(++operation->attempts,
				      http_answer_retry_after(operation->answer->http));
	usec_t wait = 0;

	operation->over_budget = !may_repeat(operation, &wait);
	pause = MAX(pause, wait);
	if (operation->over_budget || clock_monotonic() + pause > operation->deadline)
		return false;
	log_debug("%s %s: %s; again in %d ms", operation->call->method, operation->path,
		  cause->message, (int)(pause / 1000));
	return stop_wait(pause, NULL);
}

static bool retry(Operation *operation, const struct s3_meaning *meaning, const GError *cause)
{
	const struct s3_read *read = operation->call->read;

	switch (meaning->reaction) {
	case S3_RETRY:
		/* What makes progress is not failing. */
		if (read && read->have > operation->at_start)
			operation->deadline = clock_monotonic() + operation->self->budget.retry_for;
		return wait_for_retry(operation, cause);
	case S3_RETRY_ONCE:
		return first_time(&operation->once);
	case S3_CREDENTIALS:
		s3_credentials_ended(operation->self->credentials, operation->keys.number);
		return first_time(&operation->credentials_renewed);
	case S3_CLOCK:
		return first_time(&operation->clock_corrected) && correct_clock(operation);
	case S3_MD5:
		return first_time(&operation->md5_tried) && want_md5(operation);
	default:
		return false;
	}
}

bool s3_call(struct s3_store *self, const struct s3_call *call, S3Answer *answer, GError **error)
{
	g_auto(Operation) operation = {.self = self, .call = call, .answer = answer};

	operation_begin(&operation);
	for (;;) {
		const struct s3_meaning *meaning;
		g_autoptr(GError) cause = NULL;

		if (!stop_check(error))
			return false;
		if (attempt(&operation, &meaning, &cause)) {
			note_answered(self);
			return true;
		}
		if (meaning->reaction != S3_RETRY)
			note_answered(self);
		if (!call->brief && retry(&operation, meaning, cause))
			continue;
		if (operation.over_budget)
			odr_context(&cause, "too many requests had to be repeated already");
		else if (operation.attempts > 1)
			odr_context(&cause, "after %u attempts", operation.attempts);
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
}
