#include "drill/report/metrics.h"

#include "base/text.h"
#include "repo/manifest.h"

#include <stdarg.h>
#include <string.h>

static const struct {
	const char *name, *help;
	bool counter; /* else a gauge */
} families[] = {
	{"build_info", "What program wrote this; always 1."},
	{"last_run_timestamp_seconds", "When a command was last begun."},
	{"last_success_timestamp_seconds", "When a command last ended well."},
	{"last_exit_code", "Exit status of the last run of a command."},
	{"command_duration_seconds", "How long the last run of a command took."},
	{"recovery_point_timestamp_seconds", "The newest moment that can be recovered."},
	{"first_recovery_point_timestamp_seconds", "The oldest moment that can be recovered."},
	{"rpo_objective_seconds", "How much may be lost at most."},
	{"rpo_exposure_max_seconds", "The largest exposure to loss in a window of time."},
	{"wal_last_archived_timestamp_seconds", "When WAL was last stored in a repository."},
	{"wal_gap_segments", "WAL segments that are missing between others."},
	{"newest_set_timestamp_seconds", "When the newest set with a database was complete."},
	{"sets", "Sets by state."},
	{"set_bytes",
	 "Bytes of the newest set with a database: its content, and what was stored for it."},
	{"repository_bytes", "Bytes that sets hold in a repository."},
	{"altered_objects", "Objects found hidden or replaced within 30 days."},
	{"unlocked_objects",
	 "Objects without a lock, where the last scan of a repository that locks "
	 "found any."},
	{"lock_until_timestamp_seconds",
	 "Until when the newest set is locked in a repository, as check read it back last."},
	{"key_age_seconds", "How long ago a key of this host was endorsed."},
	{"config_drift",
	 "Items of the configuration that changed since the last passed drill restored it."},
	{"drill_last_timestamp_seconds", "When a plan was last drilled."},
	{"drill_last_pass_timestamp_seconds", "When a drill of a plan last passed."},
	{"drill_outcome", "1 for the outcome of the last drill of a plan."},
	{"drill_rta_seconds", "Recovery time of the last drill of a plan, by figure."},
	{"drill_phase_seconds", "Phases of the last drill on its critical path."},
	{"drill_fetch_bytes_per_second",
	 "Content of the database that the last drill brought back, for each second of that."},
	{"drill_replay_bytes_per_second",
	 "WAL that the last drill replayed, for each second of that."},
	{"drill_checks", "Checks of the last drill by status."},
	{"drill_achieved_rpo_seconds", "What the last drill to the latest moment lost."},
	{"drill_target_gap_seconds", "Target gap of the last drill."},
	{"drill_worst_case_seconds", "Estimate of the worst recovery time."},
	{"drill_rto_objective_seconds", "How long a recovery may take at most, for a plan."},
	{"drill_due_timestamp_seconds", "Until when a drill of a plan has to have passed."},
	{"filestore_missing_files",
	 "Files that databases name and the last drill with a filestore did not find."},
	{"drill_leftovers", "What drills left in the sandbox of a plan beyond its time."},
	{"wal_queue_segments", "WAL segments that waited for the archiver, as check found last."},
	{"verify_coverage_ratio", "Share of objects that were read back within verify-cycle."},
	{"sla_state", "1 for the state of an objective in this quarter."},
	{"audit_chain_ok", "1 while each line of the audit chain follows from the one before."},
	{"audit_checkpoint_timestamp_seconds",
	 "When a checkpoint of the audit chain was last stored."},
	{"kit_test_timestamp_seconds", "When a drill with the recovery kit last passed."},
	{"runs_total", "Runs by command and outcome.", true},
	{"wal_archived_total", "WAL files that were archived.", true},
	{"wal_bytes_total", "Their bytes, as stored.", true},
	{"wal_failed_total", "Failed attempts of the archiver, as check found last.", true},
	{"verify_errors_total", "Objects that were read back and found damaged.", true},
	{"rpo_over_objective_seconds_total",
	 "Time in which more could be lost than the objective allows.", true},
};

struct metrics {
	GString *samples[G_N_ELEMENTS(families)];
};

Metrics *metrics_new(void)
{
	return g_new0(Metrics, 1);
}

void metrics_free(Metrics *metrics)
{
	if (!metrics)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(families); i++)
		if (metrics->samples[i])
			g_string_free(metrics->samples[i], TRUE);
	g_free(metrics);
}

