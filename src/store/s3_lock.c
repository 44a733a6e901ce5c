#include "store/s3_lock.h"

#include "base/error.h"
#include "base/pool.h"
#include "store/s3_bucket.h"
#include "store/s3_headers.h"

#include <string.h>

static const char *const modes[] = {
	[STORE_LOCK_NONE] = "",
	[STORE_LOCK_GOVERNANCE] = "GOVERNANCE",
	[STORE_LOCK_COMPLIANCE] = "COMPLIANCE",
	[STORE_LOCK_BUCKET] = "",
};
static const char *const words[] = {
	[STORE_LOCK_NONE] = "none",
	[STORE_LOCK_GOVERNANCE] = "governance",
	[STORE_LOCK_COMPLIANCE] = "compliance",
	[STORE_LOCK_BUCKET] = "bucket",
};

/* A lock is read back anew after so long. */
#define SEEN_FOR USEC_PER_HOUR
#define SEEN	 "lock-seen"

/* Locks are asked for with days to spare: clocks that differ by less do not matter. */
#define RULE_SLACK USEC_PER_DAY

static bool check_rule(const struct s3_store *self, const struct s3_lock_rule *rule, usec_t until,
		       GError **error)
{
	usec_t covered = clock_now() + rule->days * USEC_PER_DAY + RULE_SLACK;
	g_autofree char *wanted = clock_format(until);

	if (rule->days == 0)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"lock=bucket, but bucket %s has no default retention: nothing "
				"would be immutable. Give it one, or set lock=compliance",
				self->bucket);
	if (until > covered)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"lock=bucket, but the default retention of bucket %s is %u days, "
				"and what is put now is needed until %s. Make it longer, or set "
				"lock=compliance",
				self->bucket, rule->days, wanted);
	return true;
}

bool s3_lock_check(struct s3_store *self, usec_t until, GError **error)
{
	struct s3_state state;

	s3_state(self, &state);
	if (*state.trouble)
		return odr_fail(error, state.trouble_code,
				"lock=%s, but whether bucket %s can lock cannot be told: %s",
				words[self->lock], self->bucket, state.trouble);
	if (state.versions != S3_NO && state.versions != S3_SUSPENDED && state.locks != S3_NO)
		return self->lock != STORE_LOCK_BUCKET || state.locks != S3_YES ||
		       check_rule(self, &state.rule, until, error);
	return odr_fail(error, ODR_ERROR_REFUSED,
			"lock=%s, but bucket %s has no %s: nothing would be immutable. Make a "
			"bucket with Object Lock, or set lock=none",
			words[self->lock], self->bucket,
			state.locks == S3_NO ? "Object Lock" : "versioning");
}

/* The lock of one object. */

void s3_lock_ask(const struct s3_store *self, usec_t until, struct s3_call *call)
{
	if (self->lock == STORE_LOCK_BUCKET)
		return;
	call->lock_mode = modes[self->lock];
	call->lock_until = until;
}

/* S3_YES: retention says how it is locked; S3_NO: it is not; otherwise error says why that is not known. */
static enum s3_word ask_retention(struct s3_store *self, const char *key, const char *version,
				  struct s3_retention *retention, GError **error)
{
	const struct s3_call call = {
		.method = "GET",
		.key = key,
		.query = {{"retention", ""}, {version ? "versionId" : NULL, version}},
	};
	g_autoptr(S3Answer) answer = s3_answer_new();
	g_autoptr(GError) cause = NULL;
	enum s3_word word = S3_UNKNOWN;

	*retention = (struct s3_retention){0};
	if (s3_call(self, &call, answer, &cause))
		return s3_reply_retention(answer->http->body->data, answer->http->body->len,
					  retention, error)
			       ? S3_YES
			       : S3_UNKNOWN;
	if (s3_no_lock(answer))
		return S3_NO;
	if (s3_forbidden(answer, cause))
		word = S3_HIDDEN;
	g_propagate_error(error, g_steal_pointer(&cause));
	return word;
}

static bool check_retention(struct s3_store *self, enum s3_word locked,
			    const struct s3_retention *retention, usec_t until, GError **error)
{
	until = s3_store_time(self, until);
	if (locked == S3_NO)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the store took it with a lock, and it has none: this repository "
				"is not immutable");
	if (self->lock == STORE_LOCK_COMPLIANCE && !retention->compliance)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the store locked it by governance, where compliance was asked "
				"for");
	if (self->lock == STORE_LOCK_BUCKET)
		until -= RULE_SLACK;
	if (retention->until < until - until % USEC_PER_SEC)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the store's lock ends before the time that was asked for");
	return true;
}

/* Unless it is known from before; S3_UNKNOWN: this one is to be read back. */
static enum s3_word seen_before(struct s3_store *self)
{
	g_autofree char *word = NULL;
	enum s3_word seen;
	bool fresh;

	mutex_lock(self->mutex);
	seen = self->lock_seen;
	fresh = clock_monotonic() - self->lock_seen_at < SEEN_FOR;
	mutex_unlock(self->mutex);
	if (seen != S3_UNKNOWN)
		return fresh ? seen : S3_UNKNOWN;
	word = store_recall(&self->store, SEEN);
	if (!word)
		return S3_UNKNOWN;
	return strcmp(word, "yes") == 0 ? S3_YES : S3_HIDDEN;
}

static void note_seen(struct s3_store *self, enum s3_word seen)
{
	store_note(&self->store, SEEN, seen == S3_YES ? "yes" : "hidden");
	mutex_lock(self->mutex);
	self->lock_seen = seen;
	self->lock_seen_at = clock_monotonic();
	mutex_unlock(self->mutex);
}

