#include "ops/exposure.h"

static const struct catalog_exposure *event_at(const GArray *events, guint i)
{
	return &g_array_index(events, struct catalog_exposure, i);
}

/* Adds up teeth, from left to right. */
struct teeth {
	const struct exposure_period *period;
	struct exposure_summary *summary;
	__int128 area;	   /* twice the area below the sawtooth, in square microseconds */
	GArray *episodes;  /* struct exposure_episode, or NULL */
	usec_t over_until; /* end of the episode so far */
};

static void note_episode(GArray *episodes, bool begins, const struct exposure_episode *tooth)
{
	struct exposure_episode *last;

	if (begins) {
		g_array_append_val(episodes, *tooth);
		return;
	}
	last = &g_array_index(episodes, struct exposure_episode, episodes->len - 1);
	last->end = tooth->end;
	last->peak = MAX(last->peak, tooth->peak);
}

/* point is in force from `from` to `to`, which lie within the period. */
static void add_tooth(struct teeth *teeth, usec_t point, usec_t from, usec_t to)
{
	struct exposure_summary *summary = teeth->summary;
	usec_t objective = teeth->period->objective;
	__int128 low = MAX(from - point, 0), high = MAX(to - point, 0);

	if (from >= to)
		return;
	summary->known += to - from;
	teeth->area += high * high - low * low;
	if (high > summary->maximum || summary->worst_at == 0) {
		summary->maximum = (usec_t)high;
		summary->worst_at = to;
	}
	if (objective == 0 || high <= objective)
		return;

	usec_t over = MIN((usec_t)high - objective, to - from);

	/* An advance that does not bring the exposure below the objective ends no episode. */
	bool begins = summary->over == 0 || to - over > teeth->over_until;

	summary->episodes += begins;
	if (teeth->episodes)
		note_episode(teeth->episodes, begins,
			     &(struct exposure_episode){to - over, to, (usec_t)high});
	summary->over += over;
	teeth->over_until = to;
}

static double share_within(const struct exposure_period *period,
			   const struct exposure_summary *summary)
{
	usec_t length = period->end - period->start - period->excused;

	if (length <= 0)
		return 1;
	return CLAMP(1 - (double)(summary->over + summary->unknown) / (double)length, 0, 1);
}

static void walk(const struct exposure_period *period, const GArray *events,
		 struct exposure_summary *result, GArray *episodes)
{
	struct exposure_summary summary = {0};
	struct teeth teeth = {.period = period, .summary = &summary, .episodes = episodes};
	usec_t from = period->start;
	bool known = false;
	usec_t point = 0;

	for (guint i = 0; i < events->len && event_at(events, i)->usable_at < period->end; i++) {
		usec_t to = MAX(event_at(events, i)->usable_at, period->start);

		if (known)
			add_tooth(&teeth, point, from, to);
		else
			summary.unknown += to - from;
		from = to;
		point = event_at(events, i)->recovery_point;
		known = true;
	}
	if (known)
		add_tooth(&teeth, point, from, period->end);
	else
		summary.unknown += period->end - from;
	if (summary.known > 0)
		summary.mean = (usec_t)(teeth.area / 2 / summary.known);
	summary.within = share_within(period, &summary);
	*result = summary;
}

void exposure_summarize(const struct exposure_period *period, const GArray *events,
			struct exposure_summary *summary)
{
	walk(period, events, summary, NULL);
}

GArray *exposure_episodes(const struct exposure_period *period, const GArray *events)
{
	GArray *episodes = g_array_new(FALSE, FALSE, sizeof(struct exposure_episode));
	struct exposure_summary summary;

	walk(period, events, &summary, episodes);
	return episodes;
}

/* The next time anything changes; false: never again. */
static bool next_change(GArray *const *events, size_t count, const guint *at, usec_t *time)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		if (at[i] == events[i]->len)
			continue;
		if (!any || event_at(events[i], at[i])->usable_at < *time)
			*time = event_at(events[i], at[i])->usable_at;
		any = true;
	}
	return any;
}

/* Points of all at a time; 0: none is known yet. */
typedef usec_t merge_points(const usec_t *points, size_t count);

static GArray *merge(GArray *const *events, size_t count, merge_points *of)
{
	GArray *merged = g_array_new(FALSE, FALSE, sizeof(struct catalog_exposure));
	g_autofree guint *at = g_new0(guint, count + 1);
	g_autofree usec_t *points = g_new0(usec_t, count + 1);
	struct catalog_exposure event, last = {0};

	while (next_change(events, count, at, &event.usable_at)) {
		for (size_t i = 0; i < count; i++)
			while (at[i] < events[i]->len &&
			       event_at(events[i], at[i])->usable_at <= event.usable_at)
				points[i] = event_at(events[i], at[i]++)->recovery_point;
		event.recovery_point = of(points, count);
		if (event.recovery_point != last.recovery_point)
			g_array_append_val(merged, event);
		last = event;
	}
	return merged;
}

static usec_t newest_point(const usec_t *points, size_t count)
{
	usec_t newest = 0;

	for (size_t i = 0; i < count; i++)
		newest = MAX(newest, points[i]);
	return newest;
}

static usec_t oldest_point(const usec_t *points, size_t count)
{
	usec_t oldest = count > 0 ? points[0] : 0;

	for (size_t i = 1; i < count; i++)
		oldest = MIN(oldest, points[i]);
	return oldest;
}

GArray *exposure_best(GArray *const *events, size_t count)
{
	return merge(events, count, newest_point);
}

GArray *exposure_worst(GArray *const *events, size_t count)
{
	return merge(events, count, oldest_point);
}
