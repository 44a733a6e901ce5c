#include "pg/recovery_log.h"

#include "base/error.h"
#include "pg/server_log.h"

#include <stdio.h>
#include <string.h>

/* ---- times --------------------------------------------------------------------------------------- */

struct stamp {
	int year, month, day, hour, minute;
	double second;
	char zone[16]; /* as it is abbreviated */
};

static bool stamp_parse(const char *line, struct stamp *stamp)
{
	return sscanf(line, "%4d-%2d-%2d %2d:%2d:%6lf %15[A-Za-z0-9+-]", &stamp->year,
		      &stamp->month, &stamp->day, &stamp->hour, &stamp->minute, &stamp->second,
		      stamp->zone) == 7;
}

static usec_t time_at(GDateTime *date)
{
	return g_date_time_to_unix(date) * USEC_PER_SEC + g_date_time_get_microsecond(date);
}

/* An hour that a clock change repeats has the same time twice: the abbreviation tells which it is. */
static usec_t time_in(const struct stamp *stamp, GTimeZone *zone)
{
	static const int hours[] = {0, 1, -1};
	g_autoptr(GDateTime) date = g_date_time_new(zone, stamp->year, stamp->month, stamp->day,
						    stamp->hour, stamp->minute, stamp->second);

	for (size_t i = 0; date && i < G_N_ELEMENTS(hours); i++) {
		g_autoptr(GDateTime) other = g_date_time_add_hours(date, hours[i]);

		if (g_date_time_get_hour(other) == stamp->hour &&
		    strcmp(g_date_time_get_timezone_abbreviation(other), stamp->zone) == 0)
			return time_at(other);
	}
	return 0;
}

usec_t recovery_log_time(const char *line, GTimeZone *zone)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	struct stamp stamp;

	if (!stamp_parse(line, &stamp))
		return 0;
	if (strcmp(stamp.zone, "UTC") == 0 || strcmp(stamp.zone, "GMT") == 0) {
		g_strlcpy(stamp.zone, "UTC", sizeof(stamp.zone));
		return time_in(&stamp, utc);
	}
	return time_in(&stamp, zone);
}

/* ---- lines --------------------------------------------------------------------------------------- */

struct reading {
	GTimeZone *zone;
	struct recovery_log now, found; /* of the start that is read; the last that recovered */
	usec_t stopped;			/* "recovery stopping": 0 where there was no target */
	bool complete;			/* "archive recovery complete" */
	bool timed;			/* a line told its time */
};

/* Of this start all is known. */
static void take_ready(struct reading *reading, usec_t time)
{
	reading->now.ready = time;
	if (!reading->complete || reading->now.began == 0 || reading->now.resumed == 0)
		return;
	reading->now.replayed = reading->stopped > 0 ? reading->stopped : reading->now.resumed;
	reading->found = reading->now;
	/* Should it crash, it recovers again without being started. */
	reading->complete = false;
}

static bool take_line(void *data, const char *line)
{
	struct reading *reading = data;
	const char *level = strstr(line, "LOG:  ");
	const char *message = level ? level + strlen("LOG:  ") : "";
	usec_t time = level ? recovery_log_time(line, reading->zone) : 0;

	if (time == 0)
		return true;
	reading->timed = true;
	if (g_str_has_prefix(message, "starting PostgreSQL ")) {
		reading->now = (struct recovery_log){.began = time};
		reading->stopped = 0;
		reading->complete = false;
	} else if (g_str_has_prefix(message, "recovery stopping ")) {
		reading->stopped = time;
	} else if (g_str_has_prefix(message, "redo done at ")) {
		reading->now.resumed = time;
	} else if (g_str_has_prefix(message, "archive recovery complete")) {
		reading->complete = true;
	} else if (g_str_has_prefix(message, "database system is ready to accept connections")) {
		take_ready(reading, time);
	}
	return true;
}

bool recovery_log_read(const char *path, GTimeZone *zone, struct recovery_log *log, GError **error)
{
	g_autoptr(GTimeZone) local = g_time_zone_new_local();
	struct reading reading = {.zone = zone ? zone : local};

	if (!server_log_read(path, take_line, &reading, error))
		return false;
	if (!reading.timed)
		return odr_fail(
			error, ODR_ERROR_NOT_FOUND,
			"no line of '%s' tells its time: log_line_prefix has to begin with "
			"%%m or %%t, and the time zone has to be UTC, this host's, or that of "
			"the server that is asked",
			path);
	if (reading.found.ready == 0)
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"'%s' tells of no recovery from an archive up to where clients are "
				"let in, in English",
				path);
	*log = reading.found;
	return true;
}
