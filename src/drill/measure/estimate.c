#include "drill/measure/estimate.h"

/* One that has a size, and took time for it. */
static usec_t at_lowest_rate(const uint64_t *bytes, const usec_t *took, size_t count, size_t stride,
			     uint64_t size)
{
	double slowest = 0; /* µs a byte */

	for (size_t i = 0; i < count; i++) {
		uint64_t had = *(const uint64_t *)(const void *)((const char *)bytes + i * stride);
		usec_t time = *(const usec_t *)(const void *)((const char *)took + i * stride);

		if (had > 0)
			slowest = MAX(slowest, (double)time / (double)had);
	}
	return (usec_t)(slowest * (double)size);
}

#define AT_LOWEST_RATE(samples, count, what, took, size) \
 at_lowest_rate(&(samples)->sizes.what, &(samples)->took, count, sizeof(*(samples)), size)

/* What a drill took beside copying and replaying. */
static usec_t fixed_of(const struct estimate_sample *sample)
{
	return MAX(sample->ready - MAX(sample->base, sample->files) - sample->replay, 0);
}

static bool covers(const struct estimate_sizes *drilled, const struct estimate_sizes *sizes)
{
	return drilled->base >= sizes->base && drilled->files >= sizes->files &&
	       drilled->wal >= sizes->wal;
}

static double share(uint64_t size, uint64_t largest)
{
	if (size == 0)
		return 0;
	return largest == 0 ? G_MAXDOUBLE : (double)size / (double)largest;
}

struct estimate estimate_worst(const struct estimate_sample *samples, size_t count,
			       const struct estimate_sizes *sizes)
{
	struct estimate estimate = {.time = -1};
	struct estimate_sizes largest = {0};
	usec_t fixed = 0;

	for (size_t i = 0; i < count; i++) {
		largest.base = MAX(largest.base, samples[i].sizes.base);
		largest.files = MAX(largest.files, samples[i].sizes.files);
		largest.wal = MAX(largest.wal, samples[i].sizes.wal);
		fixed = MAX(fixed, fixed_of(&samples[i]));
		if (covers(&samples[i].sizes, sizes))
			estimate.time = MAX(estimate.time, samples[i].ready);
	}
	if (count == 0)
		return estimate;
	estimate.factor =
		MAX(MAX(share(sizes->base, largest.base), share(sizes->files, largest.files)),
		    share(sizes->wal, largest.wal));
	if (estimate.time >= 0) {
		estimate.label = ESTIMATE_MEASURED;
		return estimate;
	}
	estimate.label = estimate.factor <= 1 ? ESTIMATE_INTERPOLATED : ESTIMATE_EXTRAPOLATED;
	estimate.time = fixed +
			MAX(AT_LOWEST_RATE(samples, count, base, base, sizes->base),
			    AT_LOWEST_RATE(samples, count, files, files, sizes->files)) +
			AT_LOWEST_RATE(samples, count, wal, replay, sizes->wal);
	return estimate;
}
