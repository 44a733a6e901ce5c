#include "drill/measure/objective.h"

#include <math.h>
#include <stdarg.h>

const char *objective_state_name(enum objective_state state)
{
	static const char *const names[] = {
		[OBJECTIVE_MISSED] = "MISSED",
		[OBJECTIVE_NOT_PROVEN] = "NOT PROVEN",
		[OBJECTIVE_NOT_ASSESSED] = "NOT ASSESSED",
		[OBJECTIVE_EXEMPT] = "EXEMPT",
		[OBJECTIVE_MET] = "MET",
	};

	return names[state];
}

void objective_verdict_init(struct objective_verdict *verdict)
{
	*verdict = (struct objective_verdict){
		.state = OBJECTIVE_MET,
		.measured = -1,
		.reasons = g_ptr_array_new_with_free_func(g_free),
	};
}

void objective_verdict_clear(struct objective_verdict *verdict)
{
	if (verdict->reasons)
		g_ptr_array_unref(verdict->reasons);
	verdict->reasons = NULL;
}

void objective_lower(struct objective_verdict *verdict, enum objective_state state,
		     const char *format, ...)
{
	va_list arguments;
	char *reason;

	va_start(arguments, format);
	reason = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	/* What decides it stands first. */
	g_ptr_array_insert(verdict->reasons, state < verdict->state ? 0 : -1, reason);
	verdict->state = MIN(verdict->state, state);
}

static bool has_objective(usec_t objective, struct objective_verdict *verdict)
{
	if (objective > 0)
		return true;
	objective_lower(verdict, OBJECTIVE_NOT_ASSESSED, "no objective is set");
	return false;
}

static void judge_failures(const struct objective_drills *drills, struct objective_verdict *verdict)
{
	if (drills->failed > 0)
		objective_lower(verdict, OBJECTIVE_MISSED, "%u of %u counted drills failed",
				drills->failed, drills->counted);
	if (drills->open > 0)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN,
				"%u of %u counted drills came to no verdict", drills->open,
				drills->counted);
	if (drills->uncounted_failed == 1)
		objective_lower(verdict, OBJECTIVE_MISSED,
				"a drill that does not count otherwise failed");
	else if (drills->uncounted_failed > 1)
		objective_lower(verdict, OBJECTIVE_MISSED,
				"%u drills that do not count otherwise failed",
				drills->uncounted_failed);
}

static void judge_age(const struct objective_drills *drills, struct objective_verdict *verdict)
{
	usec_t age = drills->end - drills->newest_pass;

	if (drills->newest_pass == 0) {
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN, "no counted drill passed");
		return;
	}
	if (drills->max_age == 0 || age <= drills->max_age)
		return;

	g_autofree char *text = duration_format(age);
	g_autofree char *allowed = duration_format(drills->max_age);

	objective_lower(verdict, OBJECTIVE_NOT_PROVEN,
			"the newest passed drill is %s old, more than %s", text, allowed);
}

static void judge_exposure(const struct objective_rpo *rpo, struct objective_verdict *verdict)
{
	g_autofree char *maximum = duration_format(MAX(rpo->maximum, 0));
	g_autofree char *objective = duration_format(rpo->objective);

	if (rpo->maximum <= rpo->objective)
		return;
	if (rpo->required == 0)
		objective_lower(verdict, OBJECTIVE_MISSED,
				"the largest exposure was %s, the objective is %s", maximum,
				objective);
	else if (rpo->within < rpo->required)
		objective_lower(
			verdict, OBJECTIVE_MISSED,
			"exposure was within the objective for %.2f %% of the time, %.2f %% are "
			"required",
			floor(10000 * rpo->within) / 100, 100 * rpo->required);
}

void objective_judge_rpo(const struct objective_rpo *rpo, const struct objective_drills *drills,
			 struct objective_verdict *verdict)
{
	objective_verdict_init(verdict);
	verdict->measured = rpo->maximum;
	if (!has_objective(rpo->objective, verdict))
		return;
	if (rpo->maximum < 0)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN,
				"the exposure of the period is not known");
	else
		judge_exposure(rpo, verdict);
	if (rpo->achieved > rpo->objective) {
		g_autofree char *lost = duration_format(rpo->achieved);

		objective_lower(verdict, OBJECTIVE_MISSED, "a drill to the latest moment lost %s",
				lost);
	}
	if (rpo->maximum >= 0 && rpo->unknown > rpo->allowance) {
		g_autofree char *unknown = duration_format(rpo->unknown);

		objective_lower(verdict, OBJECTIVE_NOT_PROVEN,
				"for %s of the period the exposure is not known", unknown);
	}
	if (rpo->claim_broken)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN,
				"a drill to the latest moment found less than the catalog claimed");
	judge_age(drills, verdict);
}