static size_t family_index(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(families); i++)
		if (strcmp(families[i].name, name) == 0)
			return i;
	g_assert_not_reached();
}

static void add_label(GString *out, const char *name, const char *value, bool first)
{
	g_autofree char *safe = text_escape(value);

	g_string_append_printf(out, "%s%s=\"", first ? "{" : ",", name);
	for (const char *at = safe; *at; at++) {
		if (*at == '\\' || *at == '"')
			g_string_append_c(out, '\\');
		g_string_append_c(out, *at);
	}
	g_string_append_c(out, '"');
}

void metrics_add(Metrics *metrics, const char *family, double value, ...)
{
	size_t index = family_index(family);
	char number[G_ASCII_DTOSTR_BUF_SIZE];
	bool first = true;
	const char *label;
	va_list labels;

	if (!metrics->samples[index])
		metrics->samples[index] = g_string_new(NULL);

	GString *out = metrics->samples[index];

	g_string_append_printf(out, "odrbackup_%s", family);
	va_start(labels, value);
	while ((label = va_arg(labels, const char *))) {
		add_label(out, label, va_arg(labels, const char *), first);
		first = false;
	}
	va_end(labels);
	g_string_append_printf(out, "%s %s\n", first ? "" : "}",
			       g_ascii_formatd(number, sizeof(number), "%.15g", value));
}

char *metrics_print(const Metrics *metrics)
{
	GString *out = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(families); i++)
		if (metrics->samples[i])
			g_string_append_printf(out,
					       "# HELP odrbackup_%s %s\n# TYPE odrbackup_%s %s\n%s",
					       families[i].name, families[i].help, families[i].name,
					       families[i].counter ? "counter" : "gauge",
					       metrics->samples[i]->str);
	return g_string_free(out, FALSE);
}

static double seconds(int64_t time)
{
	return (double)time / (double)USEC_PER_SEC;
}

/* ---- the catalog ------------------------------------------------------------------------------ */

static void add_repository(Metrics *metrics, const struct status *status,
			   const struct status_repository *repository)
{
	static const char *const windows[STATUS_WINDOWS] = {
		[STATUS_DAY] = "1d", [STATUS_WEEK] = "7d", [STATUS_QUARTER] = "90d"};
	const char *s = status->service, *r = repository->name;
	const usec_t *largest = repository->largest;
	uint64_t missing = 0;

	for (guint i = 0; i < repository->gaps->len; i++)
		missing += g_array_index(repository->gaps, struct status_gap, i).segments;
	if (repository->recovery_point > 0)
		metrics_add(metrics, "recovery_point_timestamp_seconds",
			    seconds(repository->recovery_point), "service", s, "repository", r,
			    "component", PART_DATABASE, NULL);
	for (guint i = 0; i < repository->points->len; i++) {
		const struct status_point *point =
			&g_array_index(repository->points, struct status_point, i);

		if (strcmp(point->part, STATUS_WHOLE) == 0)
			largest = point->largest;

		if (point->point > 0)
			metrics_add(metrics, "recovery_point_timestamp_seconds",
				    seconds(point->point), "service", s, "repository", r,
				    "component", point->part, NULL);
	}
	if (repository->first_point > 0)
		metrics_add(metrics, "first_recovery_point_timestamp_seconds",
			    seconds(repository->first_point), "service", s, "repository", r, NULL);
	for (int i = 0; i < STATUS_WINDOWS; i++)
		if (largest[i] >= 0)
			metrics_add(metrics, "rpo_exposure_max_seconds", seconds(largest[i]),
				    "service", s, "repository", r, "window", windows[i], NULL);
	if (repository->wal_stored > 0)
		metrics_add(metrics, "wal_last_archived_timestamp_seconds",
			    seconds(repository->wal_stored), "service", s, "repository", r, NULL);
	if (repository->database_stopped > 0)
		metrics_add(metrics, "newest_set_timestamp_seconds",
			    seconds(repository->database_stopped), "service", s, "repository", r,
			    NULL);
	if (repository->database_sets > 0) {
		metrics_add(metrics, "wal_gap_segments", (double)missing, "service", s,
			    "repository", r, NULL);
		metrics_add(metrics, "set_bytes", (double)repository->database_content, "service",
			    s, "repository", r, "which", "content", NULL);
		metrics_add(metrics, "set_bytes", (double)repository->database_stored, "service", s,
			    "repository", r, "which", "stored", NULL);
	}
	metrics_add(metrics, "sets", repository->sets - repository->damaged, "service", s,
		    "repository", r, "state", "good", NULL);
	metrics_add(metrics, "sets", repository->damaged, "service", s, "repository", r, "state",
		    "source-damaged", NULL);
	metrics_add(metrics, "repository_bytes", (double)repository->stored, "service", s,
		    "repository", r, NULL);
	metrics_add(metrics, "altered_objects", repository->altered, "service", s, "repository", r,
		    NULL);
}

