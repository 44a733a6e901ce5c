/* Which moment a plan means, and when it is carried out. */
#include "base/error.h"
#include "drill/plan/reading.h"

#include <string.h>

static const struct {
	const char *word;
	enum plan_target_kind kind;
} targets[] = {
	{"random", PLAN_TARGET_RANDOM},
	{"worst", PLAN_TARGET_WORST},
	{"edge", PLAN_TARGET_EDGE},
	{"latest", PLAN_TARGET_LATEST},
	{"oldest", PLAN_TARGET_OLDEST},
	{"immediate", PLAN_TARGET_IMMEDIATE},
	{"anchor:latest", PLAN_TARGET_ANCHOR_LATEST},
	{"anchor:random", PLAN_TARGET_ANCHOR_RANDOM},
	{"anchor:", PLAN_TARGET_ANCHOR},
	{"ago:", PLAN_TARGET_AGO},
	{"name:", PLAN_TARGET_NAME},
	{"time:", PLAN_TARGET_TIME},
	{"lsn:", PLAN_TARGET_LSN},
	{"xid:", PLAN_TARGET_XID},
};

static bool find_target(struct plan_target *target)
{
	for (size_t i = 0; i < G_N_ELEMENTS(targets); i++) {
		bool with_argument = g_str_has_suffix(targets[i].word, ":");

		if (!with_argument && strcmp(target->text, targets[i].word) != 0)
			continue;
		if (with_argument && !g_str_has_prefix(target->text, targets[i].word))
			continue;
		target->kind = targets[i].kind;
		target->argument = with_argument ? target->text + strlen(targets[i].word) : NULL;
		return true;
	}
	return false;
}

static bool is_point_name(const char *name)
{
	size_t length = strlen(name);

	for (const char *at = name; *at; at++)
		if (g_ascii_iscntrl(*at))
			return false;
	return length > 0 && length < 64;
}

static bool read_argument(struct plan_target *target, GError **error)
{
	const char *argument = target->argument;
	guint64 number;

	if (!argument)
		return true;
	switch (target->kind) {
	case PLAN_TARGET_AGO:
		return duration_parse(argument, &target->time, error);
	case PLAN_TARGET_TIME:
		return clock_parse(argument, &target->time, error);
	case PLAN_TARGET_LSN:
		return lsn_parse(argument, &target->lsn, error);
	case PLAN_TARGET_XID:
		return g_ascii_string_to_unsigned(argument, 10, 3, G_MAXUINT64, &number, NULL) ||
		       odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is no transaction; it is a number from 3 on", argument);
	case PLAN_TARGET_NAME:
		return is_point_name(argument) ||
		       odr_fail(error, ODR_ERROR_USAGE,
				"a restore point has a name of 1 to 63 bytes, on one line");
	default:
		return keyfile_name_valid(argument) ||
		       odr_fail(error, ODR_ERROR_USAGE, "'%s' is no id of an anchor", argument);
	}
}

bool plan_target_parse(const char *text, struct plan_target *target, GError **error)
{
	struct plan_target parsed = {.text = g_strdup(text)};

	if (!find_target(&parsed))
		odr_fail(error, ODR_ERROR_USAGE,
			 "target cannot be '%s'; it is random, worst, edge, latest, oldest, "
			 "immediate, anchor:latest, anchor:random, anchor:ID, ago:DURATION, "
			 "name:TEXT, time:TIME, lsn:X/X or xid:N",
			 text);
	else if (read_argument(&parsed, error)) {
		plan_target_clear(target);
		*target = parsed;
		return true;
	}
	plan_target_clear(&parsed);
	return false;
}

void plan_target_clear(struct plan_target *target)
{
	g_clear_pointer(&target->text, g_free);
}

static bool read_target(struct plan_reading *reading, GError **error)
{
	struct plan_target *target = &reading->plan->select.target;
	g_autoptr(GError) cause = NULL;
	g_autofree char *text = g_strdup(target->text);

	return plan_target_parse(text, target, &cause) ||
	       plan_fail(reading, "select", "target", error, "%s", cause->message);
}

static bool read_weight(struct plan_reading *reading, const char *item, uint64_t *sum,
			GError **error)
{
	GArray *mix = reading->plan->select.mix;
	g_auto(GStrv) words = g_strsplit_set(item, " \t", 2);
	struct draw_weight weight = {0};
	guint64 number;

	if (!words[0] || !words[1] || !draw_method_parse(words[0], &weight.method) ||
	    !g_ascii_string_to_unsigned(g_strstrip(words[1]), 10, 0, 1000000, &number, NULL))
		return plan_fail(
			reading, "select", "mix", error,
			"mix is METHOD WEIGHT;…, as in: time 50; wal 30; worst 15; edge 5, "
			"not '%s'",
			item);
	for (guint i = 0; i < mix->len; i++)
		if (g_array_index(mix, struct draw_weight, i).method == weight.method)
			return plan_fail(reading, "select", "mix", error,
					 "mix has '%s' twice; drop one", words[0]);
	weight.weight = (uint32_t)number;
	*sum += number;
	g_array_append_val(mix, weight);
	return true;
}

