/* Of a drill's record: what checks and servers said, and why it ended. */
#include "base/bytes.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "drill/engine/record.h"
#include "drill/measure/statistics.h"
#include "drill/report/reading.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_EXCERPT 16384 /* bytes of the end */

json_t *drill_record_checks(const Drill *drill)
{
	const struct drill_redaction redaction = {drill->plan->evidence.redact == PLAN_REDACT_HASH,
						  drill->request->run_id};
	json_t *section = json_array();

	for (guint i = 0; i < drill->results->len; i++)
		json_array_append_new(
			section, drill_check_result_json(drill->results->pdata[i], &redaction));
	return section;
}

json_t *drill_record_files(const Drill *drill)
{
	struct filestore_proof sum = {0};
	json_t *section;
	bool any = false;

	for (guint i = 0; drill->databases && i < drill->databases->len; i++) {
		const struct drill_database *database = drill->databases->pdata[i];

		if (!database->has_proof)
			continue;
		any = true;
		sum.named += database->proof.named;
		sum.checked += database->proof.checked;
		sum.missing += database->proof.missing;
		sum.wrong_size += database->proof.wrong_size;
		sum.wrong_content += database->proof.wrong_content + database->proof.wrong_name;
		sum.baseline += database->proof.baseline;
		sum.unnamed += database->proof.unnamed;
	}
	if (!any)
		return json_null();
	section = json_object();
	json_set_int(section, "named", (int64_t)sum.named);
	json_set_int(section, "checked", (int64_t)sum.checked);
	json_set_int(section, "missing", (int64_t)sum.missing);
	json_set_int(section, "size_mismatch", (int64_t)sum.wrong_size);
	json_set_int(section, "hash_mismatch", (int64_t)sum.wrong_content);
	/* Of one database alone, only what it names is fetched. */
	if (drill->plan->select.database)
		json_set(section, "orphans", json_null());
	else
		json_set_int(section, "orphans", (int64_t)sum.unnamed);
	json_set_int(section, "baseline", (int64_t)sum.baseline);
	json_set_int(section, "restored", (int64_t)drill->files.result.files);
	json_set_int(section, "bytes", (int64_t)drill->files.result.bytes);
	json_set_string(section, "gap", drill->files.choice.gap);
	json_set_bool(section, "sampled", sum.checked < sum.named);
	if (sum.checked < sum.named) {
		g_autofree char *bound =
			g_strdup_printf("%.6g", statistics_damage_bound(sum.named, sum.checked));

		json_set_string(section, "bound95", bound);
	} else {
		json_set(section, "bound95", json_null());
	}
	return section;
}

static json_t *left_out_json(const Drill *drill, const char *database)
{
	json_t *object = json_object();
	g_autofree char *what = g_strdup_printf("database '%s'", database);
	g_autofree char *reason =
		g_strdup_printf("only '%s' was to be recovered", drill->plan->select.database);

	json_set_string(object, "what", what);
	json_set_string(object, "database", database);
	json_set_string(object, "reason", reason);
	return object;
}

json_t *drill_record_unassessed(const Drill *drill)
{
	json_t *section = json_array();

	for (guint i = 0; i < drill->results->len; i++) {
		const DrillCheckResult *result = drill->results->pdata[i];
		json_t *object;

		if (result->status != DRILL_CHECK_UNASSESSED)
			continue;
		object = json_object();
		json_set_string(object, "what", result->check->name);
		json_set_string(object, "database", result->database);
		json_set_string(object, "reason", result->message);
		json_array_append_new(section, object);
	}
	for (guint i = 0; i < drill->left_out->len; i++)
		json_array_append_new(section, left_out_json(drill, drill->left_out->pdata[i]));
	return section;
}

/* A server quotes values where it complains. */
static bool is_any_redacted(const DrillPlan *plan)
{
	for (guint i = 0; i < plan->checks->len; i++)
		if (((struct plan_check *)plan->checks->pdata[i])->redact)
			return true;
	return false;
}

static bool take_all(int fd, struct sha256 *state, GString *end)
{
	g_autofree char *piece = g_malloc(LOG_EXCERPT);
	ssize_t got;

	while ((got = read(fd, piece, LOG_EXCERPT)) > 0 || (got < 0 && errno == EINTR)) {
		if (got < 0)
			continue;
		sha256_update(state, piece, (size_t)got);
		g_string_append_len(end, piece, got);
		if (end->len > LOG_EXCERPT)
			g_string_erase(end, 0, (gssize)(end->len - LOG_EXCERPT));
	}
	return got == 0;
}

/* The digest of all of it, and its end. False: it cannot be read, or is no file: what writes there could put something else. */
static bool read_log(const char *path, uint8_t digest[SHA256_SIZE], GString *end)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct sha256 *state = sha256_new();
	struct stat about;
	bool done = fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
		    take_all(fd, state, end);

	sha256_final(state, digest);
	sha256_free(state);
	if (fd >= 0)
		close(fd);
	return done;
}