static void judge_worst_case(const struct objective_rto *rto, struct objective_verdict *verdict)
{
	g_autofree char *estimate = duration_format(MAX(rto->worst_case, 0));

	if (rto->worst_case < 0 || rto->label == ESTIMATE_NONE)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN,
				"there is no estimate of the worst case");
	else if (rto->label == ESTIMATE_EXTRAPOLATED)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN,
				"the worst case, %s, is extrapolated beyond what was drilled",
				estimate);
	else if (rto->worst_case > rto->objective)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN,
				"the worst case, %s, is above the objective", estimate);
}

void objective_judge_rto(const struct objective_rto *rto, const struct objective_drills *drills,
			 struct objective_verdict *verdict)
{
	objective_verdict_init(verdict);
	verdict->measured = rto->slowest;
	if (!has_objective(rto->objective, verdict))
		return;
	judge_failures(drills, verdict);
	if (rto->slowest > rto->objective) {
		g_autofree char *slowest = duration_format(rto->slowest);
		g_autofree char *objective = duration_format(rto->objective);

		objective_lower(verdict, OBJECTIVE_MISSED,
				"the slowest drill took %s, the objective is %s", slowest,
				objective);
	}
	if (rto->slowest < 0 && drills->counted > 0)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN, "no counted drill measured it");
	if (drills->counted < rto->min_drills)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN,
				"%u of the %u drills required were counted", drills->counted,
				rto->min_drills);
	else if (rto->measured < rto->min_drills)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN,
				"%u of the %u drills required measured it", rto->measured,
				rto->min_drills);
	judge_age(drills, verdict);
	judge_worst_case(rto, verdict);
}

static void judge_verified(const struct objective_integrity *integrity, usec_t end,
			   struct objective_verdict *verdict)
{
	if (integrity->verified == 0)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN, "not every object was read back");
	else if (integrity->verify_cycle > 0 && end - integrity->verified > integrity->verify_cycle)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN,
				"the last reading back of every object is older than its cycle");
}

void objective_judge_integrity(const struct objective_integrity *integrity,
			       const struct objective_drills *drills,
			       struct objective_verdict *verdict)
{
	objective_verdict_init(verdict);
	if (integrity->gates_failed == 1)
		objective_lower(verdict, OBJECTIVE_MISSED, "a gate check failed");
	else if (integrity->gates_failed > 1)
		objective_lower(verdict, OBJECTIVE_MISSED, "%u gate checks failed",
				integrity->gates_failed);
	if (integrity->gates_unassessed > 0)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN,
				"%u gate checks could not be assessed",
				integrity->gates_unassessed);
	if (drills->counted == 0)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN, "no drill was counted");
	judge_verified(integrity, drills->end, verdict);
	if (drills->end - integrity->negative_drill > 365 * USEC_PER_DAY)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN,
				"no drill with planted damage went red within a year");
}

void objective_judge_checks(const struct objective_checks *checks,
			    struct objective_verdict *verdict)
{
	objective_verdict_init(verdict);
	if (checks->failed > 0)
		objective_lower(verdict, OBJECTIVE_MISSED,
				"of the results of its checks %u failed, and %u passed",
				checks->failed, checks->passed);
	for (const char *const *name = checks->lacking; name && *name; name++)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN, "no plan has its check %s", *name);
	for (const char *const *name = checks->unseen; name && *name; name++)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN,
				"its check %s passed in no counted drill", *name);
	if (checks->unassessed > 0)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN,
				"of the results of its checks %u could not be assessed",
				checks->unassessed);
	if (checks->passed == 0 && checks->failed == 0)
		objective_lower(verdict, OBJECTIVE_NOT_PROVEN, "no check of it was carried out");
}

void objective_exempt(const struct objective_exemption *exemption, usec_t now,
		      struct objective_verdict *verdict)
{
	g_autofree char *expires = clock_format(exemption->expires);

	if (exemption->expires <= now)
		g_ptr_array_add(verdict->reasons,
				g_strdup_printf("its exemption expired at %s", expires));
	else if (verdict->state != OBJECTIVE_MISSED) {
		verdict->state = OBJECTIVE_EXEMPT;
		g_ptr_array_add(verdict->reasons,
				g_strdup_printf("exempt until %s: %s (%s)", expires,
						exemption->reason, exemption->approver));
	}
}

enum objective_state objective_roll_up(const enum objective_state *states, size_t count)
{
	enum objective_state worst = OBJECTIVE_MET;
	size_t exempt = 0;

	for (size_t i = 0; i < count; i++) {
		if (states[i] == OBJECTIVE_EXEMPT)
			exempt++;
		else
			worst = MIN(worst, states[i]);
	}
	if (count == 0)
		return OBJECTIVE_NOT_ASSESSED;
	return exempt == count ? OBJECTIVE_EXEMPT : worst;
}
