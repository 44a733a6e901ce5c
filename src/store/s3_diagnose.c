/* What may stand between this host and a bucket, from the name of the endpoint to the rights. */
#include "store/s3_diagnose.h"

#include "base/error.h"
#include "http/connection.h"

#include <string.h>

#define CERTIFICATE_SOON (14 * USEC_PER_DAY)
#define CLOCK_TOLERATED	 (60 * USEC_PER_SEC)
#define CLOCK_REFUSED	 (15 * USEC_PER_MIN)

bool s3_diagnose_ask(const struct s3_diagnose *s3, const char *method, const char *key,
		     const struct s3_query *query, S3Answer *answer, GError **error)
{
	struct s3_call call = {.method = method, .key = key};

	for (size_t i = 0; query && query[i].name; i++)
		call.query[i] = query[i];
	return s3_call(s3->self, &call, answer, error);
}

bool s3_diagnose_delete(const struct s3_diagnose *s3, const char *name, const char *version,
			S3Answer *answer, GError **error)
{
	g_autofree char *key = s3_key(s3->self, name);
	const struct s3_query query[] = {{version && *version ? "versionId" : NULL, version},
					 {NULL, NULL}};

	return s3_diagnose_ask(s3, "DELETE", key, query, answer, error);
}

/* The way there. */

static void add_certificate(struct diagnose *diagnose, const struct http_connection *connection)
{
	g_autofree char *until = clock_format(connection->valid_until);
	bool soon = connection->valid_until > 0 &&
		    connection->valid_until < clock_now() + CERTIFICATE_SOON;

	diagnose_add(diagnose, "tls", soon ? STORE_STEP_WARNING : STORE_STEP_OK,
		     soon ? "renew the certificate of the endpoint" : NULL,
		     "verified: %s, by %s, until %s", connection->subject, connection->issuer,
		     connection->valid_until ? until : "a time that is not known");
	diagnose->out->facts.guarded = STORE_YES;
}

static bool is_loopback(const char *address)
{
	return g_str_has_prefix(address, "127.") || strcmp(address, "::1") == 0;
}

static void add_plain(struct diagnose *diagnose, const struct http_connection *connection)
{
	bool here = is_loopback(connection->address);
	const struct store_distrust *distrust = store_distrust(diagnose->store);

	diagnose->out->facts.guarded = here ? STORE_YES : STORE_NO;
	if (distrust)
		diagnose_add(
			diagnose, "tls", STORE_STEP_WARNING, distrust->advice,
			"none: plain http; who is on the way sees what is stored when, and may "
			"withhold it, so archive-get calls no WAL absent and no recovery ends "
			"by this repository");
	else
		diagnose_add(diagnose, "tls", STORE_STEP_OK, NULL, "none: plain http%s",
			     here ? " within this host" : ", for which plain-http=trusted vouches");
}

static void add_unreached(struct s3_diagnose *s3, const struct http_connection *connection,
			  const char *message)
{
	static const char *const names[] = {"dns", "connection", "tls"};
	static const char *const advice[] = {
		"correct endpoint=, or this host's resolver",
		"does the endpoint listen there? does a firewall or a proxy stand between?",
		"name the certificate's authority by ca-file=, or correct the host in endpoint=",
	};

	diagnose_add(s3->diagnose, names[connection->stage], STORE_STEP_BAD,
		     advice[connection->stage], "%s", message);
}

static void add_name(struct s3_diagnose *s3, const struct http_connection *connection)
{
	g_autofree char *took = duration_format(connection->name_took);
	g_autofree char *port = g_strdup_printf(":%ld", connection->port);
	g_autofree char *name = g_strdup(s3->self->host);

	if (g_str_has_suffix(name, port))
		name[strlen(name) - strlen(port)] = '\0';
	if (strcmp(name, connection->address) == 0)
		diagnose_add(s3->diagnose, "dns", STORE_STEP_OK, NULL, "%s needs no name", name);
	else
		diagnose_add(s3->diagnose, "dns", STORE_STEP_OK, NULL, "%s is %s, in %s", name,
			     connection->address, took);
}

