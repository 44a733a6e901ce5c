#include "cli/run/notify.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/process.h"
#include "base/stop.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "drill/measure/outcome.h"
#include "http/exchange.h"

#include <string.h>

#define FILE_MAX     ((size_t)16 << 10)
#define WAIT_FIRST   USEC_PER_SEC /* between attempts; doubled each time */
#define WAIT_LONGEST (30 * USEC_PER_SEC)

/* ---- who ----------------------------------------------------------------------------------------- */

static const struct settings_notify *group_of(const Settings *settings, const char *name)
{
	for (guint i = 0; i < settings->notifies->len; i++) {
		const struct settings_notify *notify = settings->notifies->pdata[i];

		if (strcmp(notify->name, name) == 0)
			return notify;
	}
	return NULL;
}

static void add(GPtrArray *chosen, const Settings *settings, char *const *names)
{
	for (; *names; names++) {
		const struct settings_notify *notify = group_of(settings, *names);

		if (notify && !g_ptr_array_find(chosen, notify, NULL))
			g_ptr_array_add(chosen, (gpointer)notify);
	}
}

/* Who is told that a drill begins: whoever waits for its end. */
static void add_waiting(GPtrArray *chosen, const Settings *settings, const struct plan_notify *plan)
{
	add(chosen, settings, plan->on_pass);
	add(chosen, settings, plan->on_fail);
	add(chosen, settings, plan->on_missed);
	for (guint i = chosen->len; i-- > 0;)
		if (strcmp(((const struct settings_notify *)chosen->pdata[i])->type,
			   "healthchecks") != 0)
			g_ptr_array_remove_index(chosen, i);
}

GPtrArray *notify_chosen(const Settings *settings, const struct plan_notify *plan, const char *text)
{
	GPtrArray *chosen = g_ptr_array_new();
	enum drill_outcome outcome;

	if (!text) {
		add_waiting(chosen, settings, plan);
		return chosen;
	}
	if (!drill_outcome_parse(text, &outcome))
		outcome = OUTCOME_ERROR;
	switch (outcome) {
	case OUTCOME_PASS:
	case OUTCOME_WARNINGS:
		add(chosen, settings, plan->on_pass);
		break;
	case OUTCOME_FAIL_OBJECTIVE:
		add(chosen, settings, plan->on_missed);
		break;
	case OUTCOME_ABANDONED:
		add(chosen, settings, plan->on_abandoned);
		break;
	case OUTCOME_SKIPPED:
		break;
	default:
		add(chosen, settings, plan->on_fail);
	}
	return chosen;
}

GPtrArray *notify_of_units(const Settings *settings)
{
	g_auto(GStrv) names = settings_split(settings->on_unit_failure);
	GPtrArray *chosen = g_ptr_array_new();

	if (names)
		add(chosen, settings, names);
	return chosen;
}

/* ---- what ---------------------------------------------------------------------------------------- */

char *notify_body(const struct notify_message *message, const char *host, usec_t time)
{
	g_autoptr(JsonValue) body = json_object();

	json_set_string(body, "type", "odrbackup-notification");
	json_set_string(body, "format", "1.0");
	json_set_string(body, "service", message->service);
	json_set_string(body, "plan", message->plan);
	json_set_string(body, "run", message->run);
	json_set_string(body, "unit", message->unit);
	json_set_string(body, "result", message->result);
	json_set_string(body, "invocation", message->invocation);
	json_set_string(body, "outcome", message->outcome);
	if (message->exit_status == NOTIFY_STATUS_UNKNOWN)
		json_set_string(body, "exit_status", NULL);
	else
		json_set_int(body, "exit_status", message->exit_status);
	json_set_string(body, "summary", message->summary);
	json_set_string(body, "host", host);
	json_set_time(body, "time", time);
	return json_print(body);
}

char *notify_run_uuid(const char *run)
{
	uint8_t d[SHA256_SIZE];

	sha256(run, strlen(run), d);
	d[6] = (d[6] & 0x0f) | 0x80; /* version 8: bits of one's own (RFC 9562) */
	d[8] = (d[8] & 0x3f) | 0x80;
	return g_strdup_printf(
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d[0], d[1],
		d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14],
		d[15]);
}

