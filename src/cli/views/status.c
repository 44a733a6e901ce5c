#include "cli/views/status.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/line/output.h"
#include "cli/views/hold.h"
#include "cli/views/set.h"

#include <stdio.h>
#include <string.h>

#define NAME_WIDTH     24
#define SEVERITY_WIDTH 8

static void print_finding(const struct finding *finding)
{
	static const enum output_tint tints[] = {
		[FINDING_OK] = TINT_OK,
		[FINDING_WARNING] = TINT_WARNING,
		[FINDING_CRITICAL] = TINT_CRITICAL,
	};
	const char *name = finding_severity_name(finding->severity);
	g_autofree char *state = output_tint(name, tints[finding->severity]);
	g_autofree char *text = text_escape(finding->text);
	g_autofree char *advice = finding->advice ? text_escape(finding->advice) : NULL;

	printf("%s%*s %s%s%s\n", state, (int)(SEVERITY_WIDTH - strlen(name)), "",
	       finding->where ? finding->where : "", finding->where ? ": " : "", text);
	if (advice)
		printf("%*s -> %s\n", SEVERITY_WIDTH, "", advice);
}

void findings_print(const GPtrArray *findings, bool with_ok)
{
	for (enum finding_severity severity = FINDING_OK; severity <= FINDING_CRITICAL;
	     severity++) {
		for (guint i = 0; i < findings->len; i++) {
			const struct finding *finding = findings->pdata[i];

			if (finding->severity == severity && (with_ok || severity != FINDING_OK))
				print_finding(finding);
		}
	}
}

static void print_headline(const struct status *status)
{
	unsigned critical = findings_count(status->findings, FINDING_CRITICAL);
	unsigned warnings = findings_count(status->findings, FINDING_WARNING);

	g_autofree char *count = count_format(warnings, "warning");

	if (critical > 0) {
		g_autofree char *state = output_tint("needs attention now", TINT_CRITICAL);

		printf("%s: %s (%u critical%s%s)\n", status->service, state, critical,
		       warnings > 0 ? ", " : "", warnings > 0 ? count : "");
		return;
	}
	g_autofree char *state = output_tint("recoverable", warnings > 0 ? TINT_WARNING : TINT_OK);

	printf("%s: %s, %s%s\n", status->service, state,
	       warnings > 0 ? "with " : "nothing is wrong", warnings > 0 ? count : "");
}

static void print_revised(const struct exposure_summary *week)
{
	g_autofree char *time = duration_format(week->revised - week->revised % USEC_PER_SEC);

	if (week->revised > 0)
		output_line(NAME_WIDTH, "  ",
			    "revised for %s: what was stored turned out to be lost", time);
}

static void print_exposure(const struct status *status, const struct status_repository *repository)
{
	const struct exposure_summary *week = &repository->week;
	g_autofree char *now = duration_format(repository->exposure);
	g_autofree char *rpo = duration_format(status->rpo);
	g_autofree char *worst = duration_format(week->maximum);
	g_autofree char *mean = duration_format(week->mean);
	g_autofree char *over = duration_format(week->over);
	g_autofree char *episodes = count_format(week->episodes, "episode");

	if (status->rpo > 0)
		output_line(NAME_WIDTH, "  exposed to loss", "%s now; the objective is %s", now,
			    rpo);
	else
		output_line(NAME_WIDTH, "  exposed to loss", "%s now; no objective is set", now);
	if (week->known < USEC_PER_MIN)
		return;

	g_autofree char *known = duration_format(week->known - week->known % USEC_PER_MIN);
	g_autofree char *name = g_strdup_printf("  in the last %s", known);

	output_line(NAME_WIDTH, name, "%s at worst, %s on average", worst, mean);
	if (status->rpo > 0 && week->over > 0)
		output_line(NAME_WIDTH, "  ", "%s over the objective, in %s", over, episodes);
	print_revised(week);
}

static void print_at_risk(const struct status *status, const struct status_repository *repository)
{
	const struct at_risk *risk = &repository->at_risk;
	usec_t age = MAX(status->now - risk->since, 0);
	g_autofree char *time =
		duration_format(age < USEC_PER_SEC ? age : age - age % USEC_PER_SEC);

	if (repository->database_sets == 0)
		return;
	if (risk->basis == AT_RISK_UNKNOWN)
		output_line(NAME_WIDTH, "  at risk", "not known: %s", risk->why);
	else if (risk->since == 0)
		output_line(NAME_WIDTH, "  at risk", "nothing: every commit is stored");
	else
		output_line(NAME_WIDTH, "  at risk", "%s of the last %s",
			    risk->basis == AT_RISK_WAL ? "commits" : "at most commits", time);
}

