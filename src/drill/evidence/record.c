#include "drill/evidence/record.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "repo/layout.h"

#include <signal.h>
#include <string.h>

#define FORMAT_MAJOR "1."

/* What a member may be. */
enum {
	TEXT = 1,
	NUMBER = 2, /* a whole one */
	TRUTH = 4,
	LIST = 8,
	OBJECT = 16,
	NOTHING = 32, /* null */
	DIGEST = 64,  /* SHA-256, hex */
	TIME = 128,
	OUTCOME = 256, /* its name */
};
/* in: where it stands. "": at the top; "spans[]": in each of the list; what is null there has no members. */
static const struct member {
	const char *in, *name;
	unsigned types;
	const char *words; /* NULL: any */
} members[] = {
	{"", "type", TEXT, RECORD_TYPE},
	{"", "format", TEXT, NULL},
	{"", "run", OBJECT, NULL},
	{"", "scenario", TEXT | NOTHING, NULL},
	{"", "regime", TEXT | NOTHING, NULL},
	{"", "outcome", OUTCOME, NULL},
	{"", "also", LIST, NULL},
	{"", "failure", OBJECT | NOTHING, NULL},
	{"", "plan", OBJECT, NULL},
	{"", "draw", OBJECT, NULL},
	{"", "source", OBJECT, NULL},
	{"", "target", OBJECT, NULL},
	{"", "isolation", OBJECT, NULL},
	{"", "spans", LIST, NULL},
	{"", "critical_path", LIST, NULL},
	{"", "measured", OBJECT, NULL},
	{"", "objectives", LIST, NULL},
	{"", "assumptions", LIST, NULL},
	{"", "worst_case", OBJECT | NOTHING, NULL},
	{"", "checks", LIST, NULL},
	{"", "controls", LIST, NULL},
	{"", "requeue", OBJECT | NOTHING, NULL},
	{"", "filestore", OBJECT | NOTHING, NULL},
	{"", "neutralization", OBJECT | NOTHING, NULL},
	{"", "not_assessed", LIST, NULL},
	{"", "deviations", LIST, NULL},
	{"", "findings", LIST, NULL},
	{"", "logs", LIST, NULL},
	{"", "software", OBJECT, NULL},
	{"", "clock", OBJECT, NULL},
	{"", "end_of_wal_expected", TRUTH | NOTHING, NULL},
	{"", "summary", TEXT, NULL},
	{"", "previous_record_sha256", DIGEST | NOTHING, NULL},
	{"run", "id", TEXT, NULL},
	{"run", "slot", TEXT | NOTHING, NULL},
	{"run", "trigger", TEXT, NULL},
	{"run", "actor", OBJECT, NULL},
	{"run", "approver", TEXT | NOTHING, NULL},
	{"run", "ticket", TEXT | NOTHING, NULL},
	{"run", "incident", TEXT | NOTHING, NULL},
	{"failure", "state", TEXT, NULL},
	{"failure", "exit_status", NUMBER, NULL},
	{"failure", "meaning", OUTCOME, "fail-restore;error;refused;skipped;aborted;abandoned"},
	{"failure", "message", TEXT, NULL},
	{"plan", "name", TEXT, NULL},
	{"plan", "hash", DIGEST, NULL},
	{"plan", "files", LIST, NULL},
	{"plan.files[]", "name", TEXT, NULL},
	{"plan.files[]", "sha256", DIGEST, NULL},
	{"draw", "operator_chosen", TRUTH, NULL},
	{"source", "service", TEXT, NULL},
	{"source", "system_identifier", TEXT | NOTHING, NULL},
	{"source", "pg_version", NUMBER | NOTHING, NULL},
	{"source", "odoo_version", TEXT | NOTHING, NULL},
	{"source", "set", TEXT | NOTHING, NULL},
	{"source", "manifest_sha256", DIGEST | NOTHING, NULL},
	{"source", "repository", TEXT | NOTHING, NULL},
	{"source", "timeline", NUMBER | NOTHING, NULL},
	{"source", "wal", OBJECT | NOTHING, NULL},
	{"source", "lock", OBJECT | NOTHING, NULL},
	{"source.wal", "first", TEXT | NOTHING, NULL},
	{"source.wal", "last", TEXT | NOTHING, NULL},
	{"source.wal", "bytes", NUMBER, NULL},
	{"target", "host", TEXT, NULL},
	{"target", "host_class", TEXT | NOTHING, NULL},
	{"target", "facts", OBJECT | NOTHING, NULL},
	{"target", "postgres_sha256", DIGEST | NOTHING, NULL},
	{"target", "filesystem", TEXT | NOTHING, NULL},
	{"isolation", "namespaces", OBJECT | NOTHING, NULL},
	{"isolation", "probes", LIST, NULL},
	{"isolation", "verified", TRUTH, NULL},
	{"isolation.probes[]", "to", TEXT, NULL},
	{"isolation.probes[]", "errno", NUMBER | NOTHING, NULL},
	{"spans[]", "phase", TEXT,
	 "detect;decide;locate;provision;fetch;base;filestore;replay;startup;application;gate;"
	 "extended;cutover;teardown"},
	{"spans[]", "component", TEXT | NOTHING, NULL},
	{"spans[]", "start", TIME, NULL},
	{"spans[]", "end", TIME, NULL},
	{"spans[]", "mono_us", NUMBER, NULL},
	{"spans[]", "bytes", NUMBER, NULL},
	{"spans[]", "objects", NUMBER, NULL},
	{"spans[]", "retries", NUMBER, NULL},
	{"spans[]", "outcome", TEXT, "done;failed"},
	{"measured", "achieved_rpo_us", NUMBER | NOTHING, NULL},
	{"measured", "target_gap_us", NUMBER | NOTHING, NULL},
	{"measured", "rta_restore_only_us", NUMBER | NOTHING, NULL},
	{"measured", "rta_db_ready_us", NUMBER | NOTHING, NULL},
	{"measured", "rta_wall_us", NUMBER | NOTHING, NULL},
	{"measured", "rta_service_ready_us", NUMBER | NOTHING, NULL},
	{"measured", "rta_with_assumptions_us", NUMBER | NOTHING, NULL},
	{"objectives[]", "scope", TEXT, NULL},
	{"objectives[]", "kind", TEXT, NULL},
	{"objectives[]", "objective_us", NUMBER | NOTHING, NULL},
	{"objectives[]", "measured_us", NUMBER | NOTHING, NULL},
	{"objectives[]", "state", TEXT, "missed;not-proven;not-assessed;exempt;met"},
	{"objectives[]", "reasons", LIST, NULL},
	{"assumptions[]", "name", TEXT, NULL},
	{"assumptions[]", "duration_us", NUMBER, NULL},
	{"checks[]", "name", TEXT, NULL},
	{"checks[]", "type", TEXT, NULL},
	{"checks[]", "process", LIST, NULL},
	{"checks[]", "stage", TEXT, "paused;promoted;neutralized;app;extended"},
	{"checks[]", "gate", TRUTH, NULL},
	{"checks[]", "severity", TEXT, "fail;warn;info"},
	{"checks[]", "status", TEXT, "pass;fail;not-assessed"},
	{"checks[]", "message", TEXT | NOTHING, NULL},
	{"controls[]", "name", TEXT, NULL},
	{"controls[]", "status", TEXT, "pass;fail;not-assessed"},
	{"findings[]", "id", TEXT, NULL},
	{"findings[]", "severity", TEXT, NULL},
	{"logs[]", "name", TEXT, NULL},
	{"logs[]", "sha256", DIGEST, NULL},
	{"software", "version", TEXT, NULL},
};

