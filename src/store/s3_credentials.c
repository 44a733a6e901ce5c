#include "store/s3_credentials.h"

#include "base/error.h"
#include "base/log.h"
#include "base/pool.h"

#include <string.h>

#define RENEW_BEFORE (5 * USEC_PER_MIN)
#define RETRY_AFTER  (30 * USEC_PER_SEC)

/* Keys in use; what they are never changes, and the last who needs them frees them. */
struct held {
	struct s3_keys keys;
	unsigned users;
};

/* A moment by both clocks: one may be set, the other stands still while the machine is suspended. */
struct moment {
	usec_t wall, monotonic;
};

struct s3_credentials {
	const struct s3_source *source;
	struct s3_source_settings settings;
	GStringChunk *texts; /* those of the settings */
	struct mutex *mutex; /* guards what follows; never held while the source is asked */
	struct condition *answered;
	struct held *held; /* NULL: none */
	struct moment renew, end;
	bool asking;
	unsigned answers; /* that came so far */
	GError *failure;  /* the last answer, if it was one */
};

static struct moment moment_after(usec_t span)
{
	return (struct moment){clock_now() + span, clock_monotonic() + span};
}

static bool moment_reached(const struct moment *moment)
{
	return clock_now() >= moment->wall || clock_monotonic() >= moment->monotonic;
}

usec_t s3_credentials_use(usec_t lifetime)
{
	return lifetime - MIN(RENEW_BEFORE, lifetime / 2);
}

static const char *keep(S3Credentials *credentials, const char *text)
{
	return text ? g_string_chunk_insert(credentials->texts, text) : NULL;
}

S3Credentials *s3_credentials_new(const struct s3_source_settings *settings, GError **error)
{
	const struct s3_source *source = s3_source_of(settings, error);
	S3Credentials *credentials;

	if (!source)
		return NULL;
	credentials = g_new0(S3Credentials, 1);
	credentials->source = source;
	credentials->texts = g_string_chunk_new(256);
	credentials->settings = *settings;
	credentials->settings.repository = keep(credentials, settings->repository);
	credentials->settings.from = keep(credentials, settings->from);
	credentials->settings.file = keep(credentials, settings->file);
	credentials->settings.process = keep(credentials, settings->process);
	credentials->settings.endpoint = keep(credentials, settings->endpoint);
	credentials->settings.role = keep(credentials, settings->role);
	credentials->settings.token_file = keep(credentials, settings->token_file);
	credentials->settings.region = keep(credentials, settings->region);
	credentials->settings.proxy = keep(credentials, settings->proxy);
	credentials->settings.ca_file = keep(credentials, settings->ca_file);
	credentials->mutex = mutex_new();
	credentials->answered = condition_new();
	return credentials;
}

static void held_drop(struct held *held)
{
	if (!held || --held->users > 0)
		return;
	s3_keys_clear(&held->keys);
	g_free(held);
}

void s3_credentials_free(S3Credentials *credentials)
{
	if (!credentials)
		return;
	held_drop(credentials->held);
	g_clear_error(&credentials->failure);
	condition_free(credentials->answered);
	mutex_free(credentials->mutex);
	g_string_chunk_free(credentials->texts);
	g_free(credentials);
}

/* Under the mutex. */

static void forget(S3Credentials *credentials)
{
	held_drop(credentials->held);
	credentials->held = NULL;
}

static void take_keys(S3Credentials *credentials, const struct s3_keys *keys, usec_t given_at)
{
	usec_t lifetime = keys->expires - (given_at ? given_at : clock_now());

	forget(credentials);
	credentials->held = g_new0(struct held, 1);
	credentials->held->users = 1;
	credentials->held->keys = *keys;
	credentials->held->keys.number = credentials->answers;
	/* Clocks disagree: whether such keys have ended is the store's to say. */
	if (keys->expires == 0 || lifetime <= 0)
		lifetime = keys->expires == 0 ? G_MAXINT64 / 4 : 2 * RETRY_AFTER;
	credentials->renew = moment_after(s3_credentials_use(lifetime));
	credentials->end = moment_after(lifetime);
}