static void print_gaps(const struct status_repository *repository)
{
	g_autofree char *size = size_format(repository->wal_bytes);
	g_autofree char *files = count_format(repository->wal_files, "file");
	g_autofree char *gaps = count_format(repository->gaps->len, "gap");

	output_line(NAME_WIDTH, "  WAL", "%s, %s, %s", files, size,
		    repository->gaps->len == 0 ? "without gaps" : gaps);
}

/* ", 4 min at worst and 2 min on average in the last 6 d": once there is enough to tell; g_free. */
static char *week_text(const struct exposure_summary *week)
{
	g_autofree char *worst = duration_format(week->maximum - week->maximum % USEC_PER_SEC);
	g_autofree char *mean = duration_format(week->mean - week->mean % USEC_PER_SEC);
	g_autofree char *known = duration_format(week->known - week->known % USEC_PER_MIN);

	return week->known < USEC_PER_MIN
		       ? g_strdup("")
		       : g_strdup_printf("; %s at worst, %s on average in the last %s", worst, mean,
					 known);
}

/* "filestore", or what it is that is whole. */
static const char *point_name(const struct status_point *point)
{
	return strcmp(point->part, STATUS_WHOLE) == 0 ? "database and files" : point->part;
}

static void print_points(const struct status_repository *repository)
{
	for (guint i = 0; i < repository->points->len; i++) {
		const struct status_point *point =
			&g_array_index(repository->points, struct status_point, i);
		g_autofree char *name = g_strconcat("  ", point_name(point), NULL);
		g_autofree char *age = time_with_age(point->point);
		g_autofree char *week = week_text(&point->week);

		if (point->point == 0)
			continue;
		output_line(NAME_WIDTH, name, "as of %s%s", age, week);
		print_revised(&point->week);
	}
}

static json_t *points_json(const struct status_repository *repository)
{
	json_t *object = json_object();

	for (guint i = 0; i < repository->points->len; i++) {
		const struct status_point *point =
			&g_array_index(repository->points, struct status_point, i);

		json_set_known_time(object, point->part, point->point);
	}
	return object;
}

static void print_repository(const struct status *status,
			     const struct status_repository *repository)
{
	g_autofree char *point = time_with_age(repository->recovery_point);
	g_autofree char *first = time_with_age(repository->first_point);
	g_autofree char *newest = status_age(status->now, repository->newest_stopped);
	g_autofree char *oldest = status_age(status->now, repository->oldest_stopped);
	g_autofree char *stored = size_format(repository->stored);

	if (status->repositories->len > 1)
		printf("\n%s\n", repository->name);
	if (repository->sets == 0) {
		output_line(NAME_WIDTH, "  sets", "none");
		return;
	}
	if (repository->recovery_point) {
		output_line(NAME_WIDTH, "  newest moment", "%s", point);
		output_line(NAME_WIDTH, "  oldest moment", "%s", first);
		print_exposure(status, repository);
		print_at_risk(status, repository);
	}
	if (repository->sets == 1)
		output_line(NAME_WIDTH, "  sets", "1, finished %s; %s stored", newest, stored);
	else
		output_line(NAME_WIDTH, "  sets",
			    "%u, the newest finished %s, the oldest %s; %s stored",
			    repository->sets, newest, oldest, stored);
	if (repository->database_sets > 0)
		print_gaps(repository);
	print_points(repository);
	if (repository->protection)
		output_line(NAME_WIDTH, "  protection", "%s", repository->protection);
}

static void print_holds(const struct status *status)
{
	for (guint i = 0; i < status->holds->len; i++) {
		const struct hold *hold = status->holds->pdata[i];
		g_autofree char *words = hold_view_words(hold);

		if (hold_in_force(hold, status->now))
			output_line(NAME_WIDTH, "  held", "set %s, %s", hold->set_id, words);
	}
}

static void print_drift(const struct status *status)
{
	const struct config_drift *drift = &status->drift;
	g_autofree char *age = status_age(status->now, drift->time);
	g_autofree char *items = count_format((uint64_t)MAX(drift->items, 0), "item");

	if (drift->items < 0)
		return;
	output_line(NAME_WIDTH, "  configuration", "%s changed since the last drill, %s",
		    drift->items > 0 ? items : "nothing", age);
}