static char *status_text(const struct notify_message *message, const char *unknown)
{
	return message->exit_status == NOTIFY_STATUS_UNKNOWN
		       ? g_strdup(unknown)
		       : g_strdup_printf("%d", message->exit_status);
}

/* ---- by a command -------------------------------------------------------------------------------- */

static bool tell_command(const struct settings_notify *notify, const struct notify_message *message,
			 GError **error)
{
	g_auto(GStrv) argv = settings_split(notify->command);
	g_auto(GStrv) environment = g_get_environ();
	struct process_result result = {0};
	bool done;

	const struct {
		const char *name, *value;
	} facts[] = {{"ODR_SERVICE", message->service}, {"ODR_PLAN", message->plan},
		     {"ODR_RUN_ID", message->run},	{"ODR_UNIT", message->unit},
		     {"ODR_RESULT", message->result},	{"ODR_INVOCATION", message->invocation},
		     {"ODR_OUTCOME", message->outcome}, {"ODR_SUMMARY", message->summary}};
	g_autofree char *status = status_text(message, "");

	for (size_t i = 0; i < G_N_ELEMENTS(facts); i++)
		environment = g_environ_setenv(environment, facts[i].name,
					       facts[i].value ? facts[i].value : "", TRUE);
	environment = g_environ_setenv(environment, "ODR_EXIT", status, TRUE);
	if (!process_run(&(struct process_request){.argv = (const char *const *)argv,
						   .environment = (const char *const *)environment,
						   .timeout_us = notify->timeout},
			 &result, error))
		return false;
	done = result.status == 0 || odr_fail(error, ODR_ERROR_TRANSIENT, "%s %s", argv[0],
					      result.timed_out ? "did not end in time" : "failed");
	if (!done && !result.timed_out)
		odr_context(error, "status %d", result.status);
	process_result_clear(&result);
	return done;
}

/* ---- by HTTP ------------------------------------------------------------------------------------- */

static bool read_line(const char *path, char **line, GError **error)
{
	if (!path)
		return true;
	if (!file_read_secret(path, FILE_MAX, line, error))
		return false;
	g_strstrip(*line);
	return (**line && !strpbrk(*line, "\r\n")) ||
	       odr_fail(error, ODR_ERROR_USAGE, "'%s' does not hold one line", path);
}

/* "Name: value" in place. */
static bool split_header(char *line, const char *path, struct http_header *header, GError **error)
{
	char *colon = strchr(line, ':');

	if (!colon || colon == line)
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' holds no header; one looks like Authorization: Bearer …",
				path);
	*colon = '\0';
	*header = (struct http_header){g_strstrip(line), g_strstrip(colon + 1)};
	return true;
}

/* Where what is told: a check of healthchecks has its own addresses, and gets no text. */
static char *url_of(const struct settings_notify *notify, const char *base,
		    const struct notify_message *message)
{
	g_autofree char *uuid = message->run ? notify_run_uuid(message->run) : NULL;
	size_t size = strlen(base);

	if (strcmp(notify->type, "healthchecks") != 0)
		return g_strdup(base);
	while (size > 0 && base[size - 1] == '/')
		size--;
	g_autofree char *end = message->outcome ? status_text(message, "fail") : g_strdup("start");

	return g_strdup_printf("%.*s/%s%s%s", (int)size, base, end, uuid ? "?rid=" : "",
			       uuid ? uuid : "");
}

/* 5xx and 429 may be otherwise the next time; what else is no success will not. */
static bool judge_status(unsigned status, GError **error)
{
	if (status >= 200 && status < 300)
		return true;
	return odr_fail(error,
			status >= 500 || status == 429 ? ODR_ERROR_TRANSIENT : ODR_ERROR_REFUSED,
			"the server answers %u", status);
}