static void add_success(Metrics *metrics, const char *service, const char *command,
			const GPtrArray *runs)
{
	for (guint i = 0; i < runs->len; i++) {
		const struct catalog_run *run = runs->pdata[i];

		if (strcmp(run->command, command) != 0 || strcmp(run->outcome, "ok") != 0)
			continue;
		metrics_add(metrics, "last_success_timestamp_seconds", seconds(run->finished),
			    "service", service, "command", command, NULL);
		return;
	}
}

void metrics_add_status(Metrics *metrics, const struct status *status, const GPtrArray *runs)
{
	for (guint i = 0; i < status->repositories->len; i++)
		add_repository(metrics, status, status->repositories->pdata[i]);
	for (guint i = 0; i < status->last->len; i++) {
		const struct catalog_run *run = status->last->pdata[i];

		metrics_add(metrics, "last_run_timestamp_seconds", seconds(run->started), "service",
			    status->service, "command", run->command, NULL);
		add_success(metrics, status->service, run->command, runs);
		if (run->finished == 0)
			continue;
		metrics_add(metrics, "last_exit_code", run->exit_status, "service", status->service,
			    "command", run->command, NULL);
		metrics_add(metrics, "command_duration_seconds",
			    seconds(run->finished - run->started), "service", status->service,
			    "command", run->command, NULL);
	}
}

/* ---- drills ----------------------------------------------------------------------------------- */

/* Labels of a drill: its service and its plan. */
struct drill_of {
	const char *service, *plan;
};

static void add_known(Metrics *metrics, const char *family, const struct drill_of *of,
		      const json_t *record, const char *path)
{
	int64_t value = reading_int(record, path);

	if (value >= 0)
		metrics_add(metrics, family, seconds(value), "service", of->service, "plan",
			    of->plan, NULL);
}

static void add_rta(Metrics *metrics, const struct drill_of *of, const json_t *record)
{
	static const char *const figures[] = {"restore_only", "db_ready", "wall", "service_ready",
					      "with_assumptions"};

	for (size_t i = 0; i < G_N_ELEMENTS(figures); i++) {
		g_autofree char *path = g_strdup_printf("measured.rta_%s_us", figures[i]);
		int64_t value = reading_int(record, path);

		if (value >= 0)
			metrics_add(metrics, "drill_rta_seconds", seconds(value), "service",
				    of->service, "plan", of->plan, "figure", figures[i], NULL);
	}
}

static void add_phases(Metrics *metrics, const struct drill_of *of, const json_t *record)
{
	const char *phase;
	json_t *value;

	json_object_foreach((json_t *)reading_at(record, "measured.phases_us"), phase, value)
	{
		if (json_is_integer(value))
			metrics_add(metrics, "drill_phase_seconds",
				    seconds(json_integer_value(value)), "service", of->service,
				    "plan", of->plan, "phase", phase, NULL);
	}
}

static int64_t int_at(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* Of all spans of a phase that came to their end. */
static void add_rate(Metrics *metrics, const char *family, const struct drill_of *of,
		     const json_t *record, const char *phase)
{
	const json_t *spans = reading_at(record, "spans");
	int64_t bytes = 0, time = 0;

	for (size_t i = 0; i < json_array_size(spans); i++) {
		const json_t *span = json_array_get(spans, i);

		if (g_strcmp0(reading_text(span, "phase"), phase) != 0 ||
		    g_strcmp0(reading_text(span, "outcome"), "done") != 0)
			continue;
		bytes += int_at(span, "bytes");
		time += int_at(span, "mono_us");
	}
	if (bytes > 0 && time > 0)
		metrics_add(metrics, family, (double)bytes / seconds(time), "service", of->service,
			    "plan", of->plan, NULL);
}

static void add_checks(Metrics *metrics, const struct drill_of *of, const json_t *record)
{
	static const char *const names[] = {"pass", "fail", "not-assessed"};
	const json_t *checks = reading_at(record, "checks");

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		unsigned count = 0;

		for (size_t k = 0; k < json_array_size(checks); k++)
			count += g_strcmp0(reading_text(json_array_get(checks, k), "status"),
					   names[i]) == 0;
		metrics_add(metrics, "drill_checks", count, "service", of->service, "plan",
			    of->plan, "status", names[i], NULL);
	}
}

