#include "store/s3_bucket.h"

#include "base/error.h"
#include "base/pool.h"

#include <string.h>

/* Subresources, and names of facts. */
#define VERSIONING	"versioning"
#define LOCK		"object-lock"
#define RULE_COMPLIANCE "default-compliance"
#define RULE_GOVERNANCE "default-governance"

bool s3_forbidden(const S3Answer *answer, const GError *error)
{
	return answer->http->status == 403 && odr_error_is(error, ODR_ERROR_REFUSED);
}

bool s3_no_lock(const S3Answer *answer)
{
	static const char *const codes[] = {
		"ObjectLockConfigurationNotFoundError", "ObjectLockConfigurationNotFound",
		"NoSuchObjectLockConfiguration", "InvalidRequest", NULL};

	return g_strv_contains(codes, answer->error.code);
}

bool s3_not_implemented(const S3Answer *answer)
{
	return answer->http->status == 405 || answer->http->status == 501;
}

/* S3_YES: there is an answer to be read. */
static enum s3_word ask(struct s3_store *self, const char *subresource, bool brief,
			S3Answer *answer, GError **error)
{
	const struct s3_call call = {.method = "GET", .query = {{subresource, ""}}, .brief = brief};
	g_autoptr(GError) cause = NULL;

	if (s3_call(self, &call, answer, &cause))
		return S3_YES;
	if (s3_forbidden(answer, cause))
		return S3_HIDDEN;
	if (s3_not_implemented(answer) || s3_no_lock(answer))
		return S3_NO;
	g_propagate_error(error, g_steal_pointer(&cause));
	return S3_UNKNOWN;
}

static enum s3_word ask_versioning(struct s3_store *self, bool brief, GError **error)
{
	g_autoptr(S3Answer) answer = s3_answer_new();
	const GByteArray *body = answer->http->body;
	enum s3_word word = ask(self, VERSIONING, brief, answer, error);
	enum s3_versioning versioning;

	if (word != S3_YES)
		return word;
	if (!s3_reply_versioning(body->data, body->len, &versioning, error))
		return S3_UNKNOWN;
	return versioning == S3_VERSIONING_ENABLED     ? S3_YES
	       : versioning == S3_VERSIONING_SUSPENDED ? S3_SUSPENDED
						       : S3_NO;
}

static enum s3_word ask_lock(struct s3_store *self, struct s3_lock_rule *rule, GError **error)
{
	g_autoptr(S3Answer) answer = s3_answer_new();
	const GByteArray *body = answer->http->body;
	enum s3_word word = ask(self, LOCK, false, answer, error);

	if (word != S3_YES)
		return word;
	if (!s3_reply_lock(body->data, body->len, rule, error))
		return S3_UNKNOWN;
	return rule->enabled ? S3_YES : S3_NO;
}

/* What is kept for other processes. That a bucket cannot do something never is: it would hide what is
 * done about it. */

static void note(struct s3_store *self, const char *fact, enum s3_word word)
{
	if (word == S3_YES || word == S3_HIDDEN)
		store_note(&self->store, fact, word == S3_YES ? "yes" : "hidden");
}

static enum s3_word recall(struct s3_store *self, const char *fact)
{
	g_autofree char *word = store_recall(&self->store, fact);

	if (!word)
		return S3_UNKNOWN;
	return strcmp(word, "hidden") == 0 ? S3_HIDDEN : S3_YES;
}

static void note_rule(struct s3_store *self, const struct s3_lock_rule *rule)
{
	g_autofree char *days = g_strdup_printf("%u", rule->days);

	store_note(&self->store, rule->compliance ? RULE_COMPLIANCE : RULE_GOVERNANCE, days);
}

static bool recall_rule(struct s3_store *self, struct s3_lock_rule *rule)
{
	g_autofree char *compliance = store_recall(&self->store, RULE_COMPLIANCE);
	g_autofree char *governance = store_recall(&self->store, RULE_GOVERNANCE);
	const char *days = compliance ? compliance : governance;

	*rule = (struct s3_lock_rule){
		.enabled = true,
		.compliance = compliance != NULL,
		.days = days ? (unsigned)g_ascii_strtoull(days, NULL, 10) : 0,
	};
	return days != NULL;
}

enum s3_word s3_versioning(struct s3_store *self, GError **error)
{
	enum s3_word word;

	mutex_lock(self->mutex);
	word = self->versions;
	mutex_unlock(self->mutex);
	if (word != S3_UNKNOWN)
		return word;
	word = recall(self, VERSIONING);
	if (word == S3_UNKNOWN) {
		word = ask_versioning(self, false, error);
		note(self, VERSIONING, word);
	}
	mutex_lock(self->mutex);
	self->versions = word;
	mutex_unlock(self->mutex);
	return word;
}

void s3_versioning_learn(struct s3_store *self)
{
	enum s3_word word = ask_versioning(self, true, NULL);

	mutex_lock(self->mutex);
	if (self->versions == S3_UNKNOWN)
		self->versions = word;
	mutex_unlock(self->mutex);
}

static enum s3_word learn_lock(struct s3_store *self, struct s3_lock_rule *rule, GError **error)
{
	enum s3_word word;

	mutex_lock(self->mutex);
	word = self->locks;
	*rule = self->rule;
	mutex_unlock(self->mutex);
	if (word != S3_UNKNOWN)
		return word;
	word = recall(self, LOCK);
	if (word == S3_UNKNOWN || (word == S3_YES && !recall_rule(self, rule))) {
		word = ask_lock(self, rule, error);
		note(self, LOCK, word);
		if (word == S3_YES)
			note_rule(self, rule);
	}
	mutex_lock(self->mutex);
	self->locks = word;
	self->rule = *rule;
	mutex_unlock(self->mutex);
	return word;
}

void s3_state(struct s3_store *self, struct s3_state *state)
{
	g_autoptr(GError) no_versions = NULL, no_locks = NULL;
	const GError *trouble;

	*state = (struct s3_state){.versions = s3_versioning(self, &no_versions)};
	state->locks = learn_lock(self, &state->rule, &no_locks);
	trouble = no_versions ? no_versions : no_locks;
	if (!trouble)
		return;
	g_strlcpy(state->trouble, trouble->message, sizeof(state->trouble));
	state->trouble_code = (enum odr_error)trouble->code;
}

bool s3_has_versions(struct s3_store *self)
{
	return s3_versioning(self, NULL) != S3_NO;
}