void record_free(Record *record)
{
	if (!record)
		return;
	json_decref(record->document);
	g_free(record);
}

static bool is_text(const json_t *value)
{
	return json_is_string(value) &&
	       strlen(json_string_value(value)) == json_string_length(value);
}

static bool is_digest(const json_t *value)
{
	return is_text(value) && json_string_length(value) == (size_t)2 * SHA256_SIZE &&
	       hex_is_digits(json_string_value(value), (size_t)2 * SHA256_SIZE);
}

static bool is_time(const json_t *value)
{
	usec_t time;

	return is_text(value) && clock_parse(json_string_value(value), &time, NULL);
}

static bool is_outcome(const json_t *value)
{
	enum drill_outcome outcome;

	return is_text(value) && drill_outcome_parse(json_string_value(value), &outcome);
}

static bool is_of_types(const json_t *value, unsigned types)
{
	return ((types & TEXT) && is_text(value)) || ((types & NUMBER) && json_is_integer(value)) ||
	       ((types & TRUTH) && json_is_boolean(value)) ||
	       ((types & LIST) && json_is_array(value)) ||
	       ((types & OBJECT) && json_is_object(value)) ||
	       ((types & NOTHING) && json_is_null(value)) ||
	       ((types & DIGEST) && is_digest(value)) || ((types & TIME) && is_time(value)) ||
	       ((types & OUTCOME) && is_outcome(value));
}

