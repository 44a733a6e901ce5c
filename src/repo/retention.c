#include "repo/retention.h"

#define PARTS_MAX 32

static usec_t add_saturated(usec_t a, usec_t b)
{
	usec_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* What lies behind a set while the sets are gone through from the newest to the oldest. */
struct successors {
	bool known[PARTS_MAX];
	usec_t stored_at[PARTS_MAX]; /* of the next set with this part */
	unsigned count;		     /* sets whose time is not in the future */
};

/* Each part of a set serves every moment up to the next capture of that part, and is needed as long as
 * such a moment can be asked for. INT64_MAX: nothing followed. */
static usec_t needed_until(const struct successors *successors, const struct retention_set *set,
			   usec_t retain)
{
	usec_t until = set->parts ? INT64_MIN : INT64_MAX;

	for (unsigned part = 0; part < PARTS_MAX; part++) {
		if (!(set->parts & 1u << part))
			continue;
		if (!successors->known[part])
			return INT64_MAX;
		until = MAX(until, add_saturated(successors->stored_at[part], retain));
	}
	return until;
}

static void note_successor(struct successors *successors, const struct retention_set *set)
{
	successors->count++;
	for (unsigned part = 0; part < PARTS_MAX; part++) {
		if (!(set->parts & 1u << part))
			continue;
		successors->known[part] = true;
		successors->stored_at[part] = set->stored_at;
	}
}

/* Why the set is kept, or NULL. */
static const char *reason_to_keep(const struct retention_policy *policy,
				  const struct successors *successors,
				  const struct retention_set *set, usec_t now)
{
	usec_t until = needed_until(successors, set, policy->retain);

	if (successors->count < MAX(policy->least, 1))
		return "kept by the least number";
	if (set->lock_until > now)
		return "locked";
	if (set->retain_until > now)
		return "its retain-until has not come";
	if (until == INT64_MAX)
		return "the newest capture of a part";
	if (until > now)
		return "needed within the ordinary retention";
	return NULL;
}

void retention_apply(const struct retention_policy *policy, struct retention_set *sets,
		     size_t count, usec_t now)
{
	struct successors successors = {0};

	for (size_t i = count; i-- > 0;) {
		struct retention_set *set = &sets[i];
		const char *reason;

		/* A time in the future is a wrong clock or a lie: such a set neither expires nor
		 * replaces another one. */
		if (set->stored_at > now)
			reason = "its time is in the future";
		else
			reason = reason_to_keep(policy, &successors, set, now);
		if (i + 1 == count)
			reason = "newest";
		set->expires = !reason;
		set->reason = reason ? reason : "its retention has ended";
		if (set->stored_at <= now)
			note_successor(&successors, set);
	}
}

usec_t retention_lock_until(usec_t generation_start, usec_t generation_length, usec_t retain)
{
	return add_saturated(add_saturated(generation_start, generation_length),
			     add_saturated(retain, GENERATION_SLACK));
}