static void add_objective(Metrics *metrics, const struct drill_of *of, const json_t *record)
{
	const json_t *objectives = reading_at(record, "objectives");

	for (size_t i = 0; i < json_array_size(objectives); i++) {
		const json_t *objective = json_array_get(objectives, i);

		if (g_strcmp0(reading_text(objective, "scope"), "service") == 0 &&
		    g_strcmp0(reading_text(objective, "kind"), "rto") == 0)
			add_known(metrics, "drill_rto_objective_seconds", of, objective,
				  "objective_us");
	}
}

static bool same_plan(const json_t *record, const struct drill_of *of)
{
	return g_strcmp0(reading_text(record, "source.service"), of->service) == 0 &&
	       g_strcmp0(reading_text(record, "plan.name"), of->plan) == 0;
}

static void add_drill(Metrics *metrics, const struct drill_of *of, const Reading *reading)
{
	const json_t *record = reading->record;

	metrics_add(metrics, "drill_last_timestamp_seconds", seconds(reading->time), "service",
		    of->service, "plan", of->plan, NULL);
	for (int i = 0; i < OUTCOMES; i++) {
		const char *name = drill_outcome_name((enum drill_outcome)i);

		metrics_add(metrics, "drill_outcome",
			    g_strcmp0(reading_text(record, "outcome"), name) == 0, "service",
			    of->service, "plan", of->plan, "outcome", name, NULL);
	}
	add_rta(metrics, of, record);
	add_phases(metrics, of, record);
	add_rate(metrics, "drill_fetch_bytes_per_second", of, record, "base");
	add_rate(metrics, "drill_replay_bytes_per_second", of, record, "replay");
	add_checks(metrics, of, record);
	add_known(metrics, "drill_achieved_rpo_seconds", of, record, "measured.achieved_rpo_us");
	add_known(metrics, "drill_target_gap_seconds", of, record, "measured.target_gap_us");
	add_known(metrics, "drill_worst_case_seconds", of, record, "worst_case.estimate_us");
	add_objective(metrics, of, record);
}

static void add_last_pass(Metrics *metrics, const struct drill_of *of, const GPtrArray *readings)
{
	for (guint i = readings->len; i-- > 0;) {
		const Reading *reading = readings->pdata[i];

		if (!same_plan(reading->record, of) || !reading_passed(reading))
			continue;
		metrics_add(metrics, "drill_last_pass_timestamp_seconds", seconds(reading->time),
			    "service", of->service, "plan", of->plan, NULL);
		return;
	}
}

/* By the newest drill of each service that looked at files. */
static void add_missing_files(Metrics *metrics, const GPtrArray *readings)
{
	g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = readings->len; i-- > 0;) {
		const json_t *record = ((const Reading *)readings->pdata[i])->record;
		const char *service = reading_text(record, "source.service");
		const json_t *missing = reading_at(record, "filestore.missing");

		if (service && json_is_integer(missing) && g_hash_table_add(told, (char *)service))
			metrics_add(metrics, "filestore_missing_files",
				    (double)json_integer_value(missing), "service", service, NULL);
	}
}

void metrics_add_drills(Metrics *metrics, const GPtrArray *readings)
{
	for (guint i = readings->len; i-- > 0;) {
		const Reading *reading = readings->pdata[i];
		struct drill_of of = {reading_text(reading->record, "source.service"),
				      reading_text(reading->record, "plan.name")};
		bool newer = !of.service || !of.plan;

		for (guint k = i + 1; k < readings->len && !newer; k++)
			newer = same_plan(((const Reading *)readings->pdata[k])->record, &of);
		if (newer)
			continue;
		add_drill(metrics, &of, reading);
		add_last_pass(metrics, &of, readings);
	}
	add_missing_files(metrics, readings);
}
