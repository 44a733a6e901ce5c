/* The recovery points of parts, and of the whole: the worse of database and filestore at every time (DRILLS.md 1). */
#include "ops/status.h"

#include "repo/manifest.h"

#include <string.h>

static struct status_point *find(GArray *points, const char *part)
{
	for (guint i = 0; i < points->len; i++) {
		struct status_point *point = &g_array_index(points, struct status_point, i);

		if (strcmp(point->part, part) == 0)
			return point;
	}
	return NULL;
}

usec_t status_point(const struct status_repository *repository, const char *part)
{
	const struct status_point *point = find(repository->points, part);

	return point ? point->point : 0;
}

static usec_t in_force(const GArray *events)
{
	return events->len ? g_array_index(events, struct catalog_exposure, events->len - 1)
				     .recovery_point
			   : 0;
}

void status_windows(const struct status_windowed *of, struct exposure_summary *week,
		    usec_t largest[STATUS_WINDOWS])
{
	static const usec_t lengths[STATUS_WINDOWS] = {
		[STATUS_DAY] = USEC_PER_DAY,
		[STATUS_WEEK] = STATUS_PERIOD,
		[STATUS_QUARTER] = STATUS_MEMORY,
	};

	for (int i = 0; i < STATUS_WINDOWS; i++) {
		struct exposure_period period = {
			.start = of->now - lengths[i], .end = of->now, .objective = of->objective};
		struct exposure_summary summary;

		exposure_summarize(&period, of->events, &summary);
		largest[i] = summary.known > 0 ? summary.maximum : -1;
		if (i == STATUS_WEEK)
			*week = summary;
	}
}

static void add(const struct status_request *request, const GArray *events, const char *part,
		usec_t objective, GArray *points)
{
	struct status_point point = {
		.part = part, .point = in_force(events), .objective = objective};

	status_windows(&(struct status_windowed){events, request->now, objective}, &point.week,
		       point.largest);
	g_array_append_val(points, point);
}

static bool read_events(const struct status_request *request, const char *repository,
			const char *part, GArray **events, GError **error)
{
	g_autoptr(GArray) claimed = NULL;

	if (!catalog_exposure(request->catalog, request->service, repository, part,
			      request->now - STATUS_MEMORY, &claimed, error))
		return false;
	*events = exposure_revise(claimed);
	return true;
}

/* A whole is held to no more than the part of it that may lag most. */
static usec_t whole_objective(const struct status_request *request)
{
	return request->rpo && request->rpo_filestore ? MAX(request->rpo, request->rpo_filestore)
						      : 0;
}

bool status_read_points(const struct status_request *request, const char *repository,
			const GArray *events, GArray *points, GError **error)
{
	g_autoptr(GArray) filestore = NULL, config = NULL;

	if (!read_events(request, repository, PART_FILESTORE, &filestore, error) ||
	    !read_events(request, repository, PART_CONFIG, &config, error))
		return false;
	add(request, filestore, PART_FILESTORE, request->rpo_filestore, points);
	add(request, config, PART_CONFIG, request->rpo_config, points);
	if (!g_strv_contains(request->parts, PART_DATABASE) ||
	    !g_strv_contains(request->parts, PART_FILESTORE))
		return true;

	GArray *both[] = {(GArray *)events, filestore};
	g_autoptr(GArray) whole = exposure_worst(both, G_N_ELEMENTS(both));

	add(request, whole, STATUS_WHOLE, whole_objective(request), points);
	return true;
}

void status_complete_points(struct status_repository *repository)
{
	struct status_point *whole = find(repository->points, STATUS_WHOLE);

	if (whole)
		whole->point =
			MIN(repository->recovery_point, status_point(repository, PART_FILESTORE));
}