static bool post(const struct settings_notify *notify, const char *url,
		 const struct http_header *secret, const struct notify_message *message,
		 GError **error)
{
	g_autoptr(HttpAnswer) answer = http_answer_new();
	g_autofree char *body = strcmp(notify->type, "http") == 0
					? notify_body(message, g_get_host_name(), clock_now())
					: g_strdup("");
	const struct iovec part = {body, strlen(body)};
	const struct http_header headers[] = {{"Content-Type", "application/json"},
					      secret ? *secret : (struct http_header){0}};
	const struct http_request request = {
		.method = "POST",
		.url = url,
		.headers = headers,
		.header_count = secret ? 2 : 1,
		.parts = &part,
		.part_count = 1,
		.body = true,
		.limit = HTTP_TROUBLE_MAX,
		.ca_file = notify->ca_file,
		.connect_within = notify->timeout,
		.silent_within = notify->timeout,
		.within = notify->timeout,
		.plain = g_str_has_prefix(url, "http://"),
	};

	return http_exchange(&request, answer, error) && judge_status(answer->status, error);
}

/* What may be secret: its size is that before it is taken apart. */
struct secret {
	char *text;
	size_t size;
};

static bool read_secret(const char *path, struct secret *secret, GError **error)
{
	bool done = read_line(path, &secret->text, error);

	secret->size = secret->text ? strlen(secret->text) : 0;
	return done;
}

static void forget(struct secret *secret)
{
	if (secret->text)
		secret_wipe(secret->text, secret->size);
	g_free(secret->text);
}

static bool tell_url(const struct settings_notify *notify, const char *base, char *line,
		     const struct notify_message *message, GError **error)
{
	const char *wrong = settings_notify_url_wrong(base, line != NULL);
	struct http_header header;

	if (wrong)
		return odr_fail(error, ODR_ERROR_USAGE, "it %s", wrong);
	if (line && !split_header(line, notify->header_file, &header, error))
		return false;

	struct secret url = {.text = url_of(notify, base, message)};
	bool done = post(notify, url.text, line ? &header : NULL, message, error);

	url.size = strlen(url.text);
	forget(&url);
	return done;
}

static bool tell_http(const struct settings_notify *notify, const struct notify_message *message,
		      GError **error)
{
	struct secret base = {.text = NULL}, line = {.text = NULL};
	bool done =
		read_secret(notify->url_file, &base, error) &&
		read_secret(notify->header_file, &line, error) &&
		tell_url(notify, notify->url ? notify->url : base.text, line.text, message, error);

	forget(&base);
	forget(&line);
	return done;
}

/* ---- all of it ----------------------------------------------------------------------------------- */

static bool tell_once(const struct settings_notify *notify, const struct notify_message *message,
		      GError **error)
{
	return strcmp(notify->type, "command") == 0 ? tell_command(notify, message, error)
						    : tell_http(notify, message, error);
}

static bool may_help(const GError *cause)
{
	return odr_error_is(cause, ODR_ERROR_TRANSIENT) ||
	       odr_error_is(cause, ODR_ERROR_UNREACHABLE);
}

static bool tell(const struct settings_notify *notify, const struct notify_message *message,
		 GError **error)
{
	usec_t wait = WAIT_FIRST;

	for (unsigned attempt = 1;; attempt++) {
		g_autoptr(GError) cause = NULL;

		if (tell_once(notify, message, &cause))
			return true;
		if (attempt >= notify->attempts || !may_help(cause)) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		if (!stop_wait(wait, error))
			return false;
		wait = MIN(2 * wait, WAIT_LONGEST);
	}
}

guint notify_tell(const GPtrArray *chosen, const struct notify_message *message)
{
	guint untold = 0;

	for (guint i = 0; i < chosen->len; i++) {
		const struct settings_notify *notify = chosen->pdata[i];
		g_autoptr(GError) trouble = NULL;

		if (tell(notify, message, &trouble))
			continue;
		log_warning("[notify %s] was not told: %s", notify->name, trouble->message);
		untold++;
	}
	return untold;
}

void notify_drill(const Settings *settings, const struct plan_notify *plan,
		  const struct notify_message *message)
{
	g_autoptr(GPtrArray) chosen = notify_chosen(settings, plan, message->outcome);
	int stopped = stop_signal();

	/* Who is stopped still says so. A further signal ends that. */
	stop_request(0);
	notify_tell(chosen, message);
	if (stopped)
		stop_request(stopped);
}
