#include "store/s3_lock.h"

#include "base/error.h"
#include "base/log.h"
#include "base/pool.h"

#include <string.h>

static const char *const modes[] = {
	[STORE_LOCK_NONE] = "",
	[STORE_LOCK_GOVERNANCE] = "GOVERNANCE",
	[STORE_LOCK_COMPLIANCE] = "COMPLIANCE",
};
static const char *const words[] = {
	[STORE_LOCK_NONE] = "none",
	[STORE_LOCK_GOVERNANCE] = "governance",
	[STORE_LOCK_COMPLIANCE] = "compliance",
};

/* What the bucket can do. */

static bool ask_versioning(struct s3_store *self, bool *enabled, GError **error)
{
	const struct s3_call call = {.method = "GET", .query = {{"versioning", ""}}};
	g_autoptr(S3Answer) answer = s3_answer_new();

	return s3_call(self, &call, answer, error) &&
	       s3_reply_versioning(answer->http->body->data, answer->http->body->len, enabled,
				   error);
}

static bool ask_lock(struct s3_store *self, bool *enabled, GError **error)
{
	const struct s3_call call = {.method = "GET", .query = {{"object-lock", ""}}};
	g_autoptr(S3Answer) answer = s3_answer_new();

	if (s3_call(self, &call, answer, error))
		return s3_reply_lock(answer->http->body->data, answer->http->body->len, enabled,
				     error);
	*enabled = false;
	if (!g_str_has_prefix(answer->error.code, "ObjectLockConfigurationNotFound") &&
	    strcmp(answer->error.code, "NoSuchObjectLockConfiguration") != 0 &&
	    strcmp(answer->error.code, "InvalidRequest") != 0)
		return false;
	g_clear_error(error);
	return true;
}

static bool lasting(const GError *trouble)
{
	return !trouble || odr_error_is(trouble, ODR_ERROR_REFUSED);
}

static void ask_state(struct s3_store *self, struct s3_state *state, bool *keep)
{
	g_autoptr(GError) versioning = NULL, lock = NULL;
	const GError *trouble;

	state->known = ask_versioning(self, &state->versioned, &versioning);
	if (!ask_lock(self, &state->lockable, &lock))
		state->lockable = false;
	trouble = versioning ? versioning : lock;
	if (trouble) {
		g_strlcpy(state->trouble, trouble->message, sizeof(state->trouble));
		state->trouble_code = (enum odr_error)trouble->code;
	}
	*keep = lasting(versioning) && lasting(lock);
}

void s3_state(struct s3_store *self, struct s3_state *state)
{
	bool keep;

	mutex_lock(self->mutex);
	keep = self->state_known;
	*state = self->state;
	mutex_unlock(self->mutex);
	if (keep)
		return;
	*state = (struct s3_state){0};
	ask_state(self, state, &keep);
	mutex_lock(self->mutex);
	self->state_known = keep;
	self->state = *state;
	mutex_unlock(self->mutex);
}

bool s3_lock_check(struct s3_store *self, GError **error)
{
	struct s3_state state;

	s3_state(self, &state);
	if (state.versioned && state.lockable)
		return true;
	if (*state.trouble)
		return odr_fail(error, state.trouble_code,
				"lock=%s, but whether bucket %s can lock cannot be told: %s",
				words[self->lock], self->bucket, state.trouble);
	return odr_fail(error, ODR_ERROR_REFUSED,
			"lock=%s, but bucket %s has no %s: nothing would be immutable. Make a "
			"bucket with Object Lock, or set lock=none",
			words[self->lock], self->bucket,
			state.lockable ? "versioning" : "Object Lock");
}

/* The lock of one object. */

void s3_lock_headers(const struct s3_store *self, usec_t until, struct http_header headers[2],
		     char **date)
{
	usec_t seconds = (until + USEC_PER_SEC - 1) / USEC_PER_SEC;

	*date = clock_format(seconds * USEC_PER_SEC);
	headers[0] = (struct http_header){"x-amz-object-lock-mode", modes[self->lock]};
	headers[1] = (struct http_header){"x-amz-object-lock-retain-until-date", *date};
}

