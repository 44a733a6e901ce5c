#include "base/clock.h"

#include "base/error.h"
#include "base/fault.h"

#include <string.h>
#include <time.h>

static usec_t clock_read(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

usec_t clock_now(void)
{
	return clock_read(CLOCK_REALTIME) + fault_clock() * USEC_PER_SEC;
}

usec_t clock_monotonic(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

/* Calendar time in UTC; *fraction is 0 … 999999 also before 1970. */
static struct tm clock_split(usec_t time, int *fraction)
{
	time_t seconds = (time_t)(time / USEC_PER_SEC);
	struct tm parts = {0};

	*fraction = (int)(time % USEC_PER_SEC);
	if (*fraction < 0) {
		*fraction += (int)USEC_PER_SEC;
		seconds--;
	}
	gmtime_r(&seconds, &parts);
	return parts;
}

char *clock_format(usec_t time)
{
	int fraction;
	struct tm t = clock_split(time, &fraction);
	g_autofree char *decimals = fraction ? g_strdup_printf(".%06d", fraction) : g_strdup("");

	return g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02d%sZ", t.tm_year + 1900, t.tm_mon + 1,
			       t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, decimals);
}

char *clock_format_compact(usec_t time)
{
	int fraction;
	struct tm t = clock_split(time, &fraction);

	return g_strdup_printf("%04d%02d%02dT%02d%02d%02dZ", t.tm_year + 1900, t.tm_mon + 1,
			       t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

/* A reader of fixed fields: a failed step makes all later ones fail. */
struct scan {
	const char *at; /* NULL: failed */
};

static int scan_digits(struct scan *scan, int count)
{
	int value = 0;

	for (int i = 0; scan->at && i < count; i++) {
		if (!g_ascii_isdigit(*scan->at)) {
			scan->at = NULL;
			return 0;
		}
		value = value * 10 + (*scan->at++ - '0');
	}
	return value;
}

static void scan_char(struct scan *scan, const char *any_of)
{
	if (scan->at && (*scan->at == '\0' || !strchr(any_of, *scan->at)))
		scan->at = NULL;
	if (scan->at)
		scan->at++;
}

static bool scan_sees(const struct scan *scan, char c)
{
	return scan->at && *scan->at == c;
}

/* One to six decimals after the point, in microseconds. */
static int scan_fraction(struct scan *scan)
{
	int value = 0, scale = (int)USEC_PER_SEC;

	if (!scan_sees(scan, '.'))
		return 0;
	scan_char(scan, ".");
	do {
		scale /= 10;
		value += scan_digits(scan, 1) * scale;
	} while (scan->at && scale > 1 && g_ascii_isdigit(*scan->at));
	return value;
}

/* Seconds east of UTC. */
static int scan_zone(struct scan *scan)
{
	int sign, hours, minutes = 0;

	if (scan_sees(scan, 'Z')) {
		scan_char(scan, "Z");
		return 0;
	}
	sign = scan_sees(scan, '-') ? -1 : 1;
	scan_char(scan, "+-");
	hours = scan_digits(scan, 2);
	if (scan_sees(scan, ':')) {
		scan_char(scan, ":");
		minutes = scan_digits(scan, 2);
	}
	/* PostgreSQL's ceiling of an offset (MAX_TZDISP_HOUR, src/include/datatype/timestamp.h). */
	if (hours > 15 || minutes > 59)
		scan->at = NULL;
	return sign * (hours * 3600 + minutes * 60);
}

static bool scan_ended(const struct scan *scan)
{
	return scan->at && *scan->at == '\0';
}

/* timegm carries 30 February over to March: what changes was no date. */
static bool clock_join(struct tm t, usec_t *time)
{
	struct tm carried = t;
	time_t seconds = timegm(&carried);

	if (t.tm_year < 1 - 1900 || carried.tm_mon != t.tm_mon || carried.tm_mday != t.tm_mday ||
	    t.tm_hour > 23 || t.tm_min > 59 || t.tm_sec > 59)
		return false;
	*time = (usec_t)seconds * USEC_PER_SEC;
	return true;
}

bool clock_parse_compact(const char *text, usec_t *time)
{
	struct scan scan = {text};
	struct tm t = {0};

	t.tm_year = scan_digits(&scan, 4) - 1900;
	t.tm_mon = scan_digits(&scan, 2) - 1;
	t.tm_mday = scan_digits(&scan, 2);
	scan_char(&scan, "T");
	t.tm_hour = scan_digits(&scan, 2);
	t.tm_min = scan_digits(&scan, 2);
	t.tm_sec = scan_digits(&scan, 2);
	scan_char(&scan, "Z");
	return scan_ended(&scan) && clock_join(t, time);
}

bool clock_parse(const char *text, usec_t *time, GError **error)
{
	struct scan scan = {text};
	struct tm t = {0};
	int fraction, zone;
	usec_t local;

	t.tm_year = scan_digits(&scan, 4) - 1900;
	scan_char(&scan, "-");
	t.tm_mon = scan_digits(&scan, 2) - 1;
	scan_char(&scan, "-");
	t.tm_mday = scan_digits(&scan, 2);
	scan_char(&scan, "T ");
	t.tm_hour = scan_digits(&scan, 2);
	scan_char(&scan, ":");
	t.tm_min = scan_digits(&scan, 2);
	scan_char(&scan, ":");
	t.tm_sec = scan_digits(&scan, 2);
	fraction = scan_fraction(&scan);
	if (scan_ended(&scan))
		return odr_fail(error, ODR_ERROR_USAGE,
				"time '%s' has no zone: append Z for UTC, or an offset as +02:00",
				text);
	zone = scan_zone(&scan);
	if (!scan_ended(&scan))
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is not a time: write it as 2026-11-21T23:05:01Z or "
				"2026-11-21 23:05:01.123456+02:00",
				text);
	if (!clock_join(t, &local))
		return odr_fail(error, ODR_ERROR_USAGE,
				"time '%s' does not exist: a field is beyond the calendar", text);
	*time = local + fraction - zone * USEC_PER_SEC;
	return true;
}
