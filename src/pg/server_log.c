#include "pg/server_log.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_SIZE 8192
#define TIME_SIZE     (sizeof("2026-11-28 03:14:37.123") - 1)

bool server_log_read(const char *path, bool (*each)(void *data, const char *line), void *data,
		     GError **error)
{
	FILE *file = fopen(path, "re");
	char line[LINE_MAX_SIZE];
	bool more = true;

	if (!file)
		return odr_fail_errno(error, errno, "cannot read '%s'", path);
	while (more && fgets(line, sizeof(line), file)) {
		g_strchomp(line);
		more = each(data, line);
	}
	fclose(file);
	return true;
}

usec_t server_log_time(const char *line)
{
	g_autofree char *text = g_strndup(line, TIME_SIZE);
	g_autofree char *zoned = g_strconcat(text, "Z", NULL);
	usec_t time = 0;

	return strncmp(line + strlen(text), " UTC ", 5) == 0 && clock_parse(zoned, &time, NULL)
		       ? time
		       : 0;
}

/* What the server says, behind the level. */
static const char *message_of(const char *line)
{
	const char *level = strstr(line, "LOG:  ");

	return level ? level + strlen("LOG:  ") : "";
}

static bool take_line(void *data, const char *line)
{
	struct server_log_recovery *recovery = data;
	const struct {
		const char *begin;
		usec_t *time;
	} marks[] = {
		{"redo starts at", &recovery->redo_began},
		{"consistent recovery state reached", &recovery->consistent},
		{"recovery stopping ", &recovery->stopped},
		{"pausing at the end of recovery", &recovery->pausing},
		{"archive recovery complete", &recovery->promoted},
		{"database system is ready to accept connections", &recovery->ready},
	};
	const char *message = message_of(line);
	usec_t time = server_log_time(line);

	if (recovery->began == 0)
		recovery->began = time;
	for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
		if (g_str_has_prefix(message, marks[i].begin))
			*marks[i].time = time;
	if (!recovery->stop && g_str_has_prefix(message, "recovery stopping "))
		recovery->stop = g_utf8_make_valid(message, -1);
	if (g_str_has_prefix(message, "selected new timeline ID: "))
		recovery->timeline =
			(uint32_t)strtoul(message + strlen("selected new timeline ID: "), NULL, 10);
	return true;
}

void server_log_recovery_clear(struct server_log_recovery *recovery)
{
	g_clear_pointer(&recovery->stop, g_free);
}

bool server_log_recovery(const char *path, struct server_log_recovery *recovery, GError **error)
{
	*recovery = (struct server_log_recovery){0};
	return server_log_read(path, take_line, recovery, error);
}
