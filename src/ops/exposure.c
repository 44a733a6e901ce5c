#include "ops/exposure.h"

static const struct catalog_exposure *event_at(const GArray *events, guint i)
{
	return &g_array_index(events, struct catalog_exposure, i);
}

usec_t exposure_point(const GArray *events, usec_t at)
{
	usec_t point = 0;

	for (guint i = 0; i < events->len && event_at(events, i)->usable_at <= at; i++)
		point = event_at(events, i)->recovery_point;
	return point;
}

/* Adds up teeth, from left to right. */
struct teeth {
	const struct exposure_period *period;
	struct exposure_summary *summary;
	__int128 area;	   /* twice the area below the sawtooth, in square microseconds */
	usec_t over_until; /* end of the episode so far */
};

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
	if (summary->over == 0 || to - over > teeth->over_until)
		summary->episodes++;
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

void exposure_summarize(const struct exposure_period *period, const GArray *events,
			struct exposure_summary *result)
{
	struct exposure_summary summary = {0};
	struct teeth teeth = {.period = period, .summary = &summary};
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
