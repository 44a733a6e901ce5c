#include "drill/report/words.h"

#include "drill/measure/statistics.h"

#include <math.h>
#include <string.h>

#define DUST 1e-9

char *words_duration(int64_t duration)
{
	return duration < 0 ? NULL : duration_format(duration);
}

char *words_size(int64_t bytes)
{
	return bytes < 0 ? NULL : size_format((uint64_t)bytes);
}

static char *time_print(int64_t time, const char *format)
{
	g_autoptr(GDateTime) date =
		time <= 0 ? NULL : g_date_time_new_from_unix_utc(time / USEC_PER_SEC);

	return date ? g_date_time_format(date, format) : NULL;
}

char *words_time(int64_t time)
{
	return time_print(time, "%Y-%m-%d %H:%M:%S UTC");
}

char *words_day(int64_t time)
{
	return time_print(time, "%Y-%m-%d");
}

char *words_target(const char *target)
{
	const char *text = target && g_str_has_prefix(target, "time:") ? target + 5 : target;
	usec_t time;

	return text && clock_parse(text, &time, NULL) ? time_print(time, "%Y-%m-%d %H:%M:%S")
						      : g_strdup(target);
}

char *words_count(int64_t count)
{
	g_autofree char *digits = g_strdup_printf("%" G_GINT64_FORMAT, count);
	GString *out = g_string_new(NULL);
	size_t length = strlen(digits);

	if (count < 0)
		return g_string_free(out, TRUE);
	for (size_t i = 0; i < length; i++) {
		/* A narrow space that does not break. */
		if (i > 0 && (length - i) % 3 == 0)
			g_string_append(out, "\u202f");
		g_string_append_c(out, digits[i]);
	}
	return g_string_free(out, FALSE);
}

/* Of a number of decimals that shows it: 1, or more where little would be left. What is off by less than a double can tell
 * is not rounded away. */
static int decimals_of(double percent)
{
	return percent > 0 && percent < 0.1 ? 4 : percent < 100 && percent > 99.9 ? 3 : 1;
}

char *words_at_most(double share)
{
	int decimals = decimals_of(100 * share);
	double unit = pow(10, decimals);

	return g_strdup_printf("%.*f %%", decimals, MAX(ceil(100 * share * unit - DUST), 0) / unit);
}

char *words_at_least(double share)
{
	int decimals = decimals_of(100 * share);
	double unit = pow(10, decimals);

	return g_strdup_printf("%.*f %%", decimals, floor(100 * share * unit + DUST) / unit);
}

enum tone words_tone(enum objective_state state)
{
	static const enum tone tones[] = {
		[OBJECTIVE_MISSED] = TONE_BAD,	       [OBJECTIVE_NOT_PROVEN] = TONE_OPEN,
		[OBJECTIVE_NOT_ASSESSED] = TONE_MUTED, [OBJECTIVE_EXEMPT] = TONE_EXEMPT,
		[OBJECTIVE_MET] = TONE_GOOD,
	};

	return tones[state];
}

bool words_state(const char *name, enum objective_state *state)
{
	static const char *const names[] = {[OBJECTIVE_MISSED] = "missed",
					    [OBJECTIVE_NOT_PROVEN] = "not-proven",
					    [OBJECTIVE_NOT_ASSESSED] = "not-assessed",
					    [OBJECTIVE_EXEMPT] = "exempt",
					    [OBJECTIVE_MET] = "met"};

	for (int i = 0; name && i <= OBJECTIVE_MET; i++) {
		if (strcmp(name, names[i]) == 0) {
			*state = (enum objective_state)i;
			return true;
		}
	}
	return false;
}

char *words_pg_version(int64_t number)
{
	return number <= 0 ? NULL
			   : g_strdup_printf("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT,
					     number / 10000, number % 10000);
}

char *words_drills(unsigned counted, unsigned failed)
{
	if (counted == 0)
		return g_strdup("no drill was counted");

	g_autofree char *bound = words_at_most(statistics_failure_bound(counted, failed));

	return g_strdup_printf("%u of %u %s passed; failure probability ≤ %s (95 %%, n=%u)",
			       counted - failed, counted, counted == 1 ? "drill" : "drills", bound,
			       counted);
}

char *words_reasons(const GPtrArray *reasons)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < reasons->len; i++)
		g_string_append_printf(text, "%s%s", i ? "; " : "", (char *)reasons->pdata[i]);
	return g_string_free(text, FALSE);
}