bool s3_lock_verified(struct s3_store *self)
{
	struct s3_state state;

	s3_state(self, &state);
	return state.versions == S3_YES && state.locks == S3_YES && seen_before(self) != S3_HIDDEN;
}

bool s3_lock_verify(struct s3_store *self, const struct s3_locked *locked, GError **error)
{
	struct s3_retention retention;
	g_autoptr(GError) cause = NULL;
	enum s3_word seen;

	if (!locked->version || !*locked->version || strcmp(locked->version, "null") == 0)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the store took it with a lock, and gives no version: this "
				"repository is not immutable");
	if (!locked->always && seen_before(self) != S3_UNKNOWN)
		return true;
	seen = ask_retention(self, locked->key, locked->version, &retention, &cause);
	if (seen == S3_UNKNOWN) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	if (seen != S3_HIDDEN && !check_retention(self, seen, &retention, locked->until, error))
		return false;
	note_seen(self, seen);
	return true;
}

/* Lock and hold of a version, and how they are changed. */

static const char *given(const char *version)
{
	return version && *version ? version : NULL;
}

/* Independent of the retention, and without an end. */
static bool ask_hold(struct s3_store *self, const char *key, const char *version, bool *hold,
		     GError **error)
{
	const struct s3_call call = {
		.method = "GET",
		.key = key,
		.query = {{"legal-hold", ""}, {version ? "versionId" : NULL, version}},
	};
	g_autoptr(S3Answer) answer = s3_answer_new();
	g_autoptr(GError) cause = NULL;

	*hold = false;
	if (s3_call(self, &call, answer, &cause))
		return s3_reply_hold(answer->http->body->data, answer->http->body->len, hold,
				     error);
	if (s3_no_lock(answer))
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

bool s3_lock_get(Store *store, const char *name, const char *version, struct store_lock *lock,
		 GError **error)
{
	struct s3_store *self = s3_store(store);
	g_autofree char *key = s3_key(self, name);
	struct s3_retention retention;
	struct store_lock found = {0};
	enum s3_word locked = ask_retention(self, key, given(version), &retention, error);

	if (locked != S3_YES && locked != S3_NO)
		return false;
	if (!ask_hold(self, key, given(version), &found.hold, error))
		return false;
	found.until = retention.until;
	if (locked == S3_YES)
		found.mode = retention.compliance ? STORE_LOCK_COMPLIANCE : STORE_LOCK_GOVERNANCE;
	*lock = found;
	return true;
}

static bool put_document(struct s3_store *self, const struct s3_call *where, const char *text,
			 GError **error)
{
	const struct iovec part = {(char *)text, strlen(text)};
	struct s3_call call = *where;
	g_autoptr(S3Answer) answer = s3_answer_new();

	call.method = "PUT";
	call.parts = &part;
	call.part_count = 1;
	call.body = true;
	return s3_call(self, &call, answer, error);
}

bool s3_hold(Store *store, const char *name, const char *version, bool hold, GError **error)
{
	struct s3_store *self = s3_store(store);
	g_autofree char *key = s3_key(self, name);
	const struct s3_call call = {
		.key = key,
		.query = {{"legal-hold", ""},
			  {given(version) ? "versionId" : NULL, given(version)}},
	};
	bool held;

	if (!put_document(self, &call,
			  hold ? "<LegalHold" S3_NAMESPACE "><Status>ON</Status></LegalHold>"
			       : "<LegalHold" S3_NAMESPACE "><Status>OFF</Status></LegalHold>",
			  error) ||
	    !ask_hold(self, key, given(version), &held, error))
		return false;
	return held == hold || odr_fail(error, ODR_ERROR_REFUSED,
					"the store took a legal hold, and does not have it");
}

/* By the mode that it has: nobody may weaken it, and a stronger one was not asked for. */
static const char *mode_of(struct s3_store *self, const struct s3_retention *retention)
{
	struct s3_state state;

	if (retention->until != 0)
		return modes[retention->compliance ? STORE_LOCK_COMPLIANCE : STORE_LOCK_GOVERNANCE];
	if (self->lock != STORE_LOCK_BUCKET)
		return modes[self->lock];
	s3_state(self, &state);
	return modes[state.rule.compliance ? STORE_LOCK_COMPLIANCE : STORE_LOCK_GOVERNANCE];
}

bool s3_lock_extend(Store *store, const char *name, const char *version, usec_t until,
		    GError **error)
{
	struct s3_store *self = s3_store(store);
	g_autofree char *key = s3_key(self, name), *date = NULL, *body = NULL;
	const struct s3_call call = {
		.key = key,
		.query = {{"retention", ""}, {given(version) ? "versionId" : NULL, given(version)}},
	};
	struct s3_retention retention;
	enum s3_word locked;

	if (self->lock == STORE_LOCK_NONE)
		return odr_fail(error, ODR_ERROR_REFUSED, "lock=none");
	locked = ask_retention(self, key, given(version), &retention, error);
	if (locked != S3_YES && locked != S3_NO)
		return false;
	if (retention.until >= s3_store_time(self, until))
		return true;
	date = s3_lock_date(self, until);
	body = g_strdup_printf("<Retention" S3_NAMESPACE "><Mode>%s</Mode><RetainUntilDate>%s"
			       "</RetainUntilDate></Retention>",
			       mode_of(self, &retention), date);
	if (!put_document(self, &call, body, error))
		return false;
	locked = ask_retention(self, key, given(version), &retention, error);
	return (locked == S3_YES || locked == S3_NO) &&
	       check_retention(self, locked, &retention, until, error);
}