static void print_runs(const struct status *status)
{
	for (guint i = 0; i < status->running->len; i++) {
		const struct catalog_run *run = status->running->pdata[i];
		g_autofree char *since = duration_format(status->now - run->started);
		g_autofree char *name = g_strdup_printf("  %s now", run->command);

		output_line(NAME_WIDTH, name, "running for %s (process %" G_GINT64_FORMAT ")",
			    since, run->pid);
	}
	for (guint i = 0; i < status->last->len; i++) {
		const struct catalog_run *run = status->last->pdata[i];
		g_autofree char *age = status_age(status->now, run->started);
		g_autofree char *took = duration_format(MAX(run->finished - run->started, 0));
		g_autofree char *name = g_strdup_printf("  last %s", run->command);

		if (run->finished)
			output_line(NAME_WIDTH, name, "%s, %s, took %s", run->outcome, age, took);
		else
			output_line(NAME_WIDTH, name, "%s, %s", run->outcome, age);
	}
}

void status_print(const struct status *status)
{
	print_headline(status);
	for (guint i = 0; i < status->repositories->len; i++)
		print_repository(status, status->repositories->pdata[i]);
	if (status->repositories->len > 1 && status->last->len + status->running->len > 0)
		printf("\n");
	print_runs(status);
	print_drift(status);
	print_holds(status);
	if (status->findings->len > 0)
		printf("\n");
	findings_print(status->findings, false);
}

static json_t *drift_json(const struct config_drift *drift)
{
	json_t *object = json_object();

	json_set_known(object, "items", drift->items);
	json_set_string(object, "drilled", drift->drilled);
	json_set_string(object, "run", drift->run);
	json_set_known_time(object, "time", drift->time);
	json_set_string(object, "captured", drift->captured);
	json_set(object, "paths", json_strings(drift->paths));
	return object;
}