/* until 0: not locked. */
static bool get_retention(struct s3_store *self, const char *key, const char *version,
			  struct s3_retention *retention, GError **error)
{
	const struct s3_call call = {
		.method = "GET",
		.key = key,
		.query = {{"retention", ""}, {version ? "versionId" : NULL, version}},
	};
	g_autoptr(S3Answer) answer = s3_answer_new();

	if (s3_call(self, &call, answer, error))
		return s3_reply_retention(answer->http->body->data, answer->http->body->len,
					  retention, error);
	if (!g_str_has_prefix(answer->error.code, "ObjectLockConfigurationNotFound") &&
	    strcmp(answer->error.code, "NoSuchObjectLockConfiguration") != 0 &&
	    strcmp(answer->error.code, "InvalidRequest") != 0)
		return false;
	g_clear_error(error);
	*retention = (struct s3_retention){0};
	return true;
}

static bool check_retention(const struct s3_store *self, const struct s3_retention *retention,
			    usec_t until, GError **error)
{
	if (retention->until == 0)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the store took it with a lock, and it has none: this repository "
				"is not immutable");
	if (self->lock == STORE_LOCK_COMPLIANCE && !retention->compliance)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the store locked it by governance, where compliance was asked "
				"for");
	if (retention->until < until - until % USEC_PER_SEC)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the store's lock ends before the time that was asked for");
	return true;
}

static bool verified_before(struct s3_store *self)
{
	bool before;

	mutex_lock(self->mutex);
	before = self->lock_verified;
	self->lock_verified = true;
	mutex_unlock(self->mutex);
	return before;
}

bool s3_lock_verify(struct s3_store *self, const char *key, const char *version, usec_t until,
		    GError **error)
{
	struct s3_retention retention;
	g_autoptr(GError) cause = NULL;

	if (!version || !*version || strcmp(version, "null") == 0)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the store took it with a lock, and gives no version: this "
				"repository is not immutable");
	if (verified_before(self))
		return true;
	if (get_retention(self, key, version, &retention, &cause))
		return check_retention(self, &retention, until, error);
	if (!odr_error_is(cause, ODR_ERROR_REFUSED)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	log_warning("repository %s: whether objects are locked was not verified: %s",
		    self->store.name, cause->message);
	return true;
}

bool s3_lock_get(Store *store, const char *name, usec_t *until, GError **error)
{
	struct s3_store *self = s3_store(store);
	g_autofree char *key = s3_key(self, name);
	struct s3_retention retention;

	if (!get_retention(self, key, NULL, &retention, error))
		return false;
	*until = retention.until;
	return true;
}

bool s3_lock_extend(Store *store, const char *name, usec_t until, GError **error)
{
	struct s3_store *self = s3_store(store);
	g_autofree char *key = s3_key(self, name), *date = NULL, *body = NULL;
	struct http_header headers[2];
	struct s3_retention retention;
	g_autoptr(S3Answer) answer = s3_answer_new();
	struct iovec part;

	if (self->lock == STORE_LOCK_NONE)
		return odr_fail(error, ODR_ERROR_REFUSED, "lock=none");
	s3_lock_headers(self, until, headers, &date);
	body = g_strdup_printf("<Retention xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
			       "<Mode>%s</Mode><RetainUntilDate>%s</RetainUntilDate></Retention>",
			       headers[0].value, date);
	part = (struct iovec){body, strlen(body)};

	const struct s3_call call = {
		.method = "PUT",
		.key = key,
		.query = {{"retention", ""}},
		.parts = &part,
		.part_count = 1,
		.body = true,
	};

	return s3_call(self, &call, answer, error) &&
	       get_retention(self, key, NULL, &retention, error) &&
	       check_retention(self, &retention, until, error);
}
