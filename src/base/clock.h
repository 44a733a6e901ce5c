#ifndef ODR_BASE_CLOCK_H
#define ODR_BASE_CLOCK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Times are microseconds since 1970-01-01 UTC; durations are microseconds. */
typedef int64_t usec_t;
#define USEC_PER_SEC  ((usec_t)1000000)
#define USEC_PER_MIN  (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MIN)
#define USEC_PER_DAY  (24 * USEC_PER_HOUR)

usec_t clock_now(void);	      /* wall clock */
usec_t clock_monotonic(void); /* CLOCK_MONOTONIC, for spans */

/* "2026-11-21T23:05:01Z", with ".123456" only when the fraction is not zero; g_free. */
char *clock_format(usec_t time);
/* "20261121T230501Z", as in set ids; g_free. */
char *clock_format_compact(usec_t time);
bool clock_parse_compact(const char *text, usec_t *time);
/* RFC 3339 with a zone ("Z" or "+02:00"); 'T' or one blank between date and time; up to 6 decimals.
 * Also "+02" as PostgreSQL prints it. Without a zone: a usage error that says so. */
bool clock_parse(const char *text, usec_t *time, GError **error);

/* "10us" "250ms" "90s" "15min" "2h" "7d" "4w" "1y" (365 d); also sums without blanks: "1h30min".
 * "0" is 0. (units.c) */
bool duration_parse(const char *text, usec_t *duration, GError **error);
/* For people: "2 min 5 s", "3 d 4 h", "1.5 s", "450 ms"; two units at most; g_free. */
char *duration_format(usec_t duration);
/* "64MiB" "1GiB" (powers of 1024), "10kB" "1TB" (of 1000), "512" (bytes). */
bool size_parse(const char *text, uint64_t *bytes, GError **error);
/* For people: "1.4 GiB", "64 MiB", "512 B"; g_free. */
char *size_format(uint64_t bytes);
/* For people: "1 object", "2 objects"; the noun in singular, with a plural in -s; g_free. */
char *count_format(uint64_t count, const char *noun);

#endif
