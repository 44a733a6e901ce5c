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

/* event is in force from `from` to `to`, which lie within the period. */
static void add_tooth(struct teeth *teeth, const struct catalog_exposure *event, usec_t from,
		      usec_t to)
{
	struct exposure_summary *summary = teeth->summary;
	usec_t objective = teeth->period->objective, point = event->recovery_point;
	__int128 low = MAX(from - point, 0), high = MAX(to - point, 0);

	if (from >= to)
		return;
	summary->known += to - from;
	summary->revised += event->revised ? to - from : 0;
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
	const struct catalog_exposure *in_force = NULL;

	for (guint i = 0; i < events->len && event_at(events, i)->usable_at < period->end; i++) {
		usec_t to = MAX(event_at(events, i)->usable_at, period->start);

		if (in_force)
			add_tooth(&teeth, in_force, from, to);
		else
			summary.unknown += to - from;
		from = to;
		in_force = event_at(events, i);
	}
	if (in_force)
		add_tooth(&teeth, in_force, from, period->end);
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

static void cap(struct catalog_exposure *event, const struct catalog_exposure *fall)
{
	if (event->recovery_point <= fall->recovery_point)
		return;
	event->recovery_point = fall->recovery_point;
	event->revised = true;
}

/* list: events up to the fall, sorted. */
static void revise(GArray *list, const struct catalog_exposure *fall)
{
	struct catalog_exposure corner = {0};
	guint i = 0;

	while (i < list->len && event_at(list, i)->usable_at < fall->revises)
		i++;
	if (i > 0 && (i == list->len || event_at(list, i)->usable_at > fall->revises) &&
	    event_at(list, i - 1)->recovery_point > fall->recovery_point) {
		corner = *event_at(list, i - 1);
		corner.usable_at = fall->revises;
		g_array_insert_val(list, i, corner);
	}
	for (; i < list->len; i++)
		cap(&g_array_index(list, struct catalog_exposure, i), fall);
}

GArray *exposure_revise(const GArray *events)
{
	GArray *list = g_array_new(FALSE, FALSE, sizeof(struct catalog_exposure));

	for (guint i = 0; i < events->len; i++) {
		if (event_at(events, i)->revises > 0)
			revise(list, event_at(events, i));
		g_array_append_val(list, *event_at(events, i));
	}
	return list;
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

/* Which of them, in force at a time, counts; NULL for those of which none is known yet, and NULL where none counts. */
typedef const struct catalog_exposure *merge_choose(const struct catalog_exposure *const *all,
						    size_t count);

static GArray *merge(GArray *const *events, size_t count, merge_choose *choose)
{
	GArray *merged = g_array_new(FALSE, FALSE, sizeof(struct catalog_exposure));
	g_autofree guint *at = g_new0(guint, count + 1);
	g_autofree const struct catalog_exposure **all =
		g_new0(const struct catalog_exposure *, count + 1);
	struct catalog_exposure last = {0};
	usec_t time = 0;

	while (next_change(events, count, at, &time)) {
		for (size_t i = 0; i < count; i++)
			while (at[i] < events[i]->len &&
			       event_at(events[i], at[i])->usable_at <= time)
				all[i] = event_at(events[i], at[i]++);

		const struct catalog_exposure *chosen = choose(all, count);
		struct catalog_exposure event = chosen ? *chosen : last;

		event.usable_at = time;
		event.revises = 0;
		if (event.recovery_point != last.recovery_point || event.revised != last.revised)
			g_array_append_val(merged, event);
		last = event;
	}
	return merged;
}

static const struct catalog_exposure *newest_point(const struct catalog_exposure *const *all,
						   size_t count)
{
	const struct catalog_exposure *newest = NULL;

	for (size_t i = 0; i < count; i++)
		if (all[i] && (!newest || all[i]->recovery_point > newest->recovery_point))
			newest = all[i];
	return newest;
}

static const struct catalog_exposure *oldest_point(const struct catalog_exposure *const *all,
						   size_t count)
{
	const struct catalog_exposure *oldest = count > 0 ? all[0] : NULL;

	for (size_t i = 1; i < count && oldest; i++)
		if (!all[i] || all[i]->recovery_point < oldest->recovery_point)
			oldest = all[i];
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
