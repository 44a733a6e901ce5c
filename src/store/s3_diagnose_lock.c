/* Whether what is stored in a bucket is locked: by its word, by reading back, by trying to delete. */
#include "base/error.h"
#include "store/s3_bucket.h"
#include "store/s3_diagnose.h"
#include "store/s3_lock.h"

#include <string.h>

#define PROOF_TIME USEC_PER_MIN

static const char *const modes[] = {
	[STORE_LOCK_NONE] = "none",
	[STORE_LOCK_GOVERNANCE] = "governance",
	[STORE_LOCK_COMPLIANCE] = "compliance",
	[STORE_LOCK_BUCKET] = "bucket",
};

/* The bucket's word. */

static char *rule_describe(const struct s3_lock_rule *rule)
{
	if (rule->days == 0)
		return g_strdup("nothing by itself");
	return g_strdup_printf("everything by itself: %s for %u days",
			       rule->compliance ? "COMPLIANCE" : "GOVERNANCE", rule->days);
}

static void add_lockable(struct s3_diagnose *s3)
{
	bool asked = s3->self->lock != STORE_LOCK_NONE;
	g_autofree char *by_itself = rule_describe(&s3->rule);

	diagnose_add(s3->diagnose, "lock", STORE_STEP_OK,
		     asked ? NULL
			   : "set lock=compliance: the bucket can lock, and nobody asks it to",
		     "Object Lock is on; lock=%s; the bucket locks %s", modes[s3->self->lock],
		     by_itself);
}

static void add_unlockable(struct s3_diagnose *s3, const char *why)
{
	bool asked = s3->self->lock != STORE_LOCK_NONE;

	s3->diagnose->out->facts.locked = STORE_NO;
	if (asked)
		diagnose_add(s3->diagnose, "lock", STORE_STEP_BAD,
			     "make a bucket with Object Lock, or set lock=none",
			     "lock=%s, but not immutable: %s", modes[s3->self->lock], why);
	else
		diagnose_add(s3->diagnose, "lock", STORE_STEP_OK, NULL,
			     "not immutable: %s, and lock=none", why);
}

void s3_diagnose_lock(struct s3_diagnose *s3)
{
	static const struct s3_query query[] = {{"object-lock", ""}, {NULL, NULL}};
	bool asked = s3->self->lock != STORE_LOCK_NONE;
	g_autoptr(S3Answer) answer = s3_answer_new();
	const GByteArray *body = answer->http->body;
	g_autoptr(GError) cause = NULL;

	if (!s3_diagnose_ask(s3, "GET", NULL, query, answer, &cause)) {
		if (s3_no_lock(answer))
			add_unlockable(s3, "the bucket has no Object Lock");
		else
			diagnose_add(s3->diagnose, "lock",
				     asked ? STORE_STEP_WARNING : STORE_STEP_SKIPPED,
				     "allow s3:GetBucketObjectLockConfiguration", "not known: %s",
				     cause->message);
	} else if (!s3_reply_lock(body->data, body->len, &s3->rule, &cause)) {
		add_unlockable(s3, "the store does not know Object Lock");
	} else if (!s3->rule.enabled) {
		add_unlockable(s3, "the bucket has no Object Lock");
	} else if (s3->diagnose->out->facts.versions == STORE_NO) {
		add_unlockable(s3, "the bucket has no versions");
	} else if (s3->self->lock == STORE_LOCK_BUCKET && s3->rule.days == 0) {
		add_unlockable(s3, "the bucket has Object Lock and no default retention");
	} else {
		add_lockable(s3);
	}
}

/* One object's lock. */

char *s3_retention_describe(const struct s3_retention *retention)
{
	g_autofree char *until = clock_format(retention->until);

	return g_strdup_printf("%s until %s", retention->compliance ? "COMPLIANCE" : "GOVERNANCE",
			       until);
}

/* NO: it has none; UNKNOWN: error says why. */
static enum store_known ask_retention(struct s3_diagnose *s3, const char *name, const char *version,
				      struct s3_retention *retention, GError **error)
{
	g_autofree char *key = s3_key(s3->self, name);
	const struct s3_query query[] = {
		{"retention", ""},
		{version && *version ? "versionId" : NULL, version},
		{NULL, NULL},
	};
	g_autoptr(S3Answer) answer = s3_answer_new();
	const GByteArray *body = answer->http->body;

	if (s3_diagnose_ask(s3, "GET", key, query, answer, error)) {
		/* What answers with something else has never heard of it. */
		if (s3_reply_retention(body->data, body->len, retention, NULL))
			return STORE_YES;
		return STORE_NO;
	}
	if (!s3_no_lock(answer))
		return STORE_UNKNOWN;
	g_clear_error(error);
	return STORE_NO;
}

/* The version that counts, where this credential may ask for it: the one that was there first. */
static char *first_version(struct s3_diagnose *s3, const char *name)
{
	g_autoptr(GPtrArray) versions = NULL;

	if (s3->diagnose->out->facts.list != STORE_YES ||
	    !store_versions(s3->diagnose->store, name, &versions, NULL))
		return NULL;
	return g_strdup(((const struct store_object *)versions->pdata[0])->version);
}