static bool read_mix(struct plan_reading *reading, GError **error)
{
	uint64_t sum = 0;

	reading->plan->select.mix = g_array_new(false, false, sizeof(struct draw_weight));
	for (char **item = reading->plan->select.mix_text; *item; item++)
		if (!read_weight(reading, *item, &sum, error))
			return false;
	return sum > 0 || plan_fail(reading, "select", "mix", error,
				    "every weight of mix is 0; nothing could be drawn");
}

static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", NULL};

static bool read_days(const char *text, unsigned *mask)
{
	g_auto(GStrv) names = g_strsplit(text, ",", -1);

	*mask = 0;
	for (char **name = names; *name; name++) {
		int day = -1;

		for (int i = 0; days[i]; i++)
			if (strcmp(days[i], *name) == 0)
				day = i;
		if (day < 0)
			return false;
		*mask |= 1U << day;
	}
	return true;
}

static bool read_minutes(const char *text, size_t length, unsigned *minutes)
{
	unsigned digits[4];

	if (length != 5 || text[2] != ':')
		return false;
	for (int i = 0; i < 4; i++) {
		char digit = text[i + (i > 1)];

		if (!g_ascii_isdigit(digit))
			return false;
		digits[i] = (unsigned)(digit - '0');
	}
	*minutes = (digits[0] * 10 + digits[1]) * 60 + digits[2] * 10 + digits[3];
	return digits[2] < 6 && *minutes <= 24 * 60;
}

static bool read_hours(const char *text, struct plan_window *window)
{
	const char *dash = strchr(text, '-');

	return dash && read_minutes(text, (size_t)(dash - text), &window->from) &&
	       read_minutes(dash + 1, strlen(dash + 1), &window->to) && window->from < 24 * 60 &&
	       window->from != window->to;
}

static bool read_window(struct plan_reading *reading, GError **error)
{
	const char *text = reading->plan->schedule.window_text;
	struct plan_window *window = &reading->plan->schedule.window;
	const char *blank = text ? strrchr(text, ' ') : NULL;
	g_autofree char *names = blank ? g_strchomp(g_strndup(text, (gsize)(blank - text))) : NULL;

	if (!text)
		return true;
	window->given = true;
	window->days = 0x7f;
	if ((names && !read_days(names, &window->days)) ||
	    !read_hours(blank ? blank + 1 : text, window))
		return plan_fail(
			reading, "schedule", "window", error,
			"window is [DAY[,DAY…] ]HH:MM-HH:MM, as in: Sat 02:00-08:00, not '%s'",
			text);
	if (reading->plan->schedule.slot == PLAN_DAILY && window->days != 0x7f)
		return plan_fail(reading, "schedule", "window", error,
				 "a daily drill has a window on every day; leave the days out");
	return true;
}

static bool read_zone(struct plan_reading *reading, GError **error)
{
	const char *name = reading->plan->schedule.zone_name;

	reading->plan->schedule.zone = g_time_zone_new_identifier(name);
	return reading->plan->schedule.zone ||
	       plan_fail(reading, "schedule", "time-zone", error,
			 "this system knows no time zone '%s'; write one as Europe/Vienna", name);
}

bool plan_read_moment(struct plan_reading *reading, GError **error)
{
	return read_target(reading, error) && read_mix(reading, error) &&
	       read_zone(reading, error) && read_window(reading, error);
}

static GDateTime *local(const DrillPlan *plan, usec_t time)
{
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(time / USEC_PER_SEC);

	return utc ? g_date_time_to_timezone(utc, plan->schedule.zone) : NULL;
}

bool drill_plan_in_window(const DrillPlan *plan, usec_t time)
{
	const struct plan_window *window = &plan->schedule.window;
	g_autoptr(GDateTime) moment = local(plan, time);
	unsigned minute, day, before;

	if (!window->given || !moment)
		return true;
	minute = (unsigned)(g_date_time_get_hour(moment) * 60 + g_date_time_get_minute(moment));
	day = (unsigned)g_date_time_get_day_of_week(moment) - 1;
	before = (day + 6) % 7;
	if (window->from < window->to)
		return (window->days & (1U << day)) && minute >= window->from &&
		       minute < window->to;
	return ((window->days & (1U << day)) && minute >= window->from) ||
	       ((window->days & (1U << before)) && minute < window->to);
}

char *drill_plan_slot(const DrillPlan *plan, usec_t time)
{
	static const char *const kinds[] = {
		[PLAN_DAILY] = "daily",
		[PLAN_WEEKLY] = "weekly",
		[PLAN_MONTHLY] = "monthly",
		[PLAN_QUARTERLY] = "quarterly",
	};

	return draw_slot_at(kinds[plan->schedule.slot], plan->schedule.zone, time);
}