static bool diagnose_way(struct s3_diagnose *s3)
{
	struct diagnose *diagnose = s3->diagnose;
	const struct s3_store *self = s3->self;
	g_autofree char *url = g_strconcat(self->base, "/", NULL);
	struct http_target target = {
		.url = url, .ca_file = self->ca_file, .proxy = self->proxy, .plain = self->plain};
	struct http_connection connection;
	g_autoptr(GError) cause = NULL;
	bool done = http_connect(&target, &connection, &cause);
	g_autofree char *connect_took = duration_format(connection.connect_took);

	if (done || connection.stage > HTTP_NAME)
		add_name(s3, &connection);
	if (done || connection.stage > HTTP_CONNECT)
		diagnose_add(diagnose, "connection", STORE_STEP_OK, NULL, "port %ld, in %s",
			     connection.port, connect_took);
	if (!done)
		add_unreached(s3, &connection, cause->message);
	else if (self->plain)
		add_plain(diagnose, &connection);
	else
		add_certificate(diagnose, &connection);
	diagnose->out->facts.elsewhere = !done				   ? STORE_UNKNOWN
					 : is_loopback(connection.address) ? STORE_NO
									   : STORE_YES;
	return done;
}

/* Who asks without a signature learns the store's time, and ought to learn nothing else. */

static void add_clock(struct diagnose *diagnose, usec_t ours, usec_t theirs)
{
	usec_t offset = theirs - ours;
	g_autofree char *here = clock_format(ours - ours % USEC_PER_SEC);
	g_autofree char *there = clock_format(theirs);
	g_autofree char *span = duration_format(ABS(offset) - ABS(offset) % USEC_PER_SEC);
	enum store_step_state state = ABS(offset) < CLOCK_TOLERATED ? STORE_STEP_OK
				      : ABS(offset) < CLOCK_REFUSED ? STORE_STEP_WARNING
								    : STORE_STEP_BAD;

	if (theirs == 0)
		diagnose_add(diagnose, "clock", STORE_STEP_SKIPPED, NULL,
			     "the store does not tell its time");
	/* Dates of HTTP are whole seconds. */
	else if (ABS(offset) < 2 * USEC_PER_SEC)
		diagnose_add(diagnose, "clock", STORE_STEP_OK, NULL, "here and there %s", there);
	else
		diagnose_add(diagnose, "clock", state,
			     state == STORE_STEP_OK ? NULL : "set this host's clock (NTP)",
			     "%s here, %s there: %s is %s %s", here, there,
			     offset > 0 ? "this host" : "the store", span, "behind");
}

static void add_public(struct diagnose *diagnose, unsigned status)
{
	if (status >= 200 && status < 300)
		diagnose_add(diagnose, "public", STORE_STEP_BAD,
			     "take the bucket's public access away",
			     "everybody may list the bucket, without any credential");
	else
		diagnose_add(diagnose, "public", STORE_STEP_OK, NULL,
			     "nobody is let in without a credential (HTTP %u)", status);
}

static bool diagnose_unsigned(struct s3_diagnose *s3)
{
	const struct s3_store *self = s3->self;
	g_autofree char *url = g_strconcat(self->base, self->folder, "/?list-type=2", NULL);
	g_autoptr(HttpAnswer) answer = http_answer_new();
	struct http_header host = {"host", self->host};
	g_autoptr(GError) cause = NULL;
	usec_t start = clock_now();
	struct http_request request = {.method = "GET",
				       .url = url,
				       .headers = &host,
				       .header_count = 1,
				       .limit = S3_REPLY_MAX,
				       .ca_file = self->ca_file,
				       .proxy = self->proxy,
				       .silent_within = self->silent_within,
				       .plain = self->plain};

	if (!http_exchange(&request, answer, &cause)) {
		diagnose_add(s3->diagnose, "answer", STORE_STEP_BAD,
			     "is this the endpoint of an S3 server?", "%s", cause->message);
		return false;
	}
	add_clock(s3->diagnose, (start + clock_now()) / 2, answer->date);
	add_public(s3->diagnose, answer->status);
	return true;
}

