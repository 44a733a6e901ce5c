/* Which drills of a period count, and what they come to. */
#include "drill/report/quarter_parts.h"

/* One that began before the period may be repeated in it. */
#define SLOT_LONGEST (93 * USEC_PER_DAY)

static bool is_of(const Reading *reading, const char *service)
{
	return g_strcmp0(reading_text(reading->record, "source.service"), service) == 0;
}

static bool is_alike(const json_t *a, const json_t *b, const char *path)
{
	return g_strcmp0(reading_text(a, path), reading_text(b, path)) == 0;
}

/* Figures of another regime say nothing of today's: that of the newest attempt which may count, by the same plan from the
 * same repository. */
static bool is_of_newest_regime(const struct quarter_request *request, const Reading *reading)
{
	const json_t *record = reading->record, *newest = record;

	for (guint i = 0; i < request->readings->len; i++) {
		const Reading *other = request->readings->pdata[i];

		if (other->time < request->to && reading_counts(other) &&
		    is_alike(other->record, record, "source.service") &&
		    is_alike(other->record, record, "plan.name") &&
		    is_alike(other->record, record, "source.repository"))
			newest = other->record;
	}
	return is_alike(newest, record, "regime");
}

static char *slot_of(const Reading *reading)
{
	const char *plan = reading_text(reading->record, "plan.name");
	const char *slot = reading_text(reading->record, "run.slot");

	return g_strdup_printf("%s\n%s", plan ? plan : "", slot ? slot : "");
}

static struct quarter_attempt judge_attempt(const struct quarter_request *request,
					    const Reading *reading, GHashTable *slots)
{
	struct quarter_attempt attempt = {.reading = reading, .why_not = ""};
	const char *why_not = reading_why_not(reading);

	if (why_not)
		attempt.why_not = why_not;
	else if (!reading_text(reading->record, "run.slot"))
		attempt.why_not = "not of a slot";
	else if (!is_of_newest_regime(request, reading))
		attempt.why_not = "of another regime";
	else if (!g_hash_table_add(slots, slot_of(reading)))
		attempt.why_not = "a repeat in its slot";
	else
		attempt.counted = true;
	return attempt;
}

void quarter_gather_attempts(struct quarter_result *result, const struct quarter_request *request)
{
	const char *name = result->service->name;
	g_autoptr(GHashTable) slots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	result->attempts = g_array_new(FALSE, FALSE, sizeof(struct quarter_attempt));
	for (guint i = 0; i < request->readings->len; i++) {
		const Reading *reading = request->readings->pdata[i];
		struct quarter_attempt attempt;

		if (!is_of(reading, name) || reading->time < request->from - SLOT_LONGEST ||
		    reading->time >= request->to)
			continue;
		attempt = judge_attempt(request, reading, slots);
		/* What passed before the period has an age in it, and no number. */
		if (reading->time >= request->from)
			g_array_append_val(result->attempts, attempt);
		else if (attempt.counted && reading_passed(reading))
			result->drills.newest_pass = reading->time;
	}
}

static gint by_value(gconstpointer a, gconstpointer b)
{
	usec_t x = *(const usec_t *)a, y = *(const usec_t *)b;

	return x < y ? -1 : x > y;
}

void quarter_count_attempts(struct quarter_result *result)
{
	struct objective_drills *drills = &result->drills;

	result->rta = g_array_new(FALSE, FALSE, sizeof(usec_t));
	for (guint i = 0; i < result->attempts->len; i++) {
		const struct quarter_attempt *attempt =
			&g_array_index(result->attempts, struct quarter_attempt, i);
		const json_t *record = attempt->reading->record;
		bool failed = outcome_look(reading_text(record, "outcome"))->tone == TONE_BAD;
		usec_t rta = reading_int(record, "measured.rta_with_assumptions_us");

		if (!attempt->counted) {
			drills->uncounted_failed += failed;
			continue;
		}
		drills->counted++;
		drills->failed += failed;
		drills->open += !failed && !reading_passed(attempt->reading);
		if (reading_passed(attempt->reading))
			drills->newest_pass = attempt->reading->time;
		if (rta >= 0)
			g_array_append_val(result->rta, rta);
	}
	g_array_sort(result->rta, by_value);
}
