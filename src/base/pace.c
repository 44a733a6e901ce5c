#include "base/pace.h"

#include "base/pool.h"
#include "base/stop.h"

#define PORTIONS_PER_SEC 20
#define PORTION_MIN	 ((uint64_t)4 << 10)
#define PORTION_MAX	 ((uint64_t)256 << 10)

struct pace {
	struct mutex *mutex; /* guards the line */
	struct pace_line line;
};

static usec_t time_for(size_t bytes, uint64_t rate)
{
	return (usec_t)((double)bytes * USEC_PER_SEC / (double)rate);
}

usec_t pace_take(struct pace_line *line, size_t bytes, usec_t now)
{
	/* What was not used while nobody came is lost: there are no bursts. */
	line->busy_until = MAX(line->busy_until, now) + time_for(bytes, line->rate);
	return line->busy_until - now;
}

size_t pace_portion(uint64_t rate)
{
	return CLAMP(rate / PORTIONS_PER_SEC, PORTION_MIN, PORTION_MAX);
}

Pace *pace_new(uint64_t rate)
{
	Pace *pace;

	if (rate == 0)
		return NULL;
	pace = g_new0(Pace, 1);
	pace->mutex = mutex_new();
	pace->line.rate = rate;
	return pace;
}

void pace_free(Pace *pace)
{
	if (!pace)
		return;
	mutex_free(pace->mutex);
	g_free(pace);
}

size_t pace_portion_of(const Pace *pace)
{
	return pace ? pace_portion(pace->line.rate) : SIZE_MAX;
}

bool pace_wait(Pace *pace, size_t bytes)
{
	usec_t wait;

	if (!pace)
		return true;
	mutex_lock(pace->mutex);
	wait = pace_take(&pace->line, bytes, clock_monotonic());
	mutex_unlock(pace->mutex);
	return stop_wait(wait, NULL);
}
