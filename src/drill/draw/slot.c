/* Slots: the days, weeks, months and quarters that have a drill each. */
#include "drill/draw/draw.h"

#include "base/error.h"

#include <string.h>

static bool read_digits(const char *text, size_t length, gint *value)
{
	g_autofree char *digits = g_strndup(text, length);
	guint64 number;

	if (strlen(digits) != length || strspn(digits, "0123456789") != length ||
	    !g_ascii_string_to_unsigned(digits, 10, 0, 9999, &number, NULL))
		return false;
	*value = (gint)number;
	return true;
}

/* Year, month and day of the first day of a slot; false: it is none. */
static bool slot_first_day(const char *slot, gint *year, gint *month, gint *day)
{
	size_t length = strlen(slot);
	gint number;

	*month = *day = 1;
	if (length < 7 || !read_digits(slot, 4, year) || slot[4] != '-' || *year < 1970)
		return false;
	if (length == 10)
		return slot[7] == '-' && read_digits(slot + 5, 2, month) &&
		       read_digits(slot + 8, 2, day);
	if (length == 7 && slot[5] == 'Q') {
		*month = 3 * (slot[6] - '1') + 1;
		return slot[6] >= '1' && slot[6] <= '4';
	}
	if (length == 7)
		return read_digits(slot + 5, 2, month);
	if (length != 8 || slot[5] != 'W' || !read_digits(slot + 6, 2, &number) || number < 1)
		return false;

	/* ISO 8601: the week of January 4 is the first, weeks begin on Monday. */
	g_autoptr(GDateTime) fourth = g_date_time_new_utc(*year, 1, 4, 0, 0, 0);
	g_autoptr(GDateTime) monday = g_date_time_add_days(
		fourth, 7 * (number - 1) - (g_date_time_get_day_of_week(fourth) - 1));

	if (g_date_time_get_week_of_year(monday) != number)
		return false;
	g_date_time_get_ymd(monday, year, month, day);
	return true;
}

bool draw_slot_began(const char *slot, GTimeZone *zone, usec_t *began, GError **error)
{
	gint year = 0, month, day;
	g_autoptr(GDateTime) first = slot_first_day(slot, &year, &month, &day)
					     ? g_date_time_new(zone, year, month, day, 0, 0, 0)
					     : NULL;

	if (!first)
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is no slot: there are days (2026-11-21), weeks (2026-W47), "
				"months (2026-11) and quarters (2026-Q4)",
				slot);
	*began = g_date_time_to_unix(first) * USEC_PER_SEC;
	return true;
}

char *draw_slot_at(const char *kind, GTimeZone *zone, usec_t time)
{
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(time / USEC_PER_SEC);
	g_autoptr(GDateTime) moment = utc ? g_date_time_to_timezone(utc, zone) : NULL;

	if (!moment)
		return NULL;
	if (strcmp(kind, "daily") == 0)
		return g_date_time_format(moment, "%Y-%m-%d");
	if (strcmp(kind, "weekly") == 0)
		return g_strdup_printf("%04d-W%02d", g_date_time_get_week_numbering_year(moment),
				       g_date_time_get_week_of_year(moment));
	if (strcmp(kind, "monthly") == 0)
		return g_date_time_format(moment, "%Y-%m");
	if (strcmp(kind, "quarterly") == 0)
		return g_strdup_printf("%04d-Q%d", g_date_time_get_year(moment),
				       (g_date_time_get_month(moment) + 2) / 3);
	return NULL;
}