/* Keys that still hold outlast a source that does not answer: it is asked again after a while. */
static void take_failure(S3Credentials *credentials, GError *cause)
{
	credentials->failure = cause;
	credentials->renew = moment_after(RETRY_AFTER);
	if (!credentials->held || odr_error_is(cause, ODR_ERROR_STOPPED))
		return;
	g_autofree char *end = clock_format(credentials->held->keys.expires);

	log_warning("the credentials of repository '%s' end at %s and cannot be renewed so far: %s",
		    credentials->settings.repository, end, cause->message);
}

/* Whatever the reason: without keys there is no access. */
static GError *judge(GError *cause)
{
	static const enum odr_error kept[] = {ODR_ERROR_STOPPED, ODR_ERROR_USAGE,
					      ODR_ERROR_TRANSIENT, ODR_ERROR_UNREACHABLE};
	bool keep_code = false;

	for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
		keep_code = keep_code || odr_error_is(cause, kept[i]);
	if (!keep_code)
		cause->code = ODR_ERROR_AUTH;
	odr_context(&cause, "cannot read the credentials");
	return cause;
}

static void ask(S3Credentials *credentials)
{
	struct s3_keys keys = {0};
	usec_t given_at = 0;
	GError *cause = NULL;
	bool answered;

	credentials->asking = true;
	mutex_unlock(credentials->mutex);
	answered = credentials->source->read(&credentials->settings, &keys, &given_at, &cause);
	mutex_lock(credentials->mutex);
	credentials->asking = false;
	credentials->answers++;
	g_clear_error(&credentials->failure);
	if (answered)
		take_keys(credentials, &keys, given_at);
	else
		take_failure(credentials, judge(cause));
	condition_tell(credentials->answered);
}

static void wait_for_answer(S3Credentials *credentials)
{
	unsigned answers = credentials->answers;

	while (credentials->asking && credentials->answers == answers)
		condition_wait(credentials->answered, credentials->mutex);
}

/* Until there are keys or a reason why there are none. One thread asks, for all who wait meanwhile. */
static void refresh(S3Credentials *credentials)
{
	do {
		if (credentials->held && moment_reached(&credentials->end))
			forget(credentials);
		if (credentials->asking && !credentials->held)
			wait_for_answer(credentials);
		else if (!credentials->asking &&
			 (!credentials->held || moment_reached(&credentials->renew)))
			ask(credentials);
	} while (!credentials->held && !credentials->failure);
}

const struct s3_keys *s3_credentials_take(S3Credentials *credentials, GError **error)
{
	const struct s3_keys *keys = NULL;

	mutex_lock(credentials->mutex);
	refresh(credentials);
	if (credentials->held) {
		credentials->held->users++;
		keys = &credentials->held->keys;
	} else if (error) {
		*error = g_error_copy(credentials->failure);
	}
	mutex_unlock(credentials->mutex);
	return keys;
}

void s3_credentials_give_back(S3Credentials *credentials, const struct s3_keys *keys)
{
	struct held *held = (struct held *)keys;

	mutex_lock(credentials->mutex);
	held_drop(held);
	mutex_unlock(credentials->mutex);
}

char *s3_credentials_describe(const S3Credentials *credentials)
{
	const struct s3_source_settings *settings = &credentials->settings;
	g_auto(GStrv) parts = g_strsplit(credentials->source->what, "%s", 2);

	return g_strjoinv(settings->file ? settings->file : settings->process, parts);
}

void s3_credentials_ended(S3Credentials *credentials, unsigned number)
{
	mutex_lock(credentials->mutex);
	if (credentials->held && credentials->held->keys.number == number)
		forget(credentials);
	mutex_unlock(credentials->mutex);
}

static void moment_earlier(struct moment *moment, usec_t span)
{
	moment->wall -= span;
	moment->monotonic -= span;
}

void s3_credentials_age(S3Credentials *credentials, usec_t time)
{
	mutex_lock(credentials->mutex);
	moment_earlier(&credentials->renew, time);
	moment_earlier(&credentials->end, time);
	mutex_unlock(credentials->mutex);
}