static void judge_retention(struct s3_diagnose *s3, const struct s3_retention *retention)
{
	const struct store_inquiry *inquiry = s3->diagnose->inquiry;
	struct store_facts *facts = &s3->diagnose->out->facts;
	g_autofree char *lock = s3_retention_describe(retention);
	g_autofree char *needed = clock_format(inquiry->sample_until);
	bool asked = s3->self->lock != STORE_LOCK_NONE;
	bool weaker = s3->self->lock == STORE_LOCK_COMPLIANCE && !retention->compliance;
	/* Seconds are what a store keeps. */
	bool shorter = retention->until < inquiry->sample_until - USEC_PER_SEC;

	facts->locked = shorter ? STORE_NO : STORE_YES;
	facts->locked_until = retention->until;
	facts->lock_mode = retention->compliance ? STORE_LOCK_COMPLIANCE : STORE_LOCK_GOVERNANCE;
	if (weaker)
		diagnose_add(s3->diagnose, "retention", STORE_STEP_BAD,
			     "the bucket's owner ought to know why",
			     "'%s' is locked by %s, where compliance was asked for",
			     inquiry->sample, lock);
	else if (shorter)
		diagnose_add(s3->diagnose, "retention", asked ? STORE_STEP_BAD : STORE_STEP_WARNING,
			     asked ? "make a new backup"
				   : "let the bucket's default retention last longer, or set lock=",
			     "'%s' is locked by %s, but is needed until %s", inquiry->sample, lock,
			     needed);
	else
		diagnose_add(s3->diagnose, "retention", STORE_STEP_OK, NULL, "'%s' is locked by %s",
			     inquiry->sample, lock);
}

void s3_diagnose_retention(struct s3_diagnose *s3)
{
	struct diagnose *diagnose = s3->diagnose;
	const char *sample = diagnose->inquiry->sample;
	bool asked = s3->self->lock != STORE_LOCK_NONE;
	g_autofree char *version = NULL;
	struct s3_retention retention;
	g_autoptr(GError) cause = NULL;
	enum store_known locked;

	if (!sample) {
		diagnose_add(diagnose, "retention", STORE_STEP_SKIPPED, NULL,
			     "not looked at: there is no set yet");
		return;
	}
	version = first_version(s3, sample);
	locked = ask_retention(s3, sample, version, &retention, &cause);
	if (locked == STORE_YES) {
		judge_retention(s3, &retention);
		return;
	}
	diagnose->out->facts.locked = locked;
	if (locked == STORE_UNKNOWN)
		diagnose_add(diagnose, "retention", STORE_STEP_SKIPPED,
			     asked ? "allow s3:GetObjectRetention" : NULL, "not known: %s",
			     cause->message);
	else
		diagnose_add(diagnose, "retention", asked ? STORE_STEP_BAD : STORE_STEP_OK,
			     asked ? "make a new backup; if that does not help, the store does not "
				     "lock: set lock=none"
				   : NULL,
			     "'%s' has no lock%s", sample, asked ? ": not immutable" : "");
}

/* The proof: what cannot be deleted though it is tried. */

struct canary {
	char *name;
	char version[128];
};

static bool canary_put(struct s3_diagnose *s3, struct canary *canary, usec_t until, GError **error)
{
	g_autofree char *key = s3_key(s3->self, canary->name);
	static char text[] = "odrbackup proves that what is locked stays\n";
	struct iovec part = {text, strlen(text)};
	g_autoptr(S3Answer) answer = s3_answer_new();
	const char *version;
	struct s3_call call = {.method = "PUT",
			       .key = key,
			       .parts = &part,
			       .part_count = 1,
			       .body = true,
			       .checksum = true};

	if (until > 0)
		s3_lock_ask(s3->self, until, &call);
	if (!s3_call(s3->self, &call, answer, error))
		return false;
	version = http_answer_header(answer->http, "x-amz-version-id");
	g_strlcpy(canary->version, version ? version : "", sizeof(canary->version));
	return true;
}

static bool canary_delete(struct s3_diagnose *s3, const struct canary *canary, bool bypass,
			  GError **error)
{
	g_autofree char *key = s3_key(s3->self, canary->name);
	g_autoptr(S3Answer) answer = s3_answer_new();
	struct s3_call call = {
		.method = "DELETE",
		.key = key,
		.query = {{*canary->version ? "versionId" : NULL, canary->version}},
	};

	if (bypass)
		call.headers[0] = (struct http_header){"x-amz-bypass-governance-retention", "true"};
	return s3_call(s3->self, &call, answer, error);
}

