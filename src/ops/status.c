#include "ops/status.h"

#include "ops/losses.h"
#include "ops/record.h"
#include "repo/manifest.h"
#include "repo/wal_range.h"

#include <string.h>

#define RUNS_READ 500

void status_repository_free(struct status_repository *repository)
{
	if (!repository)
		return;
	g_free(repository->name);
	g_free(repository->newest_set);
	g_free(repository->oldest_set);
	g_free(repository->altered_how);
	g_free(repository->protection);
	g_free(repository->at_risk.why);
	g_array_unref(repository->gaps);
	g_array_unref(repository->points);
	g_free(repository);
}

void status_clear(struct status *status)
{
	g_clear_pointer(&status->service, g_free);
	g_clear_pointer(&status->repositories, g_ptr_array_unref);
	g_clear_pointer(&status->last, g_ptr_array_unref);
	g_clear_pointer(&status->running, g_ptr_array_unref);
	g_clear_pointer(&status->findings, g_ptr_array_unref);
	g_clear_pointer(&status->holds, g_ptr_array_unref);
	config_drift_clear(&status->drift);
	status->best = status->whole = NULL;
}

char *status_age(usec_t now, usec_t time)
{
	usec_t distance_us = MAX(now - time, time - now);
	g_autofree char *distance = duration_format(distance_us - distance_us % USEC_PER_SEC);

	if (distance_us < USEC_PER_SEC)
		return g_strdup("just now");
	return time > now ? g_strdup_printf("in %s", distance)
			  : g_strdup_printf("%s ago", distance);
}

static void note_sets(const struct status_source *source, struct status_repository *repository)
{
	for (guint i = 0; i < source->sets->len; i++) {
		const struct catalog_set *set = source->sets->pdata[i];

		repository->sets++;
		repository->stored += set->stored;
		repository->damaged += set->damaged > 0;
		if (i == 0) {
			repository->oldest_set = g_strdup(set->set_id);
			repository->oldest_stopped = set->stopped;
		}
		if (i + 1 == source->sets->len) {
			repository->newest_set = g_strdup(set->set_id);
			repository->newest_stopped = set->stopped;
		}
		if (set->segment_size != 0) {
			repository->database_sets++;
			repository->database_stopped = set->stopped;
			repository->database_content = set->bytes;
			repository->database_stored = set->stored;
		}
		if (set->segment_size != 0 && repository->first_point == 0)
			repository->first_point = set->stopped;
	}
}

static const struct catalog_set *database_set(const GPtrArray *sets, bool newest)
{
	for (guint i = 0; i < sets->len; i++) {
		const struct catalog_set *set = sets->pdata[newest ? sets->len - 1 - i : i];

		if (set->segment_size != 0)
			return set;
	}
	return NULL;
}

static void note_gap(const struct wal_range *before, const struct wal_range *after,
		     const struct catalog_set *newest, GArray *gaps)
{
	uint32_t segment_size = newest->segment_size;
	struct status_gap gap = {.timeline = before->timeline,
				 .segments = (after->start - before->end) / segment_size,
				 .before = before->last_stored,
				 .after = after->first_stored};

	wal_segment_name(gap.timeline, before->end, segment_size, gap.first);
	wal_segment_name(gap.timeline, after->start - 1, segment_size, gap.last);
	gap.open = before->timeline > newest->timeline ||
		   (before->timeline == newest->timeline && after->start > newest->start_lsn);
	g_array_append_val(gaps, gap);
}

/* Holes above the oldest set; what lies below, no set can use. */
static void note_gaps(const struct status_source *source, struct status_repository *repository)
{
	const struct catalog_set *oldest = database_set(source->sets, false);
	const struct catalog_set *newest = database_set(source->sets, true);

	if (!oldest)
		return;

	g_autoptr(GArray) ranges = recorded_ranges(source->files, newest->segment_size);

	for (guint i = 0; i + 1 < ranges->len; i++) {
		const struct wal_range *before = &g_array_index(ranges, struct wal_range, i);
		const struct wal_range *after = before + 1;

		if (before->timeline == after->timeline && before->end > oldest->start_lsn)
			note_gap(before, after, newest, repository->gaps);
	}
}

/* All WAL of a timeline: no range, of timeline 0, where there is none. */
static struct wal_range timeline_range(const GArray *ranges, uint32_t timeline)
{
	struct wal_range whole = {0};

