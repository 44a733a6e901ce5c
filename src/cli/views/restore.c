#include "cli/views/restore.h"

#include "base/json.h"
#include "cli/line/output.h"
#include "cli/views/set.h"

#include <stdio.h>
#include <string.h>

#define NAME_WIDTH 15

/* Shown, and said to be so, until a restore on this host was measured. */
#define ASSUMED_RATE ((uint64_t)100 << 20)

static usec_t loss(const struct restore_view *view)
{
	usec_t lost = clock_now() - view->plan->wal_end_stored;

	return view->target->type == RECOVERY_DEFAULT && lost > 0 ? lost : -1;
}

static usec_t estimate(const struct restore_view *view)
{
	const struct set_part *part = manifest_part(view->plan->manifest, PART_DATABASE);
	uint64_t rate = view->rate ? view->rate : ASSUMED_RATE;

	return (usec_t)((double)part->bytes / (double)rate * USEC_PER_SEC);
}

void restore_view_print(const struct restore_view *view)
{
	const struct restore_plan *plan = view->plan;
	const Manifest *manifest = plan->manifest;
	const struct set_part *part = manifest_part(manifest, PART_DATABASE);
	g_autofree char *stopped = time_with_age(manifest_part_stopped(manifest, PART_DATABASE));
	g_autofree char *committed = time_with_age(plan->last_commit);
	g_autofree char *start = lsn_print(plan->wal_start);
	g_autofree char *end = lsn_print(plan->wal_end);
	g_autofree char *size = size_format(part->bytes);
	g_autofree char *time = duration_format(estimate(view));
	g_autofree char *lost = duration_format(loss(view));
	g_autofree char *files = count_format(part->files, "file");
	g_autofree char *damaged = count_format(manifest->damaged->len, "file");
	g_autofree char *segments = count_format(plan->segments, "segment");
	bool several = strcmp(plan->first_segment, plan->last_segment) != 0;

	output_line(NAME_WIDTH, "set", "%s, %s, ended %s, PostgreSQL %d, from repository %s",
		    manifest->set_id, part->kind, stopped, manifest->pg_major, view->repository);
	output_line(NAME_WIDTH, "point", "%s", plan->point);
	if (plan->last_commit != 0)
		output_line(NAME_WIDTH, "last commit", "%s in the archive", committed);
	output_line(NAME_WIDTH, "WAL", "%s to %s on timeline %u: %s, %s%s%s", start, end,
		    plan->timeline, segments, plan->first_segment, several ? " to " : "",
		    several ? plan->last_segment : "");
	if (plan->missing[0])
		output_line(NAME_WIDTH, "gap", "segment %s is missing", plan->missing);
	else
		output_line(NAME_WIDTH, "gaps", "none");
	output_line(NAME_WIDTH, "content", "%s in %s into %s", size, files,
		    view->pgdata ? view->pgdata : "(--pgdata)");
	if (loss(view) >= 0)
		output_line(NAME_WIDTH, "expected loss",
			    "at most %s: what was committed after the last archived WAL", lost);
	output_line(NAME_WIDTH, "estimated time",
		    "%s to write the files (%s), then replay of the WAL", time,
		    view->rate ? "at the rate of the last restore here"
			       : "assuming 100 MiB/s, not measured");
	if (manifest->damaged->len > 0)
		output_line(NAME_WIDTH, "damage", "the source was damaged in %s: odrbackup show %s",
			    damaged, manifest->set_id);
	for (guint i = 0; i < plan->warnings->len; i++)
		output_line(NAME_WIDTH, "warning", "%s", (char *)plan->warnings->pdata[i]);
	for (guint i = 0; i < view->troubles->len; i++)
		output_line(NAME_WIDTH, "warning", "%s", (char *)view->troubles->pdata[i]);
}

json_t *restore_view_json(const struct restore_view *view)
{
	const struct restore_plan *plan = view->plan;
	const struct set_part *part = manifest_part(plan->manifest, PART_DATABASE);
	g_autofree char *start = lsn_print(plan->wal_start);
	g_autofree char *end = lsn_print(plan->wal_end);
	json_t *document = json_object();
	usec_t lost = loss(view);

	json_set_string(document, "set", plan->manifest->set_id);
	json_set_string(document, "repository", view->repository);
	json_set_string(document, "type", recovery_type_name(view->target->type));
	json_set_string(document, "point", plan->point);
	json_set_time(document, "set_stopped",
		      manifest_part_stopped(plan->manifest, PART_DATABASE));
	json_set_int(document, "timeline", plan->timeline);
	json_set_string(document, "wal_start", start);
	json_set_string(document, "wal_end", end);
	json_set_time(document, "wal_end_stored", plan->wal_end_stored);
	json_set_time(document, "last_commit", plan->last_commit ? plan->last_commit : -1);
	json_set_string(document, "first_segment", plan->first_segment);
	json_set_string(document, "last_segment", plan->last_segment);
	json_set_int(document, "segments", (int64_t)plan->segments);
	json_set_string(document, "missing_segment", plan->missing[0] ? plan->missing : NULL);
	json_set_int(document, "bytes", (int64_t)part->bytes);
	json_set_int(document, "files", (int64_t)part->files);
	if (lost >= 0)
		json_set_int(document, "expected_loss_us", lost);
	else
		json_set(document, "expected_loss_us", json_null());
	json_set_int(document, "estimated_us", estimate(view));
	json_set_bool(document, "estimate_is_measured", view->rate != 0);
	json_set_int(document, "damaged_files", plan->manifest->damaged->len);
	json_set(document, "notes", json_strings(plan->warnings));
	json_set(document, "warnings", json_strings(view->troubles));
	return document;
}