/* Credential and bucket: one question is answered by both. */

static bool diagnose_keys(struct s3_diagnose *s3, char **who)
{
	g_autofree char *source = s3_credentials_describe(s3->self->credentials);
	g_autoptr(GError) cause = NULL;
	const struct s3_keys *keys = s3_credentials_take(s3->self->credentials, &cause);

	if (!keys) {
		diagnose_add(s3->diagnose, "credential", STORE_STEP_BAD, NULL, "%s",
			     cause->message);
		return false;
	}
	g_autofree char *until = clock_format(keys->expires);

	*who = g_strdup_printf("access key %s from %s, %s%s", keys->access, source,
			       keys->expires ? "until " : "without end",
			       keys->expires ? until : "");
	s3_credentials_give_back(s3->self->credentials, keys);
	return true;
}

static void add_versions(struct s3_diagnose *s3, const S3Answer *answer, const GError *refusal)
{
	static const char *const advice =
		"switch the bucket's versioning on: then what is overwritten is still there";
	struct diagnose *diagnose = s3->diagnose;
	const GByteArray *body = answer->http->body;
	g_autoptr(GError) cause = NULL;
	enum s3_versioning versioning = S3_VERSIONING_NEVER;

	if (refusal) {
		diagnose_add(diagnose, "versions", STORE_STEP_SKIPPED,
			     "allow s3:GetBucketVersioning", "not known: %s", refusal->message);
		return;
	}
	if (!s3_reply_versioning(body->data, body->len, &versioning, &cause))
		diagnose_add(diagnose, "versions", STORE_STEP_WARNING, NULL,
			     "the store knows none: %s", cause->message);
	else if (versioning == S3_VERSIONING_SUSPENDED)
		diagnose_add(diagnose, "versions", STORE_STEP_WARNING, advice,
			     "suspended: what is overwritten now is gone");
	else if (versioning == S3_VERSIONING_NEVER)
		diagnose_add(diagnose, "versions", STORE_STEP_WARNING, advice,
			     "off: what is overwritten or deleted is gone");
	else
		diagnose_add(diagnose, "versions", STORE_STEP_OK, NULL, "on");
	diagnose->out->facts.versions = versioning == S3_VERSIONING_ENABLED ? STORE_YES : STORE_NO;
}

static const char *bucket_advice(const GError *cause)
{
	return odr_error_is(cause, ODR_ERROR_UNREACHABLE)
		       ? "correct bucket=, or let the owner of the account make it"
	       : odr_error_is(cause, ODR_ERROR_USAGE) ? "correct region= and endpoint="
						      : NULL;
}

/* The question that even a writer may ask. */
static bool diagnose_bucket(struct s3_diagnose *s3)
{
	static const struct s3_query query[] = {{"versioning", ""}, {NULL, NULL}};
	struct diagnose *diagnose = s3->diagnose;
	g_autoptr(S3Answer) answer = s3_answer_new();
	g_autoptr(GError) cause = NULL;
	g_autofree char *who = NULL;
	bool refused;

	if (!diagnose_keys(s3, &who))
		return false;
	s3_diagnose_ask(s3, "GET", NULL, query, answer, &cause);
	refused = odr_error_is(cause, ODR_ERROR_REFUSED);
	if (odr_error_is(cause, ODR_ERROR_AUTH)) {
		diagnose_add(diagnose, "credential", STORE_STEP_BAD, NULL, "%s: %s", who,
			     cause->message);
		return false;
	}
	diagnose_add(diagnose, "credential", STORE_STEP_OK, NULL, "%s", who);
	if (cause && !refused) {
		diagnose_add(diagnose, "bucket", STORE_STEP_BAD, bucket_advice(cause), "%s: %s",
			     s3->self->bucket, cause->message);
		return false;
	}
	diagnose_add(diagnose, "bucket", STORE_STEP_OK, NULL, "%s%s%s, region %s", s3->self->bucket,
		     *s3->self->prefix ? ", prefix " : "", s3->self->prefix, s3->self->region);
	add_versions(s3, answer, cause);
	return true;
}

/* Deleting. */