json_t *findings_json(const GPtrArray *findings)
{
	json_t *array = json_array();

	for (guint i = 0; i < findings->len; i++) {
		const struct finding *finding = findings->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "severity", finding_severity_name(finding->severity));
		json_set_string(object, "code", finding->code);
		json_set_string(object, "where", finding->where);
		json_set_string(object, "text", finding->text);
		json_set_string(object, "advice", finding->advice);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *gaps_json(const GArray *gaps)
{
	json_t *array = json_array();

	for (guint i = 0; i < gaps->len; i++) {
		const struct status_gap *gap = &g_array_index(gaps, struct status_gap, i);
		json_t *object = json_object();

		json_set_int(object, "timeline", gap->timeline);
		json_set_string(object, "first", gap->first);
		json_set_string(object, "last", gap->last);
		json_set_int(object, "segments", (int64_t)gap->segments);
		json_set_time(object, "stored_before", gap->before);
		json_set_time(object, "stored_after", gap->after);
		json_set_bool(object, "behind_newest_set", gap->open);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *at_risk_json(const struct status *status, const struct at_risk *risk)
{
	if (risk->basis == AT_RISK_UNKNOWN)
		return json_null();
	return json_integer(risk->since ? MAX(status->now - risk->since, 0) : 0);
}

/* now: what would be lost; -1: not known. */
static json_t *exposure_json(usec_t now, usec_t objective, const struct exposure_summary *week)
{
	json_t *object = json_object();

	json_set(object, "now_us", now < 0 ? json_null() : json_integer(now));
	json_set(object, "objective_us", objective ? json_integer(objective) : json_null());
	json_set_int(object, "period_us", STATUS_PERIOD);
	json_set_int(object, "unknown_us", week->unknown);
	json_set_int(object, "revised_us", week->revised);
	json_set(object, "maximum_us", week->known ? json_integer(week->maximum) : json_null());
	json_set(object, "mean_us", week->known ? json_integer(week->mean) : json_null());
	json_set(object, "over_us",
		 week->known && objective ? json_integer(week->over) : json_null());
	json_set(object, "episodes",
		 week->known && objective ? json_integer(week->episodes) : json_null());
	json_set(object, "within", objective ? json_real(week->within) : json_null());
	return object;
}

static json_t *database_exposure_json(const struct status *status,
				      const struct status_repository *repository)
{
	json_t *object = exposure_json(repository->exposure, status->rpo, &repository->week);

	json_set(object, "at_risk_us", at_risk_json(status, &repository->at_risk));
	json_set_string(object, "at_risk_basis", at_risk_basis_name(repository->at_risk.basis));
	json_set_string(object, "at_risk_unknown", repository->at_risk.why);
	return object;
}

/* Of files, configuration and the whole, by name. */
static json_t *exposures_json(const struct status *status,
			      const struct status_repository *repository)
{
	json_t *object = json_object();

	for (guint i = 0; i < repository->points->len; i++) {
		const struct status_point *point =
			&g_array_index(repository->points, struct status_point, i);
		usec_t now = point->point ? MAX(status->now - point->point, 0) : -1;

		json_set(object, point->part, exposure_json(now, point->objective, &point->week));
	}
	return object;
}

static json_t *repository_json(const struct status *status,
			       const struct status_repository *repository)
{
	json_t *object = json_object();
	char end[LSN_FORMAT_SIZE];

	json_set_string(object, "name", repository->name);
	json_set_known_time(object, "recovery_point", repository->recovery_point);
	json_set_known_time(object, "first_point", repository->first_point);
	json_set(object, "points", points_json(repository));
	json_set(object, "exposure", database_exposure_json(status, repository));
	json_set(object, "exposures", exposures_json(status, repository));
	json_set_int(object, "lost", repository->lost);
	json_set_int(object, "sets", repository->sets);
	json_set_int(object, "sets_damaged", repository->damaged);
	json_set_int(object, "sets_stored", (int64_t)repository->stored);
	json_set_string(object, "newest_set", repository->newest_set);
	json_set_known_time(object, "newest_set_stopped", repository->newest_stopped);
	json_set_string(object, "oldest_set", repository->oldest_set);
	json_set_known_time(object, "oldest_set_stopped", repository->oldest_stopped);
	json_set_int(object, "wal_files", (int64_t)repository->wal_files);
	json_set_int(object, "wal_bytes", (int64_t)repository->wal_bytes);
	json_set_string(object, "wal_end",
			repository->wal_end ? lsn_format(repository->wal_end, end) : NULL);
	json_set(object, "timeline",
		 repository->timeline ? json_integer(repository->timeline) : json_null());
	json_set(object, "gaps", gaps_json(repository->gaps));
	json_set_string(object, "protection", repository->protection);
	return object;
}

static json_t *runs_json(const GPtrArray *runs)
{
	json_t *array = json_array();

	for (guint i = 0; i < runs->len; i++) {
		const struct catalog_run *run = runs->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "run", run->run_id);
		json_set_string(object, "command", run->command);
		json_set_string(object, "outcome", run->outcome);
		json_set_time(object, "started", run->started);
		json_set_known_time(object, "finished", run->finished);
		json_set(object, "exit_status",
			 run->finished ? json_integer(run->exit_status) : json_null());
		json_set_string(object, "set", run->set_id);
		json_set_string(object, "message", run->message);
		json_set_int(object, "bytes", (int64_t)run->bytes);
		json_set_int(object, "pid", run->pid);
		json_array_append_new(array, object);
	}
	return array;
}

json_t *status_json(const struct status *status)
{
	json_t *document = json_object();
	json_t *repositories = json_array();

	for (guint i = 0; i < status->repositories->len; i++)
		json_array_append_new(repositories,
				      repository_json(status, status->repositories->pdata[i]));
	json_set_string(document, "service", status->service);
	json_set_time(document, "time", status->now);
	json_set_string(document, "state", finding_severity_name(findings_worst(status->findings)));
	json_set_known_time(document, "recovery_point",
			    status->best ? status->best->recovery_point : 0);
	json_set_string(document, "best_repository", status->best ? status->best->name : NULL);
	json_set_known_time(document, "whole_recovery_point",
			    status->whole ? status_point(status->whole, STATUS_WHOLE) : 0);
	json_set_string(document, "whole_repository", status->whole ? status->whole->name : NULL);
	json_set(document, "repositories", repositories);
	json_set(document, "running", runs_json(status->running));
	json_set(document, "last_runs", runs_json(status->last));
	json_set(document, "holds", hold_view_json(status->holds, NULL));
	json_set(document, "config_drift", drift_json(&status->drift));
	json_set(document, "findings", findings_json(status->findings));
	return document;
}