	for (guint i = 0; i < ranges->len; i++) {
		const struct wal_range *range = &g_array_index(ranges, struct wal_range, i);

		if (range->timeline != timeline)
			continue;
		if (whole.timeline == 0)
			whole = *range;
		whole.end = range->end;
		whole.first_stored = MIN(whole.first_stored, range->first_stored);
		whole.last_stored = MAX(whole.last_stored, range->last_stored);
	}
	return whole;
}

/* A timeline ends when the next begins; what its server had still to push then, is of before the switch. */
static void note_fork(const struct status_source *source, struct status_repository *repository)
{
	const struct catalog_set *newest = database_set(source->sets, true);

	if (!newest || repository->timeline < 2)
		return;

	g_autoptr(GArray) ranges = recorded_ranges(source->files, newest->segment_size);
	struct wal_range followed = timeline_range(ranges, repository->timeline);

	for (guint i = 0; followed.timeline && i < ranges->len; i++) {
		uint32_t timeline = g_array_index(ranges, struct wal_range, i).timeline;
		struct wal_range other = timeline_range(ranges, timeline);

		if (timeline >= repository->timeline ||
		    other.end <= followed.start + newest->segment_size ||
		    other.last_stored <= followed.first_stored ||
		    other.last_stored <= followed.last_stored - STATUS_FORKED ||
		    other.last_stored <= repository->fork.last_stored)
			continue;
		repository->fork = (struct status_fork){
			.timeline = timeline,
			.last_stored = other.last_stored,
			.leads = other.last_stored > followed.last_stored,
		};
	}
}

static void note_wal(const struct status_source *source, struct status_repository *repository)
{
	struct recorded_wal wal;

	recorded_wal_find(source->sets, source->files, &wal);
	repository->timeline = wal.timeline;
	repository->wal_end = wal.end;
	repository->recovery_point = recorded_wal_point(&wal);
	repository->wal_files = source->files->len;
	for (guint i = 0; i < source->files->len; i++) {
		const struct catalog_wal *file = source->files->pdata[i];

		repository->wal_bytes += file->size;
		repository->wal_stored = MAX(repository->wal_stored, file->stored_at);
	}
}

static void note_alterations(const struct status_source *source,
			     struct status_repository *repository)
{
	const struct catalog_alteration *last;

	if (!source->alterations || source->alterations->len == 0)
		return;
	last = source->alterations->pdata[source->alterations->len - 1];
	repository->altered = source->alterations->len;
	repository->altered_how = g_strdup(last->what);
	repository->altered_at = last->last_at;
}

struct status_repository *status_repository_new(const struct status_source *source)
{
	struct status_repository *repository = g_new0(struct status_repository, 1);

	repository->name = g_strdup(source->repository);
	repository->unlocked = -1;
	repository->gaps = g_array_new(false, false, sizeof(struct status_gap));
	repository->points = g_array_new(false, false, sizeof(struct status_point));
	if (source->points)
		g_array_append_vals(repository->points, source->points->data, source->points->len);
	note_sets(source, repository);
	note_gaps(source, repository);
	note_wal(source, repository);
	note_fork(source, repository);
	note_alterations(source, repository);
	repository->lost = source->lost;
	status_complete_points(repository);
	repository->exposure =
		repository->recovery_point ? MAX(source->now - repository->recovery_point, 0) : -1;
	status_windows(&(struct status_windowed){source->events, source->now, source->rpo},
		       &repository->week, repository->largest);
	return repository;
}

static struct at_risk find_at_risk(const struct status_request *request,
				   const struct status_repository *repository,
				   const GPtrArray *sets)
{
	const struct catalog_set *newest = database_set(sets, true);

	if (!newest)
		return (struct at_risk){.why = g_strdup("there is no set of the database")};
	return at_risk_find(&(struct at_risk_source){
		.wal = request->wal,
		.conninfo = request->conninfo,
		.durable = {.timeline = repository->timeline,
			    .segment_size = newest->segment_size,
			    .end = repository->wal_end,
			    .system_identifier = newest->system_identifier}});
}

static bool read_repository(const struct status_request *request, const char *name,
			    struct status *status, GError **error)
{
	g_autoptr(GPtrArray) sets = NULL;
	g_autoptr(GPtrArray) files = NULL, alterations = NULL;
	g_autoptr(GArray) claimed = NULL, events = NULL;
	g_autoptr(GHashTable) losses = NULL;
	g_autoptr(GArray) points = g_array_new(false, false, sizeof(struct status_point));
	g_autofree char *fact = record_protection_fact(request->service, name);
	g_autofree char *protection = NULL;
	struct status_repository *repository;