static bool is_one_of(const char *word, const char *words)
{
	g_auto(GStrv) list = g_strsplit(words, ";", 0);

	return g_strv_contains((const char *const *)list, word);
}

static bool check_member(json_t *object, const struct member *member, GError **error)
{
	const json_t *value = json_object_get(object, member->name);

	if (value && is_of_types(value, member->types) &&
	    (!member->words || is_one_of(json_string_value(value), member->words)))
		return true;
	return odr_fail(error, ODR_ERROR_CORRUPT, "member '%s%s%s' of the record is %s", member->in,
			*member->in ? "." : "", member->name,
			value ? "not what it may be" : "missing");
}

/* One of every object that the path leads to. */
static bool check_below(json_t *object, const char *path, const struct member *member,
			GError **error)
{
	size_t length = strcspn(path, ".[");
	g_autofree char *name = g_strndup(path, length);
	const char *rest = path + length + (g_str_has_prefix(path + length, "[]") ? 2 : 0);
	json_t *value;

	if (!*path)
		return check_member(object, member, error);
	rest += *rest == '.';
	value = json_object_get(object, name);
	if (!json_is_array(value))
		return !json_is_object(value) || check_below(value, rest, member, error);
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!check_below(json_array_get(value, i), rest, member, error))
			return false;
	return true;
}

static bool check_format(json_t *document, GError **error)
{
	const char *format;

	if (!json_string_member(document, "the record", "format", &format, error))
		return false;
	return g_str_has_prefix(format, FORMAT_MAJOR) ||
	       odr_fail(error, ODR_ERROR_REFUSED,
			"the record is of format %s, this program reads 1.x", format);
}

static bool check_members(json_t *document, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
		if (!check_below(document, members[i].in, &members[i], error))
			return false;
	return true;
}

static const char *text_at(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

bool record_parse(const char *text, size_t size, Record **record, GError **error)
{
	g_autoptr(Record) found = g_new0(Record, 1);
	const json_t *run, *plan;

	if (size > RECORD_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT, "the record is too large");
	if (!json_parse(text, size, "the record", &found->document, error) ||
	    !check_format(found->document, error) || !check_members(found->document, error))
		return false;
	run = json_object_get(found->document, "run");
	plan = json_object_get(found->document, "plan");
	found->run = text_at(run, "id");
	found->slot = text_at(run, "slot");
	found->plan = text_at(plan, "name");
	found->plan_hash = text_at(plan, "hash");
	found->outcome = text_at(found->document, "outcome");
	found->previous = text_at(found->document, "previous_record_sha256");
	found->service = text_at(json_object_get(found->document, "source"), "service");
	found->draw = json_object_get(found->document, "draw");
	if (!set_id_valid(found->run))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"member 'run.id' of the record is not what it may be");
	*record = g_steal_pointer(&found);
	return true;
}

