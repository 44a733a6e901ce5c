#include "cli/status_view.h"

#include "base/json.h"
#include "cli/output.h"
#include "cli/set_view.h"

#include <stdio.h>
#include <string.h>

static void line(const char *name, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void line(const char *name, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_autofree char *safe = output_escape(text);

	printf("  %-22s %s\n", name, safe);
}

void findings_print(const GPtrArray *findings)
{
	for (guint i = 0; i < findings->len; i++) {
		const struct finding *finding = findings->pdata[i];
		g_autofree char *text = output_escape(finding->text);
		g_autofree char *advice = finding->advice ? output_escape(finding->advice) : NULL;

		if (finding->severity == FINDING_OK)
			continue;
		printf("%-8s %s%s%s\n", finding_severity_name(finding->severity),
		       finding->where ? finding->where : "", finding->where ? ": " : "", text);
		if (advice)
			printf("         -> %s\n", advice);
	}
}

static void print_headline(const struct status *status)
{
	unsigned critical = findings_count(status->findings, FINDING_CRITICAL);
	unsigned warnings = findings_count(status->findings, FINDING_WARNING);

	if (critical > 0)
		printf("%s: needs attention now (%u critical, %u warning%s)\n", status->service,
		       critical, warnings, warnings == 1 ? "" : "s");
	else if (warnings > 0)
		printf("%s: recoverable, with %u warning%s\n", status->service, warnings,
		       warnings == 1 ? "" : "s");
	else
		printf("%s: recoverable, nothing is wrong\n", status->service);
}

static void print_exposure(const struct status *status, const struct status_repository *repository)
{
	const struct exposure_summary *week = &repository->week;
	g_autofree char *now = duration_format(repository->exposure);
	g_autofree char *rpo = duration_format(status->rpo);
	g_autofree char *worst = duration_format(week->maximum);
	g_autofree char *mean = duration_format(week->mean);
	g_autofree char *over = duration_format(week->over);

	if (status->rpo > 0)
		line("exposed to loss", "%s now; the objective is %s", now, rpo);
	else
		line("exposed to loss", "%s now; no objective is set", now);
	if (week->known < USEC_PER_MIN)
		return;

	g_autofree char *known = duration_format(week->known - week->known % USEC_PER_MIN);
	g_autofree char *name = g_strdup_printf("in the last %s", known);

	line(name, "%s at worst, %s on average", worst, mean);
	if (status->rpo > 0 && week->over > 0)
		line("", "%s over the objective, in %u episode%s", over, week->episodes,
		     week->episodes == 1 ? "" : "s");
}

static void print_gaps(const struct status_repository *repository)
{
	g_autofree char *size = size_format(repository->wal_bytes);
	unsigned gaps = repository->gaps->len;

	if (gaps == 0)
		line("WAL", "%" G_GUINT64_FORMAT " files, %s, without gaps", repository->wal_files,
		     size);
	else
		line("WAL", "%" G_GUINT64_FORMAT " files, %s, with %u gap%s", repository->wal_files,
		     size, gaps, gaps == 1 ? "" : "s");
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
		line("sets", "none");
		return;
	}
	if (repository->recovery_point) {
		line("newest moment", "%s", point);
		line("oldest moment", "%s", first);
		print_exposure(status, repository);
	}
	if (repository->sets == 1)
		line("sets", "1, finished %s; %s stored", newest, stored);
	else
		line("sets", "%u, the newest finished %s, the oldest %s; %s stored",
		     repository->sets, newest, oldest, stored);
	print_gaps(repository);
}

static void print_runs(const struct status *status)
{
	for (guint i = 0; i < status->running->len; i++) {
		const struct catalog_run *run = status->running->pdata[i];
		g_autofree char *since = duration_format(status->now - run->started);
		g_autofree char *name = g_strdup_printf("%s now", run->command);

		line(name, "running for %s (process %" G_GINT64_FORMAT ")", since, run->pid);
	}
	for (guint i = 0; i < status->last->len; i++) {
		const struct catalog_run *run = status->last->pdata[i];
		g_autofree char *age = status_age(status->now, run->started);
		g_autofree char *took = duration_format(MAX(run->finished - run->started, 0));
		g_autofree char *name = g_strdup_printf("last %s", run->command);

		if (run->finished)
			line(name, "%s, %s, took %s", run->outcome, age, took);
		else
			line(name, "%s, %s", run->outcome, age);
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
	if (status->findings->len > 0)
		printf("\n");
	findings_print(status->findings);
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

static json_t *exposure_json(const struct status *status,
			     const struct status_repository *repository)
{
	const struct exposure_summary *week = &repository->week;
	json_t *object = json_object();

	json_set(object, "now_us",
		 repository->exposure < 0 ? json_null() : json_integer(repository->exposure));
	json_set(object, "objective_us", status->rpo ? json_integer(status->rpo) : json_null());
	json_set_int(object, "period_us", STATUS_PERIOD);
	json_set_int(object, "unknown_us", week->unknown);
	json_set(object, "maximum_us", week->known ? json_integer(week->maximum) : json_null());
	json_set(object, "mean_us", week->known ? json_integer(week->mean) : json_null());
	json_set(object, "over_us",
		 week->known && status->rpo ? json_integer(week->over) : json_null());
	json_set(object, "episodes",
		 week->known && status->rpo ? json_integer(week->episodes) : json_null());
	json_set(object, "within", status->rpo ? json_real(week->within) : json_null());
	return object;
}

static void set_time_or_null(json_t *object, const char *name, usec_t time)
{
	json_set_time(object, name, time > 0 ? time : -1);
}

static json_t *repository_json(const struct status *status,
			       const struct status_repository *repository)
{
	json_t *object = json_object();
	char end[LSN_FORMAT_SIZE];

	json_set_string(object, "name", repository->name);
	set_time_or_null(object, "recovery_point", repository->recovery_point);
	set_time_or_null(object, "first_point", repository->first_point);
	json_set(object, "exposure", exposure_json(status, repository));
	json_set_int(object, "sets", repository->sets);
	json_set_int(object, "sets_damaged", repository->damaged);
	json_set_int(object, "sets_stored", (int64_t)repository->stored);
	json_set_string(object, "newest_set", repository->newest_set);
	set_time_or_null(object, "newest_set_stopped", repository->newest_stopped);
	json_set_string(object, "oldest_set", repository->oldest_set);
	set_time_or_null(object, "oldest_set_stopped", repository->oldest_stopped);
	json_set_int(object, "wal_files", (int64_t)repository->wal_files);
	json_set_int(object, "wal_bytes", (int64_t)repository->wal_bytes);
	json_set_string(object, "wal_end",
			repository->wal_end ? lsn_format(repository->wal_end, end) : NULL);
	json_set(object, "timeline",
		 repository->timeline ? json_integer(repository->timeline) : json_null());
	json_set(object, "gaps", gaps_json(repository->gaps));
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
		set_time_or_null(object, "finished", run->finished);
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
	set_time_or_null(document, "recovery_point",
			 status->best ? status->best->recovery_point : 0);
	json_set_string(document, "best_repository", status->best ? status->best->name : NULL);
	json_set(document, "repositories", repositories);
	json_set(document, "running", runs_json(status->running));
	json_set(document, "last_runs", runs_json(status->last));
	json_set(document, "findings", findings_json(status->findings));
	return document;
}