static void add_log(const Drill *drill, json_t *logs, const char *name, const char *path)
{
	g_autoptr(GString) end = g_string_new(NULL);
	uint8_t digest[SHA256_SIZE];

	if (!path || !read_log(path, digest, end))
		return;

	g_autofree char *hex = hex_encode(digest, SHA256_SIZE);
	g_autofree char *excerpt = g_utf8_make_valid(end->str, (gssize)end->len);
	json_t *log = json_object();

	json_set_string(log, "name", name);
	json_set_string(log, "sha256", hex);
	json_set_string(log, "excerpt", is_any_redacted(drill->plan) ? NULL : excerpt);
	json_array_append_new(logs, log);
}

/* The servers' words belong to the evidence: their logs are there when the sandbox is gone. */
json_t *drill_record_logs(const Drill *drill)
{
	json_t *logs = json_array();

	add_log(drill, logs, "postgresql", drill->replica ? replica_log(drill->replica) : NULL);
	add_log(drill, logs, "odoo", drill->odoo_log);
	return logs;
}

json_t *drill_record_failure(const Drill *drill)
{
	json_t *failure;

	if (!drill->failure)
		return json_null();
	failure = json_object();
	json_set_string(failure, "state", drill->state);
	json_set_int(failure, "exit_status", odr_error_exit_status(drill->failure));
	json_set_string(failure, "meaning", drill_outcome_name(drill->failing));
	json_set_string(failure, "message", drill->failure->message);
	return failure;
}

json_t *drill_record_end_of_wal(const Drill *drill)
{
	return *drill->claimed ? json_boolean(drill_claim_holds(drill)) : json_null();
}

/* ---- what has to be seen to ---------------------------------------------------------------------- */

static void find(const Drill *drill, json_t *findings, const char *id, const char *severity,
		 const char *text)
{
	json_t *finding = json_object();

	json_set_string(finding, "id", id);
	json_set_string(finding, "severity", severity);
	json_set_string(finding, "text", text);
	json_set_string(finding, "owner", drill->plan->owner);
	json_set_string(finding, "due", NULL);
	json_set_string(finding, "status", "open");
	json_array_append_new(findings, finding);
}

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* As the record has them: what is redacted there is redacted here. */
static void find_in_checks(const Drill *drill, const json_t *checks, json_t *findings)
{
	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *check = json_array_get(checks, i);
		const char *database = text_of(check, "database");
		const char *message = text_of(check, "message");
		g_autofree char *id =
			g_strdup_printf("check:%s%s%s", text_of(check, "name"), database ? ":" : "",
					database ? database : "");

		if (g_strcmp0(text_of(check, "status"), "fail") == 0 &&
		    g_strcmp0(text_of(check, "severity"), "fail") == 0)
			find(drill, findings, id,
			     json_is_true(json_object_get(check, "gate")) ? "critical" : "high",
			     message ? message : "it failed");
	}
}

static void find_in_controls(const Drill *drill, json_t *findings)
{
	for (size_t i = 0; i < json_array_size(drill->controls); i++) {
		const json_t *control = json_array_get(drill->controls, i);
		g_autofree char *id = g_strconcat("control:", text_of(control, "name"), NULL);

		if (g_strcmp0(text_of(control, "status"), "fail") == 0)
			find(drill, findings, id, "critical",
			     "planted damage was not found by the check that has to find it");
	}
}

static void find_in_objectives(const Drill *drill, const json_t *objectives, json_t *findings)
{
	for (size_t i = 0; i < json_array_size(objectives); i++) {
		const json_t *objective = json_array_get(objectives, i);
		const char *scope = text_of(objective, "scope"), *kind = text_of(objective, "kind");
		g_autofree char *id = g_strdup_printf("objective:%s:%s", scope, kind);
		g_autofree char *limit = duration_format(
			json_integer_value(json_object_get(objective, "objective_us")));
		g_autofree char *measured = duration_format(
			json_integer_value(json_object_get(objective, "measured_us")));
		g_autofree char *text = g_strdup_printf("%s, %s: %s measured, the objective is %s",
							scope, kind, measured, limit);

		if (g_strcmp0(text_of(objective, "state"), "missed") == 0)
			find(drill, findings, id, "high", text);
	}
}

json_t *drill_record_found(const Drill *drill, const json_t *record)
{
	json_t *findings = json_array();

	if (drill->failure && drill->failing == OUTCOME_FAIL_RESTORE)
		find(drill, findings, "restore", "critical", drill->failure->message);
	if (*drill->claimed && !drill_claim_holds(drill))
		find(drill, findings, FINDING_CLAIM, "critical",
		     "less WAL is in the repository than the catalog claims");
	find_in_checks(drill, json_object_get(record, "checks"), findings);
	find_in_controls(drill, findings);
	find_in_objectives(drill, json_object_get(record, "objectives"), findings);
	return findings;
}