/* Outcomes. */

static bool says(const json_t *object, const char *name, const char *word)
{
	return g_strcmp0(text_at(object, name), word) == 0;
}

static bool check_failed(const json_t *check)
{
	return says(check, "severity", "fail") && says(check, "status", "fail");
}

static bool gate_unassessed(const json_t *check)
{
	return says(check, "status", "not-assessed") &&
	       json_is_true(json_object_get(check, "gate"));
}

static bool check_warns(const json_t *check)
{
	return (says(check, "severity", "warn") && says(check, "status", "fail")) ||
	       json_is_true(json_object_get(check, "warned")) ||
	       (says(check, "status", "not-assessed") && !says(check, "severity", "info") &&
		!gate_unassessed(check));
}

static bool control_passed(const json_t *control)
{
	return says(control, "status", "fail");
}

static bool objective_missed(const json_t *objective)
{
	return says(objective, "state", "missed");
}

static unsigned count(const Record *record, const char *list, bool (*is_so)(const json_t *))
{
	const json_t *array = json_object_get(record->document, list);
	unsigned found = 0;

	for (size_t i = 0; i < json_array_size(array); i++)
		found += is_so(json_array_get(array, i));
	return found;
}

/* What ended it early, as an error of the exit status that the record has. */
static GError *failure_of(const Record *record, enum drill_outcome *failing)
{
	const json_t *failure = json_object_get(record->document, "failure");
	json_int_t status = json_integer_value(json_object_get(failure, "exit_status"));
	GError *error = NULL;

	if (!json_is_object(failure))
		return NULL;
	drill_outcome_parse(text_at(failure, "meaning"), failing);
	odr_fail(&error, ODR_ERROR_SYSTEM, "%s", text_at(failure, "message"));
	for (int code = ODR_ERROR_SYSTEM; code <= ODR_ERROR_STOPPED; code++) {
		error->code = code;
		if (odr_error_exit_status(error) == status)
			return error;
	}
	error->code = status == 128 + SIGINT || status == 128 + SIGTERM ? ODR_ERROR_STOPPED
									: ODR_ERROR_SYSTEM;
	return error;
}

unsigned record_outcomes(const Record *record)
{
	struct drill_facts facts = {
		.checks_failed = count(record, "checks", check_failed),
		.controls_passed = count(record, "controls", control_passed),
		.gates_unassessed = count(record, "checks", gate_unassessed),
		.objectives_missed = count(record, "objectives", objective_missed),
		.warnings =
			count(record, "checks", check_warns) +
			(unsigned)json_array_size(json_object_get(record->document, "deviations")),
	};
	g_autoptr(GError) failure = failure_of(record, &facts.failing);

	facts.failure = failure;
	return drill_outcomes(&facts);
}

/* Names, the worst first, with a blank between; g_free. */
static char *names_of(unsigned outcomes)
{
	GString *names = g_string_new(NULL);

	for (int outcome = 0; outcome < OUTCOMES; outcome++)
		if (outcomes & (1U << outcome))
			g_string_append_printf(names, "%s%s", names->len ? " " : "",
					       drill_outcome_name((enum drill_outcome)outcome));
	return g_string_free(names, FALSE);
}

/* ---- what stands in it twice ---------------------------------------------------------------------- */

static const json_t *measured_of(const Record *record)
{
	return json_object_get(record->document, "measured");
}

/* Which figure an objective is of; NULL: one that stands nowhere else. */
static const json_t *figure_of(const Record *record, const json_t *objective)
{
	static const struct {
		const char *scope, *kind, *figure;
	} all[] = {{"service", "rpo", "achieved_rpo_us"},
		   {"service", "rto", "rta_with_assumptions_us"},
		   {"service", "target-gap", "target_gap_us"},
		   {"database", "rto", "rta_db_ready_us"}};
	const char *scope = text_at(objective, "scope");

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
		if (strcmp(scope, all[i].scope) == 0 && says(objective, "kind", all[i].kind))
			return json_object_get(measured_of(record), all[i].figure);
	if (g_str_has_prefix(scope, "process ") && says(objective, "kind", "rto"))
		return json_object_get(json_object_get(measured_of(record), "rta_process"),
				       scope + strlen("process "));
	return NULL;
}