/* Without an object of ours, by the right to put a delete marker on a name that nobody uses. */
static void delete_nothing(struct s3_diagnose *s3)
{
	struct diagnose *diagnose = s3->diagnose;
	struct store_facts *facts = &diagnose->out->facts;
	g_autoptr(S3Answer) answer = s3_answer_new(), again = s3_answer_new();
	g_autoptr(GError) cause = NULL;
	bool done = s3_diagnose_delete(s3, diagnose->probe, NULL, answer, &cause);
	const char *marker = http_answer_header(answer->http, "x-amz-version-id");
	enum store_known known = diagnose_known(done, cause);

	facts->hide = known;
	facts->remove = known;
	if (done && marker)
		facts->remove = diagnose_known(
			s3_diagnose_delete(s3, diagnose->probe, marker, again, &cause), cause);
	diagnose_right(diagnose, STORE_RIGHT_REMOVE, known,
		       done ? "a name that nobody uses" : cause->message);
}

static enum store_known hide_probe(struct s3_diagnose *s3)
{
	g_autoptr(S3Answer) answer = s3_answer_new();
	g_autoptr(GError) cause = NULL;
	bool done = s3_diagnose_delete(s3, s3->diagnose->probe, NULL, answer, &cause);

	return diagnose_known(done, cause);
}

static void add_kept_probe(struct s3_diagnose *s3, const char *why)
{
	struct diagnose *diagnose = s3->diagnose;
	struct store_facts *facts = &diagnose->out->facts;

	if (s3->rule.days > 0) {
		diagnose_add(diagnose, "delete", STORE_STEP_SKIPPED, NULL,
			     "not known: the bucket locks whatever is stored, the probe stays");
		return;
	}
	facts->remove = STORE_NO;
	facts->hide = hide_probe(s3);
	if (facts->hide == STORE_YES && diagnose->inquiry->role != STORE_ROLE_ANY)
		diagnose_add(diagnose, "delete", STORE_STEP_WARNING,
			     "take s3:DeleteObject away from this credential",
			     "may hide objects behind delete markers, and delete none for good: %s",
			     why);
	else
		diagnose_right(diagnose, STORE_RIGHT_REMOVE, STORE_NO, why);
}

static void diagnose_delete(struct s3_diagnose *s3)
{
	struct diagnose *diagnose = s3->diagnose;
	struct store_facts *facts = &diagnose->out->facts;
	g_autoptr(S3Answer) answer = s3_answer_new();
	g_autoptr(GError) cause = NULL;
	bool done;

	if (!diagnose->probe_stored) {
		delete_nothing(s3);
		return;
	}
	done = s3_diagnose_delete(s3, diagnose->probe, diagnose->probe_version, answer, &cause);
	if (diagnose_known(done, cause) == STORE_NO) {
		add_kept_probe(s3, cause->message);
		return;
	}
	facts->remove = diagnose_known(done, cause);
	facts->hide = facts->remove;
	diagnose->probe_stored = !done;
	diagnose_right(diagnose, STORE_RIGHT_REMOVE, facts->remove,
		       done ? "the probe is removed" : cause->message);
}

void s3_diagnose(struct diagnose *diagnose)
{
	static const char *const all[] = {"clock",  "credential", "bucket", "versions",
					  "lock",   "put",	  "read",   "list",
					  "delete", "retention",  NULL};
	struct s3_diagnose s3 = {.diagnose = diagnose, .self = s3_store(diagnose->store)};
	bool way = diagnose_way(&s3) && diagnose_unsigned(&s3);

	if (!way || !diagnose_bucket(&s3)) {
		const char *why = way ? "the store lets nobody in" : "there is no way there";

		diagnose_skip(diagnose, all, why);
		diagnose_no_proof(diagnose, why);
		return;
	}
	diagnose->out->reached = true;
	s3_diagnose_lock(&s3);
	diagnose_put(diagnose);
	diagnose_read(diagnose);
	diagnose_list(diagnose);
	diagnose_delete(&s3);
	s3_diagnose_retention(&s3);
	if (diagnose->inquiry->prove_lock)
		s3_diagnose_proof(&s3);
}