	if (!record_exposure(request->catalog, request->service, name, error) ||
	    !catalog_sets(request->catalog, request->service, name, &sets, error) ||
	    !catalog_wal(request->catalog, request->service, name, &files, error) ||
	    !catalog_losses(request->catalog, request->service, name, &losses, error) ||
	    !catalog_exposure(request->catalog, request->service, name, PART_DATABASE,
			      request->now - STATUS_MEMORY, &claimed, error) ||
	    !catalog_alterations(request->catalog, request->service, name,
				 request->now - STATUS_ALTERED, &alterations, error) ||
	    !catalog_fact(request->catalog, fact, &protection, error))
		return false;
	events = exposure_revise(claimed);
	if (!status_read_points(request, name, events, points, error))
		return false;
	losses_leave_out(losses, sets, files);

	struct status_source source = {.repository = name,
				       .sets = sets,
				       .files = files,
				       .events = events,
				       .points = points,
				       .lost = g_hash_table_size(losses),
				       .alterations = alterations,
				       .rpo = request->rpo,
				       .now = request->now};

	repository = status_repository_new(&source);
	repository->protection = g_steal_pointer(&protection);
	repository->at_risk = find_at_risk(request, repository, sets);
	g_ptr_array_add(status->repositories, repository);
	return true;
}

static const struct catalog_run *run_of(const GPtrArray *runs, const char *command)
{
	for (guint i = 0; i < runs->len; i++) {
		const struct catalog_run *run = runs->pdata[i];

		if (strcmp(run->command, command) == 0)
			return run;
	}
	return NULL;
}

static bool read_runs(const struct status_request *request, struct status *status, GError **error)
{
	g_autoptr(GPtrArray) runs = NULL;

	if (!catalog_runs_reap(request->catalog, error) ||
	    !catalog_runs(request->catalog, request->service, NULL, RUNS_READ, &runs, error))
		return false;
	g_ptr_array_set_free_func(runs, NULL);
	while (runs->len > 0) {
		struct catalog_run *run = g_ptr_array_steal_index(runs, 0);

		if (strcmp(run->outcome, "running") == 0)
			g_ptr_array_add(status->running, run);
		else if (!run_of(status->last, run->command))
			g_ptr_array_add(status->last, run);
		else
			catalog_run_free(run);
	}
	return true;
}

static void find_best(struct status *status)
{
	for (guint i = 0; i < status->repositories->len; i++) {
		const struct status_repository *repository = status->repositories->pdata[i];

		if (repository->recovery_point > (status->best ? status->best->recovery_point : 0))
			status->best = repository;
		if (status_point(repository, STATUS_WHOLE) >
		    (status->whole ? status_point(status->whole, STATUS_WHOLE) : 0))
			status->whole = repository;
	}
}

static bool read_all(const struct status_request *request, struct status *status, GError **error)
{
	struct record_journal journal = {request->state, request->service, request->journaled};

	if (request->state &&
	    (!record_wal_journal(request->catalog, &journal, error) ||
	     !record_kept_alterations(request->catalog, request->service, request->state, error)))
		return false;
	for (const char *const *name = request->repositories; *name; name++)
		if (!read_repository(request, *name, status, error))
			return false;
	return read_runs(request, status, error);
}

bool status_read(const struct status_request *request, struct status *result, GError **error)
{
	struct status status = {
		.service = g_strdup(request->service),
		.now = request->now,
		.rpo = request->rpo,
		.rpo_filestore = request->rpo_filestore,
		.rpo_config = request->rpo_config,
		.parts = request->parts,
		.repositories =
			g_ptr_array_new_with_free_func((GDestroyNotify)status_repository_free),
		.last = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_run_free),
		.running = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_run_free),
		.findings = findings_new(),
		.drift = {.items = -1}};

	if (!read_all(request, &status, error) ||
	    !recorded_holds(request->catalog, request->service, request->repositories,
			    &status.holds, error)) {
		status_clear(&status);
		return false;
	}
	find_best(&status);
	if (request->state)
		config_drift_read(request->state, &status.drift);
	status_judge(&status, request->backup_every);
	*result = status;
	return true;
}