static const char *state_due(const json_t *limit, const json_t *measured)
{
	if (!json_is_integer(limit))
		return "not-assessed";
	if (!json_is_integer(measured))
		return "not-proven";
	return json_integer_value(measured) <= json_integer_value(limit) ? "met" : "missed";
}

/* What somebody exempted says why. */
static bool is_exempt(const json_t *objective)
{
	return says(objective, "state", "exempt") &&
	       json_array_size(json_object_get(objective, "reasons")) > 0;
}

static bool check_objective(const Record *record, const json_t *objective, GError **error)
{
	const json_t *measured = json_object_get(objective, "measured_us");
	const json_t *figure = figure_of(record, objective);
	const char *due = state_due(json_object_get(objective, "objective_us"), measured);

	if (figure && !json_equal(figure, measured))
		return odr_fail(
			error, ODR_ERROR_CORRUPT,
			"the objective '%s' of %s has another figure than what was measured",
			text_at(objective, "kind"), text_at(objective, "scope"));
	return is_exempt(objective) || says(objective, "state", due) ||
	       odr_fail(error, ODR_ERROR_CORRUPT,
			"the objective '%s' of %s is called %s, and by its figures is %s",
			text_at(objective, "kind"), text_at(objective, "scope"),
			text_at(objective, "state"), due);
}

static bool check_objectives(const Record *record, GError **error)
{
	const json_t *objectives = json_object_get(record->document, "objectives");

	for (size_t i = 0; i < json_array_size(objectives); i++)
		if (!check_objective(record, json_array_get(objectives, i), error))
			return false;
	return true;
}

/* Assumptions are added, all of them. */
static bool check_assumptions(const Record *record, GError **error)
{
	const json_t *assumptions = json_object_get(record->document, "assumptions");
	const json_t *ready = json_object_get(measured_of(record), "rta_service_ready_us");
	const json_t *with = json_object_get(measured_of(record), "rta_with_assumptions_us");
	json_int_t sum = json_integer_value(ready);

	for (size_t i = 0; i < json_array_size(assumptions); i++)
		if (__builtin_add_overflow(sum,
					   json_integer_value(json_object_get(
						   json_array_get(assumptions, i), "duration_us")),
					   &sum))
			return odr_fail(error, ODR_ERROR_CORRUPT, "its assumptions are too long");
	return (json_is_integer(ready) == json_is_integer(with) &&
		(!json_is_integer(ready) || json_integer_value(with) == sum)) ||
	       odr_fail(error, ODR_ERROR_CORRUPT,
			"rta_with_assumptions_us is not the sum of rta_service_ready_us and the "
			"assumptions");
}

static bool check_words(const Record *record, GError **error)
{
	unsigned due = record_outcomes(record);
	g_autofree char *due_names = names_of(due);
	const json_t *also = json_object_get(record->document, "also");
	g_autoptr(GString) said = g_string_new(NULL);

	for (size_t i = 0; i < json_array_size(also); i++)
		g_string_append_printf(said, "%s%s", i ? " " : "",
				       json_string_value(json_array_get(also, i)) ?: "?");
	if (strcmp(said->str, due_names) == 0 &&
	    strcmp(record->outcome, drill_outcome_name(drill_outcome_worst(due))) == 0)
		return true;
	return odr_fail(error, ODR_ERROR_CORRUPT,
			"the record says %s (%s), what stands in it comes to: %s", record->outcome,
			said->str, due_names);
}

bool record_check_outcome(const Record *record, GError **error)
{
	return check_objectives(record, error) && check_assumptions(record, error) &&
	       check_words(record, error);
}