/* Where the bucket locks whatever is stored, a delete marker is what has no lock. */
static bool canary_mark(struct s3_diagnose *s3, struct canary *canary, GError **error)
{
	g_autoptr(S3Answer) answer = s3_answer_new();
	const char *version;

	if (!s3_diagnose_delete(s3, canary->name, NULL, answer, error))
		return false;
	version = http_answer_header(answer->http, "x-amz-version-id");
	if (!version)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"a delete marker was put, and has no version");
	g_strlcpy(canary->version, version, sizeof(canary->version));
	return true;
}

/* The half without which a refusal says nothing: this credential may delete what has no lock. */
static bool prove_right(struct s3_diagnose *s3, struct canary *canary)
{
	static const char *const advice = "use a keeper's credential, which may delete";
	g_autoptr(GError) cause = NULL;
	bool made = s3->rule.days > 0 ? canary_mark(s3, canary, &cause)
				      : canary_put(s3, canary, 0, &cause);

	if (!made)
		diagnose_add(s3->diagnose, "proof", STORE_STEP_WARNING, advice,
			     "nothing is proven: nothing without a lock could be made: %s",
			     cause->message);
	else if (!canary_delete(s3, canary, false, &cause))
		diagnose_add(s3->diagnose, "proof", STORE_STEP_WARNING, advice,
			     "nothing is proven: what has no lock could not be deleted either: %s",
			     cause->message);
	return !cause;
}

static void add_disproof(struct s3_diagnose *s3, const char *what)
{
	s3->diagnose->out->facts.proven = STORE_NO;
	s3->diagnose->out->facts.locked = STORE_NO;
	diagnose_add(s3->diagnose, "proof", STORE_STEP_BAD,
		     "this store does not lock: use another, or set lock=none", "not immutable: %s",
		     what);
}

static bool still_readable(struct s3_diagnose *s3, const struct canary *canary, GError **error)
{
	g_autoptr(GBytes) content = NULL;

	return store_get(s3->diagnose->store, canary->name, canary->version, 4096, &content, error);
}

static void add_proof(struct s3_diagnose *s3, const struct canary *canary, const char *lock)
{
	struct store_facts *facts = &s3->diagnose->out->facts;
	g_autoptr(GError) cause = NULL;

	facts->proven = STORE_YES;
	if (s3->self->lock == STORE_LOCK_GOVERNANCE)
		facts->bypass = diagnose_known(canary_delete(s3, canary, true, &cause), cause);
	if (facts->bypass == STORE_YES)
		diagnose_add(s3->diagnose, "proof", STORE_STEP_WARNING,
			     "take s3:BypassGovernanceRetention away, or set lock=compliance",
			     "locked by %s, '%s' could not be deleted, but this credential may "
			     "bypass that, and did",
			     lock, canary->name);
	else
		diagnose_add(s3->diagnose, "proof", STORE_STEP_OK, NULL,
			     "proven: locked by %s, '%s' could not be deleted and is still read, "
			     "while what has no lock could; 'odrbackup expire' removes it",
			     lock, canary->name);
}

static void prove_lock(struct s3_diagnose *s3, struct canary *canary)
{
	/* A clock that is behind is made up for by the request. */
	usec_t until = clock_now() + MIN(s3->self->clock_offset, 0) + PROOF_TIME;
	struct s3_retention retention;
	g_autoptr(GError) cause = NULL;
	g_autofree char *lock = NULL;
	enum store_known locked;

	if (!canary_put(s3, canary, until, &cause)) {
		diagnose_add(s3->diagnose, "proof", STORE_STEP_BAD, NULL,
			     "not immutable: nothing can be stored with a lock: %s",
			     cause->message);
		return;
	}
	locked = ask_retention(s3, canary->name, canary->version, &retention, &cause);
	if (locked == STORE_NO) {
		add_disproof(s3, "the store took an object with a lock, and it has none");
		canary_delete(s3, canary, false, NULL);
		return;
	}
	g_clear_error(&cause);
	lock = locked == STORE_YES ? s3_retention_describe(&retention)
				   : g_strdup(modes[s3->self->lock]);
	if (canary_delete(s3, canary, false, &cause))
		add_disproof(s3, "the store deleted an object that it had locked");
	else if (diagnose_known(false, cause) != STORE_NO)
		diagnose_add(s3->diagnose, "proof", STORE_STEP_WARNING, "try again",
			     "nothing is proven: %s", cause->message);
	else if (g_clear_error(&cause), !still_readable(s3, canary, &cause))
		add_disproof(s3, cause->message);
	else
		add_proof(s3, canary, lock);
}

void s3_diagnose_proof(struct s3_diagnose *s3)
{
	g_autofree char *free_name = g_strconcat(s3->diagnose->probe, "-" STORE_PROBE_FREE, NULL);
	g_autofree char *locked_name =
		g_strconcat(s3->diagnose->probe, "-" STORE_PROBE_LOCKED, NULL);
	struct canary without = {.name = free_name}, locked = {.name = locked_name};

	if (s3->self->lock == STORE_LOCK_NONE)
		diagnose_no_proof(s3->diagnose, "lock=none");
	else if (prove_right(s3, &without))
		prove_lock(s3, &locked);
}
