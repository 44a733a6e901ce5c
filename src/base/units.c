#include "base/clock.h"

#include "base/error.h"

#include <string.h>

struct unit {
	const char *name;
	uint64_t value;
};

static const struct unit duration_units[] = {
	{"us", 1},
	{"ms", 1000},
	{"s", USEC_PER_SEC},
	{"min", USEC_PER_MIN},
	{"h", USEC_PER_HOUR},
	{"d", USEC_PER_DAY},
	{"w", 7 * USEC_PER_DAY},
	{"y", 365 * USEC_PER_DAY},
	{NULL, 0},
};

static const struct unit size_units[] = {
	{"", 1},
	{"B", 1},
	{"kB", 1000},
	{"MB", 1000 * 1000},
	{"GB", 1000 * 1000 * 1000},
	{"TB", UINT64_C(1000000000000)},
	{"PB", UINT64_C(1000000000000000)},
	{"KiB", UINT64_C(1) << 10},
	{"MiB", UINT64_C(1) << 20},
	{"GiB", UINT64_C(1) << 30},
	{"TiB", UINT64_C(1) << 40},
	{"PiB", UINT64_C(1) << 50},
	{NULL, 0},
};

enum amount { AMOUNT_OK, AMOUNT_NOT_ONE, AMOUNT_TOO_LARGE };

/* Digits and a unit at *at, added to *sum; *at goes behind them. */
static enum amount amount_add(const char **at, const struct unit *units, uint64_t *sum)
{
	size_t digits = strspn(*at, "0123456789");
	const char *name = *at + digits;
	size_t length = strcspn(name, "0123456789");
	const struct unit *unit = units;
	uint64_t count, value;

	while (unit->name && (strlen(unit->name) != length || strncmp(unit->name, name, length)))
		unit++;
	if (digits == 0 || !unit->name)
		return AMOUNT_NOT_ONE;
	*at = name + length;

	g_autofree char *number = g_strndup(name - digits, digits);

	if (!g_ascii_string_to_unsigned(number, 10, 0, UINT64_MAX, &count, NULL) ||
	    __builtin_mul_overflow(count, unit->value, &value) ||
	    __builtin_add_overflow(*sum, value, sum))
		return AMOUNT_TOO_LARGE;
	return AMOUNT_OK;
}

bool duration_parse(const char *text, usec_t *duration, GError **error)
{
	enum amount result = AMOUNT_OK;
	const char *at = text;
	uint64_t sum = 0;

	if (strcmp(text, "0") == 0) {
		*duration = 0;
		return true;
	}
	do
		result = amount_add(&at, duration_units, &sum);
	while (result == AMOUNT_OK && *at);

	if (result == AMOUNT_NOT_ONE)
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is not a duration: write numbers, each with a unit of us, "
				"ms, s, min, h, d, w, y, as 90s or 1h30min",
				text);
	if (result == AMOUNT_TOO_LARGE || sum > INT64_MAX)
		return odr_fail(error, ODR_ERROR_USAGE, "duration '%s' is too long", text);
	*duration = (usec_t)sum;
	return true;
}

bool size_parse(const char *text, uint64_t *bytes, GError **error)
{
	const char *at = text;
	uint64_t sum = 0;
	enum amount result = amount_add(&at, size_units, &sum);

	if (result == AMOUNT_NOT_ONE || *at)
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is not a size: write a number and a unit of B, KiB, MiB, "
				"GiB, TiB, PiB (powers of 1024) or kB, MB, GB, TB, PB (of 1000)",
				text);
	if (result == AMOUNT_TOO_LARGE)
		return odr_fail(error, ODR_ERROR_USAGE, "size '%s' is too large", text);
	*bytes = sum;
	return true;
}

char *duration_format(usec_t duration)
{
	static const struct unit units[] = {
		{"d", USEC_PER_DAY}, {"h", USEC_PER_HOUR}, {"min", USEC_PER_MIN},
		{"s", USEC_PER_SEC}, {"ms", 1000},	   {"us", 1},
	};
	const char *sign = duration < 0 ? "-" : "";
	uint64_t left = duration < 0 ? -(uint64_t)duration : (uint64_t)duration;
	size_t i = 0;

	if (left == 0)
		return g_strdup("0 s");
	while (left < units[i].value)
		i++;

	uint64_t first = left / units[i].value, rest = left % units[i].value;

	/* Milliseconds beside seconds are noise, except beside few: one decimal says it. */
	if (units[i].value == USEC_PER_SEC && first < 10 && rest >= USEC_PER_SEC / 10)
		return g_strdup_printf("%s%.1f s", sign, (double)(left / 100000) / 10);
	if (units[i].value > USEC_PER_SEC && rest >= units[i + 1].value)
		return g_strdup_printf("%s%" G_GUINT64_FORMAT " %s %" G_GUINT64_FORMAT " %s", sign,
				       first, units[i].name, rest / units[i + 1].value,
				       units[i + 1].name);
	return g_strdup_printf("%s%" G_GUINT64_FORMAT " %s", sign, first, units[i].name);
}

char *size_format(uint64_t bytes)
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t i = 0;

	/* 1023.95 would be shown as 1024.0 of its unit. */
	while (value >= 1023.95 && i + 1 < G_N_ELEMENTS(names)) {
		value /= 1024;
		i++;
	}

	char number[G_ASCII_DTOSTR_BUF_SIZE];
	char *tail;

	g_ascii_formatd(number, sizeof(number), "%.1f", value);
	tail = number + strlen(number) - 2;
	if (strcmp(tail, ".0") == 0)
		*tail = '\0';
	return g_strdup_printf("%s %s", number, names[i]);
}

char *count_format(uint64_t count, const char *noun)
{
	return g_strdup_printf("%" G_GUINT64_FORMAT " %s%s", count, noun, count == 1 ? "" : "s");
}
